"""Side by side, on one surface or data set: optimisers, learning-rate schedules, batch sizes.

| function | compares |
|---|---|
| `optimizers` | SGD, momentum, Adam, ... |
| `schedules` | learning rates, constant and changing |
| `batch_sizes` | batch, mini-batch and stochastic gradient descent |
| `descend` | one optimiser on a surface: its trajectory |

Surfaces: `Valley` (long and narrow, of a condition number), `Saddle`, `LocalMinimum`, `Beale`, or a `Surface`
of your own. Tasks: `digits`, or a `Task` of your own. The first three return a `Comparison`: `print` shows
its table, `.rows` has the figures, `.trajectories` and `.histories` what plots need.

>>> import fastdnn as fd
>>> found = fd.compare.optimizers("saddle", {"SGD": fd.optimizers.SGD(0.1)}, steps=10)
>>> found.rows[0].name, found.rows[0].steps, round(found.rows[0].loss, 4)
('SGD', 10, 0.0608)
"""

from fastdnn.compare.compare import batch_sizes, optimizers, schedules
from fastdnn.compare.comparison import Comparison, Row
from fastdnn.compare.descent import Trajectory, descend
from fastdnn.compare.surfaces import Beale, LocalMinimum, Saddle, Surface, Valley
from fastdnn.compare.task import Task, Training, digits

__all__ = [
    "Beale",
    "Comparison",
    "LocalMinimum",
    "Row",
    "Saddle",
    "Surface",
    "Task",
    "Training",
    "Trajectory",
    "Valley",
    "batch_sizes",
    "descend",
    "digits",
    "optimizers",
    "schedules",
]

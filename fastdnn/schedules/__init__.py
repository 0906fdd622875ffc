"""Learning rates that change while a model is trained: an optimiser takes a schedule in place of a number.

| schedule | rate at t | deck |
|---|---|---|
| `InverseTimeDecay` | α₀ / (1 + d t/T), "time-based" | 000, 001, 002, 003 |
| `ExponentialDecay` | α₀ d^(t/T) | 000, 002 |
| `NaturalExponentialDecay` | α₀ exp(-k t) | 001, 003 |
| `InverseRootDecay` | (k/√t) α₀ | 000, 001, 002 |
| `StepDecay` | α₀ drop^⌊t/every⌋; by halves a "discrete staircase" | 001, 002, 003 |
| `PiecewiseConstantDecay`, `Manual` | by a table, by a function | 000, 002 |
| `PolynomialDecay` | (α₀ - α₁) (1 - t/T)^power + α₁ | |
| `CosineDecay`, `CosineDecayRestarts` | half a cosine, once or again and again | |
| `Warmup` | a rise before any of them | |
| `OneCycle` | a rise, a long fall; `.momentum` does the opposite | |

t is the number of the step, from 0, as in Keras; `per="epoch", first=1` gives the decks' tables. A rate that
goes by what the loss does is a callback: `callbacks.ReduceLROnPlateau`, `callbacks.LearningRateScheduler`.
"""

from fastdnn.schedules.cosine import CosineDecay, CosineDecayRestarts
from fastdnn.schedules.exponential import ExponentialDecay, NaturalExponentialDecay, StepDecay
from fastdnn.schedules.inverse import InverseRootDecay, InverseTimeDecay
from fastdnn.schedules.one_cycle import OneCycle, OneCycleMomentum
from fastdnn.schedules.piecewise import PiecewiseConstantDecay
from fastdnn.schedules.polynomial import PolynomialDecay
from fastdnn.schedules.schedule import Constant, LearningRateSchedule, Manual, from_config, get, serialize
from fastdnn.schedules.steps import steps_per_epoch
from fastdnn.schedules.warmup import Warmup

__all__ = [
    "Constant",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseRootDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "Manual",
    "NaturalExponentialDecay",
    "OneCycle",
    "OneCycleMomentum",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "StepDecay",
    "Warmup",
    "from_config",
    "get",
    "serialize",
    "steps_per_epoch",
]

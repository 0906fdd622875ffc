"""What a sampled step tells, in the order of `fastdnn.sampling.SampleLayout`."""

from collections.abc import Mapping

import numpy as np

from fastdnn import _core
from fastdnn.program import Program
from fastdnn.reference.activity import activity, norm


class Sample:
    """Made before the update of a step that is kept, finished after it.

    Args:
        program: one that watches.
        parameters: the model's.
        values: of the program, by index.
        sums: over the rows of each result.
        rows: of the batch.
    """

    def __init__(
        self,
        program: Program,
        parameters: "_core.Parameters",
        values: Mapping[int, np.ndarray],
        sums: np.ndarray,
        rows: int,
    ) -> None:
        gradients = [value for value in program.values if value.role == "gradient"]
        gradients.sort(key=lambda value: value.slot)
        self._parameters = parameters
        self._before = {g.name: np.array(parameters.get("theta", g.name), np.float64) for g in gradients}
        self._norms = [norm(theta) for theta in self._before.values()]
        self._norms += [norm(values[g.index]) for g in gradients]
        self._head = [rows, *sums]
        self._watched: list[float] = []
        for watch in program.watches:
            x = values[watch.value.index]
            self._watched += [norm(x)] if watch.norm_only else activity(x, watch.low, watch.high).tolist()

    def finish(self) -> np.ndarray:
        """The row of figures, now that the weights are written."""
        get = self._parameters.get
        updates = [norm(get("theta", name) - before) for name, before in self._before.items()]
        return np.array([*self._head, *self._norms, *updates, *self._watched])

"""A model's numbers at one moment: weights, the optimiser's state, and how far it has come."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import _core

if TYPE_CHECKING:
    from fastdnn.model import Model


def weights_in(arrays: dict[str, Any]) -> dict[str, np.ndarray]:
    """All weights by name, of what `_core.snapshot` gave."""
    return {**arrays["theta"], **arrays["sigma"]}


def set_state(state: "_core.Optimizer", arrays: dict[str, Any]) -> None:
    """Give an optimiser the state of what `_core.snapshot` gave."""
    for slot, segments in arrays["slots"].items():
        for name, array in segments.items():
            state.set(slot, name, np.ascontiguousarray(array))
    state.iterations = arrays["iterations"]
    state.products = arrays["products"]


class Snapshot:
    """Copies of θ, σ, the optimiser's state and the counters; `restore` brings them back bit for bit."""

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._epochs_done = model.compiled.epochs_done
        self._rate = model.compiled.last_learning_rate
        self._state = model.compiled.state
        self._arrays = _core.snapshot(model.weights.native, self._state)

    @staticmethod
    def bytes_of(model: "Model") -> int:
        """How much memory a snapshot of the model would take."""
        trained, stored = (model.weights.count(trainable=flag) for flag in (True, False))
        state = model.compiled.state
        slots = 0 if state is None else len(state.slot_names)
        return (trained * (1 + slots) + stored) * np.dtype(model.dtype).itemsize

    def restore(self) -> None:
        """Back to that moment."""
        self._model.weights.write(weights_in(self._arrays))
        compiled = self._model.compiled
        compiled.epochs_done = self._epochs_done
        compiled.last_learning_rate = self._rate
        compiled.state = self._state
        if self._state is not None:
            set_state(self._state, self._arrays)

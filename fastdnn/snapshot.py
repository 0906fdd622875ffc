"""A model's numbers at one moment: weights, the optimiser's state, and how far it has come."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastdnn.model import Model


class Snapshot:
    """Copies of θ, σ, the optimiser's state and the counters; `restore` brings them back bit for bit."""

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._weights = model.weights.snapshot()
        compiled = model.compiled
        self._epochs_done = compiled.epochs_done
        self._state = state = compiled.state
        if state is not None:
            self._iterations = state.iterations
            trained = [name for name, weight in model.weights.weights.items() if weight.trainable]
            self._slots = {
                (slot, name): state.get(slot, name) for slot in state.slot_names for name in trained
            }

    def restore(self) -> None:
        """Back to that moment."""
        self._model.weights.write(self._weights)
        compiled = self._model.compiled
        compiled.epochs_done = self._epochs_done
        compiled.state = self._state
        if self._state is not None:
            for (slot, name), array in self._slots.items():
                self._state.set(slot, name, array)
            self._state.iterations = self._iterations

"""The figures of a fit."""

import weakref
from typing import TYPE_CHECKING, Any

from fastdnn.callbacks.callback import Callback
from fastdnn.callbacks.change import Change

if TYPE_CHECKING:
    from fastdnn.model import Model


class History(Callback):
    """What `fit` returns: `.history` maps each figure to its values, one an epoch; `.epoch` numbers them from
    0. `.changes` is what `fd.tune.Babysitter` changed while the model trained, in its order; they have
    epochs from 1, as progress lines do.

    `.params` holds the seed, the threads that ran and the sizes of the fit; `.model` is the model for as long
    as somebody else holds it, then None. A pickle of a history is one without the model.

    >>> import fastdnn as fd
    >>> fd.callbacks.History().history
    {}
    """

    takes_epochs_late = True

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.changes: list[Change] = []

    def set_model(self, model: "Model") -> None:
        """The model holds its history: were it held in turn, memory would wait for the garbage collector."""
        self._model = weakref.ref(model)

    @property
    def model(self) -> "Model | None":  # type: ignore[override]
        """The model, while there is one."""
        reference = vars(self).get("_model")
        return None if reference is None else reference()

    def __getstate__(self) -> dict[str, Any]:
        """Without the model; a pickled model sets it again."""
        return {key: value for key, value in vars(self).items() if key != "_model"}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Append the epoch's figures."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            if name != "learning_rate":
                self.history.setdefault(name, []).append(value)

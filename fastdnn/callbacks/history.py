"""The figures of a fit."""

from typing import Any

from fastdnn.callbacks.callback import Callback


class History(Callback):
    """What `fit` returns: `.history` maps each figure to its values, one an epoch; `.epoch` numbers them from
    0.

    `.params` holds the seed, the threads that ran and the sizes of the fit.

    >>> import fastdnn as fd
    >>> fd.callbacks.History().history
    {}
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def __getstate__(self) -> dict[str, Any]:
        """Pickled without the model, which may be large; a pickled model sets it again."""
        return {key: value for key, value in vars(self).items() if key != "model"}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Append the epoch's figures."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            if name != "learning_rate":
                self.history.setdefault(name, []).append(value)

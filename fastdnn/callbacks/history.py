"""The figures of a fit."""

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

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Append the epoch's figures."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            if name != "learning_rate":
                self.history.setdefault(name, []).append(value)

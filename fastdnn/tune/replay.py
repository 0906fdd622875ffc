"""Changes to a model in training, made again."""

from collections.abc import Iterable
from typing import Any

from fastdnn.callbacks.change import Change
from fastdnn.errors import expected
from fastdnn.tune.changeable import changeable
from fastdnn.tune.changes import MakesChanges, Wish


class Replay(MakesChanges):
    """The same changes again, at the same steps of the same epochs: with the same model, data and seed the
    same bits.

    Args:
        changes: of a `Babysitter`, or `.changes` of a history, also of a loaded model's.
        verbose: 1 prints each change.

    Raises:
        ValueError: `changes` are no such things; when training begins, the model has no such numbers.

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> def trained(callback):
    ...     model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(10)], seed=0)
    ...     model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    ...     return model.fit(x / 16, y, epochs=2, callbacks=[callback]).history["loss"]
    >>> sitter = fd.tune.Babysitter()
    >>> sitter.change(learning_rate=0.5)
    >>> trained(sitter) == trained(sitter.replay())
    True
    """

    def __init__(self, changes: Iterable[Change], *, verbose: int = 0) -> None:
        self._given = list(changes) if isinstance(changes, Iterable) else [changes]
        for change in self._given:
            if not isinstance(change, Change):
                raise ValueError(expected("Replay", "changes, such as history.changes", repr(change)))
        undone = [int(c.old or 0) - int(c.new or 0) for c in self._given if c.name == "undo"]
        by_step = any((change.step or 1) > 1 for change in self._given)
        # One undo may go back beyond another: all together they go back over no more epochs than this.
        super().__init__(sum(undone), verbose, by_step=by_step)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """See that the model has all that was changed."""
        known = changeable(self.model)
        missing = {c.name for c in self._given} - set(known) - {"undo", "stop"}
        if missing:
            wanted = f"changes of the model's {', '.join(known)}"
            raise ValueError(expected("Replay", wanted, ", ".join(sorted(missing))))
        super().on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Those of the epoch's begin."""
        self._epoch = epoch + 1
        self._make_those_of(self._epoch, 1)
        self._keep()

    def _begin_step(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if batch:
            self._make_those_of(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Whether it ends here."""
        for change in self._given:
            if change.name == "stop" and change.epoch == self._epoch:
                self._stop(self._epoch, change.note)

    def _make_those_of(self, epoch: int, step: int) -> None:
        for change in self._given:
            if (change.epoch, change.step) != (epoch, step):
                continue
            if change.name == "undo":
                wish = Wish(undo=int(change.old or 0) - int(change.new or 0), note=change.note)
            else:
                wish = Wish({change.name: change.new}, change.note, replace_schedule=True)
            self._make(wish, epoch, step)

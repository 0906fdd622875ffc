"""Changes to a model in training: asked for, made, and kept in its history."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastdnn.callbacks import Callback, History
from fastdnn.callbacks.change import Change
from fastdnn.checks import is_text, whole
from fastdnn.errors import expected
from fastdnn.report import table
from fastdnn.snapshot import Snapshot
from fastdnn.tune.changeable import WHERE, chosen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastdnn.model import Model


@dataclass(frozen=True)
class Wish:
    """What is to be changed together.

    numbers: new values by name.
    note: why.
    replace_schedule: whether numbers may take the place of schedules.
    undo: epochs to go back first.
    stop: whether training ends.
    """

    numbers: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    replace_schedule: bool = False
    undo: int = 0
    stop: bool = False

    @classmethod
    def of(cls, numbers: Any, more: Mapping[str, Any], note: Any, *, replace_schedule: bool) -> "Wish":
        """Of numbers in a dictionary, by keyword, or both.

        Raises:
            ValueError: `numbers` is no dictionary, there is no number at all, or `note` is no text.
        """
        if not isinstance(numbers, Mapping | None):
            hint = 'such as {"drop/dropout": 0.2}, or learning_rate=1e-4'
            raise ValueError(expected(WHERE, "numbers as a dictionary by name", repr(numbers), hint))
        wanted = {**(numbers or {}), **more}
        if not wanted:
            raise ValueError(expected(WHERE, "a number to change", "none", "such as learning_rate=1e-4"))
        if not is_text(note):
            raise ValueError(expected(WHERE, "note as text", repr(note)))
        return cls(wanted, note, bool(replace_schedule))

    def is_by_step(self, known: Mapping[str, Any]) -> bool:
        """Whether all of it may change between two steps of an epoch."""
        return bool(self.numbers) and all(name in known and known[name].by_step for name in self.numbers)


class MakesChanges(Callback):
    """Changes the model between two steps, keeps a record of it, and snapshots to go back to.

    `.changes` is the record of the last fit: `Change` has epoch and step, from 1, name, old, new and note.
    The model's history has it, too, and so has the model's file.
    """

    def __init__(self, keep_epochs: int, verbose: int, *, by_step: bool) -> None:
        self.keep_epochs = whole(WHERE, "keep_epochs", keep_epochs)
        self.verbose = verbose
        self.changes: list[Change] = []
        self._history = History()
        self._snapshots: deque[Snapshot] = deque(maxlen=self.keep_epochs)  # of the begins of epochs
        self._by_step = by_step
        self._epoch = 0  # of the fit that runs, from 1, as in the record
        self._begun_at = 0  # epochs that the model had done
        self._fit_of: Model | None = None
        self._listen()

    def _listen(self) -> None:
        """A class that has the hook would make each step a native call of its own, whether it needs that or
        not.
        """
        if self._by_step:
            self.on_train_batch_begin = self._begin_step  # type: ignore[method-assign]

    def __getstate__(self) -> dict[str, Any]:
        """Without the model, its snapshots, and what is bound to this object."""
        left_out = ("model", "_fit_of", "_snapshots", "on_train_batch_begin")
        return {key: value for key, value in vars(self).items() if key not in left_out}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._snapshots = deque(maxlen=self.keep_epochs)
        self._fit_of = None
        self._listen()

    @property
    def _is_running(self) -> bool:
        """Whether a fit has begun, and neither ended nor failed."""
        fit = self._fit_of
        return fit is not None and fit.history is self._history and fit._fitting.is_held

    def set_model(self, model: "Model") -> None:
        """Called once before everything else.

        Raises:
            RuntimeError: another model is in a fit with it.
        """
        if self._is_running and model is not self._fit_of:
            hint = "make one for each fit"
            raise RuntimeError(
                expected(type(self).__name__, "one fit at a time", "another while one runs", hint)
            )
        super().set_model(model)

    def _begin_step(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Changes between two steps."""
        raise NotImplementedError

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A new record, which is the history's."""
        assert self.model.history is not None  # of this fit
        self._history = self.model.history
        self.changes = self._history.changes
        self._snapshots.clear()
        self._fit_of = self.model
        self._begun_at = self.model.compiled.epochs_done

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Nothing is gone back to any more."""
        self._snapshots.clear()
        self._fit_of = None

    def check(self, wish: Wish) -> None:
        """Raise what `_make` would raise at the next epoch's begin."""
        if wish.undo > len(self._snapshots):
            raise ValueError(self._no_snapshot(wish.undo))
        chosen(self.model, wish.numbers, replace_schedule=wish.replace_schedule)

    def _no_snapshot(self, undo: int) -> str:
        kept = f"{len(self._snapshots)} kept"
        return expected(WHERE, f"to undo epochs of this fit that were kept ({kept})", undo, "keep_epochs=")

    def _make(self, wish: Wish, epoch: int, step: int) -> None:
        """All of it, or nothing and an error; epoch and step from 1."""
        self.check(wish)
        if wish.undo:
            self._go_back(wish, epoch)
        numbers = chosen(self.model, wish.numbers, replace_schedule=wish.replace_schedule)
        scheduled = self.model.optimizer.schedules
        for each, new in numbers:
            old = each.read()
            if new != old or each.name in scheduled:
                each.write(new)
                self._record(Change(epoch, step, each.name, old, new, wish.note))

    def _go_back(self, wish: Wish, epoch: int) -> None:
        compiled = self.model.compiled
        old = compiled.epochs_done - self._begun_at
        for _ in range(wish.undo):
            snapshot = self._snapshots.pop()
        snapshot.restore()
        self._record(Change(epoch, 1, "undo", old, compiled.epochs_done - self._begun_at, wish.note))

    def _stop(self, epoch: int, note: str) -> None:
        """After this epoch."""
        self.model.stop_training = True
        self._record(Change(epoch, None, "stop", None, None, note))

    def _record(self, change: Change) -> None:
        self.changes.append(change)
        if self.verbose:
            print(f"{type(self).__name__}, {change}", flush=True)

    def _keep(self) -> None:
        """What an undo may go back to."""
        if self.keep_epochs:
            self._snapshots.append(Snapshot(self.model))

    def plot(self, ax: "Axes | None" = None, *, figures: Any = ("loss",)) -> "Axes":
        """The learning curve of the fit with its changes: `fd.plots.babysitting`."""
        from fastdnn.plots.babysitting import babysitting

        return babysitting(self._history, figures, ax)

    def __str__(self) -> str:
        if not self.changes:
            return "No changes."
        rows = [
            [str(c.epoch), "end" if c.step is None else str(c.step), c.what, c.note] for c in self.changes
        ]
        return table(["epoch", "step", "change", "note"], rows, numeric=(0, 1))

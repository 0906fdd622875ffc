"""One model, whose hyper-parameters are changed while it trains ("Panda")."""

import threading
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from fastdnn.callbacks.change import place_of
from fastdnn.checks import choice, whole
from fastdnn.errors import expected
from fastdnn.tune.changeable import WHERE, changeable
from fastdnn.tune.changes import MakesChanges, Wish
from fastdnn.tune.replay import Replay
from fastdnn.tune.sitter_file import SitterFile


class Babysitter(MakesChanges):
    """Change a model's hyper-parameters while `fit` runs, from another thread, a cell of a notebook, a hook
    of another callback, or a small file that is looked into whenever it changes.

    A change holds from the next epoch's begin on; which bits come of it depends on nothing else. It has a
    record, `.changes`, which the model's history and file have, too; `replay()` makes them again. Record,
    messages and picture count epochs and steps from 1, as progress lines do.

    | name | number | may change at |
    |---|---|---|
    | "learning_rate", "momentum", "weight_decay", "clipnorm", ... | those of the optimiser | a step |
    | "dropout"; of one layer "drop/dropout" | rates of `Dropout` | an epoch |
    | "noise"; of one layer "noisy/noise" | deviations of `GaussianNoise` | an epoch |
    | "l2", "l1", "strength"; of one weight "hidden/kernel/l2" | λ of regularisers | an epoch |
    | "regularizer/l2" | λ of the regulariser that `compile` was given | an epoch |

    All else needs another model or optimiser, and is refused: sizes, activations, losses, what an optimiser
    is made with, a regulariser where there is none, batch sizes.

    A file is TOML; `write_file` writes one with all numbers as comments, and so does a fit where there is
    none. Its lines are applied when the fit begins, and later where they have changed; `stop = true` and
    `undo = 2` do what the methods do, but not those that it has when the fit begins. A file that cannot be
    read, or asks for what cannot be, is told of and changes nothing; training goes on. An empty file says
    nothing new, and one whose last line has no end is read when it has not changed from one look to the next:
    somebody may be writing it.

    One is in one fit at a time, and in `fd.tune.search` it is of no use: make one for each fit.

    Callbacks after it in the list come later in each hook: a `LearningRateScheduler` there has the last word.

    Args:
        file: its path; None for no file.
        every: "epoch", or "step": then numbers of the optimiser hold from the next step on, and each step is
            a native call of its own.
        keep_epochs: how many epochs can be undone; for each a copy of the weights and of the optimiser's
            state is kept during the fit. Default 0.
        verbose: 1 prints each change.

    Raises:
        ValueError: a bad argument; when training begins, a change asked for before cannot be made, or there
            is no file and none can be written.

    Source: deck 001, "Approaches to Choose Hyperparameters": "a babysitting model (Panda strategy)"; deck
    003, "Manual Search (Babysitting)".

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dropout(0.5), fd.layers.Dense(10)], seed=0)
    >>> model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> sitter = fd.tune.Babysitter()
    >>> sitter.change(dropout=0.1, learning_rate=3e-3, note="it underfits")
    >>> _ = model.fit(x / 16, y, epochs=2, callbacks=[sitter])
    >>> print(sitter)
    epoch  step  change                       note
    ─────  ────  ───────────────────────────  ────────────
        1     1  dropout/dropout 0.5 → 0.1    it underfits
        1     1  learning_rate 0.001 → 0.003  it underfits
    """

    def __init__(
        self,
        file: str | PathLike[str] | None = None,
        *,
        every: str = "epoch",
        keep_epochs: int = 0,
        verbose: int = 0,
    ) -> None:
        self.every = choice(WHERE, "every", every, ("epoch", "step"))
        super().__init__(keep_epochs, verbose, by_step=every == "step")
        self._file = None if file is None else SitterFile(file)
        self._wishes: list[Wish] = []
        self._is_between = False  # two epochs
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        """Without the lock and the fit that runs."""
        kept = {key: value for key, value in super().__getstate__().items() if key != "_lock"}
        return {**kept, "_wishes": list(self._wishes)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(state)
        self._lock = threading.RLock()

    # ---- What is asked for

    def change(
        self,
        numbers: Mapping[str, Any] | None = None,
        /,
        *,
        note: str = "",
        replace_schedule: bool = False,
        **more: Any,
    ) -> None:
        """Let numbers be others from the next epoch, or step, on: all of them, or none. Before a fit it is
        from its first epoch on; what comes too late for one is for the next.

        Args:
            numbers: new values by name; for names such as "drop/dropout", which count more than "dropout".
                None is no limit of a gradient.
            note: why, for the record.
            replace_schedule: whether numbers may take the place of schedules, which are refused otherwise.
            **more: new values, as `learning_rate=1e-4`.

        Raises:
            ValueError: none is given; while a fit runs, there is no such number, or it may not be this.
                (Before a fit, `fit` raises it.)
        """
        self._ask(Wish.of(numbers, more, note, replace_schedule=replace_schedule))

    def undo(self, epochs: int = 1, *, note: str = "") -> None:
        """Go back, at the next epoch's begin, to the weights, the optimiser's state and the counters of so
        many epochs before. Hyper-parameters stay as they are; the history keeps the epochs that are undone.

        Raises:
            ValueError: no such whole number, or so many epochs are not kept.
            RuntimeError: no fit runs.
        """
        count = whole(f"{WHERE}.undo", "epochs", epochs, 1)
        self._refuse_idle("undo")
        if count > self.keep_epochs:
            raise ValueError(self._no_snapshot(count))
        self._ask(Wish(undo=count, note=note))

    def stop(self, *, note: str = "") -> None:
        """End training after this epoch; between two, such as in another callback's `on_epoch_end`, at once.

        Raises:
            RuntimeError: no fit runs.
        """
        self._refuse_idle("stop")
        with self._lock:
            self._ask(Wish(stop=True, note=note))
            if self._is_between:
                self.model.stop_training = True

    def replay(self, *, verbose: int = 0) -> Replay:
        """A callback that makes the changes of the last fit again, at the same steps of the same epochs."""
        return Replay(self.changes, verbose=verbose)

    def write_file(self) -> Path:
        """Write all that may be changed into the file, with its value and range, as comments; its path.

        Raises:
            ValueError: there is no file, it cannot be written, or no fit has begun, so that nothing is known
                of a model.
        """
        if self._file is None:
            raise ValueError(expected(f"{WHERE}.write_file", "Babysitter(file=...)", "no file"))
        if "model" not in vars(self):
            raise ValueError(expected(f"{WHERE}.write_file", "a fit that has begun", "none"))
        return self._file.write(changeable(self.model))

    def _refuse_idle(self, method: str) -> None:
        if not self._is_running:
            raise RuntimeError(expected(f"{WHERE}.{method}", "a fit that runs", "none"))

    def _ask(self, wish: Wish) -> None:
        with self._lock:
            if self._is_running:
                self.check(wish)
            self._wishes.append(wish)

    # ---- When it is done

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A new record; what was asked for before is checked, before anything is trained."""
        with self._lock:
            self._fit_of = None  # an error may have ended the fit before
            wishes, self._wishes = [wish for wish in self._wishes if wish.numbers], []
            for wish in wishes:
                self.check(wish)
            self._wishes, self._is_between = wishes, False
            super().on_train_begin(logs)
            if self._file is not None:
                self._file.begin()
                if not self._file.path.exists():
                    self.write_file()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Make the changes."""
        with self._lock:
            self._epoch, self._is_between = epoch + 1, False
            self._look(place_of(epoch, None) if epoch else "before epoch 1")
            wishes, self._wishes = self._wishes, [wish for wish in self._wishes if wish.stop]
            if self._wishes:  # asked for when this epoch was about to begin: it ends with it
                self.model.stop_training = False
            for wish in wishes:
                self._try(wish, 1)
            self._keep()

    def _begin_step(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Changes that need no new plan."""
        if not batch:
            return
        with self._lock:
            self._look(place_of(self._epoch, batch + 1))
            known = changeable(self.model) if self._wishes else {}
            now = [wish for wish in self._wishes if wish.is_by_step(known)]
            self._wishes = [wish for wish in self._wishes if wish not in now]
            for wish in now:
                self._try(wish, batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Whether it ends here."""
        with self._lock:
            self._look(place_of(self._epoch, None))
            self._is_between = True
            self._stop_if_asked()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """No snapshot is kept any longer."""
        with self._lock:
            self._stop_if_asked()
            super().on_train_end(logs)

    def _stop_if_asked(self) -> None:
        stops = [wish for wish in self._wishes if wish.stop]
        self._wishes = [wish for wish in self._wishes if not wish.stop]
        if stops and not any(change.name == "stop" for change in self.changes[-1:]):
            self._stop(self._epoch, stops[0].note)

    def _try(self, wish: Wish, step: int) -> None:
        """What could be done when it was asked for, another callback may have made impossible since."""
        try:
            self._make(wish, self._epoch, step)
        except ValueError as error:
            self._tell(place_of(self._epoch, step), error)

    def _look(self, place: str) -> None:
        """Ask for what the file says anew, if that can be done."""
        if self._file is None:
            return
        try:
            for wish in self._file.news(lambda: changeable(self.model)):
                self._ask(wish)
        except ValueError as error:
            self._tell(place, error)
        else:
            self._file.taken()

    def _tell(self, place: str, error: ValueError) -> None:
        print(f"Babysitter, {place}: nothing is changed: {error}", flush=True)

"""What one worker does: build a model from the values, train it up to some epoch, evaluate it once."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fastdnn.arguments import seeds_given
from fastdnn.callbacks import Callback
from fastdnn.class_weights import ClassWeight
from fastdnn.errors import expected
from fastdnn.model import Model
from fastdnn.short_repr import ShortRepr
from fastdnn.tune.rows import taken
from fastdnn.tune.trial import Trial, copied, model_seeds

Build = Callable[[dict[str, Any]], Model]
# (x, y, sample_weight or None)
Data = tuple[Any, Any, Any]


@dataclass(frozen=True)
class Task:
    """One stretch of one trial.

    number, params, seed: of the trial.
    until: the epoch up to which it is trained, and evaluated there.
    last: whether it ends there.
    seconds: that the stretches before took.
    state: where the stretch before it ended; None begins the trial, and does what is missing again.
    """

    number: int
    params: Mapping[str, Any]
    seed: int
    until: int
    last: bool = True
    seconds: float = 0.0
    state: "Begun | None" = None


@dataclass(frozen=True)
class Begun:
    """A trial between two stretches: its models, one for each fold."""

    models: tuple[Model, ...]
    epochs: int


@dataclass(frozen=True)
class Outcome:
    """How a stretch ended; `reason` says why it failed, `interrupted` that it was broken off."""

    number: int
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    folds: tuple[Mapping[str, float], ...] = ()
    epochs: int = 0
    seconds: float = 0.0
    reason: str = ""
    interrupted: bool = False
    state: Begun | None = None


@dataclass(frozen=True)
class Fitted:
    """A model trained on the rows of a fold, its figures, and the epochs that are in its weights."""

    model: Model
    figures: dict[str, float]
    epochs: int


class Broken(Exception):  # noqa: N818
    """The search was interrupted."""


class _Guard(Callback):
    """Ends a fit in which an interrupt or the trial's time limit is met: at an epoch's end, or in 0.1 s."""

    watches_progress = True
    takes_epochs_late = True

    def __init__(self, stop: Callable[[], bool], deadline: float | None, limit: float | None) -> None:
        self._stop = stop
        self._deadline = deadline
        self._limit = limit

    def on_progress(self, epoch: int, batch: int, logs: dict[str, float]) -> None:
        self._look()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._look()

    def _look(self) -> None:
        if self._stop():
            raise Broken
        if self._deadline is not None and time.perf_counter() > self._deadline:
            raise TimeoutError(f"the trial took longer than seconds_per_trial={self._limit:g}")


@dataclass
class Work(ShortRepr):
    """All that trials share: the data, and how each is trained.

    build: makes a compiled model of a dictionary of values.
    data: what is trained on.
    dev: what is evaluated after it; None with folds.
    folds: (rows of train, rows of dev) of the data, one for each fold.
    batch_size: where the values have none.
    monitor: the figure that is a trial's value.
    callbacks: for each fit copies of these, or what the function gives for the values.
    threads: of each trial, None for those of `fit`.
    seconds: a trial's limit.
    """

    build: Build
    data: Data
    dev: Data | None
    folds: Sequence[tuple[Any, Any]] = ()
    batch_size: int = 32
    monitor: str = "val_loss"
    callbacks: Sequence[Callback] | Callable[[dict[str, Any]], Sequence[Callback]] = ()
    class_weight: ClassWeight | None = None
    shuffle: bool = True
    threads: int | None = 1
    seconds: float | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "sets"}

    @cached_property
    def sets(self) -> list[tuple[Data, Data]]:
        """Train and dev of each fold; copies of the rows, which are made once for all trials."""
        if self.dev is not None:
            return [(self.data, self.dev)]
        return [(taken(self.data, train), taken(self.data, dev)) for train, dev in self.folds]

    def run(self, task: Task, stop: Callable[[], bool] = lambda: False) -> Outcome:
        """Do a stretch. What `build`, training or evaluation raises is the trial's reason to have failed."""
        if stop():  # it waited in a queue
            return Outcome(task.number, seconds=task.seconds, interrupted=True)
        begun = time.perf_counter()
        deadline = None if self.seconds is None else begun + self.seconds - task.seconds
        guard = _Guard(stop, deadline, self.seconds)

        def taken_so_far() -> float:
            return task.seconds + time.perf_counter() - begun

        try:
            done = [self._fold(task, fold, guard) for fold in range(len(self.sets))]
        except Broken:
            return Outcome(task.number, seconds=taken_so_far(), interrupted=True)
        except Exception as error:
            return Outcome(task.number, seconds=taken_so_far(), reason=_told(error))
        return self._outcome(task, done, taken_so_far())

    def _outcome(self, task: Task, done: list[Fitted], seconds: float) -> Outcome:
        models, found = [each.model for each in done], [each.figures for each in done]
        epochs = round(sum(model.compiled.epochs_done for model in models) / len(models))
        means = {name: sum(one[name] for one in found) / len(found) for name in found[0]}
        value = means[self.monitor]
        if not -float("inf") < value < float("inf"):
            reason = f"{self.monitor} is {value}"
            return Outcome(task.number, None, means, epochs=epochs, seconds=seconds, reason=reason)
        # A fit with callbacks, such as early stopping, is no sum of shorter ones: it is begun anew each time.
        kept = None if task.last or self.callbacks else Begun(tuple(models), task.until)
        folds = tuple(
            {**each.figures, "value": each.figures[self.monitor], "epochs": float(each.epochs)}
            for each in done
            if self.folds
        )
        return Outcome(task.number, value, means, folds, epochs, seconds, state=kept)

    def _fold(self, task: Task, fold: int, guard: Callback) -> Fitted:
        train, dev = self.sets[fold]
        if task.state is None:
            model, epochs = self.built(task.params, task.seed), task.until
        else:
            model, epochs = task.state.models[fold], task.until - task.state.epochs
        callbacks = self.callbacks_for(task.params)
        figures = self.fitted(model, task.params, train, epochs, guard, callbacks=callbacks, dev=dev)
        x, y, weights = dev
        evaluated = model.evaluate(x, y, sample_weight=weights, return_dict=True, threads=self.threads)
        figures |= {f"val_{name}": value for name, value in evaluated.items()}
        return Fitted(model, figures, _epochs_of(model, callbacks))

    def built(self, params: Mapping[str, Any], seed: int) -> Model:
        """What `build` makes of the values, with the seed where it gives the model none.

        Raises:
            TypeError: it is no model of fastdnn's, or not compiled, or trained already.
        """
        with seeds_given(model_seeds(seed)):
            model = self.build(copied(params))
        if not isinstance(model, Model) or model._compiled is None:
            got, hint = type(model).__name__, "end with `return model`"
            if isinstance(model, Model):
                got, hint = "one that is not compiled", "call model.compile(...) before `return model`"
            raise TypeError(expected("search, build", "a compiled model", got, hint))
        if model.compiled.epochs_done:
            hint = "make it inside of build, anew at each call"
            raise TypeError(expected("search, build", "a new model", "one that was trained", hint))
        return model

    def fitted(
        self,
        model: Model,
        params: Mapping[str, Any],
        train: Data,
        epochs: int,
        guard: Callback | None = None,
        *,
        callbacks: Sequence[Callback],
        dev: Data | None = None,
    ) -> dict[str, float]:
        """Train a model further; the figures of the last epoch. The dev rows are evaluated in between for
        callbacks only.
        """
        x, y, weights = train
        history = model.fit(
            x,
            y,
            batch_size=params.get("batch_size", self.batch_size),
            epochs=epochs,
            verbose=0,
            callbacks=[*callbacks, *([] if guard is None else [guard])],
            validation_data=dev if callbacks else None,
            shuffle=self.shuffle,
            class_weight=self.class_weight,
            sample_weight=weights,
            threads=self.threads,
        )
        return {
            name: values[-1]
            for name, values in history.history.items()
            if not name.startswith("val_") and values
        }

    def final(self, trial: Trial) -> Model:
        """The model of a trial, trained in one go; with folds on all data, without callbacks that watch
        held-out figures, of which there are none, for as many epochs as are in the weights of the folds.
        """
        model = self.built(trial.params, trial.seed)
        callbacks = self.callbacks_for(trial.params)
        epochs = trial.epochs
        if self.dev is None:
            callbacks = [each for each in callbacks if not _watches_dev(each)]
            epochs = round(sum(fold["epochs"] for fold in trial.folds) / len(trial.folds))
        self.fitted(model, trial.params, self.data, max(1, epochs), callbacks=callbacks, dev=self.dev)
        return model

    def callbacks_for(self, params: Mapping[str, Any]) -> list[Callback]:
        """Those of one fit."""
        given = self.callbacks(copied(params)) if callable(self.callbacks) else copy.deepcopy(self.callbacks)
        return list(given)


def _watches_dev(callback: Callback) -> bool:
    """Whether it goes by a figure of held-out data, as its attribute `monitor` says."""
    return str(getattr(callback, "monitor", "")).startswith("val_")


def _epochs_of(model: Model, callbacks: Sequence[Callback]) -> int:
    """How many epochs are in the model's weights: fewer than it was trained where a callback went back."""
    epochs = model.compiled.epochs_done
    for each in callbacks:
        if getattr(each, "restore_best_weights", False) and hasattr(each, "best_epoch"):
            epochs = min(epochs, 0 if each.best_epoch is None else each.best_epoch + 1)
    return epochs


def _told(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())

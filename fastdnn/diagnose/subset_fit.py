"""Whether a network can learn a few rows by heart: a quick test that model, loss and data fit each other."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn.callbacks import Callback
from fastdnn.checks import number, whole
from fastdnn.compiled import Compiled
from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.loss_range import LossRange, loss_range
from fastdnn.diagnose.subset_advice import SubsetFacts, advice_of
from fastdnn.diagnose.told import Told
from fastdnn.diagnose.trials import (
    checked_model,
    redraw,
    refuse_untrained,
    rows_of,
    set_rate,
    some_rows,
    trial_of,
    unregularize,
)
from fastdnn.errors import NonFiniteLossError, expected
from fastdnn.layers.layer import flag
from fastdnn.report import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastdnn.model import Model
    from fastdnn.sources import Feed

_WHERE = "overfit_subset"
_RATES = tuple(10.0**power for power in range(-6, 2))


@dataclass(frozen=True)
class SubsetFit:
    """What came of learning a few rows by heart.

    reached: whether the loss came down to its floor, and the accuracy up to what is possible.
    loss: of these rows at the end, in training; NaN where the first step's was.
    accuracy: likewise, 0 to 1; of several outputs the mean; None where the loss knows none.
    floor: the least loss there is.
    baseline: the loss of the best constant output.
    best_accuracy: the most there is: below 1 where rows that are alike have unlike labels; or None.
    rows: that were learnt.
    epochs: that it took, or were tried.
    rate: the model's own learning rate.
    rates: {rate: whether these rows were learnt with it}, of all that were tried.
    history: the figures of the epochs at the model's own rate.
    advice: what hinders, and what to do.
    """

    reached: bool
    loss: float
    accuracy: float | None
    floor: float
    baseline: float
    best_accuracy: float | None
    rows: int
    epochs: int
    rate: float
    rates: dict[float, bool]
    history: dict[str, list[float]]
    advice: tuple[Advice, ...]

    def __str__(self) -> str:
        figures = [["loss", f"{self.loss:.4g}", f"{self.floor:.4g}", f"{self.baseline:.4g}"]]
        if self.accuracy is not None:
            figures.append(["accuracy", f"{self.accuracy:.4g}", f"{self.best_accuracy:.4g}", ""])
        learnt = "learnt by heart" if self.reached else "not learnt"
        head = f"{self.rows} rows, {self.epochs} epochs: {learnt}"
        told = [advice.told() for advice in self.advice]
        return "\n".join(
            [head, table(["", "reached", "best possible", "constant"], figures, [1, 2, 3]), *told]
        )

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """The loss over the epochs, between floor and baseline; see `fastdnn.plots.subset_fit`."""
        from fastdnn.plots.subset_fit import subset_fit as draw

        return draw(self, ax)


def overfit_subset(
    model: "Model",
    x: Any,
    y: Any,
    *,
    rows: int = 32,
    epochs: int = 500,
    tolerance: float = 0.05,
    regularization: bool = False,
    other_rates: bool = True,
    seed: int = 0,
    verbose: Literal["auto", 0, 1, 2] = "auto",
    threads: int | None = None,
) -> SubsetFit:
    """Train a fresh copy of the network on a few rows until it knows them by heart.

    A network that cannot do that will not learn the whole set: the targets belong to other rows, the rate is
    far off, the network is too small, its output cannot take the targets' values, or its loss is another
    task's. That costs a second to find out.

    The copy has newly drawn weights (those of frozen layers stay), all rows in one batch, and, unless
    `regularization` is kept, no dropout, noise, penalties, constraints and weight decay. The rows are
    reached when

        loss - floor <= tolerance (baseline - floor)    and    the accuracy is the best possible,

    with the baseline of the best constant output, and the floor that the loss has for these targets: 0, but
    for smoothed labels, shares of classes, and rows that are alike with unlike targets. Of a loss of your own
    the floor is taken for 0 and the baseline is the first loss. Where they are not reached, each power of ten
    from 1e-6 to 10 is tried as the learning rate for a tenth of the epochs, and the best of them for all, to
    tell a bad rate from a network that cannot.

    Args:
        model: compiled; it stays as it is.
        x: as arrays in `fit`; so is y.
        y: as in `fit`.
        rows: how many are learnt, drawn by the seed, the classes in their shares; all where there are fewer.
        epochs: at most so many, one step each.
        tolerance: see above, 0 < tolerance < 1.
        regularization: whether it is kept. Then the figures are those in use and not of training.
        other_rates: whether others are tried, if the model's own does not do.
        seed: of the rows and the weights, >= 0.
        verbose: 0 nothing; 1 a live line; 2 its last state; "auto" 1 on a terminal, else 0.
        threads: as in `fit`.

    Raises:
        ValueError: data or an argument does not fit, nothing is trained, or all targets are the same.
        TypeError: `copy.deepcopy` cannot copy a layer, loss or metric of your own.

    Source: deck 004, "Training Process, Step-by-step": "Make sure the model can overfit (i.e. loss go down to
    0 and accuracy goes 1)".

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> hidden = fd.layers.Dense(32, activation="relu")
    >>> model = fd.Sequential([fd.layers.Input((64,)), hidden, fd.layers.Dense(10)], seed=0)
    >>> model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> found = fd.diagnose.overfit_subset(model, x / 16, y)
    >>> found.reached, found.accuracy, found.advice[0].kind
    (True, 1.0, 'learns_by_heart')
    """
    checked_model(_WHERE, model)
    count, most = whole(_WHERE, "rows", rows, 2), whole(_WHERE, "epochs", epochs, 1)
    share = number(_WHERE, "tolerance", tolerance, 0, 1, ends="()")
    keep = flag(_WHERE, "regularization", regularization)
    others = flag(_WHERE, "other_rates", other_rates)
    drawn = whole(_WHERE, "seed", seed)
    trial, everything = trial_of(model, _WHERE, x, y)
    refuse_untrained(_WHERE, trial)
    if not keep:
        unregularize(trial)
    chosen = some_rows(trial, everything, count, drawn)
    few = (rows_of(x, chosen, trial.graph.inputs), rows_of(y, chosen, trial.graph.outputs))
    feed = trial.prepare(_WHERE, *few)
    possible = loss_range(trial, feed)
    redraw(trial, drawn)
    with Told(_WHERE, verbose) as told:
        fits = _Fits(trial, few, feed, possible, share, most, keep, told, threads)
        return fits.found(others)


@dataclass(frozen=True)
class _Tried:
    """One training on the rows."""

    reached: bool
    loss: float
    accuracy: float | None
    epochs: int
    history: dict[str, list[float]]
    diverged: bool


def _loss_of(tried: _Tried) -> float:
    return np.inf if tried.diverged or np.isnan(tried.loss) else tried.loss


class _Fits:
    """Trainings on the same rows from the same weights."""

    def __init__(
        self,
        trial: "Model",
        data: tuple[Any, Any],
        feed: "Feed",
        possible: LossRange,
        tolerance: float,
        epochs: int,
        keep: bool,
        told: Told,
        threads: int | None,
    ) -> None:
        self._trial = trial
        self._data = data
        self._feed = feed
        self._epochs = epochs
        self._keep = keep
        self._told = told
        self._threads = threads
        self._weights = trial.weights.snapshot()
        self._optimizer = trial.optimizer
        first = trial.evaluate(*data, return_dict=True)["loss"]
        baseline = possible.baseline if np.isfinite(possible.baseline) else abs(float(first))
        if baseline - possible.floor <= 1e-9 * max(1.0, abs(baseline)):
            what = "features" if possible.conflicts else "targets"
            hint = "take more rows" if possible.conflicts else "take more rows; there is nothing to learn"
            raise ValueError(expected(_WHERE, f"rows of unlike {what}", f"the same {what} in all rows", hint))
        self._range = LossRange(possible.floor, baseline, possible.accuracy, possible.conflicts)
        self._limit = possible.floor + tolerance * (baseline - possible.floor)

    def found(self, others: bool) -> SubsetFit:
        """The training at the model's own rate, and, where it fails, at the best of others."""
        own = self._optimizer.learning_rate
        no_gradient = self._no_gradient()
        first = self._at(own=True, rate=own, epochs=self._epochs)
        rates = {own: first.reached}
        if others and not first.reached and not no_gradient:
            rate = self._best_rate()
            rates[rate] = rates.get(rate, False) or self._at(rate=rate, epochs=self._epochs).reached
        facts = SubsetFacts(
            self._trial,
            self._feed,
            first.reached,
            first.loss,
            first.accuracy,
            self._range,
            first.diverged,
            own,
            rates,
            no_gradient,
            first.history.get("loss", []),
        )
        return SubsetFit(
            first.reached,
            first.loss,
            first.accuracy,
            self._range.floor,
            self._range.baseline,
            self._range.accuracy,
            self._feed.rows,
            first.epochs,
            own,
            rates,
            first.history,
            ordered(advice_of(facts)),
        )

    def _no_gradient(self) -> bool:
        """Whether no weight gets any at the start."""
        _, gradients = self._trial.loss_and_gradients(*self._data)
        return not any(np.any(gradient) for gradient in gradients.values())

    def _best_rate(self) -> float:
        """After a tenth of the epochs: the lowest one that reached, else that of the lowest loss."""
        tries = {rate: self._at(rate=rate, epochs=max(1, self._epochs // 10)) for rate in _RATES}
        reached = [rate for rate in _RATES if tries[rate].reached]
        return reached[0] if reached else min(_RATES, key=lambda rate: _loss_of(tries[rate]))

    def _at(self, *, rate: float, epochs: int, own: bool = False) -> _Tried:
        """From the first weights, at the optimiser's own rate, or its schedule, or another rate."""
        trial, compiled = self._trial, self._trial.compiled
        trial.weights.write(self._weights)
        optimizer = copy.deepcopy(self._optimizer)
        again = Compiled(optimizer, compiled.heads, compiled.backend_name, compiled.regularizer)
        trial._compile(again)
        if not own:
            set_rate(trial, rate)
        prefix = "val_" if self._keep else ""
        name = f"{_WHERE}: {self._feed.rows} rows, learning rate {rate:.3g}"
        watch = _Watch(
            self._limit, self._range.accuracy, prefix, lambda text: self._told.line(f"{name}, {text}")
        )
        held_out = self._data if self._keep else None
        diverged = False
        try:
            trial.fit(
                *self._data,
                batch_size=self._feed.rows,
                epochs=epochs,
                shuffle=False,
                callbacks=[watch],
                validation_data=held_out,
                verbose=0,
                threads=self._threads,
            )
        except NonFiniteLossError:
            diverged = True
        history = {} if trial.history is None else trial.history.history
        done = len(history.get("loss", []))
        return _Tried(watch.reached and not diverged, watch.loss, watch.accuracy, done, history, diverged)


class _Watch(Callback):
    """Ends the training when the rows are learnt."""

    def __init__(
        self, limit: float, accuracy: float | None, prefix: str, told: Callable[[str], object]
    ) -> None:
        self._limit = limit
        self._best = accuracy
        self._prefix = prefix
        self._tell = told
        self.reached = False
        self.loss = float("nan")
        self.accuracy: float | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judge the epoch."""
        logs = logs or {}
        self.loss = logs[f"{self._prefix}loss"]
        rights = [
            value
            for name, value in logs.items()
            if name.endswith("accuracy") and name.startswith("val_") == bool(self._prefix)
        ]
        self.accuracy = float(np.mean(rights)) if rights else None
        enough = self.accuracy is None or self._best is None or self.accuracy >= self._best - 1e-6
        self.reached = self.loss <= self._limit and enough
        self._tell(f"epoch {epoch + 1}/{self.params['epochs']}, loss {self.loss:.4g}")
        self.model.stop_training = self.model.stop_training or self.reached

"""Whether a network can learn a few rows by heart: a quick test that model, loss and data fit each other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fastdnn.checks import number, whole
from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.loss_range import loss_range
from fastdnn.diagnose.subset_advice import SubsetFacts, advice_of
from fastdnn.diagnose.subset_trials import WHERE, SubsetTrials
from fastdnn.diagnose.told import Told
from fastdnn.diagnose.trials import (
    checked_model,
    redraw,
    refuse_untrained,
    rows_of,
    some_rows,
    trial_of,
    unregularize,
    with_weight,
)
from fastdnn.layers.layer import flag
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastdnn.model import Model


@dataclass(frozen=True)
class SubsetFit(ShortRepr):
    """What came of learning a few rows by heart.

    reached: whether the loss came down to its floor, and the accuracy up to what is possible.
    loss: of these rows at the end, in training; NaN where the first step's was.
    accuracy: likewise, 0 to 1; of several outputs the mean; None where the loss knows none.
    floor: the least loss there is.
    baseline: the loss of the best constant output.
    best_accuracy: the most there is: below 1 where rows that are alike have unlike labels; or None.
    rows: that were learnt.
    epochs: that it took, or were tried.
    rate: the model's own learning rate; of a schedule the largest of these epochs.
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
    sample_weight: Any = None,
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

    or, after the last epoch, where the accuracy is the best possible and the loss, still falling, is
    within five times that; the baseline of the best constant output, and the floor that the loss has for
    these targets: 0, but for smoothed labels, shares of classes, and rows that are alike with unlike
    targets. Of a loss of your own the floor is taken for 0 and the baseline is the first loss. Where they
    are not reached, each power of ten from 1e-6 to 10 is tried as the learning rate for a tenth of the
    epochs, and the best of them for all, to tell a bad rate from a network that cannot.

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
        sample_weight: as in `fit`; rows of weight 0 are not drawn, all others are learnt with weight 1: each
            is to be known by heart.
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
    checked_model(WHERE, model)
    count, most = whole(WHERE, "rows", rows, 2), whole(WHERE, "epochs", epochs, 1)
    share = number(WHERE, "tolerance", tolerance, 0, 1, ends="()")
    keep = flag(WHERE, "regularization", regularization)
    others = flag(WHERE, "other_rates", other_rates)
    drawn = whole(WHERE, "seed", seed)
    if sample_weight is not None:
        x, y = with_weight(model, WHERE, x, y, sample_weight)
    trial, everything = trial_of(model, WHERE, x, y)
    refuse_untrained(WHERE, trial)
    if not keep:
        unregularize(trial)
    chosen = some_rows(trial, everything, count, drawn)
    few = (rows_of(x, chosen, trial.graph.inputs), rows_of(y, chosen, trial.graph.outputs))
    feed = trial.prepare(WHERE, *few)
    possible = loss_range(trial, feed)
    redraw(trial, drawn)
    with Told(WHERE, verbose) as told:
        trials = SubsetTrials(trial, few, feed, possible, share, most, keep, told, threads)
        return _found(trials, others)


def _found(trials: SubsetTrials, others: bool) -> SubsetFit:
    """The training at the model's own rate, and, where it fails, at the best of others."""
    own = trials.own_rate()
    no_gradient = trials.no_gradient()
    first = trials.at(own=True, rate=own, epochs=trials.epochs)
    rates = {own: first.reached}
    if others and not first.reached and not no_gradient:
        rate = trials.best_rate()
        rates[rate] = rates.get(rate, False) or trials.at(rate=rate, epochs=trials.epochs).reached
    facts = SubsetFacts(
        trials.trial,
        trials.feed,
        first.reached,
        first.loss,
        first.accuracy,
        trials.range,
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
        trials.range.floor,
        trials.range.baseline,
        trials.range.accuracy,
        trials.feed.rows,
        first.epochs,
        own,
        rates,
        first.history,
        ordered(advice_of(facts)),
    )

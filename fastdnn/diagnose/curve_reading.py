"""What the curves of a training say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.callbacks.history import History
from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.curve_advice import CurveFacts, advice_of
from fastdnn.diagnose.curve_figures import above_floor, as_cost, jitter, late, shape_of, start_of
from fastdnn.diagnose.curve_given import WHERE, curves_of, norms_of
from fastdnn.diagnose.curve_rate import LEAST_EPOCHS, STILL, STUCK, Rate, read_rate
from fastdnn.errors import unknown_name
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HIGH = 0.5  # a level above so much of the first one is high
_GOING_ON = 0.02  # of the first value: a fall in the last third that is worth training longer for
_RISE = 0.02  # of the first dev value: a rise after the lowest one that is a turn
_TURN = 2.0  # deviations of the noise: likewise
_DEVIATION = 0.605  # of noise, by the median of its second differences' sizes: 1 / (0.6745 √6)
_LOSS_GAP = 0.1  # of the first training loss, where there is no accuracy, whose gap has a unit
_POINTS = 0.03  # of an accuracy: the threshold of `bias_variance`
_LEARNT = 0.1  # an error of the first epoch below which the weights may have been trained before
_SMALL_GRADIENT = 0.1  # by the largest so far: a plateau with less is flat


@dataclass(frozen=True)
class CurveReading(ShortRepr):
    """What was read of the curves.

    figure: the one that was read, such as "loss".
    train: its values (epochs,), as the history has them.
    dev: likewise of the dev set, or None.
    rate: of learning: "too_high", "too_low", "good", or "unknown".
    diverged: the first epoch (from 1) whose loss is NaN or infinite, or None.
    gap_figure: where the gap was read: the accuracy if there is one, else the figure.
    gap: of the last third of the epochs, how much worse the dev set is than the training set, in that
        figure's unit; None without a dev set.
    overfits: whether the gap is big.
    best_epoch: (from 1) of the dev set; the training set's where there is no other.
    turns: whether the dev set became worse after it, by more than its noise.
    plateau: whether the loss stands still far above where it could be: at a high level.
    goes_on: whether it still falls: it has not converged.
    noise: how far the dev set (the training set) goes up and down between epochs, by its first value.
    """

    figure: str
    train: np.ndarray
    dev: np.ndarray | None
    rate: Rate
    diverged: int | None
    gap_figure: str
    gap: float | None
    overfits: bool
    best_epoch: int
    turns: bool
    plateau: bool
    goes_on: bool
    noise: float
    advice: tuple[Advice, ...]

    def __str__(self) -> str:
        sets = {"train": self.train, **({} if self.dev is None else {"dev": self.dev})}
        rows = [
            [name, *(f"{value:.4g}" for value in (values[0], values[self.best_epoch - 1], values[-1]))]
            for name, values in sets.items()
            if len(values)
        ]
        header = [self.figure, "first epoch", f"epoch {self.best_epoch} (best)", f"epoch {len(self.train)}"]
        told = [advice.told() for advice in self.advice]
        figures = table(header, rows, [1, 2, 3]) if rows else f"{self.figure}: no epoch was finished"
        return "\n".join([figures, *told])

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """The curves, with what was read written at its place; see `fastdnn.plots.curve_reading`."""
        from fastdnn.plots.curve_reading import curve_reading as draw

        return draw(self, ax)


def read_curve(
    history: "History | Mapping[str, Sequence[float]]",
    *,
    figure: str = "loss",
    gradient_norms: "Sequence[float] | Mapping[str, Sequence[float]] | None" = None,
) -> CurveReading:
    """Read the learning curves of a fit: the learning rate, the gap, the turning point, whether to go on.

    - Rate: too high where the loss is NaN, rises, jumps, or stands still unevenly from the second epoch on;
      too low where it falls slowly, smoothly and in nearly a straight line; good where it falls fast and
      settles. Under four epochs only what diverges is told.
    - Gap of the dev set to the training set over the last third of the epochs: big above 3 points of
      accuracy, where the history has one, else above a tenth of the first loss.
    - Turning point of the dev set: where to stop early.
    - Plateau: less than 2 % falls in the last third, at more than half of the first loss. With gradient norms
      it is told whether the gradient is small there (a saddle, a flat region, dead units) or not.

    Args:
        history: what `fit` returned, or its `.history`.
        figure: which curve is read, with its "val_" twin if there is one: a loss, or a metric; of those where
            more is better ("accuracy", "r2", ...) 1 minus it is read.
        gradient_norms: ‖g‖ along the training, evenly from its begin to its end, at least two; or, by names
            that begin with "gradient_norm/", those of each weight, such as the `.samples` of a
            `callbacks.Monitor`.

    The history is to begin with new weights: of a `fit` that went on with trained ones the first loss is low
    already, and what falls slowly or stands still there may be as good as it gets. An accuracy tells the two
    apart: where it is high in the first epoch, a low rate and a plateau are hints. Without one a plateau is a
    hint, and a low rate where the first value is below 0.5, less than the cross-entropy of guessing.

    A history without an epoch is that of a fit whose loss was NaN or infinite in its first one: it diverged.

    Raises:
        ValueError: no such figure, curves of two lengths, or a history that no fit has written to.

    Source: deck 004, "Always monitor and visualize the loss/accuracy!", "Training Process, Step-by-step",
    "Early Stopping"; deck 003, "Monitoring model performance".

    >>> import fastdnn as fd
    >>> falls = [2.3, 1.2, 0.6, 0.3, 0.2, 0.15, 0.12, 0.1, 0.09]
    >>> rises = [2.2, 1.2, 0.7, 0.5, 0.5, 0.55, 0.6, 0.65, 0.7]
    >>> found = fd.diagnose.read_curve({"loss": falls, "val_loss": rises})
    >>> found.rate, found.best_epoch, found.turns, found.overfits
    ('good', 4, True, True)
    >>> found.advice[0].kind
    'early_stopping'
    """
    curves = curves_of(history) or {figure: np.empty(0)}
    if figure not in curves:
        raise unknown_name(WHERE, "a figure of the history", figure, curves)
    train, dev = curves[figure], curves.get(f"val_{figure}")
    norms = None if gradient_norms is None else norms_of(gradient_norms)
    facts = _facts(figure, train, dev, curves, norms)
    advice = ordered(advice_of(facts))
    return CurveReading(
        figure,
        train,
        dev,
        facts.rate,
        facts.diverged,
        facts.gap_figure,
        facts.gap,
        facts.overfits,
        facts.best_epoch,
        facts.turns,
        facts.plateau,
        facts.goes_on,
        facts.noise,
        advice,
    )


def _facts(
    figure: str,
    train: np.ndarray,
    dev: np.ndarray | None,
    curves: Mapping[str, np.ndarray],
    norms: np.ndarray | None,
) -> CurveFacts:
    sets = [train] if dev is None else [train, dev]
    broken = ~np.isfinite(np.stack(sets)).all(axis=0)
    diverged = int(np.argmax(broken)) + 1 if broken.any() else None if len(train) else 1
    kept = len(train) if diverged is None else diverged - 1
    costs = [as_cost(figure, values[:kept]) for values in sets]
    if kept:
        rate, seen = read_rate(costs[0], costs[-1] if dev is not None else None)
        shifted = above_floor(*costs)
        best = int(np.argmin(costs[-1])) + 1
        turns = len(sets) > 1 and _turns(shifted[-1])
        noise = jitter(shifted[-1] / start_of(shifted[-1]))
        plateau, goes_on = _end(shifted[0])
    else:
        rate, seen, best, turns, noise, plateau, goes_on = "unknown", "", 1, False, 0.0, False, False
    if diverged is not None:
        where = f"in epoch {diverged}" if len(train) else "before the first epoch ended"
        rate, seen = "too_high", f"the {figure} is NaN or infinite {where}"
    gap_figure, gap, overfits, train_cost = _gap(figure, curves, kept)
    return CurveFacts(
        figure=figure,
        epochs=len(train),
        first=float(train[0]) if len(train) else float("nan"),
        last=float(train[kept - 1]) if kept else float("nan"),
        dev_best=None if dev is None or not kept else float(dev[best - 1]),
        dev_last=None if dev is None or not kept else float(dev[kept - 1]),
        rate=rate,
        seen=seen,
        diverged=diverged,
        gap_figure=gap_figure,
        gap=gap,
        overfits=overfits,
        fits=train_cost,
        from_new=_from_new(figure, curves),
        best_epoch=best,
        turns=turns,
        plateau=plateau and rate != "too_low",
        goes_on=goes_on and diverged is None,
        noise=noise,
        flat=_flat(norms),
    )


def _turns(dev: np.ndarray) -> bool:
    """Whether the dev set got worse after its best epoch, by more than it jumps."""
    if len(dev) < LEAST_EPOCHS + 1:
        return False
    middle = np.median(np.stack([dev[:-2], dev[1:-1], dev[2:]]), axis=0)  # one lucky epoch is no best one
    lowest = int(np.argmin(middle))
    if lowest >= len(middle) - 2:
        return False
    rise = float(np.median(middle[lowest + 1 :][-late(len(dev)) :]) - middle[lowest])
    noise = float(np.median(np.abs(np.diff(dev, 2)))) * _DEVIATION
    return rise > _RISE * float(dev[0]) and rise > _TURN * noise


def _end(train: np.ndarray) -> tuple[bool, bool]:
    """Whether the loss stands still at a high level; whether it still falls."""
    if len(train) < LEAST_EPOCHS:
        return False, False
    shape = shape_of(train)
    # After a first epoch that exploded its second value says what is high.
    level = shape.late_level * float(train[0]) / max(float(train[:2].min()), np.finfo(np.float64).tiny)
    still = abs(shape.late_fall) < STILL and shape.later_fall < STUCK
    return still and level > _HIGH, shape.late_fall > _GOING_ON


def _gap(figure: str, curves: Mapping[str, np.ndarray], kept: int) -> tuple[str, float | None, bool, bool]:
    """Where the gap was read, how big it is, whether that is big, and whether the training set is fitted."""
    name = "accuracy" if {"accuracy", "val_accuracy"} <= set(curves) else figure
    sets = [as_cost(name, curves[key][:kept]) for key in (name, f"val_{name}") if key in curves]
    if not kept or not all(np.isfinite(values).all() for values in sets):
        return name, None, False, False
    third = late(kept)
    ends = [float(np.median(values[-third:])) for values in above_floor(*sets)]
    in_points = name.endswith("accuracy")
    start = 1.0 if in_points else float(above_floor(*sets)[0][0])
    limit = _POINTS if in_points else _LOSS_GAP * start
    fits = ends[0] <= limit
    if len(sets) < 2:
        return name, None, False, fits
    gap = ends[1] - ends[0]
    return name, gap, gap > limit, fits


def _from_new(figure: str, curves: Mapping[str, np.ndarray]) -> bool | None:
    """Whether an accuracy shows that the training began with weights that knew little; None without one."""
    name = figure if figure.endswith("accuracy") else "accuracy"
    if name not in curves or not len(curves[name]):
        return None
    return bool(1 - curves[name][0] > _LEARNT)


def _flat(norms: np.ndarray | None) -> bool | None:
    """Whether the gradient is small at the end; None where nobody knows."""
    if norms is None or not np.isfinite(norms).all():
        return None
    third = late(len(norms))
    return bool(np.median(norms[-third:]) < _SMALL_GRADIENT * norms.max())

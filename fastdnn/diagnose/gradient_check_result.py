"""What a gradient check found: a table, a verdict, and what the plot of it is drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from fastdnn.diagnose.advice import Advice
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Verdict = Literal["great", "check", "worry"]

# Deck 002, "Gradient Checking": 1e-7 great, 1e-5 check, 1e-3 worry.
GREAT, DOUBTFUL, WORRY = 1e-7, 1e-5, 1e-3
_ORDER: tuple[Verdict, ...] = ("great", "check", "worry")


@dataclass(frozen=True)
class Element:
    """One number of a tensor: its index, and its derivative by back-propagation and by differences."""

    index: tuple[int, ...]
    analytic: float
    numeric: float


@dataclass(frozen=True)
class TensorCheck(ShortRepr):
    """What was found of one weight or, under its name, one input.

    name: of the weight ("dense/kernel") or the input.
    layer: that has the weight; "" of an input.
    shape: of the tensor.
    checked: how many of its elements were compared.
    kinks: how many were left out, since a kink lies within the stencil.
    ratio: ‖numeric - analytic‖ / (‖numeric‖ + ‖analytic‖) of those that were compared. Where the gradient is
        0, as of a bias before a batch normalisation, it is about 1, and says nothing: see `rounding`.
    difference: ‖numeric - analytic‖.
    rounding: what rounding may make of it at most.
    norm: ‖analytic‖.
    worst: the element with the largest difference; None where none was compared.
    direction_ratio: the ratio of derivatives along random directions over all its elements; NaN where none
        was taken.
    """

    name: str
    layer: str
    shape: tuple[int, ...]
    checked: int
    kinks: int
    ratio: float
    difference: float
    rounding: float
    norm: float
    worst: Element | None
    direction_ratio: float = float("nan")

    @property
    def size(self) -> int:
        """Numbers in the tensor."""
        return int(np.prod(self.shape))

    @property
    def is_sampled(self) -> bool:
        """Whether some of its elements were not tried."""
        return self.checked + self.kinks < self.size

    @property
    def is_beyond_rounding(self) -> bool:
        """Whether rounding cannot explain the difference."""
        return self.difference > self.rounding or self.direction_ratio > DOUBTFUL

    @property
    def verdict(self) -> Verdict:
        """Of it alone: "worry" at a ratio of 1e-3 and "check" above 1e-5, beyond rounding; else "great"."""
        if np.isnan(self.ratio):
            return "worry"
        largest = max(self.ratio, np.nan_to_num(self.direction_ratio))
        if not self.is_beyond_rounding or largest <= DOUBTFUL:
            return "great"
        return "worry" if largest >= WORRY else "check"


@dataclass(frozen=True)
class GradientCheck(ShortRepr):
    """Gradients against finite differences; `print` shows a table, `plot` draws it.

    ratio: ‖numeric - analytic‖ / (‖numeric‖ + ‖analytic‖) of all numbers that were compared, as one vector.
    verdict: "great" (ratio ≤ 1e-7), "worry" (≥ 1e-3), or "check"; the worst of all checks, where a tensor
        alone, a direction, or the check after some training is worse.
    tensors: what was found of each weight, and of inputs.
    differing: names of the tensors whose gradients differ; empty where the verdict is "great".
    kinks: how many elements were left out, since a kink lies within the stencil.
    sampled: names of the tensors of which some elements only were tried.
    direction_ratio: of derivatives along random directions over all tensors; NaN where none was taken.
    loss: of the rows, with penalties.
    rounding: what rounding may make of ‖numeric - analytic‖ at most.
    stencil: "two_point" or "five_point".
    epsilon: ε.
    refined_from: the larger ε that was to be used, and the ratio with it, where the stencil itself erred too
        much with it; else None.
    rows: that were used.
    rows_given: of which they were drawn.
    silenced: layers that were off: dropout and noise.
    is_random: whether the loss of the same weights is another one each time; then all else is worthless.
    trained: the same after some training, or None.
    epochs: of training before this check.
    advice: what it means and what to do, the most important first.
    """

    ratio: float
    verdict: Verdict
    tensors: tuple[TensorCheck, ...]
    differing: tuple[str, ...]
    kinks: int
    sampled: tuple[str, ...]
    direction_ratio: float
    loss: float
    rounding: float
    stencil: str
    epsilon: float
    rows: int
    rows_given: int
    silenced: tuple[str, ...] = ()
    is_random: bool = False
    refined_from: tuple[float, float] | None = None
    trained: "GradientCheck | None" = None
    epochs: int = 0
    advice: tuple[Advice, ...] = ()

    @property
    def checked(self) -> int:
        """Elements that were compared."""
        return sum(tensor.checked for tensor in self.tensors)

    @property
    def difference(self) -> float:
        """‖numeric - analytic‖ of them."""
        return float(np.linalg.norm([tensor.difference for tensor in self.tensors]))

    @property
    def shows_nothing(self) -> bool:
        """Whether all numbers that were compared are 0, or none was."""
        return all(tensor.norm == tensor.difference == 0 for tensor in self.tensors)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the ratio of each tensor on a logarithmic axis, with the lines of the verdict.

        Args:
            ax: where to draw; None makes a figure of its own, without a window.

        Returns:
            The axes.

        Raises:
            ImportError: matplotlib is not installed.

        >>> import numpy as np
        >>> import fastdnn as fd
        >>> model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(2)], seed=0)
        >>> model.compile(loss="mse")
        >>> ax = model.check_gradients(np.eye(3), np.ones((3, 2))).plot()
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['dense/kernel', 'dense/bias']
        """
        from fastdnn.plots.gradient_check import gradient_check

        return gradient_check(self, ax)

    def __str__(self) -> str:
        parts = [f"{self._head()}\n{self._table()}", *map(str, self.advice)]
        if self.trained is not None:
            parts.insert(1, f"{self.trained._head()}\n{self.trained._table()}")
        return "\n\n".join(parts)

    def _head(self) -> str:
        after = f"after {self.epochs} epochs: " if self.epochs else ""
        rows = f"{self.rows:,} of {self.rows_given:,}" if self.rows < self.rows_given else f"{self.rows:,}"
        return (
            f"{after}{self.verdict}, ratio {self.ratio:.2g} over {self.checked:,} numbers, "
            f"{self.kinks:,} skipped at kinks; {self.stencil} differences, ε = {self.epsilon:g}, {rows} rows"
        )

    def _table(self) -> str:
        rows = [_cells(tensor) for tensor in self.tensors]
        along = any(row[5] for row in rows)
        header = [
            "tensor",
            "checked",
            "of",
            "kinks",
            "ratio",
            "directions",
            "worst element, analytic, numeric",
        ]
        shown = [column for column in range(len(header)) if along or column != 5]
        cut = [[row[column] for column in shown] for row in rows]
        return table([header[column] for column in shown], cut, numeric=range(1, len(shown) - 1))


def _cells(tensor: TensorCheck) -> list[str]:
    worst = tensor.worst
    return [
        tensor.name,
        f"{tensor.checked:,}",
        f"{tensor.size:,}",
        f"{tensor.kinks:,}",
        f"{tensor.ratio:.2g}" if tensor.ratio <= GREAT or tensor.is_beyond_rounding else "rounding",
        "" if np.isnan(tensor.direction_ratio) else f"{tensor.direction_ratio:.2g}",
        "" if worst is None else f"{list(worst.index)} {worst.analytic:.6g} {worst.numeric:.6g}",
    ]


def worst_of(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of several."""
    return max(verdicts, key=_ORDER.index)


def differing_of(tensors: Sequence[TensorCheck]) -> tuple[str, ...]:
    """Those that a verdict below "great" comes from: by themselves, else by their part of the whole."""
    by_themselves = tuple(tensor.name for tensor in tensors if tensor.verdict != "great")
    return by_themselves or tuple(
        tensor.name for tensor in tensors if tensor.ratio > GREAT and tensor.is_beyond_rounding
    )


def verdict_of(ratio: float, difference: float, rounding: float) -> Verdict:
    """Of the whole; where rounding may be all of the difference nobody can tell."""
    if np.isnan(ratio):
        return "worry"
    if ratio <= GREAT:
        return "great"
    return "worry" if ratio >= WORRY and difference > rounding else "check"

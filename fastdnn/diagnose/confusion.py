"""Which classes are taken for which."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn.checks import choice
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.class_labels import Classes, coded, weights_of
from fastdnn.diagnose.confusion_text import confusion_text
from fastdnn.errors import expected
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Normalize = Literal["true", "pred", "all"]

_WHERE = "confusion_matrix"
_SHOWN_WIDTH = 100
_MOST_CLASSES = 10_000  # 800 MB of counts
# A confusion is named where it is this share of all mistakes, and more than a few examples.
_PAIR_SHARE, _PAIR_LEAST = 0.25, 3


@dataclass(frozen=True)
class ConfusionMatrix(ShortRepr):
    """Counts of examples by their class and the class that was predicted.

    matrix: C (classes, classes): C[i][j] examples of class i were taken for class j; whole numbers, or sums
        of sample weights, or shares where it was normalised.
    classes: their names.
    counts: C before it was normalised.
    normalize: by what.
    """

    matrix: np.ndarray
    classes: tuple[str, ...]
    counts: np.ndarray
    normalize: Normalize | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.matrix, dtype=dtype) if copy is not False else np.asarray(self.matrix, dtype)

    @property
    def rows(self) -> float:
        """How many examples there are, or the sum of their weights."""
        rows: float = self.counts.sum().item()  # whole, unless there are weights
        return rows

    @property
    def wrong(self) -> float:
        """How many of them were taken for another class."""
        right: float = np.trace(self.counts).item()
        return self.rows - right

    @property
    def error(self) -> float:
        """Their share, 0 to 1; NaN without examples."""
        return self.wrong / self.rows if self.rows else float("nan")

    @property
    def class_error(self) -> np.ndarray:
        """(classes,): the share of each class's examples that is wrong; NaN where it has none."""
        support = self.counts.sum(axis=1)
        with np.errstate(invalid="ignore"):
            errors: np.ndarray = (support - np.diag(self.counts)) / support
        return errors

    @property
    def most_frequent(self) -> int:
        """The number of the class that has most examples."""
        return int(self.counts.sum(axis=1).argmax())

    def confused(self, most: int = 10) -> list[tuple[int, int, float]]:
        """The largest confusions (i, j, how many of class i were taken for j), the largest first."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        pairs = [divmod(int(flat), len(self.classes)) for flat in order if wrong.flat[flat]]
        return [(i, j, wrong[i, j].item()) for i, j in pairs]

    @property
    def advice(self) -> tuple[Advice, ...]:
        """The pair of classes that most mistakes are between, if there is one."""
        if not self.wrong:
            text = "No example was taken for another class." if self.rows else "There are no examples."
            return (Advice("no_confusion", "good", text),)
        if len(self.classes) == 2:
            a_b = self.classes
            ways = [f"{_told(c)} {a_b[i]!r} taken for {a_b[j]!r}" for i, j, c in self.confused()]
            return (Advice("mistakes", "good", "Both kinds of mistakes, counted.", ", ".join(ways)),)
        i, j, count = self.confused(1)[0]
        if count < max(_PAIR_SHARE * self.wrong, _PAIR_LEAST):
            text = "The mistakes are spread: no two classes are confused above all."
            return (Advice("spread_confusion", "good", text, f"{_told(self.wrong)} mistakes"),)
        a, b = self.classes[i], self.classes[j]
        text = f"{a!r} is taken for {b!r} more than anything else: look at such rows, or get more of both."
        seen = f"{_told(count)} of {_told(self.wrong)} mistakes, of {_told(self.counts[i].sum())} of {a!r}"
        return (Advice("confused_pair", "hint", text, seen),)

    def told(self, width: int = _SHOWN_WIDTH) -> str:
        """The matrix as text; where it is wider than `width` characters, its ten largest confusions."""
        return confusion_text(self, width)

    def plot(self, ax: "Axes | None" = None, *, normalize: Normalize | None = "true") -> "Axes":
        """Draw it: counts in the cells, which are shaded by their share.

        Args:
            ax: where to draw; None makes a figure of its own.
            normalize: what the shades are shares of: of the class "true", the prediction "pred", or "all";
                None shades by the counts.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from fastdnn.plots.confusion_matrix import confusion_matrix as draw

        return draw(self, ax, normalize=normalize)

    def __str__(self) -> str:
        head = f"{_told(self.wrong)} of {_told(self.rows)} examples wrong, {100 * self.error:.2f} %"
        return "\n".join([head, self.told(), *[str(each) for each in self.advice]])


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    classes: Classes = None,
    sample_weight: Any = None,
    normalize: Normalize | None = None,
) -> ConfusionMatrix:
    """Count the examples of each class by the class that was predicted, as scikit-learn does.

    C[i][j] = examples of class i that were taken for class j, or the sum of their weights; the diagonal holds
    those that were right.

    Shapes: C (classes, classes) i64, f64 with weights or normalised; y_true, y_pred (examples,).

    Args:
        y_true: the right labels, whole numbers or texts.
        y_pred: the predicted ones, such as `model.predict(x).argmax(axis=1)`.
        classes: None for the labels that occur, sorted; a number k >= 1 for 0 to k - 1; or a list of labels,
            or of the names of 0, 1, ... A class that does not occur has a row and a column of zeros.
        sample_weight: (examples,), >= 0.
        normalize: "true" divides each row by its sum, "pred" each column, "all" by the sum of all; what has
            no examples stays 0.

    Returns:
        A `ConfusionMatrix`, which NumPy takes as an array; `.plot()` draws it.

    Raises:
        ValueError: labels that are no classes (the first such row is named), or of unlike numbers.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> found = fd.diagnose.confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2], classes=3)
    >>> found.matrix
    array([[1, 1, 0],
           [0, 1, 0],
           [0, 0, 1]])
    >>> found.error, found.class_error.tolist()
    (0.25, [0.5, 0.0, 0.0])
    """
    how = None if normalize is None else choice(_WHERE, "normalize", normalize, ("true", "pred", "all"))
    names, counts = counted(_WHERE, y_true, y_pred, classes, sample_weight)
    return ConfusionMatrix(normalized(counts, how), names, counts, normalize)


def counted(
    where: str, y_true: Any, y_pred: Any, classes: Classes, sample_weight: Any
) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes, and C (classes, classes), of labels as users have them.

    Raises:
        ValueError: as `confusion_matrix`.
    """
    read = coded(where, classes, y_true=y_true, y_pred=y_pred)
    true, predicted = read.codes
    if len(read.names) > _MOST_CLASSES:
        wanted = f"at most {_MOST_CLASSES:,} classes, for a matrix of them"
        raise ValueError(expected(where, wanted, f"{len(read.names):,}"))
    weights = weights_of(where, sample_weight, len(true))
    return read.names, counted_pairs(true, predicted, len(read.names), weights)


def counted_pairs(
    true: np.ndarray, predicted: np.ndarray, classes: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """C (classes, classes) of labels that are numbers of classes."""
    found = np.bincount(true * classes + predicted, weights, minlength=classes * classes)
    counts: np.ndarray = found.reshape(classes, classes)
    return counts


def normalized(counts: np.ndarray, how: str | None) -> np.ndarray:
    """Counts as shares of their row, their column or their sum."""
    if how is None:
        return counts
    axis = {"true": 1, "pred": 0, "all": None}[how]
    sums = counts.sum(axis=axis, keepdims=True)
    filled = np.broadcast_to(sums > 0, counts.shape)
    shares: np.ndarray = np.divide(counts, sums, out=np.zeros(counts.shape), where=filled)
    return shares


def _told(count: Any) -> str:
    return f"{int(count):,}" if float(count).is_integer() else f"{count:,.4g}"

"""A confusion matrix as text: aligned, zeros as dots; the worst confusions alone where it is too wide."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastdnn.diagnose.confusion import ConfusionMatrix

_MOST_PAIRS = 10


def confusion_text(confusion: "ConfusionMatrix", width: int) -> str:
    """The matrix with a row for each class and a column for each prediction.

    Args:
        confusion: of `confusion_matrix`.
        width: the longest line that there is room for. A wider matrix is told by its ten largest confusions.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> found = fd.diagnose.confusion_matrix([0] * 2 + [1] * 9, [0] * 3 + [1] * 8, ["no", "yes"])
    >>> print(found.told(width=80))
     is \\ taken for   no  yes
                 no    2    .
                yes    1    8
    """
    names = confusion.classes
    shown = [[_cell(count) for count in row] for row in confusion.matrix.tolist()]
    size = 2 + max(len(cell) for row in [list(names), *shown] for cell in row)
    corner = " is \\ taken for"
    margin = max([len(corner), *(len(name) + 1 for name in names)])
    if margin + size * len(names) > width:
        return _worst(confusion)
    lines = [corner.rjust(margin) + "".join(name.rjust(size) for name in names)]
    for name, row in zip(names, shown, strict=True):
        lines.append(name.rjust(margin) + "".join(cell.rjust(size) for cell in row))
    return "\n".join(lines)


def _cell(count: float) -> str:
    if not count:
        return "."
    return str(int(count)) if float(count).is_integer() and abs(count) < 1e15 else f"{count:.3g}"


def _worst(confusion: "ConfusionMatrix") -> str:
    """The largest counts beside the diagonal, in words."""
    names, support = confusion.classes, confusion.counts.sum(axis=1).tolist()
    lines = [
        f"  {names[i]} taken for {names[j]}: {_cell(count)} of {_cell(support[i])}"
        for i, j, count in confusion.confused(_MOST_PAIRS)
    ]
    return "\n".join([f"{len(names)} classes; most often confused:", *lines] if lines else ["none confused"])

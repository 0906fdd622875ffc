"""A confusion matrix as text: aligned, zeros as dots; the worst confusions alone where it is too wide."""

from collections.abc import Sequence

import numpy as np

_MOST_PAIRS = 10


def confusion_text(matrix: np.ndarray, names: Sequence[str], width: int) -> str:
    """The matrix with a row for each class and a column for each prediction.

    Args:
        matrix: (classes, classes) counts of `confusion_matrix`.
        names: of the classes.
        width: the longest line that there is room for. A wider matrix is told by its ten largest confusions.

    >>> import numpy as np
    >>> from fastdnn.cli.confusion import confusion_text
    >>> print(confusion_text(np.array([[17, 0], [2, 105]]), ["no", "yes"], width=80))
     is \\ taken for   no  yes
                 no   17    .
                yes    2  105
    """
    size = 2 + max(len(str(cell)) for cell in [*names, matrix.max(initial=0)])
    corner = " is \\ taken for"
    margin = max([len(corner), *(len(name) + 1 for name in names)])
    if margin + size * len(names) > width:
        return _worst(matrix, names)
    lines = [corner.rjust(margin) + "".join(name.rjust(size) for name in names)]
    for name, row in zip(names, matrix.tolist(), strict=True):
        lines.append(
            name.rjust(margin) + "".join((str(count) if count else ".").rjust(size) for count in row)
        )
    return "\n".join(lines)


def _worst(matrix: np.ndarray, names: Sequence[str]) -> str:
    """The largest counts beside the diagonal, in words."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    pairs = [divmod(int(flat), len(names)) for flat in order if wrong.flat[flat]]
    lines = [f"  {names[i]} taken for {names[j]}: {wrong[i, j]} of {matrix[i].sum()}" for i, j in pairs]
    return "\n".join([f"{len(names)} classes; most often confused:", *lines] if lines else ["none confused"])

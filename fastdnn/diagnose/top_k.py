"""Whether the right class is among the k that are most probable."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.checks import whole
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.class_labels import Classes, weights_of
from fastdnn.diagnose.class_scores import codes_of, finite_array, same_rows
from fastdnn.errors import expected
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

_WHERE = "top_k"
_HALVED = 0.5  # of the top-1 error: then the right class is near at hand


@dataclass(frozen=True)
class TopK(ShortRepr):
    """Shares of examples, 0 to 1, by k.

    k: how many classes may be named.
    accuracy: (ks,): the share of examples whose class is among the k with the highest outputs.
    error: 1 - accuracy.
    rank: (examples,): the place of the right class among the outputs, 1 for the highest.
    """

    k: tuple[int, ...]
    accuracy: np.ndarray
    rank: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """(ks,): 1 - accuracy."""
        return 1 - self.accuracy

    @property
    def advice(self) -> tuple[Advice, ...]:
        """Whether the right class is near where the first one is wrong."""
        first, last = self.error[0], self.error[-1]
        seen = "; ".join(
            f"top-{k} error {100 * e:.2f} %" for k, e in zip(self.k, self.error.tolist(), strict=True)
        )
        if len(self.k) < 2 or not first:
            return (Advice("top_k", "good", "The shares of right answers.", seen),)
        if last <= _HALVED * first:
            text = f"Where the first answer is wrong, the right class is mostly among the first {self.k[-1]}."
            return (Advice("near_misses", "good", text, seen),)
        text = f"Where the first answer is wrong, the right class is mostly not among the first {self.k[-1]}."
        return (Advice("far_misses", "hint", text, seen),)

    def __str__(self) -> str:
        rows = [
            [str(k), f"{100 * a:.2f} %", f"{100 - 100 * a:.2f} %"]
            for k, a in zip(self.k, self.accuracy.tolist(), strict=True)
        ]
        text = table(["k", "accuracy", "error"], rows, numeric=range(3))
        return "\n".join([text, *[str(each) for each in self.advice]])


def top_k(
    y_true: Any,
    y_score: Any,
    k: int | Iterable[int] = (1, 2, 3, 5),
    *,
    classes: Classes = None,
    sample_weight: Any = None,
) -> TopK:
    """Accuracy and error for several k: right is who names the class among the k with the highest outputs.

    Equal outputs are ranked in the order of the classes, so that top-1 is what `argmax` says; a network whose
    outputs are all the same is not right about everything. (`metrics.TopKCategoricalAccuracy`, as Keras's,
    counts equal ones as right together; scikit-learn ranks them in the opposite order.)

    Shapes: y_true (examples,) or one-hot rows; y_score (examples, classes).

    Args:
        y_true: the right labels.
        y_score: probabilities, logits, or any scores that rise with them.
        k: one or several, >= 1; those above the number of classes are left out of the default.
        classes: the labels by column, as of `confusion_matrix`.
        sample_weight: (examples,), >= 0.

    Raises:
        ValueError: an array or an argument does not fit.

    >>> import fastdnn as fd
    >>> p = [[0.5, 0.3, 0.2], [0.1, 0.4, 0.5], [0.6, 0.3, 0.1]]
    >>> fd.diagnose.top_k([0, 1, 2], p, k=(1, 2, 3)).accuracy.round(3).tolist()
    [0.333, 0.667, 1.0]
    """
    scores = finite_array(_WHERE, "y_score", y_score)
    if scores.ndim == 1:
        hint = "a single sigmoid output knows two classes: only top-1 says something"
        wanted = "y_score of shape (examples, classes)"
        raise ValueError(expected(_WHERE, wanted, f"shape {scores.shape}", hint))
    width = scores.shape[1]
    chosen = _ks(k, width)
    _, codes = codes_of(_WHERE, y_true, classes, width)
    same_rows(_WHERE, codes, scores, "y_score")
    rank = ranks(codes, scores)
    weights = weights_of(_WHERE, sample_weight, len(codes))
    return TopK(chosen, np.array([np.average(rank <= each, weights=weights) for each in chosen]), rank)


def ranks(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(examples,): how many classes come before the right one, and itself."""
    own = np.take_along_axis(scores, codes[:, None], axis=1)
    before = (scores == own) & (np.arange(scores.shape[1]) < codes[:, None])
    found: np.ndarray = 1 + ((scores > own) | before).sum(axis=1)
    return found


def _ks(k: int | Iterable[int], width: int) -> tuple[int, ...]:
    if isinstance(k, tuple) and k == (1, 2, 3, 5):
        return tuple(each for each in (1, 2, 3, 5) if each < width or each == 1)
    if isinstance(k, Iterable) and not isinstance(k, str):
        given = tuple(whole(_WHERE, "k", each, 1) for each in k)
    else:
        given = (whole(_WHERE, "k", k, 1),)
    if not given or max(given) > width or len(set(given)) < len(given):
        raise ValueError(expected(_WHERE, f"different k from 1 to {width}, the number of classes", repr(k)))
    return tuple(sorted(given))

"""What every regulariser is: factors of sums over a weight's elements."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from fastdnn.checks import choice, number, whole
from fastdnn.errors import expected


@dataclass(frozen=True)
class Terms:
    """l1 Σ|w| + l2 Σw² + lq Σ|w|^q, over the rows of the batch where `over_rows`."""

    l1: float = 0.0
    l2: float = 0.0
    lq: float = 0.0
    q: float = 1.0
    over_rows: bool = False

    @property
    def is_zero(self) -> bool:
        """Whether there is no penalty, whatever the weights."""
        return self.l1 == self.l2 == self.lq == 0.0

    def over(self, divisor: int) -> "Terms":
        """A share of it."""
        return replace(self, l1=self.l1 / divisor, l2=self.l2 / divisor, lq=self.lq / divisor)


class Regularizer:
    """What all of them have."""

    @property
    def is_proximal(self) -> bool:
        """Whether the optimiser's update does what the gradient would."""
        return False

    def terms(self, where: str, dataset_size: int | None = None) -> Terms:
        """What is added for a weight; `dataset_size` is N, unless the regulariser knows it."""
        raise NotImplementedError

    def __call__(self, w: Any, rows: int | None = None) -> float:
        """The penalty of an array.

        Args:
            w: numbers of any shape.
            rows: m or N, for the scales that divide by it.

        Raises:
            ValueError: such a scale without `rows`, or w holds something else than real numbers.
        """
        from fastdnn.reference.penalty import penalty

        where = type(self).__name__
        array = np.asarray(w)
        if array.dtype.kind not in "buif":
            raise ValueError(expected(where, "an array of real numbers", f"dtype {array.dtype}"))
        count = None if rows is None else whole(where, "rows", rows, 1)
        terms = self.terms(where, count)
        if terms.over_rows:
            if count is None:
                raise ValueError(expected(where, "rows, since the scale is 'batch'", "none"))
            terms = terms.over(count)
        return penalty(array, terms.l1, terms.l2, terms.lq, terms.q)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this regulariser again."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    def _set(self, **checked: Any) -> None:
        """In a frozen object."""
        for name, value in checked.items():
            object.__setattr__(self, name, value)


class Scaled(Regularizer):
    """One with a `scale` and a `dataset_size`."""

    scale: str
    dataset_size: int | None

    def _check(self, scales: tuple[str, ...], *factors: str) -> None:
        where = type(self).__name__
        self._set(**{name: number(where, name, getattr(self, name), 0) for name in factors})
        choice(where, "a scale", self.scale, scales)
        if self.dataset_size is not None:
            if self.scale != "dataset":
                got = f"dataset_size={self.dataset_size!r} beside scale={self.scale!r}"
                raise ValueError(expected(where, "dataset_size for scale='dataset' alone", got))
            self._set(dataset_size=whole(where, "dataset_size", self.dataset_size, 1))

    def _scaled(self, where: str, terms: Terms, dataset_size: int | None) -> Terms:
        if self.scale != "dataset":
            return replace(terms, over_rows=self.scale == "batch")
        size = dataset_size if self.dataset_size is None else self.dataset_size
        if size is None:
            wanted = f"the size of the training set, for {type(self).__name__}(scale='dataset')"
            raise ValueError(expected(where, wanted, "none", "give dataset_size=, or fit on arrays first"))
        return terms.over(size)

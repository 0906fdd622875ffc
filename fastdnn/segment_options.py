"""What the optimiser's update does to one weight in particular."""

import math
from dataclasses import dataclass

from fastdnn.errors import expected


@dataclass(frozen=True)
class SegmentOptions:
    """How the optimiser's update treats one trained weight w; by default as all others.

    Args:
        lr_scale: factor >= 0 of the learning rate α, and so of all that is scaled by it.
        decay: whether the optimiser's `weight_decay` applies.
        proximal_l1: λ >= 0; after each step w ← sign(w) max(|w| - α λ, 0), which reaches exact zeros.
        max_norm: c >= 0, or infinity for none; after each step, and after proximal_l1, columns (or rows) of w
            whose Euclidean norm is above c are multiplied with c / norm.
        max_norm_axis: along which the norms are taken: 0 of columns, the weights into a unit; 1 of rows. A
            vector is one column.

    Raises:
        ValueError: a number is out of its range.

    >>> SegmentOptions(lr_scale=0.1).decay
    True
    """

    lr_scale: float = 1.0
    decay: bool = True
    proximal_l1: float = 0.0
    max_norm: float = math.inf
    max_norm_axis: int = 0

    def __post_init__(self) -> None:
        where = type(self).__name__
        for name in ("lr_scale", "proximal_l1"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(expected(where, f"a finite {name} >= 0", repr(getattr(self, name))))
        if not self.max_norm >= 0:
            raise ValueError(expected(where, "max_norm >= 0", repr(self.max_norm)))
        if self.max_norm_axis not in (0, 1):
            raise ValueError(expected(where, "max_norm_axis 0 or 1", repr(self.max_norm_axis)))


AS_ALL_OTHERS = SegmentOptions()

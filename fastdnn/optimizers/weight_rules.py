"""Which weights do not decay, and which go at another rate, by parts of their names."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from fastdnn.errors import expected
from fastdnn.segment_options import SegmentOptions


@dataclass(frozen=True)
class WeightRules:
    """excluded: parts of the names of weights that do not decay.
    scales: (part of a name, factor of the learning rate).
    """

    excluded: tuple[str, ...] = ()
    scales: tuple[tuple[str, float], ...] = ()

    def excluding(self, names: Iterable[str]) -> "WeightRules":
        """With more that do not decay."""
        return replace(self, excluded=tuple(dict.fromkeys([*self.excluded, *names])))

    def scaling(self, names: Iterable[str], factor: float) -> "WeightRules":
        """With these at another rate."""
        return replace(self, scales=tuple({**dict(self.scales), **dict.fromkeys(names, factor)}.items()))

    def options(self, name: str, own: SegmentOptions) -> SegmentOptions:
        """What a weight has of itself, and by these rules."""
        scale = math.prod(factor for part, factor in self.scales if part in name)
        decays = not any(part in name for part in self.excluded)
        return replace(own, lr_scale=own.lr_scale * scale, decay=own.decay and decays)

    def config(self) -> dict[str, Any]:
        """As JSON; what is empty is left out."""
        lists = {
            "excluded_from_weight_decay": list(self.excluded),
            "learning_rate_scales": [list(pair) for pair in self.scales],
        }
        return {key: value for key, value in lists.items() if value}


def names_of(where: str, var_list: Iterable[Any] | None, var_names: Iterable[str] | None) -> list[str]:
    """The names of weights, or parts of them, that were given.

    Raises:
        ValueError: one is no name.
    """
    parts = [var_names] if isinstance(var_names, str) else list(var_names or ())
    names = [weight.name for weight in var_list or ()] + parts
    for name in names:
        if not isinstance(name, str) or not name:
            raise ValueError(expected(where, "names of weights, or parts of them", repr(name)))
    return names

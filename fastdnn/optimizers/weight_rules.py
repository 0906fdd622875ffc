"""Which weights do not decay, and which go at another rate, by their names or by parts of them."""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from fastdnn.errors import expected
from fastdnn.segment_options import SegmentOptions

_MOST_NAMES = 20  # of weights, in one message


@dataclass(frozen=True)
class Pattern:
    """The name of one weight (`whole`), or a part of the names of any."""

    text: str
    whole: bool = False

    def fits(self, name: str) -> bool:
        """Whether a weight is meant."""
        return self.text == name if self.whole else self.text in name

    def config(self) -> Any:
        """As JSON: a part of names as its text."""
        return {"weight": self.text} if self.whole else self.text


@dataclass(frozen=True)
class WeightRules:
    """excluded: weights that do not decay.
    scales: weights, and a factor of their learning rate.
    """

    excluded: tuple[Pattern, ...] = ()
    scales: tuple[tuple[Pattern, float], ...] = ()

    def excluding(self, patterns: Iterable[Pattern]) -> "WeightRules":
        """With more that do not decay."""
        return replace(self, excluded=tuple(dict.fromkeys([*self.excluded, *patterns])))

    def scaling(self, patterns: Iterable[Pattern], factor: float) -> "WeightRules":
        """With these at a rate that is multiplied with one more factor."""
        return replace(self, scales=(*self.scales, *[(pattern, factor) for pattern in patterns]))

    def renamed(self, names_of: Callable[[str], Iterable[str]]) -> "WeightRules":
        """For a network that has others in the place of each weight."""

        def each(pattern: Pattern) -> list[Pattern]:
            return [replace(pattern, text=name) for name in names_of(pattern.text)]

        excluded = [new for old in self.excluded for new in (each(old) if old.whole else [old])]
        scales = [(new, f) for old, f in self.scales for new in (each(old) if old.whole else [old])]
        return WeightRules(tuple(excluded), tuple(scales))

    def check(self, where: str, names: Collection[str]) -> None:
        """Refuse what fits none of a model's weights.

        Raises:
            ValueError: something does not.
        """
        patterns = dict.fromkeys([*self.excluded, *[pattern for pattern, _ in self.scales]])
        lost = [pattern.text for pattern in patterns if not any(map(pattern.fits, names))]
        if lost:
            listed = ", ".join(list(names)[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
            wanted = f"names of the model's weights ({listed}), or parts of them"
            got = ", ".join(map(repr, lost))
            hint = "in exclude_from_weight_decay or scale_learning_rate"
            raise ValueError(expected(where, wanted, f"{got}, which fit none", hint))

    def options(self, name: str, own: SegmentOptions) -> SegmentOptions:
        """What a weight has of itself, and by these rules."""
        if not self.scales and not self.excluded:
            return own
        scale = math.prod(factor for pattern, factor in self.scales if pattern.fits(name))
        decays = not any(pattern.fits(name) for pattern in self.excluded)
        return replace(own, lr_scale=own.lr_scale * scale, decay=own.decay and decays)

    def config(self) -> dict[str, Any]:
        """As JSON; what is empty is left out."""
        lists = {
            "excluded_from_weight_decay": [pattern.config() for pattern in self.excluded],
            "learning_rate_scales": [[pattern.config(), factor] for pattern, factor in self.scales],
        }
        return {key: value for key, value in lists.items() if value}


def patterns_of(where: str, var_list: Iterable[Any] | None, var_names: Iterable[str] | None) -> list[Pattern]:
    """The weights, and the parts of names, that were given.

    Raises:
        ValueError: one is no weight or no name, or there are none.
    """
    weights = [getattr(weight, "name", weight) for weight in var_list or ()]
    parts = [var_names] if isinstance(var_names, str) else list(var_names or ())
    for name in [*weights, *parts]:
        if not isinstance(name, str) or not name:
            raise ValueError(expected(where, "weights, or names of weights or parts of them", repr(name)))
    if not weights and not parts:
        hint = "a layer has its weights once the model knows its input"
        raise ValueError(expected(where, "weights, or names of weights or parts of them", "none", hint))
    return [*[Pattern(name, whole=True) for name in weights], *[Pattern(part) for part in parts]]


def pattern_from_config(where: str, entry: Any) -> Pattern:
    """The pattern of `Pattern.config`.

    Raises:
        ValueError: it is none.
    """
    whole = isinstance(entry, dict) and list(entry) == ["weight"]
    text = entry["weight"] if whole else entry
    if not isinstance(text, str) or not text:
        raise ValueError(expected(where, 'a part of names, or {"weight": a name}', repr(entry)))
    return Pattern(text, whole)

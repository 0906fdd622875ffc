"""The order in which to tune hyper-parameters: the important ones first, some not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from fastdnn.checks import choice
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr
from fastdnn.tune.space import Space

# What a name stands for, by its first match; numbers at the end count layers.
_ROLES = (
    ("Adam's β₁, β₂ and ε", r"(beta|β)_?[12₁₂]|betas|(.*_)?eps(ilon)?|ε"),
    ("penalties", r".*weight_?decay.*|.*dropout.*|(.*_)?(drop_?rate|keep_?prob|lambda|noise|max_?norm)(_.*)?"
                  r"|(.*_)?l[12](_.*)?|.*regulari[sz].*|label_?smoothing"),
    ("learning rate decay", r".*(decay|schedule|warm_?up).*|(epochs_?)?drop|gamma"),
    ("learning rate", r"(.*_)?(lr|alpha|α|learning_?rate|rate|eta|η|step_?size)(_.*)?"),
    ("momentum", r"(.*_)?momentum(_.*)?|beta|β|rho|ρ"),
    ("batch size", r"(.*_)?batch(_?size)?"),
    ("hidden units", r"(.*_)?(units?|width|neurons)(_.*)?|(.*_)?(hidden|breadth|(layer|hidden)_?sizes?)"),
    ("layers", r"(.*_)?(layers|depth|blocks)"),
)  # fmt: skip
_REST = "all else"
_ALONE = "Adam's β₁, β₂ and ε"
_ORDERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "002": (
        ("learning rate",),
        ("momentum", "hidden units", "batch size"),
        ("layers", "learning rate decay"),
        ("penalties", _REST),
    ),
    "004": (
        ("layers", "hidden units"),
        ("penalties", "learning rate", "learning rate decay"),
        ("momentum", "batch size", _REST),
    ),
}
_SOURCES = {
    "002": 'deck 002, "Hyperparameter Tuning" (tuning order)',
    "004": 'deck 004, "Hyperparameters Tuning" (depth and breadth are the major ones)',
}


@dataclass(frozen=True)
class TuningGroup(ShortRepr):
    """Hyper-parameters that are searched together.

    names: of the space.
    roles: what they stand for, such as "learning rate".
    """

    names: tuple[str, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True)
class TuningPlan(ShortRepr):
    """What `plan` found: prints as a table and as words.

    order: "002" or "004".
    groups: in the order in which to search them; each has at least one name.
    left_alone: names of the space that are usually not tuned.
    space: what was planned.
    source: the deck and its heading.
    """

    order: str
    groups: tuple[TuningGroup, ...]
    left_alone: tuple[str, ...]
    space: Space
    source: str

    def __str__(self) -> str:
        rows = [
            [str(number) if first else "", name, self.space[name].describe()]
            for number, group in enumerate(self.groups, 1)
            for first, name in zip([True] + [False] * len(group.names), group.names, strict=False)
        ]
        rows += [["-", name, "leave at its default"] for name in self.left_alone]
        words = [
            "Search the first group; put its best values into build; then search the next group.",
            "In each: few epochs over the whole range, then more epochs near the best (coarse to fine).",
        ]
        if self.left_alone:
            words.append(f"Usually not tuned: {', '.join(self.left_alone)}.")
        text = "\n".join(words)
        return f"{table(['order', 'parameter', 'values'], rows)}\n{text}\nSource: {self.source}."


def plan(space: Any, order: Literal["002", "004"] = "002") -> TuningPlan:
    """In which order to tune the hyper-parameters of a space, known by their names.

    "002": the learning rate first; then momentum, hidden units and batch size; then layers and the decay of
    the learning rate; then penalties and all else. "004": depth and breadth first; then penalties, learning
    rate and its decay; then all else. Adam's β₁, β₂ and ε are left alone in both. A parameter that is there
    only for some values of another one is not searched before that one.

    Args:
        space: a dictionary of distributions, or a `Space`.
        order: of deck 002 or 004.

    Raises:
        ValueError: the space has an error, or the order is another.

    Source: deck 002, "Hyperparameter Tuning"; deck 004, "Hyperparameters Tuning".

    >>> import fastdnn as fd
    >>> space = {"layers": fd.tune.integers(1, 4), "units": fd.tune.powers_of_two(32, 512),
    ...          "lr": fd.tune.log_uniform(1e-4, 1e-1), "beta_2": fd.tune.one_minus_log_uniform(0.9, 0.999)}
    >>> print(fd.tune.plan(space))
    order  parameter  values
    ─────  ─────────  ──────────────────────────
    1      lr         log-uniform, 0.0001 to 0.1
    2      units      powers of two, 32 to 512
    3      layers     whole numbers, 1 to 4
    -      beta_2     leave at its default
    Search the first group; put its best values into build; then search the next group.
    In each: few epochs over the whole range, then more epochs near the best (coarse to fine).
    Usually not tuned: beta_2.
    Source: deck 002, "Hyperparameter Tuning" (tuning order).
    >>> [group.names for group in fd.tune.plan(space, order="004").groups]
    [('layers', 'units'), ('lr',)]
    """
    checked = Space.of("plan", space)
    steps = _ORDERS[choice("plan", "an order", order, _ORDERS)]
    places = _places(checked, [role for step in steps for role in step])
    groups, begin = [], 0
    for step in steps:
        names = [name for name, place in places.items() if begin <= place < begin + len(step)]
        names.sort(key=places.__getitem__)
        groups.append(TuningGroup(tuple(names), tuple(dict.fromkeys(_role(name) for name in names))))
        begin += len(step)
    alone = tuple(name for name in checked if name not in places)
    return TuningPlan(order, tuple(each for each in groups if each.names), alone, checked, _SOURCES[order])


def _places(space: Space, ranking: list[str]) -> dict[str, int]:
    """Where each name stands in the ranking of roles, not before what it depends on; some are left alone."""
    places: dict[str, int] = {}
    for name in space:
        role = _role(name)
        if role == _ALONE:
            continue
        parents = [places.get(each.parent, 0) for each in space.conditions.get(name, ())]
        places[name] = max([ranking.index(role), *parents])
    return places


def _role(name: str) -> str:
    """What a name stands for, also with a number at its end or of its layers: "units_2" is hidden units."""
    whole = re.sub(r"[-\s.]", "_", name.strip().lower())
    plain = re.sub(r"^(n|num|number_of)_", "", whole)
    for text in (plain, re.sub(r"_?\d+$", "", plain)):
        for role, pattern in _ROLES:
            if re.fullmatch(pattern, text):
                return role
    return _REST

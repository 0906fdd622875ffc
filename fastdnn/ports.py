"""The inputs or the outputs of a network: which nodes they are, what they are called, how they were given."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from fastdnn.errors import expected, unknown_name

T = TypeVar("T")
Form = Literal["one", "list", "dict"]


@dataclass(frozen=True)
class Ports:
    """The ends of a graph on one side.

    what: "input" or "output".
    nodes: their numbers in the graph.
    form: how they were given to `Model`, and how arrays for them are given back: "one" by itself, a "list" or
        a "dict".
    names: the keys of the dict, else those of the layers; a layer's that is used again is numbered.

    >>> from fastdnn.ports import Ports
    >>> heads = Ports("output", (3, 4), "dict", ("price", "kind"))
    >>> heads.pack([1.5, 0])
    {'price': 1.5, 'kind': 0}
    >>> heads.suffix(1)
    ", output 'kind'"
    """

    what: str
    nodes: tuple[int, ...]
    form: Form = "one"
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.nodes)

    def pack(self, values: Sequence[T]) -> T | list[T] | dict[str, T]:
        """A value for each, in the form in which they were given."""
        if self.form == "one":
            return values[0]
        return list(values) if self.form == "list" else dict(zip(self.names, values, strict=True))

    def suffix(self, index: int) -> str:
        """What messages add to where they come from: nothing where there is one only."""
        return "" if len(self) == 1 else f", {self.what} {self.names[index]!r}"

    def listed(self, indices: Collection[int] | None = None) -> str:
        """The names, for messages."""
        chosen = range(len(self)) if indices is None else indices
        names = ", ".join(repr(self.names[index]) for index in chosen)
        return f"the {self.what}{'s' if len(chosen) > 1 else ''} {names}"

    def by_name(
        self, where: str, noun: str, given: Mapping[Any, Any], required: Collection[int] = ()
    ) -> list[Any]:
        """What a dict gives for each of them; None where it gives nothing.

        Raises:
            ValueError: a key that is no name, or nothing for one that is `required`.
        """
        for key in given:
            if key not in self.names:
                raise unknown_name(f"{where}, {noun}", f"the name of an {self.what}", key, self.names)
        missing = [index for index in required if self.names[index] not in given]
        if missing:
            got = f"none for {self.listed(missing)}"
            raise ValueError(expected(where, f"{noun} for {self.listed(required)}", got))
        return [given.get(name) for name in self.names]

    def by_order(self, where: str, noun: str, given: Sequence[Any]) -> list[Any]:
        """What a list gives for each of them.

        Raises:
            ValueError: it is longer or shorter.
        """
        if len(given) != len(self):
            wanted = f"{noun} as a list of {len(self)}, for {self.listed()}"
            raise ValueError(expected(where, wanted, f"a list of {len(given)}"))
        return list(given)


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once, as Keras numbers outputs of one layer: dense, dense_1.

    >>> from fastdnn.ports import numbered
    >>> numbered(["dense", "add", "dense"])
    ('dense', 'add', 'dense_1')
    """
    seen: Counter[str] = Counter()
    unique: list[str] = []
    for name in names:
        candidate = name
        while candidate in unique:
            seen[name] += 1
            candidate = f"{name}_{seen[name]}"
        unique.append(candidate)
    return tuple(unique)

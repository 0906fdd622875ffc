"""Classes that users choose by a name: losses, metrics and their like."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from fastdnn.errors import expected, unknown_name

T = TypeVar("T")


def snake_case(class_name: str) -> str:
    """The name of a class as Keras writes it in strings.

    >>> from fastdnn.registry import snake_case
    >>> snake_case("MeanSquaredError")
    'mean_squared_error'
    >>> snake_case("KLDivergence")
    'kl_divergence'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()


class Registry(Generic[T]):
    """Classes by their names, by the same in snake_case, and by aliases.

    Args:
        kind: what they are, for messages: "a loss".
        classes: each with `get_config()`, whose numbers, texts and booleans make an instance again.
        aliases: {string: class}, beside the classes' own names.

    >>> from fastdnn.registry import Registry
    >>> class SlowDecay:
    ...     pass
    >>> registry = Registry("a decay", [SlowDecay], {"slow": SlowDecay})
    >>> registry.named("slow") is registry.named("slow_decay") is registry.named("SlowDecay")
    True
    """

    def __init__(self, kind: str, classes: Iterable[type[T]], aliases: Mapping[str, type[T]]) -> None:
        self.kind = kind
        self.classes = {each.__name__: each for each in classes}
        self._strings = {snake_case(name): each for name, each in self.classes.items()} | dict(aliases)

    @property
    def strings(self) -> list[str]:
        """What users may write, but for the classes' own names."""
        return sorted(self._strings)

    def has(self, given: object) -> bool:
        """Whether it is an instance of one of the classes."""
        return isinstance(given, tuple(self.classes.values()))

    def find(self, name: object) -> type[T] | None:
        """The class of a name, if there is one; strings in capitals ("MSE") will do."""
        if not isinstance(name, str):
            return None
        return self._strings.get(name) or self.classes.get(name) or self._strings.get(name.lower())

    def named(self, name: object, where: str = "get") -> type[T]:
        """The class of a name.

        Raises:
            ValueError: there is none.
        """
        found = self.find(name)
        if found is None:
            raise unknown_name(where, self.kind, name, self._strings)
        return found

    def from_config(self, class_name: str, config: Mapping[str, Any], where: str) -> T:
        """An instance from its class's name and `get_config()`.

        Raises:
            ValueError: no class has this name, or the configuration does not fit it.
        """
        if class_name not in self.classes:
            raise unknown_name(where, self.kind, class_name, self.classes)
        try:
            return self.classes[class_name](**config)
        except TypeError as error:
            raise ValueError(expected(where, f"arguments of {class_name}", str(error))) from error

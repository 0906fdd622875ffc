"""Small parts of a model, such as regularizers: as they are, by name, or from what a file says of them."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from fastdnn.errors import expected
from fastdnn.registry import Registry

Part = TypeVar("Part")


def described(part: Any) -> dict[str, Any]:
    """What makes a part again, of JSON's types: its class and arguments."""
    return {"class_name": type(part).__name__, "config": part.get_config()}


def described_or_none(part: Any) -> dict[str, Any] | None:
    """The same; None of None."""
    return None if part is None else described(part)


def found(registry: Registry[Part], given: Any, where: str) -> Part | None:
    """A part as it is, of its defaults by name, or of its description; None for none.

    Raises:
        ValueError: a name is unknown, or `given` is something else.
    """
    if given is None or registry.has(given):
        return cast("Part | None", given)
    if isinstance(given, str):
        return registry.from_config(registry.named(given, where).__name__, {}, where)
    if isinstance(given, Mapping) and given.keys() == {"class_name", "config"}:
        return registry.from_config(given["class_name"], given["config"], where)
    examples = ", ".join(f"{kind}()" for kind in registry.classes)
    raise ValueError(expected(where, f"{registry.kind}: {examples}, a name, or None", repr(given)))

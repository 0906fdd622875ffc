"""Small parts of a model, such as regularizers: as they are, by name, or from what a file says of them."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from fastdnn.errors import expected, unknown_name

Part = TypeVar("Part")


def described(part: Any) -> dict[str, Any]:
    """What makes a part again, of JSON's types: its class and arguments."""
    return {"class_name": type(part).__name__, "config": part.get_config()}


def made(
    where: str, what: str, class_name: object, config: object, classes: Mapping[str, type[Part]]
) -> Part:
    """The part that `described` described.

    Raises:
        ValueError: there is no such class, or it does not take these arguments.
    """
    if not isinstance(class_name, str) or class_name not in classes:
        raise unknown_name(where, what, class_name, classes)
    try:
        return classes[class_name](**config)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(expected(where, f"arguments of {class_name}", repr(config), str(error))) from error


def described_or_none(part: Any) -> dict[str, Any] | None:
    """The same; None of None."""
    return None if part is None else described(part)


def found(
    where: str, what: str, given: Any, classes: Mapping[str, type[Part]], names: Mapping[str, type[Part]]
) -> Part | None:
    """A part as it is, of its defaults by name, or of its description; None for none.

    Raises:
        ValueError: a name is unknown, or `given` is something else.
    """
    if given is None or isinstance(given, tuple(classes.values())):
        return cast("Part | None", given)
    if isinstance(given, str):
        if given not in names:
            raise unknown_name(where, what, given, names)
        return names[given]()
    if isinstance(given, Mapping) and given.keys() == {"class_name", "config"}:
        return made(where, what, given["class_name"], given["config"], classes)
    examples = ", ".join(f"{kind}()" for kind in classes)
    raise ValueError(expected(where, f"{what}: {examples}, a name, or None", repr(given)))

"""What a model file says of a part: its class and the arguments that make it again.

Parts of the package are found by their names. Those of the user are marked `custom` and found in what the
caller of `load_model` gives: nothing is imported by a name in a file.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Any

from fastdnn import losses, metrics
from fastdnn.custom.losses import PythonLoss
from fastdnn.custom.metrics import PythonMetric
from fastdnn.errors import expected


def described(part: Any, ours: bool, where: str) -> dict[str, Any]:
    """Class and arguments; `custom` marks what is the user's own, whatever its name."""
    config = part.get_config() if hasattr(part, "get_config") else {}
    entry = {"class_name": type(part).__name__, "config": config}
    if ours:
        return entry
    where = f"save, {where}"
    try:
        json.dumps(config)
    except (TypeError, ValueError) as error:
        raise ValueError(expected(where, "a get_config() of JSON's types", str(error))) from error
    try:
        inspect.signature(type(part)).bind(**config)
    except TypeError as error:
        hint = "give all arguments of __init__ in get_config()"
        raise ValueError(expected(where, "a get_config() that makes it again", str(error), hint)) from error
    return {**entry, "custom": True}


def described_loss(loss: losses.Loss) -> dict[str, Any]:
    """A loss of the package's, or what makes the user's own."""
    if isinstance(loss, PythonLoss):
        return described(loss.given, False, f"loss {loss.name!r}")
    return described(loss, True, "loss")


def described_metric(metric: metrics.Metric) -> Any:
    """A name of the package's, or what makes the user's own; a function is known by its name."""
    if not isinstance(metric, PythonMetric):
        return metric.name
    if metric.is_function:
        return {"function": metric.name}
    return described(metric.given, False, f"metric {metric.name!r}")


class CustomObjectError(ValueError):
    """A file needs a class or function of the user's that was not given, or is another one."""


class CustomObjects:
    """What `custom_objects` holds, by name."""

    def __init__(self, where: str, objects: Mapping[str, Any] | None) -> None:
        self._where = where
        self._objects = dict(objects or {})

    def get(self, what: str, name: str) -> Any:
        """The class or function of a name.

        Raises:
            CustomObjectError: it was not given.
        """
        if name not in self._objects:
            got = ", ".join(self._objects) or "none"
            hint = f"pass it: fastdnn.load_model(path, custom_objects={{{name!r}: {name}}})"
            raise CustomObjectError(
                expected(self._where, f"the {what} {name!r} among custom_objects", got, hint)
            )
        return self._objects[name]

    def make(self, what: str, entry: dict[str, Any]) -> Any:
        """The object that `described` described.

        Raises:
            CustomObjectError: there is no such class, or it does not take its own configuration.
        """
        name, config = entry["class_name"], entry["config"]
        try:
            return self.get(what, name)(**config)
        except TypeError as error:
            where = f"{self._where}, {what} {name}"
            raise CustomObjectError(expected(where, f"a class that takes {config}", str(error))) from error

    def loss(self, entry: dict[str, Any]) -> Any:
        """The loss that `described_loss` described."""
        if "custom" in entry:
            return self.make("loss", entry)
        return losses.from_config(entry["class_name"], entry["config"])

    def metric(self, entry: Any) -> Any:
        """What `compile` takes for the metric that `described_metric` described."""
        if not isinstance(entry, dict):
            return entry
        if "function" in entry:
            return self.get("metric", entry["function"])
        return self.make("metric", entry)

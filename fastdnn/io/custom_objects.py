"""What a model file says of a part: its class and the arguments that make it again.

Parts of the package are found by their names. Those of the user are marked `custom` and found in what the
caller of `load_model` gives: nothing is imported by a name in a file.
"""

import inspect
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from fastdnn import losses, metrics, optimizers
from fastdnn.custom.losses import PythonLoss, is_loss
from fastdnn.custom.metrics import PythonMetric, is_stateful
from fastdnn.errors import expected
from fastdnn.initializers import Initializer
from fastdnn.layers.layer import Layer
from fastdnn.parts import described

_CONFIG_HINT = 'write get_config(self) as {"k": self.k, ...}, for a layer with **super().get_config()'


def described_layer(layer: Layer, ours: bool) -> dict[str, Any]:
    """A layer of the package's, or of the user's: the latter's name and `trainable` are kept beside the
    arguments, whether they are among them or not.
    """
    if ours:
        entry = described(layer)
        where = f"layer {layer.name!r}"
        entry["config"] = {key: _described_part(part, where) for key, part in entry["config"].items()}
        return entry
    kept = {"name": layer.name, "trainable": layer.trainable}
    return {**_described_custom(layer, f"layer {layer.name!r}", kept), **kept}


def _described_part(part: Any, where: str) -> Any:
    """An argument of a layer, as JSON: an initialiser of the user's by its class or its function's name."""
    if inspect.isroutine(part):
        return {"function": part.__name__}
    if isinstance(part, Initializer) or callable(part):
        return _described_custom(part, f"{where}, initializer {type(part).__name__}")
    return part


def _described_custom(part: Any, where: str, kept: Collection[str] = ()) -> dict[str, Any]:
    """Class and arguments, marked as the user's own. The file keeps the arguments in `kept` anyway.

    Raises:
        ValueError: `get_config` lacks an argument, which would be another one in the model that is loaded, or
            gives something else than arguments.
    """
    config = part.get_config() if hasattr(part, "get_config") else {}
    where = f"save, {where}"
    try:
        json.dumps(config)
    except (TypeError, ValueError) as error:
        raise ValueError(expected(where, "a get_config() of JSON's types", str(error))) from error
    signature = inspect.signature(type(part))
    try:
        signature.bind(**config)
    except TypeError as error:
        got = str(error)
        raise ValueError(expected(where, "a get_config() that makes it again", got, _CONFIG_HINT)) from error
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    single = [name for name, parameter in signature.parameters.items() if parameter.kind not in several]
    lacking = [name for name in single if name not in config and name not in kept]
    if lacking and not _is_ours(type(part).__init__):
        got = f"one without {', '.join(lacking)}"
        raise ValueError(expected(where, "a get_config() with all arguments of __init__", got, _CONFIG_HINT))
    return {"class_name": type(part).__name__, "config": config, "custom": True}


def _is_ours(function: object) -> bool:
    """Whether the package has written it, and knows what it leaves to the tensors of a file."""
    return getattr(function, "__module__", "").partition(".")[0] == __name__.partition(".")[0]


def described_loss(loss: losses.Loss) -> dict[str, Any]:
    """A loss of the package's, or what makes the user's own."""
    if isinstance(loss, PythonLoss):
        return _described_custom(loss.given, f"loss {loss.name!r}")
    return described(loss)


def described_metric(metric: metrics.Metric) -> Any:
    """One of the package's, or what makes the user's own; a function is known by its name."""
    if isinstance(metric, metrics.OperationMetric):
        return metrics.described(metric)
    assert isinstance(metric, PythonMetric)
    if metric.is_function:
        return {"function": metric.name}
    return _described_custom(metric.given, f"metric {metric.name!r}")


def described_optimizer(optimizer: optimizers.Optimizer) -> dict[str, Any]:
    """An optimiser, with the schedules of its numbers: the package's, or the user's own; a function is known
    by its name.
    """
    entry = described(optimizer)
    for name, schedule in optimizer.schedules.items():
        if not _is_ours(type(schedule)) and "function" not in entry["config"][name]:
            entry["config"][name] = _described_custom(schedule, f"schedule of {name}")
    return entry


class CustomObjectError(ValueError):
    """A file needs a class or function of the user's that was not given, or is another one."""


class CustomObjects:
    """What `custom_objects` holds, by name.

    Raises:
        CustomObjectError: it is no mapping.
    """

    def __init__(self, where: str, objects: Mapping[str, Any] | None) -> None:
        if objects is not None and not isinstance(objects, Mapping):
            hint = 'such as {"Scale": Scale}'
            raise CustomObjectError(
                expected(
                    "load_model", "custom_objects as {name: class or function}", type(objects).__name__, hint
                )
            )
        self._where = where
        self._objects = dict(objects or {})
        self.used = False

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
        self.used = True
        return self._objects[name]

    def make(self, what: str, entry: dict[str, Any], is_one: Callable[[object], bool]) -> Any:
        """The object that was described.

        Raises:
            CustomObjectError: there is no such class, it does not take its own configuration, or makes
                something else.
        """
        name, config = entry["class_name"], entry["config"]
        make = self.get(what, name)
        where = f"{self._where}, {what} {name}"
        try:
            made = make(**config)
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
            raise CustomObjectError(expected(where, f"a class that takes {config}", got)) from error
        self._check(where, f"a class that makes a {what}", made, is_one)
        return made

    def _check(self, where: str, wanted: str, made: Any, is_one: Callable[[object], bool]) -> None:
        if not is_one(made):
            hint = "custom_objects has another one under this name"
            raise CustomObjectError(expected(where, wanted, repr(made), hint))

    def layer(self, entry: dict[str, Any]) -> Layer:
        """The layer of the user's that `described_layer` described."""
        layer: Layer = self.make("layer", entry, lambda made: isinstance(made, Layer))
        layer.name = Layer(name=entry["name"]).name  # checked
        layer.trainable = entry["trainable"]
        return layer

    def arguments(self, config: dict[str, Any], what: str | None = None) -> dict[str, Any]:
        """The arguments of a part of the package's, among which may be parts of the user's: each `what`, or
        what its argument's name ends with.
        """
        return {
            key: self._part(what or key.rpartition("_")[-1], entry)  # kernel_initializer
            for key, entry in config.items()
        }

    def _part(self, what: str, entry: Any) -> Any:
        if not isinstance(entry, dict) or not {"custom", "function"} & entry.keys():
            return entry
        if "custom" in entry:
            return self.make(what, entry, callable)
        found = self.get(what, entry["function"])
        self._check(f"{self._where}, {what} {entry['function']}", "a function", found, callable)
        return found

    def optimizer(self, entry: dict[str, Any]) -> optimizers.Optimizer:
        """The optimiser that `described_optimizer` described."""
        return optimizers.from_config(entry["class_name"], self.arguments(entry["config"], "schedule"))

    def loss(self, entry: dict[str, Any]) -> Any:
        """The loss that `described_loss` described."""
        if "custom" in entry:
            return self.make("loss", entry, is_loss)
        return losses.from_config(entry["class_name"], entry["config"])

    def metric(self, entry: Any) -> Any:
        """What `compile` takes for the metric that `described_metric` described."""
        if "function" in entry:
            name = entry["function"]
            function = self.get("metric", name)
            self._check(f"{self._where}, metric {name}", "a function", function, callable)
            return function
        if "custom" in entry:
            return self.make("metric", entry, is_stateful)
        return metrics.from_config(entry["class_name"], entry["config"])

"""Metrics in Python: objects with `name`, `update(y, y_hat, sample_weight)`, `result()` and `reset()`, or
functions f(y, y_hat).
"""

import copy
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fastdnn.custom.calls import Frame
from fastdnn.errors import expected
from fastdnn.locks import ForkedLock
from fastdnn.losses import Loss
from fastdnn.program import Program, Value

_METHODS = ("update", "result", "reset")


def is_metric(given: object) -> bool:
    """Whether an object is meant as one."""
    return callable(given) or is_stateful(given) or hasattr(given, "update_state")


def is_stateful(given: object) -> bool:
    """Whether it has the methods of a metric, and is no function."""
    return not isinstance(given, type) and all(callable(getattr(given, name, None)) for name in _METHODS)


class PythonMetric:
    """What a model needs of a metric, of an object or a function of the user's.

    Raises:
        ValueError: it has no name, or methods of other names.
    """

    def __init__(self, given: Any, where: str = "compile") -> None:
        self.given = given
        self.is_function = not is_stateful(given)
        if isinstance(given, type):
            raise ValueError(expected(where, "a metric", repr(given), "write it with parentheses"))
        kind = type(given).__name__
        if self.is_function and hasattr(given, "update_state"):
            wanted = "a metric with update(y, y_hat, sample_weight), result() and reset()"
            raise ValueError(expected(where, wanted, f"{kind} with update_state", "see fastdnn.metrics"))
        name = getattr(given, "name", None)
        if name is None and self.is_function:
            name = getattr(given, "__name__", None)
        if not isinstance(name, str) or not name:
            hint = "set its attribute name"
            raise ValueError(expected(where, f"a name of {kind}, a string", repr(name), hint))
        self.name: str = name

    def lower(
        self,
        program: Program,
        figure: str,
        loss: Loss,
        prediction: Value,
        target: Value,
        weights: Value | None,
    ) -> None:
        """A call that observes."""
        inputs = (prediction, target) if weights is None else (prediction, target, weights)
        program.call(MetricUpdate(self, figure, labels=loss.integer_targets), inputs)
        program.add_figure(figure)


class MetricUpdate:
    """`update`: prediction, target and, if there are, weights."""

    def __init__(self, metric: PythonMetric, figure: str, *, labels: bool) -> None:
        self.metric = metric
        self.figure = figure
        self.label = figure if metric.is_function else f"{figure}.update"
        self._labels = labels

    def __call__(self, frame: Frame, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """Nothing."""
        y_hat, y = inputs[:2]
        weights = inputs[2][:, 0] if len(inputs) == 3 else None
        assert frame.metrics is not None
        frame.metrics.state(self.figure).update(y[:, 0] if self._labels else y, y_hat, weights)
        return []


class MeanOfFunction:
    """The mean over the rows of f(y, y_hat), which gives a number for each row, or their mean."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name = name
        self._function = function
        self.reset()

    def reset(self) -> None:
        """Forget all rows."""
        self._sum, self._rows = 0.0, 0

    def update(self, y: np.ndarray, y_hat: np.ndarray, sample_weight: np.ndarray | None) -> None:
        """Take in a batch; like those of the package it does not mind weights."""
        rows = len(y_hat)
        given = np.asarray(self._function(y, y_hat))
        if given.dtype.kind not in "buif" or given.shape not in ((), (rows,), (rows, 1)):
            got = f"shape {given.shape}, dtype {given.dtype}"
            raise ValueError(expected(self._name, f"a number, or one for each of {rows} rows", got))
        self._sum += float(given) * rows if given.ndim == 0 else float(given.sum(dtype=np.float64))
        self._rows += rows

    def result(self) -> float:
        """The mean."""
        return self._sum / max(1, self._rows)


_claiming = ForkedLock(threading.RLock)  # the garbage collector may release one while another is claimed
_claimed: set[int] = set()


class MetricStates:
    """The metrics of one run that are Python's, by the figures that they give: the user's own objects, or,
    where something has them at this moment, copies. From `reset` to `release` they are this run's.
    """

    def __init__(self, metrics: Mapping[str, object]) -> None:
        self._metrics = {name: metric for name, metric in metrics.items() if isinstance(metric, PythonMetric)}
        self._states: dict[str, Any] = {}
        self._own: list[object] = []

    @classmethod
    def of(cls, program: Program) -> "MetricStates":
        """Those that a program updates."""
        return cls({call.figure: call.metric for call in program.calls if isinstance(call, MetricUpdate)})

    def among(self, names: Sequence[str], averages: Iterable[float]) -> list[float]:
        """The figures of these names: these averages, and in their places what the metrics say; then the
        averages that are left, which have no names.
        """
        others = iter(averages)
        named = [self.result(name) if name in self._metrics else next(others) for name in names]
        return [*named, *others]

    def __enter__(self) -> "MetricStates":
        self.reset()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def reset(self) -> None:
        """Begin afresh; nothing is held where one of them refuses."""
        try:
            for name, metric in self._metrics.items():
                if name not in self._states:
                    self._states[name] = self._state_of(metric)
                self._states[name].reset()
        except BaseException:
            self.release()
            raise

    def _state_of(self, metric: PythonMetric) -> Any:
        if metric.is_function:
            return MeanOfFunction(metric.name, metric.given)
        with _claiming():
            taken = id(metric.given) in _claimed
            if not taken:
                _claimed.add(id(metric.given))
                self._own.append(metric.given)
        return _copy_of(metric) if taken else metric.given

    def release(self) -> None:
        """The objects may be another run's; their figures are in them."""
        with _claiming():
            _claimed.difference_update(map(id, self._own))
        self._own.clear()
        self._states.clear()

    def __del__(self) -> None:
        if vars(self).get("_own"):
            self.release()

    def state(self, name: str) -> Any:
        """The object that is updated."""
        return self._states[name]

    def result(self, name: str) -> float:
        """The figure so far.

        Raises:
            ValueError: `result()` gave no number.
        """
        given = self._states[name].result()
        try:
            return float(given)
        except (TypeError, ValueError) as error:
            raise ValueError(expected(f"{name}.result", "a number", repr(given))) from error


def copies(metrics: Mapping[str, object]) -> dict[str, object]:
    """The same metrics, the user's objects as copies of their own.

    Raises:
        TypeError: one cannot be copied.
    """
    return {name: _with_copy(metric) for name, metric in metrics.items()}


def _with_copy(metric: object) -> object:
    if not isinstance(metric, PythonMetric) or metric.is_function:
        return metric
    copied = copy.copy(metric)
    copied.given = _copy_of(metric)
    return copied


def _copy_of(metric: PythonMetric) -> Any:
    try:
        return copy.deepcopy(metric.given)
    except Exception as error:
        wanted = "a metric that copy.deepcopy can copy, since two runs need it at once"
        raise TypeError(expected(metric.name, wanted, f"{type(error).__name__}: {error}")) from error

"""Metrics in Python: objects with `name`, `update(y, y_hat, sample_weight)`, `result()` and `reset()`, or
functions f(y, y_hat).
"""

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.checks import is_text
from fastdnn.copying import deep_copy
from fastdnn.custom.calls import Frame
from fastdnn.errors import expected
from fastdnn.figures import Figure, values_of
from fastdnn.locks import ForkedLock
from fastdnn.program import Program

if TYPE_CHECKING:
    from fastdnn.metrics.base import Measurement

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
        if not is_text(name) or not name:
            hint = "set its attribute name"
            raise ValueError(expected(where, f"a name of {kind}, a string in UTF-8", repr(name), hint))
        self.name: str = name

    def lower(self, on: "Measurement") -> None:
        """A call that observes."""
        inputs = (on.prediction, on.target) if on.weights is None else (on.prediction, on.target, on.weights)
        on.program.call(MetricUpdate(self, on.figure, labels=on.loss.integer_targets), inputs)
        on.program.add_figure(Figure(on.figure))


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
    """The mean over the rows of f(y, y_hat), which gives a number for each row, or their mean; with weights
    Σ w f / Σ w.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name = name
        self._function = function
        self.reset()

    def reset(self) -> None:
        """Forget all rows."""
        self._sum, self._count = 0.0, 0.0

    def update(self, y: np.ndarray, y_hat: np.ndarray, sample_weight: np.ndarray | None) -> None:
        """Take in a batch."""
        rows = len(y_hat)
        given = np.asarray(self._function(y, y_hat))
        shapes = [(rows,), (rows, 1)] if sample_weight is not None else [(), (rows,), (rows, 1)]
        if given.dtype.kind not in "buif" or given.shape not in shapes:
            wanted = "a number, or one" if sample_weight is None else "a number, to be weighted,"
            got = f"shape {given.shape}, dtype {given.dtype}"
            raise ValueError(expected(self._name, f"{wanted} for each of {rows} rows", got))
        weights = np.ones(rows) if sample_weight is None else sample_weight.astype(np.float64)
        if given.ndim == 0:
            self._sum += float(given) * rows
        elif sample_weight is None:
            self._sum += float(given.sum(dtype=np.float64))
        else:
            self._sum += float(given.reshape(rows).astype(np.float64) @ weights)
        self._count += float(weights.sum())

    def result(self) -> float:
        """The mean."""
        return self._sum / self._count if self._count else 0.0


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

    def figures(self, figures: Sequence[Figure], totals: Sequence[float]) -> list[float]:
        """What these totals make of the figures, and in their places what the metrics say."""
        values = zip(figures, values_of(figures, totals), strict=True)
        return [self.result(figure.name) if value is None else value for figure, value in values]

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
    wanted = "a metric that copy.deepcopy can copy, since two runs need it at once"
    return deep_copy(metric.name, metric.given, wanted)

"""Calls: the operations of a program that are code of the user's.

Each is given copies of its inputs and returns its outputs, checked. One that has no output observes: it is
called when the step is kept, once, and not where it is abandoned.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from fastdnn.custom.metrics import MetricStates


class Frame:
    """What the calls of one run have between them. Many runs of a program may be under way at once."""

    def __init__(self, metrics: "MetricStates | None" = None) -> None:
        self.metrics = metrics
        self.saved: dict[object, Any] = {}  # by forward call: what its backward call needs
        self.assigned: dict[object, dict[str, np.ndarray]] = {}  # by layer: weights of the next step

    def forget(self) -> None:
        """The run is over, or a step that was not finished."""
        self.saved.clear()
        self.assigned.clear()


class Call(Protocol):
    """One call of a program."""

    @property
    def label(self) -> str:
        """For people: what is called ("scale.forward")."""
        ...

    def __call__(self, frame: Frame, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """The outputs, (rows, cols) each, contiguous, in the type of the executor."""
        ...


class Forward(Call, Protocol):
    """A call that a gradient flows through."""

    def backward(self, wanted: tuple[bool, ...]) -> Call:
        """The call that takes the gradient of the first output and gives those of the inputs that are
        wanted, in their order.
        """
        ...


class Caller:
    """Makes the calls of a program (`Program.calls`), by number, for one run."""

    def __init__(self, calls: Sequence[Call], metrics: "MetricStates | None" = None) -> None:
        self._calls = calls
        self._frame = Frame(metrics)

    def __call__(self, number: int, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """Make one."""
        return self._calls[number](self._frame, inputs)

    def __enter__(self) -> "Caller | None":
        """Itself, where there is anything to call."""
        return self if self._calls else None

    def __exit__(self, *_: object) -> None:
        self._frame.forget()

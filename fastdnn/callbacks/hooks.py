"""The callbacks of one call, and who of them listens to what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastdnn.callbacks.callback import Callback
from fastdnn.checks import whole
from fastdnn.errors import expected

if TYPE_CHECKING:
    from fastdnn.model import Model

# Of a fit, before the ends of epochs.
_EARLIER = (
    "on_epoch_begin",
    "on_train_batch_begin",
    "on_train_batch_end",
    "steps_to_evaluation",
    "steps_to_sample",
)
# A hook whose default calls another one, by Keras's older names.
_OLDER = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def _listens(callback: Callback, hook: str) -> bool:
    """Whether its class, or the object itself, has a hook of its own."""
    if hook in vars(callback) or getattr(type(callback), hook) is not getattr(Callback, hook):
        return True
    return hook in _OLDER and _listens(callback, _OLDER[hook])


class Hooks:
    """Calls the hooks of several callbacks, in their order.

    Args:
        where: the method whose argument they are, for errors.
        callbacks: what the user gave.

    Raises:
        ValueError: something among them is no `Callback`.
    """

    def __init__(self, where: str, callbacks: Sequence[Callback] | None) -> None:
        if isinstance(callbacks, Callback):
            callbacks = [callbacks]
        self.callbacks = list(callbacks or ())
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ValueError(expected(where, "callbacks of fastdnn.callbacks", repr(callback)))
        self._listeners: dict[str, list[Callback]] = {}
        self.inside = False  # while a hook runs, and after it has raised

    def start(self, model: "Model", params: dict[str, Any]) -> None:
        """Tell all of them which model and which call they are in."""
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def listen(self, *hooks: str) -> bool:
        """Whether anyone listens to one of these hooks."""
        return bool(self.callbacks) and any(self._who(hook) for hook in hooks)

    def call(self, hook: str, *arguments: Any) -> None:
        """Call a hook of all who listen to it."""
        if self.callbacks:
            self.tell(self._who(hook), hook, *arguments)

    def tell(self, callbacks: Sequence[Callback], hook: str, *arguments: Any) -> None:
        """Call a hook of these."""
        for callback in callbacks:
            self.inside = True
            getattr(callback, hook)(*arguments)
            self.inside = False

    def tell_others(self, told: Callback, hook: str, *arguments: Any) -> None:
        """Call a hook of all who listen to it but this one."""
        self.tell([each for each in self._who(hook) if each is not told], hook, *arguments)

    def take_epochs_late(self) -> bool:
        """Whether several epochs may be run before anyone is told: nobody listens to more than their ends,
        and to these only who says that some hundredths of a second do not matter.
        """
        ends = self._who("on_epoch_end")
        return not self.listen(*_EARLIER) and all(vars(type(each)).get("takes_epochs_late") for each in ends)

    def evaluations(self) -> list[tuple[Callback, int]]:
        """Who wants the held-out data evaluated between steps, and in how many."""
        wanted = [(callback, callback.steps_to_evaluation()) for callback in self._who("steps_to_evaluation")]
        return [
            (callback, whole(type(callback).__name__, "steps_to_evaluation()", steps, 1))
            for callback, steps in wanted
            if steps is not None
        ]

    def samples(self, steps: int) -> list[tuple[Callback, Sequence[int]]]:
        """Who wants to look into which of the next so many steps.

        Raises:
            ValueError: no numbers, or such that are not ascending from 1 to `steps`.
        """
        asked = []
        for callback in self._who("steps_to_sample"):
            numbers = _numbers_of(callback, callback.steps_to_sample(steps), steps)
            if numbers:
                asked.append((callback, numbers))
        return asked

    def _who(self, hook: str) -> list[Callback]:
        if hook not in self._listeners:
            self._listeners[hook] = [callback for callback in self.callbacks if _listens(callback, hook)]
        return self._listeners[hook]


def _numbers_of(callback: Callback, given: Any, steps: int) -> Sequence[int]:
    """The steps that a callback gave, whatever holds them: ascending, of 1 to `steps`."""
    where = f"{type(callback).__name__}.steps_to_sample"
    numbers = given if type(given) is range else _listed(where, given)
    if numbers and not 1 <= numbers[0] <= numbers[-1] <= steps:
        raise ValueError(expected(where, f"ascending steps of 1 to {steps}", repr(given)))
    return numbers


def _listed(where: str, given: Any) -> list[int]:
    try:
        numbers = [whole(where, "a step", number) for number in given]
    except TypeError:
        hint = "return () where no step is to be sampled"
        raise ValueError(expected(where, "numbers of steps", repr(given), hint)) from None
    if numbers != sorted(set(numbers)):
        raise ValueError(expected(where, "ascending numbers of steps", repr(given)))
    return numbers

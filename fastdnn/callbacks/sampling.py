"""The steps of a fit that callbacks look into."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from fastdnn.callbacks.callback import Callback
from fastdnn.callbacks.hooks import Hooks
from fastdnn.errors import expected
from fastdnn.sampling import SampleLayout, Samples

_MOST = 256  # samples of one native call: a matter of memory


class Sampling:
    """Asks before a native call which of its steps are sampled, and tells afterwards.

    An epoch of a small network takes half a millisecond, and this is done in each: so few words of Python.
    """

    def __init__(self, hooks: Hooks, layout: SampleLayout, inference_loss: Callable[[], float]) -> None:
        self._hooks = hooks
        self._layout = layout
        self._inference_loss = inference_loss
        self._cuts = any(callback.samples_inference_loss for callback in hooks.callbacks)
        self._loss = math.nan  # of the step that is sampled next
        self._asked: list[tuple[Callback, Sequence[int]]] = []
        self._numbers: Sequence[int] = ()

    def go_on(self, layout: SampleLayout) -> None:
        """By a new program, whose samples tell of the same.

        Raises:
            ValueError: they do not, since other weights are trained.
        """
        if layout.names != self._layout.names or layout.width != self._layout.width:
            other = sorted(set(layout.names) ^ set(self._layout.names))
            hint = "freeze and unfreeze layers between two fits"
            wanted = "the same trained weights in a fit whose steps a callback looks into"
            raise ValueError(expected("fit", wanted, f"a change of {', '.join(other[:4])}", hint))
        self._layout = layout

    def of(self, steps: int) -> tuple[Sequence[int], int]:
        """Which of the next so many steps are sampled, from 1; and how many to do before the next call."""
        asked = self._asked = self._hooks.samples(steps)
        one = len(asked) == 1
        numbers = asked[0][1] if one else sorted({number for _, own in asked for number in own})
        if len(numbers) > _MOST:
            numbers, steps = numbers[:_MOST], numbers[_MOST - 1]
        self._loss = math.nan
        if self._cuts and len(numbers):
            numbers, steps = self._one(numbers, steps)
        self._numbers = numbers
        return numbers, steps

    def _one(self, numbers: Sequence[int], steps: int) -> tuple[Sequence[int], int]:
        """At most the next step, if that is sampled, and as far as before the one after it."""
        if numbers[0] > 1:
            return (), numbers[0] - 1
        self._loss = self._inference_loss()
        return numbers[:1], numbers[1] - 1 if len(numbers) > 1 else steps

    def tell(self, first: int, figures: np.ndarray, rates: list[float]) -> None:
        """The rows of the samples that were done, after `first` steps of the optimiser."""
        asked, done = self._asked, len(figures)
        if not done:
            return
        steps = [first + number for number in self._numbers[:done]]
        samples = Samples(self._layout, steps, rates[:done], figures, self._loss)
        if len(asked) == 1:
            self._hooks.tell((asked[0][0],), "on_samples", samples)
            return
        for callback, own in asked:
            wanted = {first + number for number in own}
            places = [place for place, step in enumerate(steps) if step in wanted]
            if places:
                self._hooks.tell((callback,), "on_samples", samples.of(places))

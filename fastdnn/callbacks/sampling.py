"""The steps of a fit that callbacks look into."""

from collections.abc import Sequence

import numpy as np

from fastdnn.callbacks.callback import Callback
from fastdnn.callbacks.hooks import Hooks
from fastdnn.sampling import SampleLayout, Samples

_MOST = 256  # samples of one native call: a matter of memory


class Sampling:
    """Asks before a native call which of its steps are sampled, and tells afterwards.

    An epoch of a small network takes half a millisecond, and this is done in each: so few words of Python.
    """

    def __init__(self, hooks: Hooks, layout: SampleLayout) -> None:
        self._hooks = hooks
        self._layout = layout
        self._asked: list[tuple[Callback, Sequence[int]]] = []
        self._numbers: Sequence[int] = ()

    def of(self, steps: int) -> tuple[Sequence[int], int]:
        """Which of the next so many steps are sampled, from 1; and how many to do: fewer where these are many."""
        asked = self._asked = self._hooks.samples(steps)
        if len(asked) == 1:
            numbers = asked[0][1]
        else:
            numbers = sorted({number for _, own in asked for number in own})
        if len(numbers) > _MOST:
            numbers, steps = numbers[:_MOST], numbers[_MOST - 1]
        self._numbers = numbers
        return numbers, steps

    def tell(self, first: int, figures: np.ndarray, rates: Sequence[float]) -> None:
        """The rows of the samples that were done, after `first` steps of the optimiser."""
        done = len(figures)
        steps = [first + number for number in self._numbers[:done]]
        for callback, own in self._asked if done else ():
            samples = Samples(self._layout, steps, rates[:done], figures)
            if len(self._asked) > 1:
                wanted = {first + number for number in own}
                samples = samples.of([place for place, step in enumerate(steps) if step in wanted])
            if samples.steps:
                self._hooks.tell((callback,), "on_samples", samples)

"""Learning rates by name, for a training whose longest length is known."""

from collections.abc import Callable
from typing import Final

from fastdnn import schedules

# Each takes the rate that was asked for, and the steps of all epochs.
_SCHEDULES: Final[dict[str, Callable[[float, int], schedules.LearningRateSchedule | float]]] = {
    "constant": lambda rate, steps: rate,
    "cosine": lambda rate, steps: schedules.CosineDecay(rate, steps),
    "exponential": lambda rate, steps: schedules.ExponentialDecay(rate, steps, 0.01),
    "linear": lambda rate, steps: schedules.PolynomialDecay(rate, steps, 0.0),
    "one-cycle": lambda rate, steps: schedules.OneCycle(rate, steps),
}
NAMES: Final = tuple(_SCHEDULES)


def scheduled(name: str, rate: float, steps: int) -> "schedules.LearningRateSchedule | float":
    """The learning rate over a training of so many steps.

    "constant"      the rate itself
    "cosine"        half a cosine, from the rate to 0
    "exponential"   α dᵗ, from the rate to a hundredth of it
    "linear"        a line, from the rate to 0
    "one-cycle"     a rise to the rate in the first three tenths, then a fall to next to nothing

    Args:
        name: one of `NAMES`.
        rate: the learning rate, the largest one of all steps.
        steps: of all epochs.

    >>> from fastdnn.cli.schedule import scheduled
    >>> scheduled("linear", 0.1, 100)(50)
    0.05
    """
    return _SCHEDULES[name](rate, steps)

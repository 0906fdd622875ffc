"""How many steps an epoch has."""

from fastdnn.checks import whole


def steps_per_epoch(examples: int, batch_size: int) -> int:
    """⌈N / batch⌉: the iterations of an epoch; the last one takes what is left. For `decay_steps` and
    `total_steps`, which count steps: epochs times this.

    Args:
        examples: N >= 1, those of the training set.
        batch_size: >= 1; N or more is batch gradient descent, 1 stochastic, what lies between mini-batch.

    Raises:
        ValueError: one of them is no whole number >= 1.

    Source: decks 002 ("5,000,000 examples: 5,000 mini-batches of 1,000 each") and 003.

    >>> import fastdnn as fd
    >>> fd.schedules.steps_per_epoch(20_000_000, 1_000)
    20000
    """
    n = whole("steps_per_epoch", "examples", examples, 1)
    return -(-n // whole("steps_per_epoch", "batch_size", batch_size, 1))

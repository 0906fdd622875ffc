"""A change that was made while a model trained."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One number that was changed between two steps of a fit.

    Epochs and steps are counted from 1, as progress lines and learning curves count them; those that hooks of
    callbacks are given, and `History.epoch`, count from 0, as in Keras. The first loss that a change had a
    part in is `history.history["loss"][change.epoch - 1]`.

    epoch: of the fit, in which it holds first; of "stop", the last one.
    step: of that epoch, from which on it holds; None for "stop", which is at the epoch's end.
    name: "learning_rate", "drop/dropout", "hidden/kernel/l2"; "undo", where `old` and `new` are how many
        epochs of this fit the weights have been through; "stop".
    old: the number before; None for no limit of a gradient.
    new: the number after it.
    note: why, in the words of whoever changed it.

    >>> from fastdnn.callbacks.change import Change
    >>> print(Change(5, 1, "learning_rate", 0.1, 0.01, "it goes up and down"))
    epoch 5: learning_rate 0.1 → 0.01 (it goes up and down)
    >>> print(Change(5, 3, "learning_rate", 0.1, 0.01))
    epoch 5, step 3: learning_rate 0.1 → 0.01
    >>> print(Change(8, None, "stop", None, None))
    after epoch 8: stop
    """

    epoch: int
    step: int | None
    name: str
    old: float | None
    new: float | None
    note: str = ""

    @property
    def what(self) -> str:
        """In few words, without its place."""
        if self.name == "stop":
            return "stop"
        old, new = (_text(value) for value in (self.old, self.new))
        if self.name == "undo":
            return f"undo: back from {old} to {new} epochs"
        return f"{self.name} {old} → {new}"

    @property
    def place(self) -> str:
        """When it holds, in few words."""
        return place_of(self.epoch, self.step)

    def __str__(self) -> str:
        note = f" ({self.note})" if self.note else ""
        return f"{self.place}: {self.what}{note}"


def place_of(epoch: int, step: int | None) -> str:
    """Between which steps: both from 1, None for the epoch's end.

    >>> from fastdnn.callbacks.change import place_of
    >>> place_of(3, 1), place_of(3, 2), place_of(3, None)
    ('epoch 3', 'epoch 3, step 2', 'after epoch 3')
    """
    if step is None:
        return f"after epoch {epoch}"
    return f"epoch {epoch}" + (f", step {step}" if step > 1 else "")


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"

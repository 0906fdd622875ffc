"""A change that was made while a model trained."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One number that was changed between two steps of a fit.

    epoch: of the fit, from 0, in which it holds first.
    step: of that epoch, from 0, from which on it holds.
    name: "learning_rate", "drop/dropout", "hidden/kernel/l2"; "undo", where `old` and `new` are the epochs
        that the model had done; "stop".
    old: the number before; None for no limit of a gradient.
    new: the number after it.
    note: why, in the words of whoever changed it.

    >>> from fastdnn.callbacks.change import Change
    >>> print(Change(4, 0, "learning_rate", 0.1, 0.01, "it goes up and down"))
    epoch 5: learning_rate 0.1 → 0.01 (it goes up and down)
    """

    epoch: int
    step: int
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

    def __str__(self) -> str:
        step = f", step {self.step + 1}" if self.step else ""
        note = f" ({self.note})" if self.note else ""
        return f"epoch {self.epoch + 1}{step}: {self.what}{note}"


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"

"""What a diagnosis found, in plain words: what is so, what shows it, and which line of code mends it."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "hint", "good"]
_ORDER: tuple[Severity, ...] = ("error", "warning", "hint", "good")


@dataclass(frozen=True)
class Advice:
    """One thing that a diagnosis found.

    kind: its name in code, such as "high_variance".
    severity: "error", what makes all other figures worthless (targets of another kind, a wrong gradient);
        "warning", what costs much; "hint", what may be worth a try; "good", what is as it should be.
    text: one sentence: what is so and what to do.
    evidence: the figures that show it, with units.
    code: the line or lines of Python that act on it; "" where there are none.
    source: the deck and its heading, or the paper.
    cause: the kind of another finding from which this one may follow; "" of none. `report` says it.

    Code is written for these names, and does not import the first two: `fd` (fastdnn), `np` (NumPy); `model`;
    `x`, `y`, the training set; `x_dev`, `y_dev`, the dev set; `x_test`, `y_test`, the test set. A model with
    something changed is called `better`, or after the change.

    >>> from fastdnn.diagnose import Advice
    >>> print(Advice("low_rate", "warning", "The learning rate is too low: raise it.", "loss 2.31 to 2.28",
    ...              "model.optimizer.learning_rate = 0.01", 'deck 004, "Learning rate"'))
    warning: The learning rate is too low: raise it.
      seen: loss 2.31 to 2.28
      do: model.optimizer.learning_rate = 0.01
      source: deck 004, "Learning rate"
    """

    kind: str
    severity: Severity
    text: str
    evidence: str = ""
    code: str = ""
    source: str = ""
    cause: str = ""

    @property
    def is_trouble(self) -> bool:
        """Whether it is an error or a warning."""
        return self.severity in ("error", "warning")

    def __str__(self) -> str:
        return self.told()

    def told(self, width: int = 110) -> str:
        """Lines of at most `width` characters where words allow; code is never broken."""
        said = {"seen": self.evidence, "do": self.code, "source": self.source}
        lines = textwrap.wrap(f"{self.severity}: {self.text}", width, subsequent_indent="  ")
        for name, what in said.items():
            if name == "do":
                lines += [
                    f"  {'    ' if number else 'do: '}{line}" for number, line in enumerate(what.splitlines())
                ]
            elif what:
                lines += textwrap.wrap(
                    f"{name}: {what}", width, initial_indent="  ", subsequent_indent="    "
                )
        return "\n".join(lines)


def each_kind_once(advice: Iterable[Advice]) -> tuple[Advice, ...]:
    """The first of each kind, in their order.

    >>> from fastdnn.diagnose.advice import Advice, each_kind_once
    >>> l2 = Advice("l2", "hint", "Regularise.")
    >>> len(each_kind_once([l2, l2, Advice("l2", "hint", "L2.")]))
    1
    """
    first: dict[str, Advice] = {}
    for each in advice:
        first.setdefault(each.kind, each)
    return tuple(first.values())


def ordered(advice: Iterable[Advice]) -> tuple[Advice, ...]:
    """The most severe first; those of one severity stay in their order.

    >>> from fastdnn.diagnose.advice import Advice, ordered
    >>> [a.kind for a in ordered([Advice("fine", "good", "Fine."), Advice("nan", "error", "NaN.")])]
    ['nan', 'fine']
    """
    return tuple(sorted(advice, key=lambda a: _ORDER.index(a.severity)))

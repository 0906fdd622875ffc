"""How a report prints: the few things that matter whole, the rest by name."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.intervention_advice import REFUTED
from fastdnn.report import table

if TYPE_CHECKING:
    from fastdnn.diagnose.sections import Section

MOST_TOLD = 5  # pieces of advice that are printed whole
MOST_HINTS = 2  # of them hints, beside a trouble: what may be worth a try can wait
MOST_GOOD = 3
_WIDTH = 110  # of `Advice.told`
# Kinds whose name by itself would say too little as a symptom.
_SYMPTOMS = {
    "never_predicted": "classes that are never predicted",
    "worst_class": "a class that is worse than all",
    "poor_ranking": "scores that hardly tell the classes apart",
    "blind_measure": "a margin that does not know the mistakes",
    "no_better_than_guessing": "nothing learned",
    "no_gap": "no gap between the sets",
    "noisy": "a noisy curve",
    "dead_units": "dead units",
    "diverged": "a loss that diverges",
    "not_finite": "outputs that are not finite",
    "train_longer": "a loss that still falls",
}


def report_text(advice: Sequence[Advice], sections: Sequence["Section"]) -> str:
    """All of it."""
    told, symptoms, rest, fine = parts_of(advice)
    parts = ["\n".join([each.told(), *_explained(each, symptoms)]) for each in told]
    if rest:
        parts.append(f"and {len(rest)} more: print(report.details())")
    if fine:
        more = f" And {len(fine) - MOST_GOOD} more." if len(fine) > MOST_GOOD else ""
        words = " ".join(each.text for each in fine[:MOST_GOOD])
        parts.append(textwrap.fill(f"also good: {words}{more}", _WIDTH))
    rows = [
        [one.title, "left out: " + one.left_out if one.left_out else f"{one.seconds:.2f} s"]
        for one in sections
    ]
    return "\n\n".join([*parts, table(["looked at", "time"], rows)])


def parts_of(
    advice: Sequence[Advice],
) -> tuple[list[Advice], list[Advice], list[Advice], list[Advice]]:
    """What is told whole, what follows from it, what is left for the details, and what is good."""
    first, later = advice[:1], advice[1:]
    fine = [each for each in later if each.severity == "good"]
    symptoms = [each for each in later if each.cause]
    others = [*first, *(each for each in later if each.severity != "good" and not each.cause)]
    bad = [each for each in others if each.is_trouble]
    hints = [each for each in others if not each.is_trouble and REFUTED not in each.evidence]
    room = min(MOST_TOLD - len(bad), MOST_HINTS) if bad else MOST_TOLD
    told = [*bad[:MOST_TOLD], *hints[: max(0, room)]]
    rest = [each for each in others if each not in told]
    shown = {each.kind for each in told}
    rest += [each for each in symptoms if each.cause not in shown]
    return told, [each for each in symptoms if each.cause in shown], rest, fine


def _explained(cause: Advice, symptoms: Sequence[Advice]) -> list[str]:
    names = [
        _SYMPTOMS.get(each.kind, each.kind.replace("_", " ")) for each in symptoms if each.cause == cause.kind
    ]
    if not names:
        return []
    text = f"this may explain, too: {', '.join(names)}"
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")

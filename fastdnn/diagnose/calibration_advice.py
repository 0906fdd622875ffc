"""What the calibration of a classifier says in plain words."""

from typing import TYPE_CHECKING

from fastdnn.diagnose.advice import Advice

if TYPE_CHECKING:
    from fastdnn.diagnose.calibration import Calibration

# What temperature scaling leaves of the error: Guo et al., "On calibration of modern neural networks", ICML
# 2017, table 1, has 1 to 2 % for nearly all networks.
GAP = 0.02
ERRORS = 2.0  # standard errors that a gap is above, lest few rows be taken for a finding
GUO = "Guo et al., On calibration of modern neural networks, ICML 2017"


def calibration_advice(found: "Calibration") -> tuple[Advice, ...]:
    """Whether it is too sure, and the temperature that mends it; of a guess nothing."""
    seen = (
        f"mean confidence {100 * found.mean_confidence:.1f} %, right in {100 * found.mean_accuracy:.1f} %; "
        f"expected calibration error {100 * found.expected_error:.1f} %"
    )
    if not found.above_guessing:
        text = (
            "The network is not clearly better than guessing: how sure it is says nothing before it has "
            "learnt something."
        )
        seen = (
            f"right in {100 * found.mean_accuracy:.1f} %; always guessing the most frequent class: in "
            f"{100 * found.guess_accuracy:.1f} %"
        )
        return (Advice("no_better_than_guessing", "hint", text, seen),)
    if abs(found.gap) <= max(GAP, ERRORS * found.gap_error):
        text = "The probabilities are, on average, as high as the share of right answers."
        if abs(found.gap) > GAP:
            text = "On so few rows the probabilities do not clearly differ from the share of right answers."
        return (Advice("calibrated", "good", text, seen, source=GUO),)
    logits = ", from_logits=True" if found.from_logits else ""
    code = f"p = fd.diagnose.apply_temperature(model.predict(x), {found.temperature:.4g}{logits})"
    what = "network is" if found.of == "top" else f"probability of {found.of!r} is"
    seen += f"; log loss {found.log_loss:.4g}, {found.log_loss_at_temperature:.4g} at this temperature"
    if found.of != "top":
        high = "high" if found.gap > 0 else "low"
        text = f"The {what} too {high} on average: is the class as frequent here as in training?"
        return (Advice(f"probability_too_{high}", "warning", text, seen, source=GUO),)
    if found.gap > 0:
        text = (
            f"The {what} over-confident: divide its logits by the temperature {found.temperature:.3g}, or "
            "train it with label_smoothing=0.1 of its loss."
        )
        return (Advice("over_confident", "warning", text, seen, code, GUO),)
    text = (
        f"The {what} under-confident: divide its logits by the temperature {found.temperature:.3g}, or "
        "train it longer, with less label smoothing or dropout."
    )
    return (Advice("under_confident", "hint", text, seen, code, GUO),)

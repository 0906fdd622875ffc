"""What the trust in a classifier's answers says in plain words."""

from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.roc import ACCEPTABLE, Z, auc_error, of_sweep
from fastdnn.diagnose.thresholds import sweep

if TYPE_CHECKING:
    from fastdnn.diagnose.trust import Trust

_SOURCE = 'deck 001, "Possible results get by SoftMax"'
_REJECTED = 0.1  # the share of rows whose rejection is told as an example
_WORTH = 0.8  # of the error: above that rejection gains too little to be told
_BLIND = 0.6  # area under the ROC curve below which the measure does not know the mistakes; chance is 0.5
_SURE = 0.95  # a wrong answer of this probability may have a wrong label (Northcutt et al., JAIR 2021)
_HIGH, _CLOSE = 0.9, 0.1  # deck 001's example (a): a raw output of 0.98, and a margin of 0.03
_LISTED = 5


def trust_advice(found: "Trust") -> tuple[Advice, ...]:
    """What of it is worth saying, the most important first."""
    said = [_wanted(found), _hesitation(found)]
    if found.y_true is not None:
        said += [_blind(found), _reject(found), _mistakes(found)]
    kept = [advice for advice in said if advice is not None]
    if not kept:
        kept = [Advice("trust", "good", f"All rows are judged by their {found.measure}.", _spread(found))]
    return ordered(kept)


def _spread(found: "Trust") -> str:
    low, middle, high = np.quantile(found.score, (0.05, 0.5, 0.95))
    return f"{found.measure} from {low:.3g} (5 % are below) over {middle:.3g} to {high:.3g} (5 % are above)"


def _call(found: "Trust", threshold: float) -> str:
    """The lines that reject rows."""
    logits = ", from_logits=True" if found.kind == "logits" else ""
    measure = "" if found.measure == "margin" else f", measure={found.measure!r}"
    return f"sure = fd.diagnose.trust(model.predict(x), threshold={threshold!r}{measure}{logits}).accepted"


def _wanted(found: "Trust") -> Advice | None:
    if found.wanted_error is None:
        return None
    wanted = f"{100 * found.wanted_error:.3g} %"
    if not np.isfinite(found.threshold):
        text = f"No {found.measure} is high enough that the accepted rows have an error of at most {wanted}."
        seen = ""
        if found.curve is not None:
            seen = f"even the most trusted rows have an error of {100 * found.curve.error[0]:.2f} %"
        return Advice("error_out_of_reach", "warning", text, seen, source=_SOURCE)
    text = f"Accepted from a {found.measure} of {found.threshold:.4g} on, the error is at most {wanted}."
    seen = f"{100 * (1 - found.coverage):.1f} % of rows are rejected; choose on dev rows, judge on test rows"
    return Advice("threshold", "good", text, seen, _call(found, found.threshold), _SOURCE)


def _hesitation(found: "Trust") -> Advice | None:
    """Two logistic outputs that are both high."""
    if found.kind != "logistic":
        return None
    rows = np.flatnonzero((found.raw >= _HIGH) & (found.margin < _CLOSE))
    if not rows.size:
        return None
    text = "Some rows have two high outputs: the network hesitates, whatever its highest output says."
    seen = (
        f"{len(rows)} of {len(found.raw)} rows have an output of at least {_HIGH:g} and a margin below "
        f"{_CLOSE:g}: rows {_rows(rows)}"
    )
    return Advice("hesitation", "hint", text, seen, source=_SOURCE)


def _blind(found: "Trust") -> Advice | None:
    right, weights = found.label == found.y_true, found.sample_weight
    counted = right if weights is None else right[weights > 0]
    if counted.all() or not counted.any():
        return None
    curve = of_sweep(sweep(right, found.score, weights))
    auc = curve.auc
    # What may be acceptable, and what chance may make so of so few rows, is no finding.
    highest = max(auc + Z * curve.auc_error, 0.5 + Z * auc_error(0.5, *curve.rows))
    if auc >= _BLIND or highest >= ACCEPTABLE:
        return None
    text = f"The {found.measure} does not tell right answers from mistakes: do not reject by it."
    return Advice("blind_measure", "warning", text, f"area under the ROC curve {auc:.3f}; chance is 0.5")


def _reject(found: "Trust") -> Advice | None:
    curve, error = found.curve, found.error
    if curve is None or not error or found.wanted_error is not None:
        return None
    kept, at = curve.error_at(1 - _REJECTED), curve.threshold_at(1 - _REJECTED)
    share = float(curve.coverage[np.searchsorted(-curve.thresholds, -at)])
    if kept > _WORTH * error or share == 1:
        return None
    text = (
        f"Answers with a {found.measure} below {at:.3g} are better left to a person: rejecting "
        f"{100 * (1 - share):.0f} % of rows lowers the error of the rest from {100 * error:.2f} % to "
        f"{100 * kept:.2f} %."
    )
    return Advice("reject", "hint", text, _spread(found), _call(found, at), _SOURCE)


def _mistakes(found: "Trust") -> Advice | None:
    """Wrong, and very sure."""
    rows = [int(row) for row in found.sure_mistakes() if found.top[row] >= _SURE]
    if not rows or found.y_true is None:
        return None
    first = rows[0]
    text = "Some answers are wrong and very sure: look whether their labels are right."
    seen = (
        f"row {first} is {found.classes[found.y_true[first]]!r} and taken for "
        f"{found.classes[found.label[first]]!r} with {100 * found.top[first]:.1f} %"
    )
    shown = f"[{_rows(np.array(rows))}]"
    return Advice("sure_mistakes", "hint", text, seen, f"print(x_dev[{shown}], y_dev[{shown}])")


def _rows(rows: np.ndarray) -> str:
    return ", ".join(str(row) for row in rows[:_LISTED].tolist())

"""One order for the advice of all parts: causes before what follows from them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.causes import CAUSES, OFF_SCALE, Cause


def ranked(advice: Iterable[Advice], causes: tuple[Cause, ...] = CAUSES) -> tuple[Advice, ...]:
    """The advice of all parts in one order: errors, warnings, hints, good news; of each the roots first.

    - Of several findings of one kind the most severe stays, with the evidence of all.
    - A finding that a trouble (an error or warning) explains becomes a hint that says so.
    - A cause that is a trouble by its consequences only is a hint where none of them was found.
    - Remedies of what is explained, or is no trouble, are left out, and good news that a trouble denies.
    - A last resort is left out where another cause was found.

    >>> from fastdnn.diagnose.advice import Advice
    >>> from fastdnn.diagnose.ranking import ranked
    >>> found = [Advice("high_bias", "warning", "High bias."), Advice("low_rate", "warning", "Raise it.")]
    >>> [(each.kind, each.severity) for each in ranked(found)]
    [('low_rate', 'warning'), ('high_bias', 'hint')]
    """
    rows = {row.kind: row for row in causes}
    found = _merged(advice)
    weighed = _without_last_resort(_weighed(found, rows), rows)
    troubles = [kind for kind, each in weighed.items() if each.is_trouble]
    by = {kind: _explained_by(kind, troubles, rows) for kind in weighed}
    mended = [each for each in troubles if not by[each]]
    gone = {kind for each in weighed if each not in mended for kind in _row(each, rows).remedies}
    gone -= {kind for each in mended for kind in (each, *_row(each, rows).remedies)}
    gone |= {kind for each in troubles for kind in _row(each, rows).denies}
    said_as = {kind for kind, each in found.items() if each.is_trouble}
    told = [
        _told(each, by[kind] if kind in said_as else "") for kind, each in weighed.items() if kind not in gone
    ]
    order = {kind: number for number, kind in enumerate(rows)}
    return ordered(sorted(told, key=lambda each: order.get(each.kind, len(order))))


def behind_signals(advice: Iterable[Advice]) -> list[Advice]:
    """Advice without a rate that seems too low, where signal or gradient is lost between the layers: a loss
    falls as slowly for that, and no rate mends it.
    """
    found = list(advice)
    losing = (*OFF_SCALE, "saturating_activations")
    lost = any(each.kind in losing and each.is_trouble for each in found)
    return [each for each in found if not (lost and each.kind == "low_rate")]


def _row(kind: str, rows: Mapping[str, Cause]) -> Cause:
    return rows.get(kind, Cause(kind))


def _merged(advice: Iterable[Advice]) -> dict[str, Advice]:
    """One for each kind."""
    found: dict[str, Advice] = {}
    for each in ordered(advice):
        kind = each.kind
        first = found.get(kind)
        if first is None:
            found[kind] = each
        elif each.evidence and each.evidence not in first.evidence:
            found[kind] = replace(first, evidence="; ".join(filter(None, [first.evidence, each.evidence])))
    return found


def _weighed(found: Mapping[str, Advice], rows: Mapping[str, Cause]) -> dict[str, Advice]:
    """Causes without any of their consequences as hints."""
    bad = {kind for kind, each in found.items() if each.is_trouble}

    def weight(kind: str, each: Advice) -> Advice:
        row = _row(kind, rows)
        alone = row.needs_symptom and not _consequences(row, bad, rows)
        return replace(each, severity="hint") if alone and each.severity == "warning" else each

    return {kind: weight(kind, each) for kind, each in found.items()}


def _without_last_resort(weighed: Mapping[str, Advice], rows: Mapping[str, Cause]) -> dict[str, Advice]:
    """Without what is said for want of another cause, where a trouble is one."""
    last = {kind for kind in weighed if _row(kind, rows).last_resort}
    explained = {kind for each in last for kind in _row(each, rows).explains if kind in weighed}
    causes = [kind for kind, each in weighed.items() if each.is_trouble and kind not in last]
    others = [kind for kind in causes if _is_deeper(_row(kind, rows), last, explained, rows)]
    return {kind: each for kind, each in weighed.items() if not (others and kind in last)}


def _is_deeper(row: Cause, last: set[str], explained: set[str], rows: Mapping[str, Cause]) -> bool:
    """Whether a cause explains what the last resort would, and is no symptom that this explains."""
    of_last = {kind for each in last for kind in _row(each, rows).explains}
    symptoms = {kind for kind in of_last if not _row(kind, rows).needs_symptom}
    return row.kind not in symptoms and (row.explains == ("...",) or not explained.isdisjoint(row.explains))


def _consequences(row: Cause, kinds: Iterable[str], rows: Mapping[str, Cause]) -> list[str]:
    """Those of the kinds that a cause explains and that show by themselves that something is wrong."""
    return [kind for kind in kinds if kind in row.explains and not _row(kind, rows).needs_symptom]


def _explained_by(kind: str, troubles: list[str], rows: Mapping[str, Cause]) -> str:
    """The first cause in the table's order, among the troubles, that explains a finding; "" if there is
    none. Of two that explain each other the earlier one is the cause.
    """
    order = {kind: number for number, kind in enumerate(rows)}
    for cause in sorted(troubles, key=lambda each: order.get(each, len(order))):
        explains = _row(cause, rows).explains
        is_its = kind in explains or (explains == ("...",) and kind in rows)
        if is_its and order[cause] < order.get(kind, len(order)):
            return cause
    return ""


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _told(each: Advice, cause: str) -> Advice:
    if not cause:
        return each
    text = f'{each.text} (It may follow from "{_words(cause)}": mend that first.)'
    return replace(each, severity="hint", text=text, code="", source="", cause=cause)

"""What causes what: the order in which a report tells what its parts have found.

`CAUSES` is a table, roots first. A row says what a finding explains, so that this is told as its consequence
and not as a trouble of its own: inputs of unlike scale explain a high training error, and a bigger network
would not mend it. `ranked` is all that reads it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fastdnn.diagnose.advice import Advice, Severity, ordered

_BAD: tuple[Severity, ...] = ("error", "warning")


@dataclass(frozen=True)
class Cause:
    """A row of the table.

    kind: of the advice.
    explains: kinds that follow from it; "..." for all others of the table.
    remedies: kinds of advice that only mend this one: they go where it is explained by something else.
    denies: kinds of good news that cannot be true beside it.
    needs_symptom: whether it is a trouble only where something that it explains was found; else a hint.
    detail_of: kinds of which it is a closer look: it is a trouble only beside one of them; else a hint.
    """

    kind: str
    explains: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    denies: tuple[str, ...] = ()
    needs_symptom: bool = False
    detail_of: tuple[str, ...] = ()


# What a wrong scale, rate or network shows itself by.
_BIAS = ("no_better_than_guessing", "high_bias", "plateau", "no_gap", "not_learnt", "not_finite",
         "worse_than_chance")
_SIGNALS = ("no_signal", "vanishing_activations", "exploding_activations", "vanishing_gradients",
            "exploding_gradients", "dead_units", "saturated_units")
_CLASSES = ("never_predicted", "worst_class", "no_better_than_chance", "poor_ranking", "over_confident",
            "probability_too_high", "probability_too_low", "blind_measure", "error_out_of_reach")
_SUBSET = ("conflicting_rows", "constant_features", "no_gradient", "wrong_targets", "output_activation", "unscaled_features",
           "small_network")
_VARIANCE = ("high_variance", "overfitting", "early_stopping")
_RATE = ("high_rate", "low_rate", "unknown_rate", "noisy", "diverged", "train_longer", "other_optimizer")
_NETWORK = (*_BIAS, *_SIGNALS, *_CLASSES, "imbalance")

_REMEDIES = ("more_data", "l2", "dropout", "data_distribution", "bigger_network", "learning_rate", "other_loss",
             "other_architecture")
# What may be worth a look where nothing is wrong.
_ODDITIES = ("no_regularization", "elastic_net", "few_features", "batch_size", "sigmoid_hidden",
             "unlike_scales", "not_centred", "all_non_negative", "constant", "outliers")

# The order is that in which things are mended: what all figures are computed from, then the scales, the rate,
# the network, the sets; symptoms come last.
CAUSES: tuple[Cause, ...] = (
    Cause("gradients_wrong", explains=("...",)),
    Cause("random_loss", explains=("...",)),
    Cause("missing", explains=("...",)),
    Cause("infinite", explains=("...",)),
    Cause("output_does_not_fit_loss", explains=(*_NETWORK, *_RATE, *_VARIANCE, "saturating_activations")),
    Cause("dev_test_mismatch", explains=("high_variance", "overfitted_dev", "overfitting", "early_stopping",
                                         "dev_shift", "test_shift")),
    Cause(
        "unscaled_inputs",
        explains=(*_NETWORK, *_RATE, *_VARIANCE, "poor_initial_weights", "saturating_activations",
                  "unlike_scales", "not_centred", "all_non_negative", "slow_training"),
        denies=("good_rate",),
        needs_symptom=True,
    ),
    Cause("unscaled_targets", explains=(*_NETWORK, *_RATE), denies=("good_rate",), needs_symptom=True),
    Cause(
        "high_rate",
        explains=(*_NETWORK, *_VARIANCE, "noisy", "diverged", "train_longer", "other_optimizer",
                  "unsteady_training"),
        denies=("good_rate",),
        needs_symptom=True,
    ),
    Cause(
        "low_rate",
        explains=(*_NETWORK, "train_longer", "other_optimizer"),
        denies=("good_rate",),
        needs_symptom=True,
    ),
    Cause(
        "poor_initial_weights",
        explains=(*_NETWORK, *_RATE, "saturating_activations"),
        needs_symptom=True,
    ),
    Cause(
        "saturating_activations",
        explains=(*_NETWORK, *_RATE, "sigmoid_hidden"),
        needs_symptom=True,
    ),
    # What a few rows that cannot be learned by heart are traced to.
    *(Cause(kind, explains=(*_NETWORK, "not_learnt"), needs_symptom=True) for kind in _SUBSET),
    Cause("too_much_regularization", explains=(*_BIAS, *_RATE), needs_symptom=True),
    Cause("other_optimizer", explains=(*_BIAS, "noisy", "diverged", "train_longer"), needs_symptom=True),
    Cause("dev_shift", explains=(*_VARIANCE, "few_examples"), needs_symptom=True),
    Cause("few_examples", explains=_VARIANCE, needs_symptom=True),
    Cause("imbalance", explains=("no_better_than_guessing", *_CLASSES)),
    Cause("train_longer", explains=(*_BIAS, "low_rate"), needs_symptom=True),
    *(Cause(kind, explains=_BIAS, needs_symptom=True) for kind in _SIGNALS),
    Cause("test_shift"),
    Cause("diverged"),
    Cause("not_finite"),
    Cause("no_better_than_guessing", explains=("high_bias",)),
    Cause("unsteady_training"),
    Cause("slow_training"),
    Cause("overfitted_dev"),
    Cause("not_learnt", explains=("high_bias",)),
    # A symptom and the ways to live with it: they are no use where something deeper explains it.
    Cause(
        "high_bias",
        explains=("plateau", "no_gap"),
        remedies=("bigger_network", "train_longer", "other_architecture", "learning_rate", "other_loss"),
    ),
    Cause(
        "high_variance",
        explains=("overfitting", "no_regularization"),
        remedies=("more_data", "l2", "dropout", "data_distribution", "other_architecture", "no_regularization"),
    ),
    Cause("early_stopping", explains=("high_variance",), needs_symptom=True),
    Cause("overfitting", explains=("high_variance",), needs_symptom=True),
    Cause("plateau", explains=("high_bias",), needs_symptom=True),
    *(Cause(kind, detail_of=("high_bias", "high_variance")) for kind in _CLASSES),
    *(Cause(kind) for kind in ("worse_than_chance", "gradients_doubtful", "noisy", "unknown_rate", "no_gap")),
    *(Cause(kind) for kind in _REMEDIES),
    *(Cause(kind) for kind in _ODDITIES),
)
# Two names of one finding: those of the parts, and the table's.
ALIASES: Mapping[str, str] = {}


def ranked(advice: Iterable[Advice], causes: tuple[Cause, ...] = CAUSES) -> tuple[Advice, ...]:
    """The advice of all parts in one order: errors, warnings, hints, good news; of each the roots first.

    - Of several findings of one kind the most severe stays, with the evidence of all.
    - A finding that a trouble (an error or warning) explains becomes a hint that says so.
    - A cause that is a trouble by its consequences only is a hint where none of them was found; so is a closer
      look at a trouble that was not.
    - Remedies of what is explained are left out, and good news that a trouble denies.

    >>> from fastdnn.diagnose.advice import Advice
    >>> from fastdnn.diagnose.causes import ranked
    >>> found = [Advice("high_bias", "warning", "High bias."), Advice("rate_too_low", "warning", "Raise it.")]
    >>> [(each.kind, each.severity) for each in ranked(found)]
    [('rate_too_low', 'warning'), ('high_bias', 'hint')]
    """
    rows = {row.kind: row for row in causes}
    found = _merged(advice)
    weighed = _weighed(found, rows)
    troubles = [kind for kind, each in weighed.items() if each.severity in _BAD]
    by = {kind: _explained_by(kind, troubles, rows) for kind in weighed}
    gone = {kind for each in weighed if by[each] for kind in _row(each, rows).remedies}
    gone = {kind for kind in gone if kind not in troubles}
    gone |= {kind for each in troubles for kind in _row(each, rows).denies}
    told = [_told(each, by[kind], weighed) for kind, each in weighed.items() if kind not in gone]
    order = {kind: number for number, kind in enumerate(rows)}
    return ordered(sorted(told, key=lambda each: order.get(each.kind, len(order))))


def _row(kind: str, rows: Mapping[str, Cause]) -> Cause:
    return rows.get(kind, Cause(kind))


def _merged(advice: Iterable[Advice]) -> dict[str, Advice]:
    """One for each kind."""
    found: dict[str, Advice] = {}
    for each in ordered(advice):
        kind = ALIASES.get(each.kind, each.kind)
        first = found.get(kind)
        if first is None:
            found[kind] = replace(each, kind=kind)
        elif each.evidence and each.evidence not in first.evidence:
            found[kind] = replace(first, evidence="; ".join(filter(None, [first.evidence, each.evidence])))
    return found


def _weighed(found: Mapping[str, Advice], rows: Mapping[str, Cause]) -> dict[str, Advice]:
    """Causes without any of their consequences as hints."""
    bad = {kind for kind, each in found.items() if each.severity in _BAD}

    def weight(kind: str, each: Advice) -> Advice:
        row = _row(kind, rows)
        alone = row.needs_symptom and not _consequences(row, bad, rows)
        alone = alone or (bool(row.detail_of) and bad.isdisjoint(row.detail_of))
        return replace(each, severity="hint") if alone and each.severity == "warning" else each

    return {kind: weight(kind, each) for kind, each in found.items()}


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
        if cause != kind and (kind in explains or (explains == ("...",) and kind in rows)):
            if order[cause] < order.get(kind, len(order)):
                return cause
    return ""


def _told(each: Advice, cause: str, found: Mapping[str, Advice]) -> Advice:
    if not cause or each.severity not in _BAD:
        return each
    text = f"{each.text} (It may follow from {cause}: mend that first.)"
    return replace(each, severity="hint", text=text, code="", source="")

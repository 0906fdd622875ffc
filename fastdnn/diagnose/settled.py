"""What is left of bias and variance where no change that was tried betters the network on dev rows.

A training error of 10 % is a trouble if a better network has 5 %, and none if the targets are noisy: then
each network has it. Which of both it is, bigger and more regularised networks tell, judged by the dev set.
"""

from collections.abc import Iterable
from dataclasses import replace

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.case import Case
from fastdnn.diagnose.causes import CAUSES
from fastdnn.diagnose.fresh_copy import highest_rate, with_units
from fastdnn.diagnose.intervention_advice import cause_found
from fastdnn.diagnose.intervention_trials import Plan, Runner
from fastdnn.diagnose.interventions import MOST_ROWS, Interventions, trial_steps
from fastdnn.diagnose.judged_by_dev import Judge
from fastdnn.diagnose.wider import LEAST_UNITS, in_front_of_outputs, wider_units
from fastdnn.layers import Dense, Dropout
from fastdnn.model import Model
from fastdnn.regularizers import L2

WIDER = 4.0  # times the units of hidden layers
PENALTIES = (1e-3, 1e-2)  # of L2
DROPPED = 0.3  # of the units in front of the output
SURE = 3.0  # standard errors, of several networks one of which may be better by chance
NOISE = 0.1  # train error from which it is worth saying that noise is the likely reason
_BAD = ("error", "warning")
_SEEN = "tried: no other network that was trained does better on dev rows"
_OF_BIAS = (
    "high_bias",
    "plateau",
    "more_epochs",
    "not_learnt",
    "small_network",
    "wrong_targets",
    "low_rate",
    "high_rate",
    "unknown_rate",
    "unscaled_inputs",
    "unscaled_features",
    "saturating_activations",
    "other_optimizer",
    "noisy",
)
_REMEDIES_OF_BIAS = next(row.remedies for row in CAUSES if row.kind == "high_bias")
_OF_VARIANCE = ("high_variance", "overfitting", "early_stopping")
_CAUSES_OF_VARIANCE = ("few_examples", "dev_shift", "dev_test_mismatch", "unrelated_targets", "copied_rows")
_BAYES = 'deck 002, "Bias and Variance"'


def settled(found: Iterable[Advice], tried: Interventions | None, case: Case) -> list[Advice]:
    """Findings of high bias or variance as hints where nothing better was found; and what that means."""
    found = list(found)
    if tried is None or cause_found(tried) is not None or not case.dev_is_learned:
        return found
    bad = {each.kind for each in found if each.severity in _BAD}
    gone: set[str] = set()
    added: list[Advice] = []
    judge = _judge(case)
    if not bad.isdisjoint({"high_bias", "not_learnt"}):
        added = _better(case, judge)
        if added and "few_examples" in bad:  # which is what is to be mended first
            added = []
        elif not added:
            gone |= {*_OF_BIAS}
            added = _limits(case)
    of_variance = not bad.isdisjoint(_OF_VARIANCE) and bad.isdisjoint(_CAUSES_OF_VARIANCE)
    if of_variance and not judge.any_better(_regularized(case)):
        gone |= {*_OF_VARIANCE}
    told = [each for each in found if not ("high_bias" in gone and each.kind in _REMEDIES_OF_BIAS)]
    return [*added, *(_hint(each) if each.kind in gone else each for each in told)]


def _hint(each: Advice) -> Advice:
    if each.severity not in _BAD:
        return each
    return replace(each, severity="hint", evidence="; ".join(filter(None, [each.evidence, _SEEN])))


def _judge(case: Case) -> Judge:
    rows = case.train.drawn(MOST_ROWS, case.seed)
    size = min(case.batch_size, len(rows))
    run = Runner(case.model, rows, size, trial_steps(case.model, size), case.seed)
    return Judge(
        run, case.train, case.dev, Plan("as_it_is", "as it is", _rate(case)), case.steps_done, sure=SURE
    )


def _rate(case: Case) -> float:
    return highest_rate(case.model.optimizer)


def _better(case: Case, judge: Judge) -> list[Advice]:
    """Training longer or a bigger network, where that makes fewer errors on dev rows."""
    seen = f"{case.told('dev')}; a network that was trained so makes fewer"
    if judge.longer_is_better():
        text = "The training ended too early, or on a wrong path: train longer, from new weights."
        code = "better = fd.diagnose.fresh_copy(model)\nbetter.fit(x, y, epochs=100)"
        return [Advice("train_longer", "warning", text, seen, code, 'deck 000, "Bias/Variance"')]
    plan = wider_plan(case.model, _rate(case))
    if plan is None or not judge.is_better(plan):
        return []
    text = f"The network is too small: with {plan.what} it makes fewer errors on the dev set, too."
    code = f"better = fd.diagnose.fresh_copy(model, widen={WIDER:g})\nbetter.fit(x, y, epochs=50)"
    source = 'deck 001, "When we achieve high bias (low training data performance), try to"'
    return [Advice("small_network", "warning", text, seen, code, source)]


def wider_plan(model: Model, rate: float) -> Plan | None:
    """A bigger network, as `fresh_copy(widen=...)` makes it; None where there is no place for units."""
    units = wider_units(model.graph, WIDER)
    if units:
        change = with_units({layer.name: count for layer, count in units.items()})
        return Plan("bigger", "more hidden units", rate, change=change)
    try:
        before = in_front_of_outputs("report", model.graph, [Dense(LEAST_UNITS, "relu")])
    except ValueError:  # no Dense layer gives the output
        return None
    return Plan("bigger", "a hidden layer", rate, before=before)


def _regularized(case: Case) -> Iterable[Plan]:
    rate = _rate(case)
    for penalty in PENALTIES:
        yield Plan("l2", f"L2 of {penalty:g}", rate, penalty=L2(penalty))
    try:
        before = in_front_of_outputs("report", case.model.graph, [Dropout(DROPPED)])
    except ValueError:
        return
    yield Plan("dropout", f"dropout of {DROPPED:g}", rate, before=before)


def _limits(case: Case) -> list[Advice]:
    """What an error means that no network that was tried gets below."""
    train = case.errors["train"]
    if train < NOISE or case.human is not None:
        return []
    text = (
        "What errors are left may be noise: neither another training nor a bigger network does better on dev "
        "rows. Look at wrong rows; if their targets are wrong or cannot be known, say so by human_error."
    )
    seen = case.told("train", "dev")
    code = f"print(fd.diagnose.report(model, (x, y), (x_dev, y_dev), human_error={train:.2g}))"
    return [Advice("noisy_targets", "hint", text, seen, code, _BAYES)]

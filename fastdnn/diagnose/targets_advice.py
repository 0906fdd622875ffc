"""What the errors say where nothing is learned, or nothing that carries over: of a network without training,
and of targets that the features say nothing, or not all, about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.case import LEARNED, Case
from fastdnn.diagnose.fresh_copy import optimizer_like, rebuilt
from fastdnn.diagnose.intervention_advice import cause_found
from fastdnn.diagnose.interventions import WITHOUT_USE

if TYPE_CHECKING:
    from fastdnn.diagnose.sections import Section

_TRIED = "tried: "  # in the evidence of what `settled` has found to be no trouble
_LEFT = {
    "high_bias": "The training set is not fitted, and no other network that was tried fits it to more use: "
    "see what its features can say at best.",
    "high_variance": "The dev set is done worse than the training set, by each network that was tried: more "
    "rows may help.",
}
AT_CHANCE = 0.95  # of the error of guessing: above, nothing was learned, or nothing that carries over
HALF_WAY = 0.5  # of it, above: figures of an unfinished network, whatever they are, are no good news
# What is true of a network that says the same for each row, too.
_FLATTERY = (
    "low_variance",
    "small_gap",
    "good_rate",
    "calibrated",
    "ranking",
    "trust",
    "near_misses",
    "even_classes",
    "spread_confusion",
    "no_confusion",
    "all_classes_seen",
    "steady_signal",
    "steady_gradient",
)
_STEPS = 'deck 004, "Training Process, Step-by-step"'
_SHUFFLED = """\
shuffled = fd.diagnose.fresh_copy(model)
shuffled.fit(x, np.random.default_rng(0).permutation(y), epochs=20)
print("dev loss:", model.evaluate(x_dev, y_dev), "of shuffled targets:", shuffled.evaluate(x_dev, y_dev))"""


def not_trained(case: Case) -> list[Advice]:
    """Whether there was no step yet: none is counted, none is in the history, the weights are as drawn."""
    steps = case.model.optimizer.iterations
    if steps or _epochs(case.history) or not _is_as_drawn(case):
        return []
    text = "The model is not trained yet: call fit first. All that is said here is of random weights."
    seen = "no step of the optimiser, no history, and the weights are those that were drawn"
    code = "model.fit(x, y, epochs=20, validation_data=(x_dev, y_dev))"
    return [Advice("not_trained", "error", text, seen, code, _STEPS)]


def _epochs(history: Any) -> bool:
    return bool(getattr(history, "history", history))


def _is_as_drawn(case: Case) -> bool:
    model = case.model
    try:
        twin = rebuilt(model, optimizer_like(model.optimizer), seed=model.seed)
    except TypeError:  # a layer of the user's own that cannot be copied
        return False
    now, drawn = model.get_weights(), twin.get_weights()
    return bool(now) and all(np.array_equal(a, b) for a, b in zip(now, drawn, strict=True))


def unrelated(case: Case) -> list[Advice]:
    """What was learned of the training set is worth nothing on the dev set."""
    guess = case.guessing
    of_train = case.train.error_of_guessing(case.model, case.train)
    train, dev = case.errors["train"], case.errors["dev"]
    if not guess > 0 or not train < LEARNED * of_train or not dev >= AT_CHANCE * guess:
        return []
    if dev - case.give_or_take("train", "dev") < HALF_WAY * guess:  # so few rows may show it by chance
        return []
    text = (
        "What the network has learned is worth nothing on the dev set: it knows the training rows by heart. "
        "The features may say nothing about the targets, or the rows of x and y are mixed up."
    )
    seen = f"{case.told('train', 'dev')}; of saying the same for all {case.said(guess)}"
    return [Advice("unrelated_targets", "warning", text, seen, _SHUFFLED, _STEPS)]


def without_flattery(found: Iterable[Advice], case: Case) -> list[Advice]:
    """Without good news that is none where the network is near to guessing."""
    if case.errors["dev"] < HALF_WAY * case.guessing:
        return list(found)
    return [each for each in found if each.severity != "good" or each.kind not in _FLATTERY]


def without_verdict(found: Iterable[Advice]) -> list[Advice]:
    """Bias and variance that no other network is without, as what they are, and not as a trouble."""
    found = list(found)
    hints = [each for each in found if each.severity == "hint"]
    left = {each.kind for each in hints if each.kind in _LEFT and _TRIED in each.evidence}
    remedy = "early_stopping" if "high_variance" in left else ""  # as the curve saw it, it has evidence
    kept = [each for each in found if each.kind != remedy or each.evidence]
    return [replace(each, text=_LEFT[each.kind], code="") if each.kind in left else each for each in kept]


def in_vain(found: Sequence[Advice], later: Iterable["Section"], case: Case) -> list[Advice]:
    """What may be so where no change that was tried makes the training set fit."""
    results = {section.name: section.result for section in later}
    tried = results.get("interventions")
    kinds = {each.kind for each in found if each.is_trouble}
    if tried is None or cause_found(tried) is not None:
        return []
    least = min(trial.loss for trial in tried.trials)
    if "no_better_than_guessing" in kinds and "unrelated_targets" not in kinds:
        few = results.get("subset")
        if few is None or not few.reached or least < WITHOUT_USE * tried.guessing:
            return []
        text = (
            "Nothing that was tried makes the network better than guessing, though it can learn a few rows "
            "by heart: the features may say nothing about the targets, or the rows of x and y are mixed up."
        )
        seen = f"{case.told('train', 'dev')}; guessing {case.said(case.guessing)}"
        return [Advice("unrelated_targets", "warning", text, seen, _SHUFFLED, _STEPS)]
    return []

"""What short trainings with one thing changed say of the cause of a trouble."""

import math
from collections.abc import Iterable
from dataclasses import replace

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.intervention_trials import DECISIVE, Trial
from fastdnn.diagnose.interventions import SMALL, Interventions
from fastdnn.diagnose.rules import INPUTS_SOURCE, RELU_CODE, SCALE_CODE

# Of changes that do nearly as well as the best, the first of this list is the cause: what stands later is
# often a way around what stands before. (A low rate makes up for large inputs, Adam for a wrong rate.)
_DEEPEST_FIRST = (
    "inputs",
    "targets",
    "inputs_and_targets",
    "rate",
    "weights",
    "relu",
    "regularization",
    "adam",
)
_NEARLY = 3.0  # times the lowest loss
# Of the loss as it is. Targets are tried only where their scale is far off; a huge rate makes up for that.
_ALL = 0.1
REFUTED = "tried from new weights: what is hoped for does not come of it"
_STEPS = 'deck 004, "Training Process, Step-by-step"'

# The change that tests a finding, and of rates the side.
_TESTS: dict[str, tuple[str, dict[str, bool]]] = {
    "unscaled_inputs": ("inputs", {}),
    "unscaled_targets": ("targets", {}),
    "high_rate": ("rate", {"lower": True}),
    "low_rate": ("rate", {"higher": True}),
    "diverged": ("rate", {"lower": True}),
    "saturating_activations": ("relu", {}),
}


def cause_found(tried: Interventions) -> Advice | None:
    """The cause, by the change that makes the loss fall; None where none does."""
    root = root_of(tried)
    if root is not None:
        return _advice(root, tried)
    longer = tried.as_it_is.loss < DECISIVE * tried.now and tried.as_it_is.confirmed is not False
    learned = math.isfinite(tried.guessing) and tried.now < SMALL * tried.guessing
    if learned or not longer or not math.isfinite(tried.as_it_is.loss) or not math.isfinite(tried.now):
        return None
    text = "The training ended too early, or on a wrong path: train longer, from new weights."
    seen = f"loss {tried.now:.4g}; {tried.as_it_is.loss:.4g} after {tried.steps} steps from new weights"
    code = "better = fd.diagnose.fresh_copy(model)\nbetter.fit(x, y, epochs=100)"
    return Advice("train_longer", "warning", text, seen, code, 'deck 000, "Bias/Variance"')


def root_of(tried: Interventions) -> Trial | None:
    """The change that is nearest to the cause, of those that help."""
    better = tried.effective()
    near = [trial for trial in better if trial.loss <= _NEARLY * better[0].loss]
    if not any(trial.name == "inputs_and_targets" for trial in near):
        least = _ALL * tried.as_it_is.loss
        near += [trial for trial in better if trial.name == "targets" and trial.loss <= least]
    return min(near, key=lambda trial: _DEEPEST_FIRST.index(trial.name), default=None)


def tested(found: Iterable[Advice], tried: Interventions) -> list[Advice]:
    """Findings of other parts, as hints where the change that would mend them was tried and is not the
    cause.
    """
    root = root_of(tried)

    def judged(advice: Advice) -> Advice:
        if advice.kind not in _TESTS or not advice.is_trouble:
            return advice
        name, side = _TESTS[advice.kind]
        if _confirms(root, advice.kind) or (root is None and not tried.is_refuted(name, **side)):
            return advice
        seen = f"{advice.evidence}; {REFUTED}"
        return replace(advice, severity="hint", evidence=seen)

    return [judged(advice) for advice in found]


def _confirms(root: Trial | None, kind: str) -> bool:
    """Whether the cause is the one that a finding says."""
    if root is None:
        return False
    if root.name == "rate":
        wanted = ("low_rate",) if root.factor > 1 else ("high_rate", "diverged")
        return kind in wanted
    return (
        root.name in (_TESTS[kind][0], "inputs_and_targets")
        if "unscaled" in kind
        else root.name == _TESTS[kind][0]
    )


def borne_out(found: Iterable[Advice], cause: Advice | None) -> list[Advice]:
    """A trouble where a finding and the trainings say the same, though errors are low."""
    if cause is None or cause.kind not in _LUCKY:
        return []
    seen = [each.evidence for each in found if each.kind == cause.kind and each.severity == "warning"]
    kind, text = _LUCKY[cause.kind]
    return [Advice(kind, "warning", text, seen[0], cause.code, cause.source)] if seen else []


_LUCKY = {
    "high_rate": ("unsteady_training", "The training is unsteady: another run may end worse."),
    "unscaled_inputs": (
        "slow_training",
        "The training is slow: with scaled inputs it takes a part of the steps.",
    ),
}


def _advice(trial: Trial, tried: Interventions) -> Advice:
    seen = (
        f"loss after {tried.steps} steps from new weights: {tried.as_it_is.loss:.4g} as it is, "
        f"{trial.loss:.4g} with {trial.what}"
    )
    if trial.name == "rate":
        return _rate(trial, seen)
    if trial.name == "adam" and not math.isfinite(tried.as_it_is.loss):
        return _far_too_high(trial, tried)
    if trial.name == "regularization":
        seen = f"loss {trial.before:.4g} as it is, {trial.loss:.4g} with {trial.what}"
        if math.isfinite(trial.held_out):
            seen += f"; on other rows {trial.held_out_before:.4g} and {trial.held_out:.4g}"
    kind, text, code, source = _WORDS[trial.name]
    return Advice(kind, "warning", text, seen, code, source)


def _far_too_high(trial: Trial, tried: Interventions) -> Advice:
    """Where each of the rates that were tried diverges, and Adam, whose steps have a fixed size, does not."""
    scale = ", scale=x" if any(each.name == "inputs" for each in tried.trials) else ""
    text = f"The training diverges: the learning rate of {tried.as_it_is.rate:.3g} is far too high"
    text += ", or the inputs are not scaled: take Adam at its usual rate"
    text += ", and scaled inputs." if scale else "."
    lowest = min(each.rate for each in tried.trials if each.name == "rate")
    seen = f"even from new weights the loss is not finite, down to a rate of {lowest:.3g}; "
    seen += f"{trial.loss:.4g} with {trial.what}"
    code = f'better = fd.diagnose.fresh_copy(model, optimizer="adam"{scale})\nbetter.fit(x, y, epochs=20)'
    return Advice("high_rate", "warning", text, seen, code, _STEPS)


def _rate(trial: Trial, seen: str) -> Advice:
    kind, word = ("high_rate", "high") if trial.factor < 1 else ("low_rate", "low")
    text = f"The learning rate of {trial.rate / trial.factor:.3g} is too {word}: take about {trial.rate:.3g}."
    code = (
        f"better = fd.diagnose.fresh_copy(model, learning_rate={trial.rate:.3g})\nbetter.fit(x, y, epochs=20)"
    )
    return Advice(kind, "warning", text, seen, code, _STEPS)


_WORDS = {
    "inputs": (
        "unscaled_inputs",
        "The inputs are not scaled: bring each feature to mean 0 and standard deviation 1.",
        SCALE_CODE,
        INPUTS_SOURCE,
    ),
    "targets": (
        "unscaled_targets",
        "The targets are not scaled: bring them to mean 0 and standard deviation 1, and the outputs back.",
        "better = fd.diagnose.fresh_copy(model)\nbetter.fit(x, (y - y.mean()) / y.std(), epochs=20)\n"
        "outputs = better.predict(x) * y.std() + y.mean()",
        INPUTS_SOURCE,
    ),
    "inputs_and_targets": (
        "unscaled_inputs",
        "Neither inputs nor targets are scaled: bring both to mean 0 and standard deviation 1.",
        "better = fd.diagnose.fresh_copy(model, scale=x)\n"
        "better.fit(x, (y - y.mean()) / y.std(), epochs=20)\n"
        "outputs = better.predict(x) * y.std() + y.mean()",
        INPUTS_SOURCE,
    ),
    "relu": (
        "saturating_activations",
        "The hidden layers saturate, so that hardly any gradient comes through: take ReLU.",
        RELU_CODE,
        'deck 004, "TL;DR" of the activations; deck 002, "Vanishing/exploding Gradients"',
    ),
    "weights": (
        "poor_initial_weights",
        "The initial weights do not suit the network: take the usual ones, He's for ReLU, Glorot's else.",
        'better = fd.diagnose.fresh_copy(model, kernel_initializer="auto")\nbetter.fit(x, y, epochs=20)',
        'deck 004, "How to find the appropriate range?"; deck 002, "Weight Initialization for deep networks"',
    ),
    "regularization": (
        "too_much_regularization",
        "The network is regularised too much to fit its training set: take less of it; first try none.",
        "better = fd.diagnose.fresh_copy(model, unregularized=True)\nbetter.fit(x, y, epochs=20)",
        'deck 004, "Regularization"',
    ),
    "adam": (
        "other_optimizer",
        "The optimiser does badly: take Adam.",
        'better = fd.diagnose.fresh_copy(model, optimizer="adam")\nbetter.fit(x, y, epochs=20)',
        'deck 004, "If you have no idea: ADAM!"',
    ),
}

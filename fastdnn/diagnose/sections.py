"""The parts of a report: what each looks at, and when it is left out."""

import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastdnn.copying import deep_copy
from fastdnn.custom.losses import PythonLoss
from fastdnn.data.description import OF_SCALES
from fastdnn.data.duplicates import check_duplicates
from fastdnn.data.split_check import check_splits
from fastdnn.diagnose.advice import Advice, Severity
from fastdnn.diagnose.bias_variance import BiasVariance, bias_variance
from fastdnn.diagnose.case import Case
from fastdnn.diagnose.class_outputs import names_classes
from fastdnn.diagnose.curve_reading import read_curve
from fastdnn.diagnose.evaluate_classes import evaluate_classes
from fastdnn.diagnose.fresh_copy import highest_rate, optimizer_like, rebuilt
from fastdnn.diagnose.gradient_check import check_gradients
from fastdnn.diagnose.interventions import MOST_ROWS, intervene
from fastdnn.diagnose.layer_statistics import layer_statistics
from fastdnn.diagnose.leakage import given_away
from fastdnn.diagnose.rate_range import RateRange, learning_rate_range
from fastdnn.diagnose.remedies import BIAS, VARIANCE
from fastdnn.diagnose.rules import rules_of_thumb
from fastdnn.diagnose.set_of_rows import takes_indices
from fastdnn.diagnose.subset_fit import overfit_subset
from fastdnn.diagnose.targets_advice import not_trained, unrelated
from fastdnn.errors import EqualUnitsWarning, NonFiniteLossError
from fastdnn.layers.layer import Layer
from fastdnn.losses import BinaryCrossentropy
from fastdnn.model import Model
from fastdnn.short_repr import ShortRepr

# Of a false alarm in each pair of sets: a tenth of `check_splits`'s, since nobody asked whether they differ.
SHIFT_ALPHA = 0.001
SHIFT_ROWS = 2000  # of each set; a shift that matters shows in them
STATISTICS_ROWS = 1000
RANGE_STEPS = 100
GRADIENT_ROWS = 16
GRADIENT_ELEMENTS = 100  # of each tensor: a wrong rule shows in any of them
MANY_TIMES = 5.0  # of two gaps: the smaller one is no trouble while the larger one is there
_SHIFTS: dict[str, Severity] = {"dev_shift": "warning"}
_GAPS = {"high_variance": ("train", "dev"), "overfitted_dev": ("dev", "test")}
_BY_CHANCE = (
    "The {0} error is above the {1} error by no more than so few rows may show by chance: look at more."
)
_OF_VARIANCE = {each.kind for each in VARIANCE} - {each.kind for each in BIAS}  # remedies of it alone
NEAR = 3.0  # times, up to which two learning rates do about as well
_OF_QUANTITIES = (*OF_SCALES, "outliers")  # which numbers of rows of a table are not
_GUESSING = 0.95  # of the error of guessing: above, nothing was learned


@dataclass(frozen=True)
class Section(ShortRepr):
    """A part of a report.

    name: "data", "shift", "errors", ...
    title: what it looks at.
    result: what the part's own function gave, which prints and may plot; None where it was left out.
    advice: what it advises by itself, before the report has put all in order.
    seconds: how long it took.
    left_out: why it was not run; "" where it was.
    """

    name: str
    title: str
    result: Any = None
    advice: tuple[Advice, ...] = ()
    seconds: float = 0.0
    left_out: str = ""


@dataclass(frozen=True)
class LeftOut:
    """Why a part is not run."""

    why: str


Part = Callable[[Case], "tuple[Any, Iterable[Advice]] | LeftOut"]


def run_section(name: str, title: str, part: Part, case: Case) -> Section:
    """A part with its time. One that trains or steps is left out where the numbers are not finite."""
    begin = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EqualUnitsWarning)  # the user has seen it when the model was made
            found = part(case)
    except NonFiniteLossError as error:
        found = LeftOut(" ".join(str(error).split()))
    seconds = time.perf_counter() - begin
    if isinstance(found, LeftOut):
        return Section(name, title, seconds=seconds, left_out=found.why)
    result, advice = found
    return Section(name, title, result, tuple(advice), seconds)


# ---- What is always looked at


@dataclass(frozen=True)
class Rules:
    """The rules of thumb that apply."""

    advice: tuple[Advice, ...]

    def __str__(self) -> str:
        return "\n".join(f"- {each.text}" for each in self.advice) or "none applies"


def data(case: Case) -> "tuple[Any, Iterable[Advice]] | LeftOut":
    """The features, as the first layer that learns gets them."""
    if case.seen is None:
        return LeftOut("x is sparse")
    said = _OF_QUANTITIES if takes_indices(case.model) else OF_SCALES  # of scales the rules say all in one
    advice = [each for each in case.seen.advice if each.kind not in said]
    leak = given_away(case)
    return case.seen, [*advice, *([] if leak is None else [leak])]


def shift(case: Case) -> "tuple[Any, Iterable[Advice]]":
    """Whether the sets come from one distribution, and share no rows; of sparse ones the second alone."""
    sets = [rows for rows in (case.train, case.dev, case.test) if rows is not None]
    test = None if case.test is None else case.test.x
    if any(rows.sparse for rows in sets):
        copies = check_duplicates(case.train.x, case.dev.x, test)
        return copies, copies.advice
    found = check_splits(
        case.train.x,
        case.dev.x,
        test,
        alpha=SHIFT_ALPHA,
        classifier=not case.quick,
        seed=case.seed,
        most_rows=SHIFT_ROWS,
        feature_names=case.train.names,
    )
    # Beside high variance a trouble; by itself the table of causes makes it a hint.
    return found, [replace(each, severity=_SHIFTS.get(each.kind, each.severity)) for each in found.advice]


def errors(case: Case) -> "tuple[BiasVariance, Iterable[Advice]]":
    """Bias and variance, in inference mode."""
    given = {name: max(0.0, error) for name, error in case.errors.items() if np.isfinite(error)}
    broken = [name for name in case.errors if name not in given]
    shares = {name: given.get(name, 1.0) for name in case.errors}
    found = bias_variance(
        shares["train"],
        shares["dev"],
        0.0 if case.human is None else case.human,
        test_error=shares.get("test"),
        regression=not case.classifies,
    )
    nothing = _guessing(case)
    advice = [_measured(_if_sure(each, found, case), case) for each in found.advice]
    if nothing:  # of what is learned there is no variance
        advice = [each for each in advice if each.kind not in ("high_variance", "low_variance")]
    if not any(each.kind == "high_variance" and each.severity == "warning" for each in advice):
        advice = [each for each in advice if each.kind not in _OF_VARIANCE]
    return found, [
        *not_trained(case),
        *_not_finite(case, broken),
        *nothing,
        *unrelated(case),
        *advice,
    ]


def _measured(advice: Advice, case: Case) -> Advice:
    """With what errors are shares of, and what was taken for the human level; without code that the inputs
    cannot be put through.
    """
    if advice.kind == "more_data" and (case.train.sparse or takes_indices(case.model)):
        return replace(advice, code="")
    if advice.kind not in ("high_bias", "high_variance"):
        return advice
    seen = advice.evidence
    if advice.kind == "high_bias" and case.human is None:
        seen += "; nobody said human_error, so it is taken as 0"
    return replace(advice, evidence=seen)


def _if_sure(advice: Advice, found: BiasVariance, case: Case) -> Advice:
    """A gap between two sets as a hint where so few rows may show it by chance; high bias as one where the
    variance is many times as high.
    """
    if advice.kind == "high_bias" and found.variance > MANY_TIMES * found.bias:
        gap = f"{100 * found.variance:.1f} points" if case.classifies else f"{found.variance:.3g}, of R²"
        seen = f"{advice.evidence}; little beside the variance of {gap}"
        return replace(advice, severity="hint", evidence=seen)
    if advice.kind not in _GAPS:
        return advice
    lower, upper = _GAPS[advice.kind]
    noise = case.give_or_take(lower, upper)
    size = f"{100 * noise:.1f} points" if case.classifies else f"{noise:.3g}, of R²"
    seen = f"{advice.evidence}; with so few rows give or take {size}"
    if case.errors[upper] - case.errors[lower] - noise > found.threshold:
        return replace(advice, evidence=seen) if noise > found.threshold else advice
    return replace(advice, severity="hint", text=_BY_CHANCE.format(upper, lower), evidence=seen, code="")


def _not_finite(case: Case, sets: list[str]) -> list[Advice]:
    if not sets:
        return []
    text = (
        "The network gives numbers that are not finite: its training has diverged. Most often the learning "
        "rate is too high, or the inputs are not scaled."
    )
    rate = optimizer_like(case.model.optimizer).learning_rate
    scale = "" if case.train.sparse else ", scale=x"
    code = f"better = fd.diagnose.fresh_copy(model, learning_rate={0.1 * rate:.3g}{scale})\n"
    code += "better.fit(x, y, epochs=20)"
    source = 'deck 004, "Training Process, Step-by-step"'
    return [Advice("not_finite", "error", text, f"on the {', '.join(sets)} set", code, source)]


def _guessing(case: Case) -> list[Advice]:
    error = case.errors["train"]
    alike = case.train.error_of_guessing(case.model, case.train)
    if not error >= _GUESSING * alike or alike == 0:
        return []
    text = "The network has learned nothing: saying the same for each row is as good."
    seen = f"{case.told('train')}; of saying the same {case.said(alike)}"
    code = "print(fd.diagnose.overfit_subset(model, x, y))"
    source = 'deck 004, "Training Process, Step-by-step"'
    return [Advice("no_better_than_guessing", "warning", text, seen, code, source)]


def curve(case: Case) -> "tuple[Any, Iterable[Advice]] | LeftOut":
    """What the learning curves say."""
    figures = getattr(case.history, "history", case.history)
    if figures is None:  # an empty one is that of a fit that broke off in its first epoch
        return LeftOut("nothing is known of the training's epochs: pass history=")
    found = read_curve(figures)
    return found, found.advice


def rules(case: Case) -> "tuple[Rules, Iterable[Advice]]":
    """The decks' rules of thumb."""
    found = rules_of_thumb(case)
    return Rules(found), found


def layers(case: Case) -> "tuple[Any, Iterable[Advice]]":
    """What each layer gives, and the gradients that come back."""
    part = case.train.drawn(STATISTICS_ROWS, case.seed)
    found = layer_statistics(case.model, part.x, part.y, part.weights)
    return found, found.advice


def gradients(case: Case) -> "tuple[Any, Iterable[Advice]] | LeftOut":
    """Gradients against differences, where there is code of the user's own, or it is asked for."""
    if case.gradients is False or (case.gradients is None and not has_own_code(case.model)):
        return LeftOut("all layers and the loss are fastdnn's own")
    part = case.train.drawn(GRADIENT_ROWS, case.seed)
    found = check_gradients(
        case.model,
        part.x,
        part.y,
        part.weights,
        max_per_tensor=GRADIENT_ELEMENTS,
        seed=case.seed,
        verbose=0,
    )
    return found, found.advice


def has_own_code(model: Model) -> bool:
    """Whether a layer or the loss is the user's own, with a gradient that may be wrong."""
    own_layer = any(type(layer).lower is Layer.lower for layer in model.layers)
    return own_layer or isinstance(model.compiled.loss, PythonLoss)


def classes(case: Case) -> "tuple[Any, Iterable[Advice]] | LeftOut":
    """The dev set class by class, and whether answers can be trusted."""
    if not case.classifies:
        return LeftOut("the targets are numbers")
    if case.quick:
        return LeftOut("a quick report")
    one = case.model.graph.widths_of(case.model.graph.outputs)[0] == 1
    if not names_classes(case.model) and not (
        one and isinstance(case.model.compiled.loss, BinaryCrossentropy)
    ):
        return LeftOut("outputs that are not the probabilities of classes")
    if not case.is_finite:
        return LeftOut("the outputs are not finite")
    rows = case.dev
    found = evaluate_classes(case.model, rows.x, rows.y, sample_weight=rows.weights)
    return found, [replace(each, evidence=f"dev set: {each.evidence}") for each in found.advice]


# ---- What is looked at where there is time


def interventions(case: Case) -> "tuple[Any, Iterable[Advice]]":
    """Short trainings from new weights, each with one change."""
    found = intervene(
        case.model, case.train, case.batch_size, dev=case.dev, steps_done=case.steps_done, seed=case.seed
    )
    return found, ()


def rates(case: Case) -> "tuple[Any, Iterable[Advice]]":
    """The learning-rate range test, from new weights."""
    fresh = rebuilt(
        case.model,
        optimizer_like(case.model.optimizer),
        regularizer=case.model.compiled.regularizer,
        seed=case.seed,
    )
    part = case.train.drawn(MOST_ROWS, case.seed)
    size = min(case.batch_size, len(part))
    found = learning_rate_range(
        fresh, part.x, part.y, steps=RANGE_STEPS, batch_size=size, sample_weight=part.weights, verbose=0
    )
    return found, [_found_rate(each, found, case) for each in found.advice if each.severity == "good"]


def _found_rate(advice: Advice, found: RateRange, case: Case) -> Advice:
    """The suggestion beside the rate that the model has: told as news, not as what to do now."""
    now = highest_rate(case.model.optimizer)
    apart = max(now, found.suggested) / min(now, found.suggested)
    text = f"A range test finds a learning rate of about {found.suggested:.2g}; the model has {now:.3g}."
    if apart <= NEAR:
        text = (
            f"The learning rate of {now:.3g} is near the one that a range test finds, {found.suggested:.2g}."
        )
    return replace(advice, text=text)


def subset(case: Case) -> "tuple[Any, Iterable[Advice]]":
    """Whether a few rows can be learned by heart."""
    found = overfit_subset(case.model, case.train.x, case.train.y, seed=case.seed, verbose=0)
    return found, found.advice


def uncopied(model: Model) -> str:
    """Why the model cannot be trained anew; "" where it can."""
    try:
        deep_copy("report", model, "a model that copy.deepcopy can copy, to be trained anew")
    except TypeError as error:
        return " ".join(str(error).split())
    return ""

"""All diagnoses of a model as one report: what is wrong, what shows it, and what to do first."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fastdnn.checks import number
from fastdnn.diagnose import sections
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.case import Case
from fastdnn.diagnose.contradictions import consistent
from fastdnn.diagnose.intervention_advice import borne_out, cause_found, tested
from fastdnn.diagnose.ranking import behind_signals, ranked
from fastdnn.diagnose.report_text import report_text
from fastdnn.diagnose.sections import Section, run_section
from fastdnn.diagnose.set_of_rows import CALL, Rows
from fastdnn.diagnose.settled import settled
from fastdnn.diagnose.targets_advice import in_vain, without_flattery, without_verdict
from fastdnn.diagnose.told import Told
from fastdnn.diagnose.trials import checked_model
from fastdnn.errors import expected, unknown_name
from fastdnn.layers.layer import flag
from fastdnn.model import Model
from fastdnn.thread_settings import resolve
from fastdnn.thread_settings import threads as use_threads

_WHERE = "report"
QUICK_ROWS = 20_000  # of each set, drawn where there are more: an error of 1 % is then right to 0.1 points
_SHOWN = 3  # kinds, by repr
_OF_SETS = ("copied_rows",)  # troubles that no other training mends
_WORTH_TRYING = {"high_rate", "low_rate", "diverged", "plateau", "unscaled_inputs"}


@dataclass(frozen=True)
class Report:
    """What `report` found: prints as plain words, the most important first.

    advice: of all parts, in the order of `fastdnn.diagnose.causes`; of a sound training the first says so.
    sections: the parts, by name, each with its own result; `report["errors"].result`.
    """

    advice: tuple[Advice, ...]
    sections: tuple[Section, ...]

    def __getitem__(self, name: str) -> Section:
        for section in self.sections:
            if section.name == name:
                return section
        raise unknown_name("Report", "a section", name, [section.name for section in self.sections])

    @property
    def healthy(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return not any(each.is_trouble for each in self.advice)

    def lines(self, most: int = 3) -> list[str]:
        """The most important advice, a line each."""
        return [f"{each.severity}: {each.text}" for each in self.advice[:most]]

    def __str__(self) -> str:
        return report_text(self.advice, self.sections)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{each.severity}: {each.kind}" for each in self.advice[:_SHOWN])
        return f"<Report, {len(self.advice)} pieces of advice: {kinds}, ...; print it>"

    def details(self) -> str:
        """All advice whole, and what each part found, as it prints by itself."""
        told = "\n\n".join(each.told() for each in self.advice)
        parts = [f"{one.title}\n\n{one.result}" for one in self.sections if one.result is not None]
        return "\n\n\n".join([told, *parts])


def report(
    model: Model,
    train: Any,
    dev: Any,
    test: Any = None,
    human_error: float | None = None,
    *,
    history: Any = None,
    gradients: bool | None = None,
    quick: bool = False,
    verbose: Literal["auto", 0, 1] = "auto",
    seed: int = 0,
    threads: int | None = None,
) -> Report:
    """Look at a trained model and its data from all sides, and say what to do first.

    Errors are those in inference mode: of classes the share of rows that are wrong, of numbers the mean
    squared error by the targets' variance, 1 - R². What follows from something else that was found is put
    behind it: `fastdnn.diagnose.causes` has the table. Where the training went badly, the network is trained
    anew for some steps with one thing changed at a time (rate, scale, activations, ...), and the change that
    makes the loss fall is the cause.

    The model, its optimiser and its history stay as they are.

    Args:
        model: built and compiled, with one input and one output.
        train: (x, y) or (x, y, sample_weight), what it was trained on.
        dev: the same of rows that it was not trained on, by which choices are made.
        test: of rows by which nothing was chosen; or None.
        human_error: the error of people, or the least that is possible, a share from 0 to 1; None where
            nobody knows, which is taken as 0.
        history: what `fit` returned; default `model.history`.
        gradients: whether gradients are checked by differences; None: where the model has code of your own.
        quick: whether what trains is left out, and of each set at most 20,000 rows are looked at.
        verbose: 1 says what is being done, on a line that is rewritten; "auto": on a terminal; 0 nothing.
        seed: of rows that are drawn, and of trainings.
        threads: as in `fit`.

    Raises:
        ValueError: the model has several inputs or outputs, is not built or compiled, a set does not fit it
            or has no rows, or an argument does not fit.

    Source: decks 001 ("Bias and Variance of the Model"), 002 ("Bias and Variance"), 004 ("Training Process,
    Step-by-step"); each advice names its own.

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> train, dev, test = fd.data.train_dev_test_split(x, y, dev=0.2, test=0.1, stratify=y)
    >>> layers = [fd.Input((64,)), fd.layers.Dense(64, "relu"), fd.layers.Dense(10, "softmax")]
    >>> model = fd.Sequential(layers, seed=0)
    >>> model.compile(fd.optimizers.Adam(1e-6), "sparse_categorical_crossentropy")
    >>> history = model.fit(*train, epochs=10, validation_data=dev)
    >>> print(fd.diagnose.report(model, train, dev).advice[0].kind)
    low_rate
    """
    resolve(_WHERE, threads)
    with nullcontext() if threads is None else use_threads(threads):
        case = _case(model, train, dev, test, human_error, history, quick, gradients, seed)
        return _reported(case, verbose)


def _reported(case: Case, verbose: Any) -> Report:
    with Told(_WHERE, verbose, wiped=True) as told:
        first = [_run(part, case, told) for part in _FIRST]
        found = behind_signals(each for section in first for each in section.advice)
        later = _tried(case, found, told) if _is_worth_time(case, found) else []
        found = _with_interventions(found, later)
        found = settled(found, _result(later, "interventions"), case)
    found = without_verdict(without_flattery(found, case))
    found = _scales_once([*found, *in_vain(found, later, case)])
    return Report(consistent(_headed(ranked(found), case)), (*first, *later))


def _tried(case: Case, found: list[Advice], told: Told) -> list[Section]:
    """What trains copies: whether few rows can be learned only where nothing else is the cause."""
    why = sections.uncopied(case.model)
    if why:
        return [Section(name, title, left_out=why) for name, title, _ in _LATER]
    tried = [_run(part, case, told) for part in _LATER[:-1]]
    missed = any(each.kind == "high_bias" and each.is_trouble for each in found)
    if missed and tried[0].result is not None and cause_found(tried[0].result) is None:
        tried.append(_run(_LATER[-1], case, told))
    return tried


def _run(planned: "Planned", case: Case, told: Told) -> Section:
    name, title, part = planned
    told.line(f"diagnosing: {title}", at_once=True)
    return run_section(name, title, part, case)


Planned = tuple[str, str, sections.Part]  # name, title, what is run
_FIRST: tuple[Planned, ...] = (
    ("errors", "errors: bias and variance", sections.errors),
    ("data", "features of the training set", sections.data),
    ("shift", "whether the sets share rows, and a distribution", sections.shift),
    ("curve", "learning curves", sections.curve),
    ("layers", "what each layer gives", sections.layers),
    ("gradients", "gradients", sections.gradients),
    ("classes", "class by class, and trust", sections.classes),
    ("rules", "rules of thumb", sections.rules),
)
_LATER: tuple[Planned, ...] = (
    ("interventions", "short trainings with one thing changed", sections.interventions),
    ("rates", "learning-rate range test", sections.rates),
    ("subset", "a few rows, learned by heart", sections.subset),
)


def _case(
    model: Any,
    train: Any,
    dev: Any,
    test: Any,
    human_error: Any,
    history: Any,
    quick: Any,
    gradients: Any,
    seed: Any,
) -> Case:
    """The arguments, checked."""
    checked_model(_WHERE, model)
    for ports in (model.graph.inputs, model.graph.outputs):
        if len(ports) > 1:
            hint = "diagnose its parts by the other functions of fastdnn.diagnose"
            raise ValueError(expected(_WHERE, "a model with one input and one output", ports.listed(), hint))
    if isinstance(human_error, np.ndarray | list | tuple):
        got = f"{len(human_error):,} numbers"
        raise ValueError(expected(_WHERE, "human_error as one number", got, CALL))
    human = None if human_error is None else number(_WHERE, "human_error", human_error, 0, 1, ends="[]")
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed.__index__() < 2**64:
        raise ValueError(expected(_WHERE, "a seed from 0 to 2**64 - 1", repr(seed)))
    sets = {"train": train, "dev": dev} | ({} if test is None else {"test": test})
    rows = {name: Rows.of(name, given, model) for name, given in sets.items()}
    if flag(_WHERE, "quick", quick):
        rows = {
            name: part.drawn(QUICK_ROWS, int(seed)) if len(part) > QUICK_ROWS else part
            for name, part in rows.items()
        }
    return Case(
        model,
        rows["train"],
        rows["dev"],
        rows.get("test"),
        human,
        model.history if history is None else history,
        quick,
        None if gradients is None else flag(_WHERE, "gradients", gradients),
        int(seed),
    )


def _is_worth_time(case: Case, found: list[Advice]) -> bool:
    """Whether something is to be tried: a trouble, or what may be one."""
    bad = [each.kind for each in found if each.is_trouble]
    if "not_trained" in bad:
        return False
    trouble = any(each.is_trouble and each.kind not in _OF_SETS for each in ranked(found))
    return not case.quick and (trouble or not _WORTH_TRYING.isdisjoint(bad))


def _with_interventions(found: list[Advice], later: Iterable[Section]) -> list[Advice]:
    """What was found, as far as trying bears it out, and the cause."""
    found = [*found, *(each for section in later for each in section.advice)]
    tried = _result(later, "interventions")
    if tried is None:
        return found
    cause = cause_found(tried)
    found = tested([*found, *borne_out(found, cause)], tried)
    return [*([cause] if cause is not None else []), *found]


def _scales_once(found: list[Advice]) -> list[Advice]:
    """Without the hint that a worse finding of the scales says as well, by the same code."""
    if not any(each.kind == "unscaled_inputs" for each in found):
        return found
    return [each for each in found if each.kind != "not_standardized"]


def _result(sections: Iterable[Section], name: str) -> Any:
    """Of a part; None where it was not run."""
    return next((each.result for each in sections if each.name == name), None)


def _headed(advice: tuple[Advice, ...], case: Case) -> tuple[Advice, ...]:
    """With the good news first, where nothing is wrong."""
    if any(each.is_trouble for each in advice):
        return advice
    text = "Nothing is wrong: the training set is fitted, and the dev set is done about as well."
    gaps = [each for each in advice if each.kind in ("high_bias", "high_variance")]
    if any("tried: " in each.evidence for each in gaps):
        text = "Nothing is wrong with the training: nothing else that was tried does better on the dev set."
    elif gaps:
        text = "Nothing is wrong so far as so few dev rows say: the training set is fitted."
    return (Advice("healthy", "good", text, case.told(), "", 'deck 002, "Bias and Variance"'), *advice)

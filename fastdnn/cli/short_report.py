"""What a training ends with: what its errors show, and the command that finds the cause."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from fastdnn.cli import output
from fastdnn.diagnose import BiasVariance, Report, report
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.error_words import r2_told
from fastdnn.model import Model

# What is measured, the deepest first, each with whether the finding has figures of its own. No cause is
# named: several have these signs, and only trainings with one thing changed, which take their time, tell them
# apart.
SYMPTOMS = {
    "not_trained": ("The model is not trained yet", True),
    "not_finite": ("The network gives numbers that are not finite: the training has diverged", True),
    "no_better_than_guessing": ("The network is no better than saying the same for each row", True),
    "unrelated_targets": ("What is learned of the training set is of no use on the dev set", True),
    "high_bias": ("The training set is not fitted", False),
    "high_variance": ("The dev set is done worse than the training set", False),
    "overfitted_dev": ("The test set is done worse than the dev set", False),
}
_FINE = "The training set is fitted, and the dev set is done about as well"
_UNSURE = "The training set is fitted; of the dev set so few rows do not say how well it is done"


def first_words(model: Model, sets: Mapping[str, tuple[Any, ...]], path: Path, threads: int | None) -> None:
    """The first symptom with its figures; nothing where there are no dev rows to judge by."""
    given = {name: part for name, part in sets.items() if len(part[0])}
    if not {"train", "dev"} <= given.keys():
        return
    found = report(
        model, given["train"], given["dev"], given.get("test"), quick=True, verbose=0, threads=threads
    )
    first = symptom(found)
    output.say("\nin short")
    told = textwrap.fill(
        words_of(first, found), output.width(), initial_indent="  ", subsequent_indent="    "
    )
    output.say(told)
    why = "a closer look" if first is None else "which cause this has, and what mends it"
    output.say(f"  {why}: fastdnn diagnose {quote(str(path))}")


def symptom(found: Report) -> Advice | None:
    """The first trouble that the errors show; None where they show none."""
    bad = {each.kind: each for each in found["errors"].advice if each.severity in ("error", "warning")}
    return next((bad[kind] for kind in SYMPTOMS if kind in bad), None)


def words_of(first: Advice | None, found: Report) -> str:
    """A sentence with the figures."""
    if first is None:
        unsure = any(each.kind == "high_variance" for each in found["errors"].advice)
        return f"{_UNSURE if unsure else _FINE}: {_errors(found['errors'].result)}."
    text, has_figures = SYMPTOMS[first.kind]
    return f"{text}: {first.evidence if has_figures else _errors(found['errors'].result)}."


def _errors(of: BiasVariance) -> str:
    errors = {"train": of.train_error, "dev": of.dev_error}
    errors |= {} if of.test_error is None else {"test": of.test_error}
    if of.regression:
        return ", ".join(f"{name} {r2_told(error)}" for name, error in errors.items())
    return ", ".join(f"{name} error {error:.2%}" for name, error in errors.items())

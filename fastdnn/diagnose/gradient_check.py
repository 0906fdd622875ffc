"""Whether the gradients of a model are those of its loss: back-propagation against finite differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn.checks import choice, number, whole
from fastdnn.diagnose.gradient_check_advice import advice_of
from fastdnn.diagnose.gradient_check_compared import Compared, ratio_along, ratio_of, tensor_of
from fastdnn.diagnose.gradient_check_elements import Differences
from fastdnn.diagnose.gradient_check_loss import Loss, Problem, copy_of, problem_of
from fastdnn.diagnose.gradient_check_result import (
    DOUBTFUL,
    WORRY,
    GradientCheck,
    TensorCheck,
    differing_of,
    verdict_of,
    worst_of,
)
from fastdnn.diagnose.gradient_check_stencils import EPSILONS, STENCILS
from fastdnn.diagnose.told import Told
from fastdnn.layers.layer import flag
from fastdnn.thread_settings import resolve

if TYPE_CHECKING:
    from fastdnn.model import Model

_WHERE = "check_gradients"
_REFINEMENTS = 3


@dataclass(frozen=True)
class _Request:
    """How to check, settled."""

    stencil: str
    epsilons: tuple[float, ...]
    inputs: bool
    most: int
    samples: int
    directions: int
    rows: int | None
    seed: int
    threads: int
    told: Told
    silence: bool


def check_gradients(
    model: "Model",
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    stencil: Literal["two_point", "five_point"] = "two_point",
    epsilon: float | None = None,
    inputs: bool = False,
    after_epochs: int = 0,
    rows: int | None = 32,
    max_per_tensor: int = 2000,
    samples: int = 200,
    directions: int = 10,
    seed: int = 0,
    silence: bool = True,
    threads: int | None = None,
    verbose: Literal["auto", 0, 1] = "auto",
) -> GradientCheck:
    """Compare the gradients that training uses with finite differences of the loss.

    All weights as one vector θ: ratio = ‖g_approx - g‖ / (‖g_approx‖ + ‖g‖), where g is by back-propagation
    and g_approx[i] = (J(θ + ε e_i) - J(θ - ε e_i)) / 2ε. Up to 1e-7 is great, from 1e-3 on it is wrong.
    With the layers of the package it should be great; what it is for are layers and losses of your own. It
    costs two losses a weight: use it to debug, and not in training.

    J is the loss of one batch as a step of training sees it, with the penalties of regularizers and the
    batch's own figures in batch normalisation, but without dropout and noise. A weight of which training has
    no gradient, and which it so never moves, is compared as if that were 0. All is done in float64 by a
    copy; the model stays as it is. Where a kink (of ReLU, |w|, hinge and so on) lies within the stencil, the
    derivative means nothing, and the element is skipped and counted. Kinks of your own code are told by a
    slope that jumps, with smaller steps, too.

    Args:
        model: compiled; any layers, losses, inputs and outputs, by any backend.
        x: as arrays in `fit`; so are y, sample_weight and threads.
        y: as in `fit`.
        sample_weight: as in `fit`.
        stencil: "two_point", or "five_point", which errs by ε⁴ instead of ε².
        epsilon: ε > 0. Default 1e-5 (five_point: 1e-3), where what the stencil leaves out and rounding, each
            about 1e-11, are equally small; and a tenth and a hundredth of it where a kink is within. Deck 002
            has 1e-7, near which rounding shows, and deck 003 1e-4, with more kinks within: both say "great"
            of a right gradient, too. An ε with which the stencil itself errs too much is refined: where the
            verdict is not "great", tenths of it are taken as long as that at least halves the difference.
        inputs: whether to check the gradients with respect to the inputs, too.
        after_epochs: how many epochs a copy is trained, to check there once more.
        rows: at most so many of the examples, drawn by the seed, as one batch; None for all.
        max_per_tensor: a tensor of more elements is sampled.
        samples: how many of its elements are drawn, at most `max_per_tensor`; half of them among those whose
            gradient is not 0.
        directions: random directions, over each tensor that is sampled and over all, where one is.
        seed: of what is drawn.
        silence: whether dropout and noise are off. False lets them draw what the next step of training
            would draw, the same numbers each time, and so checks their gradients, too.
        threads: as in `fit`.
        verbose: 1 shows how far it is, 0 nothing; "auto" 1 on a terminal.

    Returns:
        The `GradientCheck`: `.verdict`, `.ratio`, `.tensors`, `.differing`, `.advice`.

    Raises:
        ValueError: data or an argument does not fit, or no weight is trained.
        NonFiniteLossError: the loss is NaN or infinite.
        TypeError: `copy.deepcopy` cannot copy a layer or loss of your own.

    Source: deck 002, "Gradient Checking" and "Gradient Checking Notes"; deck 003, "Gradient Checking".

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.Input((4,)), fd.layers.Dense(8, "tanh"), fd.layers.Dense(1)], seed=0)
    >>> model.compile(loss="mse", regularizer="l2")
    >>> rng = np.random.default_rng(0)
    >>> found = model.check_gradients(rng.normal(size=(20, 4)), rng.normal(size=20))
    >>> found.verdict, found.checked, found.ratio < 1e-8
    ('great', 49, True)

    A layer of one's own, in which the gradient of `factor` was forgotten to be multiplied with dy:

    >>> class Scale(fd.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.add_weight("factor", (input_shape[-1],), "ones")
    ...
    ...     def forward(self, x, training):
    ...         return x * self.weight("factor"), x
    ...
    ...     def backward(self, dy, saved):
    ...         return dy * self.weight("factor"), {"factor": saved.sum(axis=0)}
    >>> model = fd.Sequential([fd.Input((4,)), Scale(name="scale"), fd.layers.Dense(1)], seed=0)
    >>> model.compile(loss="mse")
    >>> found = model.check_gradients(rng.normal(size=(20, 4)), rng.normal(size=20))
    >>> found.verdict, found.differing
    ('worry', ('scale/factor',))
    """
    request = _request(
        stencil, epsilon, inputs, rows, max_per_tensor, samples, directions, seed, silence, threads, verbose
    )
    epochs = whole(_WHERE, "after_epochs", after_epochs)
    data = (x, y, sample_weight)
    problem = _problem_of(model, data, request)
    found = _refined(problem, request)
    if epochs:
        other = copy_of(_WHERE, model)
        other.fit(x, y, epochs=epochs, sample_weight=sample_weight, verbose=0, threads=threads)
        again = _refined(_problem_of(other, data, request), request)
        found = _with_trained(found, replace(again, epochs=epochs))
    return replace(found, advice=advice_of(found, problem.model))


def _problem_of(model: "Model", data: Sequence[Any], request: _Request) -> Problem:
    return problem_of(_WHERE, model, data, request.rows, request.seed, silence=request.silence)


def _with_trained(found: GradientCheck, trained: GradientCheck) -> GradientCheck:
    worst = worst_of([found.verdict, trained.verdict])
    differing = tuple(dict.fromkeys([*found.differing, *trained.differing]))
    return replace(found, verdict=worst, differing=differing, trained=trained)


def _request(
    stencil: Any,
    epsilon: Any,
    inputs: Any,
    rows: Any,
    most: Any,
    samples: Any,
    directions: Any,
    seed: Any,
    silence: Any,
    threads: Any,
    verbose: Any,
) -> _Request:
    """What was asked for, checked."""
    kind = choice(_WHERE, "a stencil", stencil, STENCILS)
    default = EPSILONS[kind]
    given = None if epsilon is None else number(_WHERE, "epsilon", epsilon, 0.0, 1.0, ends="()")
    return _Request(
        stencil=kind,
        epsilons=(default, default / 10, default / 100) if given is None else (given,),
        inputs=flag(_WHERE, "inputs", inputs),
        most=whole(_WHERE, "max_per_tensor", most, 1),
        samples=whole(_WHERE, "samples", samples, 1),
        directions=whole(_WHERE, "directions", directions),
        rows=None if rows is None else whole(_WHERE, "rows", rows, 1),
        seed=whole(_WHERE, "seed", seed),
        threads=resolve(_WHERE, threads),
        silence=flag(_WHERE, "silence", silence),
        told=Told(_WHERE, verbose, wiped=True),
    )


def _refined(problem: Problem, request: _Request) -> GradientCheck:
    """By tenths of ε as long as that halves the difference of gradients that are not great, or more: what
    the stencil leaves out goes with ε² or ε⁴, rounding grows, and a mistake stays.
    """
    found = _check(problem, request)
    asked = found.epsilon, found.ratio
    for _ in range(_REFINEMENTS):
        if found.verdict == "great" or found.is_random or found.shows_nothing:
            break
        request = replace(request, epsilons=tuple(epsilon / 10 for epsilon in request.epsilons))
        finer = _check(problem, request)
        if not finer.difference <= found.difference / 2:
            break
        found = replace(finer, refined_from=asked)
    return found


def _check(problem: Problem, request: _Request) -> GradientCheck:
    """Of the weights as they are, without advice."""
    loss = Loss(_WHERE, problem.model, problem.feed, inputs=request.inputs, threads=request.threads)
    rng = np.random.default_rng(request.seed)
    differences = Differences(loss, request.stencil, request.epsilons, rng)
    counts = {name: _count(gradient.size, request) for name, gradient in loss.gradients.items()}
    numbers, total = count(1), sum(counts.values())

    def done() -> None:
        request.told.line(f"checking gradients: {next(numbers):,} of {total:,}")

    with request.told:
        numerics = {name: differences.of_tensor(name, n, done) for name, n in counts.items()}
    compared = {name: Compared.of(loss.gradients[name], n) for name, n in numerics.items()}
    tensors = [tensor_of(problem.model, name, pair) for name, pair in compared.items()]
    sampled = tuple(tensor.name for tensor in tensors if tensor.is_sampled)
    along = float("nan")
    if sampled and request.directions:
        still = {name: n.picked[np.isnan(n.values)] for name, n in numerics.items()}
        tensors = [
            replace(t, direction_ratio=ratio_along(differences, [t.name], still, request.directions))
            if t.is_sampled
            else t
            for t in tensors
        ]
        along = ratio_along(differences, list(numerics), still, request.directions)
    return _result(problem, request, loss, compared, tensors, along)


def _count(size: int, request: _Request) -> int:
    """How many elements of a tensor are tried."""
    return size if size <= request.most else min(request.samples, request.most)


def _result(
    problem: Problem,
    request: _Request,
    loss: Loss,
    compared: Mapping[str, Compared],
    tensors: Sequence[TensorCheck],
    along: float,
) -> GradientCheck:
    analytic = np.concatenate([pair.analytic for pair in compared.values()])
    ratio, difference = ratio_of(analytic, np.concatenate([pair.numeric for pair in compared.values()]))
    rounding = float(np.linalg.norm([pair.rounding for pair in compared.values()]))
    grades = [verdict_of(ratio, difference, rounding), *(tensor.verdict for tensor in tensors)]
    if difference == 0 == np.abs(analytic).sum():
        grades.append("check")  # right, but nobody knows
    if along > DOUBTFUL:
        grades.append("worry" if along >= WORRY else "check")
    verdict = worst_of(grades)
    return GradientCheck(
        ratio=ratio,
        verdict=verdict,
        tensors=tuple(tensors),
        differing=() if verdict == "great" else differing_of(tensors),
        kinks=sum(tensor.kinks for tensor in tensors),
        sampled=tuple(tensor.name for tensor in tensors if tensor.is_sampled),
        direction_ratio=along,
        loss=loss.value,
        rounding=rounding,
        stencil=request.stencil,
        epsilon=request.epsilons[0],
        rows=problem.feed.rows,
        rows_given=problem.rows_given,
        silenced=problem.silenced,
        is_random=loss.is_random,
    )

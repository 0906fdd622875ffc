"""Which numbers of a model may be changed while it trains, by name."""

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from fastdnn.checks import number
from fastdnn.errors import expected, unknown_name
from fastdnn.layers.dropout import Dropout
from fastdnn.layers.gaussian_noise import GaussianNoise

if TYPE_CHECKING:
    from fastdnn.model import Model
    from fastdnn.regularizers import Regularizer

WHERE = "Babysitter"
_STRENGTHS = ("l1", "l2", "strength")  # of regularisers


@dataclass(frozen=True)
class Changeable:
    """A number of a model that holds from the next step on (`by_step`), or from the next epoch on, for which
    a new plan is made.

    rule: which numbers it may be, in words.
    read: it, as it is now.
    check: the number itself, if it may be; raises ValueError.
    write: set it, checked.
    """

    name: str
    rule: str
    by_step: bool
    read: Callable[[], float | None]
    check: Callable[[Any], float | None]
    write: Callable[[Any], None]


def changeable(model: "Model") -> dict[str, Changeable]:
    """Those of the optimiser, rates of `Dropout`, deviations of `GaussianNoise`, strengths of regularisers.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.changeable import changeable
    >>> model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dropout(0.1, name="drop"),
    ...                        fd.layers.Dense(1, name="out", kernel_regularizer=fd.regularizers.L2(0.1))])
    >>> model.compile(fd.optimizers.SGD(0.1), "mse")
    >>> [name for name in changeable(model) if "clip" not in name]
    ['learning_rate', 'momentum', 'weight_decay', 'drop/dropout', 'out/kernel/l2']
    """
    found = [*_of_optimizer(model), *_of_layers(model), *_of_weights(model)]
    return {each.name: each for each in found}


def chosen(
    model: "Model", numbers: Mapping[str, Any], *, replace_schedule: bool
) -> list[tuple[Changeable, float | None]]:
    """The numbers that are meant and their new values, all checked together; nothing is changed.

    A name may be the last part of several, such as "dropout"; what is said of one by its whole name counts
    more.

    Raises:
        ValueError: no number has this name, it may not have this value, or it is scheduled and not to be
            replaced.
    """
    known, found = changeable(model), dict[str, tuple[Changeable, float | None]]()
    for name in sorted(numbers, key=lambda name: name in known):
        value = numbers[name]
        meant = [each for full, each in known.items() if name in (full, full.rpartition("/")[2])]
        if not meant:
            raise unknown_name(WHERE, "a number that may change in training", name, names_of(known))
        found |= {each.name: (each, each.check(value)) for each in meant}
    # A limit that is taken away makes room for another kind.
    changes = sorted(found.values(), key=lambda change: change[1] is not None)
    _try_optimizer(model, changes, replace_schedule=replace_schedule)
    return changes


def names_of(known: Iterable[str]) -> set[str]:
    """All by which numbers may be meant: whole names, and their last parts."""
    return {part for name in known for part in (name, name.rpartition("/")[2])}


def _try_optimizer(
    model: "Model", changes: list[tuple[Changeable, float | None]], *, replace_schedule: bool
) -> None:
    """Make the changes to a copy, whose next step's numbers are then checked as a fit would."""
    optimizer = copy.copy(model.optimizer)
    own = [(each.name, value) for each, value in changes if each.by_step]
    for name, value in own:
        optimizer.change(name, value, replace_schedule=replace_schedule)
    if own:
        optimizer.table(model.optimizer.iterations, 1, model.compiled.epochs_done)


def _of_optimizer(model: "Model") -> Iterator[Changeable]:
    for name in model.optimizer.given:
        yield _scalar(model, name)


def _scalar(model: "Model", name: str) -> Changeable:
    """A hyper-parameter of the optimiser, read and set as a number, also where it is scheduled."""
    optimizer = model.optimizer
    scalar = inspect.getattr_static(optimizer, name)

    def check(value: Any) -> float | None:
        if callable(value):
            hint = f"set optimizer.{name} itself"
            raise ValueError(expected(WHERE, f"{name} as a number", "a schedule", hint))
        checked: float | None = scalar.checked(type(optimizer).__name__, value)
        return checked

    def write(value: Any) -> None:
        optimizer.change(name, value, replace_schedule=True)

    rule = scalar.allowed.text.format(name)
    return Changeable(name, rule, True, lambda: getattr(optimizer, name), check, write)


def _of_layers(model: "Model") -> Iterator[Changeable]:
    for layer in model.layers:
        if isinstance(layer, Dropout):
            yield _setting(layer, "dropout", "rate", "0 <= rate < 1", lambda value: Dropout(value).rate)
        elif isinstance(layer, GaussianNoise):
            yield _setting(layer, "noise", "stddev", "0 <= stddev", lambda value: GaussianNoise(value).stddev)


def _setting(
    layer: Any, word: str, attribute: str, rule: str, check: Callable[[Any], float | None]
) -> Changeable:
    return Changeable(
        f"{layer.name}/{word}",
        rule,
        False,
        lambda: getattr(layer, attribute),
        check,
        lambda value: setattr(layer, attribute, value),
    )


def _of_weights(model: "Model") -> Iterator[Changeable]:
    """Strengths of the regularisers of single weights, and of the one that `compile` gave to all others."""
    compiled = model.compiled

    def write(regularizer: "Regularizer") -> None:
        compiled.regularizer = regularizer
        model.weights.settings += 1

    if compiled.regularizer is not None:
        yield from _strengths("regularizer", lambda: compiled.regularizer, write)
    for layer in model.layers:
        for weight in layer.weights:
            if layer.regularizer_of(weight) is not None:
                yield from _strengths(
                    weight.name, partial(layer.regularizer_of, weight), partial(layer.set_regularizer, weight)
                )


def _strengths(
    owner: str, read: Callable[[], Any], write: Callable[["Regularizer"], None]
) -> Iterator[Changeable]:
    """Of a regulariser, which is replaced by another one of its kind."""
    for field in _STRENGTHS:
        if hasattr(read(), field):
            yield _strength(f"{owner}/{field}", field, read, write)


def _strength(
    name: str, field: str, read: Callable[[], Any], write: Callable[["Regularizer"], None]
) -> Changeable:
    return Changeable(
        name,
        f"0 <= {field}",
        False,
        lambda: getattr(read(), field),
        lambda value: number(WHERE, name, value, 0),
        lambda value: write(replace(read(), **{field: value})),
    )

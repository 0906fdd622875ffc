"""What all optimisers have: hyper-parameters, clipping, decay of weights, and the native state."""

import inspect
import math
import weakref
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict

import numpy as np

from fastdnn import _core
from fastdnn.errors import expected, unknown_name
from fastdnn.optimizers.scalars import (
    NOT_NEGATIVE,
    Limit,
    Number,
    Option,
    Scalar,
    Schedule,
    number,
    per_of,
    values_of,
)

if TYPE_CHECKING:
    from fastdnn.segment_options import SegmentOptions

_CLIPS = ("clipvalue", "clipnorm", "global_clipnorm")
_BLOCK = 16384  # steps of one table of scheduled scalars, so that it takes two megabytes at most


class Common(TypedDict, total=False):
    """The keywords of all optimisers; see `Optimizer`."""

    weight_decay: Number | None
    weight_decay_mode: Literal["decoupled", "coupled"]
    clipnorm: Number | None
    clipvalue: Number | None
    global_clipnorm: Number | None


class Optimizer:
    """Base of all optimisers; it is not used by itself.

    A step takes the gradient g of each weight, clips it, lets the weight decay, and applies the optimiser's
    rule. Every hyper-parameter that is a number may be a schedule instead: an object of `fastdnn.schedules`,
    or any function of the step's number (from 0) that gives a number. Read, it is the number of the next
    step. A number may be set at any time (`optimizer.learning_rate = 1e-4`) and counts from the next step on.

    An optimiser belongs to one model: `compile` gives it a state, which grows with each step.

    Args:
        learning_rate: α >= 0.
        weight_decay: λ >= 0, default 0.
        weight_decay_mode: "decoupled" (AdamW, and Keras everywhere): θ ← θ - α λ θ beside the rule;
            "coupled" (PyTorch's Adam and SGD): g ← g + λ θ before it, after clipping.
        clipnorm: limit > 0 of ‖g‖₂ of each weight: a larger g is multiplied with limit / ‖g‖.
        clipvalue: limit > 0 of |g| of each element.
        global_clipnorm: as clipnorm, with ‖g‖ over all trained weights.

    Raises:
        ValueError: a number is out of its range, or more than one limit is given.

    Source: deck 004 (all of the above); Pascanu, Mikolov & Bengio, ICML 2013 (clipping by norm); Loshchilov &
    Hutter, "Decoupled weight decay regularization", ICLR 2019.

    >>> import fastdnn as fd
    >>> optimizer = fd.optimizers.SGD(0.1, global_clipnorm=1.0)
    >>> optimizer.learning_rate = 0.05
    >>> optimizer.learning_rate, optimizer.global_clipnorm, optimizer.clipvalue
    (0.05, 1.0, None)
    >>> fd.optimizers.SGD(lambda step: 0.1 / (1 + step)).learning_rate
    0.1
    """

    kind: str  # of the native update
    _has_velocity = True  # while it is made

    learning_rate = Scalar(NOT_NEGATIVE)
    weight_decay = Scalar(NOT_NEGATIVE, 0.0)
    clipvalue = Limit()
    clipnorm = Limit()
    global_clipnorm = Limit()
    weight_decay_mode = Option()

    def __init__(
        self,
        scalars: Mapping[str, Number | None],
        options: Mapping[str, Any],
        *,
        weight_decay: Number | None = None,
        weight_decay_mode: str = "decoupled",
        clipnorm: Number | None = None,
        clipvalue: Number | None = None,
        global_clipnorm: Number | None = None,
    ) -> None:
        self.options: dict[str, Any] = {
            **options,
            "weight_decay_mode": self._choice(
                "weight_decay_mode", weight_decay_mode, ("decoupled", "coupled")
            ),
        }
        self._scalars: dict[str, Number | None] = {}
        self._by_step = False  # whether a number is scheduled by step
        self._changes = 0
        self._forget()
        self._epochs_done = 0
        self._columns: tuple[str, ...] = ()
        self._excluded: tuple[str, ...] = ()
        self._scaled: dict[str, float] = {}
        common = {
            "weight_decay": weight_decay,
            "clipvalue": clipvalue,
            "clipnorm": clipnorm,
            "global_clipnorm": global_clipnorm,
        }
        for name, value in {**scalars, **common}.items():
            setattr(self, name, value)
        self._has_velocity = self._scalars.get("momentum", 0) != 0

    def _forget(self) -> None:
        self._state: weakref.ref[_core.Optimizer] | None = None
        self._table: tuple[tuple[int, int], int, np.ndarray] | None = None

    def _choice(self, name: str, value: object, known: tuple[str, ...]) -> str:
        if value not in known:
            raise unknown_name(type(self).__name__, name, value, known)
        return str(value)

    def _flag(self, name: str, value: object) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise ValueError(expected(type(self).__name__, f"{name} as True or False", repr(value)))
        return bool(value)

    # ---- Hyper-parameters

    def change(self, name: str, value: Number | None) -> None:
        """Set a hyper-parameter, already checked; what `optimizer.name = value` does.

        Raises:
            ValueError: it is scheduled, and the new one is a number; it is momentum, and there is no
                velocity; or there would be two limits.
        """
        where = type(self).__name__
        old = self._scalars.get(name)
        if callable(old) and not callable(value):
            hint = "compile with a new optimizer, or change the schedule"
            raise ValueError(expected(where, f"{name} to stay a schedule", f"the number {value!r}", hint))
        if name == "momentum" and not self._has_velocity and value != 0:
            hint = "make the optimizer with some momentum"
            raise ValueError(expected(where, "momentum to stay 0, without velocity", repr(value), hint))
        if name in _CLIPS and value is not None:
            others = [clip for clip in _CLIPS if clip != name and self._scalars.get(clip) is not None]
            if others:
                raise ValueError(expected(where, f"one of {', '.join(_CLIPS)}", f"{others[0]} and {name}"))
        self._scalars[name] = value
        self._by_step = any(per_of(schedule) == "step" for schedule in self.schedules.values())
        self._changes += 1

    def current(self, name: str) -> float:
        """The number of a hyper-parameter at the next step."""
        return float(self._values(name, self.iterations, 1, self._epochs_done)[0])

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The hyper-parameters that are scheduled."""
        return {name: value for name, value in self._scalars.items() if callable(value)}

    def _values(self, name: str, first: int, n: int, epoch: int) -> np.ndarray:
        value = self._scalars[name]
        if value is None:
            return np.full(n, math.inf)
        if not callable(value):
            return np.full(n, value)
        allowed, where = inspect.getattr_static(self, name).allowed, type(self).__name__
        if per_of(value) == "epoch":
            return values_of(where, name, value, epoch, 1, allowed).repeat(n)
        return values_of(where, name, value, first, n, allowed)

    def steps_of_table(self, first: int, steps: int) -> int:
        """How many of so many steps a table should have: all, or where numbers are scheduled by step those up
        to the next multiple of some thousands.
        """
        return min(steps, _BLOCK - first % _BLOCK) if self._by_step else steps

    def table(self, first: int, steps: int, epoch: int) -> np.ndarray:
        """The scalars of steps, as the native trainer takes them: (steps, scalars), or one row for all of
        them where nothing is scheduled by step.

        Args:
            first: number of the first step, from 0.
            steps: how many follow.
            epoch: epochs done before them.

        Raises:
            ValueError: a schedule gives a number that is out of its range, or none.
        """
        key = (self._changes, epoch)
        if self._table is not None and self._table[0] == key:
            _, begin, kept = self._table
            if not self._by_step:
                return kept
            if begin <= first and first + steps <= begin + len(kept):
                return kept[first - begin : first - begin + steps]
        rows = steps if self._by_step else 1
        table = np.column_stack([self._values(name, first, rows, epoch) for name in self._columns])
        self._table = (key, first, table)
        self._epochs_done = epoch
        return table

    def rate_in(self, table: np.ndarray, step: int) -> float:
        """The learning rate of a step of a table, from 0."""
        rate: float = table.item(min(step, len(table) - 1), self._columns.index("learning_rate"))
        return rate

    def at_epoch(self, epochs_done: int) -> None:
        """How many epochs the model has done: schedules by epoch read by it."""
        self._epochs_done = epochs_done

    # ---- State

    @property
    def iterations(self) -> int:
        """Steps done; 0 before the first fit."""
        state = None if self._state is None else self._state()
        return 0 if state is None else state.iterations

    def _native_options(self) -> dict[str, Any]:
        """Keywords of the native optimiser."""
        native = {name: value for name, value in self.options.items() if name != "weight_decay_mode"}
        return {**native, "velocity": True} if "momentum" in self._scalars and self._has_velocity else native

    def make_state(self, parameters: "_core.Parameters") -> "_core.Optimizer":
        """Fresh native state beside the parameters."""
        coupled = self.weight_decay_mode == "coupled"
        state = _core.Optimizer(parameters, self.kind, coupled_decay=coupled, **self._native_options())
        self._forget()
        self._state = weakref.ref(state)
        self._columns = tuple(state.scalar_names)
        return state

    def set_options(self, state: "_core.Optimizer", of_weights: "Mapping[str, SegmentOptions]") -> None:
        """Tell the native state how it updates each weight."""
        for name, own in of_weights.items():
            state.set_options(
                name,
                lr_scale=own.lr_scale * self._scale_of(name),
                decay=own.decay and not self._excludes(name),
                proximal_l1=own.proximal_l1,
                max_norm=own.max_norm,
                max_norm_axis=own.max_norm_axis,
            )

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Let some weights not decay; to be called before the first step.

        Args:
            var_list: weights, such as `layer.weights` has them.
            var_names: parts of their full names: "bias" is in "dense/bias". (Keras: regular expressions.)

        Raises:
            ValueError: steps have been taken, or a name is none.

        >>> import fastdnn as fd
        >>> optimizer = fd.optimizers.AdamW()
        >>> optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        """
        where = f"{type(self).__name__}.exclude_from_weight_decay"
        names = self._names(where, var_list, var_names)
        self._excluded = tuple(dict.fromkeys([*self._excluded, *names]))

    def scale_learning_rate(
        self, factor: float, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Let some weights go at another rate, such as the lower layers of a network that is tuned to a new
        task; to be called before the first step. (Not in Keras.)

        Args:
            factor: >= 0, of the learning rate, and so of all that is scaled by it, as decoupled decay. Where
                several fit a weight, they are multiplied.
            var_list: weights, such as `layer.weights` has them.
            var_names: parts of their full names, as in `exclude_from_weight_decay`.

        Raises:
            ValueError: steps have been taken, a name is none, or the factor is out of its range.

        >>> import fastdnn as fd
        >>> optimizer = fd.optimizers.Adam(1e-3)
        >>> optimizer.scale_learning_rate(0.1, var_names=["dense/", "dense_1/"])
        """
        where = f"{type(self).__name__}.scale_learning_rate"
        names = self._names(where, var_list, var_names)
        self._scaled |= dict.fromkeys(names, number(where, "factor", factor, NOT_NEGATIVE))

    def _names(
        self, where: str, var_list: Iterable[Any] | None, var_names: Iterable[str] | None
    ) -> list[str]:
        if self._state is not None and self._state() is not None:
            raise ValueError(
                expected(where, "a call before the first step", f"one at step {self.iterations}")
            )
        parts = [var_names] if isinstance(var_names, str) else list(var_names or ())
        names = [weight.name for weight in var_list or ()] + parts
        for name in names:
            if not isinstance(name, str) or not name:
                raise ValueError(expected(where, "names of weights, or parts of them", repr(name)))
        return names

    def _excludes(self, name: str) -> bool:
        return any(part in name for part in self._excluded)

    def _scale_of(self, name: str) -> float:
        return math.prod(factor for part, factor in self._scaled.items() if part in name)

    def __getstate__(self) -> dict[str, Any]:
        """Without the native state, whose arrays the model's copy holds."""
        own = {"_scalars": dict(self._scalars), "options": dict(self.options)}
        return {**vars(self), **own, "_state": None, "_table": None}

    # ---- Files

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimiser again; a schedule as {"class_name", "config"}."""
        scalars = {name: _config_of(value) for name, value in self._scalars.items()}
        by_name = {
            "excluded_from_weight_decay": list(self._excluded),
            "learning_rate_scales": [[name, factor] for name, factor in self._scaled.items()],
        }
        return {**scalars, **self.options, **{key: value for key, value in by_name.items() if value}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The optimiser that `get_config` described; schedules may be objects already.

        Raises:
            ValueError: an argument does not fit.
        """
        arguments = dict(config)
        excluded = arguments.pop("excluded_from_weight_decay", [])
        scaled = arguments.pop("learning_rate_scales", [])
        for name, value in arguments.items():
            if isinstance(value, dict):
                from fastdnn import schedules

                arguments[name] = schedules.from_config(value["class_name"], value["config"])
        optimizer = cls(**arguments)
        optimizer.exclude_from_weight_decay(var_names=excluded)
        for name, factor in scaled:
            optimizer.scale_learning_rate(factor, var_names=[name])
        return optimizer

    def __repr__(self) -> str:
        arguments = {**self._scalars, **self.options}
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def _config_of(value: Number | None) -> Any:
    if not callable(value):
        return value
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if hasattr(value, "__name__"):
        return {"function": value.__name__}
    return {"class_name": type(value).__name__, "config": {}}

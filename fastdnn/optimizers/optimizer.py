"""What all optimisers have: hyper-parameters, clipping, decay of weights, and the native state."""

import copy
import gc
import inspect
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict

import numpy as np

from fastdnn import _core
from fastdnn.errors import expected, unknown_name
from fastdnn.optimizers.scalars import NOT_NEGATIVE, Limit, Number, Option, Scalar, Schedule, number
from fastdnn.optimizers.table import Numbers
from fastdnn.optimizers.weight_rules import WeightRules, pattern_from_config, patterns_of

if TYPE_CHECKING:
    from fastdnn.segment_options import SegmentOptions

_CLIPS = ("clipvalue", "clipnorm", "global_clipnorm")


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

    An optimiser belongs to one model: the first step gives it a state, which grows with each. A second model
    is refused there, as long as the first one exists and is compiled with it.

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
        self._state: weakref.ref[_core.Optimizer] | None = None
        self._parameters: weakref.ref[_core.Parameters] | None = None  # beside which the state is
        self._columns: tuple[str, ...] = ()
        self._dtype = "float64"  # of the state
        self._epochs_done = 0
        self._rules = WeightRules()
        common = {
            "weight_decay": weight_decay,
            "clipvalue": clipvalue,
            "clipnorm": clipnorm,
            "global_clipnorm": global_clipnorm,
        }
        numbers = {**scalars, **common}
        ranges = {name: inspect.getattr_static(self, name).allowed for name in numbers}
        self._numbers = Numbers(type(self).__name__, ranges)
        for name, value in numbers.items():
            setattr(self, name, value)
        self._has_velocity = self._numbers.given.get("momentum", 0) != 0

    def __setattr__(self, name: str, value: object) -> None:
        """As ever; but of the package's own optimisers what they do not have is a slip, such as `lr`."""
        if not name.startswith("_") and self._is_slip(name):
            wanted = f"one of its numbers, {', '.join(self._numbers.given)}"
            raise AttributeError(expected(type(self).__name__, wanted, f"{name} set to {value!r}"))
        super().__setattr__(name, value)

    def _is_slip(self, name: str) -> bool:
        is_ours = type(self).__module__.partition(".")[0] == __name__.partition(".")[0]
        return is_ours and name != "options" and not any(name in vars(kind) for kind in type(self).__mro__)

    def _choice(self, name: str, value: object, known: tuple[str, ...]) -> str:
        if value not in known:
            raise unknown_name(type(self).__name__, name, value, known)
        return str(value)

    def _flag(self, name: str, value: object) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise ValueError(expected(type(self).__name__, f"{name} as True or False", repr(value)))
        return bool(value)

    # ---- Hyper-parameters

    @property
    def given(self) -> dict[str, Number | None]:
        """The hyper-parameters by name, each a number, its schedule, or None for no limit.

        >>> from fastdnn import optimizers
        >>> optimizers.RMSprop(1e-3).given["rho"]
        0.9
        """
        return dict(self._numbers.given)

    def change(self, name: str, value: Number | None, *, replace_schedule: bool = False) -> None:
        """Set a hyper-parameter, already checked; what `optimizer.name = value` does.

        Raises:
            ValueError: it is scheduled, the new one is a number, and it is not to `replace_schedule`; it is
                momentum, and there is no velocity; or there would be two limits.
        """
        self.check_change(name, value, replace_schedule=replace_schedule)
        self._numbers.set(name, value)

    def check_change(self, name: str, value: Number | None, *, replace_schedule: bool = False) -> None:
        """Raise what `change` would raise."""
        where = type(self).__name__
        old = self._numbers.given.get(name)
        if callable(old) and not callable(value) and not replace_schedule:
            hint = "compile with a new optimizer, or change the schedule"
            raise ValueError(expected(where, f"{name} to stay a schedule", f"the number {value!r}", hint))
        if name == "momentum" and not self._has_velocity and value != 0:
            hint = "make the optimizer with some momentum"
            raise ValueError(expected(where, "momentum to stay 0, without velocity", repr(value), hint))
        if name in _CLIPS and value is not None:
            others = [clip for clip in _CLIPS if clip != name and self._numbers.given.get(clip) is not None]
            if others:
                raise ValueError(expected(where, f"one of {', '.join(_CLIPS)}", f"{others[0]} and {name}"))

    def current(self, name: str) -> float:
        """The number of a hyper-parameter at the next step."""
        return float(self._numbers.of_steps(name, self.iterations, 1, self._epochs_done)[0])

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The hyper-parameters that are scheduled."""
        return self._numbers.schedules

    def steps_of_table(self, first: int, steps: int) -> int:
        """How many of so many steps the next table should have."""
        return self._numbers.steps_of_table(first, steps)

    def table(self, first: int, steps: int, epoch: int) -> np.ndarray:
        """The scalars of steps, as the native trainer takes them: (steps, scalars), or one row for all of
        them where nothing is scheduled by step.

        Args:
            first: number of the first step, from 0.
            steps: how many follow.
            epoch: epochs done before them.

        Raises:
            ValueError: a schedule gives a number that is out of its range, or none; or epsilon is too small
                for the model's type.
        """
        self._epochs_done = epoch
        return self._numbers.table(self._columns, first, steps, epoch, self._check_table)

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
        return (
            {**native, "velocity": True}
            if "momentum" in self._numbers.given and self._has_velocity
            else native
        )

    def make_state(self, parameters: "_core.Parameters") -> "_core.Optimizer":
        """Fresh native state beside the parameters.

        Raises:
            ValueError: another model that is still there trains with this optimiser, a name of
                `exclude_from_weight_decay` or `scale_learning_rate` fits no weight, or epsilon is too small
                for the parameters' type.
        """
        where = type(self).__name__
        self._refuse_second_model(where, parameters)
        segments = [*parameters.segments("theta"), *parameters.segments("sigma")]
        self._rules.check(where, [name for name, *_ in segments])
        self._dtype = parameters.dtype
        self._check_epsilon({k: np.full(1, v) for k, v in self._numbers.given.items() if not callable(v)})
        coupled = self.weight_decay_mode == "coupled"
        state = _core.Optimizer(parameters, self.kind, coupled_decay=coupled, **self._native_options())
        self._state = weakref.ref(state)
        self._parameters = weakref.ref(parameters)
        self._columns = tuple(state.scalar_names)
        return state

    def _refuse_second_model(self, where: str, parameters: "_core.Parameters") -> None:
        """Raise if the state that there is belongs to another model that is alive."""
        for collect in (gc.collect, None):
            state = None if self._state is None else self._state()
            owner = None if self._parameters is None else self._parameters()
            if state is None or owner is None or owner is parameters:
                return
            del state, owner
            if collect is not None:
                collect()  # a model that is gone may be held by a circle, such as that with its history
        hint = "give each model its own, such as copy.deepcopy(optimizer)"
        raise ValueError(expected(where, "an optimizer of one model", "that of a second one", hint))

    def _check_table(self, table: np.ndarray) -> None:
        self._check_epsilon(dict(zip(self._columns, table.T, strict=True)))

    def _check_epsilon(self, numbers: Mapping[str, np.ndarray]) -> None:
        """Raise where epsilon, as the update has it, is below the type's smallest normal number: it may be 0
        there (see `set_flush_denormal`), and a gradient of 0 would make 0 / 0.
        """
        if "epsilon" not in numbers:
            return
        least = np.full(1, np.finfo(self._dtype).tiny, np.float64)
        if self.options.get("bias_correction", True) and "beta_2" in numbers:
            # Of Adam and Nadam: the root's correction, 1 - β₂ at the first step, goes into epsilon.
            power = {"outside": 0.5, "inside": 1.0}.get(self.options["epsilon_mode"], 0.0)
            least = least / (1 - numbers["beta_2"]) ** power
        low = numbers["epsilon"] < least
        if low.any():
            at = int(np.argmax(low))
            wanted = f"epsilon >= {least[min(at, len(least) - 1)]:.3g} in {self._dtype}"
            hint = "what is smaller may be 0 there; 1e-8 is usual"
            got = repr(float(numbers["epsilon"][at]))
            raise ValueError(expected(type(self).__name__, wanted, got, hint))

    def set_options(self, state: "_core.Optimizer", of_weights: "Mapping[str, SegmentOptions]") -> None:
        """Tell the native state how it updates each weight."""
        for name, own in of_weights.items():
            options = self._rules.options(name, own)
            state.set_options(name, **vars(options))

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Let some weights not decay; to be called before the first step.

        Args:
            var_list: weights, such as `layer.weights` of a built model has them: these alone.
            var_names: parts of their full names: "bias" is in "dense/bias". (Keras: regular expressions.)

        Raises:
            ValueError: steps have been taken, a name is none, or nothing is given. At the first step: a name
                fits no weight of the model.

        >>> import fastdnn as fd
        >>> optimizer = fd.optimizers.AdamW()
        >>> optimizer.exclude_from_weight_decay(var_names=["bias", "gamma"])
        """
        where = f"{type(self).__name__}.exclude_from_weight_decay"
        self._refuse_late(where)
        self._rules = self._rules.excluding(patterns_of(where, var_list, var_names))

    def scale_learning_rate(
        self, factor: float, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Let some weights go at another rate, such as the lower layers of a network that is tuned to a new
        task; to be called before the first step. (Not in Keras.)

        Args:
            factor: >= 0, of the learning rate, and so of all that is scaled by it, as decoupled decay. Where
                several fit a weight, they are multiplied, also those of two calls with the same name.
            var_list: weights, as in `exclude_from_weight_decay`.
            var_names: parts of their full names, as in `exclude_from_weight_decay`.

        Raises:
            ValueError: steps have been taken, a name is none, nothing is given, or the factor is out of its
                range. At the first step: a name fits no weight of the model, or the factors' product is
                infinite.

        >>> import fastdnn as fd
        >>> optimizer = fd.optimizers.Adam(1e-3)
        >>> optimizer.scale_learning_rate(0.1, var_names=["dense/", "dense_1/"])
        """
        where = f"{type(self).__name__}.scale_learning_rate"
        self._refuse_late(where)
        checked = number(where, "factor", factor, NOT_NEGATIVE)
        self._rules = self._rules.scaling(patterns_of(where, var_list, var_names), checked)

    def rename_weights(self, names_of: Callable[[str], Iterable[str]]) -> None:
        """Let what was said of single weights be said of others in the place of each."""
        self._rules = self._rules.renamed(names_of)

    def _refuse_late(self, where: str) -> None:
        if self._state is not None and self._state() is not None:
            raise ValueError(
                expected(where, "a call before the first step", f"one at step {self.iterations}")
            )

    def __getstate__(self) -> dict[str, Any]:
        """Without the native state, whose arrays the model's copy holds."""
        own = {"_numbers": copy.copy(self._numbers), "options": dict(self.options)}
        return {**vars(self), **own, "_state": None, "_parameters": None}

    def anew(self, **numbers: Number) -> Self:
        """A copy without steps behind it and with other numbers, which may be where schedules were."""
        made = copy.deepcopy(self)
        for name, value in numbers.items():
            made._numbers.set(name, value)
        return made

    # ---- Files

    def get_config(self) -> dict[str, Any]:
        """What makes this optimiser again by `from_config`: its arguments, a schedule as {"class_name",
        "config"}; what was said of some weights; and that there is a velocity, where momentum is 0 now.
        """
        numbers = {name: _config_of(value) for name, value in self._numbers.given.items()}
        is_still = self._has_velocity and self._numbers.given.get("momentum") == 0
        velocity = {"velocity": True} if is_still else {}
        return {**numbers, **self.options, **velocity, **self._rules.config()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The optimiser that `get_config` described; schedules may be objects already.

        Raises:
            ValueError: an argument does not fit.
        """
        where = cls.__name__
        arguments = dict(config)
        excluded = arguments.pop("excluded_from_weight_decay", [])
        scaled = arguments.pop("learning_rate_scales", [])
        velocity = arguments.pop("velocity", False)
        for name, entries in (("excluded_from_weight_decay", excluded), ("learning_rate_scales", scaled)):
            if not isinstance(entries, list | tuple):
                raise ValueError(expected(where, f"{name} as a list", repr(entries)))
        for name, value in arguments.items():
            if isinstance(value, dict):
                from fastdnn import schedules

                arguments[name] = schedules.from_config(value["class_name"], value["config"])
        if velocity is not False:
            if velocity is not True or arguments.get("momentum") != 0:
                got = f"{velocity!r}, momentum {arguments.get('momentum')!r}"
                raise ValueError(expected(where, "velocity as True, beside the momentum 0", got))
            arguments["momentum"] = 0.5  # any, while it is made
        optimizer = cls(**arguments)
        if velocity:
            setattr(optimizer, "momentum", 0.0)  # noqa: B010  (not all optimisers have it)
        rules = WeightRules().excluding([pattern_from_config(where, entry) for entry in excluded])
        for entry, factor in scaled:
            checked = number(where, "factor", factor, NOT_NEGATIVE)
            rules = rules.scaling([pattern_from_config(where, entry)], checked)
        optimizer._rules = rules
        return optimizer

    def __repr__(self) -> str:
        arguments = {**self._numbers.given, **self.options}
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def _config_of(value: Number | None) -> Any:
    if not callable(value):
        return value
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if hasattr(value, "__name__"):
        return {"function": value.__name__}
    return {"class_name": type(value).__name__, "config": {}}

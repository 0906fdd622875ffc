"""What would have been: short trainings from the start, each with one thing changed.

A symptom such as a high training error has many possible causes, and figures of the model at hand do not tell
which. So the same network is trained anew for some steps on the same rows, as it is and with one change at a
time: another learning rate, standardised inputs, ReLU. The change that makes the loss fall is the cause.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastdnn.diagnose.fresh_copy import (
    SATURATING,
    Change,
    hidden_activation,
    optimizer_like,
    rebuilt,
    scaling,
    usual_weights,
    with_activation,
    without_decay,
    without_regularization,
)
from fastdnn.diagnose.set_of_rows import Rows
from fastdnn.errors import NonFiniteLossError
from fastdnn.initializers import Auto
from fastdnn.layers import Dense
from fastdnn.layers.layer import Layer
from fastdnn.model import Model
from fastdnn.optimizers import Adam
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

MOST_ROWS = 2048  # of the training set, drawn once for all trials
LONGER = 5  # times the steps, where they do not settle whether regularisation is too much
_HELD_OUT = 0.2  # of the rows, by which that is judged: what is learned by heart does not count
STEPS = 200  # of each trial; a sound network has left the loss of guessing by then
_LEAST_STEPS = 40
_MOST_OPERATIONS = 3e10  # of each trial, multiplications and additions: a second or so
WIDER = 4  # times the units of hidden layers
RATE_FACTORS = (1e-3, 1e-2, 0.1, 10.0, 100.0, 1e3)
LEARNED = 0.2  # of the loss of guessing, by which a network is below it that has begun to learn
MANY_TIMES = 3.0  # as far below it as the network as it is
DECISIVE = 0.5  # of the loss as it is: what falls below is better without doubt
AS_GOOD = 1.5  # times the lowest loss
WITHOUT_USE = 0.8  # of the loss as it is: a change that leaves more is not what the loss hangs on
SMALL = 0.05  # of the loss of guessing: what is below as it is needs no change
_FAMILY_OF_ADAM = ("Adam", "AdamW", "Nadam")


@dataclass(frozen=True)
class Trial:
    """One of them.

    name: what was changed: "as_it_is", "rate", "inputs", "targets", "relu", "weights", "adam",
        "regularization".
    what: the same in words.
    loss: of the rows after the steps, in inference mode, without penalties; infinite where training ended
        by one that is not finite.
    rate: the learning rate.
    factor: of the rate, of the model's own.
    before: the loss of the network as it is, where it was trained in another way than the first trial.
    held_out, held_out_before: both on rows that were not trained on.
    """

    name: str
    what: str
    loss: float
    rate: float
    factor: float = 1.0
    before: float = math.nan
    held_out: float = math.nan
    held_out_before: float = math.nan

    def helps(self, before: float, guessing: float = math.nan) -> bool:
        """Whether it is decisively better than `before`, and no worse on rows that it was not trained on.
        So is what had its own steps, where the network as it is has hardly left the loss of guessing.
        """
        if self.held_out > self.held_out_before:
            return False
        if math.isnan(self.before):
            return self.loss < DECISIVE * before
        learned, learned_before = guessing - self.loss, max(0.0, guessing - self.before)
        begins = learned > LEARNED * guessing and learned > MANY_TIMES * learned_before
        return self.loss < DECISIVE * self.before or begins


@dataclass(frozen=True)
class Interventions(ShortRepr):
    """What `intervene` found: prints as a table.

    trials: the first is the network as it is.
    now: the loss of the model at hand on the same rows.
    guessing: the loss of one prediction for all rows, the best one: NaN where it is not known.
    steps_done: of the training of the model at hand; None where nobody knows.
    steps, rows: of each trial.
    """

    trials: tuple[Trial, ...]
    now: float
    guessing: float
    steps_done: int | None
    steps: int
    rows: int

    @property
    def as_it_is(self) -> Trial:
        """The network without a change."""
        return self.trials[0]

    def best(self, name: str) -> Trial | None:
        """The trial of a change whose loss fell furthest; of rates that do as well the nearest."""
        tried = [trial for trial in self._possible if trial.name == name]
        least = min((trial.loss for trial in tried), default=math.inf)
        near = [trial for trial in tried if trial.loss <= AS_GOOD * least]
        return min(near, key=lambda trial: abs(math.log(trial.factor)), default=None)

    def effective(self) -> tuple[Trial, ...]:
        """Those that are decisively better than the network as it is, the best of each change, best first."""
        before = self.as_it_is.loss
        if self._fits:
            return ()
        names = dict.fromkeys(trial.name for trial in self._possible)
        best = [trial for name in names if (trial := self.best(name)) is not None]
        better = [trial for trial in best if trial.helps(before, self.guessing)]
        return tuple(sorted(better, key=lambda trial: trial.loss))

    @property
    def _possible(self) -> list[Trial]:
        """What may have been the cause.

        No rate that is too low makes numbers that are not finite, or hinders a network that learns within the
        steps or has learned; and one that had fewer of them lacked steps, unless a lower rate does better.
        """
        trials = self.trials[1:]
        if not math.isfinite(self.now) or self._learns or self._learned:
            trials = tuple(trial for trial in trials if trial.factor <= 1)
        if self._lacked_steps:
            trials = tuple(trial for trial in trials if trial.factor < 1)
        return list(trials)

    @property
    def _lacked_steps(self) -> bool:
        """Whether the same training with more steps does decisively better."""
        few = self._learns if self.steps_done is None else self.steps_done < self.steps
        return few and self.as_it_is.loss < DECISIVE * self.now

    @property
    def _learns(self) -> bool:
        """Whether the network as it is learns within the steps."""
        return math.isfinite(self.guessing) and self.as_it_is.loss < SMALL * self.guessing

    @property
    def _fits(self) -> bool:
        """Whether it learns, and the model at hand has learned."""
        return self._learns and self._learned

    @property
    def _learned(self) -> bool:
        """Whether the model at hand has."""
        return math.isfinite(self.guessing) and self.now < SMALL * self.guessing

    def is_refuted(self, name: str, *, lower: bool = False, higher: bool = False) -> bool:
        """Whether a change was tried, and leaves the loss about as it is; of rates those of one side."""
        factors = [trial for trial in self.trials[1:] if trial.name == name]
        tried = [t for t in factors if not (lower and t.factor > 1) and not (higher and t.factor < 1)]
        before = self.as_it_is.loss
        return bool(tried) and (self._fits or min(t.loss for t in tried) > WITHOUT_USE * before)

    def __str__(self) -> str:
        rows = [[trial.what, f"{trial.rate:.3g}", f"{trial.loss:.4g}"] for trial in self.trials]
        rows.append(["the model at hand", "", f"{self.now:.4g}"])
        rows.append(["guessing the same for all", "", f"{self.guessing:.4g}"])
        head = f"the loss of {self.rows:,} training rows after {self.steps} steps from new weights"
        return f"{head}\n{table(['changed', 'rate', 'loss'], rows, numeric=[1, 2])}"


def intervene(
    model: Model, train: Rows, batch_size: int, *, steps_done: int | None = None, seed: int = 0
) -> Interventions:
    """Train copies of the network from new weights, each with one change.

    Args:
        model: built and compiled, with one input and one output; stays as it is.
        train: the training set.
        batch_size: of the model's training.
        steps_done: in it, if they are known.
        seed: of the rows, the weights and the order.

    Raises:
        TypeError: `copy.deepcopy` cannot copy a layer or loss of the user's own.
    """
    rows = train.drawn(MOST_ROWS, seed)
    size = min(batch_size, len(rows))
    steps = _steps(model, size)
    run = _Runner(model, rows, size, steps, seed)
    rate = optimizer_like(model.optimizer).learning_rate
    trials = [run.of("as_it_is", "as it is", rate)]
    trials += [
        run.of("rate", f"learning rate x {factor:g}", rate * factor, factor=factor) for factor in RATE_FACTORS
    ]
    trials += [make() for make in _further(model, rows, run, rate)]
    now = rows.loss(model, _same)
    return Interventions(tuple(trials), now, rows.loss_of_guessing(model), steps_done, steps, len(rows))


def _steps(model: Model, batch_size: int) -> int:
    """As many as fit into the operations of a trial: 2 for each weight, row and pass; 3 passes."""
    per_step = 6.0 * max(1, model.count_params()) * batch_size
    return int(min(STEPS, max(_LEAST_STEPS, _MOST_OPERATIONS / per_step)))


def _further(model: Model, rows: Rows, run: "_Runner", rate: float) -> list[Callable[[], Trial]]:
    """The changes that apply beside the rate's."""
    trials: list[Callable[[], Trial]] = []
    if rows.can_be_standardized(model):
        trials.append(lambda: run.of("inputs", "inputs standardised", rate, scale=True))
    if rows.targets_can_be_standardized(model):
        trials.append(lambda: run.of("targets", "targets standardised", rate, scale_targets=True))
    hidden = [layer.name for layer in model.layers if hidden_activation(layer, model) in SATURATING]
    if hidden:
        trials.append(
            lambda: run.of("relu", "ReLU in hidden layers", rate, change=with_activation(hidden, "relu"))
        )
    if _has_own_weights(model):
        trials.append(lambda: run.of("weights", "usual initial weights", rate, change=usual_weights))
    if type(model.optimizer).__name__ not in _FAMILY_OF_ADAM:
        trials.append(lambda: run.of("adam", "Adam at its usual rate", Adam().learning_rate, adam=True))
    if is_regularized(model):
        trials.append(lambda: _unregularized(run, rate))
    return trials


def _unregularized(run: "_Runner", rate: float) -> Trial:
    """Without regularisation and with it, on a part of the rows, judged by the rest, too. Slow learning is
    waited for: what the penalty allows is reached soon, what the rows allow may not be.
    """
    fitted = int((1 - _HELD_OUT) * len(run.rows))
    part, rest = run.rows.first(fitted), run.rows.taken(slice(fitted, None))
    for steps in (run.steps, LONGER * run.steps):
        both = replace(run, rows=part, steps=steps, batch_size=min(run.batch_size, fitted))
        losses = [both.losses(rest, rate, plain=plain) for plain in (False, True)]
        (before, held_before), (loss, held) = losses
        what = f"no regularisation, {steps:,} steps"
        trial = Trial("regularization", what, loss, rate, 1.0, before, held, held_before)
        if trial.helps(before, run.rows.loss_of_guessing(run.model)):
            break
    return trial


def widened(model: Model, train: Rows, batch_size: int, *, seed: int = 0) -> Trial | None:
    """The network with more units in its hidden layers, judged by rows that it was not trained on, too; None
    where it has no hidden layer that can be widened.
    """
    hidden = {layer.name for layer in model.layers if hidden_activation(layer, model) and _units(layer)}
    if not hidden:
        return None
    rows = train.drawn(MOST_ROWS, seed)
    fitted = int((1 - _HELD_OUT) * len(rows))
    part, rest = rows.first(fitted), rows.taken(slice(fitted, None))
    size = min(batch_size, fitted)
    run = _Runner(model, part, size, LONGER * _steps(model, size), seed)
    rate = optimizer_like(model.optimizer).learning_rate

    def change(layer: Layer) -> None:
        if layer.name in hidden:
            layer.units *= WIDER  # type: ignore[attr-defined]

    before, held_before = run.losses(rest, rate)
    loss, held = run.losses(rest, rate, change=change)
    return Trial("bigger", f"{WIDER} times the units", loss, rate, 1.0, before, held, held_before)


def _units(layer: Layer) -> bool:
    return isinstance(layer, Dense) and layer.trainable


def _has_own_weights(model: Model) -> bool:
    """Whether a layer's initial weights are not those that its activation asks for."""
    given = [getattr(layer, "kernel_initializer", None) for layer in model.layers]
    return any(one is not None and not isinstance(one, Auto) for one in given)


def is_regularized(model: Model) -> bool:
    """Whether something is penalised, dropped or blurred in training.

    >>> import fastdnn as fd
    >>> from fastdnn.diagnose.interventions import is_regularized
    >>> layers = [fd.Input((2,)), fd.layers.Dense(3), fd.layers.Dropout(0.5), fd.layers.Dense(1)]
    >>> model = fd.Sequential(layers, seed=0)
    >>> model.compile("adam", "mse")
    >>> is_regularized(model)
    True
    """
    dropped = any(getattr(layer, "rate", 0.0) for layer in model.layers)
    return dropped or is_penalized(model)


def is_penalized(model: Model) -> bool:
    """Whether a penalty is part of the loss, or the optimiser lets weights decay."""
    own = any(value is not None for layer in model.layers for value in layer._regularizers.values())
    decays = model.optimizer.weight_decay not in (None, 0.0)
    return own or decays or model.compiled.regularizer is not None


@dataclass(frozen=True)
class _Runner:
    """What all trials of a model have in common."""

    model: Model
    rows: Rows
    batch_size: int
    steps: int
    seed: int

    def of(
        self,
        name: str,
        what: str,
        rate: float,
        *,
        factor: float = 1.0,
        scale: bool = False,
        change: Change | None = None,
        adam: bool = False,
        scale_targets: bool = False,
    ) -> Trial:
        """One trial."""
        constant = rate if name != "as_it_is" else None
        optimizer = Adam(rate) if adam else optimizer_like(self.model.optimizer, constant)
        made = rebuilt(
            self.model,
            optimizer,
            change,
            scale=scaling("report", self.model, self.rows.x) if scale else None,
            regularizer=self.model.compiled.regularizer,
            seed=self.seed,
        )
        y, back = self.rows.scaled_targets() if scale_targets else (self.rows.y, _same)
        try:
            self._train(made, y)
            loss = self.rows.loss(made, back)
        except NonFiniteLossError:
            loss = math.inf
        return Trial(name, what, loss if math.isfinite(loss) else math.inf, rate, factor)

    def losses(
        self, held_out: Rows, rate: float, *, plain: bool = False, change: Change | None = None
    ) -> tuple[float, float]:
        """Of the rows and of others; infinite where training diverges."""
        optimizer = optimizer_like(self.model.optimizer, rate)
        made = rebuilt(
            self.model,
            without_decay(optimizer) if plain else optimizer,
            without_regularization if plain else change,
            regularizer=None if plain else self.model.compiled.regularizer,
            seed=self.seed,
        )
        try:
            self._train(made, self.rows.y)
        except NonFiniteLossError:
            return math.inf, math.inf
        return self.rows.loss(made, _same), held_out.loss(made, _same) if len(held_out) else math.nan

    def _train(self, made: Model, y: Any) -> None:
        rows = self.rows
        per_epoch = -(-len(rows) // self.batch_size)
        whole, rest = divmod(self.steps, per_epoch)
        options: dict[str, Any] = {"batch_size": self.batch_size, "verbose": 0}
        if whole:
            made.fit(rows.x, y, epochs=whole, sample_weight=rows.weights, **options)
        if rest:
            part = rows.first(rest * self.batch_size)
            made.fit(part.x, y[: len(part)], sample_weight=part.weights, **options)


def _same(outputs: np.ndarray) -> np.ndarray:
    return outputs

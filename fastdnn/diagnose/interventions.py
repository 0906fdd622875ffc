"""What would have been: short trainings from the start, each with one thing changed.

A symptom such as a high training error has many possible causes, and figures of the model at hand do not tell
which. So the same network is trained anew for some steps on the same rows, as it is and with one change at a
time: another learning rate, standardised inputs, ReLU. The change that makes the loss fall is the cause.
"""

import math
from dataclasses import dataclass, replace

from fastdnn.diagnose.fresh_copy import (
    SATURATING,
    hidden_activation,
    highest_rate,
    usual_weights,
    with_activation,
)
from fastdnn.diagnose.intervention_trials import DECISIVE, Plan, Runner, Trial, same
from fastdnn.diagnose.judged_by_dev import Judge
from fastdnn.diagnose.set_of_rows import Rows
from fastdnn.initializers import Auto
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
RATE_FACTORS = (1e-3, 1e-2, 0.1, 10.0, 100.0, 1e3)
AS_GOOD = 1.5  # times the lowest loss
WITHOUT_USE = 0.8  # of the loss as it is: a change that leaves more is not what the loss hangs on
SMALL = 0.05  # of the loss of guessing: what is below as it is needs no change
_FAMILY_OF_ADAM = ("Adam", "AdamW", "Nadam")


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
        tried = [trial for trial in self._possible if trial.name == name and trial.confirmed is not False]
        tried = [trial for trial in tried if trial.confirmed] or tried
        return _nearest(tried) if tried else None

    def effective(self) -> tuple[Trial, ...]:
        """Those that are decisively better than the network as it is, the best of each change, best first."""
        before = self.as_it_is.loss
        if self._fits:
            return ()
        names = dict.fromkeys(trial.name for trial in self._possible)
        best = [trial for name in names if (trial := self.best(name)) is not None]
        better = [trial for trial in best if trial.confirmed or trial.helps(before, self.guessing)]
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
        answers = [trial.confirmed for trial in tried if trial.confirmed is not None]
        if answers:
            return not any(answers)
        return bool(tried) and (self._fits or min(trial.loss for trial in tried) > WITHOUT_USE * before)

    def worth_asking(self) -> list[list[int]]:
        """The numbers of trials that may be a cause, since the training loss fell further, in groups of which
        one is enough: of each change, and of rates of each side from the model's own on.
        """
        if self._fits:
            return []
        groups: dict[tuple[str, bool], list[int]] = {}
        for number, trial in enumerate(self.trials):
            before = self.as_it_is.loss if number else DECISIVE * self.now
            if trial.loss < before or trial.helps(self.as_it_is.loss, self.guessing):
                groups.setdefault((trial.name, trial.factor > 1), []).append(number)
        return [self._from_nearest(group) for group in groups.values()]

    def _from_nearest(self, numbers: list[int]) -> list[int]:
        """The one that does best first, then the others by how near they are to what is."""
        first = _nearest([self.trials[number] for number in numbers])
        return sorted(
            numbers,
            key=lambda number: (
                self.trials[number] is not first,
                abs(math.log(self.trials[number].factor)),
            ),
        )

    def __str__(self) -> str:
        rows = [[trial.what, f"{trial.rate:.3g}", f"{trial.loss:.4g}"] for trial in self.trials]
        rows.append(["the model at hand", "", f"{self.now:.4g}"])
        rows.append(["guessing the same for all", "", f"{self.guessing:.4g}"])
        head = f"the loss of {self.rows:,} training rows after {self.steps} steps from new weights"
        return f"{head}\n{table(['changed', 'rate', 'loss'], rows, numeric=[1, 2])}"


def _nearest(tried: list[Trial]) -> Trial:
    """The one of the lowest loss; of rates that do as well the nearest to the model's own."""
    least = min(trial.loss for trial in tried)
    near = [trial for trial in tried if trial.loss <= AS_GOOD * least]
    return min(near, key=lambda trial: abs(math.log(trial.factor)))


def intervene(
    model: Model,
    train: Rows,
    batch_size: int,
    *,
    dev: Rows | None = None,
    steps_done: int | None = None,
    seed: int = 0,
) -> Interventions:
    """Train copies of the network from new weights, each with one change.

    Args:
        model: built and compiled, with one input and one output; stays as it is.
        train: the training set.
        batch_size: of the model's training.
        dev: rows by which it is asked whether a change that makes the training loss fall betters the network;
            None: that is not asked.
        steps_done: in it, if they are known.
        seed: of the rows, the weights and the order.

    Raises:
        TypeError: `copy.deepcopy` cannot copy a layer or loss of the user's own.
    """
    rows = train.drawn(MOST_ROWS, seed)
    size = min(batch_size, len(rows))
    steps = trial_steps(model, size)
    run = Runner(model, rows, size, steps, seed)
    rate = highest_rate(model.optimizer)
    plans = [
        Plan("as_it_is", "as it is", rate),
        *(Plan("rate", f"learning rate x {each:g}", rate * each, each) for each in RATE_FACTORS),
        *_further(model, rows, rate),
    ]
    trials = [run.of(plan) for plan in plans]
    if is_regularized(model):
        plans.append(_plain(rate))
        trials.append(_unregularized(run, rate))
    now = rows.loss(model, same)
    found = Interventions(tuple(trials), now, rows.loss_of_guessing(model), steps_done, steps, len(rows))
    if dev is None:
        return found
    judged = Judge(run, train, dev, plans[0], steps_done)
    return replace(found, trials=tuple(judged.asked(found, plans)))


def trial_steps(model: Model, batch_size: int) -> int:
    """As many as fit into the operations of a trial: 2 for each weight, row and pass; 3 passes."""
    per_step = 6.0 * max(1, model.count_params()) * batch_size
    return int(min(STEPS, max(_LEAST_STEPS, _MOST_OPERATIONS / per_step)))


def _further(model: Model, rows: Rows, rate: float) -> list[Plan]:
    """The changes that apply beside the rate's."""
    plans: list[Plan] = []
    inputs, targets = rows.can_be_standardized(model), rows.targets_can_be_standardized(model)
    if inputs:
        plans.append(Plan("inputs", "inputs standardised", rate, scale=True))
    if targets:
        plans.append(Plan("targets", "targets standardised", rate, scale_targets=True))
    if inputs and targets:
        both = "inputs and targets standardised"
        plans.append(Plan("inputs_and_targets", both, rate, scale=True, scale_targets=True))
    hidden = [layer.name for layer in model.layers if hidden_activation(layer, model) in SATURATING]
    if hidden:
        plans.append(Plan("relu", "ReLU in hidden layers", rate, change=with_activation(hidden, "relu")))
    if _has_own_weights(model):
        plans.append(Plan("weights", "usual initial weights", rate, change=usual_weights))
    if type(model.optimizer).__name__ not in _FAMILY_OF_ADAM:
        plans.append(Plan("adam", "Adam at its usual rate", Adam().learning_rate, adam=True))
    return plans


def _plain(rate: float) -> Plan:
    return Plan("regularization", "no regularisation", rate, plain=True)


def _unregularized(run: Runner, rate: float) -> Trial:
    """Without regularisation and with it, on a part of the rows, judged by the rest, too. Slow learning is
    waited for: what the penalty allows is reached soon, what the rows allow may not be.
    """
    fitted = int((1 - _HELD_OUT) * len(run.rows))
    part, rest = run.rows.first(fitted), run.rows.taken(slice(fitted, None))
    for steps in (run.steps, LONGER * run.steps):
        both = replace(run, rows=part, steps=steps, batch_size=min(run.batch_size, fitted))
        losses = [both.losses(rest, plan) for plan in (Plan("as_it_is", "as it is", rate), _plain(rate))]
        (before, held_before), (loss, held) = losses
        what = f"no regularisation, {steps:,} steps"
        trial = Trial("regularization", what, loss, rate, 1.0, before, held, held_before)
        if trial.helps(before, run.rows.loss_of_guessing(run.model)):
            break
    return trial


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

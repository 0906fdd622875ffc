"""One short training from new weights, with at most one thing changed."""

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.diagnose.fresh_copy import (
    Change,
    optimizer_like,
    rebuilt,
    scaling,
    without_decay,
    without_regularization,
)
from fastdnn.diagnose.set_of_rows import Rows
from fastdnn.errors import NonFiniteLossError
from fastdnn.layers.layer import Layer
from fastdnn.model import Model
from fastdnn.optimizers import Adam, Optimizer

LEARNED = 0.2  # of the loss of guessing, by which a network is below it that has begun to learn
MANY_TIMES = 3.0  # as far below it as the network as it is
DECISIVE = 0.5  # of the loss as it is: what falls below is better without doubt


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
    confirmed: whether it makes fewer errors on dev rows, too; None where that was not asked.
    """

    name: str
    what: str
    loss: float
    rate: float
    factor: float = 1.0
    before: float = math.nan
    held_out: float = math.nan
    held_out_before: float = math.nan
    confirmed: bool | None = None

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
class Plan:
    """What a trial changes.

    name, what, rate, factor: as of a `Trial`.
    change: of each layer.
    scale, scale_targets: whether inputs or targets are standardised.
    adam: whether Adam takes the optimiser's place.
    plain: whether all regularisation is left out.
    penalty: what weights cost, in place of the model's own; None for that.
    before: layers in front of the outputs.
    """

    name: str
    what: str
    rate: float
    factor: float = 1.0
    change: Change | None = None
    scale: bool = False
    scale_targets: bool = False
    adam: bool = False
    plain: bool = False
    penalty: Any = None
    before: dict[Layer, list[Layer]] | None = None


@dataclass(frozen=True)
class Runner:
    """What all trials of a model have in common."""

    model: Model
    rows: Rows
    batch_size: int
    steps: int
    seed: int

    def of(self, plan: Plan) -> Trial:
        """One trial, judged by the rows that it was trained on."""
        made, y, back = self.begun(plan)
        try:
            self.train(made, y)
            loss = self.rows.loss(made, back)
        except NonFiniteLossError:
            loss = math.inf
        return Trial(plan.name, plan.what, loss if math.isfinite(loss) else math.inf, plan.rate, plan.factor)

    def losses(self, held_out: Rows, plan: Plan) -> tuple[float, float]:
        """Of the rows and of others; infinite where training diverges."""
        made, y, back = self.begun(plan)
        try:
            self.train(made, y)
        except NonFiniteLossError:
            return math.inf, math.inf
        return self.rows.loss(made, back), held_out.loss(made, back) if len(held_out) else math.nan

    def least_errors(self, judge: Rows, spread: float, plan: Plan, times: int) -> np.ndarray:
        """The errors of these rows, of the best of so many moments, each some steps after the other."""
        made, y, back = self.begun(plan)
        least = np.full(len(judge), math.inf)
        for _ in range(times):
            try:
                self.train(made, y)
            except NonFiniteLossError:
                break
            errors = judge.errors(made, spread, back)
            if judge.mean(errors) < judge.mean(least):
                least = errors
        return least

    def begun(self, plan: Plan) -> tuple[Model, Any, Any]:
        """The network at its start, its targets, and what takes outputs back to the scale of the rows'."""
        made = rebuilt(
            self.model,
            self._optimizer(plan),
            without_regularization if plan.plain else plan.change,
            scale=scaling("report", self.model, self.rows.x) if plan.scale else None,
            regularizer=self._penalty(plan),
            before={at: copy.deepcopy(new) for at, new in (plan.before or {}).items()},
            seed=self.seed,
        )
        return made, *(self.rows.scaled_targets() if plan.scale_targets else (self.rows.y, same))

    def _optimizer(self, plan: Plan) -> Optimizer:
        if plan.adam:
            return Adam(plan.rate)
        made = optimizer_like(self.model.optimizer, None if plan.factor == 1 else plan.rate)
        return without_decay(made) if plan.plain else made

    def _penalty(self, plan: Plan) -> Any:
        own = None if plan.plain else self.model.compiled.regularizer
        return own if plan.penalty is None else plan.penalty

    def train(self, made: Model, y: Any) -> None:
        """The steps."""
        rows = self.rows
        per_epoch = -(-len(rows) // self.batch_size)
        whole, rest = divmod(self.steps, per_epoch)
        options: dict[str, Any] = {"batch_size": self.batch_size, "verbose": 0}
        if whole:
            made.fit(rows.x, y, epochs=whole, sample_weight=rows.weights, **options)
        if rest:
            part = rows.first(rest * self.batch_size)
            made.fit(part.x, y[: len(part)], sample_weight=part.weights, **options)


def same(outputs: np.ndarray) -> np.ndarray:
    """Outputs that are on the targets' scale."""
    return outputs

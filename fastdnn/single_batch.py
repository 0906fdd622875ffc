"""A batch at a time: one step of training, or what a step would be made of, without taking it."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fastdnn import lowering
from fastdnn.backend import Draw, Figures, Inference, Trainer, TrainingRun
from fastdnn.errors import expected, unknown_name
from fastdnn.features import NonFiniteSourceError
from fastdnn.figures import totals_of, values_of
from fastdnn.program import Program
from fastdnn.sources import Feed
from fastdnn.training import non_finite_loss, run_trainer

if TYPE_CHECKING:
    from fastdnn.model import Model


class StepTrainer:
    """Takes single steps. The trainer is kept, since making its plan costs more than many a step."""

    def __init__(self) -> None:
        self._trainer: Trainer | None = None
        self._made_for: object = None

    def step(self, model: "Model", feed: Feed, threads: int) -> dict[str, float]:
        """One step on all rows of the feed; the loss and the metrics that led to it.

        Raises:
            ValueError: a feature is NaN or infinite; the model is unchanged.
            NonFiniteLossError: the loss is; likewise.
        """
        where = "train_on_batch"
        trainer = self._trainer_of(model, feed)
        trainer.next_feed(feed.arrays)
        trainer.begin_epoch(0)  # its sums are of this batch alone
        try:
            run = run_trainer(model, trainer, threads, steps=1)
            if run.end == "non_finite_loss":
                raise non_finite_loss(where, "this batch", model.optimizer.learning_rate)
            return model.compiled.figures(trainer.figures())
        except NonFiniteSourceError as found:
            raise found.error(where, feed.origins) from None
        finally:
            trainer.close()

    def _trainer_of(self, model: "Model", feed: Feed) -> Trainer:
        made_for, settings = (feed.weighting, feed.sparse), model.weights.settings
        further = (settings, model.penalties("train_on_batch"))
        if self._trainer is None or self._made_for != (model.compiled.state, *made_for, *further):
            program = model.training_program(*made_for)
            run = TrainingRun(program, feed.arrays, feed.rows, shuffle=False, seed=model.seed)
            self._trainer = model.make_trainer(run)  # and the optimiser's state, if there was none
            self._made_for = (model.compiled.state, *made_for, *further)
        return self._trainer

    def forget(self) -> None:
        """After `compile`: the next step makes its trainer anew."""
        self._trainer = self._made_for = None


def loss_and_gradients(
    model: "Model",
    feed: Feed,
    *,
    inputs: bool,
    training: bool,
    threads: int,
    where: str = "loss_and_gradients",
) -> tuple[float, dict[str, np.ndarray]]:
    """The loss of a batch and its gradients by name; see `Model.loss_and_gradients`."""
    rows, compiled = feed.rows, model.compiled
    wanted = _differentiable_inputs(where, model, feed) if inputs else []
    made_for = (feed.weighting, feed.sparse, model.penalties(where))
    program = partial(
        lowering.gradient_program, model.graph, compiled.heads, *made_for, inputs=wanted, training=training
    )
    key = (where, compiled, *made_for, inputs, training, rows)
    inference = model.inference_of(key, program, rows)
    figures = _run(where, inference, feed, threads, next_draw(model))
    names = [model.graph.inputs.names[number] for number in wanted]
    gradients = figures.gradients | dict(zip(names, figures.outputs, strict=True))
    totals = totals_of(inference.figures, figures.sums, rows)
    results = [value for value in values_of(inference.figures, totals) if value is not None]
    return compiled.total(results), gradients


def next_draw(model: "Model") -> Draw:
    """The random numbers of the next step of training."""
    state = model.compiled.state
    return Draw(model.seed, 0 if state is None else state.iterations)


def _differentiable_inputs(where: str, model: "Model", feed: Feed) -> list[int]:
    """The numbers of the inputs that lead to a loss and are arrays of real numbers."""
    graph = model.graph
    leading = lowering.inputs_of_losses(graph, model.compiled.heads)
    real = [number for number in leading if graph.index_limit(graph.inputs.nodes[number]) is None]
    dense = [number for number in real if number not in feed.sparse]
    if not dense:
        kinds = {number: "sparse" if number in real else "integers" for number in leading}
        got = ", ".join(f"{graph.inputs.names[number]!r}: {kind}" for number, kind in kinds.items())
        raise ValueError(expected(where, "real features in dense arrays, for inputs=True", got))
    return dense


def layer_outputs(
    model: "Model", feed: Feed, names: Sequence[str] | None, batch_size: int, threads: int
) -> dict[str, np.ndarray]:
    """What layers give for each row, by name; see `Model.layer_outputs`."""
    where = "layer_outputs"
    uses = lowering.uses_by_name(model.graph)
    chosen = list(uses) if names is None else list(names)
    for name in chosen:
        if name not in uses:
            raise unknown_name(where, "a layer", name, uses)
    if len(set(chosen)) < len(chosen) or not chosen:
        raise ValueError(expected(where, "each layer once, and at least one", chosen))

    def program() -> Program:
        return lowering.layers_program(model.graph, [uses[name] for name in chosen], feed.sparse)

    inference = model.inference_of((where, *chosen, feed.sparse, batch_size), program, batch_size)
    return dict(zip(chosen, _run(where, inference, feed, threads, Draw()).outputs, strict=True))


def _run(where: str, inference: Inference, feed: Feed, threads: int, draw: Draw) -> Figures:
    try:
        return inference.run(feed.arrays, threads, draw)
    except NonFiniteSourceError as found:
        raise found.error(where, feed.origins) from None

"""A batch at a time: one step of training, or what a step would be made of, without taking it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import lowering
from fastdnn.backend import Draw, Inference, Trainer, TrainingRun
from fastdnn.batch_trainer import with_class_weights
from fastdnn.errors import expected, unknown_name
from fastdnn.features import NonFiniteSourceError
from fastdnn.program import Program
from fastdnn.training import non_finite_loss, run_trainer

if TYPE_CHECKING:
    from fastdnn.model import Model


class StepTrainer:
    """Takes single steps. The trainer is kept, since making its plan costs more than many a step."""

    def __init__(self) -> None:
        self._trainer: Trainer | None = None
        self._made_for: object = None

    def step(self, model: "Model", arrays: list[np.ndarray], threads: int) -> dict[str, float]:
        """One step on all rows of the arrays; the loss and the metrics that led to it.

        Raises:
            ValueError: a feature is NaN or infinite; the model is unchanged.
            NonFiniteLossError: the loss is; likewise.
        """
        where = "train_on_batch"
        trainer = self._trainer_of(model, arrays)
        trainer.next_feed(arrays)
        trainer.begin_epoch(0)  # its sums are of this batch alone
        try:
            run = run_trainer(model, trainer, threads, steps=1)
        except NonFiniteSourceError as found:
            raise found.error(where) from None
        if run.end == "non_finite_loss":
            raise non_finite_loss(where, "this batch", model.optimizer.learning_rate)
        names = ["loss", *model.compiled.metric_names]
        return dict(zip(names, trainer.averages(), strict=True))

    def _trainer_of(self, model: "Model", arrays: list[np.ndarray]) -> Trainer:
        trained = tuple(layer.trainable for layer in model.graph.layers)
        if self._trainer is None or self._made_for != (model.compiled.state, len(arrays), trained):
            program = model.training_program(weighted=len(arrays) == 3)
            run = TrainingRun(program, arrays, len(arrays[0]), shuffle=False, seed=model.seed)
            self._trainer = model.make_trainer(run)  # and the optimiser's state, if there was none
            self._made_for = (model.compiled.state, len(arrays), trained)
        return self._trainer

    def forget(self) -> None:
        """After `compile`: the next step makes its trainer anew."""
        self._trainer = None


def batch_arrays(
    model: "Model", where: str, x: Any, y: Any, sample_weight: Any, class_weight: dict[int, float] | None
) -> list[np.ndarray]:
    """The sources of a batch, checked."""
    arrays = model.prepare(where, x, y, sample_weight)
    return arrays if class_weight is None else with_class_weights(where, arrays, class_weight, model)


def loss_and_gradients(
    model: "Model", arrays: list[np.ndarray], *, inputs: bool, training: bool, threads: int
) -> tuple[float, dict[str, np.ndarray]]:
    """The loss of a batch and its gradients by name; see `Model.loss_and_gradients`."""
    where, weighted = "loss_and_gradients", len(arrays) == 3
    rows, trained = len(arrays[0]), tuple(layer.trainable for layer in model.graph.layers)

    def program() -> Program:
        loss = model.compiled.loss
        return lowering.gradient_program(
            model.graph, loss, weighted=weighted, inputs=inputs, training=training
        )

    inference = model.inference_of((where, weighted, inputs, training, trained, rows), program, rows)
    state = model.compiled.state
    draw = Draw(model.seed, 0 if state is None else state.iterations)
    figures = _run(where, inference, arrays, threads, draw)
    gradients = dict(figures.gradients)
    if inputs:
        gradients |= zip([model.graph.nodes[0].layer.name], figures.outputs, strict=True)
    return figures.sums[0] / rows, gradients


def layer_outputs(
    model: "Model", features: np.ndarray, names: Sequence[str] | None, batch_size: int, threads: int
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
        return lowering.layers_program(model.graph, [uses[name] for name in chosen])

    inference = model.inference_of((where, *chosen, batch_size), program, batch_size)
    return dict(zip(chosen, _run(where, inference, [features], threads, Draw()).outputs, strict=True))


def _run(where: str, inference: Inference, arrays: list[np.ndarray], threads: int, draw: Draw) -> Any:
    try:
        return inference.run(arrays, threads, draw)
    except NonFiniteSourceError as found:
        raise found.error(where) from None

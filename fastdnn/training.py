"""The loop over epochs: data in, callbacks around, the trainer inside."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import lowering
from fastdnn.backend import Run, Trainer, TrainingRun
from fastdnn.callbacks import Callback, History, ProgressLine
from fastdnn.callbacks.hooks import Hooks
from fastdnn.data.held_out import hold_out_tail
from fastdnn.errors import NonFiniteLossError, expected
from fastdnn.features import as_weights

if TYPE_CHECKING:
    from fastdnn.model import Model

# How long a run may be before callbacks that watch the progress hear of it.
_PROGRESS_SECONDS = 0.1


@dataclass
class FitRequest:
    """The arguments of `Model.fit`, as far as they do not depend on the data."""

    batch_size: int
    epochs: int
    verbose: Any
    callbacks: Sequence[Callback] | None
    validation_split: float
    validation_data: tuple[Any, ...] | None
    shuffle: bool
    class_weight: dict[int, float] | None
    sample_weight: Any
    threads: int


def fit(model: "Model", x: Any, y: Any, request: FitRequest) -> History:
    """Train; see `Model.fit`."""
    progress = ProgressLine.for_verbose(request.verbose)
    history = History()
    given = Hooks("fit", request.callbacks).callbacks
    hooks = Hooks("fit", [history, *given, *([progress] if progress else [])])
    train, held_out = _prepare(model, x, y, request)
    rows = train[0].shape[0]
    batch_size = min(request.batch_size, rows)
    compiled = model.compiled
    program = lowering.training_program(
        model.graph, compiled.loss, compiled.metric_names, weighted=len(train) == 3
    )
    names = [result.name for result in program.results]
    trainer = model.make_trainer(TrainingRun(program, train, batch_size, request.shuffle, model.seed))

    params = {
        "epochs": request.epochs,
        "steps": trainer.batches,
        "batch_size": batch_size,
        "samples": rows,
        "seed": model.seed,
        "metrics": names + ([f"val_{name}" for name in names] if held_out else []),
    }
    loop = _Loop(model, trainer, hooks, params, names, held_out, request)
    model.history = history
    model.stop_training = False
    hooks.start(model, params)
    loop.run()
    return history


def _prepare(
    model: "Model", x: Any, y: Any, request: FitRequest
) -> tuple[list[np.ndarray], list[np.ndarray] | None]:
    """Training and held-out arrays, checked as a whole before anything is trained."""
    train = model.prepare("fit", x, y, request.sample_weight)
    if request.class_weight is not None:
        train = _with_class_weights(train, request.class_weight, model.graph.output_width)
    if request.validation_data is not None:
        given = request.validation_data
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise ValueError(
                expected("fit", "validation_data as (x, y) or (x, y, sample_weight)", type(given).__name__)
            )
        return train, model.prepare("fit, validation_data", *given)
    return hold_out_tail("fit", train, request.validation_split, model.compiled.loss.integer_targets)


def _with_class_weights(
    train: list[np.ndarray], class_weight: dict[int, float], classes: int
) -> list[np.ndarray]:
    """The arrays with each example's weight multiplied by its class's; classes that are not named count 1."""
    features, target = train[0], train[1]
    by_class = np.ones(classes)
    for label, weight in class_weight.items():
        if label not in range(classes):
            raise ValueError(expected("fit", f"classes from 0 to {classes - 1} in class_weight", repr(label)))
        by_class[label] = weight
    if target.shape[1] not in (1, classes) or classes == 1:
        raise ValueError(
            expected("fit", "a classification, for class_weight", f"targets of shape {target.shape}")
        )
    labels = target[:, 0] if target.dtype == np.int32 else target.argmax(axis=1)
    weights = by_class[labels] if len(train) == 2 else by_class[labels] * train[2][:, 0]
    return [features, target, as_weights("fit, class_weight", weights, len(labels), features.dtype.name)]


@dataclass
class _Loop:
    """Epochs until they are done, or someone stops them."""

    model: "Model"
    trainer: Trainer
    hooks: Hooks
    params: dict[str, Any]
    names: list[str]
    held_out: list[np.ndarray] | None
    request: FitRequest

    def run(self) -> None:
        hooks, logs = self.hooks, dict[str, float]()
        hooks.call("on_train_begin", {})
        for epoch in range(self.request.epochs):
            hooks.call("on_epoch_begin", epoch, {})
            self.trainer.begin_epoch(self.model.compiled.epochs_done)
            self.params["threads"] = self._run_epoch(epoch)
            self.model.compiled.epochs_done += 1
            logs = self._logs()
            hooks.call("on_epoch_end", epoch, logs)
            if self.model.stop_training:
                break
        hooks.call("on_train_end", logs)

    def _figures(self) -> dict[str, float]:
        """The training figures of the epoch so far."""
        return dict(zip(self.names, self.trainer.averages(), strict=True))

    def _logs(self) -> dict[str, float]:
        """The training figures of the epoch, and those of the held-out data now."""
        logs = self._figures()
        if self.held_out is not None:
            held_out = self.model.evaluate_prepared(self.held_out, self.request.threads, hooks=self.hooks)
            logs |= {f"val_{name}": value for name, value in held_out.items()}
        return logs | {"learning_rate": self.model.optimizer.learning_rate}

    def _run_epoch(self, epoch: int) -> int:
        """The whole epoch in one call; in slices when someone watches; step by step when someone listens."""
        watchers = [callback for callback in self.hooks.callbacks if callback.watches_progress]
        listeners = self.hooks.listen("on_train_batch_begin", "on_train_batch_end")
        told_at = time.perf_counter()
        seconds = _PROGRESS_SECONDS if watchers else 0.0
        batch, ended = 0, False
        while not ended:
            if listeners:
                self.hooks.call("on_train_batch_begin", batch, {})
            run = self._run_part(epoch, seconds, 1 if listeners else 0)
            ended = run.end == "epoch_done"
            if listeners:
                self.hooks.call("on_train_batch_end", batch, self._figures())
                ended |= self.model.stop_training
            if watchers and not ended and (not listeners or time.perf_counter() - told_at >= seconds):
                figures = self._figures()
                for callback in watchers:
                    callback.on_progress(epoch, run.batch, figures)
                told_at = time.perf_counter()
            batch = run.batch
        return run.threads

    def _run_part(self, epoch: int, seconds: float, steps: int) -> Run:
        """One native call; again, where a handler of the user's ran at a Ctrl-C and raised nothing."""
        weights = self.model.weights
        while True:
            with weights.turn():
                pass
            with weights.changing():
                rate = self.model.optimizer.learning_rate
                run = self.trainer.run(rate, seconds, self.request.threads, steps)
            if run.end == "non_finite_loss":
                raise self._non_finite(epoch, run)
            if run.end != "interrupted":
                return run

    def _non_finite(self, epoch: int, run: Run) -> NonFiniteLossError:
        return NonFiniteLossError(
            expected(
                "fit",
                "a finite loss",
                f"NaN or infinity in epoch {epoch + 1}, step {run.batch + 1} of {self.trainer.batches}",
                "the model is that of the step before: lower the learning rate "
                f"(now {self.model.optimizer.learning_rate:g}), "
                "standardise the inputs (layers.Normalization), or scale the targets",
            )
        )

"""The loop over epochs: data in, callbacks around, the trainer inside."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from fastdnn.backend import Run, Trainer, TrainingRun
from fastdnn.batch_trainer import BatchFeeds, BatchTrainer
from fastdnn.callbacks import Callback, History, ProgressLine
from fastdnn.callbacks.hooks import Hooks
from fastdnn.callbacks.sampling import Sampling
from fastdnn.class_weights import ClassWeight
from fastdnn.custom.metrics import copies
from fastdnn.data.batches import Batches, is_batches
from fastdnn.data.held_out import hold_out_tail
from fastdnn.data.prefetch import Prefetch
from fastdnn.errors import NonFiniteLossError, expected
from fastdnn.features import NonFiniteSourceError, NonFiniteValueError, refuse_non_finite
from fastdnn.inference import Part, inference_loss
from fastdnn.interrupts import interrupts_held
from fastdnn.optimizers.optimizer import Optimizer
from fastdnn.sampling import SampleLayout
from fastdnn.short_epochs import Pace, run_epochs
from fastdnn.snapshot import Snapshot
from fastdnn.sources import Feed

if TYPE_CHECKING:
    from fastdnn.model import Model

# How long a run may be before callbacks that watch the progress hear of it.
_PROGRESS_SECONDS = 0.1
_VALIDATION = "fit, validation_data"


@dataclass
class FitRequest:
    """The arguments of `Model.fit`, as far as they do not depend on the data."""

    batch_size: int
    epochs: int
    verbose: Any
    callbacks: Sequence[Callback] | None
    validation_split: float
    validation_data: Any
    shuffle: bool
    class_weight: ClassWeight | None
    sample_weight: Any
    steps_per_epoch: int | None
    validation_steps: int | None
    prefetch: Any
    threads: int
    sampled: bool = False  # whether a callback looks into steps

    @property
    def holds_out(self) -> bool:
        """Whether something is evaluated after each epoch."""
        return self.validation_data is not None or bool(self.validation_split)


def fit(model: "Model", x: Any, y: Any, request: FitRequest) -> History:
    """Train; see `Model.fit`."""
    progress = ProgressLine.for_verbose(request.verbose)
    history = History()
    given_hooks = Hooks("fit", request.callbacks)
    given, request.sampled = given_hooks.callbacks, given_hooks.listen("steps_to_sample")
    was_built = model.is_built
    # Now, since a metric that cannot be copied must not end a fit after an epoch.
    held_out_metrics = copies(model.compiled.metrics) if request.holds_out else {}
    held_out = _held_out_batches(request)
    with model.unbuilt_by_refusal():
        if is_batches(x):
            loop = _loop_over_batches(model, x, held_out, request)
        else:
            loop = _loop_over_arrays(model, x, y, held_out, request)
    if loop.start is not None:
        loop.start.was_built = was_built
    loop.held_out_metrics = held_out_metrics
    loop.history = history
    loop.hooks = Hooks("fit", [history, *given, *([progress] if progress else [])])
    loop.params |= {"epochs": request.epochs, "seed": model.seed, "metrics": loop.figures()}
    model.history = history
    model.stop_training = False
    loop.run()
    return history


def _loop_over_arrays(
    model: "Model", x: Any, y: Any, held_out: "_HeldOut | None", request: FitRequest
) -> "_Loop":
    """Everything but the features is checked as a whole before anything is trained."""
    train = model.prepare("fit", x, y, request.sample_weight)
    if held_out is None and request.validation_data is not None:
        held_out = _held_out_arrays(model, request.validation_data)
    elif held_out is None:
        train, tail = hold_out_tail("fit", train, request.validation_split, model.sources.labels)
        held_out = None if tail is None else _HeldOutArrays(Part("fit", tail, train.rows))
    if request.class_weight is not None:  # not for what is held out
        train = model.sources.with_class_weights("fit", train, request.class_weight)
    batch_size = min(request.batch_size, train.rows)
    settings = model.weights.settings
    program = model.training_program(train.weighting, train.sparse, train.rows, watched=request.sampled)
    parts = [Part("fit", train), *([held_out.part] if isinstance(held_out, _HeldOutArrays) else [])]
    start = Start(model, parts)  # before there is anything to take back
    run = TrainingRun(program, train.arrays, batch_size, request.shuffle, model.seed, train.rows)
    trainer = model.make_trainer(run)
    params = {"steps": trainer.batches, "batch_size": batch_size, "samples": train.rows}
    return _Loop(model, trainer, train, held_out, request, params, start, run, settings)


def _loop_over_batches(model: "Model", x: Any, held_out: "_HeldOut | None", request: FitRequest) -> "_Loop":
    """The model is built, and the plan made, for the first batch."""
    batches = Batches(
        "fit",
        x,
        Prefetch("fit", request.prefetch),
        steps=request.steps_per_epoch,
        seed=model.seed if request.shuffle else None,
        first_pass=model.compiled.epochs_done,
    )
    feeds = BatchFeeds(model, request.class_weight)
    with ExitStack() as failed:
        failed.callback(batches.close)
        first = feeds.prepare("fit, epoch 1, batch 1", batches.peek())
        if held_out is None and request.validation_data is not None:
            held_out = _held_out_arrays(model, request.validation_data)
        settings = model.weights.settings
        program = model.training_program(first.weighting, first.sparse, watched=request.sampled)
        run = TrainingRun(program, first.arrays, first.rows, shuffle=False, seed=model.seed)
        trainer = BatchTrainer(model.make_trainer(run), batches, feeds)
        failed.pop_all()
    params = {"steps": batches.steps, "batch_size": None, "samples": None}
    return _Loop(model, trainer, first, held_out, request, params, None, run, settings)


class _HeldOut(Protocol):
    """What is evaluated after each epoch."""

    def evaluate(
        self, model: "Model", threads: int, hooks: Hooks, metrics: Mapping[str, object]
    ) -> dict[str, float]:
        """Its loss and metrics now."""
        ...


@dataclass
class _HeldOutArrays:
    part: Part

    def evaluate(
        self, model: "Model", threads: int, hooks: Hooks, metrics: Mapping[str, object]
    ) -> dict[str, float]:
        return model.evaluate_prepared(self.part, threads, hooks=hooks, metrics=metrics)


@dataclass
class _HeldOutBatches:
    batches: Batches

    def evaluate(
        self, model: "Model", threads: int, hooks: Hooks, metrics: Mapping[str, object]
    ) -> dict[str, float]:
        return model.evaluate_batches(_VALIDATION, self.batches, threads, hooks, metrics)


def _held_out_arrays(model: "Model", given: Any) -> _HeldOutArrays:
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise ValueError(
            expected("fit", "validation_data as (x, y) or (x, y, sample_weight)", type(given).__name__)
        )
    return _HeldOutArrays(Part(_VALIDATION, model.prepare(_VALIDATION, *given)))


def _held_out_batches(request: FitRequest) -> _HeldOutBatches | None:
    """Validation data that makes batches, if it does."""
    given, steps = request.validation_data, request.validation_steps
    if given is None or not is_batches(given):
        if steps is not None:
            raise ValueError(expected("fit", "no validation_steps beside arrays", steps))
        return None
    batches = Batches(_VALIDATION, given, Prefetch("fit", request.prefetch), steps=steps)
    if batches.one_shot and steps is None:
        hint = "or an iterable that can be begun anew in each epoch"
        raise ValueError(expected("fit", "validation_steps for an iterator", "none", hint))
    return _HeldOutBatches(batches)


class Start:
    """What a fit on arrays goes back to when it meets NaN or infinity in them.

    Where the features take less memory than the model's numbers, they are gone through once before, and no
    copy of the model is kept: only another thread could still write such a number, and then the last whole
    step stays.

    Raises:
        ValueError: features that were gone through have NaN or infinity.
    """

    def __init__(self, model: "Model", parts: Sequence[Part]) -> None:
        self._model = model
        self._snapshot: Snapshot | None = None
        self._dataset_size = model.compiled.dataset_size
        self.was_built = True
        features = [(part, *pair) for part in parts for pair in part.feed.float_inputs()]
        if sum(x.nbytes for _, _, x in features) > Snapshot.bytes_of(model):
            self._snapshot = Snapshot(model)
            return
        for part, suffix, x in features:
            refuse_non_finite(part.where + suffix, "x", x, model.dtype, first_row=part.first_row)

    def restore(self) -> None:
        """The model as it was, if that was kept."""
        if self._snapshot is None:
            return
        self._snapshot.restore()
        compiled = self._model.compiled
        compiled.dataset_size = self._dataset_size
        if compiled.state is not None:
            self._model.optimizer_state()  # its options may depend on the size
        if not self.was_built:
            self._model._unbuild()


@dataclass
class _Loop:
    """Epochs until they are done, or someone stops them."""

    model: "Model"
    trainer: Trainer | BatchTrainer
    feed: Feed  # of the arrays; of batches the first one's
    held_out: _HeldOut | None
    request: FitRequest
    params: dict[str, Any]
    start: Start | None
    made_for: TrainingRun  # what the trainer runs
    settings: int  # how often those of layers had been changed before it was made
    hooks: Hooks = field(default_factory=lambda: Hooks("fit", None))
    history: History = field(default_factory=History)  # the first of the hooks
    held_out_metrics: Mapping[str, object] = field(default_factory=dict)
    steps_done: int = 0
    sampling: Sampling | None = None
    logs: dict[str, float] = field(default_factory=dict)  # of the last epoch
    pace: Pace = field(default_factory=Pace)
    due: Sequence[Callback] = ()  # who asked for an evaluation at the step that was the epoch's last

    def figures(self) -> list[str]:
        """The names of the training figures, and of the held-out data's."""
        names = self.model.compiled.figure_names
        return names + ([f"val_{name}" for name in names] if self.held_out else [])

    def run(self) -> None:
        if self.request.sampled:
            self.sampling = Sampling(self.hooks, self._layout(), self._inference_loss)
        try:
            self._run()
        finally:
            self.trainer.close()

    def _run(self) -> None:
        hooks = self.hooks
        self.model.compiled.dataset_size = self.params["samples"] or self.model.compiled.dataset_size
        hooks.start(self.model, self.params)
        hooks.call("on_train_begin", {})
        epoch, goes_on = 0, True
        while goes_on and epoch < self.request.epochs and not self.model.stop_training:
            if count := self._epochs_ahead(self.request.epochs - epoch):
                done, goes_on = self._run_ahead(epoch, count)
                epoch += done
            else:
                self._begin_epoch(epoch)
                goes_on = self._finish_epoch(epoch)
                epoch += 1
        hooks.call("on_train_end", self.logs)

    def _begin_epoch(self, epoch: int) -> None:
        self.hooks.call("on_epoch_begin", epoch, {})
        if self.model.weights.settings != self.settings:
            self._go_on_by_new_settings()
        self.trainer.begin_epoch(self.model.compiled.epochs_done)

    def _finish_epoch(self, epoch: int) -> bool:
        """What is left of an epoch, and who wants to hear of it; whether there may be another."""
        begun = time.perf_counter()
        run = self._run_epoch(epoch)
        self.pace.note(1, time.perf_counter() - begun)
        if run.end == "out_of_data" and run.batch == 0:
            return False
        self.model.compiled.epochs_done += 1
        self.params["threads"] = run.threads
        if run.end != "stopped":
            self.params["steps"] = run.batch
        self.logs = self._logs()
        self.hooks.tell(self.due, "on_evaluation", self.steps_done, self.logs)
        self.hooks.call("on_epoch_end", epoch, self.logs)
        return run.end != "out_of_data"

    def _epochs_ahead(self, left: int) -> int:
        """How many epochs one native call may do: none where anything is to be done between them."""
        count = 0 if self.held_out is not None else self.pace.epochs_of(left)
        if not count or isinstance(self.trainer, BatchTrainer) or not self.trainer.runs_epochs:
            return 0
        if self.model.weights.settings != self.settings or not self.hooks.take_epochs_late():
            return 0
        return 0 if self.model.optimizer.schedules else count

    def _run_ahead(self, epoch: int, count: int) -> tuple[int, bool]:
        """Epochs in one native call, and what is left of the one in which it was interrupted, by a handler
        that raised nothing; how many there were, and whether there may be another.
        """
        trainer, ended = self.trainer, list[tuple[int, dict[str, float]]]()
        assert not isinstance(trainer, BatchTrainer)
        compiled, steps = self.model.compiled, trainer.batches

        def record(figures: list[float]) -> None:
            self.steps_done += steps
            self.logs = self._with_rate(compiled.figures(figures))
            self.history.on_epoch_end(epoch + len(ended), self.logs)
            ended.append((epoch + len(ended), self.logs))

        begun = time.perf_counter()
        try:
            run = run_epochs(self.model, trainer, self.request.threads, count, record)
        except NonFiniteSourceError as found:
            raise self._found_non_finite(found) from None
        finally:
            for number, logs in ended:
                self.hooks.tell_others(self.history, "on_epoch_end", number, logs)
        if run is None:
            return 0, True
        done = len(ended)
        self.params["threads"] = run.threads
        self.pace.note(done, time.perf_counter() - begun)
        if run.end == "non_finite_loss":
            raise self._non_finite_loss(epoch + done, run)
        if run.end == "interrupted":
            return done + 1, self._finish_epoch(epoch + done)
        return done, True

    def _layout(self) -> SampleLayout:
        return SampleLayout(self.made_for.program, self.model.graph, self.model.compiled)

    def _go_on_by_new_settings(self) -> None:
        """Layers' settings were changed in this fit: the epoch that begins is that of a new program, as if
        a new fit had begun with it.
        """
        model, old = self.model, self.made_for
        self.settings = model.weights.settings
        program = model.training_program(
            self.feed.weighting, self.feed.sparse, old.dataset_size, watched=self.request.sampled
        )
        self.made_for = replace(old, program=program)
        if self.sampling is not None:
            self.sampling.go_on(self._layout())
        trainer = model.make_trainer(self.made_for)
        if isinstance(self.trainer, BatchTrainer):
            self.trainer.go_on_by(trainer)
        else:
            self.trainer.close()
            self.trainer = trainer

    def _inference_loss(self) -> float:
        """Of the next step's batch; NaN where its numbers are not finite, which the step will name."""
        if isinstance(self.trainer, BatchTrainer):
            where, feed = self.trainer.place, self.trainer.next_feed()
        else:
            where, feed = "fit", self.feed.taken(self.trainer.next_rows(), self.model.dtype)
        try:
            return inference_loss(self.model, where, feed, self.request.threads)
        except NonFiniteValueError:
            return math.nan

    def _figures(self) -> dict[str, float]:
        """The training figures of the epoch so far."""
        return self.model.compiled.figures(self.trainer.figures())

    def _logs(self) -> dict[str, float]:
        """The training figures of the epoch so far, and those of the held-out data now."""
        logs = self._figures()
        if self.held_out is not None:
            try:
                held_out = self.held_out.evaluate(
                    self.model, self.request.threads, self.hooks, self.held_out_metrics
                )
            except NonFiniteValueError:  # of arrays, all else of which was checked before
                if isinstance(self.held_out, _HeldOutArrays) and not self.hooks.inside:
                    self._go_back()
                raise
            logs |= {f"val_{name}": value for name, value in held_out.items()}
        return self._with_rate(logs)

    def _with_rate(self, figures: dict[str, float]) -> dict[str, float]:
        return figures | {"learning_rate": self.model.compiled.last_learning_rate}

    def _go_back(self) -> None:
        if self.start is not None:
            self.start.restore()

    def _run_epoch(self, epoch: int) -> Run:
        """Arrays: the whole epoch in one call; in slices when someone watches, or wants evaluations between
        steps; step by step when someone listens. Batches: step by step. Who looks into steps cuts nothing.
        """
        watchers = [callback for callback in self.hooks.callbacks if callback.watches_progress]
        listeners = self.hooks.listen("on_train_batch_begin", "on_train_batch_end")
        told_at = time.perf_counter()
        seconds = _PROGRESS_SECONDS if watchers else 0.0
        run, self.due = Run("paused", 0, 0), ()
        while True:
            if isinstance(self.trainer, BatchTrainer) and not self.trainer.fetch():
                return replace(run, end="epoch_done" if self.trainer.end_epoch() else "out_of_data")
            if listeners:
                self.hooks.call("on_train_batch_begin", run.batch, {})
            evaluations = self.hooks.evaluations()
            steps = 1 if listeners else min((steps for _, steps in evaluations), default=0)
            batch, run = run.batch, self._run_part(epoch, seconds, steps)
            self.steps_done += run.batch - batch
            if listeners:
                self.hooks.call("on_train_batch_end", batch, self._figures())
            due = [callback for callback, steps in evaluations if steps == run.batch - batch]
            if run.end != "paused":  # they get the figures of the epoch's end
                self.due = due
                return run
            if due:
                self.hooks.tell(due, "on_evaluation", self.steps_done, self._logs())
            if self.model.stop_training and (listeners or due):
                return replace(run, end="stopped")
            if watchers and time.perf_counter() - told_at >= seconds:
                figures = self._figures()
                for callback in watchers:
                    callback.on_progress(epoch, run.batch, figures)
                told_at = time.perf_counter()

    def _run_part(self, epoch: int, seconds: float, steps: int) -> Run:
        try:
            run = run_trainer(
                self.model,
                self.trainer,
                self.request.threads,
                seconds=seconds,
                steps=steps,
                sampling=self.sampling,
            )
        except NonFiniteSourceError as found:
            raise self._found_non_finite(found) from None
        if run.end == "non_finite_loss":
            raise self._non_finite_loss(epoch, run)
        return run

    def _found_non_finite(self, found: NonFiniteSourceError) -> Exception:
        self._go_back()
        return found.error(getattr(self.trainer, "place", "fit"), self.feed.origins)

    def _non_finite_loss(self, epoch: int, run: Run) -> Exception:
        of = f" of {self.params['steps']}" if self.params["steps"] else ""
        place = f"epoch {epoch + 1}, step {run.batch + 1}{of}"
        return non_finite_loss("fit", place, self.model.optimizer.learning_rate)


def run_trainer(
    model: "Model",
    trainer: Trainer | BatchTrainer,
    threads: int,
    *,
    seconds: float = 0.0,
    steps: int,
    sampling: Sampling | None = None,
) -> Run:
    """One native call; again, where a handler of the user's ran at a Ctrl-C and raised nothing.

    `steps`: at most so many, or 0 for all that are left.
    """
    weights, compiled = model.weights, model.compiled
    optimizer, state = compiled.optimizer, compiled.state
    assert state is not None  # the trainer was made with it
    while True:
        with weights.turn():
            pass
        first = state.iterations
        left = trainer.steps_left
        due = optimizer.steps_of_table(first, min(left, steps) if steps else left)
        samples: Sequence[int] = ()
        if sampling is not None:
            samples, due = sampling.of(due)
        scalars = optimizer.table(first, due, compiled.epochs_done)
        rates = partial(_rates, optimizer, scalars, samples)
        try:
            with weights.changing():
                run = trainer.run(scalars, seconds, threads, due, samples)
        finally:
            if sampling is not None and samples:
                try:
                    _tell(sampling, trainer, first, rates)
                except BaseException:  # a Ctrl-C before it was held: what was told is not told again
                    _tell(sampling, trainer, first, rates)
                    raise
        done = state.iterations - first
        if done > 0:
            compiled.last_learning_rate = optimizer.rate_in(scalars, done - 1)
        if run.end != "interrupted":
            return run
        if steps and done == due:  # all that was asked for
            return replace(run, end="paused" if trainer.steps_left else "epoch_done")
        steps -= done if steps else 0


def _rates(optimizer: Optimizer, scalars: np.ndarray, samples: Sequence[int]) -> list[float]:
    return [optimizer.rate_in(scalars, number - 1) for number in samples]


def _tell(
    sampling: Sampling, trainer: Trainer | BatchTrainer, first: int, rates: Callable[[], list[float]]
) -> None:
    """Tell of the samples that there are: what is taken, nobody else can tell."""
    with interrupts_held():
        figures = trainer.take_samples()
        if len(figures):
            sampling.tell(first, figures, rates())


def non_finite_loss(where: str, place: str, learning_rate: float) -> NonFiniteLossError:
    """What the user is told of a loss that is NaN or infinite."""
    hint = (
        f"the model is that of the step before: lower the learning rate (now {learning_rate:g}), "
        "standardise the inputs (layers.Normalization), or scale the targets"
    )
    return NonFiniteLossError(expected(where, "a finite loss", f"NaN or infinity in {place}", hint))

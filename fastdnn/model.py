"""A network that is trained and used: compile, fit, evaluate, predict, save."""

import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn import _core, backend, inference, lowering, optimizers, regularizers, report, training
from fastdnn.arguments import (
    figures_as_asked,
    params_of_batches,
    params_of_rows,
    refuse_beside_batches,
    refuse_steps,
    rows_at_a_time,
    steps_or_none,
)
from fastdnn.backend import check as checked_backend
from fastdnn.callbacks.hooks import Hooks
from fastdnn.class_weights import ClassWeight, refuse_balanced
from fastdnn.compiled import Compiled, heads_of
from fastdnn.custom.metrics import MetricStates
from fastdnn.data.batches import Batches, is_batches
from fastdnn.data.prefetch import Prefetch
from fastdnn.data.sparse import is_sparse, sparse_shape
from fastdnn.errors import expected
from fastdnn.features import as_table
from fastdnn.figures import Figure, totals_of
from fastdnn.functional import Tensors, graph_between
from fastdnn.graph import Graph
from fastdnn.layers.layer import number_in, positive_int
from fastdnn.locks import FitLock
from fastdnn.network import Network
from fastdnn.penalties import WeightPenalty, penalties_of, update_options
from fastdnn.profiling import Profile, profile_prediction, profile_training
from fastdnn.program import Program
from fastdnn.segment_options import SegmentOptions
from fastdnn.single_batch import StepTrainer, layer_outputs, loss_and_gradients
from fastdnn.sources import Feed, Sources, Weighting
from fastdnn.thread_settings import resolve

if TYPE_CHECKING:
    from fastdnn.callbacks import Callback, History
    from fastdnn.data.table_encoder import TableEncoder
    from fastdnn.diagnose.gradient_check_result import GradientCheck


class _UnbuiltByRefusal:
    """A class, since a generator's context costs a tenth of a small prediction."""

    __slots__ = ("_model", "_was_built")

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._was_built = model.is_built

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        refused = kind is not None and issubclass(kind, ValueError | TypeError | AttributeError)
        if refused and not self._was_built and self._model.is_built:
            self._model._unbuild()


class Model(Network):
    """A network of layers, from inputs to outputs; chains are easier made by `Sequential`.

    Args:
        inputs: what `fastdnn.Input` gave: one, or a list or dict of several.
        outputs: what layers gave that were called on them, directly or through others: one, or a list or
            dict. `predict` gives arrays in the same form.
        seed: of initial weights, shuffling and dropout, 0 to 2**64 - 1; None draws one, see `.seed`.
        dtype: "float32" or "float64".

    Raises (all methods):
        ValueError: an argument does not fit; the message says what was expected. The model stays as it was.

    >>> import fastdnn as fd
    >>> x = fd.Input((4,))
    >>> branches = [fd.layers.Dense(3, activation=name)(x) for name in ("relu", "tanh")]
    >>> model = fd.Model(x, fd.layers.Dense(1)(fd.layers.Concatenate()(branches)), seed=0)
    >>> model.count_params()
    37

    Several inputs and outputs are fed by lists, or by name; the loss is the weighted sum of the outputs':

    >>> import numpy as np
    >>> text, image = fd.Input((6,), name="text"), fd.Input((4,), name="image")
    >>> h = fd.layers.Dense(8, activation="relu")(fd.layers.Concatenate()([text, image]))
    >>> outputs = {"price": fd.layers.Dense(1)(h), "kind": fd.layers.Dense(3, activation="softmax")(h)}
    >>> model = fd.Model([text, image], outputs, seed=0)
    >>> model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"},
    ...               loss_weights={"price": 0.1}, metrics={"kind": ["accuracy"]})
    >>> x = {"text": np.ones((5, 6)), "image": np.ones((5, 4))}
    >>> y = {"price": np.ones(5), "kind": [0, 1, 2, 1, 0]}
    >>> list(model.fit(x, y).history)
    ['loss', 'price_loss', 'kind_loss', 'kind_accuracy']
    >>> {name: array.shape for name, array in model.predict(x).items()}
    {'price': (5, 1), 'kind': (5, 3)}
    """

    def __init__(
        self,
        inputs: Tensors | None = None,
        outputs: Tensors | None = None,
        *,
        seed: int | None = None,
        dtype: str = "float32",
    ) -> None:
        super().__init__(seed=seed, dtype=dtype)
        self.stop_training = False
        self.history: History | None = None
        self.metadata: dict[str, Any] = {}
        self._table: TableEncoder | None = None
        self._compiled: Compiled | None = None
        self._sources: Sources | None = None
        self._inferences = inference.Kept()
        self._stepper = StepTrainer()
        self._fitting = FitLock()  # one fit, or compile, at a time
        if inputs is not None or outputs is not None:
            self._set_graph(graph_between(inputs, outputs))

    @classmethod
    def restored(cls, graph: Graph, weights: dict[str, np.ndarray], *, seed: int, dtype: str) -> "Model":
        """A model of a graph, with these weights instead of drawn ones."""
        model = cls(seed=seed, dtype=dtype)
        model._set_graph(graph, weights)
        return model

    # ---- What it is made of

    def _set_graph(self, graph: Graph, initial: dict[str, np.ndarray] | None = None) -> None:
        """Draw the weights, or take them as they are given; from here on the model is built."""
        self._sources = None
        super()._set_graph(graph, initial)

    def _unbuild(self) -> None:
        """Back to before `_build_for`: the data that the width came from was refused."""
        super()._unbuild()
        self._sources = None
        self._inferences.clear()
        self._stepper.forget()
        if self._compiled is not None:
            self._compiled.state = None

    def unbuilt_by_refusal(self) -> "_UnbuiltByRefusal":
        """Data that is refused inside leaves a model unbuilt that was."""
        return _UnbuiltByRefusal(self)

    @property
    def sources(self) -> Sources:
        """What makes arrays into feeds for the model's programs."""
        if self._sources is None:
            heads = () if self._compiled is None else self._compiled.heads
            self._sources = Sources(self.graph, heads, self.dtype)
        return self._sources

    # ---- Training

    def compile(
        self,
        optimizer: "str | optimizers.Optimizer" = "adam",
        loss: Any = None,
        *,
        loss_weights: Sequence[float | None] | Mapping[str, float] | None = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        regularizer: Any = None,
        backend: str = "native",
    ) -> None:
        """Choose optimiser, loss and metrics; the optimiser starts afresh.

        Args:
            optimizer: of `fastdnn.optimizers`, or its name, such as "sgd" or "adam", for its defaults. (Keras
                has RMSprop.)
            loss: of `fastdnn.losses`, its name in Keras, or one of your own (see there). Of several outputs
                one for all, or a list or a dict by the outputs' names; an output with None, or left out of
                the dict, is not trained on.
            loss_weights: a list or dict of what the losses are multiplied with before they are summed,
                default 1.
            metrics: names, such as `["accuracy"]`, or your own (see `fastdnn.metrics`); of several outputs a
                list or dict of such lists. They do not mind sample weights.
            weighted_metrics: likewise, but means over the sample weights, Σ w m / Σ w. One that is in
                `metrics`, too, is reported as "weighted_<name>", as in Keras.
            regularizer: of `fastdnn.regularizers`, or a name; for every weight of two or more dimensions,
                such as kernels and tables, that has none of its own. Biases and the weights of normalisations
                have one where their layer says so; `kernel_regularizer=L2(0)` leaves a kernel out. (Keras:
                by layer only.)
            backend: "native", or "reference" for the same training by the NumPy reference, slowly.

        Raises:
            ValueError: a name is unknown, a list does not fit the outputs, or a metric its loss.
            RuntimeError: called from a callback of this model's fit.
        """
        outputs = None if self._graph is None else self._graph.outputs
        heads = heads_of(outputs, loss, loss_weights, metrics, weighted_metrics)
        default = regularizers.get(regularizer, "compile")
        self._compile(Compiled(optimizers.get(optimizer), heads, checked_backend(backend), default))

    def _compile(self, compiled: Compiled) -> None:
        if self._graph is not None:  # the losses must fit the last layers: say so now and not at fit
            lowering.evaluation_program(self._graph, compiled.heads)
        with self._fitting.of("compile"):
            self._compiled = compiled
            self._sources = None
            self._inferences.clear()
            self._stepper.forget()

    @property
    def compiled(self) -> Compiled:
        """What `compile` settled.

        Raises:
            ValueError: it was not called yet.
        """
        if self._compiled is None:
            raise ValueError(
                expected("model", "a compiled model", "one that is not", "call compile(...) first")
            )
        return self._compiled

    @property
    def optimizer(self) -> optimizers.Optimizer:
        """The optimiser; its numbers, such as `learning_rate`, may be set at any time."""
        return self.compiled.optimizer

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Literal["auto", 0, 1, 2] = "auto",
        callbacks: "Sequence[Callback] | None" = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: ClassWeight | None = None,
        sample_weight: Any = None,
        *,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        prefetch: int | Literal["auto"] = "auto",
        threads: int | None = None,
    ) -> "History":
        """Train for a number of epochs.

        Args:
            x: (examples, features), anything that NumPy reads as numbers, of any type and layout; of several
                inputs a list of such, or a dict by `input_names`. It is read in place, batch by batch: memory
                maps and tables of small integers are never held as floats. (Byte-swapped, unaligned and long
                double arrays are copied once.) Or a sparse matrix of SciPy's, for an input that only `Dense`
                reads: CSR is read in place, others are converted by one `tocsr()`. Or what makes batches
                (x, y) or (x, y, sample_weight): a generator or other iterator; an iterable, gone through
                once an epoch; an object with `__len__` and `__getitem__`, such as a `keras.utils.PyDataset`,
                whose `on_epoch_begin` and `on_epoch_end` are called where it has them.
            y: (examples,) labels or (examples, outputs) targets, as the loss says; of several outputs a list,
                or a dict by `output_names`. Batches bring their own.
            batch_size: examples of a step, default 32; the last step of an epoch takes what is left. Batches
                have any length.
            epochs: how many times to go through all examples. A later `fit` goes on where this one ended.
            verbose: 0 nothing; 1 a live line for each epoch; 2 a plain line; "auto" 1 on a terminal, else 0.
            callbacks: such as `callbacks.EarlyStopping(patience=5)`; see `callbacks.Callback`. Those that
                ask for it have the held-out data evaluated between steps, too.
            validation_split: the share of the last examples that is held out, before shuffling, as in Keras.
            validation_data: (x, y) or (x, y, sample_weight) held out instead, or what makes such batches.
            shuffle: a new order in each epoch, by the model's seed; else the given order. With batches by
                index it is their order; iterators and iterables keep theirs.
            class_weight: {label: weight}, multiplied into the sample weights; for models with one output.
                "balanced": n/(k n_c) for the n_c of n examples in class c of k, as in scikit-learn.
            sample_weight: (examples,), >= 0; the loss of a batch is Σ w l / n, of the reduction "sum" Σ w l.
                Of several outputs one vector for all, or a list or dict of vectors, None where an output has
                no weights.
            steps_per_epoch: batches of an epoch where x makes batches, default those of one pass; the next
                epoch goes on where this one ended. An endless generator needs it. Where an iterator ends
                early, training does, with a warning.
            validation_steps: likewise of validation_data; an iterator needs it.
            prefetch: batches made ahead by a thread of their own while the last one is trained on; 0 for
                none, "auto" for two where making waits (files, network) long enough to gain by it.
            threads: how many to use; the weights get the same bits with any number.

        Returns:
            The `History`: `.history` maps "loss", the metrics, and their "val_" twins to a value an epoch. Of
            several outputs "loss" is the weighted sum, beside "<output>_loss" and "<output>_<metric>". The
            penalties of regularizers are part of "loss", also of `evaluate`'s.

        Raises:
            ValueError: data or an argument does not fit; rows and values are named. The model is unchanged,
                also where NaN or infinity is met in x only when its batch is gathered, in a later epoch's
                validation even: it is again as it was before `fit`. Of batches, and where another thread
                wrote such a number meanwhile, the last whole step stays; so it does where a schedule leaves
                its range in a later epoch.
            Exception: what the making of a batch, or a layer, loss or metric of your own raised; the model is
                that of the last whole step, which a metric has seen before it raised.
            TypeError: `copy.deepcopy` cannot copy a metric of your own, for the held-out data; the model is
                unchanged.
            NonFiniteLossError: the loss became NaN or infinite; the model is that of the last whole step.
            KeyboardInterrupt: Ctrl-C; likewise, also in the middle of a long step.
            RuntimeError: called from a callback of this model's fit.
        """
        request = training.FitRequest(
            batch_size=32 if batch_size is None else positive_int("fit", "batch_size", batch_size),
            epochs=positive_int("fit", "epochs", epochs),
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=bool(shuffle),
            class_weight=class_weight,
            sample_weight=sample_weight,
            steps_per_epoch=steps_or_none("fit", "steps_per_epoch", steps_per_epoch),
            validation_steps=steps_or_none("fit", "validation_steps", validation_steps),
            prefetch=prefetch,
            threads=resolve("fit", threads),
        )
        if is_batches(x):
            refuse_beside_batches(
                "fit",
                y=y,
                batch_size=batch_size,
                sample_weight=sample_weight,
                validation_split=validation_split or None,
            )
        else:
            refuse_steps("fit", steps_per_epoch=steps_per_epoch)
        with self._fitting.of("fit"):
            return training.fit(self, x, y, request)

    def training_program(
        self,
        weighting: Weighting = (),
        sparse: Collection[int] = (),
        dataset_size: int | None = None,
        *,
        watched: bool = False,
    ) -> Program:
        """The program of a training step, for feeds with these sample weights; of a training set of so many
        examples, by default those of the last fit on arrays. `watched`: that of steps that are sampled.
        """
        penalties = self.penalties("fit", dataset_size)
        heads = self.compiled.heads
        return lowering.training_program(self.graph, heads, weighting, sparse, penalties, watched=watched)

    def penalties(self, where: str, dataset_size: int | None = None) -> tuple[WeightPenalty, ...]:
        """What the loss has of the weights, as the layers' settings are now.

        Raises:
            ValueError: a regulariser needs the size of the training set, which is not known.
        """
        compiled = self.compiled
        size = dataset_size or compiled.dataset_size
        return penalties_of(where, self.graph, compiled.regularizer, size)

    def make_trainer(self, run: backend.TrainingRun) -> backend.Trainer:
        """A trainer of the compiled backend; the optimiser's state goes on from the last fit."""
        made = backend.make(self.compiled.backend_name, self.weights.native)
        return made.trainer(self.optimizer, self.optimizer_state(run.dataset_size), run)

    def optimizer_state(self, dataset_size: int | None = None) -> "_core.Optimizer":
        """The optimiser's native state, told how each weight is updated; made when it is first needed."""
        compiled = self.compiled
        if compiled.state is None:
            compiled.state = compiled.optimizer.make_state(self.weights.native)
        compiled.optimizer.set_options(compiled.state, self.update_options("fit", dataset_size))
        return compiled.state

    def update_options(self, where: str, dataset_size: int | None = None) -> dict[str, SegmentOptions]:
        """What the optimiser's update does to each trained weight in particular, as the settings are now.

        Raises:
            ValueError: a constraint does not fit its weight, or the training set's size is not known.
        """
        compiled = self.compiled
        size = dataset_size or compiled.dataset_size
        return update_options(where, self.graph, compiled.regularizer, size)

    # ---- Use

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Literal["auto", 0, 1, 2] = 0,
        sample_weight: Any = None,
        *,
        steps: int | None = None,
        return_dict: bool = False,
        prefetch: int | Literal["auto"] = "auto",
        threads: int | None = None,
        callbacks: "Sequence[Callback] | None" = None,
    ) -> Any:
        """The loss and the metrics on data, in inference mode.

        Args:
            x: as in `fit`.
            y: as in `fit`.
            batch_size: rows that are computed at a time, default 256: a matter of memory.
            verbose: 1 or 2 print the figures.
            sample_weight: as in `fit`.
            steps: batches to take where x makes batches, default all of one pass.
            prefetch: as in `fit`.
            return_dict: whether to return names with the figures.
            threads: as in `fit`.
            callbacks: whose `on_test_...` hooks are called.

        Returns:
            A dictionary with `return_dict=True`; else the loss alone, or, with metrics, a list of the loss
            and them.

        Raises:
            ValueError: as in `fit`.
        """
        asked = resolve("evaluate", threads)
        hooks = Hooks("evaluate", callbacks)
        rows = rows_at_a_time("evaluate", batch_size)
        with self.unbuilt_by_refusal():
            if is_batches(x):
                refuse_beside_batches("evaluate", y=y, batch_size=batch_size, sample_weight=sample_weight)
                ahead = Prefetch("evaluate", prefetch)
                batches = Batches("evaluate", x, ahead, steps=steps_or_none("evaluate", "steps", steps))
                hooks.start(self, params_of_batches(batches))
                figures = self.evaluate_batches("evaluate", batches, asked, hooks)
            else:
                refuse_steps("evaluate", steps=steps)
                data = self.prepare("evaluate", x, y, sample_weight)
                hooks.start(self, params_of_rows(data.rows, rows))
                figures = self.evaluate_prepared(inference.Part("evaluate", data), asked, rows, hooks=hooks)
        if verbose in (1, 2):
            print(" - ".join(f"{name}: {value:.4f}" for name, value in figures.items()))
        return figures_as_asked(figures, return_dict)

    def prepare(self, where: str, x: Any, y: Any, sample_weight: Any = None) -> Feed:
        """Inputs, targets and, if given, weights as a program's sources; builds the model if it must be."""
        assert self.compiled is not None
        with self.unbuilt_by_refusal():
            self._build_by(where, x)
            return self.sources.all(where, x, y, sample_weight)

    def _build_by(self, where: str, x: Any) -> None:
        """Build the model for inputs like these, if it must be."""
        if self._graph is None:
            shape = (
                sparse_shape(where, x, None) if is_sparse(x) else as_table(where, x, None, self.dtype).shape
            )
            self._build_for(shape[1])

    def evaluate_batches(
        self,
        where: str,
        batches: Batches,
        threads: int,
        hooks: Hooks,
        metrics: Mapping[str, object] | None = None,
    ) -> dict[str, float]:
        """`evaluate` on one epoch of batches: each example counts once, whatever its batch's length."""
        with closing(batches.numbered(where)) as numbered:
            parts = (inference.Part(place, self.prepare(place, *batch)) for place, batch in numbered)
            return self._evaluate_parts(parts, threads, backend.PREDICTION_BATCH, hooks, metrics)

    def evaluate_prepared(
        self,
        whole: inference.Part,
        threads: int,
        batch_size: int = backend.PREDICTION_BATCH,
        *,
        hooks: Hooks,
        metrics: Mapping[str, object] | None = None,
    ) -> dict[str, float]:
        """`evaluate` on what `prepare` made; `metrics`: by figures, instead of those of `compile`.

        Raises:
            ValueError: a feature is NaN or infinite.
        """
        parts = whole.cut(batch_size) if hooks.listen(*inference.TEST_BATCH) else [whole]
        return self._evaluate_parts(parts, threads, batch_size, hooks, metrics)

    def _evaluate_parts(
        self,
        parts: Iterable[inference.Part],
        threads: int,
        batch_size: int,
        hooks: Hooks,
        metrics: Mapping[str, object] | None,
    ) -> dict[str, float]:
        compiled = self.compiled
        figures: Sequence[Figure] = ()  # the same of all parts but for the numbers of their results

        def run(feed: Feed) -> list[float]:
            made_for = (feed.weighting, feed.sparse, self.penalties("evaluate"))
            program = partial(lowering.evaluation_program, self.graph, compiled.heads, *made_for)
            key = ("evaluate", compiled, *made_for, batch_size)
            runner = self.inference_of(key, program, batch_size)
            nonlocal figures
            figures = runner.figures
            return totals_of(figures, runner.run(feed.arrays, threads, metrics=states).sums, feed.rows)

        def named(totals: list[float]) -> dict[str, float]:
            return compiled.figures(states.figures(figures, totals))

        with MetricStates(compiled.metrics if metrics is None else metrics) as states:
            return inference.evaluate(parts, run, named, hooks)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Literal["auto", 0, 1, 2] = 0,
        *,
        steps: int | None = None,
        prefetch: int | Literal["auto"] = "auto",
        threads: int | None = None,
        callbacks: "Sequence[Callback] | None" = None,
    ) -> Any:
        """The model's output for each row of x, (examples, outputs); of several a list or dict, as they were
        given to `Model`.

        Many Python threads may call it at once, also during a fit: they see the weights of the last whole
        step. The bits of a row's output do not depend on the other rows.

        Args:
            x: as in `fit`; of batches the first part is taken. (Several inputs alone: ([a, b],), or a dict.)
            batch_size: rows that are computed at a time, default 256: a matter of memory.
            verbose: taken for Keras's sake; nothing is printed.
            steps: batches to take where x makes batches, default all of one pass.
            prefetch: as in `fit`.
            threads: as in `fit`.
            callbacks: whose `on_predict_...` hooks are called.

        Raises:
            ValueError: x does not fit.
        """
        rows = rows_at_a_time("predict", batch_size)
        asked = resolve("predict", threads)
        hooks = Hooks("predict", callbacks)
        with self.unbuilt_by_refusal():
            if not is_batches(x):
                refuse_steps("predict", steps=steps)
                whole = inference.Part("predict", self._inputs("predict", x))
                hooks.start(self, params_of_rows(whole.feed.rows, rows))
                parts = whole.cut(rows) if hooks.listen(*inference.PREDICT_BATCH) else [whole]
                return self._predict_parts(parts, asked, rows, hooks)
            refuse_beside_batches("predict", batch_size=batch_size)
            ahead = Prefetch("predict", prefetch)
            batches = Batches("predict", x, ahead, steps=steps_or_none("predict", "steps", steps))
            hooks.start(self, params_of_batches(batches))
            with closing(batches.numbered("predict")) as numbered:
                made = (inference.Part(place, self._inputs(place, batch[0])) for place, batch in numbered)
                return self._predict_parts(made, asked, rows, hooks)

    def _predict_parts(
        self, parts: Iterable[inference.Part], threads: int, batch_size: int, hooks: Hooks
    ) -> Any:
        def run(feed: Feed) -> list[np.ndarray]:
            sparse = feed.sparse
            program = partial(lowering.prediction_program, self.graph, sparse)
            runner = self.inference_of(("predict", sparse, batch_size), program, batch_size)
            return runner.run(feed.arrays, threads).outputs

        return inference.predict(parts, run, lambda outputs: self.graph.outputs.pack(outputs), hooks)

    def _inputs(self, where: str, x: Any) -> Feed:
        self._build_by(where, x)
        return self.sources.inputs(where, x)

    def inference_of(self, key: object, program: Callable[[], Program], batch_size: int) -> backend.Inference:
        """The runner of a program, made when it is first needed, or needed again after many others."""
        name = "native" if self._compiled is None else self._compiled.backend_name
        native = self.weights.native
        return self._inferences.get(
            (name, self.weights.settings, key),
            lambda: backend.make(name, native).inference(program(), batch_size),
        )

    # ---- A batch at a time

    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: ClassWeight | None = None,
        *,
        return_dict: bool = False,
        threads: int | None = None,
    ) -> Any:
        """One step of training on all of these rows; for loops of your own.

        Args:
            x: as arrays in `fit`; so are y, sample_weight, class_weight and threads.
            y: as in `fit`.
            sample_weight: as in `fit`.
            class_weight: as in `fit`, a dict.
            return_dict: whether to return names with the figures.
            threads: as in `fit`.

        Returns:
            The loss before the step, on this batch alone, or, with metrics, a list of the loss and them; a
            dictionary with `return_dict=True`. (Keras gives averages since the last `reset_metrics`.)

        Raises:
            ValueError, NonFiniteLossError, KeyboardInterrupt, RuntimeError: as `fit`; the model is unchanged.
            Exception: what a layer or loss of your own raised; likewise. What a metric of your own raised: it
                sees steps that are kept, so this one is.

        >>> import numpy as np
        >>> import fastdnn as fd
        >>> model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)], seed=0)
        >>> model.compile(optimizer=fd.optimizers.SGD(0.1), loss="mse")
        >>> x, y = np.eye(2), np.ones(2)
        >>> losses = [model.train_on_batch(x, y) for _ in range(50)]
        >>> losses[-1] < 0.1 * losses[0]
        True
        """
        asked = resolve("train_on_batch", threads)
        with self._fitting.of("train_on_batch"), self.unbuilt_by_refusal():
            feed = self.prepare("train_on_batch", x, y, sample_weight)
            if class_weight is not None:
                refuse_balanced("train_on_batch", class_weight)
                feed = self.sources.with_class_weights("train_on_batch", feed, class_weight)
            figures = self._stepper.step(self, feed, asked)
        return figures_as_asked(figures, return_dict)

    def test_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        return_dict: bool = False,
        threads: int | None = None,
    ) -> Any:
        """The loss and the metrics of these rows in inference mode: `evaluate` of arrays."""
        return self.evaluate(x, y, sample_weight=sample_weight, return_dict=return_dict, threads=threads)

    def predict_on_batch(self, x: Any, *, threads: int | None = None) -> Any:
        """The model's output for these rows: `predict` of arrays."""
        return self.predict(x, threads=threads)

    def loss_and_gradients(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        inputs: bool = False,
        training: bool = True,
        threads: int | None = None,
    ) -> tuple[float, dict[str, np.ndarray]]:
        """The loss of a batch, and its gradient with respect to each trained weight; nothing is changed.

        It is what the next step would see: with `training`, dropout draws that step's masks and batch
        normalisation takes the batch's own figures. The rows are one batch: memory for all of them at once.

        Args:
            x: as arrays in `fit`; so are y, sample_weight and threads.
            y: as in `fit`.
            sample_weight: as in `fit`.
            inputs: whether to give the gradients with respect to the inputs, too.
            training: whether layers behave as in training, or as in use.
            threads: as in `fit`.

        Returns:
            The loss Σ w l / n (of the reduction "sum" Σ w l), of several outputs the weighted sum, with the
            penalties, and {name of the weight: dL/dw in its shape}; with `inputs`, also {name of the input:
            dL/dx (examples, features)}. Weights of frozen layers, inputs that are sparse or integers, and
            what no loss depends on, are not in it.

        Raises:
            ValueError: as `fit`.

        >>> import numpy as np
        >>> import fastdnn as fd
        >>> model = fd.Sequential([fd.layers.Input((2,), name="x"), fd.layers.Dense(1, name="d")], seed=0)
        >>> model.compile(loss="mse")
        >>> loss, gradients = model.loss_and_gradients(np.eye(2), np.ones(2), inputs=True)
        >>> {name: g.shape for name, g in gradients.items()}
        {'d/kernel': (2, 1), 'd/bias': (1,), 'x': (2, 2)}
        """
        asked = resolve("loss_and_gradients", threads)
        with self.unbuilt_by_refusal():
            feed = self.prepare("loss_and_gradients", x, y, sample_weight)
            return loss_and_gradients(self, feed, inputs=inputs, training=training, threads=asked)

    def check_gradients(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        stencil: Literal["two_point", "five_point"] = "two_point",
        epsilon: float | None = None,
        inputs: bool = False,
        after_epochs: int = 0,
        rows: int | None = 32,
        max_per_tensor: int = 2000,
        samples: int = 200,
        directions: int = 10,
        seed: int = 0,
        silence: bool = True,
        threads: int | None = None,
        verbose: Literal["auto", 0, 1] = "auto",
    ) -> "GradientCheck":
        """Compare the gradients with finite differences of the loss: whether layers and losses of your own
        are right. The model stays as it is.

        Args:
            x: as arrays in `fit`; so are y, sample_weight and threads.
            y: as in `fit`.
            sample_weight: as in `fit`.
            stencil: "two_point" or "five_point"; this and all below as of `diagnose.check_gradients`, which
                says more.
            epsilon: ε of the differences, default 1e-5 (five_point: 1e-3).
            inputs: whether to check the gradients with respect to the inputs, too.
            after_epochs: how many epochs a copy is trained, to check there once more.
            rows: at most so many of the examples, drawn by the seed; None for all.
            max_per_tensor: a tensor of more elements is sampled.
            samples: how many of its elements are drawn.
            directions: random directions where a tensor is sampled.
            seed: of what is drawn.
            silence: whether dropout and noise are off; else they draw the same numbers each time.
            threads: as in `fit`.
            verbose: 1 shows how far it is, 0 nothing; "auto" 1 on a terminal.

        Returns:
            The `GradientCheck`: `.verdict`, "great", "check" or "worry"; `.ratio`, `.differing`, `.advice`.

        Raises:
            ValueError, NonFiniteLossError, TypeError: as of that function.

        Source: deck 002, "Gradient Checking".

        >>> import numpy as np
        >>> import fastdnn as fd
        >>> model = fd.Sequential([fd.Input((2,)), fd.layers.Dense(3, "relu"), fd.layers.Dense(1)], seed=0)
        >>> model.compile(loss="mse")
        >>> model.check_gradients(np.eye(2), np.ones(2)).verdict
        'great'
        """
        from fastdnn.diagnose.gradient_check import check_gradients

        return check_gradients(
            self,
            x,
            y,
            sample_weight,
            stencil=stencil,
            epsilon=epsilon,
            inputs=inputs,
            after_epochs=after_epochs,
            rows=rows,
            max_per_tensor=max_per_tensor,
            samples=samples,
            directions=directions,
            seed=seed,
            silence=silence,
            threads=threads,
            verbose=verbose,
        )

    def layer_outputs(
        self,
        x: Any,
        layers: Sequence[str] | None = None,
        batch_size: int | None = None,
        *,
        threads: int | None = None,
    ) -> dict[str, np.ndarray]:
        """What layers give for each row of x in use, by name: the network seen from inside.

        Args:
            x: as an array in `predict`; so are batch_size and threads.
            layers: names, default all; the second use of a layer is "name:1".
            batch_size: as in `predict`.
            threads: as in `predict`.

        Returns:
            {name: (examples, outputs of the layer)}.

        Raises:
            ValueError: no layer has this name, or x does not fit.

        >>> import numpy as np
        >>> import fastdnn as fd
        >>> hidden = fd.layers.Dense(3, activation="relu", name="hidden")
        >>> model = fd.Sequential([fd.layers.Input((2,)), hidden, fd.layers.Dense(1)], seed=0)
        >>> model.layer_outputs(np.ones((5, 2)), ["hidden"])["hidden"].shape
        (5, 3)
        """
        rows = rows_at_a_time("layer_outputs", batch_size)
        asked = resolve("layer_outputs", threads)
        with self.unbuilt_by_refusal():
            return layer_outputs(self, self._inputs("layer_outputs", x), layers, rows, asked)

    # ---- Copies

    def __getstate__(self) -> dict[str, Any]:
        """For `copy.deepcopy` and `pickle`: layers, settings, arrays and history, nothing native. The copy
        trains on with the same bits. During a fit it is the model after the last whole step.
        """
        from fastdnn.io import pickling

        return pickling.get_state(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        from fastdnn.io import pickling

        pickling.set_state(self, state)

    def __copy__(self) -> "Model":
        """Two models never share weights: a copy is a deep one."""
        return copy.deepcopy(self)

    # ---- Looking at it

    def plan(self, batch_size: int = 32, print_fn: Callable[[str], object] = print) -> None:
        """Print how the engine runs a step: operations, what was fused, shapes, bytes, offsets, barriers."""
        print_fn(report.plan(self, positive_int("plan", "batch_size", batch_size)))

    def profile(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        seconds: float = 1.0,
        threads: int | None = None,
        print_fn: Callable[[str], object] = print,
    ) -> Profile:
        """Time each operation of a training step on these rows, or, without y, of a prediction.

        The steps are taken by a copy: the model stays as it is. Native only, whatever `compile` chose.

        Args:
            x: as arrays in `fit`, the rows of one batch; so are y and sample_weight.
            y: as in `fit`.
            sample_weight: as in `fit`.
            seconds: how long to measure, > 0; at least five rounds.
            threads: as in `fit`.
            print_fn: what takes the table.

        Returns:
            The figures: times in s, operations of products, bytes of the operands.

        Raises:
            ValueError: as `fit`.
            TypeError: `copy.deepcopy` cannot copy a layer, loss or metric of your own.

        >>> import numpy as np
        >>> import fastdnn as fd
        >>> model = fd.Sequential([fd.layers.Input((8,)), fd.layers.Dense(4), fd.layers.Dense(1)], seed=0)
        >>> found = model.profile(np.ones((32, 8)), seconds=0.01, print_fn=lambda text: None)
        >>> [row.step for row in found.rows]
        ['gather', 'gemm (bias)', 'gemm (bias)']
        """
        limit = number_in("profile", "seconds", seconds, 1e-9, 1e9)
        asked = resolve("profile", threads)
        with self.unbuilt_by_refusal():
            if y is None:
                found = profile_prediction(self, self._inputs("profile", x), limit, asked)
            else:
                feed = self.prepare("profile", x, y, sample_weight)
                found = profile_training(self, feed, limit, asked)
        print_fn(str(found))
        return found

    @property
    def table(self) -> "TableEncoder | None":
        """What makes rows of a table into the model's input, and its output into names or numbers, or None.

        It is saved with the model; the commands `fastdnn predict` and `evaluate` then take CSV files.

        Raises (when it is set):
            ValueError: it is no `fastdnn.data.TableEncoder` that was fitted, or its numbers of columns and
                outputs are not the model's.

        >>> import fastdnn as fd
        >>> fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)]).table is None
        True
        """
        return self._table

    @table.setter
    def table(self, encoder: "TableEncoder | None") -> None:
        from fastdnn.data.table_encoder import check_fits

        if encoder is not None:
            check_fits(encoder, self)
        self._table = encoder

    def save(self, path: "str | PathLike[str]") -> None:
        """Write layers, weights, what `compile` settled, `table`, `history` and `metadata` to one file.

        The file replaces an older one only when it is whole on the disk. The optimiser's state is not in it.
        `metadata` is a dict for your own use, empty at first: names of things, figures, how the model was
        made.

        Raises:
            OSError: the file cannot be written; an older one is still there.
            ValueError: the `get_config` of a layer, loss or metric of your own lacks arguments of its
                `__init__`; or `metadata` is no dict of texts to what JSON knows.
        """
        from fastdnn.io.model_file import save_model

        save_model(self, path)

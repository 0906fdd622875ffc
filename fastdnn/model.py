"""A network with its weights: compile, fit, evaluate, predict, save."""

import copy
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn import _core, backend, inference, losses, lowering, metrics, optimizers, report, training
from fastdnn.callbacks.hooks import Hooks
from fastdnn.data.batches import Batches, is_batches
from fastdnn.data.prefetch import Prefetch
from fastdnn.errors import expected, unknown_name
from fastdnn.features import as_table, as_weights
from fastdnn.functional import Tensor, as_tensor, graph_between
from fastdnn.graph import Graph
from fastdnn.layers.layer import Layer, number_in, positive_int
from fastdnn.locks import FitLock
from fastdnn.parameters import ModelWeights
from fastdnn.profiling import Profile, profile
from fastdnn.program import Program
from fastdnn.single_batch import StepTrainer, batch_arrays, layer_outputs, loss_and_gradients
from fastdnn.thread_settings import resolve

if TYPE_CHECKING:
    from fastdnn.callbacks import Callback, History

_DTYPES = ("float32", "float64")


def _checked_seed(seed: int | None) -> int:
    if seed is None:
        return secrets.randbits(32)
    index = getattr(seed, "__index__", None)
    if isinstance(seed, bool) or index is None or not 0 <= index() < 2**64:
        raise ValueError(expected("model", "a seed from 0 to 2**64 - 1, or None", repr(seed)))
    return int(index())


def _steps(where: str, name: str, steps: int | None) -> int | None:
    return None if steps is None else positive_int(where, name, steps)


def _refuse_steps(where: str, **steps: int | None) -> None:
    """Raise if steps are given for arrays, which are taken whole."""
    for name, given in steps.items():
        if given is not None:
            hint = "arrays are gone through whole"
            raise ValueError(expected(where, f"no {name} beside arrays", repr(given), hint))


def refuse_beside_batches(where: str, **arguments: Any) -> None:
    """Raise if an argument is given that batches bring themselves."""
    for name, given in arguments.items():
        if given is not None:
            hint = "batches are (x, y) or (x, y, sample_weight)"
            raise ValueError(
                expected(where, f"no {name} beside an x that makes batches", type(given).__name__, hint)
            )


def _rows_at_a_time(where: str, batch_size: int | None) -> int:
    return backend.PREDICTION_BATCH if batch_size is None else positive_int(where, "batch_size", batch_size)


def _params_of_rows(rows: int, batch_size: int) -> dict[str, Any]:
    """What callbacks of an evaluation or prediction are told."""
    return {"steps": -(-rows // batch_size), "batch_size": batch_size, "samples": rows}


def _params_of_batches(batches: Batches) -> dict[str, Any]:
    return {"steps": batches.steps, "batch_size": None, "samples": None}


def _tensor(what: str, value: object) -> Tensor:
    tensor = as_tensor(value)
    if tensor is None:
        hint = "write x = fastdnn.Input((features,)), y = some_layer(x), Model(x, y)"
        raise ValueError(expected("Model", f"{what} as the output of a layer", repr(value), hint))
    return tensor


def figures_as_asked(figures: dict[str, float], return_dict: bool) -> Any:
    """The figures as Keras gives them: a dictionary, a list, or the loss alone."""
    if return_dict:
        return figures
    values = list(figures.values())
    return values[0] if len(values) == 1 else values


class Compiled:
    """What `compile` settles, and the optimiser's state from then on."""

    def __init__(
        self,
        optimizer: optimizers.Optimizer,
        loss: losses.Loss,
        metric_names: tuple[str, ...],
        backend_name: str,
    ) -> None:
        self.optimizer = optimizer
        self.loss = loss
        self.metric_names = metric_names
        self.backend_name = backend_name
        self.state: _core.Optimizer | None = None
        self.epochs_done = 0

    def __getstate__(self) -> dict[str, Any]:
        """Without the native state, whose arrays the model's pickle holds."""
        return {**vars(self), "state": None}


class Model:
    """A network of layers, from an input to an output; chains are easier made by `Sequential`.

    Args:
        inputs: what `fastdnn.Input` gave.
        outputs: what a layer gave that was called on it, directly or through others.
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
    """

    def __init__(
        self,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        *,
        seed: int | None = None,
        dtype: str = "float32",
    ) -> None:
        if dtype not in _DTYPES:
            raise ValueError(expected("model", "dtype 'float32' or 'float64'", repr(dtype)))
        self.seed = _checked_seed(seed)
        self.dtype = dtype
        self.stop_training = False
        self.history: History | None = None
        self._graph: Graph | None = None
        self._weights: ModelWeights | None = None
        self._compiled: Compiled | None = None
        self._inferences = inference.Kept()
        self._stepper = StepTrainer()
        self._fitting = FitLock()  # one fit, or compile, at a time
        if inputs is not None or outputs is not None:
            self._set_graph(graph_between(_tensor("inputs", inputs), _tensor("outputs", outputs)))

    @classmethod
    def restored(cls, graph: Graph, weights: dict[str, np.ndarray], *, seed: int, dtype: str) -> "Model":
        """A model of a graph, with these weights instead of drawn ones."""
        model = cls(seed=seed, dtype=dtype)
        model._set_graph(graph, weights)
        return model

    # ---- What it is made of

    def _set_graph(self, graph: Graph, initial: dict[str, np.ndarray] | None = None) -> None:
        """Draw the weights, or take them as they are given; from here on the model is built."""
        self._weights = ModelWeights(graph.weights, self.dtype, self.seed, initial)
        self._graph = graph
        for layer in graph.layers:
            layer.attach(self._weights)

    def _build_for(self, width: int) -> None:
        """Build for inputs of this width, where the layers did not say it."""
        hint = "Model(inputs, outputs), or Sequential([...])"
        raise ValueError(expected("Model", "a network", "one without layers", hint))

    def _unbuild(self) -> None:
        """Back to before `_build_for`: the data that the width came from was refused."""
        for layer in self.graph.layers:
            layer.detach()
        self._graph = None
        self._weights = None
        self._inferences.clear()
        self._stepper.forget()
        if self._compiled is not None:
            self._compiled.state = None

    @contextmanager
    def unbuilt_by_refusal(self) -> Iterator[None]:
        """Data that is refused inside leaves a model unbuilt that was."""
        was_built = self.is_built
        try:
            yield
        except ValueError:
            if not was_built and self.is_built:
                self._unbuild()
            raise

    @property
    def is_built(self) -> bool:
        """Whether the model knows its input, and has weights."""
        return self._graph is not None

    @property
    def graph(self) -> Graph:
        """The layer graph.

        Raises:
            ValueError: the model is not built yet.
        """
        if self._graph is None:
            hint = "begin with layers.Input((features,)), or call fit or predict first"
            raise ValueError(expected("model", "a model that knows its input", "one that does not", hint))
        return self._graph

    @property
    def weights(self) -> ModelWeights:
        """The weights by name."""
        assert self.graph is not None
        assert self._weights is not None
        return self._weights

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, each once."""
        return list(self.graph.layers)

    @property
    def input_shape(self) -> tuple[None, int]:
        """(None, features); None stands for any number of examples."""
        return None, self.graph.input_width

    @property
    def output_shape(self) -> tuple[None, int]:
        """(None, outputs)."""
        return None, self.graph.output_width

    def get_layer(self, name: str) -> Layer:
        """The layer of a name.

        Raises:
            ValueError: there is none.
        """
        for layer in self.graph.layers:
            if layer.name == name:
                return layer
        raise unknown_name("get_layer", "a layer", name, [layer.name for layer in self.graph.layers])

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, trained and stored, layer by layer."""
        return list(self.weights.snapshot().values())

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Set all weights, in the order of `get_weights`; all or none.

        During a fit of another thread they are set between two of its calls into the core: epochs, or steps
        where a callback listens to batches.

        Raises:
            ValueError: another number of arrays, another shape, or something else than real numbers.
        """
        names = list(self.weights.weights)
        if len(weights) != len(names):
            raise ValueError(
                expected("set_weights", f"{len(names)} arrays: {', '.join(names)}", len(weights))
            )
        self.weights.write(dict(zip(names, weights, strict=True)))

    def count_params(self) -> int:
        """Numbers in all weights, trained and stored."""
        return self.weights.count(trainable=True) + self.weights.count(trainable=False)

    # ---- Training

    def compile(
        self,
        optimizer: "str | optimizers.Optimizer" = "adam",
        loss: "str | losses.Loss | None" = None,
        *,
        metrics: Sequence[str] | None = None,
        backend: str = "native",
    ) -> None:
        """Choose optimiser, loss and metrics; the optimiser starts afresh.

        Args:
            optimizer: of `fastdnn.optimizers`, or "sgd" or "adam" for their defaults. (Keras has RMSprop.)
            loss: of `fastdnn.losses`, or its name in Keras.
            metrics: names, such as `["accuracy"]`.
            backend: "native", or "reference" for the same training by the NumPy reference, slowly.

        Raises:
            ValueError: a name is unknown, or a metric does not fit the loss.
            RuntimeError: called from a callback of this model's fit.
        """
        self._compile(optimizer, loss, metrics, backend)

    def _compile(self, optimizer: Any, loss: Any, metric_names: Any, backend_name: str) -> None:
        if loss is None:
            hint = 'such as loss="sparse_categorical_crossentropy"'
            raise ValueError(expected("compile", "a loss", "none", hint))
        if isinstance(metric_names, str):
            metric_names = [metric_names]
        chosen = losses.get(loss)
        names = tuple(metrics.check(metric, chosen) for metric in metric_names or ())
        if len(set(names)) != len(names):
            raise ValueError(expected("compile", "each metric once", list(names)))
        compiled = Compiled(optimizers.get(optimizer), chosen, names, backend.check(backend_name))
        if self._graph is not None:  # the loss must fit the last layer: say so now and not at fit
            lowering.evaluation_program(self._graph, chosen, names, weighted=False)
        with self._fitting.of("compile"):
            self._compiled = compiled
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
        """The optimiser; its `learning_rate` may be set between epochs."""
        return self.compiled.optimizer

    def _backend(self) -> backend.Backend:
        name = "native" if self._compiled is None else self._compiled.backend_name
        return backend.make(name, self.weights.native)

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
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        *,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        prefetch: int | Literal["auto"] = "auto",
        threads: int | None = None,
    ) -> "History":
        """Train for a number of epochs.

        Args:
            x: (examples, features), anything that NumPy reads as numbers, of any type and layout. It is read
                in place, batch by batch: memory maps and tables of small integers are never held as floats.
                (Byte-swapped, unaligned and long double arrays are copied once.) Or what makes batches (x, y)
                or (x, y, sample_weight): a generator or other iterator; an iterable, gone through once an
                epoch; an object with `__len__` and `__getitem__`, such as a `keras.utils.PyDataset`, whose
                `on_epoch_begin` and `on_epoch_end` are called where it has them.
            y: (examples,) labels or (examples, outputs) targets, as the loss says. Batches bring their own.
            batch_size: examples of a step, default 32; the last step of an epoch takes what is left. Batches
                have any length.
            epochs: how many times to go through all examples. A later `fit` goes on where this one ended.
            verbose: 0 nothing; 1 a live line for each epoch; 2 a plain line; "auto" 1 on a terminal, else 0.
            callbacks: such as `callbacks.EarlyStopping(patience=5)`; see `callbacks.Callback`.
            validation_split: the share of the last examples that is held out, before shuffling, as in Keras.
            validation_data: (x, y) or (x, y, sample_weight) held out instead, or what makes such batches.
            shuffle: a new order in each epoch, by the model's seed; else the given order. With batches by
                index it is their order; iterators and iterables keep theirs.
            class_weight: {label: weight}, multiplied into the sample weights.
            sample_weight: (examples,), >= 0; the loss of a batch is Σ w l / n.
            steps_per_epoch: batches of an epoch where x makes batches, default those of one pass; the next
                epoch goes on where this one ended. An endless generator needs it. Where an iterator ends
                early, training does, with a warning.
            validation_steps: likewise of validation_data; an iterator needs it.
            prefetch: batches made ahead by a thread of their own while the last one is trained on; 0 for
                none, "auto" for two where making waits (files, network) long enough to gain by it.
            threads: how many to use; the weights get the same bits with any number.

        Returns:
            The `History`: `.history` maps "loss", the metrics, and their "val_" twins to a value an epoch.

        Raises:
            ValueError: data or an argument does not fit; rows and values are named. The model is unchanged,
                also where NaN or infinity is met in x only when its batch is gathered, in a later epoch's
                validation even: it is again as it was before `fit`. Of batches the last whole step stays.
            Exception: what the making of a batch raised; the model is that of the last whole step.
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
            steps_per_epoch=_steps("fit", "steps_per_epoch", steps_per_epoch),
            validation_steps=_steps("fit", "validation_steps", validation_steps),
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
            _refuse_steps("fit", steps_per_epoch=steps_per_epoch)
        with self._fitting.of("fit"):
            return training.fit(self, x, y, request)

    def training_program(self, *, weighted: bool) -> Program:
        """The program of a training step."""
        compiled = self.compiled
        return lowering.training_program(self.graph, compiled.loss, compiled.metric_names, weighted=weighted)

    def make_trainer(self, run: backend.TrainingRun) -> backend.Trainer:
        """A trainer of the compiled backend; the optimiser's state goes on from the last fit."""
        compiled = self.compiled
        if compiled.state is None:
            compiled.state = compiled.optimizer.make_state(self.weights.native)
        return self._backend().trainer(compiled.optimizer, compiled.state, run)

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
        rows = _rows_at_a_time("evaluate", batch_size)
        with self.unbuilt_by_refusal():
            if is_batches(x):
                refuse_beside_batches("evaluate", y=y, batch_size=batch_size, sample_weight=sample_weight)
                ahead = Prefetch("evaluate", prefetch)
                batches = Batches("evaluate", x, ahead, steps=_steps("evaluate", "steps", steps))
                hooks.start(self, _params_of_batches(batches))
                figures = self.evaluate_batches("evaluate", batches, asked, hooks)
            else:
                _refuse_steps("evaluate", steps=steps)
                data = self.prepare("evaluate", x, y, sample_weight)
                hooks.start(self, _params_of_rows(len(data[0]), rows))
                figures = self.evaluate_prepared("evaluate", data, asked, rows, hooks=hooks)
        if verbose in (1, 2):
            print(" - ".join(f"{name}: {value:.4f}" for name, value in figures.items()))
        return figures_as_asked(figures, return_dict)

    def prepare(self, where: str, x: Any, y: Any, sample_weight: Any = None) -> list[np.ndarray]:
        """Inputs, targets and, if given, weights as a program's sources; builds the model if it must be."""
        loss = self.compiled.loss
        with self.unbuilt_by_refusal():
            features = self._features(where, x)
            rows = features.shape[0]
            arrays = [features, loss.prepare(where, y, self.graph.output_width, rows, self.dtype)]
            if sample_weight is not None:
                arrays.append(as_weights(where, sample_weight, rows, self.dtype))
        return arrays

    def evaluate_batches(self, where: str, batches: Batches, threads: int, hooks: Hooks) -> dict[str, float]:
        """`evaluate` on one epoch of batches: each example counts once, whatever its batch's length."""
        with closing(batches.numbered(where)) as numbered:
            parts = (inference.Part(place, self.prepare(place, *batch)) for place, batch in numbered)
            return self._evaluate_parts(parts, threads, backend.PREDICTION_BATCH, hooks)

    def evaluate_prepared(
        self,
        where: str,
        arrays: list[np.ndarray],
        threads: int,
        batch_size: int = backend.PREDICTION_BATCH,
        *,
        first_row: int = 0,
        hooks: Hooks,
    ) -> dict[str, float]:
        """`evaluate` on what `prepare` made; rows are named as counted from `first_row`.

        Raises:
            ValueError: a feature is NaN or infinite.
        """
        whole = inference.Part(where, arrays, first_row)
        parts = whole.cut(batch_size) if hooks.listen(*inference.TEST_BATCH) else [whole]
        return self._evaluate_parts(parts, threads, batch_size, hooks)

    def _evaluate_parts(
        self, parts: Iterable[inference.Part], threads: int, batch_size: int, hooks: Hooks
    ) -> dict[str, float]:
        compiled = self.compiled

        def run(arrays: list[np.ndarray]) -> list[float]:
            weighted = len(arrays) == 3
            program = partial(
                lowering.evaluation_program,
                self.graph,
                compiled.loss,
                compiled.metric_names,
                weighted=weighted,
            )
            key = ("evaluate", weighted, batch_size)
            return self.inference_of(key, program, batch_size).run(arrays, threads).sums

        return inference.evaluate(parts, run, ["loss", *compiled.metric_names], hooks)

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
    ) -> np.ndarray:
        """The model's output for each row of x, (examples, outputs).

        Many Python threads may call it at once, also during a fit: they see the weights of the last whole
        step. The bits of a row's output do not depend on the other rows.

        Args:
            x: as in `fit`; of batches the first part is taken.
            batch_size: rows that are computed at a time, default 256: a matter of memory.
            verbose: taken for Keras's sake; nothing is printed.
            steps: batches to take where x makes batches, default all of one pass.
            prefetch: as in `fit`.
            threads: as in `fit`.
            callbacks: whose `on_predict_...` hooks are called.

        Raises:
            ValueError: x does not fit.
        """
        rows = _rows_at_a_time("predict", batch_size)
        asked = resolve("predict", threads)
        hooks = Hooks("predict", callbacks)
        with self.unbuilt_by_refusal():
            if not is_batches(x):
                _refuse_steps("predict", steps=steps)
                whole = inference.Part("predict", [self._features("predict", x)])
                hooks.start(self, _params_of_rows(len(whole.arrays[0]), rows))
                parts = whole.cut(rows) if hooks.listen(*inference.PREDICT_BATCH) else [whole]
                return self._predict_parts(parts, asked, rows, hooks)
            refuse_beside_batches("predict", batch_size=batch_size)
            ahead = Prefetch("predict", prefetch)
            batches = Batches("predict", x, ahead, steps=_steps("predict", "steps", steps))
            hooks.start(self, _params_of_batches(batches))
            with closing(batches.numbered("predict")) as numbered:
                made = (inference.Part(place, [self._features(place, batch[0])]) for place, batch in numbered)
                return self._predict_parts(made, asked, rows, hooks)

    def _predict_parts(
        self, parts: Iterable[inference.Part], threads: int, batch_size: int, hooks: Hooks
    ) -> np.ndarray:
        def run(arrays: list[np.ndarray]) -> np.ndarray:
            program = partial(lowering.prediction_program, self.graph)
            runner = self.inference_of(("predict", batch_size), program, batch_size)
            return runner.run(arrays, threads).outputs[0]

        return inference.predict(parts, run, hooks)

    def _features(self, where: str, x: Any) -> np.ndarray:
        width = None if self._graph is None else self._graph.input_width
        features = as_table(where, x, width, self.dtype)
        if self._graph is None:
            self._build_for(features.shape[1])
        return features

    def inference_of(self, key: object, program: Callable[[], Program], batch_size: int) -> backend.Inference:
        """The runner of a program, made when it is first needed, or needed again after many others."""
        return self._inferences.get(key, lambda: self._backend().inference(program(), batch_size))

    # ---- A batch at a time

    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        *,
        return_dict: bool = False,
        threads: int | None = None,
    ) -> Any:
        """One step of training on all of these rows; for loops of your own.

        Args:
            x: as arrays in `fit`; so are y, sample_weight, class_weight and threads.
            y: as in `fit`.
            sample_weight: as in `fit`.
            class_weight: as in `fit`.
            return_dict: whether to return names with the figures.
            threads: as in `fit`.

        Returns:
            The loss before the step, on this batch alone, or, with metrics, a list of the loss and them; a
            dictionary with `return_dict=True`. (Keras gives averages since the last `reset_metrics`.)

        Raises:
            ValueError, NonFiniteLossError, KeyboardInterrupt, RuntimeError: as `fit`; the model is unchanged.

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
            arrays = batch_arrays(self, "train_on_batch", x, y, sample_weight, class_weight)
            figures = self._stepper.step(self, arrays, asked)
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

    def predict_on_batch(self, x: Any, *, threads: int | None = None) -> np.ndarray:
        """The model's output for these rows: `predict` of an array."""
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
            inputs: whether to give the gradient with respect to x, too.
            training: whether layers behave as in training, or as in use.
            threads: as in `fit`.

        Returns:
            The loss Σ w l / n, and {name of the weight: dL/dw in its shape}; with `inputs`, also {name of the
            input layer: dL/dx (examples, features)}. Weights of frozen layers are not in it.

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
            arrays = batch_arrays(self, "loss_and_gradients", x, y, sample_weight, None)
            return loss_and_gradients(self, arrays, inputs=inputs, training=training, threads=asked)

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
        rows = _rows_at_a_time("layer_outputs", batch_size)
        asked = resolve("layer_outputs", threads)
        with self.unbuilt_by_refusal():
            return layer_outputs(self, self._features("layer_outputs", x), layers, rows, asked)

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

    def summary(self, print_fn: Callable[[str], object] = print) -> None:
        """Print the layers, their shapes and the numbers of weights."""
        print_fn(report.summary(self))

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
                arrays = [self._features("profile", x)]
            else:
                arrays = self.prepare("profile", x, y, sample_weight)
            found = profile(self, arrays, limit, asked)
        print_fn(str(found))
        return found

    def save(self, path: "str | PathLike[str]") -> None:
        """Write layers, weights and what `compile` settled to a safetensors file.

        The file replaces an older one only when it is whole on the disk. The optimiser's state is not in it.

        Raises:
            OSError: the file cannot be written; an older one is still there.
        """
        from fastdnn.io.model_file import save_model

        save_model(self, path)

"""A network with its weights: compile, fit, evaluate, predict, save."""

import copy
import secrets
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn import _core, backend, inference, losses, lowering, metrics, optimizers, report, training
from fastdnn.callbacks.hooks import Hooks
from fastdnn.errors import expected, unknown_name
from fastdnn.features import as_features, as_weights
from fastdnn.graph import Graph
from fastdnn.layers.layer import Layer, positive_int
from fastdnn.locks import FitLock
from fastdnn.parameters import ModelWeights
from fastdnn.program import Program
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


def _rows_at_a_time(where: str, batch_size: int | None) -> int:
    return backend.PREDICTION_BATCH if batch_size is None else positive_int(where, "batch_size", batch_size)


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
    """A network of layers; made by `Sequential`.

    Raises (all methods):
        ValueError: an argument does not fit; the message says what was expected. The model stays as it was.
    """

    def __init__(self, *, seed: int | None, dtype: str) -> None:
        if dtype not in _DTYPES:
            raise ValueError(expected("model", "dtype 'float32' or 'float64'", repr(dtype)))
        self.seed = _checked_seed(seed)
        self.dtype = dtype
        self.stop_training = False
        self.history: History | None = None
        self._graph: Graph | None = None
        self._weights: ModelWeights | None = None
        self._compiled: Compiled | None = None
        self._inferences: dict[object, backend.Inference] = {}
        self._fitting = FitLock()  # one fit, or compile, at a time

    # ---- What it is made of

    def _set_graph(self, graph: Graph, initial: dict[str, np.ndarray] | None = None) -> None:
        """Draw the weights, or take them as they are given; from here on the model is built."""
        self._weights = ModelWeights(graph.weights, self.dtype, self.seed, initial)
        self._graph = graph
        for layer in graph.layers:
            layer.attach(self._weights)

    def _build_for(self, width: int) -> None:
        """Build for inputs of this width, where the layers did not say it."""
        raise NotImplementedError

    def _unbuild(self) -> None:
        """Back to before `_build_for`: the data that the width came from was refused."""
        for layer in self.graph.layers:
            layer.detach()
        self._graph = None
        self._weights = None

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
        y: Any,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Literal["auto", 0, 1, 2] = "auto",
        callbacks: "Sequence[Callback] | None" = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | None = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        *,
        threads: int | None = None,
    ) -> "History":
        """Train for a number of epochs.

        Args:
            x: (examples, features), anything that NumPy reads as numbers; float32 or float64 as the model has
                it is not copied.
            y: (examples,) labels or (examples, outputs) targets, as the loss says.
            batch_size: examples of a step, default 32; the last step of an epoch takes what is left.
            epochs: how many times to go through all examples. A later `fit` goes on where this one ended.
            verbose: 0 nothing; 1 a live line for each epoch; 2 a plain line; "auto" 1 on a terminal, else 0.
            callbacks: such as `callbacks.EarlyStopping(patience=5)`; see `callbacks.Callback`.
            validation_split: the share of the last examples that is held out, before shuffling, as in Keras.
            validation_data: (x, y) or (x, y, sample_weight) held out instead.
            shuffle: a new order in each epoch, by the model's seed; else the given order.
            class_weight: {label: weight}, multiplied into the sample weights.
            sample_weight: (examples,), >= 0; the loss of a batch is Σ w l / n.
            threads: how many to use; the weights get the same bits with any number.

        Returns:
            The `History`: `.history` maps "loss", the metrics, and their "val_" twins to a value an epoch.

        Raises:
            ValueError: data or an argument does not fit; rows and values are named. The model is unchanged.
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
            threads=resolve("fit", threads),
        )
        with self._fitting.of("fit"):
            return training.fit(self, x, y, request)

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
        y: Any,
        batch_size: int | None = None,
        verbose: Literal["auto", 0, 1, 2] = 0,
        sample_weight: Any = None,
        *,
        return_dict: bool = False,
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
            return_dict: whether to return names with the figures.
            threads: as in `fit`.
            callbacks: whose `on_test_...` hooks are called.

        Returns:
            A dictionary with `return_dict=True`; else the loss alone, or, with metrics, a list of the loss
            and them.

        Raises:
            ValueError: as in `fit`.
        """
        data = self.prepare("evaluate", x, y, sample_weight)
        rows = _rows_at_a_time("evaluate", batch_size)
        hooks = self._hooks("evaluate", callbacks, len(data[0]), rows)
        figures = self.evaluate_prepared(data, resolve("evaluate", threads), rows, hooks)
        if verbose in (1, 2):
            print(" - ".join(f"{name}: {value:.4f}" for name, value in figures.items()))
        if return_dict:
            return figures
        values = list(figures.values())
        return values[0] if len(values) == 1 else values

    def prepare(self, where: str, x: Any, y: Any, sample_weight: Any = None) -> list[np.ndarray]:
        """Inputs, targets and, if given, weights as a program's sources; builds the model if it must be."""
        loss = self.compiled.loss
        was_built = self._graph is not None
        features = self._features(where, x)
        rows = features.shape[0]
        try:
            arrays = [features, loss.prepare(where, y, self.graph.output_width, rows, self.dtype)]
            if sample_weight is not None:
                arrays.append(as_weights(where, sample_weight, rows, self.dtype))
        except ValueError:
            if not was_built:
                self._unbuild()
            raise
        return arrays

    def evaluate_prepared(
        self,
        arrays: list[np.ndarray],
        threads: int,
        batch_size: int = backend.PREDICTION_BATCH,
        hooks: Hooks | None = None,
    ) -> dict[str, float]:
        """`evaluate` on what `prepare` made."""
        weighted = len(arrays) == 3
        compiled = self.compiled

        def program() -> Program:
            return lowering.evaluation_program(
                self.graph, compiled.loss, compiled.metric_names, weighted=weighted
            )

        key = ("evaluate", weighted, batch_size)
        return inference.evaluate(
            self._inference(key, program, batch_size),
            arrays,
            ["loss", *compiled.metric_names],
            batch_size=batch_size,
            threads=threads,
            hooks=hooks or Hooks("evaluate", None),
        )

    def _hooks(self, where: str, callbacks: "Sequence[Callback] | None", rows: int, batch_size: int) -> Hooks:
        """The callbacks of an evaluation or prediction, told of it."""
        hooks = Hooks(where, callbacks)
        hooks.start(self, {"steps": -(-rows // batch_size), "batch_size": batch_size, "samples": rows})
        return hooks

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Literal["auto", 0, 1, 2] = 0,
        *,
        threads: int | None = None,
        callbacks: "Sequence[Callback] | None" = None,
    ) -> np.ndarray:
        """The model's output for each row of x, (examples, outputs).

        Many Python threads may call it at once, also during a fit: they see the weights of the last whole
        step. The bits of a row's output do not depend on the other rows.

        Args:
            x: as in `fit`.
            batch_size: rows that are computed at a time, default 256: a matter of memory.
            verbose: taken for Keras's sake; nothing is printed.
            threads: as in `fit`.
            callbacks: whose `on_predict_...` hooks are called.

        Raises:
            ValueError: x does not fit.
        """
        features = self._features("predict", x)
        rows = _rows_at_a_time("predict", batch_size)
        hooks = self._hooks("predict", callbacks, len(features), rows)
        runner = self._inference(("predict", rows), lambda: lowering.prediction_program(self.graph), rows)
        return inference.predict(
            runner, [features], batch_size=rows, threads=resolve("predict", threads), hooks=hooks
        )

    def _features(self, where: str, x: Any) -> np.ndarray:
        width = None if self._graph is None else self._graph.input_width
        features = as_features(where, x, width, self.dtype)
        if self._graph is None:
            self._build_for(features.shape[1])
        return features

    def _inference(self, key: object, program: Callable[[], Program], batch_size: int) -> backend.Inference:
        """The runner of a program, made when it is first needed."""
        if key not in self._inferences:
            self._inferences[key] = self._backend().inference(program(), batch_size)
        return self._inferences[key]

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

    def save(self, path: "str | PathLike[str]") -> None:
        """Write layers, weights and what `compile` settled to a safetensors file.

        The file replaces an older one only when it is whole on the disk. The optimiser's state is not in it.

        Raises:
            OSError: the file cannot be written; an older one is still there.
        """
        from fastdnn.io.model_file import save_model

        save_model(self, path)

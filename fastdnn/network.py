"""A network with its weights: its layers by name, reading and setting weights, freezing, new heads."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from fastdnn import report
from fastdnn.arguments import checked_seed, shapes_of
from fastdnn.equal_units import warn_of_equal_units
from fastdnn.errors import expected, unknown_name
from fastdnn.graph import Graph
from fastdnn.layers.layer import Layer
from fastdnn.parameters import ModelWeights

if TYPE_CHECKING:
    from fastdnn.model import Model
    from fastdnn.transfer import Head, Transfer

_DTYPES = ("float32", "float64")


class Network:
    """Layers in a graph, and their weights, once the graph is known; what `Model` adds to it is training and
    use.

    Args:
        seed: of initial weights, 0 to 2**64 - 1; None draws one, see `.seed`.
        dtype: "float32" or "float64".

    Raises (all methods):
        ValueError: an argument does not fit; the message says what was expected. The network stays as it was.
    """

    def __init__(self, *, seed: int | None = None, dtype: str = "float32") -> None:
        if dtype not in _DTYPES:
            raise ValueError(expected("model", "dtype 'float32' or 'float64'", repr(dtype)))
        self.seed = checked_seed(seed)
        self.dtype = dtype
        self._graph: Graph | None = None
        self._weights: ModelWeights | None = None

    # ---- What it is made of

    def _set_graph(self, graph: Graph, initial: dict[str, np.ndarray] | None = None) -> None:
        """Draw the weights, or take them as they are given; from here on the model is built."""
        self._weights = ModelWeights(graph.weights, self.dtype, self.seed, initial)
        self._graph = graph
        for layer in graph.layers:
            layer.attach(self._weights)
        warn_of_equal_units(graph, self._weights.equal_units)

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
    def input_shape(self) -> tuple[None, int] | list[tuple[None, int]]:
        """(None, features) of the input, or a list of them; None stands for any number of examples."""
        return shapes_of(self.graph.widths_of(self.graph.inputs))

    @property
    def output_shape(self) -> tuple[None, int] | list[tuple[None, int]]:
        """(None, outputs) of the output, or a list of them."""
        return shapes_of(self.graph.widths_of(self.graph.outputs))

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs' layers, or the keys of the dict that the model was given."""
        return list(self.graph.inputs.names)

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that give the outputs, numbered where one gives several, or the dict's
        keys.
        """
        return list(self.graph.outputs.names)

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
            ValueError: another number of arrays, another shape, something else than real numbers, or a finite
                one beyond the model's type.
        """
        names = list(self.weights.weights)
        if len(weights) != len(names):
            raise ValueError(
                expected("set_weights", f"{len(names)} arrays: {', '.join(names)}", len(weights))
            )
        self.weights.write(dict(zip(names, weights, strict=True)))

    def transfer_weights(
        self,
        source: "Network",
        layers: "Sequence[str] | Mapping[str, str] | None" = None,
        *,
        skip_mismatch: bool = False,
    ) -> "Transfer":
        """Take the weights of another model's layers, by name; all or none.

        They are copied, stored figures (of batch normalisation) too. The optimiser's state stays as it is:
        `compile` starts it afresh.

        Args:
            source: the model that has learned something.
            layers: names of layers in both, or {name there: name here}; default all of the same name.
            skip_mismatch: whether weights of another shape stay as they are; else they are an error.

        Returns:
            What was taken, what was not, and why; see `fastdnn.transfer.Transfer`.

        Raises:
            ValueError: a model is not built, a layer is missing that was named, nothing has the same name, or
                a shape is another one.

        Source: deck 004, "ConvNet initialization: transfer learning".

        >>> import fastdnn as fd
        >>> def network(outputs):
        ...     h = fd.layers.Dense(8, activation="relu", name="hidden")
        ...     return fd.Sequential([fd.Input((4,)), h, fd.layers.Dense(outputs, name="head")], seed=0)
        >>> print(network(2).transfer_weights(network(3), ["hidden"]))
        taken 2 weights, kept 2: head/kernel, head/bias
        """
        from fastdnn import transfer

        return transfer.transfer_weights(self, source, layers, skip_mismatch=skip_mismatch)

    def save_weights(self, path: "str | PathLike[str]") -> None:
        """Write the weights by name, and nothing else, to a safetensors file; see `load_weights`.

        Raises:
            OSError: the file cannot be written; an older one is still there.
        """
        from fastdnn import transfer

        transfer.save_weights(self, path)

    def load_weights(
        self, path: "str | PathLike[str]", *, by_name: bool = False, skip_mismatch: bool = False
    ) -> "Transfer":
        """Set the weights that a file has by name; all or none.

        Args:
            path: of a file by `save_weights` or `save`, or any other safetensors file with such names.
            by_name: whether to take what has a name here, and leave the rest; else file and model must have
                the same names.
            skip_mismatch: whether weights of another shape stay as they are; else they are an error.

        Returns:
            What was taken, what was not, and why; see `fastdnn.transfer.Transfer`.

        Raises:
            ValueError: the names or shapes do not fit, or a finite number is beyond the model's type.
            FileNotFoundError: there is no such file.
            FormatError: it is no safetensors file, is damaged, or by a newer fastdnn.

        >>> import pathlib, tempfile
        >>> import fastdnn as fd
        >>> layers = [fd.Input((4,)), fd.layers.Dense(8, name="hidden"), fd.layers.Dense(3, name="head")]
        >>> model = fd.Sequential(layers, seed=0)
        >>> other = fd.Sequential([fd.Input((4,)), fd.layers.Dense(8, name="hidden")], seed=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save_weights(pathlib.Path(folder) / "w.safetensors")
        ...     print(other.load_weights(pathlib.Path(folder) / "w.safetensors", by_name=True))
        taken 2 weights, unused 2: head/bias, head/kernel
        """
        from fastdnn import transfer

        return transfer.load_weights(self, path, by_name=by_name, skip_mismatch=skip_mismatch)

    def count_params(self) -> int:
        """Numbers in all weights, trained and stored."""
        return self.weights.count(trainable=True) + self.weights.count(trainable=False)

    def summary(self, print_fn: Callable[[str], object] = print) -> None:
        """Print the layers, their shapes and the numbers of weights."""
        print_fn(report.summary(self))

    # ---- Which layers are trained, and new ones on top

    @property
    def trainable(self) -> bool:
        """Whether any layer with weights is trained; setting it sets all layers, as in Keras."""
        return any(layer.trainable for layer in self.layers if layer.weights)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers:
            layer.trainable = value

    def freeze(self, until: str | None = None, *, layers: Sequence[str] | None = None) -> None:
        """Set `trainable = False` for a layer and all that it depends on: their weights, and the figures of
        batch normalisation, stay as they are from the next epoch on.

        No gradient is computed below the lowest layer that is trained: frozen ones cost a prediction.

        Args:
            until: the name of the layer; default all layers.
            layers: names of the layers instead, alone.

        Raises:
            ValueError: there is no such layer, both are given, or the model is not built.

        >>> import fastdnn as fd
        >>> layers = [fd.Input((4,)), *[fd.layers.Dense(4, name=name) for name in "abc"]]
        >>> model = fd.Sequential(layers, seed=0)
        >>> model.freeze(until="b")
        >>> [layer.name for layer in model.layers if layer.trainable]
        ['c']
        """
        for layer in self._chosen("freeze", "until", until, layers):
            layer.trainable = False

    def unfreeze(self, after: str | None = None, *, layers: Sequence[str] | None = None) -> None:
        """Set `trainable = True` for the layers that another one does not depend on: to train the upper ones
        first, and then more of them.

        Args:
            after: the name of the other layer, which is left as it is, as are those below; default all
                layers are trained.
            layers: names of the layers instead, alone.

        Raises:
            ValueError: there is no such layer, both are given, or the model is not built.
        """
        chosen = self._chosen("unfreeze", "after", after, layers)
        if after is not None:
            chosen = [layer for layer in self.layers if layer not in chosen]
        for layer in chosen:
            layer.trainable = True

    def _chosen(
        self, where: str, argument: str, name: str | None, layers: Sequence[str] | None
    ) -> list[Layer]:
        """The layers that are named, or one and all that it depends on; without names all."""
        from fastdnn import transfer

        if name is not None and layers is not None:
            raise ValueError(expected(where, f"{argument} or layers", "both"))
        if layers is not None:
            return transfer.chosen_layers(where, self, layers)
        return self.layers if name is None else transfer.layers_until(where, self.graph, name)

    def with_head(
        self, head: "Head", after: str | None = None, *, freeze: bool = False, seed: int | None = None
    ) -> "Model":
        """A new model of copies of this one's layers, with other ones on top.

        This model stays as it is. The copies have its weights, names and settings; the new layers draw
        theirs. (In Keras two models share layers: `Model(base.inputs, head(base.layers[-2].output))`. Here
        each has its own.)

        Args:
            head: the new layers, in a row, or a function from the tensor of `after` to the new output, or to
                a list or dict of outputs; [] for the network as far as `after`, which gives its features.
            after: the name of the layer on which they are put; default the one before the last that has a
                trained matrix: the last `Dense` and all behind it are replaced.
            freeze: whether the copies get `trainable = False`.
            seed: of the new model; default this one's.

        Returns:
            The model, not compiled.

        Raises:
            ValueError: there is no such layer, `after` is needed, a layer of the head does not fit, or the
                model is not built.
            TypeError: `copy.deepcopy` cannot copy a layer of your own.

        Source: deck 004, "ConvNet initialization: transfer learning".

        A network that has learned to tell the digits 0 to 4 learns 5 to 9 by its last layer alone:

        >>> import fastdnn as fd
        >>> x, y = fd.data.load_digits()
        >>> x, low = x / 16, y < 5
        >>> layers = [fd.Input((64,)), fd.layers.Dense(32, "relu"), fd.layers.Dense(5, "softmax")]
        >>> base = fd.Sequential(layers, seed=0)
        >>> base.compile("adam", "sparse_categorical_crossentropy")
        >>> _ = base.fit(x[low], y[low], epochs=5)
        >>> model = base.with_head([fd.layers.Dense(5, "softmax")], freeze=True)
        >>> rate = fd.optimizers.Adam(0.01)
        >>> model.compile(rate, "sparse_categorical_crossentropy", metrics=["accuracy"])
        >>> history = model.fit(x[~low], y[~low] - 5, epochs=10)
        >>> history.history["accuracy"][-1] > 0.85
        True
        >>> bool((model.get_weights()[0] == base.get_weights()[0]).all())
        True
        """
        from fastdnn import transfer

        return transfer.with_head(self, head, after, freeze=freeze, seed=seed)

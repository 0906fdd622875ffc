"""Which of the user's arrays feeds which source of a program, in which order, and what messages call it.

The sources of a program are the model's inputs, then the targets of the outputs that have a loss, then sample
weights: one vector for all of these outputs, or one for each that is weighted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.class_weights import ClassWeight, weight_by_class
from fastdnn.compiled import Head
from fastdnn.data.sparse import CsrRows, as_csr, is_sparse
from fastdnn.errors import expected
from fastdnn.features import as_indices, as_table, as_weights
from fastdnn.graph import Graph
from fastdnn.ports import Ports

# For each output that has a loss the number of its vector of sample weights, or None; () where none has any.
Weighting = tuple[int | None, ...]


@dataclass(slots=True)
class Feed:
    """Arrays in the order of a program's sources.

    origins: for messages, what each is ("x") and what is added to where ("" or ", input 'b'").
    weighting: which sample weights are among them.
    """

    arrays: list[Any]  # of NumPy, or CsrRows
    origins: Sequence[tuple[str, str]]
    weighting: Weighting = ()

    @property
    def rows(self) -> int:
        """Examples."""
        return len(self.arrays[0])

    def float_inputs(self) -> list[tuple[str, Any]]:
        """The inputs that may hold NaN or infinity, and what messages add to where they are."""
        pairs = zip(self.origins, self.arrays, strict=True)
        return [(suffix, x) for (noun, suffix), x in pairs if noun == "x" and x.dtype.kind == "f"]

    @property
    def sparse(self) -> tuple[int, ...]:
        """The numbers of the inputs that are fed by their entries."""
        if len(self.arrays) == 1 and type(self.arrays[0]) is np.ndarray:
            return ()
        return tuple([number for number, array in enumerate(self.arrays) if isinstance(array, CsrRows)])

    def taken(self, rows: Sequence[int], dtype: str) -> "Feed":
        """A copy of some of the rows; of sparse arrays in this type."""
        order = np.array(rows, np.int64)
        arrays = [a.taken(order, dtype) if isinstance(a, CsrRows) else a[order] for a in self.arrays]
        return Feed(arrays, self.origins, self.weighting)

    def part(self, begin: int, end: int | None = None) -> "Feed":
        """Some of the rows, in place."""
        return Feed([array[begin:end] for array in self.arrays], self.origins, self.weighting)


class Sources:
    """Makes the feeds of one model.

    Args:
        graph: of the model.
        heads: what `compile` settled, for each output; none where only inputs are fed.
        dtype: of the model.
    """

    def __init__(self, graph: Graph, heads: Sequence[Head], dtype: str) -> None:
        self._graph = graph
        self._inputs = graph.inputs
        self._outputs = graph.outputs
        self._input_widths = graph.widths_of(graph.inputs)
        self._index_limits = [graph.index_limit(node) for node in graph.inputs.nodes]
        self._output_widths = graph.widths_of(graph.outputs)
        self._heads = heads
        self._trained = [index for index, head in enumerate(heads) if head.loss is not None]
        self._dtype = dtype
        self._is_one = graph.inputs.form == "one"
        self._input_origins = [("x", graph.inputs.suffix(index)) for index in range(len(graph.inputs))]
        self._origins: dict[Weighting, list[tuple[str, str]]] = {}

    # ---- Inputs

    def inputs(self, where: str, x: Any) -> Feed:
        """What a prediction is fed with.

        Raises:
            ValueError: an array does not fit, or there are more or fewer than inputs.
        """
        one = isinstance(x, np.ndarray) or is_sparse(x) or not isinstance(x, Mapping | list | tuple)
        if self._is_one and one:  # SciPy's DOK matrices are mappings, too
            return Feed([self._input(where, 0, x)], self._input_origins)
        every = range(len(self._inputs))
        given = _arrays_of(where, "x", x, self._inputs, every)
        arrays = [
            self._input(where + self._inputs.suffix(index), index, array)
            for index, array in zip(every, given, strict=True)
        ]
        self._refuse_unlike_rows(where, [len(array) for array in arrays])
        return Feed(arrays, self._input_origins)

    def _input(self, where: str, index: int, array: Any) -> Any:
        """What one input's source takes."""
        width, limit = self._input_widths[index], self._index_limits[index]
        if type(array) is not np.ndarray and is_sparse(array):
            rows = as_csr(where, array, width, self._dtype)
            self._graph.check_sparse_input(where, index)
            return rows
        if limit is not None:
            return as_indices(where, array, width, limit)
        return as_table(where, array, width, self._dtype)

    def _refuse_unlike_rows(self, where: str, rows: list[int]) -> None:
        if len(set(rows)) > 1:
            got = ", ".join(f"{n} in {name!r}" for n, name in zip(rows, self._inputs.names, strict=True))
            raise ValueError(expected(where, "as many rows in each input", got))

    # ---- Targets and weights

    def all(self, where: str, x: Any, y: Any, sample_weight: Any = None) -> Feed:
        """What a training or an evaluation is fed with.

        Raises:
            ValueError: something does not fit; the input or output is named where there are several.
        """
        feed = self.inputs(where, x)
        targets = self._targets(where, y, feed.rows)
        weights, weighting = self._weights(where, sample_weight, feed.rows)
        return self._feed([*feed.arrays, *targets], weights, weighting)

    def _feed(self, arrays: list[Any], weights: list[np.ndarray], weighting: Weighting) -> Feed:
        if weighting not in self._origins:
            self._origins[weighting] = [*self._input_origins, *self._origins_beside_inputs(weighting)]
        return Feed([*arrays, *weights], self._origins[weighting], weighting)

    def _origins_beside_inputs(self, weighting: Weighting) -> list[tuple[str, str]]:
        suffixes = [self._outputs.suffix(index) for index in self._trained]
        weighted = [suffix for suffix, number in zip(suffixes, weighting, strict=False) if number is not None]
        if weighting.count(0) > 1:
            weighted = [""]  # one vector for all
        return [("y", suffix) for suffix in suffixes] + [("sample_weight", suffix) for suffix in weighted]

    def _targets(self, where: str, y: Any, rows: int) -> list[np.ndarray]:
        given = _arrays_of(where, "y", y, self._outputs, self._trained)
        targets = []
        for index, array in zip(self._trained, given, strict=True):
            loss, width = self._heads[index].loss, self._output_widths[index]
            assert loss is not None
            named = where + self._outputs.suffix(index)
            targets.append(loss.prepare(named, array, width, rows, self._dtype))
        return targets

    def _weights(self, where: str, given: Any, rows: int) -> tuple[list[np.ndarray], Weighting]:
        if given is None:
            return [], ()
        self._refuse_weights_without_loss(where, given)
        each = _each_of(where, "sample_weight", given, self._outputs, self._trained, required=())
        if each is None:
            return [as_weights(where, given, rows, self._dtype)], (0,) * len(self._trained)
        weights, weighting = list[np.ndarray](), list[int | None]()
        for index, array in zip(self._trained, each, strict=True):
            weighting.append(None if array is None else len(weights))
            if array is not None:
                weights.append(as_weights(where + self._outputs.suffix(index), array, rows, self._dtype))
        return weights, tuple(weighting) if weights else ()

    def _refuse_weights_without_loss(self, where: str, given: Any) -> None:
        if not isinstance(given, Mapping):
            return
        trained = {self._outputs.names[index] for index in self._trained}
        for name in self._outputs.names:
            if name not in trained and given.get(name) is not None:
                wanted = "sample weights for outputs that have a loss"
                raise ValueError(expected(where, wanted, f"some for {name!r}, which has none"))

    # ---- What is done to a feed

    def labels(self, feed: Feed) -> list[np.ndarray]:
        """The targets that are labels."""
        targets = feed.arrays[len(self._inputs) :]
        with_loss = [head.loss for head in self._heads if head.loss is not None]
        pairs = zip(with_loss, targets, strict=False)
        return [target for loss, target in pairs if loss.integer_targets]

    def with_class_weights(self, where: str, feed: Feed, class_weight: ClassWeight) -> Feed:
        """The feed with each example's weight multiplied by its class's; classes that are not named count 1.

        Raises:
            ValueError: a class that there is not, targets that are no classes, a weight below 0, or several
                outputs.
        """
        if len(self._heads) > 1:
            hint = "give sample_weight, for each output by its name"
            got = f"{len(self._heads)}: {self._outputs.listed()}"
            raise ValueError(expected(where, "one output, for class_weight", got, hint))
        target = feed.arrays[len(self._inputs)]
        yes_above = self._yes_above()
        classes = max(1 if yes_above is None else 2, self._output_widths[0])
        if yes_above is not None:
            labels = (target[:, 0] > yes_above).astype(np.intp)
        elif classes == 1 or not (self.labels(feed) or target.shape[1] == classes):
            got = f"targets of shape {target.shape}"
            raise ValueError(expected(where, "a classification, for class_weight", got))
        else:
            labels = target[:, 0] if self.labels(feed) else self._classes_of(where, target)
        weights = weight_by_class(where, class_weight, labels, classes)[labels]
        if feed.weighting:
            weights = weights * feed.arrays[-1][:, 0]
        checked = as_weights(f"{where}, class_weight", weights, feed.rows, self._dtype)
        return self._feed(feed.arrays[: len(self._inputs) + 1], [checked], (0,))

    def _yes_above(self) -> float | None:
        """Above which number a target of the one output is class 1 and not 0, under a loss of yes and no."""
        accuracy = None if self._heads[0].loss is None else self._heads[0].loss.accuracy
        if self._output_widths[0] > 1 or accuracy is None or accuracy[0] != "binary_accuracy":
            return None
        return float(accuracy[1]["target_threshold"])

    @staticmethod
    def _classes_of(where: str, target: np.ndarray) -> np.ndarray:
        """Of each row, a distribution over the classes, the likeliest one."""
        is_distribution = (target >= 0).all(axis=1) & (np.abs(target.sum(axis=1) - 1) < 1e-3)
        if not is_distribution.all():
            row = int(np.argmin(is_distribution))
            wanted = "targets that are distributions over the classes, for class_weight"
            raise ValueError(expected(where, wanted, f"{target[row]} in row {row}"))
        labels: np.ndarray = target.argmax(axis=1)
        return labels


def _arrays_of(where: str, noun: str, given: Any, ports: Ports, wanted: Sequence[int]) -> list[Any]:
    """The array for each of the ports that are `wanted`."""
    each = _each_of(where, noun, given, ports, wanted, required=wanted)
    if each is not None:
        return each
    if len(wanted) == 1:
        return [given]
    text = f"{noun} as a list or dict of {len(wanted)} arrays, for {ports.listed(wanted)}"
    shape = getattr(given, "shape", None)
    got = type(given).__name__ if shape is None else f"one of shape {shape}"
    raise ValueError(expected(where, text, got))


def _each_of(
    where: str, noun: str, given: Any, ports: Ports, wanted: Sequence[int], required: Sequence[int]
) -> list[Any] | None:
    """What a list or dict gives for each of the ports that are `wanted`; None where it is one array.

    A list may leave out those that are not wanted.
    """
    if isinstance(given, Mapping) and not is_sparse(given):
        every = ports.by_name(where, noun, given, required)
    elif is_list_of_arrays(given, ports):
        if len(given) == len(wanted):
            return list(given)
        every = ports.by_order(where, noun, given)
    else:
        return None
    return [every[index] for index in wanted]


def is_list_of_arrays(given: Any, ports: Ports) -> bool:
    """Whether it is a list of arrays, and not the rows, or numbers, of one."""
    if not isinstance(given, list | tuple) or (len(ports) == 1 and len(given) != 1):
        return False
    if ports.form == "one":  # a list all the same, as Keras takes it: no row of a table is one
        return getattr(given[0], "ndim", 0) == 2
    return all(array is None or hasattr(array, "__len__") for array in given)

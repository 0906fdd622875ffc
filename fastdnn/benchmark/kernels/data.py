"""What brings the examples of a batch together: rows by their indices."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.kernels.shapes import LAYERS, LOOKUPS, SPARSE
from fastdnn.benchmark.workloads import Kernel
from fastdnn.reference import csr_matmul, embedding, gather


def _taken(y: np.ndarray, x: np.ndarray, order: np.ndarray) -> None:
    np.take(x, order, axis=0, out=y, mode="clip")


def _scaled(y: np.ndarray, x: np.ndarray, order: np.ndarray, scale: float) -> Any:
    np.multiply(x[order], scale, out=y, dtype=y.dtype)
    return np.isfinite(y).all()


def _standardized(y: np.ndarray, x: np.ndarray, order: np.ndarray, mean: np.ndarray, std: np.ndarray) -> Any:
    np.subtract(x[order], mean, out=y, dtype=y.dtype)
    y /= std
    return np.isfinite(y).all()


def _features(
    variant: str, source: Callable[..., np.ndarray], numpy: Callable[..., object], **options: Any
) -> Kernel:
    """Rows of any type, to those of the workload's; standardised, or scaled where the options say so;
    and whether all are finite."""

    def operands(arrays: Arrays, n: int, m: int) -> Operands:
        named = {} if options else {"mean": arrays.reals(m), "std": arrays.positive(m)}
        return Operands([arrays.blank(n, m)], [source(arrays, n, m), arrays.order(n)], named=named)

    return Kernel(
        "gather_features",
        LAYERS,
        operands,
        reference=lambda x, order, **named: [gather.gather_features(x, order, **named, **options), True],
        numpy=lambda *given, **named: numpy(*given, **named, **options),
        variant=variant,
        options=options,
        returns=True,
        ulps=4,
    )


_GATHER = [
    Kernel(
        "gather",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m), arrays.order(n)]),
        reference=lambda x, order: [gather.gather(x, order)],
        numpy=_taken,
    ),
    _features("uint8", lambda arrays, n, m: arrays.below(256, n, m).astype(np.uint8), _scaled, scale=1 / 255),
    _features("float64", lambda arrays, n, m: arrays.reals(n, m).astype(np.float64), _standardized),
    _features(
        "float64 columns",  # as a table has them that is stored column by column
        lambda arrays, n, m: np.asfortranarray(arrays.reals(n, m).astype(np.float64)),
        _standardized,
    ),
]


def _lookup(operands: Operands) -> int:
    """Bytes of the rows that are read, not of the whole table, with those that are written."""
    return 2 * operands.outputs[0].nbytes + operands.inputs[-1].nbytes


def _embedding_operands(arrays: Arrays, n: int, k: int, dim: int, rows: int) -> Operands:
    return Operands([arrays.blank(n, k * dim)], [arrays.reals(rows, dim), arrays.below(rows, n, k)])


def _embedding_numpy(y: np.ndarray, table: np.ndarray, index: np.ndarray) -> None:
    np.take(table, index, axis=0, out=y.reshape(*index.shape, -1), mode="clip")


def _backward_operands(arrays: Arrays, n: int, k: int, dim: int, rows: int) -> Operands:
    """dtable is only written, but its rows must be known."""
    inputs = [arrays.integers(n, k * dim), arrays.below(rows, n, k)]
    return Operands([], inputs, [arrays.blank(rows, dim)])


def _backward_numpy(dtable: np.ndarray, dy: np.ndarray, index: np.ndarray) -> None:
    dtable.fill(0)
    np.add.at(dtable, index.reshape(-1), dy.reshape(index.size, -1))


def _rows_operands(arrays: Arrays, n: int, k: int, dim: int, rows: int) -> Operands:
    """As many rows as indices: those that stay free are 0."""
    index = arrays.below(rows, n, k)
    return Operands(
        [arrays.zeros(n * k, dim)], [arrays.integers(n, k * dim), index], named={"table_rows": rows}
    )


def _rows_reference(dy: np.ndarray, index: np.ndarray, table_rows: int) -> list[np.ndarray]:
    indices, sums = embedding.embedding_backward_rows(dy, index)
    free = np.zeros((index.size - len(indices), sums.shape[1]))
    return [np.concatenate([sums, free]), indices]


def _rows_numpy(rows: np.ndarray, dy: np.ndarray, index: np.ndarray, table_rows: int) -> np.ndarray:
    indices, places = np.unique(index, return_inverse=True)
    rows[: len(indices)] = 0
    np.add.at(rows, places.reshape(-1), dy.reshape(index.size, -1))
    return indices


# The kernels' list of distinct indices is made before they are timed; NumPy's is part of its time.
_EMBEDDING = [
    Kernel(
        "embedding",
        LOOKUPS,
        _embedding_operands,
        reference=lambda table, index: [embedding.embedding(table, index)],
        numpy=_embedding_numpy,
        moved=_lookup,
    ),
    Kernel(
        "embedding_backward",
        LOOKUPS,
        _backward_operands,
        reference=lambda dtable, dy, index: [embedding.embedding_backward(dy, index, len(dtable))],
        numpy=_backward_numpy,
        moved=lambda operands: operands.footprint,
    ),
    Kernel(
        "embedding_backward_rows",
        LOOKUPS,
        _rows_operands,
        reference=_rows_reference,
        numpy=_rows_numpy,
        returns=True,
    ),
]


def _csr(arrays: Arrays, n: int, features: int, entries: int) -> list[np.ndarray]:
    """starts, columns, values, order of n rows of as many entries."""
    starts = np.arange(0, (n + 1) * entries, entries, dtype=np.int32)
    return [starts, arrays.below(features, n * entries), arrays.integers(n * entries), arrays.order(n)]


def _csr_operands(arrays: Arrays, n: int, features: int, entries: int, units: int) -> Operands:
    inputs = [*_csr(arrays, n, features, entries), arrays.integers(features, units)]
    return Operands([arrays.blank(n, units)], inputs)


def _csr_numpy(
    y: np.ndarray,
    starts: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    order: np.ndarray,
    w: np.ndarray,
) -> bool:
    for r, row in enumerate(order):
        own = slice(starts[row], starts[row + 1])
        np.matmul(values[own], w[columns[own]], out=y[r])
    return True


def _csr_moved(operands: Operands) -> int:
    """Bytes of the entries and of the rows that they meet, with those that are written."""
    _, columns, values, _, w = operands.inputs
    met = values.size * w.shape[1] * w.itemsize
    return int(columns.nbytes + values.nbytes + met + operands.outputs[0].nbytes)


def _csr_dw_operands(arrays: Arrays, n: int, features: int, entries: int, units: int) -> Operands:
    """dw is only written, but its rows must be known."""
    inputs = [*_csr(arrays, n, features, entries), arrays.integers(n, units)]
    return Operands([], inputs, [arrays.blank(features, units)])


def _csr_dw_numpy(
    dw: np.ndarray,
    starts: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    order: np.ndarray,
    dy: np.ndarray,
) -> bool:
    dw.fill(0)
    for r, row in enumerate(order):
        own = slice(starts[row], starts[row + 1])
        np.add.at(dw, columns[own], values[own][:, None] * dy[r])
    return True


_SPARSE = [
    Kernel(
        "csr_matmul",
        SPARSE,
        _csr_operands,
        reference=lambda *inputs: [csr_matmul.csr_matmul(*inputs), True],
        numpy=_csr_numpy,
        moved=_csr_moved,
        returns=True,
    ),
    Kernel(
        "csr_matmul_dw",
        SPARSE,
        _csr_dw_operands,
        reference=lambda dw, starts, columns, values, order, dy: [
            csr_matmul.csr_matmul_dw(starts, columns, values, order, dy, len(dw)),
            True,
        ],
        numpy=_csr_dw_numpy,
        moved=lambda operands: operands.footprint,
        returns=True,
    ),
]
KERNELS = [*_GATHER, *_EMBEDDING, *_SPARSE]

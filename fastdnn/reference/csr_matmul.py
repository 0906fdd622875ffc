"""The product of a sparse matrix, by the entries of its rows (CSR), and a dense one."""

import numpy as np


def csr_matmul(
    starts: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    order: np.ndarray,
    w: np.ndarray,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """y[r] = bias + Σ x[order[r]][k] w[k] over the entries of the row; those of one column add up."""
    w = np.asarray(w, np.float64)
    y = np.zeros((len(order), w.shape[1])) + (0.0 if bias is None else np.asarray(bias, np.float64))
    for r, row in enumerate(order):
        for entry in range(int(starts[row]), int(starts[row + 1])):
            y[r] += float(values[entry]) * w[columns[entry]]
    return y


def csr_matmul_dw(
    starts: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    order: np.ndarray,
    dy: np.ndarray,
    features: int,
) -> np.ndarray:
    """dw[k] = Σ x[order[r]][k] dy[r] over rows and entries."""
    dy = np.asarray(dy, np.float64)
    dw = np.zeros((features, dy.shape[1]))
    for r, row in enumerate(order):
        for entry in range(int(starts[row]), int(starts[row + 1])):
            dw[columns[entry]] += float(values[entry]) * dy[r]
    return dw

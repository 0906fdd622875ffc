"""C = A B, its gradients, and the epilogues of the native kernel as the operations that they stand for."""

import numpy as np

from fastdnn.reference.activation import add_bias, relu, relu_backward


def matmul(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """y[i][j] = Σ_p x[i][p] w[p][j]; x (n, k), w (k, m), y (n, m)."""
    return np.asarray(x, np.float64) @ np.asarray(w, np.float64)


def matmul_dx(dy: np.ndarray, w: np.ndarray) -> np.ndarray:
    """dx = dy wᵀ; dy (n, m), w (k, m), dx (n, k)."""
    return matmul(dy, np.asarray(w).T)


def matmul_dw(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dw = xᵀ dy; x (n, k), dy (n, m), dw (k, m)."""
    return matmul(np.asarray(x).T, dy)


def gemm(
    a: np.ndarray,
    b: np.ndarray,
    transpose_a: bool = False,
    transpose_b: bool = False,
    epilogue: str = "none",
    bias: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    c: np.ndarray | None = None,
) -> np.ndarray:
    """The product of a and b, either one transposed, and then the epilogue.

    none; bias: + bias; bias_relu: relu(+ bias); relu_mask: 0 where mask <= 0; accumulate: + c.
    """
    product = matmul(np.asarray(a).T if transpose_a else a, np.asarray(b).T if transpose_b else b)
    if epilogue == "accumulate":
        return np.asarray(c, np.float64) + product
    if epilogue == "relu_mask":
        assert mask is not None
        return relu_backward(mask, product)
    if epilogue in ("bias", "bias_relu"):
        assert bias is not None
        product = add_bias(product, bias)
    return relu(product) if epilogue == "bias_relu" else product

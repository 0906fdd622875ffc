"""Orthogonal initial weights."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fastdnn.errors import expected
from fastdnn.initializers.initializer import Initializer, number
from fastdnn.initializers.random import Random


@dataclass(frozen=True, repr=False)
class Orthogonal(Initializer):
    """gain · Q, Q with orthonormal columns (rows, where there are fewer rows), uniform among all such.

    Q is that of a QR decomposition of normal numbers, with the signs for which R has a positive diagonal. A
    chain of linear layers of one width keeps lengths exactly. The last size of the shape counts as columns.
    The decomposition is NumPy's: its last bits, unlike those of other initialisers, are the machine's.

    Args:
        gain: a finite number, default 1; √2 before ReLU.

    Raises:
        ValueError: `gain` is none; when the model is built: the weight is a vector.

    Source: Saxe, McClelland & Ganguli, ICLR 2014.

    >>> import numpy as np
    >>> from fastdnn.initializers import Orthogonal
    >>> q = Orthogonal()((5, 3))
    >>> bool(np.allclose(q.T @ q, np.eye(3)))
    True
    """

    gain: float = 1.0

    name: ClassVar[str] = "orthogonal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", number("Orthogonal", "gain", self.gain))

    def check_shape(self, where: str, shape: tuple[int, ...]) -> None:
        """A matrix, or more."""
        if len(shape) < 2:
            wanted = "a weight of two dimensions or more, for the initializer Orthogonal"
            raise ValueError(expected(where, wanted, f"shape {shape}"))

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The matrix, in the shape."""
        rows, cols = math.prod(shape[:-1]), shape[-1]
        normal = random.normal((max(rows, cols), min(rows, cols))).astype(np.float64)
        q, r = np.linalg.qr(normal)
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
        return np.asarray(self.gain * (q if rows >= cols else q.T), random.dtype).reshape(shape)

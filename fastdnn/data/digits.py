"""The handwritten digits that come with the package."""

from __future__ import annotations

import io
from importlib import resources

import numpy as np
from numpy.typing import NDArray


def load_digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """1,797 handwritten digits of 8x8 pixels, read from the package without a network.

    Returns new arrays at each call::

        x (1797, 64) f32   pixels 0..16, row-major 8x8; `x.reshape(-1, 8, 8, 1)` gives images
        y (1797,)    i64   the digit, 0..9; each occurs 174 to 183 times

    The rows are the writer-independent test part of the UCI set, in their original order. Rows of one
    writer follow each other: a shuffled split has the same writers on both sides and flatters;
    `shuffle=False` is the harder test.

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, https://doi.org/10.24432/C50P49, CC BY 4.0 (`digits.LICENSE.txt` beside this file).

    >>> from fastdnn.data import load_digits
    >>> x, y = load_digits()
    >>> x.shape, x.dtype, float(x.min()), float(x.max())
    ((1797, 64), dtype('float32'), 0.0, 16.0)
    >>> y[:10]
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    packed = resources.files("fastdnn.data").joinpath("digits.npz").read_bytes()
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return arrays["x"].astype(np.float32, order="C"), arrays["y"].astype(np.int64)

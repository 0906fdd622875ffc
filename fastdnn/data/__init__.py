"""Data: a small set to try things on, splits into train, dev and test, and readers of array files."""

from fastdnn.data.arrays import load_arrays, load_npy_x, load_npz_xy
from fastdnn.data.digits import load_digits
from fastdnn.data.split import Split, split_indices, train_dev_test_split

__all__ = [
    "Split",
    "load_arrays",
    "load_digits",
    "load_npy_x",
    "load_npz_xy",
    "split_indices",
    "train_dev_test_split",
]

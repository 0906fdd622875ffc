"""Data: a small set to try things on, splits into train, dev and test, readers of array and CSV files."""

from fastdnn.data.arrays import load_arrays, load_npy_x, load_npz_xy
from fastdnn.data.digits import load_digits
from fastdnn.data.split import Split, split_indices, train_dev_test_split
from fastdnn.data.table import Table
from fastdnn.data.table_columns import table_of
from fastdnn.data.table_csv import load_csv
from fastdnn.data.table_encoder import TableEncoder

__all__ = [
    "Split",
    "Table",
    "TableEncoder",
    "load_arrays",
    "load_csv",
    "load_digits",
    "load_npy_x",
    "load_npz_xy",
    "split_indices",
    "table_of",
    "train_dev_test_split",
]

"""Data: a small set to try things on, splits, scalers, figures and checks of features, tables, readers."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastdnn.data.arrays import load_arrays, load_npy_x, load_npz_xy
    from fastdnn.data.cifar import load_cifar10, load_cifar100, load_cifar_batch
    from fastdnn.data.csr import CsrMatrix
    from fastdnn.data.description import describe
    from fastdnn.data.digits import load_digits
    from fastdnn.data.duplicates import check_duplicates
    from fastdnn.data.folds import k_fold_indices
    from fastdnn.data.frames import from_dataframe, load_parquet
    from fastdnn.data.idx import load_idx, load_mnist
    from fastdnn.data.scalers import MinMaxScaler, StandardScaler
    from fastdnn.data.shift import check_shift
    from fastdnn.data.split import Split, split_indices, train_dev_test_split
    from fastdnn.data.split_check import check_splits
    from fastdnn.data.svmlight import load_svmlight
    from fastdnn.data.table import Table
    from fastdnn.data.table_columns import table_of
    from fastdnn.data.table_csv import load_csv
    from fastdnn.data.table_encoder import TableEncoder
    from fastdnn.data.whitening import Whitening

# Each is read when it is first named (PEP 562): a model needs few of them.
_OBJECTS = {
    "CsrMatrix": "csr",
    "MinMaxScaler": "scalers",
    "Split": "split",
    "StandardScaler": "scalers",
    "Table": "table",
    "TableEncoder": "table_encoder",
    "Whitening": "whitening",
    "check_duplicates": "duplicates",
    "check_shift": "shift",
    "check_splits": "split_check",
    "describe": "description",
    "from_dataframe": "frames",
    "k_fold_indices": "folds",
    "load_arrays": "arrays",
    "load_cifar10": "cifar",
    "load_cifar100": "cifar",
    "load_cifar_batch": "cifar",
    "load_csv": "table_csv",
    "load_digits": "digits",
    "load_idx": "idx",
    "load_mnist": "idx",
    "load_npy_x": "arrays",
    "load_npz_xy": "arrays",
    "load_parquet": "frames",
    "load_svmlight": "svmlight",
    "split_indices": "split",
    "table_of": "table_columns",
    "train_dev_test_split": "split",
}

__all__ = [
    "CsrMatrix",
    "MinMaxScaler",
    "Split",
    "StandardScaler",
    "Table",
    "TableEncoder",
    "Whitening",
    "check_duplicates",
    "check_shift",
    "check_splits",
    "describe",
    "from_dataframe",
    "k_fold_indices",
    "load_arrays",
    "load_cifar10",
    "load_cifar100",
    "load_cifar_batch",
    "load_csv",
    "load_digits",
    "load_idx",
    "load_mnist",
    "load_npy_x",
    "load_npz_xy",
    "load_parquet",
    "load_svmlight",
    "split_indices",
    "table_of",
    "train_dev_test_split",
]


def __getattr__(name: str) -> Any:
    if name not in _OBJECTS:
        raise AttributeError(f"module 'fastdnn.data' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"fastdnn.data.{_OBJECTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

"""Images from the binary files of CIFAR-10 and CIFAR-100."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fastdnn.errors import expected
from fastdnn.io.files import FormatError, open_regular

_PIXELS: Final = 3 * 32 * 32
_COARSE: Final = 20  # classes of CIFAR-100's first label
_CHUNK_RECORDS: Final = 1000

Pair = tuple[NDArray[Any], NDArray[Any]]


def load_cifar_batch(path: str | os.PathLike[str], classes: int = 10, label_mode: str = "fine") -> Pair:
    """Read one file of the binary version of CIFAR-10 or CIFAR-100.

    A record of CIFAR-10 is the label and 3,072 pixels, the red ones first, then green, then blue, each row by
    row; one of CIFAR-100 has two labels, the coarse one of 20 first. (The Python version is a pickle, which
    can run code: use the binary one.)

    Args:
        path: of the file.
        classes: 10 or 100, which set it is.
        label_mode: of CIFAR-100, "fine" (100 classes) or "coarse" (20).

    Returns:
        Images (n, 32, 32, 3) of uint8, and labels (n,) of uint8.

    Raises:
        ValueError: `classes` or `label_mode` is something else.
        FileNotFoundError: there is no such file.
        FormatError: the file is no whole number of records, or a label is no class; the record is named.

    Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    >>> import pathlib, tempfile
    >>> from fastdnn.data import load_cifar_batch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "batch.bin"
    ...     _ = file.write_bytes(bytes([7]) + bytes(3072))
    ...     x, y = load_cifar_batch(file)
    >>> x.shape, y
    ((1, 32, 32, 3), array([7], dtype=uint8))
    """
    where = "load_cifar_batch"
    if classes not in (10, 100):
        raise ValueError(expected(where, "classes=10 or 100", repr(classes)))
    if label_mode not in ("fine", "coarse"):
        raise ValueError(expected(where, "label_mode 'fine' or 'coarse'", repr(label_mode)))
    limits = (10,) if classes == 10 else (_COARSE, 100)
    try:
        records = _records(path, len(limits) + _PIXELS)
        _check_labels(records, limits)
    except FormatError as error:
        raise FormatError(f"[{where}] {str(Path(path))!r}: {error}") from None
    label = 0 if classes == 10 or label_mode == "coarse" else 1
    images = records[:, len(limits) :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, label].copy()


def _records(path: str | os.PathLike[str], record_bytes: int) -> NDArray[np.uint8]:
    with open_regular(path, "load_cifar_batch") as file:
        length = os.fstat(file.fileno()).st_size
        if length == 0 or length % record_bytes:
            raise FormatError(
                f"expected records of {record_bytes} bytes, got a file of {length}, which is no whole number "
                "of them; cut short, or of the other set"
            )
        records = np.empty((length // record_bytes, record_bytes), np.uint8)
        for begin in range(0, len(records), _CHUNK_RECORDS):
            part = records[begin : begin + _CHUNK_RECORDS]
            content = file.read(part.size)
            if len(content) < part.size:
                raise FormatError(f"expected {length} bytes, got fewer; it was cut while it was read")
            part[...] = np.frombuffer(content, np.uint8).reshape(part.shape)
    return records


def _check_labels(records: NDArray[np.uint8], limits: tuple[int, ...]) -> None:
    for place, limit in enumerate(limits):
        wrong = records[:, place] >= limit
        if wrong.any():
            record = int(np.argmax(wrong))
            raise FormatError(
                f"expected labels from 0 to {limit - 1}, got {records[record, place]} in record {record}; "
                "altered, or of the other set"
            )


def load_cifar10(folder: str | os.PathLike[str]) -> tuple[Pair, Pair]:
    """Read `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin` from a folder.

    Returns `(x_train, y_train), (x_test, y_test)`, as Keras's `load_data` (whose labels are a column): images
    (n, 32, 32, 3) and labels (n,) of uint8. fastdnn downloads nothing. Raises as `load_cifar_batch`.

    >>> from fastdnn.data import load_cifar10
    >>> load_cifar10("gone")
    Traceback (most recent call last):
    FileNotFoundError: [load_cifar_batch] expected a file 'gone/data_batch_1.bin', got none; check the path
    """
    root = Path(folder)
    parts = [load_cifar_batch(root / f"data_batch_{number}.bin") for number in range(1, 6)]
    train = np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
    return train, load_cifar_batch(root / "test_batch.bin")


def load_cifar100(folder: str | os.PathLike[str], label_mode: str = "fine") -> tuple[Pair, Pair]:
    """Read `train.bin` and `test.bin` of CIFAR-100 from a folder; the rest as `load_cifar10`.

    Args:
        folder: that has the two files.
        label_mode: "fine" (100 classes) or "coarse" (20).

    >>> from fastdnn.data import load_cifar100
    >>> load_cifar100("gone")
    Traceback (most recent call last):
    FileNotFoundError: [load_cifar_batch] expected a file 'gone/train.bin', got none; check the path
    """
    root = Path(folder)
    train, test = (load_cifar_batch(root / name, 100, label_mode) for name in ("train.bin", "test.bin"))
    return train, test

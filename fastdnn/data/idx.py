"""Arrays from IDX files, the format of MNIST and its relatives; also packed by gzip."""

from __future__ import annotations

import math
import os
import zlib
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from fastdnn.io.files import FormatError, open_regular

_GZIP_MAGIC: Final = b"\x1f\x8b"
_MOST_BYTES_OF_ONE: Final = 1032  # the densest deflate: 258 bytes by two bits
_MOST_DIMENSIONS: Final = 32  # of an array of the oldest NumPy that fastdnn runs with
_CHUNK_BYTES: Final = 1 << 16
_GZIP_WINDOW: Final = 31  # zlib's word for a gzip header and the largest window
_DTYPES: Final[dict[int, np.dtype[Any]]] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_MNIST_FILES: Final = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")

Pair = tuple[NDArray[Any], NDArray[Any]]


def load_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read the array of an IDX file, plain or packed by gzip (told by its content, not its name).

    The layout: two zero bytes, a byte for the type (8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14
    float64), a byte for the number of dimensions, their sizes (big-endian, 32 bits), then the numbers in C
    order, big-endian. The array has the byte order of the machine.

    Raises FileNotFoundError when there is no such file; FormatError, which names the file, when it is no IDX
    file, is cut short, has something after the array or was altered. Sizes are held against the length of the
    file before memory is taken.

    Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits".

    >>> import pathlib, tempfile
    >>> from fastdnn.data import load_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "labels.idx"
    ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    ...     load_idx(file)
    array([5, 0, 4], dtype=uint8)
    """
    name = repr(str(Path(path)))
    try:
        with open_regular(path, "load_idx") as file:
            length = os.fstat(file.fileno()).st_size
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            if packed:
                return _read(_Unpacked(file), length * _MOST_BYTES_OF_ONE, exact=False)
            return _read(file, length, exact=True)
    except FormatError as error:
        raise FormatError(f"[load_idx] {name}: {error}") from error.__cause__
    except zlib.error as error:
        raise FormatError(f"[load_idx] {name}: expected a whole gzip file, got {error}; altered") from error


def _read(stream: Any, most_bytes: int, *, exact: bool) -> NDArray[Any]:
    """The array of a stream of `most_bytes` bytes, or, where that is not known, of no more."""
    prefix = stream.read(4)
    if len(prefix) < 4 or prefix[:2] != b"\0\0" or prefix[2] not in _DTYPES:
        raise FormatError(
            f"expected an IDX file, which begins with two zeros, a type among {sorted(_DTYPES)} and the "
            f"number of dimensions, got one that begins with {prefix!r}"
        )
    dtype, dimensions = _DTYPES[prefix[2]], prefix[3]
    if not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise FormatError(f"expected 1 to {_MOST_DIMENSIONS} dimensions, got {dimensions}")
    header = stream.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise FormatError(
            f"expected the sizes of {dimensions} dimensions, got {len(header)} bytes; cut short"
        )
    shape = tuple(int(size) for size in np.frombuffer(header, ">u4"))
    nbytes = math.prod(shape) * dtype.itemsize
    there = most_bytes - 4 - len(header)
    if there < nbytes or (exact and there > nbytes):
        reason = "cut short or altered" if there < nbytes else "there is something after the array"
        at_most = "" if exact else "at most "
        raise FormatError(
            f"expected {nbytes} bytes for {dtype.name} of shape {shape}, got {at_most}{there}; {reason}"
        )
    try:
        array = np.empty(shape, dtype)
    except ValueError as error:  # a zero among sizes whose product NumPy cannot count
        raise FormatError(f"expected a shape that NumPy can hold, got {shape}") from error
    flat = array.reshape(-1).view(np.uint8)
    for begin in range(0, nbytes, _CHUNK_BYTES):
        want = min(_CHUNK_BYTES, nbytes - begin)
        chunk = stream.read(want)
        if len(chunk) < want:
            raise FormatError(f"expected {nbytes} bytes of data, got {begin + len(chunk)}; it is cut short")
        flat[begin : begin + want] = np.frombuffer(chunk, np.uint8)
    if stream.read(1):
        raise FormatError(f"expected the end after {nbytes} bytes of data, got more; it was altered")
    native: NDArray[Any] = array.astype(dtype.newbyteorder("="), copy=False)
    return native


class _Unpacked:
    """The content of a gzip file of one member; its checksum and length are compared at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(_GZIP_WINDOW)
        self._waiting = b""

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end."""
        parts = []
        while size > 0 and not self._inflate.eof:
            given = self._waiting or self._file.read(_CHUNK_BYTES)
            if not given:
                raise FormatError("expected a whole gzip file, got one that is cut short")
            part = self._inflate.decompress(given, size)
            self._waiting = self._inflate.unconsumed_tail
            parts.append(part)
            size -= len(part)
        if self._inflate.eof and size > 0 and (self._inflate.unused_data or self._file.read(1)):
            raise FormatError("expected one gzip member, got something after it; it was altered")
        return b"".join(parts)


def load_mnist(folder: str | os.PathLike[str]) -> tuple[Pair, Pair]:
    """Read the four files of MNIST, or of a set in its form such as Fashion-MNIST, from a folder.

    They are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and two beginning with `t10k`, with or
    without `.gz`, and with `.` or `-` before `idx`. fastdnn downloads nothing.

    Returns `(x_train, y_train), (x_test, y_test)`, as Keras's `load_data`: images (n, 28, 28) of uint8 and
    labels (n,) of uint8.

    Raises FileNotFoundError when one of them is missing; FormatError when one is no IDX file of uint8, or
    images and labels differ in number.

    >>> from fastdnn.data import load_mnist
    >>> load_mnist("gone")
    Traceback (most recent call last):
    FileNotFoundError: [load_mnist] expected 'train-images-idx3-ubyte' or its .gz in 'gone', got neither
    """
    x_train, y_train, x_test, y_test = (load_idx(_found(Path(folder), stem)) for stem in _MNIST_FILES)
    for images, labels, part in ((x_train, y_train, "train"), (x_test, y_test, "t10k")):
        if images.ndim != 3 or labels.ndim != 1 or images.dtype != np.uint8 or labels.dtype != np.uint8:
            raise FormatError(
                f"[load_mnist] {part}: expected images (n, rows, columns) and labels (n,) of uint8, got "
                f"{images.dtype} of shape {images.shape} and {labels.dtype} of shape {labels.shape}"
            )
        if len(images) != len(labels):
            raise FormatError(
                f"[load_mnist] {part}: expected a label for each image, got {len(images)} images and "
                f"{len(labels)} labels"
            )
    return (x_train, y_train), (x_test, y_test)


def _found(folder: Path, stem: str) -> Path:
    """The file of a name, as it may be written."""
    for name in (f"{stem}-ubyte", stem.replace("-idx", ".idx") + "-ubyte"):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.exists():
                return path
    raise FileNotFoundError(
        f"[load_mnist] expected '{stem}-ubyte' or its .gz in {str(folder)!r}, got neither"
    )

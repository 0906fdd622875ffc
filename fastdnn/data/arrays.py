"""Arrays from `.npy` and `.npz` files: sizes checked before memory is taken, nothing unpickled."""

from __future__ import annotations

import ast
import errno
import math
import os
import re
import reprlib
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from fastdnn.io.files import FormatError, open_regular

_NPY_MAGIC: Final = b"\x93NUMPY"
_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")  # a zip with members, an empty one
_NPY_VERSIONS: Final = (b"\x01\x00", b"\x02\x00", b"\x03\x00")
_PLAIN_DTYPE: Final = re.compile(r"[<>|=]?[biufcSUmM][0-9]{1,9}(\[[0-9A-Za-z]{1,20}\])?")
_MAX_HEADER_BYTES: Final = 10_000  # NumPy's own limit: longer ones can exhaust the parser's stack
_MAX_DIMENSIONS: Final = 64
_MOST_BYTES_OF_ONE: Final = {
    zipfile.ZIP_STORED: 1,
    zipfile.ZIP_DEFLATED: 1032,  # the densest deflate: 258 bytes by two bits
}
_CHUNK_BYTES: Final = 1 << 20
_BAD_ARCHIVE: Final = (  # what zipfile raises when the bytes of an archive are wrong
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


def load_npz_xy(path: str | os.PathLike[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read the arrays `x` and `y` of a `.npz` file, as `np.savez(path, x=x, y=y)` writes it.

    Returns, with the dtype and memory order of the file and the byte order of the machine::

        x (n, ...)   numbers or booleans, a row per sample
        y (n, ...)   numbers, booleans or text, the target of each row

    The file may be compressed; its other arrays are not read. Raises FileNotFoundError when there is no
    such file; FormatError, which names the file, when it is not a `.npz`, lacks `x` or `y`, holds Python
    objects, is cut short or was altered, or when `x` and `y` have different lengths.

    >>> import tempfile
    >>> import numpy as np
    >>> from fastdnn.data import load_npz_xy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/flowers.npz", x=np.eye(3), y=["rose", "tulip", "rose"])
    ...     x, y = load_npz_xy(f"{folder}/flowers.npz")
    >>> x.shape, y.tolist()
    ((3, 3), ['rose', 'tulip', 'rose'])
    """
    with _naming(path, "load_npz_xy"):
        arrays = _read_npz(path, ("x", "y"), "load_npz_xy")
        x, y = _numeric("x", arrays["x"]), arrays["y"]
        if y.ndim == 0 or y.dtype.kind not in "biufSU":
            raise FormatError(f"y: expected rows of numbers, booleans or text, got {_described(y)}")
        if len(x) != len(y):
            raise FormatError(f"expected x and y of one length, got {len(x)} and {len(y)} rows")
        return x, y


def load_npy_x(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read the array `x (n, ...)` of numbers or booleans of a `.npy` file, as `np.save(path, x)` writes it.

    It has the dtype and memory order of the file and the byte order of the machine. Raises
    FileNotFoundError when there is no such file; FormatError, which names the file, when it is not a
    `.npy`, holds Python objects or text, is a single number, is cut short or has something after the array.

    >>> import tempfile
    >>> import numpy as np
    >>> from fastdnn.data import load_npy_x
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", np.arange(6.0).reshape(3, 2))
    ...     x = load_npy_x(f"{folder}/x.npy")
    >>> x.shape
    (3, 2)
    """
    with _naming(path, "load_npy_x"), open_regular(path, "load_npy_x") as file:
        magic = file.read(len(_NPY_MAGIC))
        if magic != _NPY_MAGIC:
            hint = "this is a .npz: use load_npz_xy" if magic[:4] in _ZIP_MAGIC else "write it with np.save"
            raise FormatError(f"expected a .npy file, got one that begins with {magic!r}; {hint}")
        file.seek(0)
        return _numeric("x", _read_npy(file, os.fstat(file.fileno()).st_size))


def load_arrays(path: str | os.PathLike[str], names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Read the arrays of a `.npz` file by name: all of them, or those of `names`; the others are not read.

    For files with other names than `x` and `y`, such as `x_train`, `y_train`, `x_test` and `y_test`. The
    arrays are of numbers, booleans, text or dates, in the order of `names` or of the file, with its dtypes
    and memory order and the byte order of the machine. Raises as `load_npz_xy` does.

    >>> import tempfile
    >>> import numpy as np
    >>> from fastdnn.data import load_arrays
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/set.npz", x_train=np.zeros((8, 2)), x_test=np.zeros((2, 2)))
    ...     arrays = load_arrays(f"{folder}/set.npz")
    >>> {name: array.shape for name, array in arrays.items()}
    {'x_train': (8, 2), 'x_test': (2, 2)}
    """
    with _naming(path, "load_arrays"):
        return _read_npz(path, names, "load_arrays")


@contextmanager
def _naming(path: str | os.PathLike[str], where: str) -> Iterator[None]:
    """Puts the function and the file in front of what is said about the file's content."""
    try:
        yield
    except FormatError as error:
        raise FormatError(f"[{where}] {str(Path(path))!r}: {error}") from error.__cause__


def _numeric(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim == 0 or array.dtype.kind not in "biuf":
        raise FormatError(f"{name}: expected rows of numbers or booleans, got {_described(array)}")
    return array


def _described(array: NDArray[Any]) -> str:
    return f"{array.dtype} of shape {array.shape}"


# ------------------------------------------------------------------------------------------ .npz, an archive


def _read_npz(
    path: str | os.PathLike[str], names: Sequence[str] | None, where: str
) -> dict[str, NDArray[Any]]:
    """The named arrays of a zip archive of `.npy` files; whatever is wrong with it is a FormatError."""
    with open_regular(path, where) as file:
        magic = file.read(len(_NPY_MAGIC))
        if magic[:4] not in _ZIP_MAGIC:
            hint = "this is a .npy: use load_npy_x" if magic == _NPY_MAGIC else "write it with np.savez"
            raise FormatError(f"expected a .npz file, got one that begins with {magic!r}; {hint}")
        try:
            with zipfile.ZipFile(file) as archive:
                members = _members(archive)
                wanted = list(members if names is None else [names] if isinstance(names, str) else names)
                if not members.keys() >= set(wanted):
                    raise FormatError(f"expected arrays named {wanted}, got {sorted(members)}; rename them")
                archive_bytes = os.fstat(file.fileno()).st_size
                return {name: _read_member(archive, name, members[name], archive_bytes) for name in wanted}
        except FormatError:
            raise
        except _BAD_ARCHIVE as error:
            raise FormatError(f"expected a whole .npz file, got {error}; cut short or altered") from error
        except OSError as error:
            if error.errno != errno.EINVAL:  # which is what a seek to before the start of the file gives
                raise
            raise FormatError(
                "expected a whole .npz file, got an offset outside it; it was altered"
            ) from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's arrays by name, without the `.npy` that np.savez appends; other members are no arrays."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename.endswith(".npy"):
            name = info.filename.removesuffix(".npy")
            if name in members:
                raise FormatError(f"expected each array once, got {name!r} twice; write the file again")
            members[name] = info
    return members


def _read_member(
    archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo, archive_bytes: int
) -> NDArray[Any]:
    """One array, when its compressed bytes are in the file and can hold as many bytes as it says it has."""
    most = _MOST_BYTES_OF_ONE.get(info.compress_type)
    encrypted = info.flag_bits & 1
    if most is None or encrypted:
        raise FormatError(
            f"{name}: expected a member stored or deflated without a password, got compression method "
            f"{info.compress_type}{' with a password' * encrypted}; write it with np.savez"
        )
    if info.compress_size > archive_bytes or info.file_size > info.compress_size * most:
        raise FormatError(
            f"{name}: expected a member of {info.file_size} bytes, got {info.compress_size} compressed ones "
            f"in a file of {archive_bytes}, which cannot hold them; cut short or altered"
        )
    with archive.open(info) as stream:
        try:
            return _read_npy(stream, info.file_size)
        except FormatError as error:
            raise FormatError(f"{name}: {error}") from error.__cause__


# -------------------------------------------------------------------------------------------- .npy, one array


def _read_npy(stream: IO[bytes], stream_bytes: int) -> NDArray[Any]:
    """One array from a stream said to have `stream_bytes` bytes: the shape must agree before it is made."""
    dtype, shape, fortran_order, header_bytes = _read_npy_header(stream)
    nbytes = math.prod(shape) * dtype.itemsize
    there = stream_bytes - header_bytes
    if there != nbytes:
        reason = "cut short or altered" if there < nbytes else "it has more than one array or was altered"
        raise FormatError(f"expected {nbytes} bytes for {dtype} of shape {shape}, got {there}; {reason}")
    try:
        array = np.empty(shape, dtype, order="F" if fortran_order else "C")
    except ValueError as error:  # a zero among sizes whose product NumPy cannot count
        raise FormatError(f"expected a shape that NumPy can hold, got {shape}") from error
    flat = array.reshape(-1, order="A").view(np.uint8)
    for begin in range(0, nbytes, _CHUNK_BYTES):
        want = min(_CHUNK_BYTES, nbytes - begin)
        chunk = stream.read(want)
        if len(chunk) < want:
            raise FormatError(f"expected {nbytes} bytes of data, got {begin + len(chunk)}; it is cut short")
        flat[begin : begin + want] = np.frombuffer(chunk, np.uint8)
    if dtype.kind == "b" and flat.size and flat.max() > 1:
        raise FormatError(f"expected booleans of 0 or 1, got {flat.max()}; it was altered")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_npy_header(stream: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """dtype, shape, whether the first axis runs fastest, and how many bytes of the stream this took.

    The layout (NumPy's NEP 1): magic, version, header length (u16 in version 1, u32 later) and a Python
    literal `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }` in Latin-1 (UTF-8 in version 3).
    """
    prefix = stream.read(8)
    if prefix[:6] != _NPY_MAGIC or prefix[6:] not in _NPY_VERSIONS:
        raise FormatError(f"expected an array in .npy format 1 to 3, got {prefix!r}; write it with np.save")
    version = prefix[6]
    length_bytes = 2 if version == 1 else 4
    length = int.from_bytes(stream.read(length_bytes), "little")
    if length > _MAX_HEADER_BYTES:
        raise FormatError(f"expected a header of at most {_MAX_HEADER_BYTES} bytes, got one of {length}")
    text = stream.read(length)
    if len(text) < length:
        raise FormatError(f"expected a header of {length} bytes, got {len(text)}; it is cut short")
    shown = reprlib.repr(text)
    try:
        header = ast.literal_eval(text.decode("utf-8" if version == 3 else "latin-1"))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise FormatError(f"expected a header that is a Python literal, got {shown}") from error
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise FormatError(f"expected a header with descr, fortran_order and shape, got {shown}")
    shape, fortran_order = header["shape"], header["fortran_order"]
    if not _is_shape(shape) or not isinstance(fortran_order, bool):
        raise FormatError(
            f"expected a shape of at most {_MAX_DIMENSIONS} whole numbers >= 0 and a bool for the order, "
            f"got {reprlib.repr(shape)} and {reprlib.repr(fortran_order)}"
        )
    return _dtype(header["descr"]), shape, fortran_order, len(prefix) + length_bytes + length


def _is_shape(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) <= _MAX_DIMENSIONS
        and all(type(size) is int and 0 <= size < 2**63 for size in value)
    )


def _dtype(descr: Any) -> np.dtype[Any]:
    """The dtype of plain values: objects are pickles, which can run code, and no bytes fit any shape."""
    if isinstance(descr, str) and descr.lstrip("<>|=").startswith("O"):
        raise FormatError(
            "expected numbers, booleans, text or dates, got Python objects, which only unpickling reads; "
            "convert them before saving, for example with np.array(rows, dtype=np.float32)"
        )
    problem = f"expected a dtype of numbers, booleans, text or dates, got {reprlib.repr(descr)}; use astype"
    if not isinstance(descr, str) or not _PLAIN_DTYPE.fullmatch(descr):
        raise FormatError(problem)
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(problem) from error
    if dtype.itemsize == 0:
        raise FormatError(problem)
    return dtype

"""The safetensors file layout, read and written with NumPy alone; a save is whole or has not happened.

The layout::

    header length    u64 little-endian
    header           UTF-8 JSON {name: {"dtype", "shape", "data_offsets": [begin, end]},
                     "__metadata__": {str: str}}, padded with spaces so that the data starts at a multiple
                     of 8
    data             the arrays in C order, little-endian, back to back; offsets count from here

Nothing a file says is believed before it is compared with the file's size, and no memory is taken for what is
not there. Files are read, not mapped: a mapped file that is cut short while in use kills the process.

Source: https://github.com/huggingface/safetensors ("Format").
"""

from __future__ import annotations

import json
import math
import os
import reprlib
from collections.abc import Mapping
from io import BufferedReader
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from fastdnn.checks import is_text
from fastdnn.io.files import FormatError, open_regular, replacing

MAX_HEADER_BYTES: Final = 100_000_000  # the limit of the official library: what it cannot read is not written
_ALIGNMENT: Final = 8
_METADATA: Final = "__metadata__"
_MAX_DIMENSIONS: Final = 64  # NumPy's own limit; it also keeps the product of the sizes a small number
_MAX_SIZE: Final = 2**63 - 1
_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_CODES: Final = {dtype.str[1:]: code for code, dtype in _DTYPES.items()}  # "f4" -> "F32" in any byte order


# --------------------------------------------------------------------------------------------------- writing


def write_safetensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write named arrays and text `metadata` as one file, which replaces `path` whole or not at all.

    Arrays have any shape, layout and byte order and are float64/32/16, int64/32/16/8, uint64/32/16/8 or
    bool. They are stored by falling item size, then by name, so the same content gives the same bytes and
    every array is aligned to its items.

    The bytes go to a temporary file in the same folder, which is flushed to the disk and renamed; then the
    folder is flushed. When anything fails before the rename, also Ctrl-C, the temporary is removed and the
    old file is as it was; when the flush of the folder fails, the new file is in place and the error is
    still raised. A link is followed and stays a link; an existing file keeps its mode, a new one gets the
    mode that `open` gives.

    Raises TypeError or ValueError for names, arrays or metadata that the layout cannot hold and for a `path`
    that is a folder or a device, before any file is touched; FileNotFoundError for a missing folder; OSError
    when the disk fails.

    >>> import tempfile
    >>> import numpy as np
    >>> from fastdnn.io import read_safetensors, write_safetensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_safetensors(f"{folder}/w.safetensors", {"w": np.ones((2, 3), np.float32)}, {"by": "me"})
    ...     tensors, metadata = read_safetensors(f"{folder}/w.safetensors")
    >>> tensors["w"].shape, metadata
    ((2, 3), {'by': 'me'})
    """
    stored = sorted(
        ((_check_name(name), _check_array(name, array)) for name, array in tensors.items()),
        key=lambda item: (-item[1].itemsize, item[0]),
    )
    header = _header(stored, _check_metadata(metadata or {}))
    with replacing(path, "write_safetensors") as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for _, array in stored:
            dtype = _DTYPES[_CODES[array.dtype.str[1:]]]
            file.write(np.asarray(array, dtype, order="C").reshape(-1).view(np.uint8).data)


def _header(stored: list[tuple[str, NDArray[Any]]], metadata: dict[str, str]) -> bytes:
    """The JSON header for arrays stored back to back, padded so that what follows it is aligned."""
    entries: dict[str, Any] = {_METADATA: metadata} if metadata else {}
    begin = 0
    for name, array in stored:
        end = begin + array.nbytes
        code = _CODES[array.dtype.str[1:]]
        entries[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % _ALIGNMENT)
    if len(text) > MAX_HEADER_BYTES:
        raise ValueError(
            f"[write_safetensors] expected names and metadata of at most {MAX_HEADER_BYTES} bytes together, "
            f"got {len(text)}; store large things as arrays"
        )
    return text


def _check_name(name: object) -> str:
    if not is_text(name) or name == _METADATA:
        raise ValueError(
            f"[write_safetensors] tensors: expected names that are text other than {_METADATA!r}, "
            f"got {reprlib.repr(name)}; rename it"
        )
    return name


def _check_array(name: str, array: object) -> NDArray[Any]:
    where = f"[write_safetensors] tensor {reprlib.repr(name)}:"
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"{where} expected a NumPy array, got {type(array).__name__}; convert it with np.asarray"
        )
    if array.dtype.str[1:] not in _CODES:
        raise ValueError(
            f"{where} expected a dtype among {', '.join(_DTYPES)}, got {array.dtype}; convert it with astype"
        )
    return array


def _check_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    for key, value in metadata.items():
        if not (is_text(key) and is_text(value)):
            raise ValueError(
                f"[write_safetensors] metadata: expected text for text, got {reprlib.repr(key)}: "
                f"{reprlib.repr(value)}; store other values as json.dumps(value)"
            )
    return dict(sorted(metadata.items()))


# --------------------------------------------------------------------------------------------------- reading


class _Entry(NamedTuple):
    """One array of a file: bytes begin to end of the data."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int

    def __str__(self) -> str:
        return f"tensor {reprlib.repr(self.name)}"


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Read a safetensors file: its arrays by name, in the order of their bytes, and its metadata.

    The arrays are new, writable, C-contiguous and in the machine's byte order. The header is checked whole
    before memory is taken for any array, so the memory used is the size of the file and that of its parsed
    header.

    Raises FormatError for every file that is not as the layout says: cut short or too long, a header that
    is not strict JSON, names given twice, unknown fields or dtypes (also BF16, which NumPy does not have),
    sizes that are not whole numbers >= 0, arrays that overlap, leave gaps or do not end where the file
    ends; also for a folder or a device. Raises FileNotFoundError when there is no such file, OSError when
    it cannot be read.

    >>> import pathlib, tempfile
    >>> from fastdnn.io import FormatError, read_safetensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "w.safetensors")
    ...     length = path.write_bytes(b"1234")
    ...     try:
    ...         read_safetensors(path)
    ...     except FormatError as error:
    ...         print(str(error).partition(": ")[2])
    expected at least 8 bytes, got 4; the file is cut short or something else
    """
    try:
        with open_regular(path, "read_safetensors") as file:
            entries, metadata = _read_header(file)
            return {entry.name: _read_array(file, entry) for entry in entries}, metadata
    except FormatError as error:
        raise FormatError(f"[read_safetensors] {os.fspath(path)!r}: {error}") from error.__cause__


def _read_header(file: BufferedReader) -> tuple[list[_Entry], dict[str, str]]:
    """The checked entries in the order of their bytes, and the metadata; leaves `file` at the data."""
    file_bytes = os.fstat(file.fileno()).st_size
    prefix = file.read(8)
    if len(prefix) < 8:
        raise FormatError(
            f"expected at least 8 bytes, got {len(prefix)}; the file is cut short or something else"
        )
    header_bytes = int.from_bytes(prefix, "little")
    limit = min(file_bytes - 8, MAX_HEADER_BYTES)
    if header_bytes > limit:
        raise FormatError(
            f"expected a header of at most {limit} bytes, got a header length of {header_bytes}; "
            "the file is cut short or not a safetensors file"
        )
    text = file.read(header_bytes)
    if not text.startswith(b"{"):
        raise FormatError(f"expected a header that starts with '{{', got {text[:8]!r}; is it another format?")
    header = _parse(text)
    metadata = _metadata(header.pop(_METADATA, {}))
    entries = [_entry(name, fields) for name, fields in header.items()]
    return _back_to_back(entries, file_bytes - 8 - len(text)), metadata


def _parse(text: bytes) -> dict[str, Any]:
    """Strict JSON: UTF-8, no name twice, no NaN or Infinity, no nesting that exhausts the stack."""
    try:
        header: dict[str, Any] = json.loads(
            text.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant
        )
    except FormatError:
        raise
    except RecursionError:
        raise FormatError("expected a header three levels deep, got one too deep to read") from None
    except ValueError as error:  # not UTF-8, not JSON, an integer of thousands of digits
        raise FormatError(f"expected a header in JSON, got {error}") from error
    return header


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, from its names and values in the order of the text."""
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise FormatError(f"expected each name once, got {reprlib.repr(name)} twice")
        if not is_text(name):
            raise FormatError(f"expected names in valid Unicode, got {reprlib.repr(name)}")
        values[name] = value
    return values


def _no_constant(constant: str) -> NoReturn:
    raise FormatError(f"expected a header in strict JSON, got {constant}")


def _metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise FormatError(f"expected {_METADATA} to be an object, got {reprlib.repr(value)}")
    for key, text in value.items():
        if not is_text(text):
            shown = f"{reprlib.repr(key)}: {reprlib.repr(text)}"
            raise FormatError(f"expected text for text in {_METADATA}, got {shown}")
    return value


def _entry(name: str, fields: Any) -> _Entry:
    """One array's fields, each checked by itself, and its number of bytes against dtype and shape."""
    where = f"tensor {reprlib.repr(name)}:"
    if not isinstance(fields, dict) or fields.keys() != {"dtype", "shape", "data_offsets"}:
        raise FormatError(f"{where} expected dtype, shape and data_offsets, got {reprlib.repr(fields)}")
    code, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if code == "BF16":
        raise FormatError(
            f"{where} expected a dtype that NumPy has, got BF16; save it as F32 with the tool it comes from"
        )
    if not isinstance(code, str) or code not in _DTYPES:
        raise FormatError(f"{where} expected a dtype among {', '.join(_DTYPES)}, got {reprlib.repr(code)}")
    if not _are_sizes(shape) or len(shape) > _MAX_DIMENSIONS:
        raise FormatError(
            f"{where} expected a shape of at most {_MAX_DIMENSIONS} whole numbers >= 0, "
            f"got {reprlib.repr(shape)}"
        )
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise FormatError(f"{where} expected data_offsets [begin, end], got {reprlib.repr(offsets)}")
    begin, end = offsets
    nbytes = math.prod(shape) * _DTYPES[code].itemsize
    if end - begin != nbytes:
        raise FormatError(
            f"{where} expected {nbytes} bytes for {code} of shape {reprlib.repr(shape)}, "
            f"got data_offsets [{begin}, {end}], which is {end - begin} bytes"
        )
    return _Entry(name, _DTYPES[code], tuple(shape), begin, end)


def _are_sizes(value: Any) -> bool:
    """Whether a JSON value is a list of integers 0..2⁶³-1; true and false are not integers in JSON."""
    return isinstance(value, list) and all(type(item) is int and 0 <= item <= _MAX_SIZE for item in value)


def _back_to_back(entries: list[_Entry], data_bytes: int) -> list[_Entry]:
    """The entries in the order of their bytes, which must cover the data once, from its start to its end."""
    entries = sorted(entries, key=lambda entry: (entry.begin, entry.end))
    position = 0
    for entry in entries:
        if entry.begin != position:
            raise FormatError(
                f"{entry}: expected its bytes to begin at {position}, where those before it end, "
                f"got {entry.begin}; arrays must not overlap or leave gaps"
            )
        position = entry.end
    if position != data_bytes:
        reason = "the file is cut short" if data_bytes < position else "something follows the last array"
        raise FormatError(f"expected {position} bytes of data, got {data_bytes}; {reason}")
    return entries


def _read_array(file: BufferedReader, entry: _Entry) -> NDArray[Any]:
    """The next array of the file, whose bytes are known to be there."""
    try:
        array = np.empty(entry.shape, entry.dtype)
    except ValueError as error:  # a zero among sizes whose product NumPy cannot count
        raise FormatError(f"{entry}: expected a shape that NumPy can hold, got {entry.shape}") from error
    flat = array.reshape(-1).view(np.uint8)
    if file.readinto(flat.data) != flat.nbytes:
        raise FormatError(
            f"{entry}: expected {flat.nbytes} bytes, got fewer; the file changed while it was read"
        )
    if entry.dtype.kind == "b" and flat.size and flat.max() > 1:
        raise FormatError(f"{entry}: expected BOOL bytes of 0 or 1, got {flat.max()}")
    return array.astype(array.dtype.newbyteorder("="), copy=False)

"""The lines of a CSV file as text: UTF-8, plain or gzipped; what is no text is refused by its line."""

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from fastdnn.io.files import FormatError, open_regular

MOST_CHARACTERS: Final = 1 << 24  # of a line: a file without line ends is not read into memory whole
_GZIP: Final = b"\x1f\x8b"
_SAVE_AS: Final = "save it as CSV (UTF-8) with the program that it comes from"
_NOT_TEXT: Final = {
    b"PK\x03\x04": ("a zip archive, such as an Excel workbook", _SAVE_AS),
    b"PK\x05\x06": ("an empty zip archive", _SAVE_AS),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", _SAVE_AS),
    b"PAR1": ("a Parquet file", "pandas.read_parquet(...).to_csv(..., index=False) makes a CSV of it"),
    b"SQLite format 3\x00": ("an SQLite database", "sqlite3 -header -csv makes a CSV of a query"),
    b"\x93NUMPY": ("a .npy file", "fastdnn.data.load_npy_x reads it"),
    b"BZh": ("a bzip2 file", "unpack it, or compress it with gzip"),
    b"\xfd7zXZ": ("an xz file", "unpack it, or compress it with gzip"),
    b"(\xb5/\xfd": ("a zstd file", "unpack it, or compress it with gzip"),
    b"\xff\xfe": ("text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE > NEW.csv makes it UTF-8"),
    b"\xfe\xff": ("text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE > NEW.csv makes it UTF-8"),
}


@contextmanager
def text_lines(path: str | os.PathLike[str], where: str) -> Iterator[Iterator[str]]:
    """The lines of a file with their ends, checked one by one as they are read.

    Raises, some of it while the lines are read:
        FileNotFoundError: there is no such file.
        FormatError: it is no regular file, another format, not UTF-8, has NUL bytes or a line of more than 16
            Mi characters, or is a damaged gzip file. The text has no place; `load_csv` puts it in front.

    >>> import pathlib, tempfile
    >>> from fastdnn.data.csv_lines import text_lines
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "a.csv"
    ...     length = path.write_bytes(b"a,b\\r\\n1,2")
    ...     with text_lines(path, "load_csv") as lines:
    ...         list(lines)
    ['a,b\\r\\n', '1,2']
    """
    with open_regular(path, where) as file:
        head = file.read(16)
        file.seek(0)
        for magic, (what, hint) in _NOT_TEXT.items():
            if head.startswith(magic):
                raise FormatError(f"expected a CSV file, got {what}; {hint}")
        binary = gzip.GzipFile(fileobj=file) if head.startswith(_GZIP) else file
        # Bytes that are no UTF-8 become lone surrogates here, so that they are met in the line that has them.
        text = io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            yield _checked(text)
        finally:
            text.detach()


def _checked(text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    try:
        while line := text.readline(MOST_CHARACTERS):
            number += 1
            if len(line) == MOST_CHARACTERS and not line.endswith(("\n", "\r")):
                raise FormatError(
                    f"expected lines of at most {MOST_CHARACTERS:,} characters, got a longer line {number}; "
                    "is this a table?"
                )
            if "\0" in line:
                column = line.index("\0") + 1
                hint = "a binary file, or text in UTF-16: iconv -f UTF-16 -t UTF-8 FILE > NEW.csv"
                raise FormatError(
                    f"expected text, got a NUL byte in line {number}, character {column}; {hint}"
                )
            if not line.isascii():
                _check_utf8(line, number)
            yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(
            f"expected a whole gzip file, got {error} after line {number}; cut short or altered"
        ) from error


def _check_utf8(line: str, number: int) -> None:
    try:
        line.encode("utf-8")
    except UnicodeEncodeError as error:
        byte = ord(line[error.start]) & 0xFF
        hint = "if it is Latin-1, iconv -f LATIN1 -t UTF-8 FILE > NEW.csv makes it UTF-8"
        raise FormatError(
            f"expected UTF-8, got the byte 0x{byte:02x} in line {number}, character {error.start + 1}; {hint}"
        ) from None

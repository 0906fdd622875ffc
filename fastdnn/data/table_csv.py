"""Tables from CSV files: kinds found out, missing values counted, what is of no use left out and said."""

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from fastdnn.data.csv_columns import Reading, read_columns
from fastdnn.data.csv_form import DELIMITERS, CsvForm, detect
from fastdnn.data.table import MISSING, CsvOptions, Table
from fastdnn.errors import expected, unknown_name
from fastdnn.io.files import FormatError

if TYPE_CHECKING:
    from fastdnn.data.table_encoder import TableEncoder

_WHERE: Final = "load_csv"
_MOST_LISTED: Final = 20


def load_csv(
    path: str | os.PathLike[str],
    target: str | None = None,
    *,
    exclude: Collection[str] = (),
    categories: Collection[str] = (),
    delimiter: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
    missing: Collection[str] = (),
    default_missing: bool = True,
    like: "TableEncoder | None" = None,
) -> Table:
    """Read a CSV file: UTF-8, plain or gzipped, with fields quoted as the csv module takes them.

    A column is *numbers* where all of its cells are (whole or decimal, with or without an exponent), a
    *boolean* where they are yes and no, or true and false, in any case, else a *category*. A cell that is
    empty, NA, NaN, null or ? is a missing value. Left out, and said in `table.left_out`, are columns without
    a value, and texts that say nothing about other rows: nine in ten of them different, as names and numbers
    of records are, or more than 100 with fewer than two rows each. Columns of dates are refused: a network
    has no use for them as they stand.

    Args:
        path: of the file.
        target: the column that is to be predicted; rows without it are left out, and a note says how many.
        exclude: columns that are not read.
        categories: columns that are taken as texts, though they may look like numbers or dates: codes,
            postcodes.
        delimiter: between fields; None finds it: comma, semicolon, tab or vertical bar.
        header: whether the first line names the columns; None: unless one of its fields is a number. Without
            a header the columns are called column_1, column_2, ...
        decimal: "." (default) or ",".
        missing: more words for a missing value, beside those above.
        default_missing: False: only the words of `missing` are, an empty cell and, among numbers, nan; NA and
            the others are texts.
        like: the encoder of a model. The table has the columns that it was fitted on and their kinds,
            whatever their order in the file; others are ignored, and a note names them. The target is read
            only if it is named again.

    Memory: a few bytes for a number, four for any other cell; text is held for one block of rows only.

    Raises:
        FileNotFoundError: there is no such file.
        FormatError: it is no text in UTF-8, has no rows, rows of unlike length, a name twice, dates, or
            cells that are not what `like` wants; the message names line and column.
        ValueError: an argument does not fit, or there is no such column.

    >>> import pathlib, tempfile
    >>> import fastdnn as fd
    >>> text = "size;city;rooms;sold\\n31,5;Rome;2;yes\\n;Ulm;3;no\\n52;Rome;?;yes\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "flats.csv"
    ...     length = path.write_text(text)
    ...     table = fd.data.load_csv(path, target="sold", decimal=",")
    >>> {name: table.column(name).kind for name in table}
    {'size': 'number', 'city': 'category', 'rooms': 'number', 'sold': 'boolean'}
    >>> table["size"]
    array([31.5,  nan, 52. ])
    """
    excluded, texts = _names("exclude", exclude), _names("categories", categories)
    if not isinstance(target, str | None):
        raise ValueError(expected(_WHERE, "target as the name of one column", repr(target)))
    words = _missing_words(_names("missing", missing), default_missing)
    options = _options(delimiter, header, decimal, words, like, bool(excluded or texts))
    reading = Reading(
        frozenset(options.missing), options.decimal, frozenset(texts), {} if like is None else like.kinds
    )
    try:
        known = [] if target is None else [target]
        form = detect(path, _WHERE, delimiter=options.delimiter, header=options.header, known=known)
        _check_names(form, target, excluded, texts)
        wanted = _wanted(form, target, excluded, like)
        found = read_columns(path, _WHERE, form, wanted, reading, target)
        if found.rows == 0:
            raise FormatError("expected rows under the header, got none")
        notes = [*_form_notes(form), *found.notes, *_ignored(form, like)]
        left_out = {name: "excluded" for name in form.names if name in excluded} | found.left_out
        # What another file like this one needs: a usual delimiter is found out again.
        unusual = None if form.delimiter in DELIMITERS else form.delimiter
        options = replace(options, header=form.header, delimiter=unusual)
        table = Table(
            found.columns, target, Path(path).name, np.arange(found.rows), left_out, tuple(notes), options
        )
        return table.with_target()
    except FormatError as error:
        raise FormatError(f"[{_WHERE}] {str(Path(path))!r}: {error}") from error.__cause__


def _missing_words(more: list[str], default: bool) -> tuple[str, ...] | None:
    """All words for a missing value, or None where they are the usual ones."""
    if not isinstance(default, bool):
        raise ValueError(expected(_WHERE, "default_missing True or False", repr(default)))
    if default:
        return tuple(dict.fromkeys((*MISSING, *more))) if more else None
    return tuple(dict.fromkeys(("", *more)))


def _names(argument: str, value: Collection[str]) -> list[str]:
    try:
        names = [value] if isinstance(value, str) else list(value)
    except TypeError:
        raise ValueError(expected(_WHERE, f"{argument} as texts", repr(value))) from None
    if not all(isinstance(name, str) for name in names):
        raise ValueError(expected(_WHERE, f"{argument} as texts", repr(value)))
    return names


def _options(
    delimiter: str | None,
    header: bool | None,
    decimal: str | None,
    missing: tuple[str, ...] | None,
    like: "TableEncoder | None",
    has_names: bool,
) -> CsvOptions:
    """How the file is written: as the arguments say, or as the file that the encoder was fitted on."""
    if like is not None:
        if has_names or decimal is not None or missing is not None:
            wanted = "no exclude, categories, decimal or missing beside like, which has its own"
            raise ValueError(expected(_WHERE, wanted, "one of them"))
        made = like.options
        return replace(
            made,
            delimiter=made.delimiter if delimiter is None else delimiter,
            header=made.header if header is None else header,
        )
    if decimal not in (None, ".", ","):
        raise ValueError(expected(_WHERE, "decimal '.' or ','", repr(decimal)))
    if header not in (None, True, False):
        raise ValueError(expected(_WHERE, "header True, False or None", repr(header)))
    made = CsvOptions(header=header, delimiter=delimiter, decimal=decimal or ".")
    return made if missing is None else replace(made, missing=missing)


def _check_names(form: CsvForm, target: str | None, excluded: list[str], texts: list[str]) -> None:
    for name in [*([] if target is None else [target]), *excluded, *texts]:
        if name not in form.names:
            raise unknown_name(_WHERE, "a column of the file", name, form.names)
    if target in excluded:
        raise ValueError(expected(_WHERE, "a target that is not excluded", repr(target)))


def _wanted(
    form: CsvForm, target: str | None, excluded: list[str], like: "TableEncoder | None"
) -> dict[str, int]:
    """The columns to read, and their places."""
    places = {name: place for place, name in enumerate(form.names)}
    if like is None:
        return {name: place for name, place in places.items() if name not in excluded}
    names = [*like.features, *([] if target is None else [target])]
    lacking = [name for name in names if name not in places]
    if lacking:
        hint = f"the file has {_listed(form.names)}"
        raise FormatError(
            f"expected all columns that the model was trained on, got none called {_listed(lacking)}; {hint}"
        )
    return {name: places[name] for name in names}


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_MOST_LISTED])
    return shown + (f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else "")


def _form_notes(form: CsvForm) -> list[str]:
    notes = [] if form.delimiter == "," else [f"fields are cut at each {form.delimiter_name}"]
    if not form.header:
        notes.append(f"no header: columns are called {form.names[0]} to {form.names[-1]}")
    return notes


def _ignored(form: CsvForm, like: "TableEncoder | None") -> list[str]:
    """A note of the columns that the encoder does not know."""
    if like is None:
        return []
    extra = [name for name in form.names if name not in (*like.features, like.target_name)]
    return [f"columns that the model does not know are ignored: {_listed(extra)}"] if extra else []

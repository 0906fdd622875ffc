"""Columns of numbers with words among them, which are texts unless the words are called missing values."""

import csv
import io
import math
import shlex
from collections.abc import Sequence
from typing import Final

import numpy as np

from fastdnn.data.column_readers import TextReader
from fastdnn.data.table_column import Column, quoted

_MOST_SHOWN: Final = 3
_LEAST_SHARE: Final = 0.5


def mixture(reader: TextReader, column: Column | None, decimal: str) -> str:
    """What is told of a column whose texts are numbers for the most part, or "".

    They are where half of its different texts are, or half of its rows, which `column` has if it is there.

    >>> from fastdnn.data.column_readers import TextReader
    >>> from fastdnn.data.mixed_numbers import mixture
    >>> reader = TextReader("income", frozenset({""}))
    >>> reader.add(["-", "500", "700"], [2, 3, 4])
    >>> print(mixture(reader, None, ".").replace("; ", ";\\n"))
    it has texts among its numbers, the first '-' in line 2;
    missing=['-'] (--missing=-) takes them for missing
    """
    texts = reader.texts
    is_number = np.array([_is_number(text, decimal) for text in texts], np.bool_)
    if not is_number.any() or is_number.all():
        return ""
    share = is_number.mean()
    if column is not None:
        counts = column.counts()
        share = max(share, counts[is_number].sum() / counts.sum())
    if share < _LEAST_SHARE:
        return ""
    words = [text for text, number in zip(texts, is_number.tolist(), strict=True) if not number]
    line = reader.lines[int(np.argmin(is_number))]
    return f"it has texts among its numbers, the first {quoted(words[0])} in line {line}; {_advice(words)}"


def _is_number(text: str, decimal: str) -> bool:
    if not text.isascii() or "_" in text or (decimal != "." and "." in text):
        return False
    try:
        return not math.isinf(float(text.replace(decimal, ".")))
    except ValueError:
        return False


def _advice(words: Sequence[str]) -> str:
    if len(words) <= _MOST_SHOWN and all(quoted(word) == repr(word) for word in words):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(words)
        option = f"--missing={shlex.quote(line.getvalue())}"
        return f"missing={list(words)!r} ({option}) takes them for missing"
    shown = ", ".join(map(quoted, words[:_MOST_SHOWN]))
    more = f" and {len(words) - _MOST_SHOWN:,} more" if len(words) > _MOST_SHOWN else ""
    return f"they are {shown}{more}; missing=[...] (--missing=A,B) takes words for missing"

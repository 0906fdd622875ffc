"""Values of options, checked as they are read."""

import argparse
import csv
import math
from collections.abc import Callable

from fastdnn.errors import did_you_mean

MOST_THREADS = 1024
MOST_UNITS = 65_536
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t"}


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """A reader of whole numbers in a range.

    >>> from fastdnn.cli.arguments import whole_number
    >>> whole_number(1)("12")
    12
    """
    wanted = f"a whole number >= {least}" if most is None else f"a whole number from {least} to {most}"

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"expected {wanted}, got {text!r}")
        return number

    return read


def positive_number(text: str) -> float:
    """A finite number > 0.

    Raises:
        ArgumentTypeError: it is none.

    >>> from fastdnn.cli.arguments import positive_number
    >>> positive_number("1e-3")
    0.001
    """
    number = _float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number > 0, got {text!r}")
    return number


def not_negative(text: str) -> float:
    """A finite number >= 0.

    Raises:
        ArgumentTypeError: it is none.

    >>> from fastdnn.cli.arguments import not_negative
    >>> not_negative("0")
    0.0
    """
    number = _float(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number >= 0, got {text!r}")
    return number


def layer_widths(text: str) -> tuple[int, ...]:
    """Units of hidden layers, such as "128,64".

    Raises:
        ArgumentTypeError: they are not whole numbers from 1 to 65,536.

    >>> from fastdnn.cli.arguments import layer_widths
    >>> layer_widths("128,64")
    (128, 64)
    """
    read = whole_number(1, MOST_UNITS)
    try:
        return tuple(read(part) for part in text.split(","))
    except argparse.ArgumentTypeError:
        wanted = f"whole numbers from 1 to {MOST_UNITS} between commas, such as 128,64"
        raise argparse.ArgumentTypeError(f"expected {wanted}, got {text!r}") from None


def hidden_layers(words: str) -> tuple[int, ...]:
    """Units of hidden layers, or "none".

    Raises:
        ArgumentTypeError: as `layer_widths`.

    >>> from fastdnn.cli.arguments import hidden_layers
    >>> hidden_layers("64"), hidden_layers("none")
    ((64,), ())
    """
    return () if words == "none" else layer_widths(words)


def fraction(words: str) -> float:
    """A number in [0, 1).

    Raises:
        ArgumentTypeError: it is none.

    >>> from fastdnn.cli.arguments import fraction
    >>> fraction("0.5")
    0.5
    """
    number = _float(words)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"expected a number >= 0 and < 1, got {words!r}")
    return number


def share(words: str) -> float:
    """A share from 0 to 1, or percent: "0.05" or "5%".

    Raises:
        ArgumentTypeError: it is neither.

    >>> from fastdnn.cli.arguments import share
    >>> share("5%"), share("0.05")
    (0.05, 0.05)
    """
    number = _float(words.removesuffix("%"))
    if words.endswith("%"):
        number /= 100
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(
            f"expected a share from 0 to 1, or percent such as 5%, got {words!r}"
        )
    return number


def rows_or_share(words: str) -> float:
    """A whole number of rows, or a share of them in [0, 1).

    Raises:
        ArgumentTypeError: it is neither.

    >>> from fastdnn.cli.arguments import rows_or_share
    >>> rows_or_share("500"), rows_or_share("0.15")
    (500, 0.15)
    """
    if words.isdecimal():
        return int(words)
    number = _float(words)
    if not 0 <= number < 1:
        wanted = "a whole number of rows, or a share >= 0 and < 1"
        raise argparse.ArgumentTypeError(f"expected {wanted}, got {words!r}")
    return number


def one_of(*names: str) -> Callable[[str], str]:
    """A reader of one of some words.

    >>> from fastdnn.cli.arguments import one_of
    >>> one_of("yes", "no")("no")
    'no'
    """

    def read(words: str) -> str:
        if words not in names:
            hint = "".join(f"; {said}" for said in [did_you_mean(words, names)] if said)
            raise argparse.ArgumentTypeError(f"expected one of {', '.join(names)}, got {words!r}{hint}")
        return words

    return read


def text(words: str) -> str:
    """Any text but an empty one.

    Raises:
        ArgumentTypeError: it is empty.

    >>> from fastdnn.cli.arguments import text
    >>> text("price")
    'price'
    """
    if not words:
        raise argparse.ArgumentTypeError("expected a text, got ''")
    return words


def column_names(words: str) -> tuple[str, ...]:
    """Names between commas; one that has a comma stands in quotation marks.

    Raises:
        ArgumentTypeError: a quotation mark is not closed.

    >>> from fastdnn.cli.arguments import column_names
    >>> column_names('id,"height, cm"')
    ('id', 'height, cm')
    """
    try:
        (names,) = csv.reader([words], strict=True)
    except (csv.Error, ValueError):
        wanted = 'names between commas, such as id,"height, cm"'
        raise argparse.ArgumentTypeError(f"expected {wanted}, got {words!r}") from None
    return tuple(names)


def delimiter(words: str) -> str:
    """A character, or its name.

    Raises:
        ArgumentTypeError: it is none.

    >>> from fastdnn.cli.arguments import delimiter
    >>> delimiter("tab"), delimiter(";")
    ('\\t', ';')
    """
    character = _DELIMITERS.get(words, words)
    if len(character) != 1:
        wanted = "one character, or comma, semicolon or tab"
        raise argparse.ArgumentTypeError(f"expected {wanted}, got {words!r}")
    return character


def _float(words: str) -> float:
    try:
        return float(words)
    except ValueError:
        return math.nan


def add_threads(
    parser: argparse.ArgumentParser, of: str = "to use", default: str = "those of this machine"
) -> None:
    """The option of all commands that compute."""
    parser.add_argument(
        "--threads",
        type=whole_number(1, MOST_THREADS),
        metavar="N",
        help=f"threads {of}; the results are the same with any number (default: {default})",
    )

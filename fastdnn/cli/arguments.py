"""Values of options, checked as they are read."""

import argparse
import math
from collections.abc import Callable

MOST_THREADS = 1024
MOST_UNITS = 65_536


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
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number > 0, got {text!r}")
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


def add_threads(parser: argparse.ArgumentParser) -> None:
    """The option of all commands that compute."""
    parser.add_argument(
        "--threads",
        type=whole_number(1, MOST_THREADS),
        metavar="N",
        help="threads to use; the results are the same with any number (default: those of this machine)",
    )

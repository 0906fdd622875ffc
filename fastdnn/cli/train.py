"""`fastdnn train`: a network on the digits that come with the package, or on a CSV file."""

import argparse
from pathlib import Path

from fastdnn.cli import train_digits, train_table
from fastdnn.cli.arguments import add_threads
from fastdnn.cli.recipe import add_options
from fastdnn.cli.recipe_file import recipe_of
from fastdnn.cli.training_sets import DIGITS
from fastdnn.errors import unknown_name

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".gz")

_DESCRIPTION = """\
fastdnn train digits
    trains on the 1,797 handwritten digits that come with the package: a stratified random split into 70 %
    train, 15 % dev and 15 % test, standardisation by the training set, Adam, and early stopping by the dev
    loss; 512 hidden units, learning rate 0.002, at most 40 epochs, patience 5.

fastdnn train FILE.csv --target COLUMN
    trains on a table: kinds of columns are found out and told; numbers are standardised, missing ones filled
    by the median, texts become one feature for each; the target is classes or a number.

Both print speed, learning curve and errors, and save the model. The same seed gives the same network.
"""
_EPILOG = """\
A file for --config has the same words: target = "price", hidden = [64, 32], learning-rate = 0.001; what the
command line says goes before it. A model that was trained from a CSV file is such a file, too.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "train",
        help="train a network on example data or a CSV file",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("dataset", metavar="DATASET", nargs="?", help="digits, or a CSV file (UTF-8, may be gzipped)")
    add_options(parser)
    add("--config", metavar="FILE", help="settings of a table's training, TOML or a model")
    add("--save-config", metavar="FILE.toml", help="write all settings of a table's training there")
    add_threads(parser)
    plot = "the learning curve, where matplotlib is installed (of digits: digits-learning-curve.png)"
    add("--plot", metavar="PATH", help=plot)
    add("--quiet", action="store_true", help="print the errors and what was saved only")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """See which of the two it is."""
    if arguments.dataset == DIGITS:
        return train_digits.run(arguments)
    if arguments.dataset is not None and not is_path(arguments.dataset):
        raise unknown_name("train", "a data set", arguments.dataset, [DIGITS])
    recipe = recipe_of(arguments, arguments.dataset)
    if recipe.data is None:
        raise ValueError("the following arguments are required: DATASET; see fastdnn train --help")
    return train_table.run(recipe, arguments)


def is_path(words: str) -> bool:
    """Whether somebody means a file by this, though it may not be there.

    >>> from fastdnn.cli.train import is_path
    >>> is_path("rows.csv"), is_path("digits")
    (True, False)
    """
    return Path(words).exists() or "/" in words or words.lower().endswith(_TABLE_SUFFIXES)

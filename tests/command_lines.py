"""Command lines, run in this process, and models that they train."""

import contextlib
import io
import re
from dataclasses import dataclass

from tables import flats

from fastdnn import cli

QUICK = ("--hidden", "16", "--epochs", "40", "--learning-rate", "0.01", "--threads", "1")


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


def run(capsys, *words):
    """A command line, and what it prints."""
    capsys.readouterr()
    code = cli.main([str(word) for word in words])
    return Done(code, *capsys.readouterr())


def printed(done):
    """What a command printed that must end well."""
    assert done.code == 0, done.err
    return done.out


def refused(done):
    """The one line of an error, after which nothing else is printed."""
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    prefix, _, message = done.err.partition(": error: ")
    assert prefix == "fastdnn"
    assert message.count("\n") == 1
    return message.rstrip("\n")


def paths(folder):
    """Options that keep the files of `train` in a folder."""
    return ["--save", f"{folder}/digits.safetensors", "--plot", f"{folder}/curve.png"]


def errors_told(text):
    """Set by name: (wrong, of), from the table of errors."""
    found = re.findall(r"^(train|dev|test) +([\d.]+) % +([\d,]+) of ([\d,]+)$", text, re.MULTILINE)
    table = {name: (int(wrong), int(rows.replace(",", ""))) for name, _, wrong, rows in found}
    for name, percent, _, _ in found:
        wrong, rows = table[name]
        assert percent == f"{100 * wrong / rows:.2f}"
    return table


def trained_digits(folder):
    """The folder, with what `train digits` writes, and what it prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        code = cli.main(["train", "digits", "--threads", "1", *paths(folder)])
    assert code == 0
    return folder, text.getvalue()


def trained_flats(folder):
    """The folder, with flats and a network each for their class and their rent, and what was printed."""
    flats(folder / "flats.csv", 400)
    told = {}
    for target, other in (("class", "rent"), ("rent", "class")):
        words = [folder / "flats.csv", "--target", target, "--exclude", other]
        words += ["--save", folder / f"{target}.safetensors"]
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            assert cli.main(["train", *map(str, words), *QUICK]) == 0
        told[target] = text.getvalue()
    return folder, told

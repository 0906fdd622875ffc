"""The command line: `fastdnn train`, `tune`, `diagnose`, `evaluate`, `predict`, `bench` and `info`.

Exit codes: 0 done; 2 an argument, a file or its content does not fit (one line on standard error says which);
130 Ctrl-C; 141 the reader of standard output went away (`fastdnn ... | head`).
"""

import argparse
import os
import re
import shlex
import sys
from typing import Any, NoReturn

import fastdnn
from fastdnn.cli import bench, diagnose, evaluate, info, predict, train, tune
from fastdnn.errors import did_you_mean, unknown_name

_DONE, _REFUSED, _INTERRUPTED, _PIPE_CLOSED = 0, 2, 130, 141
_COMMANDS = {
    "train": train,
    "tune": tune,
    "diagnose": diagnose,
    "evaluate": evaluate,
    "predict": predict,
    "bench": bench,
    "info": info,
}


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: its words, without the program's name; None takes those of the process.

    Returns:
        The exit code.

    >>> from fastdnn.cli import main
    >>> main(["--version"])
    fastdnn ...
    0
    """
    try:
        try:
            return _run(sys.argv[1:] if argv is None else argv)
        finally:
            sys.stdout.flush()  # a closed pipe is met here, and the error comes after what was printed
    except BrokenPipeError:
        _forget_stdout()
        return _PIPE_CLOSED
    except KeyboardInterrupt:
        _complain("interrupted")
        return _INTERRUPTED
    except (ValueError, FloatingPointError, OSError, MemoryError) as error:
        _complain(f"error: {_one_line(error)}")
        return _REFUSED


def _run(words: list[str]) -> int:
    parser = _parser()
    if not words:
        parser.print_help(sys.stderr)
        return _REFUSED
    if not words[0].startswith("-") and words[0] not in _COMMANDS:
        raise unknown_name("fastdnn", "a command", words[0], _COMMANDS)
    try:
        arguments = parser.parse_args(words)
    except SystemExit:  # after --help and --version
        return _DONE
    arguments.words = words
    code: int = arguments.run(arguments)
    return code


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are ours: one line, without the usage before it."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Keep the words, for `error`."""
        self._words = list(args) if args is not None else []
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        option = re.fullmatch(r"argument (?:-\w/)?(--[\w-]+).*: expected one argument", message)
        if option is not None and option[1] in self._words[:-1]:
            value = self._words[self._words.index(option[1]) + 1]
            raise ValueError(
                f"{message}; one that begins with - goes after =: {option[1]}={shlex.quote(value)}"
            )
        if message.endswith("?"):  # it says what may be meant
            raise ValueError(message)
        unknown = re.match(r"unrecognized arguments: --([\w-]+)", message)
        hint = did_you_mean(unknown[1], self._options(), "--") if unknown else ""
        command = " ".join([self.prog, *(word for word in self._words[:1] if word in _COMMANDS)])
        raise ValueError(f"{message}; " + (hint or f"see {command} --help"))

    def _options(self) -> list[str]:
        """Without dashes, those of the command that was called, or of this one."""
        parsers = [self]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers += [each for name, each in action.choices.items() if name in self._words[:1]]
        return [option.lstrip("-") for each in parsers for option in each._option_string_actions]


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fastdnn",
        description="Train, diagnose, evaluate and use deep neural networks on CPUs.",
        epilog="begin with: fastdnn train digits",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"fastdnn {fastdnn.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS.values():
        command.add_parser(commands)
    return parser


def _complain(text: str) -> None:
    sys.stderr.write(f"fastdnn: {text}\n")


def _one_line(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory for this; try smaller layers, or fewer rows at a time"
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _forget_stdout() -> None:
    """Let the interpreter's last flush go nowhere instead of failing."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # not a file of the system
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)

"""Fixtures of several files, and what all tests need of the process."""

import signal

import command_lines
import pytest

# A shell without job control starts what follows an `&` deaf to Ctrl-C, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def alone():
    """The search that others are compared with: by one job."""
    import searches

    return searches.search(jobs=1)


@pytest.fixture
def command(capsys):
    """Runs a command line that must end well; returns what it prints."""
    return lambda *words: command_lines.printed(command_lines.run(capsys, *words))


@pytest.fixture
def refused(capsys):
    """Runs a command line that is refused; returns the one line of its error."""
    return lambda *words: command_lines.refused(command_lines.run(capsys, *words))

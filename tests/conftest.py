"""Fixtures of several files."""

import command_lines
import pytest


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

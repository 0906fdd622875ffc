"""Searches in processes of their own: begun, watched by the marks that they leave, and killed."""

import subprocess
import sys
import time

import searches
from interpreters import environment, run


def run_apart(journal, options="{}", **variables):
    return subprocess.Popen(
        [sys.executable, searches.__file__, str(journal), options],
        env=environment(**variables),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run_together(journal, seen):
    given = {"PAUSE": "0.1", "TOGETHER": " ".join(map(str, seen))}
    return [run_apart(journal, "{'jobs': 1}", MARKS=str(path), **given) for path in seen]


def marks(path):
    return path.read_text().splitlines() if path.exists() else []


def wait_for_marks(path, count, process):
    for _ in range(1200):
        if len(marks(path)) >= count:
            return
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.02)
    raise AssertionError("the search does not begin")


def run_until_it_dies(code, *arguments):
    """Run code that ends its process at once."""
    assert run(code, *map(str, arguments)).returncode == 9

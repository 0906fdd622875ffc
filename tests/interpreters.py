"""Fresh interpreters for what cannot be tried in this one.

They run elsewhere, so that `import fastdnn` finds the installed package, not a checkout that happens to be
the working directory.
"""

import os
import subprocess
import sys
import tempfile
import textwrap


def environment(**more):
    """Of an interpreter that finds what this one does, and no more."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def start(code, *arguments, **variables):
    """A new interpreter that runs `code`, with standard output as a pipe."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env=environment(**variables),
        cwd=tempfile.gettempdir(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code, *arguments, timeout=120, **variables):
    """The ended process: returncode, stdout, stderr."""
    process = start(code, *arguments, **variables)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def output(code, *arguments, **variables):
    """What a program prints, which must end well."""
    result = run(code, *arguments, **variables)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()

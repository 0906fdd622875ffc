"""Fresh interpreters for what cannot be tried in this one.

They run elsewhere, so that `import fastdnn` finds the installed package, not a checkout that happens to be
the working directory.
"""

import os
import subprocess
import sys
import tempfile
import textwrap


def start(code, *arguments, **environment):
    """A new interpreter that runs `code`, with standard output as a pipe."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **environment},
        cwd=tempfile.gettempdir(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code, *arguments, timeout=120, **environment):
    """The ended process: returncode, stdout, stderr."""
    process = start(code, *arguments, **environment)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def output(code, *arguments, **environment):
    """What a program prints, which must end well."""
    result = run(code, *arguments, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()

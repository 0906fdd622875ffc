"""A worker process as its parent sees it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastdnn.benchmark import numpy_threads
from fastdnn.benchmark.frameworks import Framework
from fastdnn.benchmark.frameworks.contender import UnsupportedError
from fastdnn.benchmark.networks.cpus import chosen, confined

_LAST_WORDS = 2000  # characters of its standard error that are shown when it ends by itself


def environment(**more: str) -> dict[str, str]:
    """For another interpreter that shall find what this one finds.

    >>> from fastdnn.benchmark.networks.process import environment
    >>> environment(A="b")["A"]
    'b'
    """
    here = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**os.environ, "PYTHONPATH": here, **more}


class Process:
    """A framework in a process of its own, on CPUs of its own choice of number.

    Args:
        framework: which one.
        threads: how many CPUs it gets, and is told to use.

    Raises (all methods):
        RuntimeError: it failed, or ended; the message says what it said last.
    """

    def __init__(self, framework: Framework, threads: int) -> None:
        self.framework = framework
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        settings = {"OMP_NUM_THREADS": str(threads), "JAX_PLATFORMS": "cpu"}
        words = [sys.executable, "-P", "-m", "fastdnn.benchmark.networks.worker"]
        with confined(chosen(threads)):
            self._process = subprocess.Popen(
                [*words, framework.module, str(threads)],
                env=environment(**numpy_threads.environment(threads), **settings),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                start_new_session=True,  # a Ctrl-C is the parent's; it ends the workers
            )

    def ask(self, do: str, **question: Any) -> Any:
        """The answer.

        Raises:
            UnsupportedError: the framework cannot do this.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **question}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(f"{self.framework.title}: {self._ended()}")
        reply = json.loads(line)
        if "unsupported" in reply:
            raise UnsupportedError(reply["unsupported"])
        if "error" in reply:
            raise RuntimeError(f"{self.framework.title}: {reply['error']}")
        return reply["answer"]

    @property
    def ended(self) -> bool:
        """Whether it is not there any more."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End it, whatever it does, and what it has started."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):  # nobody is left, or a zombie alone
                os.killpg(self._process.pid, signal.SIGKILL)  # its session is its own
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:  # a question that was not sent any more
                continue

    def _ended(self) -> str:
        """Why it is not there any more."""
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read()[-_LAST_WORDS:].strip()
        return f"its process ended with {code}" + (f": {said}" if said else "")

"""`fastdnn bench kernels`: how fast the kernels are on this machine."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fastdnn import _core
from fastdnn.benchmark import kernels, numpy_threads, report
from fastdnn.benchmark.machine import default_threads
from fastdnn.benchmark.report import Report
from fastdnn.benchmark.row import Row
from fastdnn.benchmark.runner import QUICK, THOROUGH
from fastdnn.benchmark.suite import Suite
from fastdnn.benchmark.workloads import FLOAT_TYPES
from fastdnn.cli import output
from fastdnn.cli.arguments import MOST_THREADS, whole_number
from fastdnn.cli.target import check_target, text_target
from fastdnn.errors import unknown_name

_SUITES = ("kernels",)
_PLAIN_LINES = 10
_INTERRUPTED = 130
_DESCRIPTION = """\
Time every kernel, each checked against the reference before, in rounds that alternate with NumPy's; print
speeds, and what share they are of this machine's own peak or bandwidth, measured before and after. Close
other programs first. Ctrl-C prints what is done until then.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench", help="speed of the kernels on this machine", description=_DESCRIPTION, allow_abbrev=False
    )
    add = parser.add_argument
    add("suite", metavar="SUITE", help="kernels")
    part = "a kernel, such as relu, or part of names: 'gemm NT', 512x512x512, losses"
    add("--filter", default="", metavar="PART", help=part)
    add("--dtype", choices=FLOAT_TYPES, help="only this type")
    threads = "numbers of threads between commas (1 and those of this machine)"
    add("--threads", type=_thread_counts, metavar="N,N", help=threads)
    add("--quick", action="store_true", help="fewer and shorter rounds: rough figures")
    add("--unit", metavar="UNIT", help="the instruction set to time, such as avx2 (the best one)")
    add("--json", metavar="FILE", help="write all figures there, too")
    add("--markdown", metavar="FILE", help="write the table there, too")
    parser.set_defaults(run=run)


def _thread_counts(text: str) -> list[int]:
    read = whole_number(1, MOST_THREADS)
    try:
        return sorted({read(part) for part in text.split(",")})
    except argparse.ArgumentTypeError:
        wanted = f"whole numbers from 1 to {MOST_THREADS} between commas, such as 1,2"
        raise argparse.ArgumentTypeError(f"expected {wanted}, got {text!r}") from None


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write."""
    if arguments.suite not in _SUITES:
        raise unknown_name("bench", "a suite", arguments.suite, _SUITES)
    build = _core.build_info()
    unit = arguments.unit or build["isa"]
    if unit not in build["isa_available"]:
        raise unknown_name("bench", "a unit that this machine runs", unit, build["isa_available"])
    dtypes = [arguments.dtype] if arguments.dtype else list(FLOAT_TYPES)
    threads = arguments.threads or default_threads()
    suite = Suite(
        kernels.workloads(arguments.filter, dtypes), threads, dtypes, QUICK if arguments.quick else THOROUGH
    )
    for path in (arguments.json, arguments.markdown):
        if path is not None:
            check_target("bench", path)
    made = _measured(arguments, suite, unit)
    output.say(report.text(made))
    for path, form in ((arguments.json, report.to_json), (arguments.markdown, report.markdown)):
        if path is not None:
            with text_target("bench", path) as file:
                file.write(form(made))
    return 0 if made.complete else _INTERRUPTED


def _measured(arguments: argparse.Namespace, suite: Suite, unit: str) -> Report:
    """Here, or in processes of their own where the unit or NumPy's threads are set before the start."""
    if unit != _core.build_info()["isa"]:
        return _in_child(arguments, suite.threads, {"FASTDNN_ISA": unit})
    limiter = numpy_threads.limiter(suite.threads)
    if limiter is None:
        parts: list[Report] = []
        for count in suite.threads:
            parts.append(_in_child(arguments, [count], numpy_threads.environment(count)))
            if not parts[-1].complete:
                break
        return report.merged(parts)
    progress = _Progress(len(suite))
    try:
        return suite.run(limiter, progress.row)
    finally:
        progress.close()


def _in_child(arguments: argparse.Namespace, threads: Sequence[int], settings: dict[str, str]) -> Report:
    """The report of the same command in another process; its progress goes to our standard error."""
    with tempfile.TemporaryDirectory(prefix="fastdnn-bench-") as folder:
        path = Path(folder) / "report.json"
        words = [sys.executable, "-P", "-m", "fastdnn", "bench", arguments.suite]
        words += [f"--filter={arguments.filter}", f"--json={path}"]
        words += ["--threads", ",".join(map(str, threads))]
        words += ["--dtype", arguments.dtype] if arguments.dtype else []
        words += ["--quick"] if arguments.quick else []
        here = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        environment = {**os.environ, "PYTHONPATH": here, **settings}
        child = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
        code = _waited(child)
        if not path.exists():
            raise ValueError(f"[bench] expected figures of a process of its own, got exit code {code}")
        return report.from_json(path.read_text(encoding="utf-8"))


def _waited(child: "subprocess.Popen[bytes]") -> int:
    """Its exit code. A Ctrl-C reaches the child, too, which then ends by itself with what it has."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


class _Progress:
    """What is done, on standard error: rewritten in place on a terminal, else about ten lines in all."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._done = 0
        self._shown = 0

    def row(self, row: Row) -> None:
        """One more."""
        self._done += 1
        what = f"{row.kernel} {row.shape} {row.dtype} on {output.counted(row.threads, 'thread')}"
        line = f"[{self._done}/{self._rows}] {what}: {report.duration(row.seconds)}, {row.share:.0%} of best"
        if sys.stderr.isatty():
            line = line[: output.width()]
            sys.stderr.write(f"\r{line:{max(1, self._shown)}}")
            self._shown = len(line)
        elif self._done % max(1, self._rows // _PLAIN_LINES) == 0 or self._done == self._rows:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the line that is being rewritten."""
        if self._shown:
            sys.stderr.write("\n")

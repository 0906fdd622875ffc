"""`fastdnn bench`: how fast kernels, training steps and predictions are on this machine."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from fastdnn import _core
from fastdnn.benchmark import frameworks, kernels, numpy_threads, report
from fastdnn.benchmark.amounts import duration
from fastdnn.benchmark.machine import default_threads
from fastdnn.benchmark.networks import chart
from fastdnn.benchmark.networks import suite as networks
from fastdnn.benchmark.networks.cases import SUITES, cases
from fastdnn.benchmark.networks.process import environment
from fastdnn.benchmark.networks.row import NetworkRow
from fastdnn.benchmark.networks.suite import NetworkSuite
from fastdnn.benchmark.report import Report
from fastdnn.benchmark.row import Row
from fastdnn.benchmark.runner import QUICK, THOROUGH
from fastdnn.benchmark.suite import Suite
from fastdnn.benchmark.tuning import searchers
from fastdnn.benchmark.tuning import suite as tuning
from fastdnn.benchmark.tuning.suite import TuningSuite
from fastdnn.benchmark.workloads import FLOAT_TYPES
from fastdnn.cli import output
from fastdnn.cli.arguments import MOST_THREADS, whole_number
from fastdnn.cli.bench_progress import BenchProgress
from fastdnn.cli.target import check_apart, check_target, text_target
from fastdnn.errors import expected, unknown_name

_SUITES = ("kernels", "tune", *SUITES)
_OTHERS = "kernels, steps and predict"
_INTERRUPTED = 130
_DESCRIPTION = """\
steps and predict: time training steps and predictions of whole networks against PyTorch, JAX, scikit-learn
and onnxruntime, as far as they are installed, after seeing that all of them compute the same; peak memory,
and time to a test error. kernels: time every kernel, each checked against the reference before, in rounds
that alternate with NumPy's, as shares of this machine's own peak or bandwidth. tune: time a search of 40
trials against Optuna with PyTorch and scikit-learn's RandomizedSearchCV. Close other programs first.
Ctrl-C prints what is done until then.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench",
        help="speed on this machine, against other frameworks",
        description=_DESCRIPTION,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "suite",
        metavar="SUITE",
        nargs="?",
        help="steps, predict, kernels or tune (default: steps and predict)",
    )
    part = "part of names: 'mnist', 'memory'; of kernels: relu, 'gemm NT', 512x512x512, losses"
    add("--filter", default="", metavar="PART", help=part)
    threads = "numbers of threads between commas (1 and those of this machine)"
    add("--threads", type=_thread_counts, metavar="N,N", help=threads)
    add("--quick", action="store_true", help="fewer and shorter rounds: rough figures")
    add("--unit", metavar="UNIT", help="the instruction set to time, such as avx2 (the best one)")
    add("--json", metavar="FILE", help="write all figures there, too")
    add("--markdown", metavar="FILE", help="write the table there, too")
    add(
        "--peers",
        metavar="NAME,NAME",
        help="of steps, predict, tune: such as torch,jax, or none (all installed ones)",
    )
    add("--plot", metavar="FILE.png", help="of steps, predict: draw the comparison there (needs matplotlib)")
    add("--dtype", choices=FLOAT_TYPES, help="of kernels: only this type")
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
    if arguments.suite not in (None, *_SUITES):
        raise unknown_name("bench", "a suite", arguments.suite, _SUITES)
    unit, units = arguments.unit or _core.build_info()["isa"], _core.build_info()["isa_available"]
    if unit not in units:
        raise unknown_name("bench", "a unit that this machine runs", unit, units)
    outputs = {f"--{name}": getattr(arguments, name) for name in ("json", "markdown", "plot")}
    prepare = {"kernels": _kernels, "tune": _tuning}.get(arguments.suite, _networks)
    measure = prepare(arguments)
    for path in outputs.values():
        if path is not None:
            check_target("bench", path)
    check_apart("bench", {}, outputs)
    other = unit != _core.build_info()["isa"]
    made = _in_child(arguments, _threads(arguments), {"FASTDNN_ISA": unit}) if other else measure()
    output.say(report.text(made))
    if arguments.suite is None:
        output.say("fastdnn bench kernels times the kernels alone")
    for path, form in ((arguments.json, report.to_json), (arguments.markdown, report.markdown)):
        if path is not None:
            with text_target("bench", path) as file:
                file.write(form(made))
    if arguments.plot is not None:
        if any(row.ratios for row in made.rows):
            chart.save(made, arguments.plot)
        else:
            output.say("no plot: there is no peer to draw")
    return 0 if made.complete else _INTERRUPTED


def _threads(arguments: argparse.Namespace) -> list[int]:
    threads: list[int] = arguments.threads or default_threads()
    return threads


def _only(arguments: argparse.Namespace, option: str, suites: str) -> None:
    """Refuse an option of other suites."""
    if getattr(arguments, option) is not None:
        raise ValueError(
            expected("bench", f"--{option} with {suites} only", arguments.suite or "steps and predict")
        )


# ------------------------------------------------------------------------------------------ what is measured


def _networks(arguments: argparse.Namespace) -> Callable[[], Report]:
    """Steps, predictions or both, to be measured; the arguments are checked before."""
    _only(arguments, "dtype", "kernels")
    if arguments.plot is not None:
        try:
            chart.check(arguments.plot)
        except ImportError as error:
            raise ValueError(str(error)) from error
    names = _peers(arguments)
    suites = list(SUITES) if arguments.suite is None else [arguments.suite]
    suite = NetworkSuite(
        cases(suites, arguments.filter),
        _threads(arguments),
        [peer for peer in frameworks.peers(names) if peer.trains or "predict" in suites],
        networks.QUICK if arguments.quick else networks.THOROUGH,
    )

    def measure() -> Report:
        with BenchProgress(len(suite)) as progress:
            for peer in suite.peers:
                if peer.missing:
                    progress.note(f"{peer.title}: {peer.state}")
            return suite.run(lambda row: progress.row(_network_text(row)), progress.note)

    return measure


def _peers(arguments: argparse.Namespace) -> list[str] | None:
    """The names that were given; None for all."""
    if arguments.peers is None:
        return None
    return [name for name in arguments.peers.split(",") if name != "none"]


def _tuning(arguments: argparse.Namespace) -> Callable[[], Report]:
    """A search for hyper-parameters, to be measured; the arguments are checked before."""
    for option, suites in (("dtype", "kernels"), ("plot", "steps and predict"), ("threads", _OTHERS)):
        _only(arguments, option, suites)
    if arguments.filter:
        raise ValueError(expected("bench", f"--filter with {_OTHERS} only", "tune"))
    effort = tuning.QUICK if arguments.quick else tuning.THOROUGH
    suite = TuningSuite(searchers.peers(_peers(arguments)), effort)

    def measure() -> Report:
        with BenchProgress(len(suite)) as progress:
            for peer in suite.peers:
                if peer.missing:
                    progress.note(f"{peer.title}: {peer.state}")
            return suite.run(progress.row, progress.note)

    return measure


def _network_text(row: NetworkRow) -> str:
    ratios = ", ".join(f"{ratio:.2f}x {frameworks.TITLES[name]}" for name, ratio in row.ratios.items())
    what = f"{row.family.lower()} {row.case} on {output.counted(row.threads, 'thread')}"
    return f"{what}: {row.value_text(row.ours)}" + (f" ({ratios})" if ratios else "")


def _kernels(arguments: argparse.Namespace) -> Callable[[], Report]:
    """Kernels, to be measured here, or in a process for each number of threads, where NumPy needs that."""
    for option in ("peers", "plot"):
        _only(arguments, option, "steps and predict")
    dtypes = [arguments.dtype] if arguments.dtype else list(FLOAT_TYPES)
    effort = QUICK if arguments.quick else THOROUGH
    suite = Suite(kernels.workloads(arguments.filter, dtypes), _threads(arguments), dtypes, effort)

    def measure() -> Report:
        limiter = numpy_threads.limiter(suite.threads)
        if limiter is None:
            return _in_children(arguments, suite.threads)
        with BenchProgress(len(suite)) as progress:
            return suite.run(limiter, lambda row: progress.row(_kernel_text(row)))

    return measure


def _kernel_text(row: Row) -> str:
    what = f"{row.kernel} {row.shape} {row.dtype} on {output.counted(row.threads, 'thread')}"
    return f"{what}: {duration(row.seconds)}, {row.share:.0%} of best"


# ----------------------------------------------------------------------------------------- in other processes


def _in_children(arguments: argparse.Namespace, threads: Sequence[int]) -> Report:
    parts: list[Report] = []
    for count in threads:
        parts.append(_in_child(arguments, [count], numpy_threads.environment(count)))
        if not parts[-1].complete:
            break
    return report.merged(parts)


def _in_child(arguments: argparse.Namespace, threads: Sequence[int], settings: dict[str, str]) -> Report:
    """The report of the same command in another process; its progress goes to our standard error."""
    with tempfile.TemporaryDirectory(prefix="fastdnn-bench-") as folder:
        path = Path(folder) / "report.json"
        words = [sys.executable, "-P", "-m", "fastdnn", "bench"]
        words += [arguments.suite] if arguments.suite else []
        words += [f"--filter={arguments.filter}", f"--json={path}"]
        words += ["--threads", ",".join(map(str, threads))] if arguments.suite != "tune" else []
        words += ["--dtype", arguments.dtype] if arguments.dtype else []
        words += [f"--peers={arguments.peers}"] if arguments.peers is not None else []
        words += ["--quick"] if arguments.quick else []
        child = subprocess.Popen(words, env=environment(**settings), stdout=subprocess.DEVNULL)
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

"""What this machine is, and what it can do at best: peak, bandwidth, barrier."""

import importlib.metadata
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastdnn import _core
from fastdnn.build_info import info
from fastdnn.thread_settings import get_num_threads

_ROUNDS = 5
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")

_Probe = Callable[[int, int], tuple[Any, ...]]  # (amount, rounds) to (threads, work, seconds of each round)


class Yardstick:
    """Something that the machine does at its own speed, to be measured again and again.

    Args:
        probe: does an amount of it some rounds long.
        amount: where the search for a round of about `seconds` begins.
        seconds: of a round.
    """

    def __init__(self, probe: _Probe, amount: int, seconds: float) -> None:
        _, _, first = probe(amount, 2)
        self._probe = probe
        self._amount = max(1, round(amount * seconds / max(min(first), 1e-9)))

    def rate(self, rounds: int = _ROUNDS) -> float:
        """Work in a second, in the best of some rounds."""
        _, work, times = self._probe(self._amount, rounds)
        return float(work / max(min(times), 1e-9))


def peak(dtype: str, threads: int, seconds: float = 2e-3) -> Yardstick:
    """FLOP/s of fused multiply-adds in registers."""
    return Yardstick(lambda steps, rounds: _core.probe.fma(dtype, threads, steps, rounds), 10_000, seconds)


def bandwidth(pattern: str, threads: int, footprint: int, seconds: float = 2e-3) -> Yardstick:
    """B/s of 'read', 'copy' or 'update' (4 reads, 3 writes) over arrays of `footprint` bytes in all."""
    return Yardstick(
        lambda passes, rounds: _core.probe.memory(pattern, threads, footprint, passes, rounds), 1, seconds
    )


def barriers(threads: int, seconds: float = 2e-3) -> Yardstick:
    """Barriers in a second."""
    return Yardstick(lambda count, rounds: _core.probe.barrier(threads, count, rounds), 100, seconds)


def default_threads() -> list[int]:
    """One, and as many as a call gets that names none.

    >>> from fastdnn.benchmark.machine import default_threads
    >>> default_threads()[0]
    1
    """
    return sorted({1, get_num_threads()})


def description() -> dict[str, str]:
    """CPU, unit, caches and versions: what must stand above a table.

    >>> from fastdnn.benchmark.machine import description
    >>> sorted(description())
    ['caches', 'compiler', 'cpu', 'cpus', 'fastdnn', 'numpy', 'python', 'threading', 'unit']
    """
    build = info()
    return {
        "cpu": build["cpu"],
        "cpus": f"{os.cpu_count()} in the system, {_core.machine_threads()[0]} for this process",
        "caches": _caches(),
        "unit": build["isa"],
        "threading": build["threading"],
        "compiler": build["compiler"],
        "fastdnn": build["fastdnn"],
        "python": platform.python_version(),
        "numpy": f"{np.__version__} ({_blas()})",
    }


def _caches() -> str:
    """Such as "L1 32K, L2 1024K, L3 32768K", of one core."""
    sizes = {}
    for folder in sorted(_CACHES.glob("index*")):
        try:
            kind, level, size = ((folder / name).read_text().strip() for name in ("type", "level", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            sizes[f"L{level}"] = size
    return ", ".join(f"{level} {size}" for level, size in sizes.items()) or "not known"


def _blas() -> str:
    try:
        config: Any = np.show_config(mode="dicts")
        blas = config["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (KeyError, TypeError):
        return "BLAS not known"


def version_of(package: str) -> str | None:
    """The version of an installed package, or None.

    >>> from fastdnn.benchmark.machine import version_of
    >>> version_of("no-such-package") is None
    True
    """
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None

"""Which CPUs a worker gets: as many as threads, on cores of their own where there are enough."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def chosen(count: int) -> list[int]:
    """CPUs of this process, one of each core first; none where the system cannot pin processes.

    >>> from fastdnn.benchmark.networks.cpus import chosen
    >>> len(chosen(1)) <= 1
    True
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    allowed = sorted(os.sched_getaffinity(0))
    cores: set[str] = set()
    first: list[int] = []
    for cpu in allowed:
        core = _core(cpu)
        if core not in cores:
            cores.add(core)
            first.append(cpu)
    return sorted([*first, *(cpu for cpu in allowed if cpu not in first)][:count])


def _core(cpu: int) -> str:
    """What CPUs of the same core have in common."""
    try:
        return Path(_SIBLINGS.format(cpu)).read_text(encoding="ascii").strip()
    except OSError:
        return str(cpu)


@contextmanager
def confined(cpus: Sequence[int]) -> Iterator[None]:
    """What is started within runs on these CPUs, from its first instruction on.

    >>> from fastdnn.benchmark.networks.cpus import chosen, confined
    >>> with confined(chosen(1)):
    ...     pass  # subprocess.Popen(...)
    """
    if not cpus:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

"""Which process works on a trial, and whether it still lives."""

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Process:
    """A process of some machine.

    host: the machine, and which of its containers.
    pid, start: its number, and when it began, in ticks of that machine; numbers are used again.
    """

    host: str
    pid: int
    start: str

    @classmethod
    def this(cls) -> "Process":
        """The one that asks."""
        return cls(_host(), os.getpid(), _start_of(os.getpid()))

    @property
    def is_dead(self) -> bool | None:
        """Whether it has ended; None of a process of another machine, of which that is not known."""
        if self.host != _host():
            return None
        return _start_of(self.pid) != self.start

    def as_json(self) -> dict[str, Any]:
        """For the storage."""
        return asdict(self)


def _host() -> str:
    try:
        container = f"{Path('/proc/self/ns/pid').readlink()}"
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        container = boot = ""
    return f"{socket.gethostname()} {boot} {container}"


def _start_of(pid: int) -> str:
    """When a process of this machine began; "" where it is no more."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()  # the name may hold blanks
    return "" if fields[0] in "ZX" else fields[19]

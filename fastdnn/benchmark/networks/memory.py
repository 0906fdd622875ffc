"""The most memory that this process has held at once, as Linux tells it."""

from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_bytes() -> int | None:
    """Since the start, or the last `forget_peak`; None where the system does not say.

    >>> from fastdnn.benchmark.networks.memory import peak_bytes
    >>> peak_bytes() is None or peak_bytes() > 1_000_000
    True
    """
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else None


def forget_peak() -> None:
    """From now on the peak is that of what follows, where the system lets us say so."""
    try:
        _RESET.write_text("5", encoding="ascii")
    except OSError:
        return

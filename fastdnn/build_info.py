"""What this build is and how it will run."""

import platform
import sys

import numpy as np

import fastdnn
from fastdnn import _core


def info() -> dict[str, str]:
    """Version, instruction set, threads and why, compiler and flags: what a bug report needs.

    >>> import fastdnn as fd
    >>> fd.info()["isa"] in fd.info()["isa_available"]
    True
    """
    build = _core.build_info()
    count, reason = _core.machine_threads()
    setting = _core.num_threads_setting()
    threads = f"{setting} (set_num_threads)" if setting else f"{count} ({reason})"
    if build["threading"] == "serial":
        threads = "1 (this build has no OpenMP)"
    return {
        "fastdnn": fastdnn.__version__,
        "isa": build["isa"],
        "isa_available": ", ".join(build["isa_available"]),
        "cpu": build["cpu"],
        "threads": threads,
        "threading": build["threading"],
        "compiler": build["compiler"],
        "flags": build["flags"],
        "python": f"{platform.python_implementation()} {platform.python_version()} ({sys.platform})",
        "numpy": np.__version__,
    }

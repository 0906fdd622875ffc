"""Each of the 2^32 float32 numbers through each activation, against the contract of kernels/activation.h.

By `native_tests --every-float` (tests/native/every_float.cpp), which is built for it: a third of an hour of
one core. Needs a checkout, CMake and a compiler.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from arrays_for_tests import fresh_seed

from fastdnn import _core

ROOT = Path(__file__).resolve().parents[2]


def build(folder, unit):
    """The tests without Python, for this unit; the path of the program."""
    settings = {
        "FASTDNN_MODULE": "OFF",
        "FASTDNN_NATIVE_TESTS": "ON",
        "FASTDNN_UNITS": "" if unit == "portable" else unit,
    }
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    configure = ["cmake", "-S", ROOT, "-B", folder, *generator]
    configure += [f"-D{name}={value}" for name, value in settings.items()]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    make = ["cmake", "--build", folder, "-j", str(os.cpu_count() or 1)]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    return Path(folder) / "native_tests"


def main(seconds):
    """As many chunks of all numbers as there is time for, from one that the seed chooses."""
    seed = fresh_seed()
    print(f"    FASTDNN_TEST_SEED={seed}", flush=True)
    unit = _core.build_info()["isa"]
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder, unit)
        command = [program, "--every-float", str(seconds), str(seed % 2**32)]
        result = subprocess.run(
            command, env=os.environ | {"FASTDNN_ISA": unit}, capture_output=True, text=True
        )
    print("\n".join(f"    {line}" for line in result.stdout.splitlines()), flush=True)
    assert result.returncode == 0, f"more than is allowed; FASTDNN_TEST_SEED={seed}\n{result.stderr}"

"""Bugs planted in the kernels, one at a time: does a test notice each of them?

A mutant is one change in one line: a sign, a comparison, a bound, a constant, a statement left out. What it
is part of is compiled again, for one unit, and the tests of the kernels that include it are run. One that
gives the same machine code, or none, is not counted. A survivor is a missing test, or changes nothing but the
speed: its text is printed, for a reader to judge. Needs a checkout, CMake, a compiler and pybind11.
"""

import functools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from arrays_for_tests import fresh_seed

from fastdnn import _core

ROOT = Path(__file__).resolve().parents[2]
WHERE = ("csrc/kernels/*-inl.h", "csrc/kernels/*.cpp", "csrc/isa/*.h")
# Of other processors; declarations; what only the tests of the engine call.
NOT = {f"csrc/isa/{name}.h" for name in ("neon", "dispatch", "table")} | {
    f"csrc/kernels/probe{end}" for end in ("-inl.h", ".cpp")
}
OWN_HEADER = (
    "avx2",
    "avx512",
)  # units whose header no other unit includes; all else is tried in the portable one
SECONDS_A_RUN = 120  # of tests; a mutant that hangs is caught
LEAST_CAUGHT = 0.9  # the others change the speed only: blocks, shares, unrolling

# What is changed into what. Only code is searched: no comments, directives, declarations of templates.
RULES = [
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" \* ", " + "),
    (r" / ", " * "),
    (r" \+= ", " -= "),
    (r" < ", " <= "),
    (r" <= ", " < "),
    (r" > ", " >= "),
    (r" >= ", " > "),
    (r" == ", " != "),
    (r" != ", " == "),
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r"\? (.+?) : ([^;,]+?)(?=[;,)]|$)", r"? \2 : \1"),
    (r"(?<![\w.])(\d+)(?![\w.])", lambda match: str(int(match[1]) + 1)),
    (r"(?<![\w.])(\d+\.\d*(?:e-?\d+)?)", r"-\1"),
    (r"^(\s+)[\w.\[\]>()-]+ [-+*/]?= .*;$", r"\1;"),
    (r"^(\s+)(?!return)[\w.>:<-]+\(.*\);$", r"\1;"),
]
OF_KERNELS = re.compile(r"_core import .*\bkernels")  # in a test file
SKIPPED = re.compile(r"^\s*(//|#|template|static_assert|using|typedef|namespace|extern)|^\s*\*")


class Mutant(NamedTuple):
    """One changed line."""

    path: str
    number: int
    before: str
    after: str

    def __str__(self):
        return f"{self.path}:{self.number + 1}\n      - {self.before.strip()}\n      + {self.after.strip()}"


def mutants_of(path):
    """All mutants of a file."""
    for number, line in enumerate((ROOT / path).read_text().splitlines()):
        code = line.split("//")[0].rstrip()
        if SKIPPED.match(line) or not code:
            continue
        for pattern, replacement in RULES:
            for match in re.finditer(pattern, code):
                changed = replacement(match) if callable(replacement) else match.expand(replacement)
                yield Mutant(path, number, line, code[: match.start()] + changed + code[match.end() :])


@functools.cache
def included_by(path):
    """The kernels' files that include this one, by whatever way; itself, too."""
    name = path.removeprefix("csrc/")
    found = {path}
    for pattern in WHERE:
        for file in ROOT.glob(pattern):
            other = str(file.relative_to(ROOT))
            if f'#include "{name}"' in file.read_text() and other != path:
                found |= included_by(other)
    return frozenset(found)


@functools.cache
def tests_of(path):
    """The test files of the kernels that this file is part of; all kernels' where it is part of none."""
    found = set()
    for file in included_by(path):
        stem = Path(file).stem.removesuffix("-inl")
        while stem and not any(ROOT.glob(f"tests/test_{stem}*.py")):
            stem = stem.rpartition("_")[0]  # update_rules is part of update
        found |= set(ROOT.glob(f"tests/test_{stem}*.py")) if stem and "/kernels/" in file else set()
    every = {file for file in ROOT.glob("tests/test_*.py") if OF_KERNELS.search(file.read_text())}
    own = set(ROOT.glob(f"tests/test_{Path(path).stem.removesuffix('-inl')}*.py"))
    in_order = sorted(found & every or every, key=lambda file: (file not in own, file))  # they fail soonest
    return [str(file.relative_to(ROOT)) for file in in_order]


class Workshop:
    """A copy of the source that is changed, built for one unit and tested."""

    def __init__(self, folder, unit):
        import pybind11

        self.unit = unit
        self.source, self.build, self.site = (folder / unit / name for name in ("source", "build", "site"))
        for part in ("csrc", "tests", "fastdnn", "CMakeLists.txt", "pyproject.toml"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            (self.source / part).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / part, self.source / part)
        skipped = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(ROOT / "fastdnn", self.site / "fastdnn", ignore=skipped)
        settings = {
            "CMAKE_BUILD_TYPE": "Debug",
            "CMAKE_CXX_FLAGS_DEBUG": "-O1",
            "FASTDNN_UNITS": "" if unit == "portable" else unit,
            "SKBUILD_PROJECT_NAME": "fastdnn",
            "Python_EXECUTABLE": sys.executable,
            "pybind11_DIR": pybind11.get_cmake_dir(),
        }
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        command = ["cmake", "-S", self.source, "-B", self.build, *generator]
        command += [f"-D{name}={value}" for name, value in settings.items()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.sound = self.compile()
        assert self.sound, f"{ROOT} does not compile for {unit}"
        self._passed = set()

    def compile(self):
        """The core's bytes, or None where it does not compile."""
        command = ["cmake", "--build", self.build, "-j", str(os.cpu_count() or 1)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return None
        [core] = self.build.glob("_core*.so")
        shutil.copy(core, self.site / "fastdnn" / core.name)
        return core.read_bytes()

    def passes(self, tests):
        """Whether all these tests do."""
        environment = os.environ | {"FASTDNN_ISA": self.unit, "PYTHONPATH": str(self.site)}
        command = [sys.executable, "-P", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        try:
            return (
                subprocess.run(
                    command,
                    cwd=self.source,
                    env=environment,
                    capture_output=True,
                    timeout=SECONDS_A_RUN,
                    check=False,
                ).returncode
                == 0
            )
        except subprocess.TimeoutExpired:
            return False

    def check_sound(self, path):
        """Without a mutant the tests pass, so that a failure says something."""
        tests = set(tests_of(path)) - self._passed
        if tests:
            assert self.compile() == self.sound
            assert self.passes(sorted(tests)), f"{sorted(tests)} fail for {self.unit} without a mutant"
            self._passed |= tests

    def verdict(self, mutant):
        """'caught', 'survived', or 'no bug'."""
        self.check_sound(mutant.path)
        file = self.source / mutant.path
        text = file.read_text()
        lines = text.splitlines()
        lines[mutant.number] = mutant.after
        file.write_text("\n".join(lines) + "\n")
        try:
            core = self.compile()
            if core is None or core == self.sound:
                return "no bug"
            return "survived" if self.passes(tests_of(mutant.path)) else "caught"
        finally:
            file.write_text(text)


def unit_of(path):
    """The unit that a file is tried in."""
    return Path(path).stem if Path(path).stem in OWN_HEADER else "portable"


def main(seconds):
    """Mutants in a random order."""
    assert (ROOT / "csrc").is_dir(), f"mutants need the source; there is no csrc in {ROOT}"
    seed = fresh_seed()
    available = _core.build_info()["isa_available"]
    paths = sorted({str(file.relative_to(ROOT)) for pattern in WHERE for file in ROOT.glob(pattern)} - NOT)
    mutants = [m for path in paths if unit_of(path) in available for m in mutants_of(path)]
    random.Random(seed).shuffle(mutants)
    print(f"    {len(mutants)} mutants of {len(paths)} files, FASTDNN_TEST_SEED={seed}", flush=True)
    deadline = time.monotonic() + seconds
    count = {"caught": 0, "survived": 0, "no bug": 0}
    shops = {}
    with tempfile.TemporaryDirectory(prefix="fastdnn-mutants.") as folder:
        for mutant in mutants:
            if time.monotonic() > deadline:
                break
            unit = unit_of(mutant.path)
            if unit not in shops:
                shops[unit] = Workshop(Path(folder), unit)
            verdict = shops[unit].verdict(mutant)
            count[verdict] += 1
            if verdict == "survived":
                print(f"    survived: {mutant}", flush=True)
    tried = count["caught"] + count["survived"]
    print(
        f"    {count['caught']} of {tried} caught; {count['no bug']} more did not compile or change the code"
    )
    assert count["caught"] >= LEAST_CAUGHT * tried, f"{count['survived']} of {tried} bugs survived"

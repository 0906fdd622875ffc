#!/usr/bin/env python3
"""The typed stubs of the compiled core, fastdnn/_core.pyi, which are generated and committed.

    python .ci/stubs.py           compare the file with the installed fastdnn._core; status 1 if they differ
    python .ci/stubs.py --write   write it anew: do so after each change of csrc/bindings

It needs an installed fastdnn (or an editable one) and the `dev` extra (pybind11-stubgen, ruff).

The core's submodules become classes in the one file. A folder of stubs `_core/` instead would be imported, as
a namespace package, where the extension has not been built, and would hide that it is missing.
"""

import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUBS = ROOT / "fastdnn" / "_core.pyi"

HEAD = """\
# Made by `python .ci/stubs.py --write` from the compiled module; do not edit.

import collections.abc
import typing

import numpy as np
import numpy.typing as npt

_Int: typing.TypeAlias = typing.SupportsInt | typing.SupportsIndex
_Float: typing.TypeAlias = typing.SupportsFloat | typing.SupportsIndex
"""

# What pybind11-stubgen writes, and what strict typing and readers want. A py::list has elements of any type.
REWRITES = (
    (r"typing\.SupportsInt \| typing\.SupportsIndex", "_Int"),
    (r"typing\.SupportsFloat \| typing\.SupportsIndex", "_Float"),
    (r"\bnumpy\.typing\.", "npt."),
    (r"\bnumpy\.", "np."),
    (r"\blist\b(?!\[)(?=[,\]):\s])", "list[typing.Any]"),
    (r"\btuple\b(?!\[)(?=[,\]):\s])", "tuple[typing.Any, ...]"),
    (r"\bdict\b(?!\[)(?=[,\]):\s])", "dict[str, typing.Any]"),
)


def declarations(text: str) -> str:
    """A module's text from its first class or function on: without docstring, imports and __all__."""
    start = re.search(r"^(@|def |class )", text, re.MULTILINE)
    return text[start.start() :] if start else ""


def as_class(name: str, text: str) -> str:
    """A submodule as a class of static methods."""
    lines = []
    for line in declarations(text).splitlines():
        if line.startswith("def ") and (not lines or lines[-1] != "    @typing.overload"):
            lines.append("    @staticmethod")
        elif line.startswith("def "):
            lines.insert(len(lines) - 1, "    @staticmethod")
        lines.append(f"    {line}")
    return "\n".join([f"class {name}:  # a submodule", *lines])


def typed(code: str) -> str:
    """The rewrites, in code only: docstrings are left as they are."""
    parts = code.split('"""')
    for i in range(0, len(parts), 2):
        for pattern, better in REWRITES:
            parts[i] = re.sub(pattern, better, parts[i])
    return re.sub(r'"""\n\s+(.+)\n\s+"""', r'"""\1"""', '"""'.join(parts))  # one line stays one line


def generate(folder: Path) -> str:
    """The stubs of the fastdnn that this Python imports from outside the checkout."""
    tool = [sys.executable, "-m", "pybind11_stubgen", "fastdnn._core", "-o", str(folder)]
    subprocess.run(tool, cwd=folder, check=True)
    package = folder / "fastdnn" / "_core"
    submodules = sorted(p for p in package.glob("*.pyi") if p.stem != "__init__")
    texts = [as_class(p.stem, p.read_text()) for p in submodules]
    code = typed("\n\n".join([declarations((package / "__init__.pyi").read_text()), *texts]))
    settings = ["--config", str(ROOT / "pyproject.toml"), "--stdin-filename", "_core.pyi"]
    ruff = [sys.executable, "-m", "ruff", "format", *settings, "-"]
    done = subprocess.run(ruff, input=f"{HEAD}\n{code}\n", stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout


def main(arguments: list[str]) -> int:
    """Compare, or write."""
    if arguments not in ([], ["--write"]):
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        new = generate(Path(folder))
    if arguments:
        STUBS.write_text(new)
        return 0
    old = STUBS.read_text() if STUBS.exists() else ""
    lines = difflib.unified_diff(
        old.splitlines(True), new.splitlines(True), "fastdnn/_core.pyi", "as the build has it"
    )
    sys.stdout.writelines(lines)
    if old != new:
        print("[stubs] fastdnn/_core.pyi is not that of this build: run `python .ci/stubs.py --write`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

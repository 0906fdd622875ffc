"""Audits the symbols of the instruction sets' units: python .ci/symbols.py BUILD_FOLDER [NM].

The linker keeps one copy of a weak symbol, such as an inline function of a header. Were it that of the unit
avx512, every other processor that calls it would meet an illegal instruction. So a unit's object file may
define its fill functions and things of its own file (t, r, b, d), and may need other fill functions of the
unit and what the compiler itself calls for copying and clearing memory.
"""

import pathlib
import re
import subprocess
import sys

MEMORY = {"memcpy", "memmove", "memset"}
OWN = set("trbdn")  # local symbols: code, constants, zeroes, data, and the debugger's
WHY = {
    "W": "weak: shared with other units; make it FASTDNN_INLINE or put it in an anonymous namespace",
    "V": "weak: shared with other units; put it in an anonymous namespace",
    "u": "unique: shared with other units; put it in an anonymous namespace",
    "U": f"needed from elsewhere; a unit calls its own fill functions and {', '.join(sorted(MEMORY))} only",
}


def symbols(nm, path):
    """(type letter, demangled name) of each symbol of an object file."""
    text = subprocess.run([nm, "-C", path], check=True, capture_output=True, text=True).stdout
    return re.findall(r"^(?:[0-9a-f]+| +) (\S) (.*)$", text, re.MULTILINE)


def complaints(nm, path, unit):
    """What is wrong with one object file."""
    for kind, name in symbols(nm, path):
        fill = re.fullmatch(rf"fastdnn::{unit}::fill(_\w+)?\(fastdnn::KernelTable&\)", name)
        if kind in OWN or (kind in "TU" and fill) or (kind == "U" and name in MEMORY):
            continue
        why = WHY.get(kind, "global: put it in an anonymous namespace")
        yield f"{path.name} of unit {unit}: {kind} {name}\n    {why}"


def main():
    """Audit every unit of a build folder."""
    folder = pathlib.Path(sys.argv[1])
    nm = sys.argv[2] if len(sys.argv) > 2 else "nm"
    wrong = []
    units = sorted(folder.glob("CMakeFiles/fastdnn_unit_*.dir"))
    for unit_folder in units:
        unit = unit_folder.name.removeprefix("fastdnn_unit_").removesuffix(".dir")
        objects = sorted(unit_folder.rglob("*.o"))
        if not objects:
            wrong.append(f"unit {unit} has no object files in {unit_folder}")
        for path in objects:
            wrong += complaints(nm, path, unit)
        print(f"unit {unit}: audited {len(objects)} object files")
    if len(units) < 2:
        wrong.append(f"expected portable and at least one more unit in {folder}/CMakeFiles, got {len(units)}")
    if wrong:
        sys.exit("[.ci/symbols.py] " + "\n".join(wrong))


if __name__ == "__main__":
    main()

"""README.md: its examples run, one after the other, and print what it shows."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "README.md"
if not PAGE.exists():
    pytest.skip(f"no {PAGE}: copy README.md beside tests/", allow_module_level=True)
BLOCKS = re.findall(r"```(python|text)\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # they save a model
    names, said = {}, ""
    for kind, text in BLOCKS:
        if kind == "text":  # figures may be others on another instruction set
            assert words(said) == words(text)
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, "README.md", "exec"), names)
        said = out.getvalue()
    assert [kind for kind, _ in BLOCKS].count("python") >= 2
    assert names["accuracy"] > 0.95
    assert len(names["labels"]) == len(names["test"][0])


def words(text):
    """Its lines but for those that say figures, which are shortened."""
    return [line for line in text.splitlines() if not line.startswith(("  seen:", "    "))]

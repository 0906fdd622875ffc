"""docs/tuning.md: its blocks run, in their order."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import optuna_or_skip  # noqa: F401
import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tuning.md"
if not PAGE.exists():
    pytest.skip(f"no {PAGE}: copy docs/ beside tests/", allow_module_level=True)
TEXT = PAGE.read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SHELL = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
# What the last block says that it prints.
PRINTED = "".join(f"{line[2:]}\n" for line in PYTHON[-1].splitlines() if re.match("# +(epoch|─|\\d)", line))
SECONDS = 90


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With digits.py, and in which the shell's blocks leave their files."""
    made = tmp_path_factory.mktemp("page")
    (made / "digits.py").write_text(PYTHON[0])
    return made


def run(text, folder, ending=""):
    """A block in a shell whose `python` is ours; what it began in the background is ended."""
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    python = (
        f'python() {{ "{sys.executable}" -P "$@"; }}; trap \'kill $(jobs -p) 2>/dev/null || true\' EXIT\n'
    )
    ended = subprocess.run(
        ["bash", "-ec", python + ending + text],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_blocks_of_python_run(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `test`")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile("".join(PYTHON), "tuning.md", "exec"), names)
    assert len(names["study"].trials) == 8
    assert capsys.readouterr().out.endswith(PRINTED)
    assert {path.name for path in tmp_path.iterdir()} >= {"sitter.toml", "watched.png"}


def test_three_processes_share_a_journal(folder):
    said = run(SHELL[0], folder)
    assert said.count("8 of 8 trials: 8 complete") == 3
    assert len(set(re.findall(r"best val_loss: .*?units=\d+", said))) == 1


def test_a_dask_cluster(folder):
    pytest.importorskip("distributed", reason="needs Dask, of the extra `dask`")
    if shutil.which("dask", path=Path(sys.executable).parent) is None:
        pytest.skip("the command `dask` is not installed beside this Python")
    port = "18786"
    dask = f'dask() {{ exec "{Path(sys.executable).parent / "dask"}" "$@"; }}\n'
    text = SHELL[2].replace("8786", port).replace(f"--port {port}", f"--port {port} --dashboard-address :0")
    said = run(text, folder, dask)
    assert "8 of 8 trials: 8 complete" in said

"""docs/tuning.md: its blocks run, in their order."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import optuna_or_skip  # noqa: F401
import pytest

import fastdnn as fd

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
    """With digits.py and worker.py, and in which the shell's blocks leave their files."""
    made = tmp_path_factory.mktemp("page")
    (made / "digits.py").write_text(PYTHON[0])
    (made / "worker.py").write_text(re.search(r"(?s)> worker.py <<'END'\n(.*?)END\n", SHELL[0])[1])
    return made


def run(text, folder):
    """What a block says in a shell whose `python` and `dask` are ours. It must leave no process behind, which
    would keep its output open.
    """
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    dask = Path(sys.executable).parent / "dask"
    for name, words in {"python": f'"{sys.executable}" -P', "dask": f'"{dask}"'}.items():
        (commands / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (commands / name).chmod(0o755)
    modules = os.pathsep.join([str(folder), *filter(None, sys.path)])
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    shell = subprocess.Popen(
        ["bash", "-ec", text],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": modules, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, complaints = shell.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        raise
    assert shell.returncode == 0, complaints
    return said


def free_port():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return str(free.getsockname()[1])


def test_blocks_of_python_run(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `test`")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile("".join(PYTHON), "tuning.md", "exec"), names)
    assert len(names["study"].trials) == 8
    assert capsys.readouterr().out.endswith(PRINTED)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "best.safetensors",
        "sitter.toml",
        "study.journal",
        "trials.png",
        "watched.png",
    }


def test_three_processes_share_a_journal(folder):
    said = run(SHELL[0], folder)
    assert said.count("8 of 8 trials: 8 complete") == 3
    assert len(set(re.findall(r"best val_loss: .*?units=\d+", said))) == 1


def test_a_grpc_server_that_is_ended(folder):
    for module in ("grpc", "google.protobuf", "sqlalchemy"):
        pytest.importorskip(module, reason="needs grpcio and protobuf for Optuna's GrpcStorageProxy")
    port = free_port()
    said = run(SHELL[1].replace("13000", port), folder)
    assert "8 of 8 trials: 8 complete" in said
    with socket.socket() as other:
        assert other.connect_ex(("localhost", int(port))) != 0
    assert len(fd.tune.load(f"sqlite:///{folder}/study.db").trials) == 8


def test_a_dask_cluster(folder):
    pytest.importorskip("distributed", reason="needs Dask, of the extra `dask`")
    if shutil.which("dask", path=Path(sys.executable).parent) is None:
        pytest.skip("the command `dask` is not installed beside this Python")
    port = free_port()
    text = SHELL[2].replace("8786", port).replace(f"--port {port}", f"--port {port} --dashboard-address :0")
    said = run(text, folder)
    assert "8 of 8 trials: 8 complete" in said

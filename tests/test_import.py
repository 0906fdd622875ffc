"""What `import fastdnn` brings, and what it says when it cannot."""

import pathlib
import sys

import pytest
from interpreters import output, run

import fastdnn as fd


def test_import_brings_numpy_and_the_core_only():
    code = "import sys, numpy; before = set(sys.modules); import fastdnn; print(*set(sys.modules) - before)"
    modules = output(code).split()
    assert {m.split(".")[0] for m in modules} - set(sys.stdlib_module_names) == {"fastdnn"}
    own = {m for m in modules if m.startswith("fastdnn") and not m.startswith("fastdnn._core.")}
    assert own == {"fastdnn", "fastdnn._core"}


def test_every_public_name_is_there():
    for name in fd.__all__:
        assert getattr(fd, name) is not None
    assert set(fd.__all__) <= set(dir(fd))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        fd.nonsense  # noqa: B018


def test_info():
    info = fd.info()
    assert info["fastdnn"] == fd.__version__
    assert info["isa"] in info["isa_available"].split(", ")
    assert int(info["threads"].split()[0]) >= 1
    assert "(" in info["threads"]
    assert "-ffast-math" not in info["flags"]


WHAT_RUNS = """
    import numpy as np
    import fastdnn
    from fastdnn._core import kernels, testing

    # (1 + e)^2 - (1 + 2 e) is e^2 in one rounding; in two the product has lost it.
    e = np.float32(2**-20)
    c = np.full((1, 1), -1 - 2 * e)
    kernels.gemm(c, np.full((1, 1), 1 + e), np.full((1, 1), 1 + e), epilogue="accumulate")
    report = testing.table_report("float32")
    print(fastdnn.info()["isa"], report["unit"], 4 * report["lanes"], "fused" if c[0, 0] else "apart")
"""


def test_a_forced_instruction_set_is_the_one_that_runs():
    """By the name that the unit itself has written into the table, and by what its functions do."""
    what_runs = {
        "portable": "portable portable 16 apart",
        "avx2": "avx2 avx2 32 fused",
        "avx512": "avx512 avx512 64 fused",
        "neon": "neon neon 16 fused",
    }
    for unit in fd.info()["isa_available"].split(", "):
        assert output(WHAT_RUNS, FASTDNN_ISA=unit) == what_runs[unit]
    assert output(WHAT_RUNS, FASTDNN_ISA="") == what_runs[unit]  # the last one is the best


def test_an_unknown_instruction_set_is_an_error_that_lists_what_there_is():
    result = run("import fastdnn", FASTDNN_ISA="avx1024")
    assert result.returncode != 0
    assert "[FASTDNN_ISA]" in result.stderr
    assert "got 'avx1024'" in result.stderr
    assert "portable" in result.stderr


def test_a_missing_core_says_how_to_install(tmp_path):
    package = tmp_path / "fastdnn"
    package.mkdir()
    (package / "__init__.py").write_text(pathlib.Path(fd.__file__).read_text())
    code = f"""
        import sys
        # without the finder of an editable install
        sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]
        sys.path.insert(0, {str(tmp_path)!r})
        import fastdnn
    """
    result = run(code)
    assert "ImportError: [fastdnn] expected the compiled core" in result.stderr
    assert "pip install ." in result.stderr

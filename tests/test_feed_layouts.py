"""Arrays of any type and layout are read in place: the bits of the same numbers in a C array of floats."""

import subprocess
import sys

import numpy as np
import pytest
from networks import classifier, weight_hash

import fastdnn as fd

ROWS, COLS = 37, 20
DTYPES = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f4", "g")
LABELS = np.arange(ROWS) % 4
WEIGHTS = np.linspace(0.5, 2, ROWS)


def wide(x):
    """Every other column of a table of twice the width, whose other columns are no numbers to train on."""
    table = np.full((ROWS, 2 * COLS), 77).astype(x.dtype)
    table[:, ::2] = x
    return table[:, ::2]


def unaligned(x):
    return np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)


def field_of_records(x):
    """Rows that lie a byte off the grid of their type."""
    records = np.zeros(x.shape, np.dtype([("flag", "u1"), ("x", x.dtype)]))
    records["x"] = x
    return records["x"]


def read_only(x):
    copy = x.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS = {
    "C": lambda x: x.copy(),
    "Fortran": np.asfortranarray,
    "every other column": wide,
    "every third row": lambda x: np.repeat(x, 3, axis=0)[::3],
    "rows backwards": lambda x: x[::-1].copy()[::-1],
    "both backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "middle of a table": lambda x: np.pad(x, 2)[2:-2, 2:-2],
    "one row again and again": lambda x: np.broadcast_to(x[:1].copy(), x.shape),
    "one column again and again": lambda x: np.broadcast_to(x[:, :1].copy(), x.shape),
    "read-only": read_only,
    "unaligned": unaligned,
    "field of records": field_of_records,
}
IN_PLACE = set(LAYOUTS) - {"unaligned", "field of records"}


def numbers(dtype, seed=0):
    """Numbers of which floats keep every bit."""
    rng = np.random.default_rng(seed)
    whole = rng.integers(0, 2 if dtype == "?" else 100, (ROWS, COLS))
    if np.dtype(dtype).kind == "f":
        return (whole / 8 - 4).astype(dtype)
    return (whole - (50 if np.dtype(dtype).kind == "i" else 0)).astype(dtype)


def figures(x, dtype="float32", backend="native"):
    """The bits of everything that one can do with features."""
    plain, weighted = (classifier(COLS, dtype=dtype, backend=backend) for _ in range(2))
    history = plain.fit(x, LABELS, batch_size=8, epochs=2, validation_split=0.2)
    weighted.fit(x, LABELS, batch_size=8, sample_weight=WEIGHTS, class_weight={1: 2.0})
    return (
        weight_hash(plain),
        history.history,
        weight_hash(weighted),
        plain.evaluate(x, LABELS),
        plain.evaluate(x, LABELS, sample_weight=WEIGHTS, batch_size=5),
        plain.predict(x).tobytes(),
        plain.predict(x, batch_size=3).tobytes(),
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_of_every_type(layout, dtype):
    x = LAYOUTS[layout](numbers(dtype))
    before = x.tobytes()
    assert figures(x) == figures(np.array(x.astype("float32"), order="C"))
    assert x.tobytes() == before
    if layout in IN_PLACE and dtype not in (">f4", "g"):
        assert np.shares_memory(classifier(COLS).prepare("test", x, LABELS).arrays[0], x)


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("dtype", ["u1", "i8", "f2", "f4", "f8", ">f4"])
def test_models_of_float64_and_the_reference(dtype, backend):
    for layout in LAYOUTS:
        x = LAYOUTS[layout](numbers(dtype))
        assert figures(x, "float64", backend) == figures(x.astype("float64"), "float64", backend), layout


def regressor(seed=0):
    model = fd.Sequential(
        [fd.layers.Input((COLS,)), fd.layers.Dense(5, "relu"), fd.layers.Dense(3)], seed=seed
    )
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_targets_likewise(layout, dtype):
    x = numbers("f4", seed=1)
    y = LAYOUTS[layout](numbers(dtype))[:, 3:6]
    before = y.tobytes()
    results = []
    for target in (y, np.array(y.astype("float32"), order="C")):
        model = regressor()
        history = model.fit(x, target, batch_size=8, epochs=2, sample_weight=WEIGHTS)
        results.append((weight_hash(model), history.history, model.evaluate(x, target)))
    assert results[0] == results[1]
    assert y.tobytes() == before


def test_memory_maps(tmp_path):
    for dtype in ("u1", "f4", "f8"):
        x = numbers(dtype)
        np.save(tmp_path / "x.npy", x)
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
        assert figures(mapped) == figures(x.astype("float32"))
        assert np.shares_memory(regressor().prepare("test", mapped, x[:, :3]).arrays[0], mapped)


def test_numbers_that_float32_cannot_hold_are_rounded_once():
    """Half-way cases, through float64 rounded twice, would go the other way."""
    x = np.zeros((8, COLS), "i8")
    x[:, 0] = 2**60 + 2**36 + np.array([-1, 0, 1, 3, 2**36, 5, 7, 9])
    x[:, 1] = np.iinfo("i8").max
    np.testing.assert_array_equal(classifier(COLS).predict(x), classifier(COLS).predict(x.astype("float32")))
    unsigned = x.astype("u8") + np.uint64(2**63)
    np.testing.assert_array_equal(
        classifier(COLS).predict(unsigned), classifier(COLS).predict(unsigned.astype("float32"))
    )


MEMORY = """
import resource
import numpy as np
from networks import classifier

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def use(model, rows):
    x = np.broadcast_to(np.arange(200, dtype="u1"), (rows, 200))
    y = np.broadcast_to(np.uint8(1), (rows,))
    model.fit(x, y, batch_size=256, threads=1)
    model.evaluate(x, y, threads=1)
    model.predict(x, threads=1)

model = classifier(200, hidden=())
use(model, 1000)
before = peak()
use(model, 200_000)
print(peak() - before)
"""


def test_no_floats_of_a_whole_table():
    """40 MB of uint8 would be 160 MB of floats. What grows is labels, the order and predictions: 6 MB."""
    result = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, cwd="tests"
    )
    assert float(result.stdout) < 25, result.stdout


def test_rows_that_nobody_could_hold():
    """A view of 2³³ rows: the sizes of the results are refused, nothing is counted wrongly."""
    huge = np.broadcast_to(np.uint8(1), (2**33, COLS))
    with pytest.raises((MemoryError, ValueError)):
        classifier(COLS).predict(huge)

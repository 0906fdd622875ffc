"""The comparator says yes only where it should, and why not; the layouts notice what must not be touched."""

import numpy as np
import pytest
from arrays_for_tests import DTYPES, LAYOUTS, Placed, run
from comparator import check, check_bits, roundoff

from fastdnn import _core

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("got", "want", "bound"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.5], [1.0], 0.5),
        ([1.5, 7.0], [1.0, 7.0], [0.5, 0.0]),
        ([NAN, INF, -INF], [NAN, INF, -INF], 0.0),
        ([NAN, 1.0], [NAN, 1.0], [NAN, 0.0]),  # a bound computed from NaN does no harm where NaN is wanted
        ([0.0], [-0.0], 0.0),
        (np.zeros((0, 3)), np.zeros((0, 3)), 0.0),
    ],
)
def test_accepts(got, want, bound):
    check(got, want, bound)


@pytest.mark.parametrize(
    ("got", "want", "bound"),
    [
        ([NAN], [1.0], 1e300),
        ([1.0], [NAN], 1e300),
        ([NAN], [INF], 1e300),
        ([INF], [NAN], 1e300),
        ([INF], [-INF], 1e300),
        ([INF], [1.0], 1e300),
        ([1.0], [INF], 1e300),
        ([1.5], [1.0], 0.4999),
        ([1.0, 1.5], [1.0, 1.0], [1.0, 0.0]),
        ([1.0], [1.0], NAN),
        ([1.0], [1.0], INF),
        ([1.0], [1.0], -1.0),
        ([1.0], [[1.0]], 1.0),
        ([1.0, 1.0], [1.0], 1.0),
    ],
)
def test_rejects(got, want, bound):
    with pytest.raises(AssertionError):
        check(got, want, bound)


def test_a_failure_tells_what_is_needed_to_repeat_it():
    got, want = np.zeros((3, 4)), np.zeros((3, 4))
    got[0, 1], got[2, 3] = 1.0, 5.0
    with pytest.raises(AssertionError) as failure:
        check(got, want, 0.5, seed=42, rows=3)
    text = str(failure.value)
    parts = ["2 of 12", "(2, 3)", "got", "5.0", "want", "0.0", "= 10 x the bound of 0.5", "seed=42", "rows=3"]
    assert [part for part in parts if part not in text] == []
    assert f"isa={_core.build_info()['isa']}" in text


def test_nan_is_worse_than_any_error():
    with pytest.raises(AssertionError, match=r"worst at \(1,\): got .*nan"):
        check([1e300, NAN], [0.0, 0.0], 1.0)


def test_bits():
    check_bits(np.float32([1.0, NAN, -0.0, INF]), np.float32([1.0, -NAN, -0.0, INF]))
    check_bits(np.int32([-1, 5]), np.int32([-1, 5]))
    for got, want in [
        (np.float32([0.0]), np.float32([-0.0])),
        (np.float32([1.0]), np.float64([1.0])),
        (np.float32([NAN]), np.float32([1.0])),
        (np.float64([1.0]), np.nextafter([1.0], 2.0)),
        (np.float64([1.0]), np.float64([[1.0]])),
    ]:
        with pytest.raises(AssertionError):
            check_bits(got, want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_roundoff_is_that_of_one_operation(dtype):
    one, half = np.asarray(1, dtype), np.asarray(roundoff(dtype) / 2, dtype)
    assert one + half == one
    assert one + 8 * half > one


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [*DTYPES, "int32"])
@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (0, 5), (3, 0), (7,), (0,)])
def test_layouts_hold_the_values(layout, dtype, shape):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    placed = Placed(values, layout)
    check_bits(placed.array, values)
    placed.check_around()
    if values.ndim == 2 and len(values) > 1 and values.size:
        apart = placed.array.strides[0] // values.itemsize
        assert apart == {"strided": 10, "far": 2**30 + 3}.get(layout.split()[0], 5)
    if layout in ("plain", "misaligned") and values.size:
        assert placed.array.ctypes.data % 64 == (layout == "misaligned") * values.itemsize


@pytest.mark.parametrize("layout", ["plain", "misaligned", "strided", "strided head", "strided tail", "far"])
def test_a_write_behind_a_row_is_seen(layout):
    row = 2 if layout in ("plain", "misaligned") else 0  # one behind the others is in the next row there

    def kernel(y):
        np.lib.stride_tricks.as_strided(y, (3, 6), y.strides)[row, 5] = 3.0

    with pytest.raises(AssertionError, match="around an array"):
        run(kernel, [np.zeros((3, 5), np.float32)], [], layout)


def test_a_written_input_is_seen():
    def kernel(y, x):
        x[0, 0] = 1

    with pytest.raises(AssertionError, match="an input"):
        run(kernel, [np.zeros((3, 5))], [np.zeros((3, 5))])

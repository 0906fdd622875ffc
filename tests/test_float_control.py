"""The floating-point control word (rounding, denormals, traps) is the same before and after every call."""

import platform

import numpy as np
import pytest
from interpreters import output
from kernel_calls import all_calls, arrays_for
from networks import classification, classifier, weight_hash

import fastdnn as fd
from fastdnn._core import kernels, testing

pytestmark = pytest.mark.skipif(
    testing.float_control() is None, reason="there is no code to read this processor's control word"
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 3])
def test_kernels_leave_it_as_it_was(dtype, threads):
    rng = np.random.default_rng(0)
    before = testing.float_control()
    for call in all_calls():
        arrays = arrays_for(rng, call, dtype, m=7, n=67, k=5, r=37, c=67)
        call.run(arrays, **({"threads": threads} if call.takes_threads else {}))
        assert testing.float_control() == before, call
    assert set(testing.team_float_control(threads)) == {before}


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_and_prediction_leave_it_as_it_was(threads, optimizer):
    x, y = classification(rows=40)
    before = testing.float_control()
    model = classifier(optimizer=optimizer)
    model.fit(x, y, epochs=2, threads=threads)
    assert testing.float_control() == before
    model.evaluate(x, y, threads=threads)
    model.predict(x, threads=threads)
    assert testing.float_control() == before
    assert set(testing.team_float_control(threads)) == {before}


def test_loading_the_core_does_not_switch_denormals_off():
    """As a library does that was linked with -ffast-math."""
    code = """
        import numpy as np
        tiny = np.array([np.finfo(np.float32).smallest_subnormal])
        assert tiny * np.float32(1) > 0
        import fastdnn
        from fastdnn._core import testing
        assert tiny * np.float32(1) > 0
        print(testing.float_control())
    """
    default = {"x86_64": 0x1F80, "aarch64": 0}  # round to nearest, denormals as they are, no traps
    assert int(output(code)) == default[platform.machine()]


@pytest.fixture
def flushing():
    """Denormals are zero inside, for one test."""
    assert fd.set_flush_denormal(True)
    yield
    fd.set_flush_denormal(False)


# FTZ and DAZ of MXCSR; FZ of FPCR.
FLUSH = {"x86_64": 0x8040, "aarch64": 1 << 24}.get(platform.machine(), 0)


def tiny(dtype):
    """Denormals, one to a row, and the smallest number that is none."""
    info = np.finfo(dtype)
    return np.array([info.smallest_subnormal, info.tiny / 2, info.tiny], dtype)


def scaled(dtype, threads, factor=1.0):
    """tiny · factor, by a product of the core that reads and writes them."""
    x = np.repeat(tiny(dtype), 50)[:, None]
    y = np.empty((150, 1), dtype)
    kernels.gemm(y, x, np.full((1, 1), factor, dtype), threads=threads)
    return y.reshape(3, 50)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_denormals_are_kept_by_default_and_flushed_when_asked(dtype, threads):
    x, zero = tiny(dtype), np.zeros(50, dtype)
    before = testing.float_control()
    for kept, twice in zip(x, scaled(dtype, threads, 2.0), strict=True):
        np.testing.assert_array_equal(twice, np.full(50, 2 * kept))
    try:
        assert fd.set_flush_denormal(True)
        in_operands = scaled(dtype, threads, 2.0)
        in_results = scaled(dtype, threads, 0.5)
        words = testing.team_float_control(threads)
        assert testing.float_control() == before
        assert (x[:2] / 1 > 0).all()  # NumPy, in this thread, goes on as it did
    finally:
        fd.set_flush_denormal(False)
    np.testing.assert_array_equal(in_operands, [zero, zero, zero + 2 * x[2]])
    np.testing.assert_array_equal(in_results, [zero, zero, zero])
    assert set(words) == {before | FLUSH}
    assert set(testing.team_float_control(threads)) == {before}
    np.testing.assert_array_equal(scaled(dtype, threads), np.repeat(x, 50).reshape(3, 50))


def test_callers_own_flushing_stays(flushing):
    """A thread that flushes already, as under torch.set_flush_denormal, does so afterwards."""
    code = """
        import ctypes, ctypes.util, platform
        import numpy as np
        import fastdnn as fd
        from fastdnn._core import testing
        libm = ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")
        # glibc's fenv_t of x86-64: the x87 environment of 28 bytes, then MXCSR
        fenv = (ctypes.c_uint32 * 8)()
        libm.fegetenv(fenv)
        fenv[7] |= 0x8040
        libm.fesetenv(fenv)
        word = testing.float_control()
        assert word & 0x8040 == 0x8040, hex(word)
        for mode in (True, False):
            fd.set_flush_denormal(mode)
            assert testing.team_float_control(1) == [word]
            testing.team_float_control(3)
            assert testing.float_control() == word
        print("good")
    """
    if platform.machine() != "x86_64":
        pytest.skip("the test writes MXCSR, of x86-64")
    assert output(code) == "good"


@pytest.mark.parametrize("threads", [1, 3])
def test_a_fit_and_a_prediction_flush(flushing, threads):
    """θ below the smallest normal number, which a step would otherwise multiply: outputs are zero."""
    before = testing.float_control()
    model = fd.Sequential([fd.layers.Input((4,)), fd.layers.Dense(3, use_bias=False)], seed=0)
    model.set_weights([np.full((4, 3), 1e-39)])
    ones = np.ones((5, 4))
    assert not model.predict(ones, threads=threads).any()
    fd.set_flush_denormal(False)
    assert (model.predict(ones, threads=threads) > 0).all()
    fd.set_flush_denormal(True)
    x, y = classification(rows=40)
    hashes = []
    for n in (threads, 2):
        trained = classifier()
        trained.fit(x, y, epochs=2, threads=n)
        assert testing.float_control() == before
        hashes.append(weight_hash(trained))
    assert hashes[0] == hashes[1]


def test_an_error_in_a_region_leaves_it_as_it_was(flushing):
    before = testing.float_control()
    for rank in range(len(testing.team_float_control(3))):
        with pytest.raises(ValueError, match="thrown by rank"):
            testing.team_throw(3, rank)
        assert testing.float_control() == before


@pytest.mark.parametrize("mode", [0, 1, None, "on"])
def test_bad_modes(mode):
    with pytest.raises(ValueError, match="True or False"):
        fd.set_flush_denormal(mode)

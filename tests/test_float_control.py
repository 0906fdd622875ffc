"""The floating-point control word (rounding, denormals, traps) is the same before and after every call."""

import platform

import numpy as np
import pytest
from interpreters import output
from kernel_calls import all_calls, arrays_for
from networks import classification, classifier

from fastdnn._core import testing

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

"""Numbers that users pass: what is none is refused by ValueError, wherever it is asked for."""

import numpy as np
import pytest

import fastdnn as fd

NO_NUMBERS = [True, np.True_, 1j, np.complex128(1), "1", None, [1.0], np.ones(2), float("nan"), 10**400]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize(
    "make",
    [
        fd.losses.Huber,
        fd.regularizers.L2,
        fd.initializers.Constant,
        fd.optimizers.SGD,
        lambda value: fd.schedules.ExponentialDecay(value, 10, 0.9),
        lambda value: fd.callbacks.EarlyStopping(min_delta=value),
    ],
    ids=["loss", "regularizer", "initializer", "optimizer", "schedule", "callback"],
)
def test_what_is_no_number_is_refused(make, value):
    with pytest.raises(ValueError, match="expected"):
        make(value)


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.5), np.int64(1), np.array(0.5)], ids=repr)
def test_numbers_of_any_library_are_taken(value):
    assert fd.losses.Huber(value).delta == float(value)
    assert fd.initializers.Constant(value).value == float(value)

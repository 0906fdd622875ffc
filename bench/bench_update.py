"""The optimisers' updates, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize(
    "workload",
    of(
        "sgd_update",
        "adagrad_update",
        "adadelta_update",
        "rmsprop_update",
        "adam_update",
        "nadam_update",
        "amsgrad_update",
        "lion_update",
    ),
    ids=str,
)
def test_update(time_workload, workload):
    time_workload(workload)

"""The logarithm of softmax, and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("log_softmax", "log_softmax_backward"), ids=str)
def test_log_softmax(time_workload, workload):
    time_workload(workload)

"""Softmax and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("softmax", "softmax_backward"), ids=str)
def test_softmax(time_workload, workload):
    time_workload(workload)

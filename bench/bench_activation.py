"""Bias, relu and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("add_bias", "relu", "relu_backward"), ids=str)
def test_activation(time_workload, workload):
    time_workload(workload)

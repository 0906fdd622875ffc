"""The mean squared error with its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("squared_error"), ids=str)
def test_squared_error(time_workload, workload):
    time_workload(workload)

"""The gradient of a bias, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("column_sum"), ids=str)
def test_column_sum(time_workload, workload):
    time_workload(workload)

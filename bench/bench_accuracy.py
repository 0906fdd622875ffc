"""How many rows are right, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("sparse_accuracy", "categorical_accuracy"), ids=str)
def test_accuracy(time_workload, workload):
    time_workload(workload)

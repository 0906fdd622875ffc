"""Whether the largest output is the right one, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("sparse_accuracy"), ids=str)
def test_accuracy(time_workload, workload):
    time_workload(workload)

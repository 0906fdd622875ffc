"""What regularisers add to loss and gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("penalty"), ids=str)
def test_penalty(time_workload, workload):
    time_workload(workload)

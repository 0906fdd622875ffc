"""The max-norm constraint, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("max_norm"), ids=str)
def test_max_norm(time_workload, workload):
    time_workload(workload)

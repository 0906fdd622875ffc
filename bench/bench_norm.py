"""Norms of a vector, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("l1_norm", "l2_norm", "max_abs"), ids=str)
def test_norm(time_workload, workload):
    time_workload(workload)

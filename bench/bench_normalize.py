"""Standardisation, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("normalize"), ids=str)
def test_normalize(time_workload, workload):
    time_workload(workload)

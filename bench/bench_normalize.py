"""Standardisation by stored figures, and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("normalize", "normalize_backward"), ids=str)
def test_normalize(time_workload, workload):
    time_workload(workload)

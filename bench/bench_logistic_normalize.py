"""The normalised logistic function, and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("logistic_normalize", "logistic_normalize_backward"), ids=str)
def test_logistic_normalize(time_workload, workload):
    time_workload(workload)

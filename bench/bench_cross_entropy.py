"""Softmax cross-entropy with its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("sparse_cross_entropy", "categorical_cross_entropy"), ids=str)
def test_cross_entropy(time_workload, workload):
    time_workload(workload)

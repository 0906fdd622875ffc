"""Dropout and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("dropout", "dropout_backward"), ids=str)
def test_dropout(time_workload, workload):
    time_workload(workload)

"""Rows of a mini-batch, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("gather", "gather_features"), ids=str)
def test_gather(time_workload, workload):
    time_workload(workload)

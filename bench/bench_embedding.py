"""Rows of a trained table, and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize(
    "workload", of("embedding", "embedding_backward", "embedding_backward_rows"), ids=str
)
def test_embedding(time_workload, workload):
    time_workload(workload)

"""Batch normalisation and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize(
    "workload",
    of(
        "batch_norm",
        "batch_norm_backward",
        "batch_norm_running",
        "batch_norm_fold",
        "batch_norm_inference",
        "batch_norm_inference_backward",
    ),
    ids=str,
)
def test_batch_norm(time_workload, workload):
    time_workload(workload)

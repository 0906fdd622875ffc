"""Losses element by element, with their gradients, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize(
    "workload",
    of(
        "binary_cross_entropy",
        "binary_probability_cross_entropy",
        "squared_error",
        "absolute_error",
        "huber",
        "log_cosh",
        "kl_divergence",
        "hinge",
        "squared_hinge",
    ),
    ids=str,
)
def test_elementwise_loss(time_workload, workload):
    time_workload(workload)

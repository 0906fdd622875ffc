"""Cross-entropies of probabilities, with their gradients, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize(
    "workload", of("sparse_probability_cross_entropy", "categorical_probability_cross_entropy"), ids=str
)
def test_probability_cross_entropy(time_workload, workload):
    time_workload(workload)

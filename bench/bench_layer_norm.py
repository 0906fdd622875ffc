"""Layer normalisation and its gradients, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize(
    "workload", of("layer_norm", "layer_norm_backward", "layer_norm_backward_sums"), ids=str
)
def test_layer_norm(time_workload, workload):
    time_workload(workload)

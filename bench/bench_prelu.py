"""The rectifier with a learned slope, and its gradients, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("prelu", "prelu_backward", "prelu_dalpha"), ids=str)
def test_prelu(time_workload, workload):
    time_workload(workload)

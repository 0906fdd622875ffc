"""C = A B, with operands that are stored transposed, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("gemm"), ids=str)
def test_gemm(time_workload, workload):
    time_workload(workload)

"""Products of sparse rows and their gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("csr_matmul", "csr_matmul_dw"), ids=str)
def test_csr_matmul(time_workload, workload):
    time_workload(workload)

"""The largest of pieces or of a row, and its gradient, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("maxout", "maxout_backward", "hardmax"), ids=str)
def test_maxout(time_workload, workload):
    time_workload(workload)

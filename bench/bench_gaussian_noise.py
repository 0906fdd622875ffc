"""Gaussian noise, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize("workload", of("gaussian_noise"), ids=str)
def test_gaussian_noise(time_workload, workload):
    time_workload(workload)

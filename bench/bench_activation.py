"""What layers do to each of their outputs, and its gradients, against NumPy's; see conftest.py."""

import pytest

from fastdnn.benchmark.kernels import of


@pytest.mark.parametrize(
    "workload",
    of(
        "add_bias",
        "pass_gradient",
        "relu",
        "relu_backward",
        "leaky_relu",
        "leaky_relu_backward",
        "elu",
        "elu_backward",
        "selu",
        "selu_backward",
        "sigmoid",
        "sigmoid_backward",
        "tanh",
        "tanh_backward",
        "softplus",
        "softplus_backward",
        "silu",
        "silu_backward",
        "gelu",
        "gelu_backward",
        "gelu_tanh",
        "gelu_tanh_backward",
        "exp",
        "expm1",
        "log",
        "log1p",
    ),
    ids=str,
)
def test_activation(time_workload, workload):
    time_workload(workload)

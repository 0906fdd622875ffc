"""The kernels that are timed, with shapes and targets: a module for each family, an entry for each kernel."""

from collections.abc import Sequence
from dataclasses import replace

from fastdnn.benchmark.kernels import (
    activations,
    data,
    layer_norm,
    layers,
    losses,
    normalizations,
    products,
    regularization,
    updates,
)
from fastdnn.benchmark.workloads import FLOAT_TYPES, Kernel, Workload
from fastdnn.errors import unknown_name

# In the order of a training step.
FAMILIES: dict[str, list[Kernel]] = {
    "Data": data.KERNELS,
    "Products": products.KERNELS,
    "Activations": activations.KERNELS,
    "Normalization": [*normalizations.KERNELS, *layer_norm.KERNELS],
    "Other layers": layers.KERNELS,
    "Losses": losses.KERNELS,
    "Norms and penalties": regularization.KERNELS,
    "Updates": updates.KERNELS,
}
KERNELS = [replace(kernel, family=family) for family, kernels in FAMILIES.items() for kernel in kernels]


def of(*names: str) -> list[Workload]:
    """Those of some kernels, by their whole names.

    Raises:
        ValueError: there is no such kernel.

    >>> from fastdnn.benchmark.kernels import of
    >>> {workload.kernel.name for workload in of("relu", "relu_backward")} == {"relu", "relu_backward"}
    True
    """
    known = {kernel.name for kernel in KERNELS}
    for name in names:
        if name not in known:
            raise unknown_name("bench", "a kernel", name, known)
    return [workload for kernel in KERNELS if kernel.name in names for workload in kernel.workloads()]


def workloads(part: str = "", dtypes: Sequence[str] = FLOAT_TYPES) -> list[Workload]:
    """Those of the kernel `part`, or else those whose family and name contain it.

    Such as "relu" (not leaky_relu), "relu_backward", "gemm NT", "512x512x512" or "losses".

    Raises:
        ValueError: there are none.

    >>> from fastdnn.benchmark.kernels import workloads
    >>> print(workloads("gemm NN", ["float32"])[0])
    gemm NN 512x512x512 float32
    """
    own = [kernel for kernel in KERNELS if kernel.name == part]
    found = [
        workload
        for kernel in own or KERNELS
        for workload in kernel.workloads(dtypes)
        if part.lower() in f"{kernel.family} {workload}".lower()
    ]
    if not found:
        labels = {kernel.label for kernel in KERNELS}
        raise unknown_name("bench", "a part of a workload's name", part, labels)
    return found

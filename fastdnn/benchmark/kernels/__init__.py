"""The kernels that are timed, with shapes and targets: a module for each family, an entry for each kernel."""

from collections.abc import Sequence

from fastdnn.benchmark.kernels import data, layers, losses, products, updates
from fastdnn.benchmark.workloads import FLOAT_TYPES, Kernel, Workload
from fastdnn.errors import unknown_name

KERNELS: list[Kernel] = [
    *products.KERNELS,
    *layers.KERNELS,
    *losses.KERNELS,
    *data.KERNELS,
    *updates.KERNELS,
]


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
    """Those whose name contains `part`, such as "gemm", "gemm NT" or "512x512x512".

    Raises:
        ValueError: there are none.

    >>> from fastdnn.benchmark.kernels import workloads
    >>> print(workloads("gemm NN", ["float32"])[0])
    gemm NN 512x512x512 float32
    """
    found = [
        workload
        for kernel in KERNELS
        for workload in kernel.workloads(dtypes)
        if part.lower() in str(workload).lower()
    ]
    if not found:
        labels = {kernel.label for kernel in KERNELS}
        raise unknown_name("bench", "a part of a workload's name", part, labels)
    return found

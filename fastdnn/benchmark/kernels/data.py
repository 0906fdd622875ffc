"""What brings the examples of a batch together."""

import numpy as np

from fastdnn.benchmark.workloads import Kernel, Operands
from fastdnn.reference import gather

KERNELS = [
    Kernel(
        "gather",
        ((32, 64), (128, 784)),
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m), arrays.order(n)]),
        reference=lambda x, order: [gather.gather(x, order)],
        numpy=lambda y, x, order: np.take(x, order, axis=0, out=y, mode="clip"),
    ),
]

"""The frameworks that the benchmarks of networks compare, each behind the same few functions.

A module here is loaded by a worker process of its own (`fastdnn.benchmark.networks.worker`) and imports its
framework when it is asked for work. It has

- `ways(network)`: how the framework can run it; the fastest is what counts;
- `trainer(setting, x, y, way)`, `predictor(setting, x, way)`: see `contender`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastdnn.benchmark.machine import version_of
from fastdnn.errors import unknown_name

# Of mean losses over 16 steps from the same weights in the same order. Sums in another order change a
# gradient by 1e-6 or so, and Adam's first steps go by its sign: 2e-4 was met. Another first weight, rate or
# loss makes 1e-2 and more. scikit-learn's Adam has its epsilon elsewhere, which makes 1e-3.
_TOLERANCE, _SKLEARN_TOLERANCE = 1e-3, 1e-2


@dataclass(frozen=True)
class Framework:
    """What is known of a framework without importing it.

    Attributes:
        name: in the JSON file.
        title: in tables.
        module: what the worker loads.
        packages: what must be installed.
        install: the command that installs it for CPUs.
        trains: whether it takes part in training.
        tolerance: by how much its losses may differ from fastdnn's, relatively.
    """

    name: str
    title: str
    module: str
    packages: tuple[str, ...]
    install: str
    trains: bool = True
    tolerance: float = _TOLERANCE

    @property
    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [package for package in self.packages if version_of(package) is None]

    @property
    def state(self) -> str:
        """Versions, or how to get it."""
        if self.missing:
            return f"{' and '.join(self.missing)} not installed: {self.install}"
        first, *others = self.packages
        return ", ".join([f"{version_of(first)}", *(f"{name} {version_of(name)}" for name in others)])


_HERE = "fastdnn.benchmark.frameworks"
FASTDNN = Framework("fastdnn", "fastdnn", f"{_HERE}.with_fastdnn", (), "")
_CPU_TORCH = "pip install torch --index-url https://download.pytorch.org/whl/cpu"
PEERS = (
    Framework("torch", "PyTorch", f"{_HERE}.with_torch", ("torch",), _CPU_TORCH),
    Framework("jax", "JAX", f"{_HERE}.with_jax", ("jax", "jaxlib"), "pip install jax"),
    Framework(
        "sklearn",
        "scikit-learn",
        f"{_HERE}.with_sklearn",
        ("scikit-learn",),
        "pip install scikit-learn",
        tolerance=_SKLEARN_TOLERANCE,
    ),
    Framework(
        "onnxruntime",
        "onnxruntime",
        f"{_HERE}.with_onnxruntime",
        ("onnxruntime", "onnx"),
        "pip install onnxruntime onnx",
        trains=False,
    ),
)
TITLES = {framework.name: framework.title for framework in (FASTDNN, *PEERS)}


def peers(names: Sequence[str] | None = None) -> list[Framework]:
    """All peers, or those of some names.

    Raises:
        ValueError: there is no such peer.

    >>> from fastdnn.benchmark.frameworks import peers
    >>> [peer.title for peer in peers(["jax", "torch"])]
    ['PyTorch', 'JAX']
    """
    known = {peer.name for peer in PEERS}
    for name in names or ():
        if name not in known:
            raise unknown_name("bench", "a peer", name, known)
    return [peer for peer in PEERS if names is None or peer.name in names]

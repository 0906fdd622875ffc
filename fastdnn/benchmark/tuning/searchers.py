"""Who searches."""

from collections.abc import Sequence

from fastdnn.benchmark.frameworks import Framework
from fastdnn.errors import unknown_name

_HERE = "fastdnn.benchmark.tuning"
_TORCH = "pip install optuna; pip install torch --index-url https://download.pytorch.org/whl/cpu"
OURS = Framework("fastdnn", "fastdnn", f"{_HERE}.with_fastdnn", ("optuna",), 'pip install "fastdnn[tune]"')
PEERS = (
    Framework("torch", "Optuna + PyTorch", f"{_HERE}.with_optuna", ("optuna", "torch"), _TORCH),
    Framework(
        "sklearn",
        "RandomizedSearchCV + MLPClassifier",
        f"{_HERE}.with_sklearn",
        ("scikit-learn",),
        "pip install scikit-learn",
    ),
)
TITLES = {searcher.name: searcher.title for searcher in (OURS, *PEERS)}
# Of the wall time of fastdnn's two jobs, at least, by searcher and way.
TARGETS = {
    ("fastdnn", "1 job, 1 thread"): 1.8,
    ("fastdnn", "1 job, 2 threads"): 1.3,
    "torch": 5.0,
    "sklearn": 3.0,
}


def target_of(name: str, way: str) -> float | None:
    """Of a row.

    >>> from fastdnn.benchmark.tuning.searchers import target_of
    >>> target_of("torch", "2 processes"), target_of("fastdnn", "2 jobs")
    (5.0, None)
    """
    return TARGETS.get((name, way), TARGETS.get(name))


def peers(names: Sequence[str] | None = None) -> list[Framework]:
    """All peers, or those of some names.

    Raises:
        ValueError: there is no such peer.
    """
    known = {peer.name for peer in PEERS}
    for name in names or ():
        if name not in known:
            raise unknown_name("bench", "a peer", name, known)
    return [peer for peer in PEERS if names is None or peer.name in names]

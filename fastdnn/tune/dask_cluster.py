"""A Dask cluster before a search: whether it is one, has workers, and can run what is sent."""

import importlib
import logging
import sys
import threading
from typing import Any

from fastdnn.errors import expected
from fastdnn.tune.runner import Work
from fastdnn.tune.sendable import refused

PATIENCE = 60.0  # seconds for a cluster without workers to have one
_PICKLED = "make within the function what cannot be pickled, such as locks, generators and open files"
# After which a LocalCluster looks whether a worker that died is there again.
_LOOKS_AFTER = "distributed.deploy.lost-worker-timeout"


def is_client(executor: Any) -> bool:
    """Whether it is a `distributed.Client`; who has none need not have Dask."""
    distributed = sys.modules.get("distributed")
    return distributed is not None and isinstance(executor, distributed.Client)


def is_cluster(executor: Any) -> bool:
    """Whether it is a Dask cluster, for which there may be a client."""
    distributed = sys.modules.get("distributed")
    return distributed is not None and isinstance(executor, distributed.deploy.Cluster)


def cluster_threads(where: str, client: Any) -> int:
    """The threads that all workers of the cluster have now, each of which runs a trial at a time. A cluster
    that adapts has its first workers then, and `jobs` says how many it should come to.

    Raises:
        ValueError: the client is closed, or of the asynchronous sort, or no worker comes in a minute.
    """
    if client.asynchronous:
        hint = "give Client(...) made outside of a coroutine"
        raise ValueError(expected(where, "executor as a Dask client that waits", "an asynchronous one", hint))
    check_connected(where, client)
    try:
        kept = awake(client, PATIENCE)
    except TimeoutError:
        hint = f"start one: dask worker {client.scheduler.address}"
        raise ValueError(
            expected(where, "executor as a Dask cluster with workers", f"none in {PATIENCE:g} s", hint)
        ) from None
    threads = sum(client.nthreads().values())
    kept.release()
    return max(1, int(threads))


class _WorkersComeBack:
    """While a search runs, no LocalCluster gives up workers that Dask begins anew when they die. It looks
    15 s after each death, and closes for good what is dead in that moment, too: sooner or later the workers
    of a trial that kills them again and again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._searches = 0
        self._setting: Any = None

    def begin(self) -> None:
        with self._lock:
            self._searches += 1
            if self._searches == 1:
                self._setting = importlib.import_module("dask.config").set({_LOOKS_AFTER: "1h"})

    def end(self) -> None:
        with self._lock:
            self._searches -= 1
            if not self._searches:
                self._setting.__exit__(None, None, None)


workers_come_back = _WorkersComeBack()


def is_local(client: Any) -> bool:
    """Whether the cluster was begun by this process, on this machine."""
    return isinstance(client.cluster, importlib.import_module("distributed").LocalCluster)


def awake(client: Any, seconds: float) -> Any:
    """Wait until the cluster has a worker. One that adapts has none before there is something to do, and then
    keeps one as long as there is the number that is returned.

    Raises:
        TimeoutError: none has come.
    """
    kept = client.submit(int, pure=False)
    kept.result(timeout=seconds)
    return kept


def check_connected(where: str, client: Any) -> None:
    """Raise where the client is closed."""
    if client.status != "running":
        hint = "make it anew: distributed.Client(address)"
        got = f"one that is {client.status}"
        raise ValueError(expected(where, "executor as a connected Dask client", got, hint))


def check_pickles(where: str, work: Work) -> None:
    """Raise where a part that is the user's own cannot be pickled, before Dask says so in long tracebacks."""
    pickling = importlib.import_module("distributed.protocol.pickle")
    log = logging.getLogger("distributed.protocol.pickle")
    before, log.disabled = log.disabled, True
    try:
        pickling.dumps((work.build, work.callbacks))
    except Exception as error:
        raise refused(where, work, pickling.dumps, error, _PICKLED) from error
    finally:
        log.disabled = before


def check_versions(where: str, client: Any) -> None:
    """Raise where a worker would compute something else."""
    ours = _version()
    for address, found in client.run(_version, on_error="return").items():
        if found != ours:
            got = f"{type(found).__name__}: {found}" if isinstance(found, Exception) else found
            wanted = f"fastdnn {ours} in all workers of the cluster"
            raise ValueError(expected(where, wanted, f"{got} at {address}", "install the same version there"))


def _version() -> str:
    import fastdnn

    return fastdnn.__version__

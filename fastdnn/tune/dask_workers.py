"""A Dask cluster as workers: the data are sent to it once, trials one by one; machines may come and go."""

import importlib
import logging
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fastdnn.errors import expected
from fastdnn.tune.runner import Begun, Outcome, Task, Work
from fastdnn.tune.sendable import refused

GOES_ON = "what is done is in the storage, if one was given: search(..., resume=True) goes on"
_PATIENCE = 60.0  # seconds for a cluster without workers to have one
# Of all workers that had the data, after which it is the fault of the task that ran each time.
_MOST_LOSSES = 2


_PICKLED = "make within the function what cannot be pickled, such as locks, generators and open files"
# After which a LocalCluster looks whether a worker that died is there again.
_LOOKS_AFTER = "distributed.deploy.lost-worker-timeout"


class WorkersDied(BrokenExecutor):
    """So many of the cluster's workers died while they had a task that its scheduler gave it up."""


class ClusterGone(BrokenExecutor):
    """The client was closed, or has lost its scheduler: no trial's fault."""


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
    _check_connected(where, client)
    try:
        kept = _awake(client, _PATIENCE)
    except TimeoutError:
        hint = f"start one: dask worker {client.scheduler.address}"
        raise ValueError(
            expected(where, "executor as a Dask cluster with workers", f"none in {_PATIENCE:g} s", hint)
        ) from None
    threads = sum(client.nthreads().values())
    kept.release()
    return max(1, int(threads))


class Dask:
    """A `distributed.Client`, which stays the user's.

    The work (data, `build`) is sent to all workers once, and again where all that had it died. A task whose
    worker dies is given to another one by the scheduler. A task that is cancelled, or whose search is gone,
    ends at the next epoch or in 0.1 s.

    Raises:
        ValueError: the client is closed; a worker has no fastdnn or another version of it, or cannot load
            `build`; `build` or `callbacks` cannot be pickled.
    """

    def __init__(self, where: str, client: Any, work: Work) -> None:
        self._where = where
        self._client = client
        self._work = work
        self._running: dict[str, Any] = {}  # the cluster's futures by key
        self._sending = threading.Lock()
        self._sent: Any = None
        self._stopped = False
        self._lost: list[int] = []  # trials whose workers died, since one came to its end
        _check_connected(where, client)
        _check_pickles(where, work)
        self._kept = _awake(client, _PATIENCE)
        _check_versions(where, client)
        self._try()
        self._local = _is_local(client)
        if self._local:
            _workers_come_back.begin()

    def _send(self) -> Any:
        """The work in the cluster. What was sent has no recipe: lost with the last worker that has it."""
        with self._sending:
            if self._sent is None:
                self._sent = self._client.scatter(self._work, broadcast=True, hash=False)
            elif self._sent.status != "finished":
                self._sent = self._scatter(self._work, broadcast=True)
            return self._sent

    def _scatter(self, what: Any, *, broadcast: bool) -> Any:
        """Send it, once there are workers: some may be dead, and not begun anew yet."""
        until = time.monotonic() + _PATIENCE
        while self._client.status != "closed" and not self._stopped:
            try:
                self._kept = _awake(self._client, 1)
                return self._client.scatter(what, broadcast=broadcast, hash=False, timeout=5)
            except Exception as error:  # a worker that dies in this moment may raise anything
                if time.monotonic() > until:
                    raise self._gone(self._without_workers()) from error
                time.sleep(0.1)
        raise self._gone()

    def _without_workers(self) -> str:
        numbers = ", ".join(f"{number}" for number in sorted({*self._lost}))
        trials = f"trial{'s' * (len({*self._lost}) > 1)} {numbers}"
        ran = f", the last of which died while they ran {trials}" if self._lost else ""
        return f"one without workers for {_PATIENCE:g} s{ran}"

    def _try(self) -> None:
        """Let a worker load the work: an error here would be that of each trial."""
        try:
            self._client.submit(_loaded, self._send(), pure=False).result()
        except Exception as error:
            hint = (
                "a module of yours is sent by client.upload_file('module.py'), "
                "what the script itself defines needs nothing"
            )
            wanted = "a build that the workers of the cluster can load"
            raise ValueError(
                expected(self._where, wanted, f"{type(error).__name__}: {error}", hint)
            ) from error

    def submit(self, task: Task) -> "Future[Outcome]":
        """Queue it at the scheduler.

        Raises:
            ClusterGone: the client was closed meanwhile.
        """
        future: Future[Outcome] = Future()
        self._submit(task, future, 0)
        return future

    def _submit(self, task: Task, future: "Future[Outcome]", losses: int) -> None:
        if self._client.status == "closed":
            raise self._gone()
        key = f"fastdnn-trial-{task.number}-{uuid.uuid4().hex}"
        # Models of the stretch before are no part of the task: the scheduler would keep a copy of them.
        state = None if task.state is None else self._scatter(task.state, broadcast=False)
        there = self._client.submit(
            _run, key, self._send(), replace(task, state=None), state, key=key, pure=False
        )
        self._running[key] = there
        there.add_done_callback(lambda ended: self._pass_on(key, ended, task, future, losses))

    def _pass_on(self, key: str, ended: Any, task: Task, future: "Future[Outcome]", losses: int) -> None:
        """What became of a task, in a thread of Dask's."""
        self._running.pop(key, None)
        if self._stopped or future.cancelled():
            future.cancel()
            return
        try:
            if ended.status in ("cancelled", "lost"):  # with data that it needs
                self._lost.append(task.number)
                if losses == _MOST_LOSSES:
                    raise _died(losses + 1)
                self._submit(task, future, losses + 1)
                return
            outcome = ended.result()
            self._lost.clear()
        except BaseException as error:
            with suppress(Exception):  # it was cancelled in this moment
                future.set_exception(self._as_ours(task.number, error))
        else:
            with suppress(Exception):
                future.set_result(outcome)

    def _as_ours(self, number: int, error: BaseException) -> BaseException:
        """The scheduler's verdict on a task that many workers died of; others as they are."""
        if type(error).__name__ == "KilledWorker":
            self._lost.append(number)
            return _died(int(error.allowed_failures) + 1)  # type: ignore[attr-defined]
        if isinstance(error, WorkersDied) or self._client.status == "running":
            return error
        return self._gone()

    def _gone(self, got: str = "one that was closed") -> ClusterGone:
        return ClusterGone(expected(self._where, "executor as a connected Dask client", got, GOES_ON))

    def stop(self) -> None:
        """Cancel all."""
        self._stopped = True
        with suppress(Exception):  # of a client that was closed
            self._client.cancel([*self._running.values()], force=True)

    def close(self) -> None:
        """Forget the data; the cluster is not ours."""
        self._stopped = True
        if self._local:
            _workers_come_back.end()
        with suppress(Exception):
            self._kept.release()
            self._sent.release()


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


_workers_come_back = _WorkersComeBack()


def _is_local(client: Any) -> bool:
    return isinstance(client.cluster, importlib.import_module("distributed").LocalCluster)


def _awake(client: Any, seconds: float) -> Any:
    """Wait until the cluster has a worker. One that adapts has none before there is something to do, and then
    keeps one as long as there is the number that is returned.

    Raises:
        TimeoutError: none has come.
    """
    kept = client.submit(int, pure=False)
    kept.result(timeout=seconds)
    return kept


def _run(key: str, work: Work, task: Task, state: Begun | None) -> Outcome:
    """In a worker."""
    return work.run(replace(task, state=state), _is_unwanted(key))


def _is_unwanted(key: str) -> Callable[[], bool]:
    """What says whether the task that calls it was cancelled: a thread cannot be ended from outside."""
    tasks = importlib.import_module("distributed").get_worker().state.tasks

    def told() -> bool:
        found = tasks.get(key)
        return found is None or found.state == "cancelled"

    return told


def _loaded(work: Work) -> bool:
    return callable(work.build)


def _version() -> str:
    import fastdnn

    return fastdnn.__version__


def _died(count: int) -> WorkersDied:
    return WorkersDied(f"the Dask workers that ran it died, {count} time{'s' * (count > 1)}")


def _check_connected(where: str, client: Any) -> None:
    if client.status != "running":
        hint = "make it anew: distributed.Client(address)"
        got = f"one that is {client.status}"
        raise ValueError(expected(where, "executor as a connected Dask client", got, hint))


def _check_pickles(where: str, work: Work) -> None:
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


def _check_versions(where: str, client: Any) -> None:
    """Raise where a worker would compute something else."""
    ours = _version()
    for address, found in client.run(_version, on_error="return").items():
        if found != ours:
            got = f"{type(found).__name__}: {found}" if isinstance(found, Exception) else found
            wanted = f"fastdnn {ours} in all workers of the cluster"
            raise ValueError(expected(where, wanted, f"{got} at {address}", "install the same version there"))

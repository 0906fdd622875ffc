"""A Dask cluster as workers: the data are sent to it once, trials one by one; machines may come and go."""

import importlib
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fastdnn.errors import expected
from fastdnn.tune import dask_cluster
from fastdnn.tune.dask_cluster import (
    awake,
    check_connected,
    check_pickles,
    check_versions,
    is_local,
    workers_come_back,
)
from fastdnn.tune.runner import Begun, Outcome, Task, Work

GOES_ON = "what is done is in the storage, if one was given: search(..., resume=True) goes on"
# Of all workers that had the data, after which it is the fault of the task that ran each time.
_MOST_LOSSES = 2


class WorkersDied(BrokenExecutor):
    """So many of the cluster's workers died while they had a task that its scheduler gave it up."""


class ClusterGone(BrokenExecutor):
    """The client was closed, or has lost its scheduler: no trial's fault."""


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
        check_connected(where, client)
        check_pickles(where, work)
        self._kept = awake(client, dask_cluster.PATIENCE)
        check_versions(where, client)
        self._try()
        self._local = is_local(client)
        if self._local:
            workers_come_back.begin()

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
        until = time.monotonic() + dask_cluster.PATIENCE
        while self._client.status != "closed" and not self._stopped:
            try:
                self._kept = awake(self._client, 1)
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
        return f"one without workers for {dask_cluster.PATIENCE:g} s{ran}"

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
            workers_come_back.end()
        with suppress(Exception):
            self._kept.release()
            self._sent.release()


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


def _died(count: int) -> WorkersDied:
    return WorkersDied(f"the Dask workers that ran it died, {count} time{'s' * (count > 1)}")

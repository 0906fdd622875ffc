"""Where trials run: threads of this process, processes, or what someone else provides."""

import multiprocessing
import os
import pickle
import re
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, Protocol

from fastdnn.errors import did_you_mean, expected
from fastdnn.tune.dask_cluster import is_client, is_cluster
from fastdnn.tune.dask_workers import GOES_ON, Dask
from fastdnn.tune.runner import Outcome, Task, Work
from fastdnn.tune.sendable import Sent, refused


class Workers(Protocol):
    """What runs tasks; futures give an `Outcome`, or raise where the worker is lost."""

    def submit(self, task: Task) -> "Future[Outcome]":
        """Begin a task, or keep it until there is room."""
        ...

    def stop(self) -> None:
        """Break off what runs, as soon as may be; its outcomes say so."""
        ...

    def close(self) -> None:
        """End, after what was submitted, unless it was told to stop and did not in time."""
        ...


def workers_of(where: str, executor: Any, work: Work, jobs: int) -> Workers:
    """The workers for `search(executor=)`.

    Raises:
        ValueError: it is nothing that can run trials, or `build` cannot be sent to processes.
    """
    if executor is None or executor == "threads":
        return Threads(work, jobs)
    if executor == "processes":
        return Processes(where, work, jobs)
    if is_client(executor):
        return Dask(where, executor, work)
    if isinstance(executor, Executor):
        return Given(where, executor, work)
    wanted = 'executor as "threads", "processes", an executor of concurrent.futures, or a Dask client'
    raise ValueError(expected(where, wanted, repr(executor), _hint(executor, jobs)))


def _hint(executor: Any, jobs: int) -> str:
    """What may be meant by what is no executor."""
    if isinstance(executor, type) and issubclass(executor, Executor):
        return f"make one: {executor.__name__}({jobs})"
    if is_cluster(executor):
        return "give distributed.Client(cluster)"
    if not isinstance(executor, str):
        return ""
    if re.fullmatch(r".+:\d+", executor):
        return f"of a Dask scheduler give distributed.Client({executor!r})"
    return did_you_mean(executor, ("processes", "threads"))


class Threads:
    """Threads of this process: trials release the GIL while they train, and share data and memory."""

    def __init__(self, work: Work, jobs: int) -> None:
        self._work = work
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="fastdnn-trial")
        self._submitted = _Submitted()

    def submit(self, task: Task) -> "Future[Outcome]":
        """Queue it."""
        return self._submitted.with_(self._pool.submit(self._work.run, task, self._stop.is_set))

    def stop(self) -> None:
        """At the next epoch, or in 0.1 s."""
        self._stop.set()

    def close(self) -> None:
        """Wait for all, or, after a stop, say what did not heed it."""
        late = self._submitted.running() if self._stop.is_set() else 0
        if late:
            many = f"{late} trials still run" if late > 1 else "a trial still runs"
            print(f"[search] {many} in a thread, which ends with its build or evaluation")
        self._pool.shutdown(wait=not late, cancel_futures=True)


class _Submitted:
    """Tasks that have not ended."""

    def __init__(self) -> None:
        self._left: set[Future[Outcome]] = set()

    def with_(self, future: "Future[Outcome]") -> "Future[Outcome]":
        """Another one."""
        self._left.add(future)
        future.add_done_callback(self._left.discard)
        return future

    def running(self) -> int:
        """How many still run."""
        return sum(future.running() for future in [*self._left])


_GUARD = (
    'each of them runs the script from its beginning: call search under `if __name__ == "__main__":`, and '
    "have script and build in files; what the process said is above"
)


def _refuse_unguarded(where: str) -> None:
    """End a process that reads the script of the search that began it, and comes to that search: in a line,
    as what counts is told by the search.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        wanted = 'search under `if __name__ == "__main__":`'
        got = "one that each process of it would call again while it begins"
        raise SystemExit(expected(where, wanted, got))


class Processes:
    """Processes of their own (spawn), each of which gets the data once: for a `build`, layers or losses in
    Python that would wait for each other's GIL.

    Raises:
        ValueError: `build`, `callbacks`, or what else goes with them, cannot be pickled.
        RuntimeError: a process ends as soon as it begins.
    """

    def __init__(self, where: str, work: Work, jobs: int) -> None:
        _refuse_unguarded(where)
        self._sent = Sent(where, work)
        self._jobs = jobs
        self._submitted = _Submitted()
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._begin()
        try:
            self._pool.submit(int).result()
        except BaseException as error:
            self._pool.shutdown(wait=False)
            self._sent.close()
            if not isinstance(error, BrokenProcessPool):
                raise
            raise RuntimeError(
                expected(where, "processes that can begin", "one that ended at once", _GUARD)
            ) from None

    def _begin(self) -> None:
        self._pool = ProcessPoolExecutor(
            self._jobs, self._context, initializer=_begin_process, initargs=(self._sent, self._stop)
        )

    def submit(self, task: Task) -> "Future[Outcome]":
        """Queue it; the pool is made anew where one of its processes died."""
        try:
            future = self._pool.submit(_run_in_process, task)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._begin()
            future = self._pool.submit(_run_in_process, task)
        return self._submitted.with_(future)

    def stop(self) -> None:
        """At the next epoch, or in 0.1 s."""
        self._stop.set()

    def close(self) -> None:
        """Wait for all, or, after a stop, end what did not heed it."""
        if self._stop.is_set() and self._submitted.running():
            for process in [*(self._pool._processes or {}).values()]:
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._sent.close()


_here: dict[str, Any] = {}  # of a worker process: the work, and what says whether it goes on


def _begin_process(sent: Any, stop: Any) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the search's, which tells the workers
    threading.Thread(target=_end_with_the_search, daemon=True).start()
    _here.update(work=sent.load(), stop=stop.is_set)


def _end_with_the_search() -> None:
    """End this process when that of the search is gone: one that was killed cannot tell its workers, and they
    would wait for the next trial for ever, with their copy of the data.
    """
    search = multiprocessing.parent_process()
    assert search is not None
    wait([search.sentinel])
    os._exit(1)


def _run_in_process(task: Task) -> Outcome:
    work: Work = _here["work"]
    stop: Callable[[], bool] = _here["stop"]
    return work.run(task, stop)


def _check_pickles(where: str, work: Work) -> None:
    try:
        pickle.dumps(work)
    except Exception as error:
        raise refused(where, work, pickle.dumps, error) from error


class Given:
    """An executor of the user's, which stays theirs. Each task takes all that it needs with it.

    Raises:
        ValueError: it runs nothing, or `build` cannot be sent to its processes.
    """

    def __init__(self, where: str, executor: Executor, work: Work) -> None:
        if isinstance(executor, ProcessPoolExecutor):
            _check_pickles(where, work)
        try:
            answer = executor.submit(int).result()
        except Exception as error:
            got, hint = f"{type(error).__name__}: {error}", "make it anew"
            if isinstance(error, BrokenExecutor):
                hint += '; a script does so under `if __name__ == "__main__":`'
            raise ValueError(expected(where, "executor as one that runs tasks", got, hint)) from error
        if answer != 0:
            got = f"one whose int() is {answer!r}"
            raise ValueError(expected(where, "executor as one that runs tasks", got))
        self._where = where
        self._executor = executor
        self._work = work

    def submit(self, task: Task) -> "Future[Outcome]":
        """Queue it.

        Raises:
            RuntimeError: the executor was closed, or has lost its processes.
        """
        try:
            return self._executor.submit(self._work.run, task)
        except RuntimeError as error:
            wanted = "executor as one that runs tasks until the search is done"
            raise RuntimeError(expected(self._where, wanted, f"{error}", GOES_ON)) from error

    def stop(self) -> None:
        """What runs is waited for: nothing of it can be reached."""

    def close(self) -> None:
        """Nothing: it is not ours."""

"""What child processes do in the tests of forks; a module, so that a spawned child can import it."""

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from networks import classification, classifier, weight_hash

X, Y = classification()


def trained():
    """The bits of a model that was trained on two threads and used."""
    model = classifier()
    model.fit(X, Y, epochs=2, threads=2)
    model.predict(X, threads=2)
    model.evaluate(X, Y)
    return weight_hash(model)


def through_pipe(job):
    """What a forked child answers."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # one that hangs does not outlive the test
        try:
            os.write(write, job().encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    return text


def _put(queue):
    queue.put(trained())


def _process(method):
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    child = context.Process(target=_put, args=(queue,))
    child.start()
    answer = queue.get()
    child.join()
    return answer


def _pool(method):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        first, second = pool.map(_ignoring, range(2))
    assert first == second
    return first


def _ignoring(_):
    return trained()


def _subprocess():
    code = "import fork_jobs; print(fork_jobs.trained())"
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


WAYS = {
    "os.fork": lambda: through_pipe(trained),
    "subprocess": _subprocess,
    **{f"multiprocessing {m}": lambda m=m: _process(m) for m in ("fork", "spawn", "forkserver")},
    # As joblib's loky and scikit-learn's n_jobs have it: workers that are started afresh and stay.
    **{f"executor {m}": lambda m=m: _pool(m) for m in ("fork", "forkserver")},
}

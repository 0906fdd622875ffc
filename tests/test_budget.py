"""How many threads there are in all: many Python threads, kept workers, threadpoolctl."""

import time
from textwrap import dedent

import pytest
import threadpoolctl
from interpreters import output
from networks import classification, classifier, threads_of_wide_fit, weight_hash

import fastdnn as fd
from fastdnn import _core

INFO = _core.build_info()
MACHINE = _core.machine_threads()[0]
needs_openmp = pytest.mark.skipif(
    INFO["threading"] != "openmp", reason=f"this build's threads are {INFO['threading']}, not OpenMP"
)
several_cpus = pytest.mark.skipif(MACHINE < 2, reason="one CPU: the default is one thread anyhow")

COUNT = """
    import os, threading, time
    import fastdnn as fd
    from fastdnn import _core
    from networks import classification, classifier, weight_hash
    machine = _core.machine_threads()[0]
    def tasks():
        return len(os.listdir("/proc/self/task"))
    def settled(most):
        # Workers that were released need a moment to end.
        for _ in range(200):
            if tasks() <= most:
                break
            time.sleep(0.02)
        return tasks()
    x, y = classification(features=300)
    def wide(seed=0):
        return classifier(features=300, hidden=(256, 256), seed=seed)
"""


@pytest.mark.skipif(
    INFO["compiler"].startswith("Clang"), reason="LLVM's runtime keeps idle workers of its own"
)
def test_many_python_threads_stay_within_the_budget():
    """24 threads, each with a model of its own, and one model that all predict with: the right bits, and no
    more than a thread each, the machine's for calls that run and the machine's that wait for the next call.
    """
    code = """
        from concurrent.futures import ThreadPoolExecutor
        together = threading.Barrier(1)
        def train(seed):
            together.wait()  # so that the pool makes a thread for each
            model = wide(seed)
            for _ in range(2):
                model.fit(x, y, batch_size=64)
                assert (shared.predict(x) == want).all()
            return weight_hash(model)
        shared = wide(99)
        want = shared.predict(x)
        alone = [train(seed) for seed in range(24)]
        settled(machine)
        base, most, over = tasks(), 0, threading.Event()
        def watch():
            global most
            while not over.is_set():
                most = max(most, tasks())
                time.sleep(0.001)
        watcher = threading.Thread(target=watch)
        watcher.start()
        together = threading.Barrier(24)
        with ThreadPoolExecutor(24) as pool:
            assert list(pool.map(train, range(24))) == alone
        over.set()
        watcher.join()
        print(base, most, base + 1 + 24 + 2 * (machine - 1))
    """
    _, most, budget = map(int, output(dedent(COUNT) + dedent(code)).split())
    assert 24 < most <= budget


@needs_openmp
@pytest.mark.skipif(INFO["compiler"].startswith("Clang"), reason="LLVM's runtime shares its workers")
def test_idle_threads_do_not_keep_workers_of_their_own():
    """24 threads fit in turn and live on: libgomp alone would keep 3 workers for each of them."""
    code = """
        threads, results, over = [], [], threading.Event()
        def train():
            model = wide()
            model.fit(x, y, threads=4)
            results.append(weight_hash(model))
            over.wait()
        base = tasks()
        for number in range(24):
            threads.append(threading.Thread(target=train))
            threads[-1].start()
            while len(results) <= number:
                time.sleep(0.005)
        most = base + 24 + max(machine, 4) - 1
        print(settled(most), most, len(set(results)))
        over.set()
        for thread in threads:
            thread.join()
        print(settled(base), base)
        wide().fit(x, y, threads=4)  # one caller keeps its workers warm
        print(tasks() - base)
    """
    first, second, third = output(dedent(COUNT) + dedent(code)).splitlines()
    there, most, hashes = map(int, first.split())
    assert there <= most
    assert hashes == 1
    assert second.split()[0] == second.split()[1]
    assert third == "3"


@needs_openmp
class TestThreadpoolctl:
    """libgomp's own entry does: the default asks the OpenMP runtime."""

    def test_the_threads_are_listed(self):
        listed = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "openmp"]
        assert listed
        with threadpoolctl.threadpool_limits(1, user_api="openmp"):
            assert {
                p["num_threads"] for p in threadpoolctl.threadpool_info() if p["user_api"] == "openmp"
            } == {1}

    @several_cpus
    def test_a_limit_holds_for_the_default_and_ends(self):
        assert threads_of_wide_fit() == MACHINE
        with threadpoolctl.threadpool_limits(1):
            assert fd.get_num_threads() == 1
            assert "threadpoolctl" in _core.machine_threads()[1]
            assert threads_of_wide_fit() == 1
            assert threads_of_wide_fit(threads=3) == 3  # what is asked for is used as given
            with fd.threads(2):
                assert threads_of_wide_fit() == 2
        assert threads_of_wide_fit() == MACHINE == fd.get_num_threads()

    def test_a_limit_above_the_machine_changes_nothing(self):
        with threadpoolctl.threadpool_limits(MACHINE + 5):
            assert fd.get_num_threads() == MACHINE


def test_two_fits_of_one_model_come_one_after_the_other():
    from concurrent.futures import ThreadPoolExecutor

    x, y = classification()
    twice, model = classifier(), classifier()
    for _ in range(4):
        twice.fit(x, y, epochs=3)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: model.fit(x, y, epochs=3), range(4)))
    assert weight_hash(model) == weight_hash(twice)
    assert model.compiled.epochs_done == 12


def test_weights_set_by_another_thread_during_a_fit_are_set_between_steps():
    """With a rate of 0 no step changes them: the weights are always those that were set, as a whole."""
    from concurrent.futures import ThreadPoolExecutor

    x, y = classification()
    model = classifier(optimizer=fd.optimizers.SGD(0.0))
    sets = [[array + shift for array in model.get_weights()] for shift in range(3)]
    over, changes, seen = [], [], set()

    def change():
        while not over:
            model.set_weights(sets[len(changes) % 3])
            changes.append(True)

    def look():
        while not over:
            weights = model.get_weights()
            same = [all((a == b).all() for a, b in zip(weights, given, strict=True)) for given in sets]
            assert sum(same) == 1
            seen.add(same.index(True))

    listen = fd.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    latest = time.monotonic() + 60
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(change), pool.submit(look)]
        try:
            while (len(changes) < 4 or len(seen) < 2) and time.monotonic() < latest:
                model.fit(x, y, batch_size=10, epochs=30, callbacks=[listen])
        finally:
            over.append(True)
        for job in jobs:
            job.result(timeout=60)
    assert len(changes) >= 4
    assert len(seen) >= 2

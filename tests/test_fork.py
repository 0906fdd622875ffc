"""Child processes before, during and after a fit: no hang, the same bits, and models that are whole."""

from textwrap import dedent

import pytest
from fork_jobs import WAYS
from interpreters import run

from fastdnn import _core

PREAMBLE = """
    import os, signal, sys, threading, warnings
    warnings.simplefilter("ignore")  # that a process with threads forks
    import fork_jobs
    from fork_jobs import X, Y, through_pipe, trained
    from networks import classification, classifier, weight_hash
    signal.alarm(70)
"""
MOMENTS = {
    "before": """
        got = child()
        assert got == trained(), got
    """,
    "after": """
        want = trained()
        assert child() == want
        assert trained() == want
    """,
    "during": """
        want, over = trained(), threading.Event()
        def train():
            while not over.is_set():
                assert trained() == want
        worker = threading.Thread(target=train)
        worker.start()
        try:
            for _ in range(2):
                assert child() == want
        finally:
            over.set()
            worker.join()
        assert trained() == want
    """,
    "in a callback": """
        import fastdnn as fd
        want, answers = trained(), []
        model = classifier()
        callback = fd.callbacks.LambdaCallback(on_epoch_end=lambda *_: answers.append(child()))
        model.fit(X, Y, epochs=2, threads=2, callbacks=[callback])
        assert answers == [want, want]
        assert weight_hash(model) == want
    """,
}


def good(code, *arguments):
    whole = dedent(PREAMBLE) + dedent(code) + "\nprint('good')"
    result = run(whole, *arguments, timeout=80)
    assert result.stdout == "good\n", f"status {result.returncode}: {result.stdout}{result.stderr}"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_child_trains(way, moment):
    good("child = fork_jobs.WAYS[sys.argv[1]]\n" + dedent(MOMENTS[moment]), way)


@pytest.mark.skipif(
    _core.build_info()["compiler"].startswith("Clang"),
    reason="a fork during another thread's region may leave a lock of LLVM's OpenMP closed in the child",
)
def test_a_child_finds_the_model_of_another_threads_fit_whole_and_open():
    """Its weights and step number are those of one step, and it may predict, copy, set weights and train."""
    good(
        """
    import copy
    import fastdnn as fd
    hashes = []
    def fresh():  # an update takes as long as the rest of a step
        return classifier(hidden=(300, 300))
    note = fd.callbacks.LambdaCallback(on_train_batch_end=lambda *_: hashes.append(weight_hash(noted)))
    noted = fresh()
    noted.fit(X, Y, batch_size=1, callbacks=[note])
    model = fresh()

    def job():
        state = model.compiled.state
        done = 0 if state is None else state.iterations
        if 0 < done <= len(hashes) and weight_hash(model) != hashes[done - 1]:
            return f"other weights than after {done} steps"
        model.predict(X, threads=2)
        copy.deepcopy(model)
        model.set_weights(model.get_weights())
        model.fit(X[:20], Y[:20], threads=2)
        if done > 0 and model.compiled.state.iterations != done + 1:
            return f"{model.compiled.state.iterations} steps after {done}"
        return "whole"

    over = threading.Event()
    def use():
        while not over.is_set():
            model.predict(X, threads=2)
    users = [threading.Thread(target=use) for _ in range(3)]
    worker = threading.Thread(target=model.fit, args=(X, Y, 1, 2), kwargs={"threads": 2})
    for thread in (*users, worker):
        thread.start()
    children = 0
    try:
        while worker.is_alive() and children < 40:
            answer = through_pipe(job)
            assert answer == "whole", answer
            children += 1
    finally:
        over.set()
        for thread in (*users, worker):
            thread.join()
    assert children > 0
    """
    )


def test_a_child_gets_all_threads_again():
    """What the parent's calls held is not held in the child."""
    good(
        """
    import fastdnn as fd
    from networks import threads_of_wide_fit, wide_classifier
    def job():
        return str(threads_of_wide_fit())
    want = job()
    began = threading.Event()
    model, x, y = wide_classifier()
    note = fd.callbacks.LambdaCallback(on_epoch_begin=lambda *_: began.set())
    worker = threading.Thread(target=model.fit, args=(x, y, 1, 2), kwargs={"callbacks": [note]})
    worker.start()
    began.wait()
    answers = [through_pipe(job) for _ in range(3)]
    worker.join()
    assert answers == [want] * 3, (answers, want)
    """
    )


def test_ctrl_c_works_in_a_child_that_another_thread_forked():
    """The handler of the main thread's call is not left in the child, nor its flag."""
    good(
        """
    import time
    signal.signal(signal.SIGINT, signal.default_int_handler)
    model = classifier(hidden=(64, 64))

    def job():
        want = weight_hash(other_trained())
        try:
            os.kill(os.getpid(), signal.SIGINT)
            model.fit(X, Y, epochs=10**6)
            return "went on"
        except KeyboardInterrupt:
            pass
        return "good" if weight_hash(other_trained()) == want else "other bits"

    def other_trained():
        other = classifier()
        other.fit(X, Y)
        return other

    answers = []
    def fork():
        time.sleep(0.1)  # by now the main thread is in its fit
        answers.append(through_pipe(job))
        os.kill(os.getpid(), signal.SIGINT)
    forker = threading.Thread(target=fork)
    forker.start()
    try:
        model.fit(X, Y, batch_size=1, epochs=10**6)
    except KeyboardInterrupt:
        pass
    forker.join()
    assert answers == ["good"], answers
    """
    )

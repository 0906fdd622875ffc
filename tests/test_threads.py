"""Who gets how many threads, forks, and Ctrl-C."""

import signal
import time

import pytest
from interpreters import output, start
from networks import classification, classifier, threads_of_wide_fit, weight_hash, wide_classifier

import fastdnn as fd
from fastdnn import _core

SERIAL = _core.build_info()["threading"] == "serial"


@pytest.mark.skipif(SERIAL, reason="this build has no OpenMP: everything runs on one thread")
class TestCounts:
    def test_the_default_is_the_machine_and_the_work(self):
        assert threads_of_wide_fit() == _core.machine_threads()[0]
        x, y = classification(rows=8)
        assert classifier(hidden=()).fit(x, y).params["threads"] == 1

    def test_argument_context_and_setting(self):
        try:
            fd.set_num_threads(3)
            assert fd.get_num_threads() == 3
            assert threads_of_wide_fit() == 3
            with fd.threads(4):
                assert fd.get_num_threads() == 4
                assert threads_of_wide_fit() == 4
                assert threads_of_wide_fit(threads=2) == 2
            assert threads_of_wide_fit() == 3
        finally:
            fd.set_num_threads(None)
        assert fd.get_num_threads() == _core.machine_threads()[0]

    @pytest.mark.skipif(_core.machine_threads()[0] == 1, reason="one processor: there is nothing to limit")
    def test_where_other_programs_take_the_cores_the_default_is_fewer(self):
        """Threads that wait for one another most of the time halve it, for a while; given counts stay."""

        def fit(**arguments):
            model, x, y = wide_classifier()
            return model.fit(x, y, batch_size=300, **arguments).params["threads"], weight_hash(model)

        machine = _core.machine_threads()[0]
        usual = threads_of_wide_fit(), fit()[1]
        _core.testing.forget_crowd()
        for _ in range(6):  # each time for twice as long
            _core.testing.note_team(machine, elapsed=0.1, waited=0.09 * (machine - 1))
        assert _core.testing.uncrowded_threads() == machine // 2
        limited, given = fit(), fit(threads=machine)
        assert (usual[0], limited[0], given[0]) == (machine, machine // 2, machine)
        assert usual[1] == limited[1] == given[1]
        _core.testing.forget_crowd()
        assert _core.testing.uncrowded_threads() is None

    def test_environment_and_affinity(self):
        show = "import fastdnn._core as c; print(*c.machine_threads())"
        assert output(show, OMP_NUM_THREADS="1") == "1 OMP_NUM_THREADS"
        one = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); " + show
        assert output(one).startswith("1 ")

    def test_a_thread_limit_below_the_request_does_not_hang(self):
        code = """
            from networks import classification, classifier, weight_hash
            x, y = classification()
            model = classifier()
            print(model.fit(x, y, threads=4).params["threads"], weight_hash(model))
        """
        limited = output(code, OMP_THREAD_LIMIT="1").split()
        dynamic = output(code, OMP_DYNAMIC="true").split()
        assert limited[0] == "1"
        assert limited[1] == dynamic[1]


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "2", 1025])
def test_bad_counts(n):
    with pytest.raises(ValueError, match="threads from 1 to 1024"):
        fd.set_num_threads(n)
    with pytest.raises(ValueError, match="threads from 1 to 1024"), fd.threads(n):
        pass


def test_a_forked_child_trains():
    code = """
        import os, sys, warnings
        warnings.simplefilter("ignore")
        from networks import classification, classifier, weight_hash
        x, y = classification()
        def trained():
            model = classifier()
            model.fit(x, y, threads=2, epochs=2)
            return weight_hash(model)
        want = trained()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(0 if trained() == want else 1)
            _, status = os.waitpid(child, 0)
            assert status == 0, status
            assert trained() == want
        print("good")
    """
    assert output(code) == "good"


ENDLESS = """
    import signal, sys
    import numpy as np
    import fastdnn as fd
    from networks import classification, classifier
    signal.signal(signal.SIGINT, signal.default_int_handler)
    x, y = classification(rows=3000)
    model = classifier(hidden=(64, 64))
    class Say(fd.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                print("training", flush=True)
    try:
        model.fit(x, y, batch_size=1, epochs=10**6, callbacks=[Say()])
    except KeyboardInterrupt:
        steps = model.compiled.state.iterations
        assert np.isfinite(model.predict(x)).all()
        history = model.fit(x, y, batch_size=100)
        assert model.compiled.state.iterations == steps + 30
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        print("interrupted")
"""


def test_ctrl_c_ends_a_fit_between_steps():
    process = start(ENDLESS)
    try:
        assert process.stdout.readline() == "training\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert out == "interrupted\n", err


def test_a_handler_that_swallows_ctrl_c_lets_the_fit_go_on():
    code = """
        import os, signal, threading
        from networks import classification, classifier, weight_hash
        x, y = classification(rows=2000)
        def trained():
            model = classifier(hidden=(64,))
            model.fit(x, y, batch_size=2, epochs=20)
            return weight_hash(model)
        want = trained()
        caught = []
        signal.signal(signal.SIGINT, lambda *_: caught.append(1))
        timer = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        same = trained() == want
        timer.join()
        print(same, len(caught))
    """
    assert output(code) == "True 1"


def test_many_models_train_at_once():
    from concurrent.futures import ThreadPoolExecutor

    from networks import weight_hash

    x, y = classification()

    def trained(seed):
        model = classifier(seed=seed)
        model.fit(x, y, epochs=3)
        return weight_hash(model)

    alone = [trained(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(trained, range(8))) == alone

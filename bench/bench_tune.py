"""A random search on the digits, of fastdnn alone: `fastdnn bench tune` compares it with its peers'."""

import pytest

import fastdnn as fd
from fastdnn.benchmark.tuning import with_fastdnn
from fastdnn.benchmark.tuning.trials import data, values
from fastdnn.tune.trial import trial_seed

TRIALS, EPOCHS = 8, 5


def check():
    """The dev errors are those of a plain fit of each set of values, in all arrangements."""
    (x, y), (x_dev, y_dev) = data()
    want = []
    for number, of in enumerate(values(4)):
        model = with_fastdnn.build(of, seed=trial_seed(0, number))
        model.fit(x, y, of["batch_size"], 2, verbose=0)
        want.append(1 - model.evaluate(x_dev, y_dev, return_dict=True)["accuracy"])
    for way in with_fastdnn.ways():
        assert with_fastdnn.search(way, 4, 2) == want


def test_search(time_calls):
    pytest.importorskip("optuna", reason="optuna is not installed")
    way = {1: "1 job, 1 thread"}

    def repeat(count):
        for _ in range(count):
            with_fastdnn.search(way.get(fd.get_num_threads(), "2 jobs"), TRIALS, EPOCHS)

    time_calls(check, repeat)

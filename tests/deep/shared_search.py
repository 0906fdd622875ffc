"""Searches that several processes share, one of them killed: all methods, journals and databases."""

import importlib.util
import itertools
import pathlib
import tempfile
import time

import numpy as np
from arrays_for_tests import fresh_seed

COUNTS = (2, 3, 4)


def main(seconds):
    """As many as fit, each in a storage of its own; each trial is done once, as one process does it."""
    if importlib.util.find_spec("optuna") is None:
        print("    not tried: needs Optuna, of the extra `tune`")
        return
    import test_tune_shared

    seed = fresh_seed()
    print(f"    FASTDNN_TEST_SEED={seed}")
    draw = np.random.default_rng(seed)
    cases = [*itertools.product(test_tune_shared.METHODS, ("{}/journal", "sqlite:///{}/study.db"))]
    draw.shuffle(cases)
    until = time.monotonic() + seconds
    done = 0
    for method, storage in itertools.cycle(cases):
        count, killed = int(draw.choice(COUNTS)), bool(draw.integers(4))
        with tempfile.TemporaryDirectory() as folder:
            where = storage.format(folder)
            if method != "random":
                killed = True  # a generation may have fewer trials than there are processes
            begun = test_tune_shared.shared(where, method, pathlib.Path(folder), count, killed)
            told = f"{method} on {storage}, {count} processes, killed: {killed}; seed={seed}"
            try:
                test_tune_shared.assert_whole(where, method, begun)
            except AssertionError as error:
                raise AssertionError(f"{told}: {error}") from error
        done += 1
        if time.monotonic() > until:
            break
    print(f"    {done} searches")

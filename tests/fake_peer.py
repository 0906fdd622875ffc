"""A peer of the benchmarks of networks that runs fastdnn, and can be told to be wrong, slow or broken."""

import os
import sys
import time

import numpy as np

from fastdnn.benchmark.frameworks import with_fastdnn
from fastdnn.benchmark.frameworks.contender import UnsupportedError

MOOD = os.environ.get("FAKE_PEER", "")


def ways(network):
    if MOOD == "unsupported":
        raise UnsupportedError("this peer has no such network")
    return ["slow", "fast", "broken"]


class Trainer:
    """fastdnn's, but for its mood and the way."""

    def __init__(self, setting, x, y, way):
        if way == "broken":
            raise OSError("no compiler was found\nand more lines of that")
        if MOOD == "dies":
            print("these are the last words", file=sys.stderr, flush=True)
            os._exit(7)
        if MOOD == "fails":
            raise ArithmeticError("this peer fails")
        print("what a library prints")  # must not be taken for an answer
        self._own = with_fastdnn.trainer(setting, x, y, "")
        self._pause = 0.05 if way == "slow" else 0.0
        self.threads = setting.threads
        self.reset, self.outputs = self._own.reset, self._own.outputs

    def losses(self, epochs, batches):
        found = self._own.losses(epochs, batches)
        return [found[0], {"wrong": 1.01 * found[1], "nan": float("nan")}.get(MOOD, found[1])]

    def train(self, epochs, stop=None):
        time.sleep(self._pause * epochs)
        self._own.train(epochs, stop)


def trainer(setting, x, y, way):
    return Trainer(setting, x, y, way)


class Predictor:
    """fastdnn's, but for its mood and the way."""

    def __init__(self, setting, x, way):
        if way == "broken":
            raise OSError("no compiler was found")
        self._own = with_fastdnn.predictor(setting, x, "")
        self._pause = 0.05 if way == "slow" else 0.0

    def repeat(self, count):
        time.sleep(self._pause * count)
        self._own.repeat(count)

    def outputs(self):
        return self._own.outputs() + np.float32(1e-3 if MOOD == "wrong" else 0)


def predictor(setting, x, way):
    return Predictor(setting, x, way)

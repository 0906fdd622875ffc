"""The process in which one framework runs: it reads a question a line, and answers it in a line of JSON.

    python -m fastdnn.benchmark.networks.worker MODULE THREADS

A question is `{"do": name, ...}`, and the names are the methods of `Worker`. An answer is `{"answer": ...}`,
`{"unsupported": why}` or `{"error": what}`. What else is printed goes to standard error.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

import numpy as np

from fastdnn.benchmark import machine
from fastdnn.benchmark.frameworks.contender import Setting, UnsupportedError
from fastdnn.benchmark.networks.digits import Race
from fastdnn.benchmark.networks.memory import forget_peak, peak_bytes
from fastdnn.benchmark.networks.network import Network

_CHECKED_EPOCHS, _CHECKED_BATCHES = 2, 8
_WARM_SECONDS = 0.05  # of one way, to see whether it is the fastest


class Worker:
    """Answers questions by one framework.

    Args:
        module: of `fastdnn.benchmark.frameworks`.
        threads: how many it may use.

    >>> from fastdnn.benchmark.frameworks import with_fastdnn
    >>> from fastdnn.benchmark.networks.network import Network
    >>> from fastdnn.benchmark.networks.worker import Worker
    >>> worker = Worker(with_fastdnn, threads=1)
    >>> sorted(worker.train(Network("small", (4, 3, 2), batch=5, batches=2).fields))
    ['losses', 'notes', 'threads', 'way']
    """

    def __init__(self, module: Any, threads: int) -> None:
        self._module = module
        self._threads = threads
        self._trainer: Any = None
        self._predictor: Any = None
        self._network: Network | None = None

    def train(self, network: Mapping[str, Any]) -> dict[str, Any]:
        """Get ready to train; tell the losses of two epochs over the first batches, without dropout."""
        self._trainer = self._predictor = None  # what they hold is free for the next ones
        self._network = made = Network.of(network)
        x, y = made.data()
        checked = made.without_dropout()

        def prepare(way: str) -> tuple[Any, list[float], Callable[[int], object]]:
            trainer = self._module.trainer(self._setting(checked), x, y, way)
            losses = trainer.losses(_CHECKED_EPOCHS, min(_CHECKED_BATCHES, made.batches))
            if checked != made:
                trainer = self._module.trainer(self._setting(made), x, y, way)
            return trainer, losses, trainer.train

        self._trainer, losses, way, notes = self._fastest(made, prepare)
        return {"losses": losses, "way": way, "notes": notes, "threads": self._trainer.threads}

    def run(self, epochs: int) -> float:
        """Seconds of some epochs in new orders, from the first weights on."""
        network = self._network
        assert network is not None
        self._trainer.reset(network.initial_weights())
        return _seconds(self._trainer.train, epochs)

    def predict(self, network: Mapping[str, Any], rows: int) -> dict[str, Any]:
        """Get ready to predict; tell the probabilities of the rows."""
        self._trainer = self._predictor = None
        made = Network.of(network)
        x = made.data()[0][:rows]

        def prepare(way: str) -> tuple[Any, list[list[float]], Callable[[int], object]]:
            predictor = self._module.predictor(self._setting(made), x, way)
            return predictor, predictor.outputs().tolist(), predictor.repeat

        self._predictor, outputs, way, notes = self._fastest(made, prepare)
        return {"outputs": outputs, "way": way, "notes": notes}

    def repeat(self, count: int) -> float:
        """Seconds of so many predictions."""
        return _seconds(self._predictor.repeat, count)

    def memory(self, network: Mapping[str, Any]) -> dict[str, Any]:
        """Bytes by which memory grows at most while the network is made, and while it is trained.

        The framework is imported and the data are there before. To be asked of a new process.
        """
        made = Network.of(network)
        way = self._module.ways(made)[0]
        small = Network("small", (8, 8, 2), batch=8, batches=1, loss=made.loss)
        self._module.trainer(self._setting(small), *small.data(), way).train(1)  # imports what is needed
        x, y = made.data()
        setting = self._setting(made)
        forget_peak()
        before = peak_bytes()
        trainer = self._module.trainer(setting, x, y, way)
        making = peak_bytes()
        forget_peak()
        trainer.train(1)
        training = peak_bytes()
        if before is None or making is None or training is None:
            raise UnsupportedError("this system does not tell how much memory a process took")
        return {"making": making - before, "training": training - before, "way": way}

    def race(self, seeds: int, error: float) -> dict[str, Any]:
        """How long training on digits takes to reach a test error; see `digits.Race`."""
        race = Race(error)
        way = self._module.ways(race.network)[0]
        return race.run(lambda setting, x, y: self._module.trainer(setting, x, y, way), self._threads, seeds)

    def search_ways(self) -> list[str]:
        """In which a search can be arranged."""
        ways: list[str] = self._module.ways()
        return ways

    def search(self, way: str, trials: int, epochs: int) -> dict[str, Any]:
        """Seconds of a whole search, and the dev error of each trial; see `fastdnn.benchmark.tuning`."""
        begin = time.perf_counter()
        errors = self._module.search(way, trials, epochs)
        return {"seconds": time.perf_counter() - begin, "errors": errors}

    def machine(self, seconds: float) -> dict[str, float]:
        """FMA peak of the threads, and the time of their barrier."""
        return {
            "peak": machine.peak("float32", self._threads, seconds).rate(),
            "barrier": 1 / machine.barriers(self._threads, seconds).rate(),
        }

    def _setting(self, network: Network) -> Setting:
        return Setting(network, network.initial_weights(), self._threads)

    def _fastest(
        self, network: Network, prepare: Callable[[str], tuple[Any, Any, Callable[[int], object]]]
    ) -> tuple[Any, Any, str, list[str]]:
        """What `prepare` made for the fastest way, what it told, the way, and why others were not tried."""
        found, notes = [], []
        for way in self._module.ways(network):
            try:
                made, told, action = prepare(way)
                action(1)
                found.append((_warm_seconds(action), way, made, told))
            except UnsupportedError:
                raise
            except Exception as error:  # a compiler that is not there, a shape that it does not take
                if not way:
                    raise
                notes.append(f"{way}: {_first_line(error)}")
        if not found:
            raise RuntimeError("; ".join(notes))
        _, way, made, told = min(found, key=lambda one: one[0])
        return made, told, way, notes


def _seconds(action: Callable[[int], object], count: int) -> float:
    begin = time.perf_counter()
    action(count)
    return time.perf_counter() - begin


def _warm_seconds(action: Callable[[int], object]) -> float:
    """Of one, in a few rounds."""
    count = max(1, round(_WARM_SECONDS / max(_seconds(action, 1), 1e-7)))
    return min(_seconds(action, count) for _ in range(3 if count > 1 else 1)) / count


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}".rstrip(": ")


def serve(module: Any, threads: int, questions: Iterable[str], answers: TextIO) -> None:
    """Answer until there are no more questions."""
    worker = Worker(module, threads)
    for line in questions:
        question = json.loads(line)
        try:
            answer = {"answer": getattr(worker, question.pop("do"))(**question)}
        except UnsupportedError as error:
            answer = {"unsupported": str(error)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": _first_line(error)}
        answers.write(json.dumps(answer, default=_plain) + "\n")
        answers.flush()


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item() if isinstance(value, np.generic) else str(value)


def _main(module: str, threads: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    serve(importlib.import_module(module), int(threads), sys.stdin, answers)


if __name__ == "__main__":
    _main(*sys.argv[1:])

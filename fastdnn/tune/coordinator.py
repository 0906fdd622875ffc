"""The loop of a search: which trial runs next, and what is written down of it."""

import math
import queue
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, wait
from contextlib import suppress
from typing import Any

from fastdnn.diagnose.told import Told
from fastdnn.interrupts import interrupts_held
from fastdnn.tune.brackets import Bracket, Held, Rungs
from fastdnn.tune.dask_workers import WorkersDied
from fastdnn.tune.executors import Workers
from fastdnn.tune.ledger import Ledger
from fastdnn.tune.methods import Method
from fastdnn.tune.pruning import Pruner
from fastdnn.tune.records import Slot
from fastdnn.tune.runner import Begun, Outcome, Task
from fastdnn.tune.signs import BEAT
from fastdnn.tune.trial import Trial, trial_seed

_AT_A_TIME = 2  # brackets: a worker that has none left of one begins the next
_LOOK = 0.25  # seconds between two looks at what other processes have done
_PATIENCE = 10.0  # seconds that workers are given to break off


class Coordinator:
    """Runs the generations of a method, one after the other. All it writes is a function of what completed
    generations and complete rungs say, so it does not matter who runs what, and when.

    epochs: of the values of a trial.
    jobs: trials at a time; one more for each two jobs waits for a free worker, so that none has to wait.
    seconds: after which no further trial is begun, and of those that wait at a rung the best are finished.
    """

    def __init__(
        self,
        ledger: Ledger,
        method: Method,
        workers: Workers,
        *,
        epochs: Callable[[Mapping[str, Any]], int],
        pruner: Pruner | None,
        jobs: int,
        seconds: float | None,
        told: Told,
        tell: Callable[[Mapping[int, Trial]], str],
    ) -> None:
        self._ledger = ledger
        self._method = method
        self._workers = workers
        self._epochs = epochs
        self._pruner = pruner
        self._jobs = jobs
        self._seed = method.seed
        self._deadline = math.inf if seconds is None else time.monotonic() + seconds
        self._told, self._tell = told, tell
        self._held: dict[int, Held] = {}
        self._running = 0
        self._waiting: deque[int] = deque()
        self._suspects: set[int] = set()  # ran when a process died: each is run alone
        self._ended: queue.SimpleQueue[tuple[int, Future[Outcome]]] = queue.SimpleQueue()
        self._looked_at = 0.0
        self._rungs = Rungs(ledger, pruner, method.sign)
        self._open: list[Bracket] = []

    def run(self) -> None:
        """All generations; a Ctrl-C ends it once what is done is written down."""
        first = 0
        try:
            for index in range(self._method.generations):
                earlier = [self._ledger.trials[number] for number in range(first)]
                proposals = self._method.propose(index, earlier)
                if not self._run_generation(index, first, proposals):
                    return
                first += len(proposals)
        except BaseException:
            with interrupts_held():
                self._break_off()
            raise

    # ---- A generation

    def _run_generation(self, index: int, first: int, proposals: Sequence[Mapping[str, Any]]) -> bool:
        """Whether it was run to its end; else time is up."""
        share = self._method.epochs_share(index)
        slots = [
            Slot(
                first + number,
                index,
                self._as_stored(values),
                max(1, math.ceil(share * self._epochs(values))),
            )
            for number, values in enumerate(proposals)
        ]
        now = time.monotonic()
        planned = self._ledger.plan(slots, now + (self._deadline - now) / 2)  # the other half is for trials
        longest = max((slot.epochs for slot in slots), default=1)
        return self._work_off(self._rungs.begin([slot.number for slot in slots], longest)) and planned

    def _is_open(self, bracket: Bracket) -> bool:
        """Whether a trial is left to be done, by whomever."""
        return any(number in self._ledger.unfinished for number in bracket.numbers)

    def _work_off(self, brackets: list[Bracket]) -> bool:
        """Whether they were run to their end; else time is up."""
        left, self._open = [*brackets], []
        while True:
            with interrupts_held():
                while left and not self._is_open(left[0]):
                    del left[0]
                if not left:
                    return True
                if self._open != left[:_AT_A_TIME]:
                    self._open = left[:_AT_A_TIME]
                    self._look()
                elif time.monotonic() - self._looked_at > _LOOK and not self._ledger.in_memory:
                    self._look()
                if time.monotonic() <= self._deadline:
                    self._fill()
                elif not self._running and not self._finish_the_best():
                    return False
            self._collect()

    def _finish_the_best(self) -> bool:
        """Time is up: of those that wait at a rung, the furthest and best are trained to their end, one for
        each worker; the others end here. Whether there are any.
        """
        waiting = [held for held in self._held.values() if held.outcome is not None]
        for place, held in enumerate(sorted(waiting, key=self._rank)):
            if place < self._jobs:
                self._advance(held, self._rungs.last(held.slot.number))
            else:
                assert held.outcome is not None
                self._end(held, held.outcome, held.rung + 1, "pruned")
        return bool(self._running)

    def _rank(self, held: Held) -> tuple[int, float, int]:
        assert held.outcome is not None
        assert held.outcome.value is not None
        return -held.rung, self._method.sign * held.outcome.value, held.slot.number

    def _as_stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as another process will read them: 1 - (1 - β) may differ from β in the last bit."""
        space = self._method.space
        return {name: space[name].decode(space[name].encode(value)) for name, value in values.items()}

    def _look(self) -> None:
        """What others have done, and what is left."""
        self._ledger.refresh()
        self._ledger.mend()
        self._waiting = deque(
            self._ledger.waiting(number for bracket in self._open for number in bracket.numbers)
        )
        for bracket in self._open:
            self._decide(bracket)
        self._looked_at = time.monotonic()

    # ---- Beginning tasks

    def _fill(self) -> None:
        most = 1 if self._suspects else self._jobs + max(1, self._jobs // 2)
        while self._running < most:
            if not (self._go_on() or self._begin()):
                return

    def _go_on(self) -> bool:
        """The next stretch of a trial that is among the best of its rung."""
        for number in sorted(self._held):
            held, alive = self._held[number], self._rungs.bracket_of(number).alive
            if held.outcome is not None and held.future is None:
                rung = held.rung + 1
                if rung < len(alive) and number in alive[rung]:
                    self._advance(held, rung)
                    return True
        return False

    def _advance(self, held: Held, rung: int) -> None:
        """Train a trial that has come to a rung up to another. Of a trial of few epochs both may be the same
        epoch: there it is already.
        """
        outcome = held.outcome
        assert outcome is not None
        if self._rungs.until(held.slot, rung) == self._rungs.until(held.slot, held.rung):
            held.rung, held.outcome, held.judged = rung, None, False
            self._arrive(held, outcome)
        else:
            self._submit(held, rung, outcome.state)

    def _begin(self) -> bool:
        suspects = sorted(self._suspects)
        while suspects or self._waiting:
            number = suspects.pop(0) if suspects else self._waiting.popleft()
            slot = self._ledger.claim([number])
            if slot is not None:
                self._held[number] = held = Held(slot, 0)
                self._submit(held, 0, None)
                return True
            self._suspects.discard(number)
        return False

    def _submit(self, held: Held, rung: int, state: Begun | None) -> None:
        number = held.slot.number
        seconds = 0.0 if held.outcome is None else held.outcome.seconds
        task = Task(
            number,
            held.slot.params,
            trial_seed(self._seed, number),
            self._rungs.until(held.slot, rung),
            rung == self._rungs.last(number),
            seconds,
            state,
        )
        held.rung, held.outcome, held.judged = rung, None, False
        if rung:
            self._ledger.go_on(number, rung)
        held.future = self._workers.submit(task)
        self._running += 1
        held.future.add_done_callback(lambda future: self._ended.put((number, future)))

    # ---- Ends of tasks

    def _collect(self) -> None:
        """Wait for an end, and write down all that have come."""
        try:
            ended = self._ended.get(timeout=self._patience())
        except queue.Empty:
            with interrupts_held():
                self._ledger.beat()
            return
        with interrupts_held():
            self._take(*ended)
            while not self._ended.empty():
                self._take(*self._ended.get())
            self._ledger.beat()
            if self._told.verbose:
                self._told.line(self._tell(self._ledger.trials))

    def _patience(self) -> float:
        """How long there is nothing to do until a trial ends."""
        most = BEAT if self._running and (self._ledger.in_memory or not self._waiting) else _LOOK
        if self._running and not self._ledger.in_memory:
            most = min(most, 4 * _LOOK)
        return max(0.0, min(most, self._deadline - time.monotonic())) if self._running else _LOOK

    def _take(self, number: int, future: "Future[Outcome]") -> None:
        """What became of a task."""
        self._running -= 1
        held = self._held[number]
        held.future = None
        try:
            outcome = future.result()
        except WorkersDied as error:
            if number not in self._suspects:
                self._lose(number)
                return
            outcome = Outcome(number, reason=str(error))  # alone: no other trial can be to blame
        except (BrokenExecutor, CancelledError):
            self._lose(number)
            return
        except Exception as error:  # it could not be sent to the worker, or back
            outcome = Outcome(number, reason=f"{type(error).__name__}: {error}")
        self._suspects.discard(number)
        if outcome.interrupted:
            self._ledger.release(number)
            self._drop(number)
        else:
            self._arrive(held, outcome)

    def _arrive(self, held: Held, outcome: Outcome) -> None:
        """What a trial gives at its rung, or that it failed on the way."""
        number = held.slot.number
        if outcome.reason or held.rung == self._rungs.last(number):
            self._end(held, outcome, held.rung, "failed" if outcome.reason else "complete")
        else:
            held.outcome = outcome
            assert outcome.value is not None
            self._ledger.report(number, held.rung, outcome.value)
        self._decide(self._rungs.bracket_of(number))

    def _end(self, held: Held, outcome: Outcome, rungs: int, state: str) -> None:
        """Write down a trial that came past so many rungs."""
        self._ledger.finish(outcome, state, self._rungs.passed(held.slot, rungs))
        self._drop(held.slot.number)

    def _lose(self, number: int) -> None:
        """Its worker died: of several that ran, nobody knows for which one's sake, so each is tried alone."""
        alone = number in self._suspects
        self._ledger.release(number, died=alone)
        self._drop(number)
        self._suspects.add(number)
        self._ledger.mend()

    def _drop(self, number: int) -> None:
        self._held.pop(number, None)

    # ---- Rungs

    def _decide(self, bracket: Bracket) -> None:
        """Let those of a bracket end that do not go on, as far as that is known."""
        self._rungs.decide(bracket)
        alive = bracket.alive
        for number, held in [*self._held.items()]:
            if self._rungs.bracket_of(number) is not bracket or held.outcome is None:
                continue
            if held.rung + 1 < len(alive) and number not in alive[held.rung + 1]:
                self._end(held, held.outcome, held.rung + 1, "pruned")

    # ---- The end

    def _give_back(self) -> None:
        """All that waits at a rung."""
        for number in [*self._held]:
            self._ledger.release(number)
            self._drop(number)

    def _break_off(self) -> None:
        """Stop the workers, write down what is done, give back the rest. Ends are taken from the futures: an
        interrupt may come between the queue of ends and who waits for one.
        """
        self._workers.stop()
        held = [each for each in self._held.values() if each.future is not None]
        wait([each.future for each in held if each.future and not each.future.cancel()], timeout=_PATIENCE)
        # What cannot be written, on a full disk, say, which is what ended the search, is left as it is.
        for each in held:
            with suppress(Exception):
                self._take_last(each)
        with suppress(Exception):
            self._give_back()

    def _take_last(self, held: Held) -> None:
        """A trial that came to its end meanwhile is written down; others are given back."""
        future = held.future
        if future is None or not future.done() or future.cancelled() or future.exception() is not None:
            return
        outcome, last = future.result(), self._rungs.last(held.slot.number)
        if not outcome.interrupted and (outcome.reason or held.rung == last):
            self._end(held, outcome, held.rung, "failed" if outcome.reason else "complete")

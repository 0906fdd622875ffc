"""The trials of a search in an Optuna storage, which any number of processes share."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from fastdnn.interrupts import interrupts_held
from fastdnn.tune.optuna_parts import optuna
from fastdnn.tune.records import (
    PLANNED,
    RELEASED,
    RESULT,
    RUNG,
    SLOT,
    WORKER,
    Record,
    Slot,
    deaths_of,
    plain,
    result_from,
    result_of,
    trial_of,
    values_of,
)
from fastdnn.tune.runner import Outcome
from fastdnn.tune.shared_study import study_in
from fastdnn.tune.signs import Signs
from fastdnn.tune.space import Space
from fastdnn.tune.storages import storage_of
from fastdnn.tune.trial import Trial

_UNOWNED = 10.0  # seconds after which a trial is lost that was claimed by someone who did not come to say who


class Ledger:
    """Who does what, and what came of it.

    A slot is the number of a trial. An Optuna trial belongs to a slot and an attempt; of several for the same
    the one with the lowest number counts, so that two processes may plan at once. Claiming one is the
    storage's own step from WAITING to RUNNING, which one of them can make. What a dead process was running
    becomes FAIL, and its slot is written anew with the next attempt. So each slot is done once.

    One thread of a process uses it.

    Args:
        storage: None, a path, a URL, or a storage of Optuna's.
        name: of the study in it.
        maximize: whether more of the value is better.
        settings: what all who share the study must agree on, by name, as JSON knows it.
        space: that encodes values for Optuna.
        planned: trials that the study is to have, for who looks at it meanwhile.
        resume: whether the study may be there already.

    Raises:
        ValueError: the study is there and `resume` is not, or its settings are others.
    """

    def __init__(
        self,
        storage: Any,
        name: str,
        maximize: bool,
        settings: Mapping[str, Any],
        space: Space,
        seed: int,
        *,
        planned: int,
        resume: bool,
    ) -> None:
        self._optuna = optuna("search")
        self._states = self._optuna.trial.TrialState
        self.storage = storage_of("search", storage)
        self.in_memory = isinstance(self.storage, self._optuna.storages.InMemoryStorage)
        self._space = space
        self._seed = seed
        self._distributions = {each: distribution.encoded(each) for each, distribution in space.items()}
        self._records: dict[int, Record] = {}
        self._seen = 0  # Optuna trials
        self._surplus: list[int] = []  # those that do not count
        self.unfinished: set[int] = set()
        self.trials: dict[int, Trial] = {}
        names = {encoded: each for each, (encoded, _) in self._distributions.items()}
        self.study_id = study_in(self.storage, name, maximize, dict(settings), names, resume=resume)
        if self.storage.get_study_user_attrs(self.study_id).get(PLANNED) != planned:
            self.storage.set_study_user_attr(self.study_id, PLANNED, planned)
        self._signs = Signs(self.storage, self.study_id)
        self.refresh()

    # ---- Planning

    def plan(self, slots: Iterable[Slot], until: float = math.inf) -> bool:
        """Write those slots that nobody has written yet, as far as there is time; whether all are. A database
        takes milliseconds for each, so a Ctrl-C may come in between: who goes on writes the others.
        """
        with interrupts_held():
            self.refresh()
        missing = deque(slot for slot in slots if slot.number not in self._records)
        while missing and time.monotonic() <= until:
            with interrupts_held():
                self._write(missing.popleft(), attempt=0, deaths=0)
        with interrupts_held():
            self.refresh()
        return not missing

    def mend(self) -> None:
        """Take what dead processes were running away from them; write anew what was lost or given back."""
        self._reap()
        while self._surplus:
            with suppress(self._optuna.exceptions.UpdateFinishedTrialError):
                self.storage.set_trial_state_values(self._surplus.pop(), self._states.FAIL)
        for number in sorted(self.unfinished):
            record = self._records[number]
            if record.frozen.state == self._states.FAIL:  # without a result
                self._write(record.slot, record.attempt + 1, deaths_of(record.frozen))
        self.refresh()

    def _write(self, slot: Slot, attempt: int, deaths: int) -> None:
        params, distributions = {}, {}
        for name, value in slot.params.items():
            encoded, distribution = self._distributions[name]
            params[encoded] = self._space[name].encode(value)
            distributions[encoded] = distribution
        about = {
            "number": slot.number,
            "generation": slot.generation,
            "epochs": slot.epochs,
            "attempt": attempt,
            "deaths": deaths,
            "params": {name: plain(value) for name, value in slot.params.items()},
        }
        trial = self._optuna.trial.create_trial(
            state=self._states.WAITING, params=params, distributions=distributions, user_attrs={SLOT: about}
        )
        self.storage.create_new_trial(self.study_id, trial)

    # ---- Reading

    def refresh(self) -> None:
        """Learn what others have done."""
        trials = self.storage.get_all_trials(self.study_id, deepcopy=False)
        for frozen in trials[self._seen :]:
            self._meet(frozen)
        self._seen = len(trials)
        for number in [*self.unfinished]:
            record = self._records[number]
            frozen = trials[record.number]
            if frozen is not record.frozen:
                record.frozen = frozen
                self._note(record)

    def _meet(self, frozen: Any) -> None:
        about = frozen.user_attrs.get(SLOT)
        if about is None:
            return
        before = self._records.get(about["number"])
        if before is not None and before.attempt >= about["attempt"]:
            self._surplus.append(frozen._trial_id)  # two planned at once: the lower number counts
            return
        slot = Slot(about["number"], about["generation"], values_of(frozen, self._space), about["epochs"])
        record = Record(slot, frozen._trial_id, frozen.number, about["attempt"], frozen)
        self._records[slot.number] = record
        self.unfinished.add(slot.number)
        self._note(record)

    def _note(self, record: Record) -> None:
        """What a record's state means for its slot."""
        result = result_of(record.frozen)
        if result is not None:
            self.trials[record.slot.number] = trial_of(record.slot, self._seed, result)
            self.unfinished.discard(record.slot.number)

    def rung_values(self, numbers: Iterable[int], rung: int) -> dict[int, float]:
        """The values of trials at a rung, of those that have come there, and not failed."""
        found = {}
        for number in numbers:
            record = self._records.get(number)
            if record is not None and rung in record.frozen.intermediate_values:
                found[number] = float(record.frozen.intermediate_values[rung])
        return found

    def slot(self, number: int) -> Slot:
        """What a trial is."""
        return self._records[number].slot

    def is_planned(self, number: int) -> bool:
        """Whether a slot was written."""
        return number in self._records

    def waiting(self, numbers: Iterable[int]) -> list[int]:
        """Those that nobody works on."""
        return [
            number
            for number in numbers
            if number in self.unfinished and self._records[number].frozen.state == self._states.WAITING
        ]

    # ---- Working

    def claim(self, numbers: Iterable[int]) -> Slot | None:
        """One of these slots that nobody works on; None where there is none."""
        for number in numbers:
            record = self._records.get(number)
            if record is None or record.frozen.state != self._states.WAITING:
                continue
            try:
                won = self.storage.set_trial_state_values(record.id, state=self._states.RUNNING)
            except self._optuna.exceptions.UpdateFinishedTrialError:
                won = False
            if won:
                self.beat()
                self.storage.set_trial_system_attr(record.id, WORKER, self._signs.name)
                record.ours = True
                self._reread(record)
                return record.slot
            self._reread(record)
        return None

    def go_on(self, number: int, rung: int) -> None:
        """A trial that waited is trained on, up to this rung."""
        self._change(number, lambda record: self.storage.set_trial_user_attr(record.id, RUNG, rung))

    def report(self, number: int, rung: int, value: float) -> None:
        """A trial's value at a rung."""
        self._change(number, lambda record: self.storage.set_trial_intermediate_value(record.id, rung, value))

    def finish(self, outcome: Outcome, state: str, rungs: Iterable[tuple[int, float]] = ()) -> bool:
        """A trial's end; False where it was taken from this process, which was silent for too long."""

        def write(record: Record) -> None:
            result = result_from(outcome, rungs) | {"state": state}
            self.storage.set_trial_user_attr(record.id, RESULT, result)
            values = None if outcome.value is None else [outcome.value]
            self.storage.set_trial_state_values(record.id, self._finished(state), values)

        return self._change(outcome.number, write)

    def _finished(self, state: str) -> Any:
        names = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
        return self._states[names[state]]

    def release(self, number: int, *, died: bool = False) -> None:
        """Give a trial back, to be done from its start by whoever comes; `died`: for a fault of its own."""

        def write(record: Record) -> None:
            if not died:
                self.storage.set_trial_user_attr(record.id, RELEASED, True)
            self.storage.set_trial_state_values(record.id, self._states.FAIL)

        self._change(number, write)

    def _change(self, number: int, write: Callable[[Record], None]) -> bool:
        record = self._records[number]
        if not record.ours:
            return False
        try:
            write(record)
        except self._optuna.exceptions.UpdateFinishedTrialError:
            record.ours = False
            self._reread(record)
            return False
        self._reread(record)
        return True

    def _reread(self, record: Record) -> None:
        record.frozen = self.storage.get_trial(record.id)
        self._note(record)

    def close(self) -> None:
        """Say that what is left is nobody's, and force a journal to the disk."""
        self._signs.end()
        sync = getattr(getattr(self.storage, "_backend", None), "sync", None)
        if sync is not None:
            sync()

    def beat(self) -> None:
        """A sign of life, if it is due."""
        self._signs.beat()

    # ---- What others left

    def _reap(self) -> None:
        """What dead processes were running is nobody's."""
        running = {
            number: record
            for number in self.unfinished
            if not (record := self._records[number]).ours and record.frozen.state == self._states.RUNNING
        }
        owners = {number: record.frozen.system_attrs.get(WORKER) for number, record in running.items()}
        dead = self._signs.dead_among({owner for owner in owners.values() if owner is not None})
        for number, record in running.items():
            record.seen = record.seen or time.monotonic()
            unowned = owners[number] is None and time.monotonic() - record.seen > _UNOWNED
            if unowned or owners[number] in dead:
                self._take_away(record)

    def _take_away(self, record: Record) -> None:
        """What was written whole counts; the rest is FAIL, without a result."""
        result = record.frozen.user_attrs.get(RESULT)
        state, values = self._states.FAIL, None
        if result is not None:
            state = self._finished(result["state"])
            values = None if result["value"] is None else [result["value"]]
        with suppress(self._optuna.exceptions.UpdateFinishedTrialError):  # somebody else was quicker
            self.storage.set_trial_state_values(record.id, state, values)
        self._reread(record)

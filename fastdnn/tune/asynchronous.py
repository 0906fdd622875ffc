"""A search that waits for nobody: each proposal is made of what is finished at that moment."""

from collections.abc import Mapping
from typing import Any

from fastdnn.errors import expected
from fastdnn.interrupts import interrupts_held
from fastdnn.tune.brackets import Bracket, Held
from fastdnn.tune.coordinator import Coordinator
from fastdnn.tune.methods.asked import encoded, sampler_seed, suggested
from fastdnn.tune.optuna_parts import optuna, quiet
from fastdnn.tune.pruning import Median, shares
from fastdnn.tune.records import Slot
from fastdnn.tune.trial import Trial

SAMPLED = ("random", "evolutionary", "bayesian")


class Asynchronous(Coordinator):
    """No generations and no complete rungs: Optuna's sampler is asked when a worker is free, its pruner when
    a trial comes to a rung (asynchronous successive halving, or the median of who came there). What is
    proposed and stopped depends on who was quicker: no two runs are the same.
    """

    def prepare(self, name: str, longest: int) -> None:
        """Make the study in memory that sampler and pruner look at, with all that is finished.

        name: of the method.
        longest: epochs of the longest trial.
        """
        self._name = name
        self._longest = longest
        with quiet():
            self._study = optuna("search").create_study(
                sampler=self._sampler(name),
                pruner=self._optuna_pruner(longest),
                storage=optuna("search").storages.InMemoryStorage(),
            )
        self._asked: dict[int, Any] = {}
        self._known: set[int] = set()

    def run(self) -> None:
        """All trials; a Ctrl-C ends it as it does a reproducible search."""
        rungs = shares(self._pruner, self._longest)
        numbers = list(range(self._method.planned))
        bracket = Bracket(numbers, rungs, [set(numbers), *(set[int]() for _ in rungs[1:])])
        self._rungs.add(bracket)
        try:
            self._work_off([bracket])
        except BaseException:
            with interrupts_held():
                self._break_off()
            raise

    # ---- Proposals

    def _sampler(self, name: str) -> Any:
        samplers, size = optuna("search").samplers, self._method.generation_size
        seed = sampler_seed(self._seed, len(self._ledger.trials))  # after a crash no proposal twice
        if name == "bayesian":
            return samplers.TPESampler(seed=seed, n_startup_trials=size, constant_liar=True)
        if name == "evolutionary":
            return samplers.NSGAIISampler(seed=seed, population_size=size)
        return samplers.RandomSampler(seed=seed)

    def _is_open(self, bracket: Bracket) -> bool:
        return len(self._ledger.trials) < len(bracket.numbers)

    def _begin(self) -> bool:
        """A trial that somebody planned or lost, else a new one."""
        if super()._begin():
            return True
        number = next(
            (each for each in range(self._method.planned) if not self._ledger.is_planned(each)), None
        )
        if number is None:
            return False
        values, asked = self._proposal(number)
        stored = self._as_stored(values)
        self._ledger.plan([Slot(number, 0, stored, max(1, self._epochs(stored)))])
        if asked is not None and dict(self._ledger.slot(number).params) == stored:
            self._asked[number] = asked
        self._waiting.append(number)
        return super()._begin()

    def _proposal(self, number: int) -> tuple[Mapping[str, Any], Any]:
        if self._name == "random":
            return self._method.propose(0, [])[number], None
        self._tell_all()
        with quiet():
            asked = self._study.ask()
            return suggested(asked, self._method.space), asked

    def _tell_all(self) -> None:
        """What was finished since, here or elsewhere."""
        states = optuna("search").trial.TrialState
        for number, trial in [*self._ledger.trials.items()]:
            if number in self._known:
                continue
            self._known.add(number)
            asked = self._asked.pop(number, None)
            if trial.value is None:
                if asked is not None:
                    self._study.tell(asked, state=states.FAIL)
            elif asked is not None:
                self._study.tell(asked, self._method.sign * trial.value)
            else:
                self._study.add_trial(self._as_optunas(trial))

    def _as_optunas(self, trial: Trial) -> Any:
        params, distributions = encoded(self._method.space, trial.params)
        sign = self._method.sign
        assert trial.value is not None
        return optuna("search").trial.create_trial(
            params=params,
            distributions=distributions,
            value=sign * trial.value,
            intermediate_values={epochs: sign * value for epochs, value in trial.rungs},
        )

    # ---- Rungs

    def _optuna_pruner(self, longest: int) -> Any:
        pruners, first = optuna("search").pruners, max(1, round(shares(self._pruner, longest)[0] * longest))
        if self._pruner is None:
            return pruners.NopPruner()
        if isinstance(self._pruner, Median):
            return pruners.MedianPruner(n_startup_trials=self._method.generation_size)
        return pruners.SuccessiveHalvingPruner(first, self._pruner.factor)

    def _decide(self, bracket: Bracket) -> None:
        """Each trial that has come to a rung goes on or ends, by those that came there before."""
        self._tell_all()
        for number, held in self._held.items():
            if held.outcome is not None and held.future is None and not held.judged:
                held.judged = True
                if not self._is_hopeless(held):
                    bracket.alive[held.rung + 1].add(number)
        super()._decide(bracket)

    def _is_hopeless(self, held: Held) -> bool:
        number, until = held.slot.number, self._rungs.until(held.slot, held.rung)
        if held.rung and until == self._rungs.until(held.slot, held.rung - 1):
            return False  # it was judged at this epoch
        if number not in self._asked:  # another process's proposal, or a random one
            params, distributions = encoded(self._method.space, held.slot.params)
            self._study.enqueue_trial(params)
            with quiet():
                self._asked[number] = asked = self._study.ask(fixed_distributions=distributions)
        asked = self._asked[number]
        assert held.outcome is not None
        assert held.outcome.value is not None
        asked.report(self._method.sign * held.outcome.value, until)
        return bool(asked.should_prune())


def check(where: str, method: str) -> None:
    """Raise if a method has no asynchronous form."""
    if method not in SAMPLED:
        wanted = f"one of {', '.join(SAMPLED)} with reproducible=False"
        raise ValueError(expected(where, wanted, method, "it has no other form than the reproducible one"))

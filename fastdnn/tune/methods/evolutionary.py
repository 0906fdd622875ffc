"""Evolutionary search: the best of the generations so far are crossed and mutated."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastdnn.tune.methods.asked import asked, sampler_seed
from fastdnn.tune.methods.method import Method, scored
from fastdnn.tune.optuna_parts import optuna
from fastdnn.tune.trial import Trial


class Evolutionary(Method):
    """Optuna's `NSGAIISampler` with `generation_size` as its population. The first one is drawn at random.

    Source: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEC 6, 2002.
    """

    extends = True

    @property
    def generations(self) -> int:
        """As many as it takes."""
        return math.ceil(self._most / self.generation_size)

    def propose(self, generation: int, done: Sequence[Trial]) -> list[dict[str, Any]]:
        """A generation, the last one cut to the number of trials."""
        count = min(self.generation_size, self._most - len(done))
        if generation == 0 or not scored(done, self.sign):
            return [self.space.draw(self.seed, len(done) + number) for number in range(count)]
        kind = optuna("search").samplers.NSGAIISampler
        size = max(2, self.generation_size)
        sampler = kind(population_size=size, seed=sampler_seed(self.seed, generation))
        labels = {each: {f"{kind.__name__}:generation": each} for each in range(generation)}
        children = asked(sampler, self.space, done, self.sign, count, labels)
        return self._without_copies(children, done)

    def _without_copies(self, children: list[dict[str, Any]], done: Sequence[Trial]) -> list[dict[str, Any]]:
        """A child that is what was tried already, as one in ten is, makes way for a random one."""
        seen = {self._place(trial.params) for trial in done}
        for number, child in enumerate(children):
            if self._place(child) in seen:
                children[number] = self.space.draw(self.seed, len(done) + number)
            seen.add(self._place(children[number]))
        return children

    def _place(self, values: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
        """Where values lie, but for rounding."""
        return tuple((name, round(self.space[name].position(value), 9)) for name, value in values.items())

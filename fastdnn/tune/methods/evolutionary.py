"""Evolutionary search: the best of the generations so far are crossed and mutated."""

import math
from collections.abc import Sequence
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
        return asked(sampler, self.space, done, self.sign, count, labels)

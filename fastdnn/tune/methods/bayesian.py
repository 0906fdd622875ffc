"""Bayesian search by the tree-structured Parzen estimator, a generation at a time."""

import math
from collections.abc import Sequence
from typing import Any

from fastdnn.tune.methods.asked import asked, sampler_seed
from fastdnn.tune.methods.method import Method, scored
from fastdnn.tune.optuna_parts import optuna
from fastdnn.tune.trial import Trial


class Bayesian(Method):
    """Optuna's `TPESampler`. The first generation is drawn at random.

    The trials of a generation are proposed at once: each is told of the others as a bad one ("constant
    liar"), so that they differ.

    Source: Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011.
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
        sampler = optuna("search").samplers.TPESampler(
            seed=sampler_seed(self.seed, generation), n_startup_trials=1, constant_liar=True
        )
        return asked(sampler, self.space, done, self.sign, count)

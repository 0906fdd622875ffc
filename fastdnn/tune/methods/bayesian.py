"""Bayesian search by the tree-structured Parzen estimator, a generation at a time."""

from collections.abc import Sequence
from typing import Any

from fastdnn.tune.methods.asked import asked, sampler_seed
from fastdnn.tune.methods.learned import Learned
from fastdnn.tune.optuna_parts import optuna
from fastdnn.tune.trial import Trial


class Bayesian(Learned):
    """Optuna's `TPESampler`. The first generation is drawn at random.

    The trials of a generation are proposed at once: each is told of the others as a bad one ("constant
    liar"), so that they differ.

    Source: Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011.
    """

    def _learned(self, generation: int, done: Sequence[Trial], count: int) -> list[dict[str, Any]]:
        sampler = optuna("search").samplers.TPESampler(
            seed=sampler_seed(self.seed, generation), n_startup_trials=1, constant_liar=True
        )
        return asked(sampler, self.space, done, self.sign, count)

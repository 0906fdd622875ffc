"""Evolutionary search: the best of the generations so far are crossed and mutated."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastdnn.tune.methods.asked import asked, sampler_seed
from fastdnn.tune.methods.learned import Learned
from fastdnn.tune.optuna_parts import optuna
from fastdnn.tune.trial import Trial


class Evolutionary(Learned):
    """Optuna's `NSGAIISampler` with `generation_size` as its population. The first one is drawn at random.

    Source: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEC 6, 2002.
    """

    def _learned(self, generation: int, done: Sequence[Trial], count: int) -> list[dict[str, Any]]:
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

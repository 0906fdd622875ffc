"""Stages: sample the region, zoom into where the best quarter lies, train longer, again."""

import math
from collections.abc import Sequence
from typing import Any

from fastdnn.errors import expected
from fastdnn.tune.methods.method import Method, scored
from fastdnn.tune.space import Space
from fastdnn.tune.trial import Trial

_GOOD = 0.25  # of a stage's trials, whose region is searched next
_LEAST_SHARE = 0.25  # of each range, which the next one is not narrower than


class CoarseToFine(Method):
    """A generation is a stage. Each stage but the last is trained half as long as the next.

    The trials are shared out evenly. The region of a stage is the smallest box that holds the best quarter,
    at least two, of the stage before, no range narrower than a quarter of what it was, so each stage samples
    more densely. Where none of them is complete it is the same region again.

    Source: deck 002, "Coarse to fine".
    """

    @property
    def generations(self) -> int:
        """The stages, as far as there is a trial for each."""
        return min(self.stages, self._most)

    def propose(self, generation: int, done: Sequence[Trial]) -> list[dict[str, Any]]:
        """Points of the stage's region, drawn, or of a grid.

        Raises:
            ValueError: a stage has fewer trials than a grid of the space has points.
        """
        region = self.regions(done)[generation]
        size = self._size(generation)
        if self.sampling == "grid":
            if generation == 0:
                self._check_last()
            return region.grid(size)
        return [region.draw(self.seed, len(done) + number) for number in range(size)]

    def epochs_share(self, generation: int) -> float:
        """1 in the last stage, half as much in each before."""
        return 2.0 ** (generation + 1 - self.generations)

    def regions(self, done: Sequence[Trial]) -> tuple[Space, ...]:
        """Of all stages that have begun."""
        found = [self.space]
        for stage in range(self.generations - 1):
            trials = [trial for trial in done if trial.generation == stage]
            if not trials:
                break
            ranked = scored([trial for trial in trials if trial.state == "complete"], self.sign)
            good = [trial.params for _, trial in ranked[: max(2, math.ceil(_GOOD * len(ranked)))]]
            found.append(found[-1].zoomed(good, _LEAST_SHARE) if good else found[-1])
        return tuple(found)

    def _check_last(self) -> None:
        """The smallest stage with the largest region there may be, before the first trial."""
        size = self._size(self.generations - 1)
        try:
            self.space.grid(size)
        except ValueError as error:
            wanted = f"n_trials for {self.generations} stages that each are a grid of the space"
            got = f"{self._most}, {size} of them in the last stage ({error})"
            hint = 'ask for more trials or fewer stages, or take sampling="random"'
            raise ValueError(expected("search", wanted, got, hint)) from error

    def _size(self, generation: int) -> int:
        return self._most // self.generations + (generation < self._most % self.generations)

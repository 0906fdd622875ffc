"""What methods have in common that learn from complete generations."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from fastdnn.tune.methods.method import Method, scored
from fastdnn.tune.trial import Trial


class Learned(Method):
    """Generations of one size, the first of which is drawn at random."""

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
        return self._learned(generation, done, count)

    @abstractmethod
    def _learned(self, generation: int, done: Sequence[Trial], count: int) -> list[dict[str, Any]]:
        """So many values, of what complete generations have shown."""

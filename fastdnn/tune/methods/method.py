"""What all methods have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastdnn.tune.space import Space
from fastdnn.tune.trial import Trial


@dataclass(frozen=True)
class Method(ABC):
    """Proposes the trials of a generation, a function of its fields and the completed generations.

    space: what is searched.
    n_trials: at most; of a grid also {name: number of values}.
    seed: of everything that is drawn.
    sign: 1 where less of the value is better, -1 where more is.
    generation_size: of methods that learn from generation to generation.
    stages: of "coarse_to_fine".
    sampling: of a stage: "random" or "grid".
    """

    space: Space
    n_trials: int | Mapping[str, int]
    seed: int
    sign: float = 1.0
    generation_size: int = 8
    stages: int = 3
    sampling: str = "random"

    # Whether more trials of the same study are the same ones and further ones.
    extends: ClassVar[bool] = False

    @property
    @abstractmethod
    def generations(self) -> int:
        """How many there are."""

    @abstractmethod
    def propose(self, generation: int, done: Sequence[Trial]) -> list[dict[str, Any]]:
        """The values of a generation's trials; `done` are all trials of those before, by number."""

    def epochs_share(self, generation: int) -> float:
        """The share of its epochs that a trial is trained."""
        return 1.0

    def regions(self, done: Sequence[Trial]) -> tuple[Space, ...]:
        """The parts of the space that the generations searched, as far as they have begun."""
        return (self.space,)

    @property
    def planned(self) -> int:
        """How many trials there will be, at most."""
        return self._most

    @property
    def _most(self) -> int:
        assert isinstance(self.n_trials, int)
        return self.n_trials


def scored(done: Sequence[Trial], sign: float) -> list[tuple[float, Trial]]:
    """Trials with what is to be minimised, the best first; of equal ones the lower number. Those that failed
    are left out.
    """
    found = [(sign * trial.value, trial) for trial in done if trial.value is not None]
    return sorted(found, key=lambda pair: (pair[0], pair[1].number))

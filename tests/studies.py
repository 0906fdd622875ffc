"""Searches as pictures read them: trials of a made-up figure, without any training."""

import dataclasses
import math
from dataclasses import dataclass, field

import fastdnn as fd
from fastdnn.tune.importance import Importances
from fastdnn.tune.space import Space


def trial_of(number, params, value, generation=0, state="complete"):
    return fd.tune.Trial(number, params, number, generation, state, value)


@dataclass(frozen=True)
class Study(fd.tune.Study):
    """With importances as they are given."""

    shares: dict = field(default_factory=lambda: {"lr": 0.62, "units": 0.21, "dropout": 0.1, "layers": 0.07})

    def importances(self):
        complete = sum(trial.state == "complete" for trial in self.trials)
        levels = {name: 0.05 if place < 2 else 0.3 for place, name in enumerate(self.shares)}
        return Importances(self.shares, complete, 10, levels)

    def but(self, **changes):
        return dataclasses.replace(self, **changes)


def space_of(**more):
    given = {
        "lr": fd.tune.log_uniform(1e-4, 1e-1),
        "beta_1": fd.tune.one_minus_log_uniform(0.9, 0.999),
        "units": fd.tune.powers_of_two(32, 512),
        "dropout": fd.tune.uniform(0, 0.6),
        "layers": fd.tune.integers(1, 3),
        **fd.tune.when("layers", at_least=2, units_2=fd.tune.integers(8, 400, log=True)),
        "activation": fd.tune.choice("relu", "tanh", "leaky_relu"),
    }
    return Space.of("example", {**given, **more})


def score(params):
    """Lowest at lr 0.003, dropout 0.2."""
    rate = math.log10(params["lr"]) - math.log10(3e-3)
    return 0.1 + 0.3 * rate**2 + 2 * (params.get("dropout", 0.2) - 0.2) ** 2 + 5 / params.get("units", 32)


def study_of(trials=40, space=None, stages=3):
    """Coarse to fine: each stage is in the region of the best quarter of the one before."""
    regions, done = [space or space_of()], []
    for stage in range(stages):
        for _ in range(trials // stages):
            number = len(done)
            params = regions[-1].draw(0, number)
            state = "failed" if number % 11 == 7 else "pruned" if number % 5 == 3 else "complete"
            value = None if state == "failed" else score(params) * (1.3 if state == "pruned" else 1)
            done.append(trial_of(number, params, value, stage, state))
        own = [trial for trial in done if trial.generation == stage and trial.state == "complete"]
        good = sorted(own, key=lambda trial: trial.value)[: max(1, len(own) // 4)]
        if stage < stages - 1:
            regions.append(regions[-1].zoomed([trial.params for trial in good]))
    kept = tuple(done), trials, "val_loss", "min", "coarse_to_fine"
    return Study(*kept, regions[0], tuple(regions))

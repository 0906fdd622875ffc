"""Optuna's samplers, asked for a whole generation: a fresh study in memory that has the completed ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastdnn.data.draws import bits
from fastdnn.tune.methods.method import scored
from fastdnn.tune.optuna_parts import optuna, quiet
from fastdnn.tune.space import Space
from fastdnn.tune.trial import Trial


def asked(
    sampler: Any,
    space: Space,
    done: Sequence[Trial],
    sign: float,
    count: int,
    system_attrs: Mapping[int, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """So many proposals of a sampler that has seen these trials; those that failed are told as the worst.

    system_attrs: by generation, what the sampler wants to know of a trial.
    """
    package = optuna("search")
    with quiet():
        study = package.create_study(sampler=sampler, storage=package.storages.InMemoryStorage())
        worst = scored(done, sign)[-1][0]
        for trial in done:
            params, distributions = encoded(space, trial.params)
            study.add_trial(
                package.trial.create_trial(
                    params=params,
                    distributions=distributions,
                    value=worst if trial.value is None else sign * trial.value,
                    system_attrs=dict((system_attrs or {}).get(trial.generation, {})),
                )
            )
        return [suggested(study.ask(), space) for _ in range(count)]


def encoded(space: Space, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values and their distributions as Optuna has them."""
    params, distributions = {}, {}
    for name, value in values.items():
        known_as, distribution = space[name].encoded(name)
        params[known_as] = space[name].encode(value)
        distributions[known_as] = distribution
    return params, distributions


def suggested(trial: Any, space: Space) -> dict[str, Any]:
    """The values that an Optuna trial suggests, each parameter asked for once those before it are known."""
    kinds = optuna("search").distributions
    values: dict[str, Any] = {}
    for name in space:
        if not space.is_active(name, values):
            continue
        known_as, each = space[name].encoded(name)
        if isinstance(each, kinds.CategoricalDistribution):
            given = trial.suggest_categorical(known_as, each.choices)
        elif isinstance(each, kinds.IntDistribution):
            given = trial.suggest_int(known_as, each.low, each.high, step=each.step, log=each.log)
        else:
            given = trial.suggest_float(known_as, each.low, each.high, log=each.log)
        values[name] = space[name].decode(given)
    return values


def sampler_seed(seed: int, generation: int) -> int:
    """Of 32 bits, for a generation."""
    return int(bits(seed, f"tune generation {generation}").random_raw()) >> 32

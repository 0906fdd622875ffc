"""Methods that learn from generation to generation, coarse to fine, and conditional parameters."""

import math

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from searches import SPACE, build, rows, search

import fastdnn as fd
from fastdnn.tune.methods import METHODS, CoarseToFine

LEARNING = ["coarse_to_fine", "evolutionary", "bayesian"]


def trial(number, value, generation=0, state="complete", **params):
    return fd.tune.Trial(number, params, number, generation, state, value)


@pytest.mark.parametrize("pruner", [None, "successive_halving", "median"])
@pytest.mark.parametrize("method", ["random", *LEARNING])
def test_the_trials_are_the_same_for_any_number_of_workers(method, pruner, tmp_path):
    given = {"method": method, "pruner": pruner, "n_trials": 14, "epochs": 6, "generation_size": 5}
    alone = search(jobs=1, **given)
    for jobs in (2, 3):
        several = search(jobs=jobs, storage=tmp_path / f"journal{jobs}", **given)
        assert rows(several) == rows(alone)
        assert several.table() == alone.table()
    assert len(alone.trials) == 14
    states = {each.state for each in alone.trials}
    assert states == ({"complete"} if pruner is None else {"complete", "pruned"})


@pytest.mark.parametrize("method", ["evolutionary", "bayesian"])
def test_methods_that_learn_find_better_values_than_the_first_generation(method):
    """Of a function with one minimum: what later generations propose is nearer to it, on average."""
    space = fd.tune.Space.of("test", {"a": fd.tune.uniform(0, 1), "b": fd.tune.log_uniform(1e-4, 1)})
    done = []
    made = METHODS[method](space, 80, seed=3, generation_size=8)
    means = []
    for generation in range(made.generations):
        proposals = made.propose(generation, done)
        values = [(p["a"] - 0.3) ** 2 + (math.log10(p["b"]) + 2) ** 2 / 16 for p in proposals]
        done += [
            trial(len(done) + number, value, generation, **p)
            for number, (p, value) in enumerate(zip(proposals, values, strict=True))
        ]
        means.append(np.mean(values))
    assert np.mean(means[-3:]) < 0.5 * means[0]
    assert len({tuple(round(each, 9) for each in t.params.values()) for t in done}) == 80  # no one twice


@pytest.mark.parametrize("method", LEARNING)
def test_where_more_is_better_they_climb(method):
    space = fd.tune.Space.of("test", {"a": fd.tune.uniform(0, 1)})
    down = METHODS[method](space, 24, 0, 1.0, 8)
    up = METHODS[method](space, 24, 0, -1.0, 8)
    done_down, done_up = [], []
    for generation in range(3):
        for made, done, sign in ((down, done_down, 1), (up, done_up, -1)):
            first = len(done)
            done += [
                trial(first + number, sign * (p["a"] - 0.3) ** 2, generation, **p)
                for number, p in enumerate(made.propose(generation, done))
            ]
    assert [each.params for each in done_down] == [each.params for each in done_up]


@pytest.mark.parametrize("method", LEARNING)
def test_trials_that_failed_do_not_stop_a_method(method):
    def brittle(p):
        if p["units"] != 8:
            raise ValueError("only eights")
        return build(p)

    study = search(build=brittle, method=method, n_trials=15, generation_size=5)
    assert len(study.trials) == 15
    assert {each.state for each in study.trials} == {"complete", "failed"}
    if method == "coarse_to_fine":
        assert {each.params["units"] for each in study.trials if each.generation} == {8}


# ---- Coarse to fine


def test_coarse_to_fine_zooms_into_the_best_quarter_and_trains_longer():
    study = search(method="coarse_to_fine", n_trials=26, stages=3, epochs=8)
    assert [sum(t.generation == stage for t in study.trials) for stage in range(3)] == [9, 9, 8]
    assert [{t.epochs for t in study.trials if t.generation == stage} for stage in range(3)] == [
        {2},
        {4},
        {8},
    ]
    assert len(study.regions) == 3
    for stage in (1, 2):
        earlier = sorted((t for t in study.trials if t.generation == stage - 1), key=lambda t: t.value)
        region, before = study.regions[stage], study.regions[stage - 1]
        for good in earlier[:3]:
            assert all(region[name].contains(value) for name, value in good.params.items())
        for name in ("lr", "dropout"):
            width = before[name].position(region[name].high) - before[name].position(region[name].low)
            assert 0.25 - 1e-9 <= width < 1
        for t in study.trials:
            if t.generation == stage:
                assert all(region[name].contains(value) for name, value in t.params.items())


def test_coarse_to_fine_over_grids():
    space = {"lr": fd.tune.log_uniform(1e-4, 1e-1), "units": fd.tune.powers_of_two(4, 16)}

    def of_two(p):
        return build({"beta_1": 0.9, "dropout": 0.0, "activation": "relu", **p})

    study = search(build=of_two, space=space, method="coarse_to_fine", sampling="grid", stages=2, n_trials=18)
    for stage in range(2):
        points = [dict(t.params) for t in study.trials if t.generation == stage]
        assert points == study.regions[stage].grid(9)


@pytest.mark.filterwarnings("ignore:.*a build that reads the parameter")
def test_a_stage_too_small_for_a_grid_is_refused_before_the_first_trial():
    space = {"c": fd.tune.choice(1, 2, 3, 4, 5)}
    built = []

    def never_finite(p):
        built.append(p)
        return build({"lr": 1e30, "beta_1": 0.9, "units": 4, "dropout": 0.0, "activation": "relu"})

    given = {"build": never_finite, "space": space, "method": "coarse_to_fine", "sampling": "grid"}
    with pytest.raises(ValueError, match=r"expected n_trials for 3 stages .*, got 13, 4 of them in the last"):
        search(n_trials=13, **given)
    assert not built
    study = search(n_trials=15, **given)
    assert [each.state for each in study.trials] == ["failed"] * 15


def test_more_stages_than_trials_is_a_stage_for_each():
    space = fd.tune.Space.of("test", SPACE)
    assert CoarseToFine(space, 2, 0, stages=3).generations == 2


# ---- Conditions


DEEP = {
    "layers": fd.tune.integers(1, 3),
    **fd.tune.when("layers", at_least=2, units_2=fd.tune.powers_of_two(4, 16)),
    **fd.tune.when("layers", at_least=3, units_3=fd.tune.powers_of_two(4, 16)),
    "lr": fd.tune.log_uniform(1e-3, 1e-1),
}


def deep(p):
    units = [8, *(p[name] for name in ("units_2", "units_3") if name in p)]
    assert len(units) == p["layers"]
    model = fd.Sequential([fd.Input((8,)), *(fd.layers.Dense(n, "relu") for n in units), fd.layers.Dense(3)])
    model.compile(fd.optimizers.Adam(p["lr"]), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.mark.parametrize("method", list(METHODS))
def test_conditional_parameters_are_there_where_they_count(method, tmp_path):
    given = {"build": deep, "space": DEEP, "method": method, "n_trials": 16, "epochs": 1}
    study = search(jobs=2, storage=tmp_path / "journal", **given)
    for each in study.trials:
        assert set(each.params) == {"lr", "layers", *["units_2", "units_3"][: each.params["layers"] - 1]}
        assert each.state == "complete"
    assert len({each.params["layers"] for each in study.trials}) > 1
    assert rows(search(jobs=1, **given)) == rows(study)
    assert rows(fd.tune.load(tmp_path / "journal")) == rows(study)

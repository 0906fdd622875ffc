"""What a search says before its first trial and after the last: unread parameters, figures of training rows,
spaces of few combinations, builds that make another model."""

import copy
import json
import pickle
import types
import warnings

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from searches import build as build_of_all
from searches import rows, search

import fastdnn as fd
from fastdnn.tune.methods.distinct import point_count, random_points

SPACE = {"lr": fd.tune.log_uniform(1e-4, 1e-1), "units": fd.tune.powers_of_two(4, 16)}
REST = {"beta_1": 0.9, "dropout": 0.0, "activation": "relu", "units": 4}


def build(p):
    return build_of_all(REST | {"lr": p["lr"], "units": p["units"]})


def short(space=SPACE, build=build, **given):
    return search(space=space, build=build, **{"n_trials": 2, "epochs": 1, "jobs": 1} | given)


def told(**given):
    """The study and what was said before its first trial."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        study = short(**given)
    assert all(each.filename.endswith("searches.py") for each in caught)  # who called search
    return study, [str(each.message) for each in caught]


# ---- Values that build does not read


def test_a_parameter_that_build_never_reads_is_named_before_the_first_trial():
    study, (said,) = told(space=SPACE | {"momentum": fd.tune.uniform(0, 1)})
    assert "expected a build that reads the parameter 'momentum', got one that did not in 16 calls" in said
    assert "p['momentum']" in said
    assert study.unread == ("momentum",)
    (advice,) = study.advice
    assert (advice.kind, advice.severity) == ("unread_parameter", "warning")
    assert "build did not read momentum before the search" in str(study)


def test_a_name_that_build_asks_for_in_vain_is_told():
    space = {"lr": SPACE["lr"], "unit": SPACE["units"]}
    _, (said,) = told(space=space, build=lambda p: build({"lr": p["lr"], "units": p.get("units", 4)}))
    assert said.endswith("it asks for 'units': give both one name")


@pytest.mark.parametrize(
    "read",
    [
        dict,
        lambda p: {**p},
        lambda p: (lambda **values: values)(**p),
        lambda p: {name: value for name, value in p.items()},  # noqa: C416
        lambda p: {name: p[name] for name in p},
        lambda p: p.copy(),
        lambda p: p | {},
        lambda p: {} | p,
        lambda p: dict(zip(p.keys(), p.values(), strict=True)),
        copy.copy,
        copy.deepcopy,
        lambda p: pickle.loads(pickle.dumps(p)),
        lambda p: json.loads(json.dumps(p)),
        lambda p: vars(types.SimpleNamespace(**p)),
        lambda p: {"lr": p.pop("lr"), "units": p.setdefault("units", 4), "more": "more" in p},
    ],
)
def test_values_that_are_copied_spread_or_looped_over_are_read(read):
    def all_of_them(p):
        assert isinstance(p, dict)
        found = read(p)
        assert type(found) is dict
        return build(found)

    study, said = told(space=SPACE | {"more": fd.tune.integers(1, 3)}, build=all_of_them)
    assert (said, study.unread) == ([], ())


def test_what_is_read_in_some_trials_or_by_callbacks_or_by_the_search_is_no_trouble():
    def by_layers(p):
        return build({"lr": p["lr"], "units": p["units"] if p["layers"] > 1 else 4})

    space = SPACE | {"layers": fd.tune.integers(1, 3), "patience": fd.tune.integers(1, 3)}
    given = {"callbacks": lambda p: [fd.callbacks.EarlyStopping("val_loss", patience=p["patience"])]}
    given |= {"epochs": fd.tune.integers(1, 2), "batch_size": fd.tune.choice(16, 32)}
    for seed in range(4):
        assert told(space=space, build=by_layers, seed=seed, **given)[1] == []


def test_a_conditional_parameter_is_looked_for_where_it_is_there():
    space = {"layers": fd.tune.integers(1, 8), **SPACE}
    space |= fd.tune.when("layers", equals=8, units_8=fd.tune.integers(4, 8))

    def only_there(p):
        return build(p | {"units": p["units_8"]} if p["layers"] == 8 else p)

    assert told(space=space, build=only_there)[1] == []
    _, (said,) = told(space=space, build=lambda p: build({"lr": p["lr"], "units": p["units"] + p["layers"]}))
    assert "'units_8'" in said


def test_build_is_called_no_more_than_twice_where_it_reads_all():
    calls = []
    short(build=lambda p: (calls.append(p), build(p))[1])
    assert len(calls) == 2 + 2  # of the dry run, and the trials'
    assert type(calls[-1]) is dict


def test_a_name_that_is_not_in_the_space_is_told_with_those_that_are():
    with pytest.raises(ValueError, match="one of lr, units, got 'unit'; did you mean 'units'"):
        short(build=lambda p: build({"lr": p["lr"], "units": p["unit"]}))
    with pytest.raises(
        ValueError, match=r"no attribute 'lr'; the values are drawn, and in a dictionary: p\['lr'\]"
    ):
        short(build=lambda p: build({"lr": p.lr}))
    assert short(build=lambda p: build(p if "unit" not in p else {})).best_trial


# ---- Figures of the rows that are trained on


@pytest.mark.parametrize(("figure", "mode"), [("accuracy", "max"), ("loss", "min")])
def test_a_figure_of_the_training_rows_is_said_to_be_one(figure, mode):
    study, (said,) = told(monitor=figure)
    assert f"expected monitor as a figure of held-out rows, 'val_{figure}', got '{figure}'" in said
    assert study.mode == mode
    (advice,) = study.advice
    assert (advice.kind, advice.code) == ("training_figure", f"monitor = 'val_{figure}'")
    assert f"'val_{figure}' is in each trial's metrics" in advice.evidence
    assert told(monitor=f"val_{figure}")[1] == []


# ---- Spaces of few combinations

FEW = {"units": fd.tune.choice(4, 8), "lr": fd.tune.choice(0.1, 0.01, 0.001)}


@pytest.mark.parametrize("reproducible", [True, False])
def test_a_random_search_ends_when_all_combinations_were_tried_once(reproducible, tmp_path):
    study, (said,) = told(space=FEW, n_trials=20, reproducible=reproducible)
    assert "expected n_trials up to 6, as many combinations as the space has, got 20; each is tried" in said
    assert len(study.trials) == study.planned == 6
    assert len({(t.params["units"], t.params["lr"]) for t in study.trials}) == 6
    assert told(space=FEW, n_trials=6)[1] == []


def test_combinations_are_in_the_same_order_for_any_number_of_trials_and_workers(tmp_path):
    alone, _ = told(space=FEW, n_trials=20)
    assert rows(told(space=FEW, n_trials=20, jobs=3)[0]) == rows(alone)
    assert rows(told(space=FEW, n_trials=4)[0]) == rows(alone)[:4]
    journal = tmp_path / "journal"
    told(space=FEW, n_trials=3, storage=journal)
    found, _ = told(space=FEW, n_trials=20, jobs=2, storage=journal, resume=True)
    assert rows(found) == rows(alone)


def test_a_search_that_learns_says_that_it_tries_some_again():
    study, (said,) = told(space=FEW, n_trials=8, method="evolutionary", generation_size=4)
    assert said.endswith('some are tried again; "random" and "grid" try each once')
    assert len(study.trials) == 8
    assert told(space=FEW, n_trials=20, method="grid")[1] == []


def test_points_of_finite_spaces_are_drawn_once_each():
    pairs = {"a": fd.tune.integers(1, 30), "b": fd.tune.integers(1, 40, log=True)}
    space = fd.tune.Space.of("test", pairs)
    assert point_count(space) == 1200
    points = random_points(space, 3, 5000)
    assert len(points) == len({(p["a"], p["b"]) for p in points}) == 1200
    assert random_points(space, 3, 700) == points[:700]
    assert random_points(space, 4, 700) != points[:700]
    drawn = [space.draw(3, number) for number in range(200)]
    different = [point for place, point in enumerate(drawn) if point not in drawn[:place]]
    assert points[: len(different)] == different  # as they are drawn, without those that were there before
    last = np.array([p["a"] for p in points[-60:]])
    assert min(np.diff(last)) < 0 < max(np.diff(last))  # those that are listed are in no order


def test_conditions_and_ranges_count_as_they_are_there():
    some = {"layers": fd.tune.integers(1, 3), **fd.tune.when("layers", equals=3, c=fd.tune.choice("x", "y"))}
    space = fd.tune.Space.of("test", some)
    assert point_count(space) == 4
    assert len(random_points(space, 0, 100)) == 4
    range_there = fd.tune.Space.of("test", some | {"a": fd.tune.uniform(0, 1)})
    assert point_count(range_there) is None
    assert len(random_points(range_there, 0, 100)) == 100
    large = fd.tune.Space.of("test", {"a": fd.tune.integers(1, 10**6), "b": fd.tune.integers(1, 10**6)})
    assert point_count(large) is None
    unlikely = {"a": fd.tune.choice(*range(50)), **fd.tune.when("a", equals=3, b=fd.tune.integers(1, 10**5))}
    many = fd.tune.Space.of("test", unlikely)
    assert point_count(many) is None
    assert len(random_points(many, 0, 200)) == 200  # and comes to an end


def test_options_without_a_hash_are_told_apart():
    space = fd.tune.Space.of(
        "test", {"sizes": fd.tune.choice([8], [8, 4], [4]), "flag": fd.tune.choice(1, True)}
    )
    points = random_points(space, 0, 50)
    assert len(points) == 6
    assert sum(point["flag"] is True for point in points) == 3


# ---- Builds that make another model


def network(p, units=4, **given):
    layers = [fd.Input((8,)), fd.layers.Dense(units, "relu", **given), fd.layers.Dense(3)]
    model = fd.Sequential(layers)
    model.compile(fd.optimizers.Adam(p["lr"]), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def with_other_units():
    draw = iter(range(4, 100))
    return lambda p: network(p, next(draw))


def with_seeds_of_its_own():
    seeds = iter(range(100))

    def build(p):
        made = fd.Sequential([fd.Input((8,)), fd.layers.Dense(3)], seed=next(seeds))
        made.compile(fd.optimizers.Adam(p["lr"]), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        return made

    return build


def with_weights_drawn_anew():
    draw = np.random.default_rng(0)

    def build(p):
        made = network(p)
        made.set_weights([draw.normal(size=each.shape) for each in made.get_weights()])
        return made

    return build


@pytest.mark.parametrize("make", [with_other_units, with_seeds_of_its_own, with_weights_drawn_anew])
def test_a_build_that_makes_another_model_of_the_same_values_is_told(make, tmp_path):
    given = {"space": {"lr": SPACE["lr"]}, "epochs": 1, "storage": tmp_path / "journal"}
    told = r"a build that makes the same model of the same values, got another one at its second call"
    with pytest.warns(UserWarning, match=told):
        search(build=make(), n_trials=2, **given)
    with pytest.warns(UserWarning, match=told):
        assert len(search(build=make(), n_trials=3, resume=True, **given).trials) == 3


@pytest.mark.parametrize(
    ("pruner", "least"), [("successive_halving", 3), (fd.tune.Median(least_epochs=2), 4)]
)
def test_a_pruner_that_nothing_is_long_enough_for_is_told(pruner, least):
    told = rf"expected epochs from {least} on with this pruner, got {least - 1}; no trial is stopped early"
    with pytest.warns(UserWarning, match=told):
        study = search(n_trials=6, epochs=least - 1, pruner=pruner)
    assert {trial.state for trial in study.trials} == {"complete"}
    assert "pruned" in {trial.state for trial in search(n_trials=6, epochs=least, pruner=pruner).trials}


def test_names_of_layers_may_be_others_at_each_call(tmp_path):
    names = iter(range(100))

    def build(p):
        return network(p, name=f"layer-{next(names)}")

    given = {"build": build, "space": {"lr": SPACE["lr"]}, "epochs": 1, "storage": tmp_path / "journal"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(n_trials=2, **given)
        assert len(search(n_trials=3, resume=True, **given).trials) == 3
    with pytest.raises(ValueError, match="model = "):
        search(n_trials=4, resume=True, **given | {"build": lambda p: network(p, 5)})


def strict(p):
    if type(p) is not dict:
        raise TypeError("a dictionary is wanted")
    return build(p)


@pytest.mark.parametrize("make", [lambda p: build(type(p)(p)), strict])
def test_a_build_that_wants_a_plain_dictionary_gets_one(make):
    assert told(build=make)[1] == []
    assert told(build=make, space=SPACE | {"momentum": fd.tune.uniform(0, 1)})[0].unread in (
        (),
        ("momentum",),
    )

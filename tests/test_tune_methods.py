"""Methods that learn, pruners at complete rungs, cross-validation, conditional parameters, processes."""

import math
import time
import types

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
import searches
from networks import weight_hash
from searches import DEV, SPACE, TRAIN, X, Y, build, rows, search
from test_tune_search import marks, run_apart, wait_for_marks

import fastdnn as fd
from fastdnn.tune.methods import METHODS, CoarseToFine
from fastdnn.tune.pruning import Median, SuccessiveHalving, shares

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


@pytest.mark.parametrize("method", ["coarse_to_fine", "bayesian"])
def test_after_kill_9_in_a_later_generation_the_rest_is_the_same(method, tmp_path):
    given = {
        "method": method,
        "n_trials": 12,
        "generation_size": 4,
        "pruner": "successive_halving",
        "epochs": 6,
    }
    journal, seen = tmp_path / "journal", tmp_path / "marks"
    process = run_apart(journal, repr({**given, "jobs": 2}), MARKS=str(seen), PAUSE="0.01", HOLD="8")
    wait_for_marks(seen, 9, process)
    process.kill()
    process.wait()
    process.stderr.close()
    before = len(fd.tune.load(journal).trials)
    assert before < 12
    assert rows(search(storage=journal, resume=True, **given)) == rows(search(**given))
    assert len(marks(seen)) < 15


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


# ---- Pruners


def test_rungs_are_shares_of_the_epochs():
    assert shares(SuccessiveHalving(3, 1), 27) == (1 / 27, 1 / 9, 1 / 3, 1.0)
    assert shares(SuccessiveHalving(3, 4), 27) == (1 / 3, 1.0)
    assert shares(SuccessiveHalving(2, 1), 1) == (1.0,)
    assert shares(Median(3), 12) == (0.25, 0.5, 1.0)


def test_halving_keeps_the_best_third_at_each_rung():
    study = search(n_trials=9, epochs=9, pruner="successive_halving")
    by_epochs = {epochs: [t for t in study.trials if t.epochs == epochs] for epochs in (1, 3, 9)}
    assert [len(by_epochs[epochs]) for epochs in (1, 3, 9)] == [6, 2, 1]
    assert {t.state for t in by_epochs[1] + by_epochs[3]} == {"pruned"}
    (last,) = by_epochs[9]
    assert last.state == "complete"
    assert [epochs for epochs, _ in last.rungs] == [1, 3]
    went_on = [t.rungs[0][1] for t in by_epochs[3] + by_epochs[9]]
    assert max(went_on) <= min(t.value for t in by_epochs[1])
    assert study.best_trial is last


def test_a_trial_in_stretches_is_the_trial_in_one_go():
    whole = search(n_trials=9, epochs=9)
    halved = search(n_trials=9, epochs=9, pruner="successive_halving")
    (last,) = [t for t in halved.trials if t.state == "complete"]
    assert last.value == whole.trials[last.number].value
    assert dict(last.metrics) == dict(whole.trials[last.number].metrics)
    assert weight_hash(halved.train(last.number)) == weight_hash(whole.train(last.number))
    short = search(n_trials=9, epochs=3)
    for t in halved.trials:
        for epochs, value in t.rungs:
            if epochs == 3:
                assert value == short.trials[t.number].value


def test_stretches_with_callbacks_are_those_of_one_go():
    stop = fd.callbacks.EarlyStopping("val_loss", patience=1)
    given = {"n_trials": 6, "epochs": 9, "callbacks": [stop], "jobs": 2}
    whole, halved = search(**given), search(pruner=SuccessiveHalving(2, 2), **given)
    complete = [t for t in halved.trials if t.state == "complete"]
    assert complete
    for t in complete:
        assert (t.value, t.epochs) == (whole.trials[t.number].value, whole.trials[t.number].epochs)
    assert min(t.epochs for t in whole.trials) < 9
    assert stop.stopped_epoch is None  # trials have copies of it


def test_the_median_rule_keeps_the_better_half():
    study = search(n_trials=9, epochs=4, pruner="median")
    first = [t for t in study.trials if t.epochs == 1]
    assert len(first) == 4
    assert max(t.rungs[0][1] for t in study.trials if t.epochs > 1) <= min(t.value for t in first)


def test_the_median_is_also_of_earlier_generations():
    pruner = Median()
    assert pruner.survivors({8: 0.5, 9: 0.6}, {0: 0.1, 1: 0.2, 2: 0.3}, 1.0) == set()
    assert pruner.survivors({8: 0.5, 9: 0.6}, {0: 0.1, 1: 0.2, 2: 0.3}, -1.0) == {8, 9}


@pytest.mark.parametrize("pruner", ["successive_halving", "median"])
def test_nobody_comes_to_a_rung(pruner):
    builds = []

    def build_of_the_dry_run_alone(p):
        builds.append(p)
        if len(builds) > 2:
            raise RuntimeError("no memory")
        return searches.build(p)

    study = search(build=build_of_the_dry_run_alone, n_trials=5, epochs=9, pruner=pruner)
    assert [trial.state for trial in study.trials] == 5 * ["failed"]


@pytest.mark.parametrize("reproducible", [True, False])
@pytest.mark.parametrize("pruner", ["successive_halving", "median"])
@pytest.mark.parametrize("epochs", [fd.tune.choice(1, 27), fd.tune.integers(1, 9)])
def test_rungs_at_the_same_epoch_of_a_short_trial_are_one(epochs, pruner, reproducible):
    given = {"n_trials": 9, "epochs": epochs}
    whole = search(**given)
    study = search(pruner=pruner, reproducible=reproducible, **given)
    assert not [each.reason for each in study.trials if each.state == "failed"]
    for each in study.trials:
        rungs = [until for until, _ in each.rungs]
        assert rungs == sorted(set(rungs))
        if each.epochs == each.params["epochs"]:
            assert each.value == whole.trials[each.number].value
    assert any(each.state == "complete" for each in study.trials)


@pytest.mark.parametrize("pruner", ["successive_halving", "median"])
@pytest.mark.parametrize("reproducible", [True, False])
def test_where_time_is_up_the_best_of_those_that_wait_are_finished(
    pruner, reproducible, tmp_path, monkeypatch
):
    from fastdnn.tune import coordinator

    built = []

    def counting(p):
        built.append(p)
        return build(p)

    def clock():  # time is up with the eighth trial
        return time.monotonic() + 1000 * (len(built) > 9)

    monkeypatch.setattr(coordinator, "time", types.SimpleNamespace(monotonic=clock))
    given = {"epochs": 9, "pruner": pruner, "jobs": 2, "build": counting, "reproducible": reproducible}
    study = search(n_trials=24, seconds=500, storage=tmp_path / "journal", **given)
    assert 8 <= len(study.trials) < 24
    assert {each.state for each in study.trials} <= {"complete", "pruned"}
    assert sum(each.state == "complete" for each in study.trials) >= 1
    assert study.best_trial.epochs == 9
    if reproducible:  # all had come to the first rung, and two went on
        assert sum(each.state == "complete" for each in study.trials) == 2
        best = sorted(each.rungs[0][1] for each in study.trials)[:2]
        assert {each.rungs[0][1] for each in study.trials if each.state == "complete"} == set(best)
    assert len(built) == len(study.trials) + 2  # the dry run's
    whole = search(n_trials=24, storage=tmp_path / "journal", resume=True, **given)
    assert len(whole.trials) == 24
    assert rows(study)[0] == rows(whole)[study.trials[0].number]
    assert {each.state for each in whole.trials} == {"complete", "pruned"}


@pytest.mark.parametrize("pruner", ["successive_halving", "median"])
@pytest.mark.parametrize("method", ["random", "grid"])
def test_a_pruner_keeps_the_models_of_few_trials(method, pruner, monkeypatch):
    from fastdnn.tune.brackets import SIZE
    from fastdnn.tune.coordinator import Coordinator

    kept, arrive = [], Coordinator._arrive

    def watched(self, held, outcome):
        arrive(self, held, outcome)
        kept.append(sum(each.outcome is not None for each in self._held.values()))

    monkeypatch.setattr(Coordinator, "_arrive", watched)
    given = {"method": method, "pruner": pruner, "epochs": 3, "n_trials": 100}
    if method == "grid":
        given["n_trials"] = {"lr": 3, "beta_1": 4, "units": 3, "dropout": 1}  # and the activations
    study = search(jobs=1, **given)
    assert len(study.trials) > 2 * SIZE
    assert max(kept) <= SIZE
    kept.clear()
    assert rows(search(jobs=3, **given)) == rows(study)
    assert max(kept) <= 2 * SIZE
    if pruner == "successive_halving":
        brackets = math.ceil(len(study.trials) / SIZE)
        first = study.trials[: len(study.trials) // brackets]
        assert sum(each.state == "complete" for each in first) == math.ceil(len(first) / 3)


@pytest.mark.parametrize("bad", [{"factor": 1}, {"least_epochs": 0}, {"factor": 2.5}])
def test_a_pruner_refuses(bad):
    with pytest.raises(ValueError, match=f"expected {next(iter(bad))} as a whole number"):
        fd.tune.SuccessiveHalving(**bad)


# ---- Cross-validation


def test_a_value_is_the_mean_over_the_folds():
    study = search(cv=3, n_trials=3)
    folds = fd.data.k_fold_indices(180, 3, stratify=TRAIN[1], seed=1)
    for each in study.trials:
        losses = []
        for train, dev in folds:
            model = fd.tune.trial_model(build, each)
            model.fit(TRAIN[0][train], TRAIN[1][train], epochs=3, verbose=0)
            losses.append(model.evaluate(TRAIN[0][dev], TRAIN[1][dev], return_dict=True)["loss"])
        assert [fold["val_loss"] for fold in each.folds] == losses
        assert each.value == sum(losses) / 3
        assert each.spread == pytest.approx(np.std(losses, ddof=1))
    assert "±" in study.table()


def test_after_a_cross_validation_the_best_model_is_trained_on_all_rows():
    study = search(cv=3, n_trials=3)
    by_hand = fd.tune.trial_model(build, study.best_trial)
    by_hand.fit(*TRAIN, epochs=3, verbose=0)
    assert weight_hash(study.best_model) == weight_hash(by_hand)


def test_folds_are_stratified_by_labels_and_keep_groups_together():
    groups = np.arange(180) // 6
    study = search(cv=3, groups=groups, n_trials=1)
    assert len(study.work.folds) == 3
    for train, dev in study.work.folds:
        assert not set(groups[train]) & set(groups[dev])
    plain, stratified = (search(cv=3, n_trials=1, stratify=how).work.folds for how in (False, None))
    spreads = []
    for folds in (plain, stratified):
        counts = np.array([np.bincount(TRAIN[1][dev], minlength=3) for _, dev in folds])
        spreads.append(np.ptp(counts, axis=0).max())
    assert spreads[1] <= 1 < spreads[0]


def test_folds_may_be_given_as_rows_or_by_an_object_that_splits():
    class Halves:
        def split(self, x, y, groups):
            rows = np.arange(len(x))
            assert len(y) == len(x)
            yield rows[: len(x) // 2], rows[len(x) // 2 :]
            yield rows[len(x) // 2 :], rows[: len(x) // 2]

    pairs = [(np.arange(90), np.arange(90, 180)), (np.arange(90, 180), np.arange(90))]
    mask = np.arange(180) < 90
    found = [search(cv=cv, n_trials=2) for cv in (Halves(), pairs, [(mask, ~mask), (~mask, mask)])]
    assert rows(found[0]) == rows(found[1]) == rows(found[2])


def test_halving_goes_with_cross_validation():
    given = {"cv": 2, "n_trials": 6, "epochs": 4, "pruner": SuccessiveHalving(2, 1)}
    alone = search(jobs=1, **given)
    assert rows(search(jobs=3, **given)) == rows(alone)
    whole = search(cv=2, n_trials=6, epochs=4)
    best = alone.best_trial
    assert best.value == whole.trials[best.number].value


# ---- Conditions, epochs and batch size


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


def test_epochs_and_batch_size_may_be_searched(tmp_path):
    def telling(p):
        assert p["epochs"] in (2, 4, 6)
        assert p["batch_size"] in (8, 16, 32)
        return build(p)

    sizes = {"epochs": fd.tune.integers(2, 6, step=2), "batch_size": fd.tune.powers_of_two(8, 32)}
    study = search(build=telling, **sizes, storage=tmp_path / "journal")
    assert all(each.epochs == each.params["epochs"] for each in study.trials)
    assert len({each.params["batch_size"] for each in study.trials}) == 3
    some = study.trials[3]
    model = fd.tune.trial_model(build, some)
    model.fit(*TRAIN, epochs=some.params["epochs"], batch_size=some.params["batch_size"], verbose=0)
    assert model.evaluate(*DEV, return_dict=True)["loss"] == some.value
    assert rows(search(build=telling, space={**SPACE, **sizes}, epochs=None)) == rows(study)
    halved = search(build=telling, **sizes, pruner="successive_halving")
    for each in halved.trials:
        if each.state == "complete":
            assert each.epochs == each.params["epochs"]
            assert each.value == study.trials[each.number].value


def test_sample_weights_and_class_weights_count():
    weights = np.linspace(0.5, 1.5, 180)
    plain = search(n_trials=2)
    for given in ({"sample_weight": weights}, {"class_weight": {0: 3.0, 1: 1.0, 2: 1.0}}):
        study = search(n_trials=2, **given)
        assert study.trials[0].value != plain.trials[0].value
        model = fd.tune.trial_model(build, study.trials[0])
        model.fit(*TRAIN, epochs=3, verbose=0, **given)
        assert model.evaluate(*DEV, return_dict=True)["loss"] == study.trials[0].value
    three = search(n_trials=2, validation_data=(*DEV, np.linspace(0, 1, 60)))
    assert three.trials[0].value != plain.trials[0].value


def test_several_inputs_are_cut_into_folds():
    def two(p):
        left, right = fd.Input((3,), name="left"), fd.Input((5,), name="right")
        joined = fd.layers.Concatenate()([left, right])
        model = fd.Model([left, right], fd.layers.Dense(3)(joined))
        model.compile(fd.optimizers.SGD(p["lr"]), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    x = {"left": X[:, :3], "right": X[:, 3:]}
    space = {"lr": fd.tune.log_uniform(1e-3, 1e-1)}
    by_name = fd.tune.search(two, space, x, Y, cv=3, n_trials=2, epochs=2, verbose=0)
    in_list = fd.tune.search(two, space, [X[:, :3], X[:, 3:]], Y, cv=3, n_trials=2, epochs=2, verbose=0)
    assert rows(by_name) == rows(in_list)

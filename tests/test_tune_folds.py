"""Trials that are compared by cross-validation, and the model that is trained after it."""

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from networks import weight_hash
from searches import SPACE, TRAIN, X, Y, build, rows, search

import fastdnn as fd


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


def test_after_a_cross_validation_the_best_model_is_trained_on_all_rows():
    study = search(cv=3, n_trials=3)
    by_hand = fd.tune.trial_model(build, study.best_trial)
    by_hand.fit(*TRAIN, epochs=3, verbose=0)
    assert weight_hash(study.best_model) == weight_hash(by_hand)


def test_after_folds_the_best_model_is_trained_by_the_callbacks_of_the_trials():
    frozen = fd.callbacks.LearningRateScheduler(lambda epoch, lr: 1e-12)
    stopping = fd.callbacks.EarlyStopping(patience=2)
    study = search(cv=2, n_trials=2, callbacks=[frozen, stopping], epochs=4)
    trial = study.best_trial
    begun = fd.tune.trial_model(build, trial)
    for one, other in zip(begun.get_weights(), study.best_model.get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-8)


def test_after_folds_with_early_stopping_it_is_trained_for_the_best_epochs():
    seen = []

    class Worse(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)
            if epoch >= 2:
                self.model.optimizer.learning_rate = 10.0

    stopping = fd.callbacks.EarlyStopping(patience=3)
    space = {**SPACE, "lr": fd.tune.log_uniform(1e-3, 2e-3)}
    study = search(cv=2, n_trials=1, epochs=20, jobs=1, space=space, callbacks=[stopping, Worse()])
    (trial,) = study.trials
    assert trial.epochs == 6
    assert [fold["epochs"] for fold in trial.folds] == [3, 3]
    seen.clear()
    assert study.best_model.compiled.epochs_done == 3
    assert seen == [0, 1, 2]

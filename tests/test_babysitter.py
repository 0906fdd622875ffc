"""Hyper-parameters changed while a model trains: when a change holds, and beside what."""

import copy
import pickle
import threading

import pytest
from babysat import X, Y, at, fit, in_two_fits, model_of, set_all_dropout, steps
from networks import weight_hash

import fastdnn as fd
from fastdnn.callbacks.change import Change
from fastdnn.tune import Babysitter

# ---- A change holds from the next epoch on, as if a new fit had begun there


def changed_by(numbers, epoch=1, **options):
    model, sitter = model_of(**options), Babysitter()
    fit(model, sitter, at(epoch, lambda: sitter.change(numbers)))
    return model, sitter


@pytest.mark.parametrize(
    ("numbers", "change"),
    [
        ({"learning_rate": 1e-3}, lambda m: setattr(m.optimizer, "learning_rate", 1e-3)),
        ({"weight_decay": 0.1}, lambda m: setattr(m.optimizer, "weight_decay", 0.1)),
        ({"clipnorm": 0.01}, lambda m: setattr(m.optimizer, "clipnorm", 0.01)),
        ({"beta_1": 0.5}, lambda m: setattr(m.optimizer, "beta_1", 0.5)),
        ({"dropout": 0.6}, set_all_dropout),
        ({"drop_2/dropout": 0}, lambda m: setattr(m.get_layer("drop_2"), "rate", 0.0)),
        ({"noise": 0.7}, lambda m: setattr(m.get_layer("noisy"), "stddev", 0.7)),
        (
            {"l2": 0.5},
            lambda m: setattr(m.get_layer("hidden"), "kernel_regularizer", fd.regularizers.L2(0.5)),
        ),
        (
            {"hidden/kernel/l2": 0},
            lambda m: setattr(m.get_layer("hidden"), "kernel_regularizer", fd.regularizers.L2(0)),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_change_is_that_of_a_new_fit(numbers, change):
    want = weight_hash(in_two_fits(change))
    model, sitter = changed_by(numbers)
    assert weight_hash(model) == want
    assert {(c.epoch, c.step) for c in sitter.changes} == {(3, 1)}
    unchanged = model_of()
    fit(unchanged)
    assert weight_hash(unchanged) != want  # or the test would show nothing


def test_the_regularizer_of_compile_is_changed():
    want = model_of(regularizer=fd.regularizers.L1(0.001, proximal=True))
    fit(want, epochs=2)
    want.compiled.regularizer = fd.regularizers.L1(0.05, proximal=True)
    fit(want, epochs=2)
    model, sitter = changed_by({"regularizer/l1": 0.05}, regularizer=fd.regularizers.L1(0.001, proximal=True))
    assert weight_hash(model) == weight_hash(want)
    assert [c.name for c in sitter.changes] == ["regularizer/l1"]


class Batches:
    """Of unlike lengths, the longest not first."""

    def __iter__(self):
        return iter([(X[a:b], Y[a:b]) for a, b in ((0, 20), (20, 70), (70, 96))])


def test_the_reference_backend_and_batches_go_on_by_the_new_settings():
    for options in ({"backend": "reference"}, {}):
        batches = Batches()
        hashes = []
        for by_sitter in (True, False):
            model, sitter = model_of(**options), Babysitter()
            if by_sitter:
                later = at(1, lambda sitter=sitter: sitter.change(dropout=0.6))
                model.fit(batches, epochs=4, callbacks=[sitter, later], threads=1)
            else:
                model.fit(batches, epochs=2, threads=1)
                set_all_dropout(model)
                model.fit(batches, epochs=2, threads=1)
            hashes.append(weight_hash(model))
        assert hashes[0] == hashes[1]


def test_the_held_out_loss_has_the_new_penalty():
    model, sitter = model_of(), Babysitter()
    later = at(1, lambda: sitter.change(l2=0.5))
    history = fit(model, sitter, later, epochs=3, validation_data=(X[:40], Y[:40])).history
    assert history["val_loss"][-1] == pytest.approx(model.evaluate(X[:40], Y[:40]), rel=1e-6)
    assert history["val_loss"][2] > history["val_loss"][1] + 0.1


def test_any_callback_may_set_a_layer_for_the_next_epoch():
    want = in_two_fits(set_all_dropout)
    model = model_of()
    fit(model, at(2, lambda: set_all_dropout(model)))  # a hook of the epoch's begin comes before it
    assert weight_hash(model) == weight_hash(want)


def test_before_a_fit_it_holds_from_the_first_epoch():
    want = model_of()
    set_all_dropout(want)
    fit(want)
    model, sitter = model_of(), Babysitter()
    sitter.change(dropout=0.6)
    fit(model, sitter)
    assert weight_hash(model) == weight_hash(want)
    assert {c.epoch for c in sitter.changes} == {1}


def test_what_comes_too_late_is_for_the_next_fit():
    model, sitter = model_of(), Babysitter()
    fit(model, sitter, at(3, lambda: sitter.change(learning_rate=0.5)))
    assert (sitter.changes, model.optimizer.learning_rate) == ([], 1e-2)
    fit(model, sitter, epochs=1)
    assert [(c.epoch, c.old, c.new) for c in sitter.changes] == [(1, 1e-2, 0.5)]


def test_from_another_thread():
    model, sitter = model_of(), Babysitter()
    began, asked = threading.Event(), threading.Event()

    def elsewhere():
        assert began.wait(30)
        sitter.change(learning_rate=1e-3, note="too fast")
        asked.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    fit(model, sitter, at(1, lambda: (began.set(), asked.wait(30))))
    thread.join()
    assert sitter.changes == [Change(3, 1, "learning_rate", 1e-2, 1e-3, "too fast")]


# ---- Between steps


def test_by_step_numbers_of_the_optimizer_hold_from_the_next_step():
    model, sitter = model_of(), Babysitter(every="step")
    fit(model, sitter, steps([4], lambda: sitter.change({"learning_rate": 0.0, "weight_decay": 0})))
    # The fourth step, the first of the second epoch, asked for it.
    assert [(c.epoch, c.step) for c in sitter.changes] == [(2, 2)]
    want = model_of()
    table = {"learning_rate": lambda step: 1e-2 if step < 4 else 0.0}
    want.compile(fd.optimizers.Adam(**table), want.compiled.loss)
    fit(want)
    assert weight_hash(model) == weight_hash(want)


def test_by_step_a_setting_of_a_layer_waits_for_the_epoch():
    model, sitter = model_of(), Babysitter(every="step")
    fit(model, sitter, steps([4], lambda: sitter.change(dropout=0.6)))
    assert [(c.epoch, c.step) for c in sitter.changes] == [(3, 1)] * 2
    assert weight_hash(model) == weight_hash(in_two_fits(set_all_dropout))


# ---- Which numbers are meant


def test_one_limit_makes_room_for_another():
    model, sitter = model_of(fd.optimizers.SGD(0.1, clipnorm=1.0)), Babysitter()
    sitter.change(global_clipnorm=2.0, clipnorm=None)
    fit(model, sitter, epochs=1)
    assert (model.optimizer.clipnorm, model.optimizer.global_clipnorm) == (None, 2.0)


def test_what_is_said_of_one_layer_counts_more():
    for numbers in ({"dropout": 0.6, "drop/dropout": 0.1}, {"drop/dropout": 0.1, "dropout": 0.6}):
        model, sitter = model_of(), Babysitter()
        sitter.change(numbers)
        fit(model, sitter, epochs=1)
        assert [model.get_layer(name).rate for name in ("drop", "drop_2")] == [0.1, 0.6]


def test_the_same_number_is_no_change():
    model, sitter = model_of(), Babysitter()
    sitter.change(learning_rate=1e-2, dropout=0.3)
    fit(model, sitter, epochs=1)
    assert sitter.changes == []


# ---- Beside others


def test_a_monitor_beside_it():
    model, sitter, monitor = model_of(), Babysitter(), fd.callbacks.Monitor(every=1)
    fit(model, sitter, monitor, at(1, lambda: sitter.change(dropout=0.0, l2=0.2)))
    assert len(monitor.samples["loss"]) == 12
    want = model_of()
    other = Babysitter()
    fit(want, other, at(1, lambda: other.change(dropout=0.0, l2=0.2)))
    assert weight_hash(model) == weight_hash(want)


def test_freezing_under_a_monitor_is_refused():
    model = model_of()

    def freeze():
        model.get_layer("hidden").trainable = False

    with pytest.raises(ValueError, match=r"the same trained weights .* gradient_norm/hidden"):
        fit(model, fd.callbacks.Monitor(every=1), at(1, freeze))
    fit(model_of(), at(1, freeze))


def test_copies_go_on():
    for sitter in (Babysitter(every="step"), Babysitter(keep_epochs=2)):
        fit(model_of(), sitter, epochs=1)
        for other in (copy.deepcopy(sitter), pickle.loads(pickle.dumps(sitter))):
            other.change(learning_rate=0.5)
            model = model_of()
            fit(model, other, epochs=1)
            assert model.optimizer.learning_rate == 0.5
        assert sitter.changes == []


def test_after_a_fit_that_failed_none_runs():
    sitter = Babysitter()

    def fail(epoch, logs):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        fit(model_of(), sitter, fd.callbacks.LambdaCallback(on_epoch_end=fail))
    with pytest.raises(RuntimeError, match="a fit that runs"):
        sitter.stop()
    sitter.change(dropout=0.25)  # of whatever model comes next
    history = fit(model_of(), sitter, epochs=2)
    assert {c.new for c in history.changes} == {0.25}


def test_one_fit_at_a_time():
    sitter, other, model = Babysitter(), model_of(), model_of()
    before = weight_hash(other)

    def second(epoch, logs):
        if epoch == 1:
            with pytest.raises(RuntimeError, match="expected one fit at a time, got another while one runs"):
                fit(other, sitter)
            sitter.change(dropout=0.125)

    fit(model, sitter, fd.callbacks.LambdaCallback(on_epoch_begin=second))
    assert weight_hash(other) == before
    assert [c.new for c in sitter.changes] == [0.125, 0.125]
    assert len(fit(other, sitter, epochs=2).epoch) == 2

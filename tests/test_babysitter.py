"""Hyper-parameters changed while a model trains: when a change holds, its record, and the same bits again."""

import copy
import json
import pickle
import re
import threading

import numpy as np
import pytest
from networks import weight_hash

import fastdnn as fd
from fastdnn.callbacks.change import Change
from fastdnn.io.training_history import history_of, history_text
from fastdnn.tune import Babysitter, Replay

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 5)).astype(np.float32)
Y = RNG.integers(0, 3, 96)
SCHEDULE = fd.schedules.ExponentialDecay(0.1, 10, 0.9)


def model_of(optimizer=None, rate=0.3, l2=0.01, **compiled):
    layers = [
        fd.layers.Input((5,)),
        fd.layers.GaussianNoise(0.1, name="noisy"),
        fd.layers.Dense(8, "relu", name="hidden", kernel_regularizer=fd.regularizers.L2(l2)),
        fd.layers.Dropout(rate, name="drop"),
        fd.layers.Dense(8, "relu", name="second"),
        fd.layers.Dropout(rate, name="drop_2"),
        fd.layers.Dense(3, name="out"),
    ]
    model = fd.Sequential(layers, seed=1)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or fd.optimizers.Adam(1e-2), loss, **compiled)
    return model


def fit(model, *callbacks, epochs=4, x=X, y=Y, **options):
    return model.fit(x, y, epochs=epochs, batch_size=32, callbacks=list(callbacks), threads=1, **options)


def at(epoch, act):
    """A callback that acts while this epoch runs: what it asks for holds from the next one on."""
    return fd.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: act() if e == epoch else None)


def in_two_fits(change, split=2, epochs=4, **options):
    """What a change must be: that of a fit which ends, and another which goes on."""
    model = model_of(**options)
    fit(model, epochs=split)
    change(model)
    fit(model, epochs=epochs - split)
    return model


def changed_by(numbers, epoch=1, **options):
    model, sitter = model_of(**options), Babysitter()
    fit(model, sitter, at(epoch, lambda: sitter.change(numbers)))
    return model, sitter


# ---- A change holds from the next epoch on, as if a new fit had begun there


def set_all_dropout(model):
    for layer in model.layers:
        if isinstance(layer, fd.layers.Dropout):
            layer.rate = 0.6


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


def steps(act_at, act):
    def begin(batch, logs):
        act_at[0] -= 1
        if act_at[0] == 0:
            act()

    return fd.callbacks.LambdaCallback(on_train_batch_begin=begin)


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


# ---- The record, and the same again


def busy(sitter):
    """Changes of all kinds, by step too, an undo and a stop."""

    def act(epoch, logs):
        if epoch == 1:
            sitter.change(learning_rate=3e-3, dropout=0.1, note="it overfits")
        if epoch == 3:
            sitter.undo(2, note="worse")
            sitter.change({"hidden/kernel/l2": 0.1})
        if epoch == 6:
            sitter.stop(note="enough")

    return fd.callbacks.LambdaCallback(on_epoch_begin=act)


def test_replay_gives_the_same_bits():
    model, sitter = model_of(), Babysitter(every="step", keep_epochs=2)
    history = fit(model, sitter, busy(sitter), steps([16], lambda: sitter.change(beta_1=0.8)), epochs=20)
    names = [c.name for c in sitter.changes]
    assert names.count("undo") == names.count("stop") == names.count("beta_1") == 1
    assert any((c.step or 1) > 1 for c in sitter.changes)
    assert len(history.epoch) == 7
    for again in (sitter.replay(), Replay(history.changes), pickle.loads(pickle.dumps(sitter.replay()))):
        other = model_of()
        replayed = fit(other, again, epochs=20)
        assert weight_hash(other) == weight_hash(model)
        assert replayed.history == history.history
        assert replayed.changes == history.changes == again.changes


def test_the_record_is_in_the_history_and_the_models_file(tmp_path):
    model, sitter = model_of(), Babysitter()
    later = at(1, lambda: sitter.change(learning_rate=0.1 + 0.2, clipnorm=2.0, note="Ω"))
    history = fit(model, sitter, later)
    assert history.changes == sitter.changes
    assert [(c.name, c.old, c.new, c.note) for c in history.changes] == [
        ("learning_rate", 1e-2, 0.1 + 0.2, "Ω"),
        ("clipnorm", None, 2.0, "Ω"),
    ]
    model.save(tmp_path / "model.safetensors")
    loaded = fd.load_model(tmp_path / "model.safetensors")
    assert loaded.history.changes == history.changes
    assert copy.deepcopy(model).history.changes == history.changes
    other = model_of()
    fit(other, Replay(loaded.history.changes))
    assert weight_hash(other) == weight_hash(model)
    fit(model, sitter, epochs=1)
    assert sitter.changes == []  # of the last fit
    assert len(history.changes) == 2


def test_printed():
    model, sitter = model_of(), Babysitter()
    assert str(sitter) == "No changes."
    sitter.change(learning_rate=0.5, note="why not")
    fit(model, sitter, epochs=1)
    assert " ".join(str(sitter).splitlines()[-1].split()) == "1 1 learning_rate 0.01 → 0.5 why not"


def test_verbose_tells_each_change(capsys):
    sitter = Babysitter(verbose=1)
    sitter.change(learning_rate=0.5)
    fit(model_of(), sitter, epochs=1, verbose=0)
    assert capsys.readouterr().out == "Babysitter, epoch 1: learning_rate 0.01 → 0.5\n"


# ---- Undo and stop


def test_undo_goes_back_bit_for_bit():
    model, sitter = model_of(), Babysitter(keep_epochs=3)
    fit(model, sitter, at(2, lambda: sitter.undo(2)), epochs=4)
    # Epochs 0, 1, 2, then 1 again.
    want = model_of()
    fit(want, epochs=2)
    assert weight_hash(model) == weight_hash(want)
    assert model.compiled.epochs_done == want.compiled.epochs_done == 2
    assert model.optimizer.iterations == want.optimizer.iterations
    assert sitter.changes == [Change(4, 1, "undo", 3, 1)]
    assert str(sitter.changes[0]) == "epoch 4: undo: back from 3 to 1 epochs"


def test_stop_ends_after_the_epoch():
    model, sitter = model_of(), Babysitter()
    history = fit(model, sitter, at(1, lambda: sitter.stop(note="good enough")), epochs=10)
    assert history.epoch == [0, 1]
    assert sitter.changes == [Change(2, None, "stop", None, None, "good enough")]


def stopping(sitter, **hooks):
    """Two callbacks that ask for a stop, in front of the sitter and behind it, in epoch 3."""
    act = {name: (lambda e, logs: sitter.stop(note="enough") if e == 2 else None) for name in hooks}
    other = fd.callbacks.LambdaCallback(**act)
    return [other, sitter] if hooks[next(iter(hooks))] == "in front" else [sitter, other]


@pytest.mark.parametrize("every", ["epoch", "step"])
@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_epoch_end"])
@pytest.mark.parametrize("place", ["in front", "behind"])
def test_stop_ends_this_epoch_wherever_it_is_asked_for(every, hook, place):
    model, sitter = model_of(), Babysitter(every=every)
    history = fit(model, *stopping(sitter, **{hook: place}), epochs=6)
    assert history.epoch == [0, 1, 2]
    assert sitter.changes == [Change(3, None, "stop", None, None, "enough")]
    assert model.optimizer.iterations == 9  # whole epochs
    other = model_of()
    assert fit(other, sitter.replay(), epochs=6).epoch == history.epoch
    assert weight_hash(other) == weight_hash(model)


def test_undo_counts_the_epochs_of_its_fit():
    model, sitter = model_of(), Babysitter(keep_epochs=3)
    fit(model, epochs=5)
    fit(model, sitter, at(2, lambda: sitter.undo(2)), epochs=4)
    assert [str(change) for change in sitter.changes] == ["epoch 4: undo: back from 3 to 1 epochs"]


# ---- Everything counts epochs and steps from 1


def test_all_count_alike(tmp_path, capsys):
    model, sitter = model_of(), Babysitter(every="step", file=tmp_path / "sitter.toml", verbose=1)

    def act(epoch, logs):
        if epoch == 1:  # the second one
            sitter.change(dropout=0.6)
        if epoch == 3:
            sitter.stop()

    later = fd.callbacks.LambdaCallback(on_epoch_begin=act)
    history = fit(model, sitter, later, steps([5], lambda: sitter.change(beta_1=0.8)), epochs=6, verbose=2)
    assert [(c.epoch, c.step, c.name) for c in history.changes] == [
        (2, 3, "beta_1"),  # asked for while the fifth step ran, the second of its epoch
        (3, 1, "drop/dropout"),
        (3, 1, "drop_2/dropout"),
        (4, None, "stop"),
    ]
    said = [line.split(" - ")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == [
        "epoch 1/6",
        "Babysitter, epoch 2, step 3: beta_1 0.9 → 0.8",
        "epoch 2/6",
        "Babysitter, epoch 3: drop/dropout 0.3 → 0.6",
        "Babysitter, epoch 3: drop_2/dropout 0.3 → 0.6",
        "epoch 3/6",
        "Babysitter, after epoch 4: stop",  # callbacks come before the line
        "epoch 4/6",
    ]
    rows = [line.split()[:3] for line in str(sitter).splitlines()[2:]]
    assert rows == [
        ["2", "3", "beta_1"],
        ["3", "1", "drop/dropout"],
        ["3", "1", "drop_2/dropout"],
        ["4", "end", "stop"],
    ]
    text = history_text(history)
    assert [(c["epoch"], c["step"]) for c in json.loads(text)["changes"]] == [
        (c.epoch, c.step) for c in history.changes
    ]
    assert history_of(text).changes == history.changes


@pytest.mark.parametrize("key", ["epoch", "step"])
def test_a_file_with_an_epoch_or_step_0_of_a_change_is_refused(key):
    history = a_history([Change(1, 1, "learning_rate", 0.1, 0.2)])
    text = history_text(history).replace(f'"{key}": 1', f'"{key}": 0')
    with pytest.raises(ValueError, match="0 in the place of a number from 1 on"):
        history_of(text)


@pytest.mark.parametrize(("when", "place"), [(None, "before epoch 1"), (1, "after epoch 2")])
def test_a_broken_file_is_told_of_by_the_same_count(tmp_path, capsys, when, place):
    path = tmp_path / "sitter.toml"
    sitter = Babysitter(file=path)
    if when is None:
        path.write_text("oops")
    fit(model_of(), sitter, at(when, lambda: path.write_text("oops\n")), epochs=4, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    (index,) = [number for number, line in enumerate(lines) if "Babysitter" in line]
    assert lines[index].startswith(
        f"Babysitter, {place}: nothing is changed: [{path}] expected lines of TOML"
    )
    assert index == (0 if when is None else 1)  # before the progress line of the epoch that ends


# ---- What cannot be


def refusals():
    sgd, scheduled = fd.optimizers.SGD(0.1), fd.optimizers.SGD(SCHEDULE, momentum=0.9)
    return [
        (sgd, {"learning_rate": -1}, "0 <= learning_rate"),
        (sgd, {"learning_rate": float("nan")}, "0 <= learning_rate"),
        (sgd, {"learning_rate": "0.1"}, "0 <= learning_rate"),
        (sgd, {"learning_rate": SCHEDULE}, "as a number, got a schedule"),
        (sgd, {"momentum": 0.9}, "without velocity"),
        (scheduled, {"learning_rate": 0.1}, "to stay a schedule"),
        (sgd, {"units": 64}, "a number that may change in training"),
        (sgd, {"dropuot": 0.1}, "did you mean 'dropout'"),
        (sgd, {"lr": 0.1}, "did you mean 'learning_rate'"),
        (sgd, {"wd": 0.1}, "did you mean 'weight_decay'"),
        (sgd, {"decay": 0.1}, "did you mean 'weight_decay'"),
        (sgd, {"drop2/dropout": 0.1}, "did you mean 'drop_2/dropout'"),
        (sgd, {"hiden/kernel/l2": 0.1}, "did you mean 'hidden/kernel/l2'"),
        (sgd, {"nesterov": True}, "a number that may change in training"),
        (sgd, {"dropout": 1.0}, "0 <= rate < 1"),
        (sgd, {"noise": -1}, "stddev"),
        (sgd, {"l2": -1}, "0 <= hidden/kernel/l2|finite 0 <= "),
        (sgd, {"out/kernel/l2": 0.1}, "a number that may change in training"),
        (sgd, {"clipnorm": 1.0, "clipvalue": 1.0}, "one of clipvalue, clipnorm"),
        (fd.optimizers.Adam(), {"epsilon": 1e-44}, "epsilon >= "),
    ]


@pytest.mark.parametrize("place", range(len(refusals())))
def test_what_cannot_change_is_refused_and_nothing_changes(place):
    for while_it_trains in (True, False):
        optimizer, numbers, reason = refusals()[place]
        model, sitter = model_of(optimizer), Babysitter()
        numbers = {**numbers, "weight_decay": 0.25}  # which could, but all is done or nothing
        if while_it_trains:
            seen = []

            def act(sitter=sitter, numbers=numbers, seen=seen, reason=reason):
                with pytest.raises(ValueError, match=reason) as error:
                    sitter.change(numbers)
                seen.append(str(error.value))

            fit(model, sitter, at(1, act))
            assert seen
            want = model_of(refusals()[place][0])
            fit(want)
            assert weight_hash(model) == weight_hash(want)
        else:
            before = weight_hash(model)
            sitter.change(numbers)
            with pytest.raises(ValueError, match=reason):
                fit(model, sitter)
            assert weight_hash(model) == before
            fit(model, sitter, epochs=1)  # it is asked for no longer
        assert model.optimizer.weight_decay == 0
        assert sitter.changes == []


def test_a_schedule_is_replaced_where_that_is_said():
    model, sitter = model_of(fd.optimizers.SGD(SCHEDULE)), Babysitter()
    fit(model, sitter, at(1, lambda: sitter.change(learning_rate=0.01, replace_schedule=True)))
    assert model.optimizer.schedules == {}
    (change,) = sitter.changes
    assert change.new == 0.01
    assert change.old == pytest.approx(SCHEDULE(6))  # of the step at which it was replaced
    other = model_of(fd.optimizers.SGD(SCHEDULE))
    fit(other, sitter.replay())
    assert weight_hash(other) == weight_hash(model)


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


def test_bad_arguments():
    with pytest.raises(ValueError, match="every, one of epoch, step"):
        Babysitter(every="minute")
    with pytest.raises(ValueError, match="keep_epochs as a whole number >= 0, got -1"):
        Babysitter(keep_epochs=-1)
    with pytest.raises(ValueError, match="a number to change"):
        Babysitter().change()
    with pytest.raises(ValueError, match="note as text, got 3"):
        Babysitter().change(learning_rate=1.0, note=3)
    with pytest.raises(ValueError, match=r"numbers as a dictionary by name, got 'lr'; such as"):
        Babysitter().change("lr")
    with pytest.raises(ValueError, match="file as a path, got 3"):
        Babysitter(file=3)
    with pytest.raises(ValueError, match=r"in TOML, such as sitter.toml, got sitter.json"):
        Babysitter(file="sitter.json")
    for method in ("undo", "stop"):
        with pytest.raises(RuntimeError, match=f"Babysitter.{method}. expected a fit that runs"):
            getattr(Babysitter(keep_epochs=2), method)()
    with pytest.raises(ValueError, match=r"changes, such as history\.changes, got 3"):
        Replay(3)
    model, sitter = model_of(), Babysitter(keep_epochs=1)
    with pytest.raises(ValueError, match="undo epochs of this fit that were kept"):
        fit(model, sitter, at(1, lambda: sitter.undo(2)))


def test_a_replay_for_another_model_is_refused_before_it_trains():
    model = model_of()
    before = weight_hash(model)
    with pytest.raises(ValueError, match=r"Replay. expected changes of the model's .* got rho"):
        fit(model, Replay([Change(2, 1, "rho", 0.9, 0.8)]))
    assert weight_hash(model) == before


# ---- The file


def test_the_file_is_written_with_all_numbers_as_comments(tmp_path):
    path = tmp_path / "sitter.toml"
    model, sitter = model_of(), Babysitter(file=path)
    with pytest.raises(ValueError, match="a fit that has begun"):
        sitter.write_file()
    fit(model, sitter, epochs=1)
    text = path.read_text()
    assert "# learning_rate = 0.01" in text
    assert '# "drop/dropout" = 0.3' in text
    assert '# clipnorm = "none"' in text
    assert all(not line or line.startswith("#") for line in text.splitlines())
    plain = model_of()
    fit(plain, epochs=1)
    assert weight_hash(model) == weight_hash(plain)  # comments change nothing
    # Each line does what it says once its "#" is gone.
    lines = [line[2:] for line in text.split("\n\n")[1].splitlines()]
    path.write_text("\n".join(lines))
    fit(model, sitter, epochs=1)
    assert sitter.changes == []


def test_the_file_is_read_when_it_changes(tmp_path):
    path = tmp_path / "sitter.toml"
    path.write_text('note = "begin"\ndropout = 0.1\nstop = true\n')  # an old order stops nothing
    model, sitter = model_of(), Babysitter(file=path, keep_epochs=2)

    def act(epoch, logs):
        if epoch == 1:
            path.write_text(
                'note = "slower"\ndropout = 0.1\nlearning_rate = 1e-3\nclipnorm = 2\nstop = true\n'
            )
        if epoch == 2:
            sitter.change(dropout=0.2)
        if epoch == 3:
            path.write_text('dropout = 0.1\nlearning_rate = 1e-3\nclipnorm = "none"\nundo = 1\n')
        if epoch == 5:
            path.write_text('note = "enough"\nstop = true\n')

    history = fit(model, sitter, fd.callbacks.LambdaCallback(on_epoch_begin=act), epochs=20)
    assert [(c.epoch, c.name, c.new, c.note) for c in sitter.changes] == [
        (1, "drop/dropout", 0.1, "begin"),
        (1, "drop_2/dropout", 0.1, "begin"),
        (3, "learning_rate", 1e-3, "slower"),
        (3, "clipnorm", 2.0, "slower"),
        (4, "drop/dropout", 0.2, ""),  # the file's line has not changed, and says nothing any more
        (4, "drop_2/dropout", 0.2, ""),
        (5, "undo", 3, ""),
        (5, "clipnorm", None, ""),
        (6, "stop", None, "enough"),
    ]
    assert history.epoch == list(range(6))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"learning_rate = ", "lines of TOML, name = number"),
        (b"\xff\xfe", "lines of TOML"),
        (b"drop/dropout = 0.2", "lines of TOML"),
        (b'learning_rate = "fast"', "learning_rate as a number or \"none\", got 'fast'"),
        (b"learning_rate = true", 'learning_rate as a number or "none", got True'),
        (b"learning_rate = -1", "0 <= learning_rate, got -1"),
        (b"[learning_rate]\nx = 1", 'learning_rate as a number or "none"'),
        (b"dropout = 0.1\nunits = 5", "may change in training"),
        (b"lr = 1e-3", "or an order, one of .* got 'lr'; did you mean 'learning_rate'"),
        (b"drop.dropout = 0.2", "got 'drop'; did you mean 'dropout'"),
        (b"stpo = true", "got 'stpo'; did you mean 'stop'"),
        (b"undoo = 1", "got 'undoo'; did you mean 'undo'"),
        (b'notes = "why"', "got 'notes'; did you mean 'note'"),
        (b"stop = 1", "stop as true or false"),
        (b"note = 1", "note as text"),
        (b"undo = 3", "undo epochs of this fit that were kept"),
        (b"undo = 0", "undo as a whole number >= 1"),
        (b"#" * 200_000, "at most 100000 bytes"),
    ],
)
def test_a_broken_file_is_told_once_and_training_goes_on(tmp_path, capsys, text, reason):
    path = tmp_path / "sitter.toml"
    model, sitter = model_of(), Babysitter(file=path)
    fit(model, sitter, at(1, lambda: path.write_bytes(text)), epochs=6)
    told = [line for line in capsys.readouterr().out.splitlines() if "Babysitter" in line]
    assert len(told) == 1
    assert re.search(reason, told[0])
    plain = model_of()
    fit(plain, epochs=6)
    assert weight_hash(model) == weight_hash(plain)
    assert sitter.changes == []
    # What was good in a refused file is news still, once the rest is mended.
    fit(model, sitter, at(1, lambda: path.write_text("dropout = 0.1")), epochs=4)
    assert {c.name for c in sitter.changes} == {"drop/dropout", "drop_2/dropout"}


def test_a_file_that_cannot_be_written_is_refused_before_training(tmp_path):
    model = model_of()
    before = weight_hash(model)
    with pytest.raises(ValueError, match=r"Babysitter. expected file as a path that can be written"):
        fit(model, Babysitter(file=tmp_path / "none" / "sitter.toml"))
    assert weight_hash(model) == before


def test_a_file_that_cannot_be_read_is_told_once(tmp_path, capsys):
    sitter = Babysitter(file=tmp_path)  # a folder
    fit(model_of(), sitter, epochs=4)
    assert capsys.readouterr().out.count("a file that can be read") == 1


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


# ---- The picture


def a_history(changes, epochs=10, steps=4):
    history = fd.callbacks.History()
    history.params = {"steps": steps}
    history.epoch = list(range(epochs))
    history.history = {
        "loss": [1 / (1 + e) for e in range(epochs)],
        "val_loss": [1.2 / (1 + e) for e in range(epochs)],
    }
    history.changes = changes
    return history


def test_the_picture():
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `test`")
    from plot_checks import check

    changes = [
        Change(
            5, 1, "learning_rate", 0.1, 0.01, "it goes up and down, and then up again for quite some time"
        ),
        Change(5, 1, "drop/dropout", 0.1, 0.3),
        Change(5, 1, "drop_2/dropout", 0.1, 0.3),
        Change(5, 3, "clipnorm", None, 1.0),
        Change(8, 1, "a_layer_with_a_name_that_is_really_very_long/kernel/l2", 0.0, 0.1),
        Change(9, 1, "undo", 8, 6),
        Change(10, None, "stop", None, None, "enough"),
    ]
    axes = fd.plots.babysitting(a_history(changes))
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words[3].splitlines()[0] == "epoch 5: learning_rate 0.1 → 0.01"
    assert words[3].splitlines()[-1] == "dropout (2 of them) 0.1 → 0.3"
    assert words[4:] == [
        "epoch 5, step 3: clipnorm none → 1",
        "epoch 8:\n   a_layer_with_a_name_t…ly_very_long/kernel/l2\n   0 → 0.1",
        "epoch 9: undo: back from 8 to 6 epochs",
        "after epoch 10: stop\n“enough”",
    ]
    assert max(len(line) for each in words for line in each.splitlines()) <= 50
    lines = [
        line.get_xdata()[0]
        for line in axes.lines
        if line.get_linestyle() == "--" or len(line.get_xdata()) == 2
    ]
    assert {4.5, 5.0, 7.5, 8.5, 10.5} <= set(lines)  # the figures of epoch 5 are at 5
    check(axes)


def test_the_picture_of_many_changes_and_of_one_epoch():
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `test`")
    from plot_checks import check

    many = [Change(e, s, "learning_rate", 0.1, 0.01 + e) for e in range(1, 11) for s in (1, 2, 3)]
    axes = fd.plots.babysitting(a_history(many))
    assert axes.get_legend().get_texts()[-1].get_text() == "and 18 more"
    check(axes)
    check(fd.plots.babysitting(a_history(many[:1], epochs=1)))
    check(fd.plots.babysitting(a_history([])))
    with pytest.raises(ValueError, match="a History of fit, got dict"):
        fd.plots.babysitting({"loss": [1.0]})


def test_the_sitters_plot_is_of_its_last_fit():
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `test`")
    sitter = Babysitter()
    sitter.change(learning_rate=0.5)
    fit(model_of(), sitter, validation_data=(X, Y))
    words = [text.get_text() for text in sitter.plot().get_legend().get_texts()]
    assert words[-1] == "epoch 1: learning_rate 0.01 → 0.5"
    assert words[:2] == ["train loss", "dev loss"]


# ---- One after the other


def test_replay_of_undos_that_follow_each_other():
    model, sitter = model_of(), Babysitter(keep_epochs=4)

    def twice(epoch, logs):
        if epoch in (2, 3):
            sitter.undo(2)
        if epoch == 6:
            sitter.undo(1)
            sitter.undo(1)

    fit(model, fd.callbacks.LambdaCallback(on_epoch_end=twice), sitter, epochs=9)
    assert [c.name for c in sitter.changes] == ["undo"] * 4
    other = model_of()
    fit(other, sitter.replay(), epochs=9)
    assert weight_hash(other) == weight_hash(model)


def test_a_file_that_is_being_written_says_nothing_new(tmp_path):
    path = tmp_path / "sitter.toml"
    body = "learning_rate = 0.005\nundo = 2\n"
    model, sitter = model_of(), Babysitter(file=path, keep_epochs=2)
    texts = {2: body, 4: "", 6: body + "dropout = 0.1\n"}

    def write(epoch, logs):
        if epoch in texts:
            path.write_text(texts[epoch])

    path.write_text("")
    fit(model, fd.callbacks.LambdaCallback(on_epoch_end=write), sitter, epochs=10)
    assert [(c.epoch, c.name) for c in sitter.changes] == [
        (4, "undo"),
        (4, "learning_rate"),
        (8, "drop/dropout"),
        (8, "drop_2/dropout"),
    ]


def test_a_number_that_is_cut_in_the_middle_is_not_taken(tmp_path):
    from fastdnn.tune.sitter_file import SitterFile

    file = SitterFile(tmp_path / "sitter.toml")
    file.path.write_text("l2 = 1")
    assert file.news(lambda: ["hidden/kernel/l2"])[0].numbers == {"l2": 1}  # a fit begins with what there is
    file.taken()
    file.path.write_text("l2 = 0.0")
    assert file.news(lambda: ["hidden/kernel/l2"]) == []
    file.path.write_text("l2 = 0.05")
    assert file.news(lambda: ["hidden/kernel/l2"]) == []
    assert file.news(lambda: ["hidden/kernel/l2"])[0].numbers == {"l2": 0.05}


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

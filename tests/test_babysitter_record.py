"""The record of what was changed while a model trained, the same again, undo and stop."""

import copy
import json
import pickle

import pytest
from babysat import a_history, at, fit, model_of, steps
from networks import weight_hash

import fastdnn as fd
from fastdnn.callbacks.change import Change
from fastdnn.io.training_history import history_of, history_text
from fastdnn.tune import Babysitter, Replay

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


@pytest.mark.parametrize("key", ["epoch", "step"])
def test_a_file_with_an_epoch_or_step_0_of_a_change_is_refused(key):
    history = a_history([Change(1, 1, "learning_rate", 0.1, 0.2)])
    text = history_text(history).replace(f'"{key}": 1', f'"{key}": 0')
    with pytest.raises(ValueError, match="0 in the place of a number from 1 on"):
        history_of(text)


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


def test_undo_counts_the_epochs_of_its_fit():
    model, sitter = model_of(), Babysitter(keep_epochs=3)
    fit(model, epochs=5)
    fit(model, sitter, at(2, lambda: sitter.undo(2)), epochs=4)
    assert [str(change) for change in sitter.changes] == ["epoch 4: undo: back from 3 to 1 epochs"]


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

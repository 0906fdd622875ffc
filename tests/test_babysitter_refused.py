"""What cannot be changed while a model trains."""

import pytest
from babysat import SCHEDULE, at, fit, model_of
from networks import weight_hash

import fastdnn as fd
from fastdnn.callbacks.change import Change
from fastdnn.tune import Babysitter, Replay


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

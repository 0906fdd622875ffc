"""Keras's hooks of fit, evaluate and predict: their order, what they are told and what they may do."""

import copy

import numpy as np
import pytest
from networks import classification, classifier, regression, weight_hash

import fastdnn as fd
from fastdnn.backend import _NativeTrainer

X, Y = classification(rows=60)
OURS = ("on_progress", "on_evaluation")
HOOKS = [name for name in vars(fd.callbacks.Callback) if name.startswith("on_") and name not in OURS]


def recording(calls, hooks=HOOKS):
    """A callback that notes each hook with its arguments."""
    told = {
        name: (lambda *arguments, name=name: calls.append((name, *arguments)))
        for name in hooks
        if name not in ("on_batch_begin", "on_batch_end")
    }
    return fd.callbacks.LambdaCallback(**told)


def names(calls):
    return [(call[0], *call[1:-1]) for call in calls]


def test_all_hooks_of_a_fit_in_order():
    calls = []
    model = classifier()
    model.fit(X, Y, batch_size=40, epochs=2, validation_data=(X, Y), callbacks=[recording(calls)])
    epoch = [
        *[(f"on_train_batch_{when}", batch) for batch in (0, 1) for when in ("begin", "end")],
        ("on_test_begin",),
        *[("on_test_batch_begin", 0), ("on_test_batch_end", 0)],
        ("on_test_end",),
    ]
    want = [("on_train_begin",)]
    for number in (0, 1):
        want += [("on_epoch_begin", number), *epoch, ("on_epoch_end", number)]
    assert names(calls) == [*want, ("on_train_end",)]


def test_logs_of_a_fit():
    calls = []
    model = classifier()
    history = model.fit(X, Y, batch_size=40, epochs=1, validation_data=(X, Y), callbacks=[recording(calls)])
    logs = {call[:-1]: call[-1] for call in calls}
    figures = {name: values[0] for name, values in history.history.items()}
    assert logs["on_epoch_end", 0] == {**figures, "learning_rate": 0.001}
    assert logs[("on_train_end",)] == logs["on_epoch_end", 0]
    for key in (("on_train_begin",), ("on_epoch_begin", 0), ("on_train_batch_begin", 0), ("on_test_begin",)):
        assert logs[key] == {}
    last = logs["on_train_batch_end", 1]
    assert last == {"loss": figures["loss"], "accuracy": figures["accuracy"]}
    assert logs["on_train_batch_end", 0].keys() == last.keys()
    assert logs["on_train_batch_end", 0] != last
    assert logs[("on_test_end",)] == {"loss": figures["val_loss"], "accuracy": figures["val_accuracy"]}


def test_the_first_batch_is_told_by_itself():
    """After one step the running loss is that of the first 40 rows before any update."""
    calls = []
    model = classifier()
    want = model.evaluate(X[:40], Y[:40])
    model.fit(X, Y, batch_size=40, shuffle=False, callbacks=[recording(calls)])
    [first] = [logs for name, *batch, logs in calls if name == "on_train_batch_end" and batch == [0]]
    np.testing.assert_allclose([first["loss"], first["accuracy"]], want, rtol=1e-6)


def test_evaluate_and_predict_call_theirs():
    calls = []
    model = classifier()
    alone, output = model.evaluate(X, Y, batch_size=25), model.predict(X, batch_size=25)
    assert model.evaluate(X, Y, batch_size=25, callbacks=[recording(calls)]) == alone  # the same bits
    batches = [(f"on_test_batch_{when}", batch) for batch in range(3) for when in ("begin", "end")]
    assert names(calls) == [("on_test_begin",), *batches, ("on_test_end",)]
    assert calls[-1][-1] == dict(zip(["loss", "accuracy"], alone, strict=True))
    assert calls[-2][-1] == calls[-1][-1]
    assert calls[2][-1]["loss"] == model.evaluate(X[:25], Y[:25])[0]
    calls.clear()
    got = model.predict(X, batch_size=25, callbacks=[recording(calls)])
    np.testing.assert_array_equal(got, output)
    batches = [(f"on_predict_batch_{when}", batch) for batch in range(3) for when in ("begin", "end")]
    assert names(calls) == [("on_predict_begin",), *batches, ("on_predict_end",)]
    np.testing.assert_array_equal(calls[4][-1]["outputs"], output[25:50])


def test_params_of_each_call():
    seen = []
    note = fd.callbacks.LambdaCallback(
        on_test_begin=lambda logs: seen.append(note.params),
        on_predict_begin=lambda logs: seen.append(note.params),
    )
    model = classifier()
    model.evaluate(X, Y, batch_size=25, callbacks=[note])
    model.predict(X, callbacks=[note])
    assert seen == [
        {"steps": 3, "batch_size": 25, "samples": 60},
        {"steps": 1, "batch_size": 256, "samples": 60},
    ]
    assert note.model is model


def test_the_older_names_of_batch_hooks():
    class Older(fd.callbacks.Callback):
        def __init__(self):
            self.calls = []

        def on_batch_begin(self, batch, logs=None):
            self.calls.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            self.calls.append(("end", batch, sorted(logs)))

    older = Older()
    classifier().fit(X, Y, batch_size=60, callbacks=[older])
    assert older.calls == [("begin", 0), ("end", 0, ["accuracy", "loss"])]


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_listening_does_not_change_the_bits(optimizer, backend):
    listened, alone = (classifier(optimizer=optimizer, backend=backend) for _ in range(2))
    histories = [
        listened.fit(X, Y, batch_size=16, epochs=3, validation_split=0.2, callbacks=[recording([])]),
        alone.fit(X, Y, batch_size=16, epochs=3, validation_split=0.2),
    ]
    assert weight_hash(listened) == weight_hash(alone)
    assert histories[0].history == histories[1].history


def test_an_epoch_is_one_call_while_nobody_listens(monkeypatch):
    """Hooks of epochs, and those that a callback does not write, cost no calls into the core."""
    calls = []
    run = _NativeTrainer.run
    monkeypatch.setattr(
        _NativeTrainer, "run", lambda *arguments: calls.append(arguments[1:]) or run(*arguments)
    )
    quiet = recording([], [name for name in HOOKS if "batch" not in name])
    classifier().fit(X, Y, batch_size=10, epochs=2, callbacks=[quiet, fd.callbacks.Callback()])
    assert len(calls) == 2
    calls.clear()
    classifier().fit(X, Y, batch_size=10, epochs=2, callbacks=[recording([], ["on_train_batch_end"])])
    assert len(calls) == 12


def test_stopping_at_a_batch_ends_the_epoch_there():
    class Stop(fd.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 3

    calls = []
    model = classifier()
    history = model.fit(
        X, Y, batch_size=10, epochs=5, callbacks=[Stop(), recording(calls)], validation_split=0.0
    )
    assert model.compiled.state.iterations == 4
    assert names(calls)[-3:] == [("on_train_batch_end", 3), ("on_epoch_end", 0), ("on_train_end",)]
    assert history.epoch == [0]
    assert len(history.history["loss"]) == 1
    model.fit(X, Y, batch_size=10)  # a later fit is not stopped
    assert model.compiled.state.iterations == 10


def test_a_rate_set_at_a_batch_counts_from_the_next_step():
    class Freeze(fd.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.1 if batch == 0 else 0.0

    one, frozen = (classifier(optimizer=fd.optimizers.SGD(0.1)) for _ in range(2))
    one.fit(X[:10], Y[:10], batch_size=10, shuffle=False)
    frozen.fit(X, Y, batch_size=10, shuffle=False, callbacks=[Freeze()])
    assert weight_hash(one) == weight_hash(frozen)


@pytest.mark.parametrize(
    "hook", ["on_train_batch_end", "on_test_batch_end", "on_epoch_end", "on_train_begin"]
)
def test_a_hook_may_call_any_method(hook, tmp_path):
    x, y = regression(rows=40)
    other = fd.Sequential([fd.layers.Dense(2)], seed=1)
    other.compile("sgd", "mse")
    called = []

    def everything(*arguments):
        called.append(arguments)
        before = weight_hash(model)
        model.predict(X)
        model.evaluate(X, Y)
        model.save(tmp_path / "m.safetensors")
        model.set_weights(model.get_weights())
        model.layers[1].set_weights(model.layers[1].get_weights())
        model.summary(print_fn=lambda text: None)
        model.plan(print_fn=lambda text: None)
        copied = copy.deepcopy(model)
        copied.fit(X, Y, batch_size=20)
        other.fit(x, y)
        assert weight_hash(model) == before == weight_hash(fd.load_model(tmp_path / "m.safetensors"))

    plain, model = classifier(), classifier()
    callback = fd.callbacks.LambdaCallback(**{hook: everything})
    for trained, callbacks in ((plain, None), (model, [callback])):
        trained.fit(X, Y, batch_size=20, epochs=2, validation_data=(X, Y), callbacks=callbacks)
    assert called
    assert weight_hash(model) == weight_hash(plain)


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_test_begin", "on_epoch_begin", "on_train_end"])
def test_a_fit_inside_a_fit_is_refused(hook):
    tried = []

    def nested(*arguments):
        for call in (lambda: model.fit(X, Y), lambda: model.compile("sgd", model.compiled.loss)):
            with pytest.raises(
                RuntimeError, match=r"expected a model that is not being fitted by this thread"
            ):
                call()
            tried.append(hook)

    plain, model = classifier(), classifier()
    plain.fit(X, Y, validation_data=(X, Y))
    callback = fd.callbacks.LambdaCallback(**{hook: nested})
    model.fit(X, Y, validation_data=(X, Y), callbacks=[callback])
    assert len(tried) >= 2
    assert weight_hash(model) == weight_hash(plain)
    model.compile("sgd", model.compiled.loss)  # outside it is as ever
    model.fit(X, Y)


def test_weights_set_in_a_batch_hook_are_those_of_the_next_step():
    class Undo(fd.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.first = self.model.get_weights()

        def on_train_batch_end(self, batch, logs=None):
            self.model.set_weights(self.first)

    model = classifier()
    before = weight_hash(model)
    model.fit(X, Y, batch_size=10, epochs=2, callbacks=[Undo()])
    assert weight_hash(model) == before


def test_an_exception_of_a_batch_hook_leaves_the_model_after_whole_steps():
    def stop(batch, logs):
        if batch == 2:
            raise KeyError("mine")

    model = classifier()
    with pytest.raises(KeyError, match="mine"):
        model.fit(X, Y, batch_size=10, callbacks=[fd.callbacks.LambdaCallback(on_train_batch_end=stop)])
    assert model.compiled.state.iterations == 3
    model.fit(X, Y)


def test_bad_callbacks_are_refused_before_anything_happens():
    model = classifier()
    before = weight_hash(model)
    for call in (
        lambda: model.fit(X, Y, callbacks=[print]),
        lambda: model.evaluate(X, Y, callbacks=["x"]),
        lambda: model.predict(X, callbacks=[None]),
    ):
        with pytest.raises(ValueError, match=r"expected callbacks of fastdnn\.callbacks, got"):
            call()
    assert weight_hash(model) == before
    with pytest.raises(ValueError, match="a hook"):
        fd.callbacks.LambdaCallback(on_everything=print)
    with pytest.raises(ValueError, match="a function as on_test_end"):
        fd.callbacks.LambdaCallback(on_test_end=3)

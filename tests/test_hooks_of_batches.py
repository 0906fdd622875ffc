"""Hooks where iterators make the batches, and where data is refused while somebody listens."""

import copy
import itertools
import threading

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd

X, Y = classification(rows=60)
SLICES = [slice(begin, begin + 16) for begin in range(0, 60, 16)]
OURS = ("on_progress", "on_evaluation")
HOOKS = [name for name in vars(fd.callbacks.Callback) if name.startswith("on_") and name not in OURS]
by_prefetch = pytest.mark.parametrize("prefetch", [0, 2])
by_backend = pytest.mark.parametrize("backend", ["native", "reference"])


def batches(x=X, y=Y):
    for rows in SLICES:
        yield x[rows], y[rows]


def recording(calls):
    """A callback that notes each hook with its arguments."""
    told = {
        name: (lambda *arguments, name=name: calls.append((name, *arguments)))
        for name in HOOKS
        if name not in ("on_batch_begin", "on_batch_end")
    }
    return fd.callbacks.LambdaCallback(**told)


def names(calls):
    return [(call[0], *call[1:-1]) for call in calls]


def pairs(kind, count):
    return [(f"on_{kind}_batch_{when}", batch) for batch in range(count) for when in ("begin", "end")]


@by_backend
@by_prefetch
def test_an_iterator_calls_the_hooks_that_arrays_call(prefetch, backend):
    told, models = [], [classifier(backend=backend) for _ in range(3)]
    for model, (x, y, more) in zip(
        models,
        [
            (X, Y, {"batch_size": 16, "shuffle": False}),
            (list, None, {"prefetch": prefetch}),
            (itertools.cycle(batches()), None, {"prefetch": prefetch, "steps_per_epoch": 4}),
        ],
        strict=True,
    ):
        calls = []
        x = Loader() if x is list else x
        held_out = (X, Y) if y is not None else Loader()
        model.fit(x, y, epochs=2, validation_data=held_out, callbacks=[recording(calls)], **more)
        told.append(calls)
    arrays, *iterators = told
    test = [("on_test_begin",), *pairs("test", 4), ("on_test_end",)]
    epoch = [*pairs("train", 4), *test]
    want = [("on_train_begin",)]
    for number in (0, 1):
        want += [("on_epoch_begin", number), *epoch, ("on_epoch_end", number)]
    for model, calls in zip(models[1:], iterators, strict=True):
        assert names(calls) == [*want, ("on_train_end",)]
        assert weight_hash(model) == weight_hash(models[0])
        train = [call for call in calls if "train_batch" in call[0]]
        assert train == [call for call in arrays if "train_batch" in call[0]]
        ends = [
            [call[-1] for call in c if call[0] in ("on_test_end", "on_epoch_end")] for c in (calls, arrays)
        ]
        for got, same in zip(*ends, strict=True):
            assert got == pytest.approx(same, rel=1e-12)


class Loader:
    """An iterable that is begun anew in each epoch."""

    def __iter__(self):
        return batches()


@by_prefetch
def test_evaluate_and_predict(prefetch):
    calls, seen = [], []
    model = classifier()
    note = fd.callbacks.LambdaCallback(
        on_test_begin=lambda logs: seen.append(note.params),
        on_predict_begin=lambda logs: seen.append(note.params),
    )
    listeners = [recording(calls), note]
    alone = model.evaluate(batches(), return_dict=True)
    assert model.evaluate(batches(), prefetch=prefetch, callbacks=listeners, return_dict=True) == alone
    assert names(calls) == [("on_test_begin",), *pairs("test", 4), ("on_test_end",)]
    assert calls[-1][-1] == calls[-2][-1] == alone
    assert calls[2][-1]["loss"] == model.evaluate(X[:16], Y[:16])[0]
    calls.clear()
    output = model.predict(batches(), steps=3, prefetch=prefetch, callbacks=listeners)
    np.testing.assert_array_equal(output, model.predict(X[:48]))
    assert names(calls) == [("on_predict_begin",), *pairs("predict", 3), ("on_predict_end",)]
    np.testing.assert_array_equal(calls[4][-1]["outputs"], output[16:32])
    assert seen == [
        {"steps": None, "batch_size": None, "samples": None},
        {"steps": 3, "batch_size": None, "samples": None},
    ]


@by_prefetch
def test_stopping_at_a_batch_takes_no_batch_more(prefetch):
    class Stop(fd.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    taken = []
    source = (taken.append(number) or pair for number, pair in enumerate(batches()))
    model, alone = classifier(), classifier()
    history = model.fit(source, epochs=3, steps_per_epoch=4, prefetch=prefetch, callbacks=[Stop()])
    assert len(taken) <= 2 + prefetch
    assert prefetch or taken == [0, 1]
    assert history.epoch == [0]
    assert history.params["steps"] == 4
    alone.fit(X[:32], Y[:32], batch_size=16, shuffle=False)
    assert weight_hash(model) == weight_hash(alone)


@by_prefetch
def test_a_refused_batch_is_never_begun(prefetch):
    bad = Y.copy()
    bad[40] = 9
    calls, model, alone = [], classifier(), classifier()
    with pytest.raises(ValueError, match=r"\[fit, epoch 1, batch 3\] expected labels"):
        model.fit(batches(y=bad), prefetch=prefetch, callbacks=[recording(calls)])
    assert names(calls)[2:] == pairs("train", 2)
    alone.fit(X[:32], Y[:32], batch_size=16, shuffle=False)
    assert weight_hash(model) == weight_hash(alone)


@by_prefetch
def test_the_first_batch_is_there_before_the_first_hook(prefetch):
    """The model is built by then; where the batch is refused, no hook is called."""
    model, calls, built = fd.Sequential([fd.layers.Dense(4)], seed=0), [], []
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    more = {"prefetch": prefetch, "callbacks": [recording(calls)]}
    for call in (
        lambda: model.evaluate(batches(y=Y + 9), **more),
        lambda: model.predict(batches(x=X[:, 0]), **more),
        lambda: model.fit(batches(y=Y + 9), **more),
    ):
        with pytest.raises(ValueError, match="batch 1] expected"):
            call()
        assert not calls
        assert not model.is_built
    note = fd.callbacks.LambdaCallback(on_predict_begin=lambda logs: built.append(model.is_built))
    model.predict(batches(), prefetch=prefetch, callbacks=[note])
    assert built == [True]


@by_prefetch
def test_code_that_makes_batches_may_use_the_model(prefetch):
    """It runs outside the locks of a step: in this thread, or in one that makes batches ahead."""
    used = []

    def using():
        for pair in batches():
            model.set_weights(first)
            used.append((weight_hash(copy.deepcopy(model)), model.predict(X)))
            yield pair

    model = classifier()
    first = model.get_weights()
    runner = threading.Thread(target=model.fit, args=(using(),), kwargs={"prefetch": prefetch}, daemon=True)
    runner.start()
    runner.join(60)
    assert not runner.is_alive()
    assert len(used) == 4


LISTENERS = {
    "train": fd.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
    "test": fd.callbacks.LambdaCallback(on_test_batch_begin=lambda batch, logs: None),
    "all": recording([]),
}


@by_backend
@pytest.mark.parametrize("listener", LISTENERS.values(), ids=LISTENERS)
def test_numbers_that_are_not_finite_while_somebody_listens(listener, backend):
    """A fit on arrays never was, also where its validation data is bad; rows are named as in the whole."""
    model, bad = classifier(backend=backend), X.copy()
    model.fit(X, Y)
    before = weight_hash(model), model.compiled.state.iterations, model.compiled.epochs_done
    bad[50, 3] = np.nan
    more = {"callbacks": [listener]}
    for where, call in {
        "fit": lambda: model.fit(bad, Y, batch_size=8, epochs=2, **more),
        "fit, ": lambda: model.fit(bad, Y, batch_size=8, validation_split=0.2, **more),
        "fit, validation_data": lambda: model.fit(X, Y, batch_size=8, validation_data=(bad, Y), **more),
        "evaluate": lambda: model.evaluate(bad, Y, batch_size=7, **more),
        "predict": lambda: model.predict(bad, batch_size=7, **more),
    }.items():
        with pytest.raises(ValueError, match=r"expected finite x, got nan in row 50, column 3;") as caught:
            call()
        assert str(caught.value).startswith(f"[{where.removesuffix(', ')}]")
        assert (weight_hash(model), model.compiled.state.iterations, model.compiled.epochs_done) == before


@pytest.mark.parametrize("hook", ["on_test_begin", "on_test_batch_end", "on_test_end"])
def test_a_hooks_own_error_leaves_the_steps_that_were_done(hook):
    """It is no refusal of data, which would bring the model back to where the fit began."""

    def fail(*arguments):
        raise ValueError("mine")

    model, alone = classifier(), classifier()
    with pytest.raises(ValueError, match="mine"):
        model.fit(X, Y, validation_data=(X, Y), callbacks=[fd.callbacks.LambdaCallback(**{hook: fail})])
    alone.fit(X, Y)
    assert weight_hash(model) == weight_hash(alone)

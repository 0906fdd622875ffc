"""Monitor: what it keeps of a fit, what it says of it, and what it draws."""

import copy
import itertools
import pickle
import re
import signal

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd

L = fd.layers


def watched(model, x, y, every=1, **fit):
    monitor = fd.callbacks.Monitor(every)
    model.fit(x, y, callbacks=[monitor], **fit)
    return monitor


def kinds(monitor):
    return [advice.kind for advice in monitor.advice]


# ---- What it keeps


def test_it_is_named_in_both_places():
    assert fd.diagnose.Monitor is fd.callbacks.Monitor


@pytest.mark.parametrize("every", [1, 3, 50])
def test_samples_are_every_so_many_steps_over_all_fits(every):
    x, labels = classification(rows=100)
    model = classifier()
    seen = []
    for epochs in (1, 2, 4):
        monitor = watched(model, x, labels, every, batch_size=30, epochs=epochs)
        seen += monitor.samples.get("step", np.zeros(0, int)).tolist()
    assert seen == list(range(1, 29, every))


def test_no_bit_changes():
    x, labels = classification()
    model, same = classifier(), classifier()
    watched(model, x, labels, 2, epochs=3)
    same.fit(x, labels, epochs=3)
    assert weight_hash(model) == weight_hash(same)
    assert model.history.history == same.history.history


def test_memory_is_bounded():
    x, labels = classification()
    monitor = fd.callbacks.Monitor(1, max_samples=7)
    classifier().fit(x, labels, batch_size=10, epochs=4, callbacks=[monitor])
    steps = monitor.samples["step"].tolist()
    assert len(steps) <= 7
    assert monitor.every == 32
    assert steps == [1, 33, 65, 97]
    assert all(len(values) == 4 for values in monitor.samples.values())


def test_what_was_read_before_samples_were_thinned_is_forgotten():
    """Thinned, there can be as many as were read before."""
    x, labels = classification(rows=64)
    monitor = fd.callbacks.Monitor(1, max_samples=4)

    class Reader(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch in (2, 4):
                assert monitor.samples["step"].tolist() == monitor.get_state()["steps"].tolist()

    history = classifier().fit(x, labels, batch_size=64, epochs=5, callbacks=[monitor, Reader()])
    assert monitor.samples["step"].tolist() == [1, 3, 5]
    assert monitor.samples["loss"] == pytest.approx(np.array(history.history["loss"])[::2], rel=1e-6)


def test_a_ctrl_c_while_samples_are_kept_leaves_them_whole():
    x, labels = classification(rows=100)
    state = watched(classifier(), x, labels, batch_size=10).get_state()
    model, monitor = classifier(), fd.callbacks.Monitor(1)

    keep = monitor.on_samples

    def on_samples(samples):
        keep(samples._replace(learning_rates=Interrupting(samples.learning_rates)))

    class Interrupting(list):
        def __iter__(self):
            signal.raise_signal(signal.SIGINT)
            return super().__iter__()

    monitor.on_samples = on_samples
    model.fit(x, labels, batch_size=10, callbacks=[monitor])
    with pytest.raises(KeyboardInterrupt):
        monitor.get_state()
    assert monitor.get_state().keys() == state.keys()
    for name, value in monitor.get_state().items():
        assert str(np.asarray(value)) == str(np.asarray(state[name])), name


def test_a_fit_that_fails_at_once_leaves_no_samples():
    x, labels = classification(rows=64)
    monitor = watched(classifier(), x, labels)
    assert monitor.samples
    network = fd.Sequential([L.Input((x.shape[1],)), L.Dense(1)])
    network.compile("sgd", "mse")
    with pytest.raises(fd.NonFiniteLossError):
        network.fit(x, np.full(64, 1e30), callbacks=[monitor])
    assert monitor.samples == {}
    assert str(monitor) == "Monitor: no samples yet"
    for ask in (lambda: monitor.advice, lambda: monitor.layout, monitor.plot):
        with pytest.raises(ValueError, match="expected samples, got none"):
            ask()


def test_a_fit_begins_anew_and_a_state_goes_on():
    x, labels = classification(rows=100)
    model = classifier()
    first = watched(model, x, labels, batch_size=25)
    state, kept = first.get_state(), first.samples
    second = fd.callbacks.Monitor(1)
    second.set_state(state)
    model.fit(x, labels, batch_size=25, callbacks=[second])
    assert second.samples["step"].tolist() == list(range(1, 9))
    assert np.array_equal(second.samples["ratio/dense/kernel"][:4], kept["ratio/dense/kernel"])
    model.fit(x, labels, batch_size=25, callbacks=[second])
    assert second.samples["step"].tolist() == list(range(9, 13))


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("steps"),
        lambda state: state.update(every=0),
        lambda state: state.update(every=-1),
        lambda state: state.update(steps=np.arange(2)),
        lambda state: state.update(figures=np.array(["a"])),
        lambda state: state.update(more=1),
        lambda state: state.pop("names"),
        lambda state: state.update(names=np.arange(4)),
        lambda state: state.update(steps=np.ones_like(state["steps"])),
        lambda state: state.update(steps=state["steps"] - 1),
        lambda state: state.update(steps=state["steps"] + 0.5),
    ],
)
def test_wrong_states_are_refused(change):
    x, labels = classification(rows=100)
    state = watched(classifier(), x, labels).get_state()
    change(state)
    with pytest.raises(ValueError, match=r"\[Monitor, set_state\] expected"):
        fd.callbacks.Monitor().set_state(state)


def test_the_state_of_another_network_is_refused():
    x, labels = classification(rows=100)
    other = fd.callbacks.Monitor(1)
    other.set_state(watched(classifier(), x, labels).get_state())
    with pytest.raises(ValueError, match=r"\[Monitor\] expected the figures of its state"):
        classifier(hidden=(3, 3)).fit(x, labels, callbacks=[other])


def test_the_state_of_another_network_is_not_shown_by_the_names_of_this_one():
    """As wide, and of other layers."""
    x, labels = classification(rows=100)
    monitor = watched(classifier(), x, labels)
    network = fd.Sequential([L.Input((x.shape[1],)), *(L.Dense(n, name=f"other{n}") for n in (16, 1))])
    network.compile("sgd", "mse")
    state = watched(network, x, labels).get_state()
    monitor.set_state(state)
    assert monitor.samples == {}
    assert np.array_equal(monitor.get_state()["names"], state["names"])
    network.fit(x, labels, callbacks=[monitor])
    assert "ratio/other16/kernel" in monitor.samples
    monitor.set_state(state)
    with pytest.raises(ValueError, match=r"\[Monitor\] expected the figures of its state, got others"):
        classifier(hidden=(16,)).fit(x, labels, callbacks=[monitor])


def test_a_state_whose_steps_no_every_divides_is_thinned():
    x, labels = classification(rows=100)
    model = classifier()
    model.fit(x, labels, batch_size=10)
    state = watched(model, x, labels, batch_size=10).get_state()
    state["steps"] = 2 * np.arange(1, 11)
    monitor = fd.callbacks.Monitor(1, max_samples=4)
    monitor.set_state(state)
    model.fit(x, labels, epochs=5, batch_size=10, callbacks=[monitor])
    steps = monitor.samples["step"]
    assert 2 < len(steps) <= 4
    assert (np.diff(steps) > 0).all()
    assert steps[0] <= 20  # of the state


def test_copies():
    x, labels = classification(rows=100)
    monitor = watched(classifier(), x, labels)
    for twin in (copy.deepcopy(monitor), pickle.loads(pickle.dumps(monitor))):
        assert np.array_equal(twin.samples["loss"], monitor.samples["loss"])


@pytest.mark.parametrize("arguments", [{"every": 0}, {"every": 1.5}, {"every": True}, {"max_samples": 1}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=r"\[Monitor\] expected"):
        fd.callbacks.Monitor(**arguments)


def test_before_a_fit_there_is_nothing():
    monitor = fd.callbacks.Monitor()
    assert monitor.samples == {}
    assert str(monitor) == "Monitor: no samples yet"
    for look in (lambda: monitor.advice, monitor.plot):
        with pytest.raises(ValueError, match=r"expected samples, got none"):
            look()


# ---- What it says


def test_a_good_training_is_said_to_be_good():
    x, labels = classification()
    monitor = watched(classifier(hidden=(32, 32, 32)), x, labels, epochs=3)
    assert {advice.severity for advice in monitor.advice} == {"good"}
    assert kinds(monitor) == ["good_updates", "steady_signal", "live_units", "steady_gradient"]


@pytest.mark.parametrize(("batch_size", "said"), [(1, False), (8, False), (31, False), (32, True)])
def test_few_rows_say_nothing_of_dead_units(batch_size, said):
    """Of a network in which all units live, and each row leaves about half of them 0."""
    x, labels = classification(rows=batch_size * 20)
    monitor = watched(classifier(hidden=(64,)), x, labels, batch_size=batch_size)
    assert "dead_units" not in kinds(monitor)
    assert ("live_units" in kinds(monitor)) == said


@pytest.mark.parametrize(("rate", "kind"), [(1e-6, "small_updates"), (0.3, "large_updates")])
def test_a_rate_that_is_wrong_is_told(rate, kind):
    x, labels = classification()
    model = classifier(optimizer=fd.optimizers.Adam(rate))
    found = watched(model, x, labels, epochs=2).advice
    assert found[0].kind == kind
    known = {"fd": fd, "model": model, "x": x, "y": labels}
    exec(found[0].code, known)  # weights that too high a rate has spoilt are begun anew
    factor = 10 if rate < 1e-3 else 0.1
    assert known.get("better", model).optimizer.learning_rate == pytest.approx(rate * factor)


def test_a_scheduled_rate_gets_no_line_that_cannot_run():
    x, labels = classification()
    model = classifier(optimizer=fd.optimizers.SGD(lambda step: 1e-8))
    found = watched(model, x, labels).advice
    assert (found[0].kind, found[0].code) == ("small_updates", "")


def test_dead_units_are_told():
    x, labels = classification()
    model = classifier(hidden=(40,))
    kernel, bias, *rest = model.get_weights()
    bias[:30] = -1e4
    model.set_weights([kernel, bias, *rest])
    found = watched(model, x, labels, batch_size=100).advice
    assert found[0].kind == "dead_units"
    assert "75% of 40 units" in found[0].evidence


@pytest.mark.parametrize("optimizer", [fd.optimizers.Adam(0.3), fd.optimizers.SGD(3.0)])
def test_small_steps_of_units_that_a_high_rate_killed_ask_for_no_higher_one(optimizer):
    x, labels = fd.data.load_digits()
    hidden = [fd.layers.Dense(64, activation="relu") for _ in range(2)]
    model = fd.Sequential([fd.layers.Input((64,)), *hidden, fd.layers.Dense(10)], seed=0)
    model.compile(optimizer, fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    monitor = watched(model, x / 16, labels, every=20, epochs=5)
    assert monitor.advice[0].kind == "dead_units"
    assert not {"small_updates", "good_updates", "uneven_updates"} & set(kinds(monitor))
    known = {"fd": fd, "model": model, "x": x / 16, "y": labels}
    exec(monitor.advice[0].code, known)  # begun anew: a lower rate alone wakes nobody
    assert known["better"].optimizer.learning_rate == pytest.approx(0.1 * optimizer.learning_rate)
    error = [1 - np.mean(each.predict(x / 16).argmax(axis=1) == labels) for each in (known["better"], model)]
    assert error[0] < 0.05 < 0.5 * error[1]


def test_every_line_of_advice_runs():
    """Sigmoids of large weights, deep: nearly everything is wrong."""
    x, labels = classification()
    for activation, scale in (
        ("sigmoid", 8.0),
        ("tanh", 4.0),
        ("relu", 1.5),
        ("linear", 0.1),
        ("linear", 10.0),
    ):
        start = fd.initializers.RandomNormal(stddev=scale)
        layers = [L.Dense(16, activation=activation, kernel_initializer=start) for _ in range(6)]
        model = fd.Sequential([L.Input((20,)), *layers, L.Dense(4)], seed=0)
        model.compile(fd.optimizers.SGD(1e-30), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        found = watched(model, x, labels).advice
        assert found[0].severity == "warning"
        for advice in found:
            exec(advice.code, {"fd": fd, "model": copy.deepcopy(model), "x": x, "y": labels})


def test_print_is_a_table_and_the_advice():
    x, labels = classification()
    text = str(watched(classifier(), x, labels))
    assert text.startswith("10 samples, steps 1 to 10, every 1")
    assert "‖Δθ‖/‖θ‖" in text
    assert "good: The steps have a good size" in text


# ---- What it draws


def test_plot_has_four_panels_with_units():
    x, labels = classification()
    monitor = watched(classifier(hidden=(8, 8)), x, labels)
    axes = monitor.plot()
    assert [one.get_title() for one in axes] == [
        "update / weight",
        "gradients",
        "dead ReLUs, saturated sigmoids and tanhs",
        "what layers give",
    ]
    drawn = axes[0].get_lines()[0]
    assert np.array_equal(drawn.get_ydata(), monitor.samples["ratio/dense/kernel"])
    assert any(list(line.get_ydata()) == [1e-3, 1e-3] for line in axes[0].get_lines())
    assert all(one.get_ylabel() for one in axes)


def test_plot_on_axes_of_the_callers():
    from matplotlib.figure import Figure

    x, labels = classification()
    monitor = watched(classifier(), x, labels, 100)  # one sample
    axes = Figure().subplots(1, 4)
    assert all(drawn is own for drawn, own in zip(monitor.plot(axes), axes, strict=True))
    with pytest.raises(ValueError, match=r"\[monitor\] expected ax as 4 Axes"):
        monitor.plot(Figure().subplots())


def test_plot_of_a_network_without_relus_and_with_frozen_weights():
    x, labels = classification()
    model = fd.Sequential([L.Input((20,)), L.Dense(4, trainable=False), L.Dense(4)], seed=0)
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    axes = watched(model, x, labels).plot()
    assert [text.get_text() for text in axes[2].texts] == ["no ReLU, sigmoid or tanh"]


# ---- The loss in inference mode


def with_dropout(backend="native", seed=0):
    layers = [L.Dense(16, activation="relu"), L.BatchNormalization(), L.Dropout(0.5), L.Dense(4)]
    model = fd.Sequential([L.Input((20,)), *layers], seed=seed, dtype="float64")
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], regularizer=fd.regularizers.L2(1e-3), backend=backend)
    return model


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_the_loss_in_inference_mode_is_that_of_the_batch_before_the_step(backend):
    x, labels = classification(rows=70)
    model, same = with_dropout(backend), with_dropout(backend)
    monitor = fd.callbacks.Monitor(2, inference_loss=True)
    model.fit(x, labels, batch_size=20, epochs=2, shuffle=False, callbacks=[monitor])
    wanted = []
    for step in range(8):
        first = 20 * (step % 4)
        rows = slice(first, min(first + 20, 70))
        if step % 2 == 0:
            wanted.append(same.evaluate(x[rows], labels[rows], return_dict=True)["loss"])
        same.train_on_batch(x[rows], labels[rows])
    assert monitor.samples["step"].tolist() == [1, 3, 5, 7]
    assert monitor.samples["inference_loss"] == pytest.approx(wanted)
    assert monitor.samples["loss"] != pytest.approx(wanted)
    assert weight_hash(model) == weight_hash(same)


def test_the_loss_in_inference_mode_changes_no_bit_and_needs_no_arrays():
    x, labels = classification()
    found = []
    for callbacks in ([], [fd.callbacks.Monitor(3, inference_loss=True), fd.callbacks.Monitor(2)]):
        model = with_dropout()
        model.fit(x, labels, epochs=2, callbacks=callbacks)
        batches = [(x[:30], labels[:30]), (x[30:35], labels[30:35]), (x[35:], labels[35:])]
        model.fit(itertools.cycle(batches), steps_per_epoch=3, epochs=2, callbacks=callbacks)
        found.append((weight_hash(model), model.history.history))
    assert found[0] == found[1]
    losses = callbacks[0].samples["inference_loss"]
    assert len(losses) == 2  # steps 22 and 25 of the second fit
    assert np.isfinite(losses).all()
    assert callbacks[1].samples["step"].tolist() == [21, 23, 25]
    assert "inference_loss" not in callbacks[1].samples


def test_the_loss_in_inference_mode_is_kept_in_a_state():
    x, labels = classification()
    model = with_dropout()
    first = fd.callbacks.Monitor(1, inference_loss=True)
    model.fit(x, labels, callbacks=[first])
    second = fd.callbacks.Monitor(1, inference_loss=True)
    second.set_state(first.get_state())
    model.fit(x, labels, callbacks=[second])
    kept = first.samples["inference_loss"]
    assert np.array_equal(second.samples["inference_loss"][: len(kept)], kept)


def test_inference_loss_is_a_flag():
    with pytest.raises(ValueError, match=r"\[Monitor\] expected inference_loss as True or False, got 1"):
        fd.callbacks.Monitor(inference_loss=1)


@pytest.mark.parametrize("inference_loss", [False, True])
def test_features_that_are_not_finite_are_named_as_ever_and_the_model_stays(inference_loss):
    x, labels = classification(rows=100)
    x[77, 3] = np.nan
    model, monitor = with_dropout(), fd.callbacks.Monitor(1, inference_loss=inference_loss)
    before = weight_hash(model)
    with pytest.raises(ValueError, match=r"\[fit\] expected finite x, got nan in row 77, column 3"):
        model.fit(x, labels, batch_size=10, callbacks=[monitor])
    assert weight_hash(model) == before


def test_layers_that_differ_by_decades_are_drawn_on_a_logarithmic_axis():
    x, labels = classification()
    start = fd.initializers.RandomNormal(stddev=0.01)
    hidden = [L.Dense(32, activation="relu", kernel_initializer=start) for _ in range(4)]
    model = fd.Sequential([L.Input((20,)), *hidden, L.Dense(4)], seed=0)
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    monitor = watched(model, x, labels)
    axes = monitor.plot()[3]
    assert (axes.get_yscale(), axes.get_ylabel()) == ("log", "standard deviation")
    drawn = axes.containers[0].lines[0].get_ydata()
    assert drawn.tolist() == [monitor.samples[f"std/{name}"][0] for name in monitor.layout.layers]
    axes = watched(classifier(hidden=(8, 8)), x, labels).plot()[3]
    assert (axes.get_yscale(), axes.get_ylabel()) == ("linear", "mean ± standard deviation")


def test_no_rate_is_advised_where_the_initial_weights_are_too_small():
    """Four ReLU layers of N(0, 0.01²): the advised line makes the network learn."""
    x, labels = fd.data.load_digits()
    start = fd.initializers.RandomNormal(stddev=0.01)
    hidden = [L.Dense(64, activation="relu", kernel_initializer=start) for _ in range(4)]
    model = fd.Sequential([L.Input((64,)), *hidden, L.Dense(10)], seed=0)
    model.compile(fd.optimizers.SGD(0.1), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    monitor = watched(model, x / 16, labels, every=20, epochs=3)
    assert not {"small_updates", "live_units", "steady_signal"} & set(kinds(monitor))
    names = {"fd": fd, "model": model, "x": x / 16, "y": labels}
    exec(monitor.advice[0].code, names)
    assert names["better"].optimizer.learning_rate == 0.1
    assert np.mean(names["better"].predict(x / 16).argmax(axis=1) != labels) < 0.05


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("factor", "word"), [(1e156, "large"), (1e-170, "small")])
def test_what_cannot_be_measured_is_said_in_words(factor, word):
    x, labels = classification()
    hidden = [fd.layers.Dense(16, activation="relu") for _ in range(3)]
    model = fd.Sequential(
        [fd.layers.Input((x.shape[1],)), *hidden, fd.layers.Dense(1)], seed=0, dtype="float64"
    )
    model.compile(fd.optimizers.SGD(1e-300), "mae")
    weights = model.get_weights()
    model.set_weights([factor * weights[0], *weights[1:]])
    monitor = fd.callbacks.Monitor(every=1)
    model.fit(x, labels.astype(float), epochs=1, callbacks=[monitor], verbose=0)
    first, *others = monitor.advice
    assert first.kind == ("exploding_activations" if word == "large" else "vanishing_activations")
    assert f"too {word} to measure" in first.text
    assert "not_finite" not in [each.kind for each in others]
    text = str(monitor)
    assert f"too {word} to measure" in text
    assert not re.search(r"\b(inf|nan)\b|±", text)
    exec(first.code, {"fd": fd, "model": model, "x": x, "y": labels})

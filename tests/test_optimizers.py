"""Optimisers from Python: arguments, schedules, options of weights, state; natively and by the reference."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from networks import classification, classifier, regression, weight_hash

import fastdnn as fd
from fastdnn import _core
from fastdnn.segment_options import SegmentOptions
from fastdnn.snapshot import Snapshot

O = fd.optimizers  # noqa: E741
X, Y = classification(rows=70)


def falling(step):
    return 0.05 / (1 + step / 10)


def rising(step):
    return 0.9 - 0.5 / (1 + step)


# One of each kind and option of the native update.
KINDS = {
    "sgd": lambda: O.SGD(falling, clipvalue=0.01),
    "momentum": lambda: O.SGD(0.02, rising, global_clipnorm=0.5),
    "nesterov": lambda: O.SGD(0.02, 0.9, True, weight_decay=0.01),
    "ewma": lambda: O.SGD(0.1, rising, True, momentum_form="ewma", bias_correction=True, clipnorm=0.1),
    "keras": lambda: O.SGD(
        falling, 0.9, momentum_form="keras", weight_decay=0.1, weight_decay_mode="coupled"
    ),
    "adagrad": lambda: O.Adagrad(0.05, 0.1, global_clipnorm=0.1),
    "adadelta": lambda: O.Adadelta(clipnorm=0.05),
    "rmsprop": lambda: O.RMSprop(falling, rho=rising),
    "rmsprop centered": lambda: O.RMSprop(0.002, epsilon=1e-3, centered=True, epsilon_mode="inside"),
    "rmsprop momentum": lambda: O.RMSprop(0.002, momentum=rising, epsilon=1e-3, global_clipnorm=1.0),
    "rmsprop both": lambda: O.RMSprop(
        0.002, momentum=0.5, epsilon=1e-3, centered=True, momentum_form="keras"
    ),
    "adam": lambda: O.Adam(falling, beta_1=rising, beta_2=lambda step: 0.99),
    "adam hat": lambda: O.Adam(1e-2, epsilon=1e-3, epsilon_mode="hat", clipnorm=0.1),
    "adam uncorrected": lambda: O.Adam(1e-3, epsilon=1e-4, bias_correction=False),
    "adamw": lambda: O.AdamW(1e-2, 0.1, global_clipnorm=0.2),
    "amsgrad": lambda: O.Adam(1e-2, beta_2=rising, epsilon=1e-4, amsgrad=True),
    "nadam": lambda: O.Nadam(1e-2, beta_1=rising, epsilon=1e-4, momentum_decay=0.1),
    "lion": lambda: O.Lion(1e-3, weight_decay=0.1),
}
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)

CONSTRAINED = SegmentOptions(lr_scale=0.5, decay=False, proximal_l1=0.01, max_norm=0.9)
OF_WEIGHTS = {"dense/kernel": CONSTRAINED, "dense_1/kernel": SegmentOptions(max_norm=0.8, max_norm_axis=1)}
OF_WEIGHTS["dense_1/bias"] = SegmentOptions(lr_scale=2.0, max_norm=0.01)


def constrained(model):
    """With options for some of its weights."""
    for layer in model.layers:
        layer._weights = [
            dataclasses.replace(w, update=OF_WEIGHTS.get(w.name, w.update)) for w in layer.weights
        ]
    return model


def state_of(model):
    """The optimiser's state: slots as bytes, and counters."""
    copies = _core.snapshot(model.weights.native, model.compiled.state)
    slots = [(slot, name, a.tobytes()) for slot, of in copies["slots"].items() for name, a in of.items()]
    return (*slots, copies["iterations"], *copies["products"].items())


# ---- Steps


@kinds
def test_both_backends_take_the_same_steps(make):
    models = []
    for backend in ("native", "reference"):
        model = constrained(classifier(hidden=(33,), dtype="float64", optimizer=make(), backend=backend))
        history = model.fit(X, Y, batch_size=16, epochs=4)
        models.append((model, history.history["loss"]))
    (native, losses), (reference, same) = models
    np.testing.assert_allclose(losses, same, rtol=1e-9, equal_nan=False)
    for a, b in zip(native.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-11, equal_nan=False)
    assert native.optimizer.iterations == reference.optimizer.iterations == 20
    for name, product in native.compiled.state.products.items():
        assert reference.compiled.state.products[name] == pytest.approx(product, rel=1e-14)


@kinds
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_for_1_to_8_threads(make, dtype):
    """The first kernel has several chunks of a norm's sum, and max-norm crosses what threads update."""
    x, y = classification(rows=40, features=150)
    hashes = set()
    for threads in range(1, 9):
        model = constrained(classifier(features=150, hidden=(70,), optimizer=make(), dtype=dtype))
        model.fit(x, y, batch_size=16, epochs=2, threads=threads)
        hashes.add((weight_hash(model), state_of(model)))
    assert len(hashes) == 1


@kinds
@pytest.mark.parametrize("way", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_in_mid_training_goes_on_with_the_same_bits(make, way):
    model = constrained(classifier(optimizer=make()))
    if any(getattr(s, "__name__", "") == "<lambda>" for s in model.optimizer.schedules.values()):
        model = constrained(classifier(optimizer=O.Adam(falling, beta_1=rising, amsgrad=True)))
    model.fit(X, Y, batch_size=16, epochs=2)
    twin = constrained(way(model))
    assert state_of(twin) == state_of(model)
    assert twin.optimizer.iterations == 10
    one, other = (each.fit(X, Y, batch_size=16, epochs=2).history for each in (twin, model))
    assert one == other
    assert weight_hash(twin) == weight_hash(model)
    assert state_of(twin) == state_of(model)


@kinds
def test_a_snapshot_brings_the_state_back(make):
    model = classifier(optimizer=make())
    model.fit(X, Y, batch_size=16, epochs=1)
    snapshot, before, weights = Snapshot(model), state_of(model), weight_hash(model)
    first = model.fit(X, Y, batch_size=16, epochs=2).history
    assert state_of(model) != before
    snapshot.restore()
    assert (state_of(model), weight_hash(model), model.optimizer.iterations) == (before, weights, 5)
    assert model.fit(X, Y, batch_size=16, epochs=2).history == first


@kinds
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_an_abandoned_step_leaves_the_state(make, backend):
    x, y = regression()
    model = fd.Sequential([fd.layers.Input((7,)), fd.layers.Dense(2)], seed=0, dtype="float64")
    model.compile(make(), "mse", backend=backend)
    model.fit(x, y, epochs=1)
    before = state_of(model)
    with pytest.raises(fd.NonFiniteLossError), np.errstate(over="ignore"):
        model.fit(x, 1e200 * y, epochs=1)  # whose squares are infinite
    assert state_of(model) == before


def test_the_products_are_powers_where_the_betas_stay():
    model = classifier(optimizer=O.Adam())
    model.fit(X, Y, batch_size=7, epochs=5)
    products = model.compiled.state.products
    assert products == {"beta_1": pytest.approx(0.9**50), "beta_2": pytest.approx(0.999**50)}


# ---- Options of weights


def test_max_norm_holds_and_proximal_l1_reaches_zero():
    model = constrained(classifier(optimizer=O.Adam(0.02)))
    model.fit(X, Y, batch_size=16, epochs=20)
    kernel, _, second, bias = model.get_weights()
    assert np.linalg.norm(kernel, axis=0).max() <= 0.9 * (1 + 1e-5)
    assert np.linalg.norm(kernel, axis=0).max() > 0.89  # some are at the limit
    assert np.linalg.norm(second, axis=1).max() <= 0.8 * (1 + 1e-5)
    assert np.linalg.norm(bias) <= 0.01 * (1 + 1e-5)
    strong = classifier(optimizer=O.SGD(0.05))
    dense = strong.get_layer("dense")
    dense._weights[0] = dataclasses.replace(dense.weights[0], update=SegmentOptions(proximal_l1=0.05))
    strong.fit(X, Y, batch_size=16, epochs=30)
    zeros = strong.get_weights()[0] == 0
    assert 0.05 < zeros.mean() < 0.999


def test_weights_at_another_rate():
    def trained(scale):
        optimizer = O.SGD(0.1)
        for names, factor in scale.items():
            optimizer.scale_learning_rate(factor, var_names=[names])
        again = O.from_config("SGD", optimizer.get_config())
        assert again.get_config() == optimizer.get_config()
        model = classifier(optimizer=again, dtype="float64")
        before = model.get_weights()
        model.train_on_batch(X, Y)
        return [a - b for a, b in zip(model.get_weights(), before, strict=True)]

    whole = trained({})
    half = trained({"dense/": 0.5})
    mixed = trained({"dense/": 0.5, "kernel": 0.0, "dense_1": 3.0})
    for factors, moved in [((0.5, 0.5, 1, 1), half), ((0, 0.5, 0, 3), mixed)]:
        for factor, a, b in zip(factors, moved, whole, strict=True):
            np.testing.assert_allclose(a, factor * b, rtol=1e-9, atol=1e-15)
    with pytest.raises(ValueError, match="0 <= factor"):
        O.SGD().scale_learning_rate(-1, var_names=["dense"])
    with pytest.raises(ValueError, match="names of weights"):
        O.SGD().scale_learning_rate(1, var_names=[3])


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_weights_are_excluded_from_decay_by_name(backend):
    def trained(exclude, decay=0.5):
        optimizer = O.SGD(0.0 if exclude is None else 0.1, weight_decay=decay)
        if exclude:
            optimizer.exclude_from_weight_decay(var_names=exclude)
        model = classifier(optimizer=optimizer, backend=backend)
        model.set_weights([np.ones_like(w) for w in model.get_weights()])
        model.fit(np.zeros_like(X), Y, epochs=1, batch_size=70)
        return model.get_weights()

    everything, but_bias, only_second = trained([]), trained(["bias"]), trained(["dense/"])
    plain = trained([], decay=0.0)
    for decayed, free, mixed, none in zip(everything, but_bias, only_second, plain, strict=True):
        assert not np.array_equal(decayed, none)
        assert np.array_equal(free, none) == (none.ndim == 1)
        assert mixed.shape == none.shape
    assert [np.array_equal(a, b) for a, b in zip(only_second, plain, strict=True)] == [
        True,
        True,
        False,
        False,
    ]
    model = classifier(optimizer=O.AdamW())
    model.fit(X, Y)
    with pytest.raises(ValueError, match="before the first step"):
        model.optimizer.exclude_from_weight_decay(var_names=["bias"])


def test_a_frozen_weight_is_not_constrained():
    model = constrained(classifier())
    model.get_layer("dense").trainable = False
    before = model.get_weights()[0]
    assert np.linalg.norm(before, axis=0).max() > 0.9
    model.fit(X, Y)
    np.testing.assert_array_equal(model.get_weights()[0], before)


@pytest.mark.parametrize("way", ["clipnorm", "global_clipnorm"])
@pytest.mark.parametrize("threads", [1, 3])
def test_norms_of_weights_of_several_chunks(way, threads):
    """10,500 numbers are three chunks of a sum; the step is as long as the limit says."""
    x, y = classification(rows=40, features=150)
    model = classifier(features=150, hidden=(70,), optimizer=O.SGD(1.0, **{way: 1e-3}), dtype="float64")
    gradients = model.loss_and_gradients(x, y)[1]
    before = model.get_weights()
    model.fit(x, y, batch_size=40, epochs=1, shuffle=False, threads=threads)
    norms = [np.linalg.norm(g) for g in gradients.values()]
    whole = [np.linalg.norm(norms)] * 4 if way == "global_clipnorm" else norms
    for old, new, g, norm in zip(before, model.get_weights(), gradients.values(), whole, strict=True):
        assert norm > 1e-3
        np.testing.assert_allclose(old - new, g * 1e-3 / norm, rtol=1e-9, atol=1e-15, equal_nan=False)


def test_norms_beyond_the_range_of_squares():
    """Gradients of 1e200: their squares are infinite, their norm is not."""
    for way in ("clipnorm", "global_clipnorm"):
        x, y = np.full((4, 3), 1e100), np.full((4, 1), 1e90)
        model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(1)], dtype="float64", seed=0)
        model.compile(O.SGD(1.0, **{way: 1e-3}), "mse")
        model.set_weights([np.full((3, 1), 1e-7), np.zeros(1)])
        model.fit(x, y, epochs=1, threads=2)
        kernel, bias = model.get_weights()
        moved = np.linalg.norm(kernel - 1e-7), abs(bias[0])
        assert moved[0] == pytest.approx(1e-3, rel=1e-9)
        assert moved[1] == pytest.approx(1e-3 if way == "clipnorm" else 0, rel=1e-9, abs=1e-90)


# ---- Schedules


class ByEpoch:
    per = "epoch"

    def __init__(self, rate=0.1):
        self.rate = rate

    def __call__(self, step):
        return self.rate / (1 + step)

    def get_config(self):
        return {"rate": self.rate}


class Rates(fd.callbacks.Callback):
    """The rates that are told after each epoch."""

    def on_train_begin(self, logs=None):
        self.rates = []

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(logs["learning_rate"])


def test_a_schedule_by_epoch_is_setting_the_rate_before_each():
    scheduled = classifier(optimizer=O.SGD(ByEpoch(), 0.9))
    told = Rates()
    scheduled.fit(X, Y, batch_size=16, epochs=3, callbacks=[told])
    assert told.rates == [0.1, 0.05, 0.1 / 3]
    scheduled.fit(X, Y, batch_size=16, epochs=1, callbacks=[told])
    assert told.rates == [0.025]
    assert scheduled.optimizer.learning_rate == 0.02
    by_hand = classifier(optimizer=O.SGD(0.1, 0.9))
    for epoch in range(4):
        by_hand.optimizer.learning_rate = 0.1 / (1 + epoch)
        by_hand.fit(X, Y, batch_size=16, epochs=1)
    assert weight_hash(by_hand) == weight_hash(scheduled)


def test_a_schedule_by_step_is_setting_the_rate_before_each_step():
    scheduled = classifier(optimizer=O.Adam(falling, beta_1=rising))
    told = Rates()
    history = scheduled.fit(X, Y, batch_size=16, epochs=2, callbacks=[told]).history
    assert told.rates == [falling(4), falling(9)]
    assert scheduled.optimizer.learning_rate == falling(10)
    assert scheduled.optimizer.beta_1 == rising(10)

    class Set(fd.callbacks.Callback):
        step = 0

        def on_train_batch_begin(self, batch, logs=None):
            optimizer = self.model.optimizer
            assert optimizer.iterations == self.step
            optimizer.learning_rate, optimizer.beta_1 = falling(self.step), rising(self.step)
            self.step += 1

    by_hand = classifier(optimizer=O.Adam())
    assert by_hand.fit(X, Y, batch_size=16, epochs=2, callbacks=[Set(), told]).history == history
    assert told.rates == [falling(4), falling(9)]
    assert weight_hash(by_hand) == weight_hash(scheduled)
    batches = classifier(optimizer=O.Adam(falling, beta_1=rising))
    for epoch in range(2):
        order = np.random.default_rng(epoch).permutation(70)
        for begin in range(0, 70, 16):
            rows = order[begin : begin + 16]
            batches.train_on_batch(X[rows], Y[rows])
    assert batches.optimizer.iterations == 10
    assert batches.optimizer.learning_rate == falling(10)


def test_an_epoch_is_one_native_call_whatever_is_scheduled(monkeypatch):
    calls = []
    run = fd.backend._NativeTrainer.run

    def counted(self, scalars, *rest):
        calls.append(scalars.shape)
        return run(self, scalars, *rest)

    monkeypatch.setattr(fd.backend._NativeTrainer, "run", counted)
    classifier(optimizer=O.Adam(falling)).fit(X, Y, batch_size=16, epochs=2)
    classifier(optimizer=O.Adam(ByEpoch())).fit(X, Y, batch_size=16, epochs=2)
    assert calls == [(5, 8), (5, 8), (1, 8), (1, 8)]


def test_a_long_epoch_is_a_call_for_each_block_of_steps(monkeypatch):
    def trained():
        optimizer = O.Adam(falling, beta_1=rising)
        model = classifier(optimizer=optimizer)
        model.fit(X, Y, batch_size=4, epochs=2)  # 18 steps each
        return weight_hash(model)

    whole = trained()
    calls = []
    run = fd.backend._NativeTrainer.run

    def counted(self, scalars, *rest):
        calls.append(len(scalars))
        return run(self, scalars, *rest)

    monkeypatch.setattr(fd.backend._NativeTrainer, "run", counted)
    monkeypatch.setattr("fastdnn.optimizers.table._BLOCK", 8)
    assert trained() == whole
    assert calls == [8, 8, 2, 6, 8, 4]


def test_a_schedule_is_called_once_for_each_step():
    steps = []

    def rate(step):
        steps.append(step)
        return 0.01

    class Watch(fd.callbacks.Callback):
        watches_progress = True

    model = classifier(optimizer=O.SGD(rate))
    steps.clear()
    model.fit(X, Y, batch_size=1, epochs=1, callbacks=[Watch()])
    assert steps == list(range(70))


def test_a_schedule_that_goes_wrong_ends_the_fit_before_the_step():
    model = classifier(optimizer=O.SGD(lambda step: 0.1 if step < 8 else -1.0))
    with pytest.raises(ValueError, match=r"\[SGD\] expected 0 <= learning_rate, got .*-1\.0.* at step 8"):
        model.fit(X, Y, batch_size=16, epochs=3)
    assert model.optimizer.iterations == 5  # the epoch before

    def broken(step):
        if step > 4:
            raise RuntimeError("mine")
        return 0.1

    model = classifier(optimizer=O.SGD(broken))
    with pytest.raises(RuntimeError, match="mine"):
        model.fit(X, Y, batch_size=16, epochs=3)
    model.predict(X)


def test_any_number_may_be_set_and_no_schedule_overwritten():
    optimizer = O.Adam(falling)
    with pytest.raises(ValueError, match="learning_rate to stay a schedule"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = rising
    optimizer.beta_1, optimizer.epsilon, optimizer.clipnorm = 0.5, 1e-3, 2.0
    assert (optimizer.learning_rate, optimizer.beta_1, optimizer.clipnorm) == (rising(0), 0.5, 2.0)
    with pytest.raises(ValueError, match="one of clipvalue, clipnorm, global_clipnorm"):
        optimizer.clipvalue = 1.0
    optimizer.clipnorm = None
    optimizer.clipvalue = 1.0
    for name, value in [("amsgrad", True), ("epsilon_mode", "hat"), ("weight_decay_mode", "coupled")]:
        with pytest.raises(ValueError, match=f"{name} to stay"):
            setattr(optimizer, name, value)
    plain = O.SGD(0.1)
    with pytest.raises(ValueError, match="momentum to stay 0"):
        plain.momentum = 0.9
    with pytest.raises(ValueError, match="momentum to stay 0"):
        plain.momentum = rising


# ---- Arguments and files


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: O.SGD(-1), "0 <= learning_rate"),
        (lambda: O.SGD(float("nan")), "0 <= learning_rate"),
        (lambda: O.SGD("fast"), "0 <= learning_rate"),
        (lambda: O.SGD(None), "0 <= learning_rate"),
        (lambda: O.SGD(True), "0 <= learning_rate"),
        (lambda: O.SGD(0.1, 1.0), "0 <= momentum < 1"),
        (lambda: O.SGD(0.1, "much"), "0 <= momentum < 1"),
        (lambda: O.SGD(0.1, nesterov=True), "momentum > 0"),
        (lambda: O.SGD(0.1, 0.9, nesterov="yes"), "nesterov as True or False"),
        (lambda: O.SGD(0.1, 0.9, momentum_form="heavy"), "momentum_form"),
        (lambda: O.SGD(0.1, 0.9, bias_correction=True), "ewma"),
        (lambda: O.Adam(beta_1=1), "0 <= beta_1 < 1"),
        (lambda: O.Adam(beta_2=-0.1), "0 <= beta_2 < 1"),
        (lambda: O.Adam(epsilon=0), "0 < epsilon <= 1"),
        (lambda: O.Adam(epsilon_mode="beside"), "epsilon_mode"),
        (lambda: O.Adam(lambda step: "x"), "schedule of 1 numbers"),
        (lambda: O.Adam(lambda step: float("inf")), "0 <= learning_rate"),
        (lambda: O.AdamW(weight_decay=-1), "0 <= weight_decay"),
        (lambda: O.AdamW(weight_decay_mode="coupled"), "weight_decay_mode"),
        (lambda: O.Nadam(momentum_decay=-1), "0 <= momentum_decay"),
        (lambda: O.RMSprop(rho=1.5), "0 <= rho < 1"),
        (lambda: O.RMSprop(momentum_form="ewma"), "momentum_form"),
        (lambda: O.Adagrad(initial_accumulator_value=-1), "initial_accumulator_value"),
        (lambda: O.Adadelta(rho=2), "0 <= rho < 1"),
        (lambda: O.Lion(beta_1=1), "0 <= beta_1 < 1"),
        (lambda: O.SGD(clipnorm=0), "0 < clipnorm"),
        (lambda: O.SGD(clipvalue=-1), "0 < clipvalue"),
        (lambda: O.SGD(global_clipnorm=float("inf")), "0 < global_clipnorm"),
        (lambda: O.SGD(clipnorm=1, clipvalue=1), "one of clipvalue, clipnorm, global_clipnorm"),
        (lambda: O.SGD(weight_decay_mode="none"), "weight_decay_mode"),
        (lambda: O.get("adamax"), "'adamax'"),
        (lambda: O.get(3), "an optimizer of"),
        (lambda: O.from_config("Adamax", {}), "'Adamax'"),
        (lambda: SegmentOptions(lr_scale=-1), "lr_scale"),
        (lambda: SegmentOptions(proximal_l1=float("inf")), "proximal_l1"),
        (lambda: SegmentOptions(max_norm=float("nan")), "max_norm"),
        (lambda: SegmentOptions(max_norm_axis=2), "max_norm_axis"),
    ],
)
def test_bad_arguments_name_the_value_and_the_rule(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_a_copy_of_an_optimizer_shares_nothing_with_it():
    optimizer = O.SGD(0.1, 0.9)
    twin = copy.copy(optimizer)
    twin.learning_rate = 0.2
    assert (optimizer.learning_rate, twin.learning_rate, twin.momentum) == (0.1, 0.2, 0.9)
    assert repr(twin).startswith("SGD(learning_rate=0.2, momentum=0.9, ")


def test_names_are_those_of_keras():
    names = ["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "adadelta", "lion"]
    assert [type(O.get(name)).__name__.lower() for name in names] == names
    for name in names:
        model = classifier(optimizer=name)
        model.fit(X, Y)
        again = O.from_config(type(model.optimizer).__name__, model.optimizer.get_config())
        assert again.get_config() == model.optimizer.get_config()


@kinds
def test_a_model_file_keeps_the_optimizer(make, tmp_path):
    optimizer = make()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model = classifier(optimizer=optimizer)
    model.save(tmp_path / "m")
    functions = {s.__name__: s for s in optimizer.schedules.values()}
    again = fd.load_model(tmp_path / "m", custom_objects=functions)
    assert type(again.optimizer) is type(optimizer)
    assert again.optimizer.get_config() == optimizer.get_config()
    model.fit(X, Y, epochs=2)
    again.fit(X, Y, epochs=2)
    assert weight_hash(again) == weight_hash(model)


def test_schedules_of_ones_own_in_files(tmp_path):
    model = classifier(optimizer=O.SGD(ByEpoch(0.3), 0.9))
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m", custom_objects={"ByEpoch": ByEpoch})
    assert again.optimizer.learning_rate == 0.3
    with pytest.raises(ValueError, match="schedule 'ByEpoch' among custom_objects"):
        fd.load_model(tmp_path / "m")

    class Lacking(ByEpoch):
        def get_config(self):
            return {}

    model = classifier(optimizer=O.SGD(Lacking()))
    with pytest.raises(ValueError, match="all arguments of __init__"):
        model.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_the_native_optimizer_checks_what_it_is_given():
    parameters = _core.Parameters("float64", [("a", [2, 3]), ("b", [2, 3, 4])], [])
    for arguments in (
        {"kind": "adamax"},
        {"kind": "adam", "velocity": True},
        {"kind": "sgd", "nesterov": True},
        {"kind": "sgd", "centered": True},
        {"kind": "rmsprop", "momentum_form": "ewma"},
        {"kind": "adagrad", "initial_accumulator": -1.0},
        {"kind": "adam", "epsilon_mode": "beside"},
    ):
        with pytest.raises(ValueError, match="expected"):
            _core.Optimizer(parameters, **arguments)
    state = _core.Optimizer(parameters, "adam")
    plain = {"lr_scale": 1.0, "decay": True, "proximal_l1": 0.0, "max_norm": np.inf, "max_norm_axis": 0}
    for name, wrong in [
        ("a", {"lr_scale": -1.0}),
        ("a", {"proximal_l1": np.nan}),
        ("a", {"max_norm": -1.0}),
        ("a", {"max_norm_axis": 2}),
        ("b", {"max_norm": 1.0}),
        ("c", {}),
    ]:
        with pytest.raises(ValueError, match="expected"):
            state.set_options(name, **{**plain, **wrong})
    state.set_options("b", **plain)
    assert state.options("b") == plain
    for wrong in ({"mu": 0.5}, {"beta_1": 1.5}, {"beta_1": np.nan}):
        with pytest.raises(ValueError, match="expected"):
            state.products = wrong


@pytest.mark.parametrize("table", [np.ones((3, 8)), np.ones((1, 7)), np.ones(8), np.full((1, 8), np.nan)])
def test_a_table_of_scalars_that_does_not_fit_is_refused(table):
    model = classifier(optimizer="adam")
    program = model.training_program()
    plan = _core.Plan(program.to_native(), model.weights.native, 16)
    state = model.optimizer_state()
    trainer = _core.Trainer(
        plan, model.weights.native, state, model.prepare("test", X, Y).arrays, 16, True, 5
    )
    good = model.optimizer.table(0, 5, 0)
    with pytest.raises(ValueError, match="expected"):
        trainer.run(table * good if table.ndim == 2 and table.shape[1] == 8 else table, 0.0, 1, False)
    assert trainer.steps_left == 5
    assert trainer.run(np.repeat(good, 5, axis=0), 0.0, 1, False)[0] == "epoch_done"
    assert trainer.steps_left == 0

"""The report names the right cause of trainings that were spoilt in a known way, and leaves all as it was."""

import copy
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from pathologies import RIGHT, elsewhere, trained
from scipy.sparse import csr_array

import fastdnn as fd
from fastdnn.diagnose import Advice, report
from fastdnn.diagnose.causes import CAUSES, Cause
from fastdnn.diagnose.ranking import ranked
from fastdnn.diagnose.set_of_rows import Rows
from fastdnn.errors import NonFiniteLossError

CASES = [
    *((kind, "digits", seed, optimizer) for kind in RIGHT for seed, optimizer in ((0, "adam"), (1, "sgd"))),
    *((kind, "numbers", 2, "adam") for kind in RIGHT),
]


@pytest.mark.parametrize(("kind", "data", "seed", "optimizer"), CASES)
def test_the_first_advice_is_the_planted_cause(kind, data, seed, optimizer):
    model, train, dev, test = trained(kind, data, seed, optimizer=optimizer)
    found = report(model, train, dev, test, threads=1)
    first = found.advice[0]
    assert first.kind in RIGHT[kind], found
    assert found.healthy == (kind == "healthy")
    assert first.severity == ("good" if kind == "healthy" else first.severity)
    assert first.evidence


@pytest.mark.parametrize("data", ["digits", "numbers"])
@pytest.mark.parametrize("quick", [False, True])
def test_dev_and_test_sets_from_elsewhere_explain_the_variance(data, quick):
    model, train, *others = trained("healthy", data, 2)
    rng = np.random.default_rng(0)
    dev, test = ((elsewhere(x, data, rng), y) for x, y in others)
    assert report(model, train, dev, test, quick=quick).advice[0].kind == "dev_shift"
    assert report(model, train, dev, quick=quick).advice[0].kind == "dev_shift"


def test_a_quick_report_trains_nothing_and_still_sees_the_rate():
    model, train, dev, _ = trained("rate / 1000", "digits", 3)
    found = report(model, train, dev, quick=True)
    assert found.advice[0].kind == "low_rate"
    assert not {"interventions", "rates", "subset"} & {section.name for section in found.sections}
    assert found["classes"].left_out


# ---------------------------------------------------------------------------------------------- the model


def test_the_model_stays_as_it_is_and_trains_on_with_the_same_bits():
    model, train, dev, test = trained("rate too high", "digits", 0, epochs=3)
    twin = copy.deepcopy(model)
    before, epochs = model.get_weights(), list(model.history.epoch)
    report(model, train, dev, test)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert model.history.epoch == epochs
    assert model.optimizer.iterations == twin.optimizer.iterations
    for each in (model, twin):
        each.fit(*train, epochs=1, verbose=0)
    assert all((a == b).all() for a, b in zip(model.get_weights(), twin.get_weights(), strict=True))


def test_the_same_report_twice():
    model, train, dev, test = trained("rate / 1000", "digits", 1, epochs=3)
    one, other = (report(model, train, dev, test, threads=threads) for threads in (1, 2))
    assert one.advice == other.advice


# ------------------------------------------------------------------------------------------ kinds of models


def halves(x, y):
    return (x[::2], y[::2]), (x[1::2], y[1::2])


def fitted(layers, loss, train, **options):
    model = fd.Sequential(layers, seed=0)
    model.compile(fd.optimizers.Adam(0.01), loss)
    model.fit(*train, epochs=10, verbose=0, **options)
    return model


RNG = np.random.default_rng(5)
X = RNG.normal(size=(1200, 4))
SIGN = (X[:, 0] + X[:, 1] > 0).astype(int)


@pytest.mark.parametrize(
    ("outputs", "activation", "loss", "y"),
    [
        (1, "sigmoid", "binary_crossentropy", SIGN),
        (1, None, fd.losses.BinaryCrossentropy(from_logits=True), SIGN),
        (2, "softmax", "categorical_crossentropy", np.eye(2)[SIGN]),
        (2, "sigmoid", "binary_crossentropy", np.stack([SIGN, 1 - SIGN], axis=1)),
        (1, None, "hinge", 2.0 * SIGN - 1),
        (1, None, "mae", X[:, 0]),
        (2, None, "mse", X[:, :2]),
    ],
)
def test_losses_and_targets(outputs, activation, loss, y):
    train, dev = halves(X, y)
    model = fitted(
        [fd.Input((4,)), fd.layers.Dense(16, "relu"), fd.layers.Dense(outputs, activation)], loss, train
    )
    found = report(model, train, dev)
    assert found.healthy, found
    assert found.advice[0].kind == "healthy"
    assert ("train R² 0.9" if loss in ("mse", "mae") else "train error") in found.advice[0].evidence


def test_weights_of_rows_count():
    train, dev = halves(X, SIGN)
    wrong = (X[::2], 1 - SIGN[::2])
    both = tuple(np.concatenate(pair) for pair in zip(train, wrong, strict=True))
    weights = np.repeat([1.0, 0.0], len(train[0]))
    layers = [fd.Input((4,)), fd.layers.Dense(16, "relu"), fd.layers.Dense(1, "sigmoid")]
    model = fitted(layers, "binary_crossentropy", both, sample_weight=weights)
    assert report(model, (*both, weights), dev)["errors"].result.train_error < 0.03
    assert report(model, both, dev)["errors"].result.train_error > 0.4


def test_sparse_features_leave_out_what_needs_dense_ones():
    x = np.where(RNG.random((800, 30)) < 0.1, 1.0, 0.0)
    y = x[:, 0] + 2 * x[:, 1]
    train, dev = halves(x, y)
    model = fitted([fd.Input((30,)), fd.layers.Dense(16, "relu"), fd.layers.Dense(1)], "mse", train)
    found = report(model, (csr_array(train[0]), train[1]), (csr_array(dev[0]), dev[1]))
    assert found["data"].left_out == "x is sparse"
    assert isinstance(found["shift"].result, fd.data.duplicates.DuplicatesReport)
    assert found["errors"].result.train_error < 0.05


class Doubled(fd.layers.Layer):
    """y = 2 x, whose gradient is 2 dy, or wrong."""

    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self.factor = factor

    def forward(self, x, training):
        return 2 * x, None

    def backward(self, dy, saved):
        return self.factor * dy, {}


@pytest.mark.parametrize(("factor", "kind"), [(-2.0, "gradients_wrong"), (2.0, "healthy")])
def test_a_wrong_gradient_of_ones_own_outranks_all(factor, kind):
    train, dev = halves(X, X @ np.array([1.0, -2.0, 0.5, 1.0]) / 2)
    layers = [fd.Input((4,)), fd.layers.Dense(16, "relu"), Doubled(factor), fd.layers.Dense(1)]
    found = report(fitted(layers, "mse", train), train, dev)
    assert found.advice[0].kind == kind, found
    assert found["gradients"].result is not None


def test_a_layer_that_cannot_be_copied_leaves_out_what_trains():
    class Stubborn(Doubled):
        def __deepcopy__(self, memo):
            raise TypeError("cannot be copied")

    train, dev = halves(X, RNG.normal(size=len(X)))
    model = fitted([fd.Input((4,)), Stubborn(), fd.layers.Dense(1)], "mse", train)
    found = report(model, train, dev, gradients=False)
    assert "cannot be copied" in found["interventions"].left_out
    assert found.advice[0].kind == "no_better_than_guessing"


# ----------------------------------------------------------------------------------------- single findings


def test_outputs_that_the_loss_cannot_want():
    train, dev = halves(X, 5 + X[:, 0])
    model = fitted([fd.Input((4,)), fd.layers.Dense(8, "relu"), fd.layers.Dense(1, "sigmoid")], "mse", train)
    first = report(model, train, dev).advice[0]
    assert (first.kind, first.severity) == ("output_does_not_fit_loss", "error")


@pytest.mark.parametrize("classes", [True, False])
def test_outputs_that_are_not_finite(classes):
    train, dev = halves(X, SIGN)
    layers = [fd.Input((4,)), fd.layers.Dense(16, "relu"), fd.layers.Dense(2 if classes else 1)]
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True) if classes else "mse"
    model = fitted(layers, loss, train)
    model.set_weights([np.full_like(weight, 3e38) for weight in model.get_weights()])
    found = report(model, train, dev)
    kinds = {each.kind: each.severity for each in found.advice}
    assert kinds["not_finite"] == "error", found
    assert not found.healthy
    assert str(found)


def test_targets_without_scale():
    train, dev = halves(X, 1e5 * (3 + X[:, 0]))
    layers = [fd.Input((4,)), fd.layers.Dense(16, "relu"), fd.layers.Dense(1)]
    model = fitted(layers, "mse", train)
    assert report(model, train, dev).advice[0].kind == "unscaled_targets"


def test_too_much_regularization():
    train, dev = halves(X, SIGN)
    penalty = fd.regularizers.L2(10.0)
    layers = [
        fd.Input((4,)),
        fd.layers.Dense(16, "relu", kernel_regularizer=penalty),
        fd.layers.Dense(1, "sigmoid", kernel_regularizer=penalty),
    ]
    found = report(fitted(layers, "binary_crossentropy", train), train, dev)
    kinds = [each.kind for each in found.advice if each.severity == "warning"]
    assert kinds[0] == "too_much_regularization", found


def test_few_features_that_matter_and_more_features_than_rows():
    x = RNG.normal(size=(600, 40))
    train, dev = halves(x, x[:, 3])
    layers = [fd.Input((40,)), fd.layers.Dense(1, kernel_initializer="zeros")]
    kinds = {each.kind for each in report(fitted(layers, "mse", train), train, dev).advice}
    assert "few_features" in kinds
    small = (train[0][:30], train[1][:30])
    layers = [fd.Input((40,)), fd.layers.Dense(1)]
    assert "elastic_net" in {each.kind for each in report(fitted(layers, "mse", small), small, dev).advice}


def test_human_error_is_what_bias_is_measured_against():
    train, dev = halves(X, np.where(RNG.random(len(X)) < 0.1, 1 - SIGN, SIGN))
    layers = [fd.Input((4,)), fd.layers.Dense(4, "relu"), fd.layers.Dense(1, "sigmoid")]
    model = fitted(layers, "binary_crossentropy", train)
    kinds_of = [{each.kind for each in report(model, train, dev, human_error=e).advice} for e in (None, 0.1)]
    assert "high_bias" in kinds_of[0] - kinds_of[1]


# ---------------------------------------------------------------------------------- what newcomers run into


def digits_model(*, hidden=(64,), targets=None, epochs=20, optimizer=None, scale=1.0, **options):
    """A network for the digits, trained as far as that goes, and its sets."""
    x, y = fd.data.load_digits()
    split = fd.data.train_dev_test_split(x.astype(float), y, dev=0.2, test=0.1, stratify=y)
    train, dev = ((scale * x, y if targets is None else targets(y)) for x, y in (split.train, split.dev))
    layers = [fd.Input((64,)), fd.layers.Normalization(np.full(64, 8.0), np.full(64, 6.0))]
    for units in hidden:
        layers += [fd.layers.Dense(units, "relu"), fd.layers.Dropout(options.get("dropout", 0.0))]
    model = fd.Sequential([*layers, fd.layers.Dense(10, "softmax")], seed=0)
    model.compile(
        optimizer or "adam", "sparse_categorical_crossentropy", regularizer=options.get("regularizer")
    )
    with suppress(NonFiniteLossError):
        model.fit(*train, epochs=epochs, validation_data=dev, verbose=0)
    return model, train, dev


def test_the_print_has_the_few_things_that_matter_and_symptoms_under_their_cause():
    x, y = fd.data.load_digits()
    split = fd.data.train_dev_test_split(x, y, dev=0.2, test=0.1, stratify=y)
    layers = [fd.layers.Dense(64, "sigmoid", kernel_initializer="random_normal") for _ in range(8)]
    model = fd.Sequential([fd.Input((64,)), *layers, fd.layers.Dense(10, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(*split.train, epochs=5, validation_data=split.dev, verbose=0)
    found = report(model, split.train, split.dev)
    text = str(found)
    assert found.advice[0].kind == "saturating_activations"
    heads = [line for line in text.splitlines() if line.startswith(("error:", "warning:", "hint:"))]
    assert len(heads) <= 5
    assert len(text.splitlines()) < 45
    [may] = [line for line in text.splitlines() if "this may explain, too: " in line]
    assert "high bias" in may
    assert "nothing learned" in may
    assert not any("High bias" in head for head in heads)
    assert "more: print(report.details())" in text
    for flattery in ("on average, as high as the share", "rank the classes", "is done about as well"):
        assert flattery not in text
    assert all(each.text.split()[0] in found.details() for each in found.advice)
    assert found.advice[-1].text.split(": ")[0] in found.details().replace("\n  ", " ")


def test_repr_is_short():
    model, train, dev = digits_model(epochs=2)
    found = report(model, train, dev)
    assert len(repr(found)) < 300
    for section in found.sections:
        assert len(repr(section)) < 500, section.name
        assert section.result is None or len(repr(section.result)) < 1500, section.name


@pytest.mark.parametrize(
    "options",
    [
        {"regularizer": fd.regularizers.L2(1.0)},
        {"dropout": 0.9, "hidden": (64, 64)},
        {"regularizer": fd.regularizers.L2(1.0), "hidden": (64, 64)},
    ],
)
def test_too_much_regularization_of_digits(options):
    model, train, dev = digits_model(**options)
    first = report(model, train, dev).advice[0]
    assert first.kind == "too_much_regularization"
    names = {"fd": fd, "np": np, "model": model, "x": train[0], "y": train[1]}
    exec(first.code, names)
    assert (names["better"].predict(dev[0]).argmax(axis=1) != dev[1]).mean() < 0.08


def waves(regularizer=None, dropout=0.0):
    """A model of a border that is learned slowly."""
    y = (np.sin(3 * X[:, 0]) * X[:, 1] > 0).astype(int)
    train, dev = halves(X, y)
    layers = [fd.Input((4,))]
    for _ in range(2):
        layers += [fd.layers.Dense(32, "relu"), fd.layers.Dropout(dropout)]
    model = fd.Sequential([*layers, fd.layers.Dense(1, "sigmoid")], seed=0)
    model.compile("adam", "binary_crossentropy", regularizer=regularizer)
    model.fit(*train, epochs=30, verbose=0)
    return model, train, dev


@pytest.mark.parametrize("options", [{"regularizer": fd.regularizers.L2(1.0)}, {"dropout": 0.9}])
def test_too_much_regularization_of_what_is_learned_slowly(options):
    found = report(*waves(**options))
    assert found.advice[0].kind == "too_much_regularization"
    assert "1,000 steps" in found.advice[0].evidence


def test_a_model_without_training_is_told_to_be_fitted():
    model, train, dev = digits_model(epochs=1)
    fresh = fd.diagnose.fresh_copy(model)
    found = report(fresh, train, dev)
    assert found.advice[0].kind == "not_trained"
    assert "call fit first" in found.advice[0].text
    assert "low_rate" not in [each.kind for each in found.advice]
    assert "interventions" not in [section.name for section in found.sections]
    model.compile("adam", "sparse_categorical_crossentropy")  # no step of this optimiser, but trained weights
    assert "not_trained" not in [each.kind for each in report(model, train, dev).advice]


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": fd.optimizers.SGD(1e6), "scale": 1e4},
        {"optimizer": fd.optimizers.SGD(1e30)},
    ],
)
@pytest.mark.parametrize("quick", [False, True])
def test_a_training_that_diverged_in_its_first_epoch(options, quick):
    model, train, dev = digits_model(**options)
    assert not model.history.epoch
    found = report(model, train, dev, quick=quick)
    first = found.advice[0]
    assert first.kind in ("diverged", "high_rate", "unscaled_inputs", "not_finite")
    assert "learning rate" in first.text or "not scaled" in first.text
    assert "is done about as well" not in str(found)
    names = {"fd": fd, "np": np, "model": model, "x": train[0], "y": train[1]}
    if not quick:
        exec(first.code, names)
        assert (names["better"].predict(dev[0]).argmax(axis=1) != dev[1]).mean() < 0.08


def random_targets(y, share, seed=0):
    rng = np.random.default_rng(seed + len(y))
    return np.where(rng.random(len(y)) < share, rng.integers(0, 10, len(y)), y)


@pytest.mark.parametrize(("hidden", "epochs"), [((64,), 60), ((16,), 8)])
def test_targets_that_have_nothing_to_do_with_the_features(hidden, epochs):
    found = report(*digits_model(targets=lambda y: random_targets(y, 1.0), hidden=hidden, epochs=epochs))
    assert found.advice[0].kind == "unrelated_targets"
    assert "may say nothing about the targets" in found.advice[0].text


def test_noisy_targets_are_told_from_a_small_network():
    noisy = report(*digits_model(targets=lambda y: random_targets(y, 0.3)))
    assert noisy.healthy
    assert noisy.advice[1].kind == "noisy_targets"
    small = report(*digits_model(hidden=(2,), epochs=100))
    assert "noisy_targets" not in [each.kind for each in small.advice]
    assert small.advice[0].kind in ("small_network", "high_bias")


@pytest.mark.parametrize("hidden", [(), (32,)])
@pytest.mark.parametrize("classes", [False, True])
def test_noise_that_no_network_gets_below_is_no_trouble(hidden, classes):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 4))
    signal = x @ [1.2, 0.8, 0.0, -0.5] + 0.8 * rng.normal(size=2000)
    y = (signal > 0).astype(int) if classes else signal / signal.std()
    train, dev = (x[:1400], y[:1400]), (x[1400:], y[1400:])
    last = fd.layers.Dense(1, "sigmoid" if classes else "linear")
    layers = [fd.Input((4,)), *(fd.layers.Dense(units, "relu") for units in hidden), last]
    model = fd.Sequential(layers, seed=0)
    model.compile(fd.optimizers.Adam(0.003), "binary_crossentropy" if classes else "mse")
    stop = fd.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    model.fit(*train, epochs=40, validation_data=dev, callbacks=[stop], verbose=0)
    found = report(model, train, dev)
    assert found.healthy, found.lines()
    assert "nothing else that was tried does better" in found.advice[0].text


def test_figures_of_a_history_without_its_settings():
    model, train, dev = digits_model(epochs=5)
    found = report(model, train, dev, history=model.history.history, quick=True)
    assert "batch_size" not in {each.kind for each in found.advice}


def test_row_numbers_of_an_embedding_are_not_scaled():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 50, (300, 1))
    y = (x[:, 0] % 2).astype(int)
    layers = [fd.Input((1,), dtype="int32"), fd.layers.Embedding(50, 4), fd.layers.Dense(1, "sigmoid")]
    model = fd.Sequential(layers, seed=0)
    model.compile("adam", "binary_crossentropy")
    model.fit(x[:200], y[:200], epochs=2, verbose=0)
    found = report(model, (x[:200], y[:200]), (x[200:], y[200:]), quick=True)
    assert "unscaled_inputs" not in {each.kind for each in found.advice}


def test_a_schedule_that_begins_at_0_is_tried_at_its_highest_rate():
    optimizer = fd.optimizers.Adam(fd.schedules.Warmup(0.01, 20))
    found = report(*digits_model(optimizer=optimizer, hidden=(2,), epochs=20))
    assert all(trial.rate > 0 for trial in found["interventions"].result.trials)


def test_code_for_an_output_that_does_not_fit_compiles_and_fits():
    train, dev = halves(X, 5 + X[:, 0])
    model = fitted([fd.Input((4,)), fd.layers.Dense(8, "relu"), fd.layers.Dense(1, "sigmoid")], "mse", train)
    names = {"fd": fd, "np": np, "model": model, "x": train[0], "y": train[1]}
    exec(report(model, train, dev).advice[0].code, names)
    assert names["better"].optimizer.iterations > 0
    assert names["better"].layers[-1].activation == "linear"


def test_sets_that_are_not_packed_are_named_without_their_numbers():
    for call in ((*SETS[0], *SETS[1]), SETS[0], (SETS[0], SETS[1], None, SETS[1][1])):
        with pytest.raises(ValueError, match=r"call report\(model, \(x, y\), \(x_dev, y_dev\)\)") as raised:
            report(model_of(), *call)
        assert len(str(raised.value)) < 200


def test_no_code_of_advice_imports_the_package():
    for path in Path(fd.diagnose.__file__).parent.glob("*.py"):
        for line in path.read_text().splitlines():
            assert "import fastdnn as fd" not in line or ">>>" in line, (path.name, line)


# ---------------------------------------------------------------------------------------------- the ranking


def kinds(advice, causes=CAUSES):
    return [(each.kind, each.severity) for each in ranked(advice, causes)]


def warning(kind, evidence=""):
    return Advice(kind, "warning", f"{kind}.", evidence, "code", "source")


TABLE = (
    Cause("root", explains=("middle", "symptom"), denies=("fine",), needs_symptom=True),
    Cause("middle", explains=("symptom",)),
    Cause("symptom", remedies=("remedy",)),
    Cause("detail", needs_symptom=True),
)


def test_what_is_explained_is_a_hint_that_says_by_what():
    found = ranked([warning("symptom"), warning("middle"), warning("root")], TABLE)
    assert [each.kind for each in found] == ["root", "middle", "symptom"]
    assert [each.severity for each in found] == ["warning", "hint", "hint"]
    assert found[2].text == 'symptom. (It may follow from "root": mend that first.)'
    assert not found[2].code


def test_a_cause_without_consequences_and_a_closer_look_are_hints():
    assert kinds([warning("root")], TABLE) == [("root", "hint")]
    assert kinds([warning("detail"), warning("symptom")], TABLE) == [
        ("symptom", "warning"),
        ("detail", "hint"),
    ]


def test_remedies_go_with_what_is_explained_and_good_news_with_what_denies_it():
    remedy, fine = Advice("remedy", "hint", "Do."), Advice("fine", "good", "Fine.")
    assert kinds([warning("symptom"), remedy, fine], TABLE) == [
        ("symptom", "warning"),
        ("remedy", "hint"),
        ("fine", "good"),
    ]
    assert kinds([warning("root"), warning("symptom"), remedy, fine], TABLE) == [
        ("root", "warning"),
        ("symptom", "hint"),
    ]


def test_one_finding_of_several_parts_has_the_evidence_of_all():
    found = ranked(
        [Advice("symptom", "hint", "A.", "one"), warning("symptom", "two"), warning("symptom", "two")]
    )
    assert [(each.severity, each.evidence) for each in found] == [("warning", "two; one")]


def test_the_table_names_each_kind_once_and_explains_no_cause_by_its_consequence():
    order = {cause.kind: number for number, cause in enumerate(CAUSES)}
    assert len(order) == len(CAUSES)
    for cause in CAUSES:
        assert cause.kind not in cause.explains
        for other in cause.explains:
            if other != "...":
                assert other in order, other
        later = [other for other in cause.explains if other in order and order[other] > order[cause.kind]]
        assert later or cause.explains in ((), ("...",)) or cause.needs_symptom, cause.kind


# ------------------------------------------------------------------------------------------- prints, errors


def test_it_prints_the_most_important_first_and_each_part_by_itself():
    model, train, dev, test = trained("rate / 1000", "digits", 0, epochs=3)
    found = report(model, train, dev, test)
    text = str(found)
    assert text.startswith("warning: The learning rate of 1e-06 is too low: take about")
    assert "  do: better = fd.diagnose.fresh_copy(model, learning_rate=" in text
    assert "short trainings with one thing changed" in text
    assert found.lines(2)[0].startswith("warning: The learning rate")
    assert len(found.lines(2)) == 2
    assert (
        "the loss of 1,167 training rows after 200 steps" in found.details()
        or "training rows after" in found.details()
    )
    with pytest.raises(ValueError, match=r"\[Report\] expected a section, one of"):
        found["no such"]


def test_the_code_of_the_first_advice_runs():
    model, x_y, dev, _ = trained("unscaled inputs", "digits", 0, optimizer="sgd")
    names = {"model": model, "x": x_y[0], "y": x_y[1], "fd": fd, "np": np}
    exec(report(model, x_y, dev).advice[0].code, names)
    better = names["better"]
    wrong = (better.predict(dev[0]).argmax(axis=1) != dev[1]).mean()
    assert wrong < 0.08


def model_of(outputs=1, inputs=1, compiled=True):
    x = [fd.Input((4,)) for _ in range(inputs)]
    h = fd.layers.Concatenate()(x) if inputs > 1 else x[0]
    y = [fd.layers.Dense(1)(h) for _ in range(outputs)]
    model = fd.Model(x if inputs > 1 else x[0], y if outputs > 1 else y[0], seed=0)
    if compiled:
        model.compile("sgd", "mse")
    return model


SETS = (X[:50], X[:50, 0]), (X[50:90], X[50:90, 0])


@pytest.mark.parametrize(
    ("model", "sets", "options", "message"),
    [
        ("model", SETS, {}, r"\[report\] expected a model, got 'model'"),
        (model_of(compiled=False), SETS, {}, "expected a compiled model"),
        (model_of(outputs=2), SETS, {}, "a model with one input and one output"),
        (model_of(inputs=2), SETS, {}, "a model with one input and one output"),
        (model_of(), (X, SETS[1]), {}, r"train as \(x, y\) or \(x, y, sample_weight\), got an ndarray"),
        (model_of(), (SETS[0], (X,)), {}, r"dev as \(x, y\) or \(x, y, sample_weight\), got a tuple of 1"),
        (model_of(), (SETS[0], (X[:0], X[:0, 0])), {}, r"report, dev"),
        (model_of(), (SETS[0], (X[:5], X[:4, 0])), {}, r"report, dev"),
        (model_of(), ((np.full((5, 4), np.nan), X[:5, 0]), SETS[1]), {}, "report, train"),
        (model_of(), ((X[:5, :3], X[:5, 0]), SETS[1]), {}, r"report, train"),
        (model_of(), SETS, {"human_error": 5}, r"\[report\] expected 0 <= human_error <= 1, got 5"),
        (model_of(), SETS, {"seed": -1}, r"a seed from 0 to 2\*\*64 - 1, got -1"),
        (model_of(), SETS, {"quick": 1}, "quick as True or False"),
        (model_of(), SETS, {"gradients": "yes"}, "gradients as True or False"),
        (model_of(), SETS, {"verbose": 7}, 'verbose as "auto", 0 or 1, got 7'),
        (model_of(), SETS, {"threads": 0}, "a number of threads from 1 to 1024, got 0"),
    ],
)
def test_bad_arguments_are_refused(model, sets, options, message):
    with pytest.raises(ValueError, match=message):
        report(model, *sets, **options)


def test_guessing_is_judged_by_the_weights_too():
    """Rare rows that weigh as much as the others: half of the weight is wrong where one class is said."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(600, 3))
    y = (x[:, 0] > 1.6).astype(int)
    weights = np.where(y == 1, (y == 0).sum() / y.sum(), 1.0)
    model = fd.Sequential([fd.Input((3,)), fd.layers.Dense(1, "sigmoid")], seed=0)
    model.compile(fd.optimizers.Adam(0.05), "binary_crossentropy")
    model.fit(x, y, sample_weight=weights, epochs=20)
    found = report(model, (x, y, weights), (x, y, weights), quick=True)
    assert not {advice.kind for advice in found.advice} & {"not_learnt", "unrelated_targets"}
    rows = Rows.of("dev", (x, y, weights), model)
    assert rows.error_of_guessing(model, rows) == pytest.approx(0.5)
    rows = Rows.of("dev", (x, y), model)
    assert rows.error_of_guessing(model, rows) == pytest.approx(y.mean())
    with pytest.raises(ValueError, match=r"\[report, dev\] expected a sample_weight above 0, got none"):
        report(model, (x, y), (x, y, np.zeros(600)))


def test_sparse_features_of_any_format():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5))
    model = fd.Sequential([fd.Input((5,)), fd.layers.Dense(1)], seed=0)
    model.compile("adam", "mse")
    rows = sparse.coo_matrix(x)
    model.fit(rows, x[:, 0], epochs=2)
    assert report(model, (rows, x[:, 0]), (rows, x[:, 0]), quick=True).advice

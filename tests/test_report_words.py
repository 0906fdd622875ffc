"""A report says no two things of which one denies the other, and no cause that it has not found."""

from contextlib import suppress
from itertools import combinations

import numpy as np
import pytest
from pathologies import RIGHT, trained

import fastdnn as fd
from fastdnn.cli.short_report import symptom, words_of
from fastdnn.diagnose import Advice, report
from fastdnn.diagnose.case import wilson
from fastdnn.diagnose.causes import CAUSES
from fastdnn.diagnose.contradictions import CONTRADICTIONS, consistent, contradict
from fastdnn.diagnose.ranking import ranked
from fastdnn.errors import NonFiniteLossError

L = fd.layers
RNG = np.random.default_rng(5)
X = RNG.normal(size=(400, 4))


def halves(x, y):
    return (x[::2], y[::2]), (x[1::2], y[1::2])


def digits(rows=600):
    x, y = fd.data.load_digits()
    return halves(x[:rows] / 16, y[:rows])


def fitted(layers, optimizer, loss, train, dev, epochs=8):
    model = fd.Sequential([L.Input((train[0].shape[1],)), *layers], seed=0)
    model.compile(optimizer, loss)
    with suppress(NonFiniteLossError):
        model.fit(*train, epochs=epochs, validation_data=dev, verbose=0)
    return model, train, dev


def classifier(hidden, optimizer="adam", initial="auto", epochs=8, rows=600):
    """Of digits."""
    layers = [L.Dense(units, "relu", kernel_initializer=initial) for units in hidden]
    train, dev = digits(rows)
    loss = "sparse_categorical_crossentropy"
    return fitted([*layers, L.Dense(10, "softmax")], optimizer, loss, train, dev, epochs)


def regression(y, optimizer="adam", epochs=20, hidden=(16,), x=X):
    train, dev = halves(x, y)
    return fitted(
        [*(L.Dense(units, "relu") for units in hidden), L.Dense(1)], optimizer, "mse", train, dev, epochs
    )


def sigmoids():
    layers = [L.Dense(16, "sigmoid") for _ in range(20)]
    train, dev = digits(300)
    loss = "sparse_categorical_crossentropy"
    return fitted([*layers, L.Dense(10, "softmax")], "adam", loss, train, dev, 4)


def dead():
    """Units that no row wakes."""
    asleep = L.Dense(32, "relu", bias_initializer=fd.initializers.Constant(-100.0))
    train, dev = digits(300)
    loss = "sparse_categorical_crossentropy"
    return fitted([asleep, L.Dense(10, "softmax")], "adam", loss, train, dev)


def yes_or_no():
    """Rows of unlike scales, with noise."""
    x = X * [20.0, 30.0, 1.0, 2000.0] + [36, 70, 2, 5000]
    y = (X[:, 0] - X[:, 1] + RNG.normal(size=len(X)) > 0).astype(int)
    train, dev = halves(x, y)
    return fitted([L.Dense(16, "relu"), L.Dense(1, "sigmoid")], "adam", "binary_crossentropy", train, dev)


LARGE, SMALL = fd.initializers.RandomNormal(stddev=1.0), fd.initializers.RandomNormal(stddev=0.01)
MODELS = {
    **{
        kind: lambda kind=kind: trained(kind, "numbers", 2, hidden=(16,), epochs=6)[:3]
        for kind in RIGHT
        if kind != "sigmoid tower"
    },
    "20 sigmoids": sigmoids,
    "dead": dead,
    "yes or no": yes_or_no,
    "exploding": lambda: classifier((64,) * 10, fd.optimizers.SGD(0.01), LARGE),
    "vanishing": lambda: classifier((64,) * 10, fd.optimizers.SGD(0.01), SMALL),
    "slow": lambda: classifier((32,), fd.optimizers.SGD(0.003)),
    "fast": lambda: classifier((32, 32), fd.optimizers.SGD(3.0)),
    "by heart": lambda: classifier((64,), fd.optimizers.Adam(0.01), epochs=40, rows=100),
    "targets of 100": lambda: regression(X[:, 0] + 100, epochs=3),
    "noise": lambda: regression(RNG.normal(size=400), fd.optimizers.Adam(0.01), 40, (64, 64)),
    "noisy": lambda: regression(X[:, 0] + 0.7 * RNG.normal(size=400), fd.optimizers.Adam(0.01), 30),
}


@pytest.fixture(scope="module")
def reports():
    """By name, each in its quick form, too."""
    made = {}

    def get(name):
        if name not in made:
            model, train, dev = MODELS[name]()
            made[name] = [report(model, train, dev, quick=quick, threads=1) for quick in (True, False)]
        return made[name]

    return get


@pytest.mark.parametrize("name", MODELS)
def test_no_report_tells_two_things_that_contradict_each_other(reports, name):
    for found in reports(name):
        kinds = [each.kind for each in found.advice]
        assert not [pair for pair in combinations(kinds, 2) if contradict(*pair)], found
        text = found.details().split("\n\n\n")[0].lower()
        assert not ("stop early" in text and "train longer" in text), found
        assert not ("learning rate suits" in text and "begin anew with a" in text), found
        assert not ("take about" in text and "with a learning rate of about" in text), found
        assert not ("lower learning rate" in text and "begin anew with a higher" in text), found
        if kinds[0] == "healthy":
            assert "high variance:" not in text
            assert "high bias:" not in text


@pytest.mark.parametrize("name", MODELS)
def test_what_a_training_ends_with_is_a_symptom_of_what_the_report_finds(reports, name):
    quick, full = reports(name)
    first, told = symptom(quick), {each.kind: each for each in full.advice}
    words = words_of(first, quick)
    assert "R²" in words or "%" in words or "set" in words
    assert not any(word in words for word in ("rate", "scaled", "weights", "longer", "ReLU"))
    if first is None:
        assert not any(
            each.kind in ("high_bias", "high_variance") and each.severity == "warning" for each in full.advice
        )
        return
    head = full.advice[0].kind
    explains = next((row.explains for row in CAUSES if row.kind == head), ())
    # The same, explained by it, or told by it as no trouble: as what no other network does better.
    assert (
        first.kind == head
        or first.kind in explains
        or (head == "healthy" and told[first.kind].severity == "hint")
    )


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("exploding", {"poor_initial_weights"}),
        ("vanishing", {"poor_initial_weights"}),
        ("dead", {"dead_units"}),
        ("20 sigmoids", {"saturating_activations"}),
    ],
)
def test_what_is_off_between_the_layers_is_told_first(reports, name, kinds):
    quick, full = reports(name)
    assert full.advice[0].kind in kinds, full
    assert quick.advice[0].kind not in ("low_rate", "high_rate"), quick
    for found in (quick, full):
        told = found.details().split("\n\n\n")[0]
        assert "no other cause was found" not in told
        assert "it can learn a few rows" not in told


def test_a_last_resort_is_told_for_want_of_anything_else():
    asked = Advice("wrong_targets", "warning", "See the rows.")
    unlearnt = Advice("not_learnt", "error", "Not learnt.")
    assert "wrong_targets" in [each.kind for each in ranked([asked, unlearnt])]
    for cause in ("saturating_activations", "dead_units", "unscaled_inputs"):
        found = ranked([asked, unlearnt, Advice(cause, "warning", "It is this.")])
        assert [each.kind for each in found] == [cause, "not_learnt"]


def test_of_two_that_contradict_each_other_the_better_founded_stays():
    stop, longer = Advice("early_stopping", "warning", "Stop."), Advice("train_longer", "hint", "Go on.")
    assert consistent([stop, longer]) == (stop,)
    explained = Advice("early_stopping", "hint", "Stop.", cause="dev_shift")
    assert consistent([Advice("dev_shift", "warning", "Shift."), explained, longer])[1:] == (longer,)
    headline, gap = Advice("healthy", "good", "Nothing is wrong."), Advice("no_gap", "hint", "Not fitted.")
    assert consistent([headline, gap]) == (headline,)


def test_the_table_of_contradictions_has_no_kind_on_both_sides():
    known = {cause.kind for cause in CAUSES}
    for some, others in CONTRADICTIONS:
        assert not set(some) & set(others)
        assert known & {*some, *others}


# -------------------------------------------------------------------------------------------------- figures


def test_errors_of_numbers_are_told_as_r2_and_beyond_that_of_guessing_as_its_multiple(reports):
    for found in reports("targets of 100"):
        text = found.details()
        assert "times the error of guessing" in text
        assert "about as well" not in text.split("\n\n\n")[0]
        assert "100.00" not in str(found["errors"].result)
        assert "%" not in "".join(each.evidence for each in found["errors"].advice)
    noisy = reports("noisy")[0]
    assert "R² 0." in str(noisy["errors"].result) or "R²" in str(noisy)
    assert "% of rows" not in str(noisy)


@pytest.mark.parametrize("quick", [True, False])
def test_so_few_rows_are_no_certainty_even_where_all_are_wrong(quick):
    x, y = digits(200)[0]
    train = x / 1.0, y
    model, *_ = fitted(
        [L.Dense(32, "relu"), L.Dense(10, "softmax")],
        fd.optimizers.Adam(0.01),
        "sparse_categorical_crossentropy",
        train,
        None,
        30,
    )
    x, y = digits(200)[1]
    right = model.predict(x).argmax(axis=1) == y
    x, y = x[right], y[right]
    dev = x[:3], (y[:3] + 1) % 10
    found = report(model, train, dev, quick=quick)
    [high] = [each for each in found["errors"].advice if each.kind == "high_variance"]
    assert "with so few rows give or take 57.1 points" in high.evidence
    assert "unrelated_targets" not in [each.kind for each in found.advice]
    one_wrong = x[:8], np.where(np.arange(8) == 0, (y[:8] + 1) % 10, y[:8])
    found = report(model, train, one_wrong, quick=quick)
    told = {each.kind: each for each in found.advice}
    assert found.advice[0].kind == "healthy", found
    assert "High variance" not in found.details().split("\n\n\n")[0]
    assert "give or take" in told["high_variance"].evidence
    assert not {"l2", "dropout", "more_data", "early_stopping"} & set(told)


def test_the_interval_of_wilson():
    """3 of 3 with z = 2: 3 / 7 to 1; and those of Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20."""
    assert wilson(1.0, 3) == pytest.approx((3 / 7, 1.0))
    for wrong, rows, ends in (
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
    ):
        assert wilson(wrong / rows, rows, 1.959964) == pytest.approx(ends, abs=5e-5)

"""What a report says of the rows themselves: copies, scales, indices, few rows, and code that mends each."""

from pathlib import Path

import numpy as np
import pytest
from pathologies import trained
from scipy.sparse import csr_array

import fastdnn as fd
from fastdnn.data import describe
from fastdnn.diagnose import report
from fastdnn.diagnose.set_of_rows import Rows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3000, 5))
Y = ((X @ [1.0, -1.0, 0.5, 0.2, 0.0] + 0.3 * RNG.normal(size=3000)) > 0).astype(int)


def network(*layers, width=5, loss="binary_crossentropy", **options):
    last = fd.layers.Dense(1, "sigmoid" if loss == "binary_crossentropy" else None)
    model = fd.Sequential([fd.Input((width,), **options), *layers, last], seed=0)
    model.compile(fd.optimizers.Adam(0.01), loss)
    return model


def fitted(x, y, *layers, epochs=5, **options):
    model = network(*layers, width=x.shape[1], **options)
    model.fit(x, y, epochs=epochs, verbose=0)
    return model


def kinds(found):
    return {advice.kind: advice for advice in found.advice}


def run(advice, model, train, dev):
    """The names of a piece of code after it ran."""
    names = {
        "fd": fd,
        "np": np,
        "model": model,
        "x": train[0],
        "y": train[1],
        "x_dev": dev[0],
        "y_dev": dev[1],
    }
    exec(advice.code, names)
    return names


# ------------------------------------------------------------------------------------------ copies


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_dev_rows_that_stand_in_the_training_set_come_first(quick, sparse):
    x = csr_array(X) if sparse else X
    rows = np.r_[1850:2600, :400]
    train, dev = (x[:1850], Y[:1850]), (x[rows], Y[rows])
    model = fitted(X[:1850], Y[:1850], fd.layers.Dense(8, "relu"))
    found = report(model, train, dev, quick=quick)
    first = found.advice[0]
    assert (first.kind, first.severity) == ("copied_rows", "error")
    assert first.text.startswith("400 of 1,150 dev rows stand in the training set, too")
    assert not found.healthy
    assert "low_variance" not in kinds(found)
    mended = run(first, model, train, dev)
    assert mended["x_dev"].shape[0] == len(mended["y_dev"]) == 750
    again = report(model, train, (mended["x_dev"], mended["y_dev"]), quick=True)
    assert "copied_rows" not in kinds(again)
    assert report(model, train, train, quick=quick).advice[0].kind == "copied_rows"


def test_copies_alone_are_no_reason_to_train():
    y = X @ [1.0, -1.0, 0.5, 0.2, 0.0]
    model = fitted(X[:1850], y[:1850], loss="mse", epochs=30)
    found = report(model, (X[:1850], y[:1850]), (X[:500], y[:500]))
    bad = [advice.kind for advice in found.advice if advice.severity in ("error", "warning")]
    assert bad == ["copied_rows"]
    assert "interventions" not in [section.name for section in found.sections]


def test_rows_of_few_discrete_features_are_no_copies():
    x = RNG.integers(0, 2, (900, 3)).astype(float)
    y = (x.sum(axis=1) > 1).astype(int)
    model = fitted(x[:600], y[:600], epochs=2)
    assert "copied_rows" not in kinds(report(model, (x[:600], y[:600]), (x[600:], y[600:]), quick=True))


def test_the_code_for_a_shift_splits_all_rows_again():
    train, dev = (X[:1850], Y[:1850]), (X[1850:] + 1.0, Y[1850:])
    model = fitted(*train, fd.layers.Dense(8, "relu"))
    names = run(kinds(report(model, train, dev, quick=True))["dev_shift"], model, train, dev)
    assert len(names["x"]) == len(names["y"]) == 1850
    assert not fd.data.check_shift(names["x"], names["x_dev"]).differs
    every = np.sort(np.concatenate([names["x"], names["x_dev"]])[:, 0])
    assert (every == np.sort(np.concatenate([train[0], dev[0]])[:, 0])).all()
    assert names["better"].optimizer.iterations > 0


# ------------------------------------------------------------------------------------------ scales


@pytest.mark.parametrize(("change", "kind"), [(0.05, "not_standardized"), (100.0, "unscaled_inputs")])
def test_scales_are_one_piece_of_advice_whose_code_keeps_the_figures(change, kind):
    x = np.abs(X) * [1, 1, 1, 1, change] + [1, 0, 0, 0, 0]  # the last says nothing
    y = (np.abs(X) @ [1.0, -1.0, 0.5, 0.2, 0.0] > 0.5).astype(int)
    train, dev = (x[:1850], y[:1850]), (x[1850:], y[1850:])
    model = fitted(*train, fd.layers.Dense(8, "relu"), epochs=40)
    for quick in (True, False):
        found = report(model, train, dev, quick=quick)
        about = [advice for advice in found.advice if "scale=x" in advice.code or "Scaler" in advice.code]
        assert [advice.kind for advice in about] == [kind], found
    raw = run(about[0], model, train, dev)["better"].layer_outputs(dev[0], ["normalization"])["normalization"]
    assert abs(raw.mean(axis=0)).max() < 0.2
    assert abs(raw.std(axis=0) - 1).max() < 0.2


def test_a_finding_of_the_trainings_takes_the_hints_place():
    """Targets without anything to do with the features: the trainings say something of scales by chance."""
    x = np.abs(X) * [1, 0.01, 1, 1, 0.5] + [2, 0, 0, 0, 0]
    train, dev = (x[:1850], Y[:1850]), (x[1850:], Y[1850:])
    found = kinds(report(fitted(*train, fd.layers.Dense(8, "relu")), train, dev))
    assert "unscaled_inputs" in found
    assert "not_standardized" not in found


def test_the_code_of_describe_keeps_the_scaler_for_dev_rows():
    x = np.abs(X) * [1, 1, 1, 1, 100] + [2, 0, 0, 0, 0]
    scaling = [a for a in describe(x[:1850]).advice if a.kind in fd.data.description.OF_SCALES]
    assert len(scaling) == 3
    for advice in scaling:
        names = run(advice, None, (x[:1850], None), (x[1850:], None))
        assert abs(names["x"].mean(axis=0)).max() < 1e-5
        np.testing.assert_allclose(names["x_dev"], (x[1850:] - x[:1850].mean(0)) / x[:1850].std(0), rtol=1e-3)
        assert names["scaler"].transform(x[:3]).shape == (3, 5)


def test_indices_have_no_scale_and_no_noise():
    x = RNG.integers(0, 50, (1000, 3))
    x[::100] = 5000  # far from the others, as an index may be
    y = x[:, 0] % 2
    train, dev = (x[:600], y[:600]), (x[600:], y[600:])
    model = fitted(*train, fd.layers.Embedding(5001, 4), dtype="int32")
    for rows in (600, 60):
        found = report(model, tuple(each[:rows] for each in train), dev, quick=True)
        scales = {"unscaled_inputs", "not_standardized", "outliers", *fd.data.description.OF_SCALES}
        assert not scales & set(kinds(found))
        for advice in found.advice:
            assert "std(x" not in advice.code
            run(advice, model, train, dev)


def test_neither_inputs_nor_targets_are_scaled():
    """Each alone makes it no better: what mends it is both."""
    x = X[:900] * [1e3, 2e3, 500, 1e3, 3e3] + [3e3, 0, 1e3, 0, 5e3]
    y = 1e5 * (3 + X[:900] @ [1.0, -0.5, 0.3, 0.8, 0.0] + X[:900, 0] * X[:900, 1])
    train, dev = (x[:600], y[:600]), (x[600:], y[600:])
    model = network(fd.layers.Dense(32, "relu"), loss="mse")
    model.compile("sgd", "mse")
    with pytest.raises(fd.errors.NonFiniteLossError):
        model.fit(*train, epochs=10, verbose=0)
    first = report(model, train, dev).advice[0]
    assert first.kind == "unscaled_inputs"
    assert first.text.startswith("Neither inputs nor targets are scaled")
    better = run(first, model, train, dev)["better"]
    outputs = better.predict(dev[0])[:, 0] * y[:600].std() + y[:600].mean()
    assert ((outputs - dev[1]) ** 2).mean() < 0.2 * dev[1].var()


# ------------------------------------------------------------------------------------------ the rest


@pytest.mark.parametrize("quick", [True, False])
def test_targets_by_the_name_of_the_output(quick):
    entry = fd.Input((5,), name="a")
    out = fd.layers.Dense(2, "softmax", name="c")(fd.layers.Dense(8, "relu")(entry))
    model = fd.Model({"a": entry}, {"c": out}, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    weights = np.where(Y[:1000] == 1, 2.0, 1.0)
    train = {"a": X[:1000]}, {"c": Y[:1000]}, {"c": weights}
    model.fit(train[0], train[1], sample_weight=train[2], epochs=3, verbose=0)
    dev = X[1000:], Y[1000:]
    named = report(model, train, ({"a": dev[0]}, {"c": dev[1]}), quick=quick)
    assert named.advice == report(model, (X[:1000], Y[:1000], weights), dev, quick=quick).advice
    with pytest.raises(ValueError, match=r"report, dev, y\] expected the name of an output, .* got 'd'"):
        report(model, train, (dev[0], {"d": dev[1]}))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_more_rows_by_noise_do_not_harm(optimizer):
    model, train, dev, _ = trained("tiny training set", "digits", 0, optimizer=optimizer, epochs=60)
    before = [weight.copy() for weight in model.get_weights()]
    found = kinds(report(model, train, dev, quick=True))
    assert found["few_examples"].code == fd.diagnose.remedies.MORE_DATA
    better = run(found["few_examples"], model, train, dev)["better"]
    now, then = ((each.predict(dev[0]).argmax(axis=1) != dev[1]).mean() for each in (better, model))
    assert now < then
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_no_rule_trains_on_from_trained_weights():
    source = Path(fd.diagnose.rules.__file__).read_text(encoding="utf-8")
    assert '"model.fit(' not in source
    assert "nmodel.fit(" not in source


def test_rows_are_not_drawn_by_the_bits_that_made_them():
    """Sorted by the uniforms of the same generator, drawn rows would be a function of the data."""
    shuffled = np.random.Generator(np.random.PCG64(0)).permutation(100)
    drawn = Rows("train", np.arange(100)[:, None], np.arange(100)).drawn(100, 0)
    assert sorted(drawn.y) == list(range(100))
    assert not (drawn.y == shuffled).all()
    assert abs(np.corrcoef(drawn.y, shuffled)[0, 1]) < 0.3

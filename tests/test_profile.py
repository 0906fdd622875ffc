"""The profile names every native step and leaves the model as it is."""

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd

X, Y = classification(64)


def noted(model, *data, **options):
    lines = []
    found = model.profile(*data, seconds=0.01, print_fn=lines.append, **options)
    assert lines == [str(found)]
    return found


def test_a_training_step():
    model = classifier(hidden=(16, 8))
    model.fit(X, Y, verbose=0)
    before = weight_hash(model), model.compiled.state.iterations
    found = noted(model, X, Y, threads=2)
    assert (weight_hash(model), model.compiled.state.iterations) == before
    assert (found.kind, found.batch_size, found.threads) == ("training step", 64, 2)
    steps = [row.step for row in found.rows]
    assert steps[:3] == ["gather", "gather", "gemm (bias + relu)"]
    assert steps[-1] == "update"
    assert all(row.seconds > 0 for row in found.rows)
    assert found.seconds > 0


def test_operations_and_bytes():
    model = classifier(features=20, hidden=(16,), classes=4)
    rows = {row.writes: row for row in noted(model, X, Y).rows}
    first = next(row for row in rows.values() if row.step == "gemm (bias + relu)")
    assert first.flops == 2 * 64 * 20 * 16
    assert first.bytes == 4 * (64 * 20 + 20 * 16 + 16 + 64 * 16)
    weights = 20 * 16 + 16 + 16 * 4 + 4
    update = rows[f"theta, {weights} weights"]
    assert update.operations == ("adam",)
    assert update.bytes == 4 * 7 * weights  # reads θ, dθ, m, v; writes θ, m, v


def test_the_second_phase_of_a_normalisation_reads_partial_figures_only():
    model = fd.Sequential(
        [fd.layers.Input((20,)), fd.layers.BatchNormalization(), fd.layers.Dense(4)], seed=0
    )
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    rows = {row.step: row for row in noted(model, X, Y).rows}
    partial = 4 * 2 * 20  # mean and sum of squares of a chunk
    assert rows["batch_norm_moments (partial)"].bytes == partial + 4 * 64 * 20
    assert rows["batch_norm_moments"].bytes == partial + 4 * 3 * 20


def test_a_prediction_and_updates_of_states():
    model = fd.Sequential(
        [fd.layers.Input((20,)), fd.layers.Dense(8), fd.layers.BatchNormalization(), fd.layers.Dense(4)],
        seed=0,
    )
    found = noted(model, X)
    assert found.kind == "prediction"
    assert "update" not in [row.step for row in found.rows]
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    found = noted(model, X, Y, np.ones(64))
    assert [row.step for row in found.rows][-2:] == ["update", "batch_norm_running"]


def test_the_table_has_a_line_for_each_step():
    found = noted(classifier(), X, Y)
    lines = str(found).splitlines()
    assert len(lines) == 3 + len(found.rows)
    assert "GFLOP/s" in lines[1]


def test_bad_arguments():
    model = classifier()
    bad = X.copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"\[profile\] expected finite x, got nan in row 3, column 2"):
        model.profile(bad, Y)
    with pytest.raises(ValueError, match=r"\[profile\] expected finite x, got nan in row 3, column 2"):
        model.profile(bad)
    with pytest.raises(ValueError, match="seconds"):
        model.profile(X, Y, seconds=0)
    with pytest.raises(ValueError, match=r"\(examples, 20\)"):
        model.profile(X[:, :3], Y)

"""The strict bar: the gradients of training are those of the loss to a billionth, whatever is combined.

Five points, h = 1e-3, float64. Elements with a kink within the stencil are left out; data are taken with
which at least 95 % remain.
"""

import itertools

import numpy as np
import pytest
from gradient_networks import (
    KINDS,
    TOLERANCE,
    combinations,
    network,
    pairs,
    strict,
    trained_names,
    unmoved,
)
from random_networks import data_for, random_heads

import fastdnn as fd

COMBINATIONS = list(combinations())
MOST_KINKS = 0.05
DRAWS = 8  # of data, until the kinks lie elsewhere


def assert_right(model, found, what, unmoved=frozenset()):
    """Of all trained weights, and each of them moves the loss, but for those that are `unmoved`."""
    __tracebackhide__ = True
    assert found.ratio < TOLERANCE, f"{what}:\n{found}"
    assert {tensor.name for tensor in found.tensors} - set(model.input_names) == trained_names(model), what
    for tensor in found.tensors:
        assert tensor.ratio < TOLERANCE or not tensor.is_beyond_rounding, f"{what}:\n{found}"
        if tensor.checked and tensor.name not in unmoved:
            assert tensor.norm > tensor.rounding, f"{what}: {tensor.name} moves nothing"


def share_of_kinks(found):
    return found.kinks / (found.kinks + found.checked)


def assert_right_off_the_kinks(combination, **options):
    """For all data that are drawn; one draw has few kinks within the stencils."""
    __tracebackhide__ = True
    shares = []
    for seed in range(DRAWS):
        model, data = network(*combination, seed=seed, **options)
        found = strict(model, data)
        assert_right(model, found, combination, unmoved(combination))
        shares.append(share_of_kinks(found))
        if shares[-1] <= MOST_KINKS:
            return
    pytest.fail(f"{combination}: at best {min(shares):.0%} of the elements at kinks")


def test_any_two_kinds_meet():
    met = set().union(*(pairs(each) for own in COMBINATIONS for each in own))
    for (i, first), (j, second) in itertools.combinations(enumerate(KINDS), 2):
        assert {((i, a), (j, b)) for a in first for b in second} <= met


@pytest.mark.parametrize("own", COMBINATIONS, ids=lambda own: own[0][0])
def test_every_combination(own):
    for combination in own:
        assert_right_off_the_kinks(combination)


@pytest.mark.parametrize("own", COMBINATIONS, ids=lambda own: own[0][0])
def test_the_reference_has_them_too(own):
    assert_right_off_the_kinks(own[0], backend="reference")


@pytest.mark.parametrize("seed", range(4))
def test_graphs_of_several_inputs_and_outputs(seed):
    """h = 1e-4, since batch normalisations of few rows, one behind the other, are curved."""
    model = random_heads(seed, dtype="float64")
    x, y, weights = data_for(model, 8, seed)
    how = {"stencil": "five_point", "epsilon": 1e-4, "max_per_tensor": 20, "directions": 2}
    found = model.check_gradients(x, y, weights, inputs=True, seed=seed, **how)
    assert_right(model, found, seed)
    assert set(model.input_names) <= {tensor.name for tensor in found.tensors}


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_tables_that_are_looked_up(backend):
    words, x = fd.Input((3,), dtype="int32", name="words"), fd.Input((2,), name="x")
    table = fd.layers.Embedding(7, 2, embeddings_regularizer="l2", name="table")
    h = fd.layers.Concatenate()([table(words), fd.layers.Dense(3, "tanh")(x)])
    model = fd.Model([words, x], fd.layers.Dense(2)(h), seed=0, dtype="float64")
    model.compile("sgd", "mse", backend=backend)
    rng = np.random.default_rng(0)
    data = [rng.integers(5, size=(6, 3)), rng.normal(size=(6, 2))], rng.normal(size=(6, 2))
    found = strict(model, data, inputs=True)
    assert_right(model, found, "embedding")
    assert [tensor.name for tensor in found.tensors][-1] == "x"
    assert "table/embeddings" in [tensor.name for tensor in found.tensors]


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_sparse_rows(backend):
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    x = sparse.random(9, 12, density=0.3, format="csr", random_state=0)
    model = fd.Sequential([fd.Input((12,)), fd.layers.Dense(5, "tanh"), fd.layers.Dense(2)], seed=0)
    model.compile("sgd", "mse", backend=backend)
    y = rng.normal(size=(9, 2))
    found = strict(model, (x, y))
    assert_right(model, found, "sparse")
    dense = strict(model, (x.toarray(), y))
    assert found.loss == pytest.approx(dense.loss, rel=1e-13)


@pytest.mark.parametrize("kind", ["sparse_categorical_crossentropy", "mse"])
def test_inputs_of_every_layer(kind):
    """Through batch normalisation a row's input moves the losses of all rows."""
    x = fd.Input((4,), name="x")
    h = fd.layers.BatchNormalization(epsilon=0.1)(fd.layers.Normalization()(x))
    h = fd.layers.LayerNormalization(epsilon=0.1)(fd.layers.Dense(4, "gelu")(h))
    last = fd.layers.Dense(3, "softmax" if kind != "mse" else None)(h)
    model = fd.Model(x, last, seed=0, dtype="float64")
    model.compile("sgd", kind)
    rng = np.random.default_rng(1)
    y = rng.integers(3, size=6) if kind != "mse" else rng.normal(size=(6, 3))
    found = strict(model, (rng.normal(size=(6, 4)), y), inputs=True)
    assert_right(model, found, kind)
    assert found.tensors[-1].name == "x"
    assert found.tensors[-1].checked == 24

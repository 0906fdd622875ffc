"""Skip connections and branches, in chains and in graphs."""

import copy

import numpy as np
import pytest
from networks import classification

import fastdnn as fd

L = fd.layers
blocks = fd.blocks


def x_of(features=6, rows=20):
    return np.random.default_rng(0).normal(size=(rows, features))


def test_a_residual_block_adds_its_input():
    x = x_of()
    f = [L.Dense(4, "tanh"), L.Dense(6)]
    model = fd.Sequential([L.Input((6,)), blocks.Residual(f)], seed=0, dtype="float64")
    w0, b0, w1, b1 = model.get_weights()
    np.testing.assert_allclose(model.predict(x), x + np.tanh(x @ w0 + b0) @ w1 + b1, rtol=1e-12, atol=1e-14)


def test_another_width_is_projected_and_the_sum_activated():
    x = x_of()
    block = blocks.Residual([L.Dense(9, use_bias=False)], activation="relu")
    model = fd.Sequential([L.Input((6,)), block], seed=0, dtype="float64")
    inner, projection = model.get_weights()
    assert inner.shape == projection.shape == (6, 9)
    np.testing.assert_allclose(model.predict(x), np.maximum(x @ projection + x @ inner, 0), atol=1e-13)


def test_branches_lie_side_by_side():
    x = x_of()
    chains = [
        [L.Dense(2, use_bias=False)],
        [],
        [L.Dense(3, "tanh", use_bias=False), L.Dense(1, use_bias=False)],
    ]
    model = fd.Sequential([L.Input((6,)), blocks.Branches(chains)], seed=0, dtype="float64")
    a, b, c = model.get_weights()
    want = np.concatenate([x @ a, x, np.tanh(x @ b) @ c], axis=1)
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-12, atol=1e-14)


def test_the_order_of_a_residual_dense_block():
    def kinds(**options):
        model = fd.Sequential([L.Input((8,)), blocks.residual_dense(8, **options)], seed=0)
        return [type(layer).__name__ for layer in model.layers[1:]]

    norm, dense = "BatchNormalization", "Dense"
    assert kinds() == [norm, "Activation", dense, norm, "Activation", dense, "Add"]
    assert kinds(order="post") == [dense, norm, "Activation", dense, norm, "Add", "Activation"]
    assert kinds(normalization=None, depth=1, dropout=0.5) == ["Activation", "Dropout", dense, "Add"]
    assert kinds(normalization="layer", depth=1)[0] == "LayerNormalization"


def test_biases_that_a_normalisation_would_undo_are_left_out():
    for order, biases in (("pre", [False, True]), ("post", [False, False])):
        model = fd.Sequential([L.Input((8,)), blocks.residual_dense(8, order=order)], seed=0)
        assert [layer.use_bias for layer in model.layers if isinstance(layer, L.Dense)] == biases


@pytest.mark.parametrize("order", ["pre", "post"])
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_gradients_of_a_deep_network_do_not_vanish(order, backend):
    """Forty layers of tanh, too small at the start: without the skips the first ones learn nothing."""
    x, y = x_of(8), np.ones((20, 8))
    small = fd.initializers.RandomNormal(stddev=0.05)

    def first_gradient(make):
        layers = [layer for _ in range(20) for layer in make()]
        model = fd.Sequential([L.Input((8,)), *layers], seed=0, dtype="float64")
        for name in model.weights.weights:
            if name.endswith("kernel"):
                model.weights.write({name: small(model.weights.weights[name].shape, seed=len(name))})
        model.compile("sgd", "mse", backend=backend)
        _, gradients = model.loss_and_gradients(x, y)
        return np.abs(gradients["dense/kernel"]).max()

    def plain():
        return [L.Dense(8, "tanh"), L.Dense(8, "tanh")]

    def residual():
        return [blocks.residual_dense(8, "tanh", order=order, normalization=None)]

    assert first_gradient(plain) < 1e-12
    assert first_gradient(residual) > 1e-4


def test_a_sequential_of_blocks_is_built_by_its_data_trains_and_is_saved(tmp_path):
    x, y = classification()
    layers = [blocks.residual_dense(16, dropout=0.1), blocks.residual_dense(16, order="post"), L.Dense(4)]
    model = fd.Sequential(layers, seed=0)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    with pytest.raises(ValueError, match="expected"):
        model.fit(np.full((3, 5), "a"), [0, 1, 2])
    assert not model.is_built
    losses = model.fit(x, y, epochs=5).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(fd.load_model(tmp_path / "m").predict(x), model.predict(x))


def test_blocks_nest_and_share_when_called_twice():
    x = fd.Input((6,))
    block = blocks.Residual([blocks.Branches([[L.Dense(2)], [L.Dense(4)]])])
    model = fd.Model(x, L.Dense(1)(block(block(x))), seed=0)
    assert model.count_params() == 6 * 2 + 2 + 6 * 4 + 4 + 7


def test_tensors_know_their_shape():
    x = fd.Input((6,))
    h = L.Dense(3)(x)
    assert x.shape == (None, 6)
    assert L.Concatenate()([x, h, L.Maxout(2)(h)]).shape == (None, 11)
    words = fd.Input((2,), dtype="int32")
    assert L.Embedding(5, 4)(words).shape == (None, 8)
    deep = x
    for _ in range(3000):  # more than Python's stack is deep
        deep = L.Dropout(0.1)(deep)
    assert deep.shape == (None, 6)
    wide = x
    for _ in range(40):  # each tensor once, and not each way to it
        wide = L.Add()([wide, wide])
    assert wide.shape == (None, 6)


def test_refusals():
    for make, message in [
        (lambda: blocks.Residual([]), r"\[Residual\] expected a list of layers, got \[\]"),
        (lambda: blocks.Residual(L.Dense(2)), r"\[Residual\] expected a list of layers"),
        (lambda: blocks.Residual(["relu"]), r"\[Residual\] expected layers, or blocks of them, got 'relu'"),
        (lambda: blocks.Residual([L.Dense(2)], "magic"), r"an activation"),
        (
            lambda: blocks.Residual([L.Dense(2)])(np.ones((2, 2))),
            r"\[Residual\] expected the output of a layer",
        ),
        (lambda: blocks.Branches([[L.Dense(2)]]), r"\[Branches\] expected two lists of layers or more"),
        (lambda: blocks.Branches([L.Dense(2), L.Dense(2)]), r"\[Branches\] expected a list of layers"),
        (lambda: blocks.residual_dense(0), r"\[residual_dense\] expected units as a whole number >= 1"),
        (lambda: blocks.residual_dense(4, depth=0), r"\[residual_dense\] expected depth"),
        (lambda: blocks.residual_dense(4, order="both"), r"\[residual_dense\] expected order, one of"),
        (lambda: blocks.residual_dense(4, normalization="x"), r"\[residual_dense\] expected normalization"),
        (lambda: blocks.residual_dense(4, dropout=1.0), r"expected 0 <= rate < 1, got 1.0"),
        (lambda: blocks.residual_dense(4, "magic"), r"an activation"),
        (lambda: fd.Sequential([L.Input((3,)), "relu"]), r"\[Sequential\] expected layers, got 'relu'"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()


def test_copies_of_chains_of_blocks():
    x = x_of()

    def made():
        return fd.Sequential([blocks.Residual([L.Dense(9)]), blocks.residual_dense(9), L.Dense(2)], seed=0)

    unbuilt, built = made(), made()
    built.predict(x)
    for model in (unbuilt, built):
        again = copy.deepcopy(model)
        np.testing.assert_array_equal(again.predict(x), built.predict(x))
        assert not {*again.layers} & {*built.layers}

"""Constraints: the formula, what they refuse, and that they hold after every step."""

import numpy as np
import pytest
from custom_parts import DenseTanh
from networks import classification, weight_hash

import fastdnn as fd
from fastdnn import constraints
from fastdnn.constraints import MaxNorm

L = fd.layers


def test_values_are_the_formula():
    w = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]])
    np.testing.assert_allclose(MaxNorm(1.0)(w), [[0.6, 0.3, 0], [0.8, 0.4, 0]], rtol=1e-15)
    rows = MaxNorm(2.5, axis=1)(w)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 2.5, rtol=1e-15)
    np.testing.assert_allclose(MaxNorm(1.0)([3.0, 4.0]), [0.6, 0.8], rtol=1e-15)
    np.testing.assert_array_equal(MaxNorm(0)(w), 0 * w)


def test_names_and_configurations():
    assert constraints.get("max_norm") == MaxNorm(2.0, 0)
    assert constraints.get(None) is None
    limit = MaxNorm(3, axis=1)
    assert constraints.from_config("MaxNorm", limit.get_config()) == limit
    assert constraints.get({"class_name": "MaxNorm", "config": limit.get_config()}) == limit


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaxNorm(-1), r"\[MaxNorm\] expected a finite 0 <= max_value, got -1"),
        (lambda: MaxNorm(axis=2), r"\[MaxNorm\] expected axis 0 or 1, got 2"),
        (lambda: MaxNorm(axis=-1), r"\[MaxNorm\] expected axis as a whole number >= 0, got -1"),
        (lambda: MaxNorm(axis=1)([1.0]), r"\[MaxNorm\] expected a weight of two dimensions for MaxNorm"),
        (
            lambda: MaxNorm()(np.zeros((2, 2, 2))),
            r"expected a weight of one or two dimensions for .*\(2, 2, 2\)",
        ),
        (lambda: MaxNorm()("a"), r"\[MaxNorm\] expected an array of real numbers"),
        (
            lambda: constraints.get("norm"),
            r"\[constraints\] expected a constraint, one of max_norm, got 'norm'",
        ),
        (lambda: constraints.from_config("Norm", {}), r"expected a constraint, one of MaxNorm, got 'Norm'"),
        (
            lambda: fd.Sequential([L.Input((3,)), L.Dense(2, bias_constraint=MaxNorm(axis=1), name="d")]),
            r"\[d/bias\] expected a weight of two dimensions for MaxNorm.*, got shape \(2,\)",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def limited(backend="native", dtype="float32", optimizer="adam"):
    layers = [
        L.Input((20,)),
        L.Dense(17, "relu", kernel_constraint=MaxNorm(0.7), bias_constraint=MaxNorm(0.01), name="a"),
        DenseTanh(5, name="own"),
        L.Dense(4, kernel_constraint=MaxNorm(0.9, axis=1), name="b"),
    ]
    model = fd.Sequential(layers, seed=0, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.Adam(0.05) if optimizer == "adam" else optimizer, loss, backend=backend)
    return model


def norms(model):
    a, bias, b = (model.get_layer(name).get_weights()[i] for name, i in (("a", 0), ("a", 1), ("b", 0)))
    return np.linalg.norm(a, axis=0), np.linalg.norm(bias), np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_norms_hold_after_each_step(backend):
    x, y = classification(rows=40)
    model = limited(backend)
    for _ in range(12):
        model.train_on_batch(x, y)
        of_a, of_bias, of_b = norms(model)
        assert (of_a <= 0.7 * (1 + 1e-6)).all()
        assert of_bias <= 0.01 * (1 + 1e-6)
        assert (of_b <= 0.9 * (1 + 1e-6)).all()
    assert (of_a > 0.69).any()
    assert (of_b > 0.89).any()


def test_both_backends_agree():
    x, y = classification(rows=50)
    models = [limited(backend, "float64") for backend in ("native", "reference")]
    for model in models:
        model.fit(x, y, batch_size=16, epochs=3)
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_one_hash_for_1_to_8_threads():
    x, y = classification(rows=50)
    hashes = set()
    for threads in range(1, 9):
        model = limited()
        model.fit(x, y, batch_size=16, epochs=3, threads=threads)
        hashes.add(weight_hash(model))
    assert len(hashes) == 1


def test_a_limit_may_be_set_and_taken_away():
    x, y = classification(rows=40)
    model = limited()
    model.get_layer("a").kernel_constraint = None
    model.fit(x, y, epochs=5)
    assert (norms(model)[0] > 0.71).any()
    model.get_layer("a").kernel_constraint = MaxNorm(0.1)
    model.train_on_batch(x, y)
    assert (norms(model)[0] <= 0.1 * (1 + 1e-6)).all()


def test_own_layers_may_have_one(tmp_path):
    class Narrow(DenseTanh):
        def build(self, input_shape):
            shape = (input_shape[-1], self.units)
            self.add_weight("kernel", shape, "ones", constraint="max_norm", regularizer="l2")
            self.add_weight("bias", (self.units,), "zeros")

    x, y = classification(rows=40)
    model = fd.Sequential([L.Input((20,)), Narrow(4)], seed=0)
    model.compile("sgd", "mse")
    assert np.linalg.norm(model.get_weights()[0], axis=0)[0] > 4
    model.fit(x, np.eye(4)[y], batch_size=40)
    np.testing.assert_allclose(np.linalg.norm(model.get_weights()[0], axis=0), 2, rtol=1e-6)
    model.save(tmp_path / "m.safetensors")
    again = fd.load_model(tmp_path / "m.safetensors", custom_objects={"Narrow": Narrow})
    assert again.layers[1].constraint_of(again.layers[1].weights[0]) == MaxNorm()

    class Stored(L.Layer):
        def build(self, input_shape):
            self.add_weight("mean", (2,), trainable=False, constraint="max_norm")

    with pytest.raises(
        ValueError, match="expected a trained weight, beside a regularizer or constraint, got mean"
    ):
        fd.Sequential([L.Input((2,)), Stored()], seed=0)


@pytest.mark.parametrize(("dtype", "large"), [("float32", 1.9e19), ("float64", 1.4e154)])
def test_columns_whose_squares_overflow_become_zero(dtype, large):
    def trained(norm):
        model = fd.Sequential([L.Input((4,)), L.Dense(3, kernel_constraint=MaxNorm(1.0))], dtype=dtype)
        model.set_weights([np.full((4, 3), norm / 2, dtype), np.zeros(3)])
        model.compile(fd.optimizers.SGD(0.0), "mae")
        model.fit(np.zeros((8, 4)), np.zeros((8, 3)))
        return np.linalg.norm(model.get_weights()[0], axis=0)

    np.testing.assert_array_equal(trained(large), 0)
    np.testing.assert_allclose(trained(large / 1.1), 1, rtol=1e-6)

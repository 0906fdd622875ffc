"""Initial weights: moments, limits, "auto", names and objects, one's own; and that they depend on seed and
place alone.
"""

import copy
import math
import warnings

import numpy as np
import pytest

import fastdnn as fd
from fastdnn import initializers
from fastdnn.io import FormatError

I = initializers  # noqa: E741  as L for the layers
L = fd.layers
SHAPE = (400, 300)
VARIANCE = {
    "glorot_uniform": 2 / 700,
    "glorot_normal": 2 / 700,
    "he_uniform": 2 / 400,
    "he_normal": 2 / 400,
    "lecun_uniform": 1 / 400,
    "lecun_normal": 1 / 400,
    "xavier": 1 / 400,
    "xavier_avg": 2 / 700,
    "he": 2 / 400,
    "random_normal": 0.05**2,
    "random_uniform": 0.1**2 / 12,
    "truncated_normal": (0.05 * 0.87962566103423978) ** 2,
    "orthogonal": 1 / 400,
}


def draw(identifier, shape=SHAPE, seed=0):
    return I.get(identifier).draw(I.Random(seed, 0), shape)


@pytest.mark.parametrize("name", VARIANCE)
def test_moments(name):
    w = draw(name)
    n = w.size
    assert w.shape == SHAPE
    assert abs(w.mean()) < 4 * math.sqrt(VARIANCE[name] / n)
    assert w.var() == pytest.approx(VARIANCE[name], rel=4 * math.sqrt(2 / n))


@pytest.mark.parametrize("name", [name for name in VARIANCE if "_" in name and name != "random_normal"])
def test_limits(name):
    if name == "xavier_avg":
        assert np.abs(draw(name)).max() > 4 * math.sqrt(VARIANCE[name])  # not truncated
        return
    w, std = draw(name), math.sqrt(VARIANCE[name])
    limit = math.sqrt(3) * std if name.endswith("uniform") else 2 * std / 0.87962566103423978
    assert 0.98 * limit < np.abs(w).max() <= limit


@pytest.mark.parametrize(
    ("initializer", "mean", "variance"),
    [
        (I.RandomNormal(0.5, 0.01), 0.5, 1e-4),
        (I.TruncatedNormal(-2.0, 0.1), -2.0, (0.1 * 0.87962566103423978) ** 2),
        (I.RandomUniform(1.0, 4.0), 2.5, 9 / 12),
        (I.VarianceScaling(3.0, "fan_out", "uniform"), 0.0, 3 / 300),
        (I.VarianceScaling(0.5, "fan_avg", "untruncated_normal"), 0.0, 0.5 / 350),
    ],
)
def test_arguments(initializer, mean, variance):
    w = draw(initializer)
    assert w.mean() == pytest.approx(mean, abs=4 * math.sqrt(variance / w.size))
    assert w.var() == pytest.approx(variance, rel=4 * math.sqrt(2 / w.size))


def test_uniform_ends():
    w = draw(I.RandomUniform(1.0, 4.0))
    assert 1 < w.min() < 1.01
    assert 3.99 < w.max() < 4


GOLDEN = {
    "glorot_uniform": [-0.18491777980728077, 0.006819404620825598, -0.143762094654553],
    "glorot_normal": [-0.20554628432416486, 0.10932010936875552, 0.16786583724936815],
    "he_uniform": [-0.2387278272037495, 0.008803813509169147, -0.18559606613765936],
    "he_normal": [-0.26535911202076834, 0.14113165433025449, 0.21671386402132248],
    "lecun_uniform": [-0.16880606547370164, 0.0062252362326352395, -0.1312362369274859],
    "lecun_normal": [-0.18763722755952597, 0.09979514981699873, 0.15323984282661648],
    "uniform": [-0.046229444951820194, 0.0017048511552063994, -0.03594052366363825],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_names_keep_their_numbers(name):
    """Models of a seed are the same in every version; logarithm and cosine are the C library's."""
    got = draw(name, (90, 60), seed=11)[[0, 40, 89], [0, 30, 59]]
    np.testing.assert_allclose(got, GOLDEN[name], rtol=1e-14)


def test_constants():
    assert (draw("zeros", (3, 2)) == 0).all()
    assert (draw("ones", (3,)) == 1).all()
    assert (draw(I.Constant(0.25), (3,)) == 0.25).all()
    np.testing.assert_array_equal(draw(I.Identity(1.5), (2, 3)), [[1.5, 0, 0], [0, 1.5, 0]])


@pytest.mark.parametrize("shape", [(6, 6), (7, 3), (3, 7), (2, 2, 5)])
@pytest.mark.parametrize("gain", [1.0, math.sqrt(2)])
def test_orthogonal(shape, gain):
    q = draw(I.Orthogonal(gain), shape).reshape(-1, shape[-1])
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(gram, gain**2 * np.eye(len(gram)), atol=1e-13)
    np.testing.assert_array_equal(draw(I.Orthogonal(gain), shape).reshape(q.shape), q)
    assert np.abs(draw(I.Orthogonal(gain), shape, seed=1).reshape(q.shape) - q).max() > 0.01


def test_orthogonal_has_no_favourite_sign():
    """QR by itself gives a first column that always has the sign of LAPACK's reflection."""
    first = [draw("orthogonal", (2, 2), seed)[0, 0] for seed in range(200)]
    assert 60 < sum(value > 0 for value in first) < 140


def test_auto_goes_by_the_activation_that_follows():
    layers = [
        L.Input((4,)),
        L.Dense(4, "relu"),
        L.Dense(4),
        L.Normalization(),
        L.Activation("relu"),
        L.Dense(4),
        L.Maxout(4),
        L.Dense(4, "tanh"),
        L.Dense(4, "softmax"),
    ]
    model = fd.Sequential(layers, seed=0)
    kernels = [w.initializer.name for w in model.graph.weights if w.name.endswith("kernel")]
    he, lecun, glorot = "he_normal", "lecun_normal", "glorot_uniform"
    assert kernels == [he, he, glorot, lecun, lecun, glorot]
    assert model.get_layer("dense").get_config()["kernel_initializer"] == "auto"


def test_weights_depend_on_seed_and_place():
    def kernels(seed, dtype="float64"):
        layers = [L.Input((5,)), L.Dense(5), L.Dense(5)]
        return fd.Sequential(layers, seed=seed, dtype=dtype).get_weights()[::2]

    a, b = kernels(0)
    assert not np.array_equal(a, b)
    assert not np.array_equal(a, kernels(1)[0])
    np.testing.assert_array_equal(a, kernels(0)[0])
    np.testing.assert_array_equal(a.astype(np.float32), kernels(0, "float32")[0])


# ---- Names, objects, files

OBJECTS = [
    I.Auto(),
    I.Zeros(),
    I.Constant(0.5),
    I.Identity(2.0),
    I.RandomNormal(stddev=0.01),
    I.RandomUniform(-1, 2),
    I.TruncatedNormal(0.1, 0.2),
    I.VarianceScaling(2.0, "fan_avg", "untruncated_normal"),
    I.HeUniform(),
    I.Orthogonal(1.4),
]


@pytest.mark.parametrize("initializer", OBJECTS, ids=repr)
def test_an_object_is_made_again(initializer):
    assert I.get(I.serialize(initializer)) == initializer
    assert copy.deepcopy(initializer) == initializer
    assert eval(repr(initializer), vars(I)) == initializer


def test_a_layer_shows_it():
    layer = L.Dense(3, kernel_initializer=I.RandomNormal(stddev=0.01), bias_initializer=I.Ones())
    text = "kernel_initializer=RandomNormal(mean=0.0, stddev=0.01), bias_initializer='ones'"
    assert text in repr(layer)


def test_names_mean_objects():
    for name, initializer in [
        ("uniform", I.RandomUniform(-0.05, 0.05)),
        ("normal", I.RandomNormal(0, 0.05)),
        ("xavier", I.VarianceScaling(1.0, "fan_in", "untruncated_normal")),
        ("he", I.VarianceScaling(2.0, "fan_in", "untruncated_normal")),
        ("variance_scaling", I.VarianceScaling(1.0, "fan_in", "truncated_normal")),
    ]:
        assert I.get(name) == initializer
        assert I.get(I.serialize(I.get(name))) == initializer
    assert I.get(I.Zeros) == I.Zeros()
    assert I.HeNormal() != I.VarianceScaling(2.0, "fan_in", "truncated_normal")
    assert I.TruncatedNormal() != I.RandomNormal()


@pytest.mark.parametrize("initializer", OBJECTS, ids=repr)
def test_a_layer_takes_it_and_a_file_keeps_it(initializer, tmp_path):
    model = fd.Sequential([L.Input((4,)), L.Dense(4, kernel_initializer=initializer)], seed=2)
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m")
    assert again.layers[1].kernel_initializer == initializer
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_every_layer_takes_objects():
    layers = [
        L.Dense(3, bias_initializer=I.Constant(0.5)),
        L.Maxout(3, bias_initializer=I.Constant(0.5)),
        L.BatchNormalization(beta_initializer=I.Constant(0.5), gamma_initializer=I.Constant(2)),
        L.LayerNormalization(beta_initializer=I.Constant(0.5), gamma_initializer=I.Constant(2)),
        L.PReLU(I.Constant(0.25)),
    ]
    model = fd.Sequential([L.Input((3,)), *layers], seed=0)
    for name, value in [
        ("dense/bias", 0.5),
        ("maxout/bias", 0.5),
        ("batchnormalization/beta", 0.5),
        ("batchnormalization/gamma", 2),
        ("layernormalization/beta", 0.5),
        ("layernormalization/gamma", 2),
        ("prelu/alpha", 0.25),
    ]:
        assert (model.weights.read(name) == value).all(), name
    table = L.Embedding(5, 2, embeddings_initializer=I.Constant(3))
    assert (fd.Sequential([fd.Input((1,), dtype="int32"), table], seed=0).get_weights()[0] == 3).all()


def test_refusals():
    for make, message in [
        (lambda: I.get("he_norml"), r"\[initializers\] expected an initializer, .*did you mean 'he_normal'"),
        (lambda: I.get(3), r"expected an initializer, .* got 3"),
        (lambda: I.get(None), r"expected an initializer, .* got None"),
        (lambda: I.get({"class_name": "Magic", "config": {}}), r"the class of an initializer"),
        (lambda: I.get({"class_name": "Zeros", "config": {"x": 1}}), r"expected arguments of Zeros"),
        (lambda: I.get({"class_name": "Zeros", "config": 7}), r"expected a configuration of Zeros, got 7"),
        (lambda: I.Constant("a"), r"\[Constant\] expected value as a finite number, got 'a'"),
        (lambda: I.Constant(math.nan), r"\[Constant\] expected value as a finite number, got nan"),
        (
            lambda: I.RandomNormal(stddev=-1),
            r"\[RandomNormal\] expected stddev as a finite number >= 0, got -1",
        ),
        (lambda: I.TruncatedNormal(stddev=-1), r"\[TruncatedNormal\] expected stddev"),
        (lambda: I.RandomUniform(2, 1), r"\[RandomUniform\] expected minval <= maxval, got 2 and 1"),
        (lambda: I.VarianceScaling(0), r"\[VarianceScaling\] expected scale as a finite number >= "),
        (lambda: I.VarianceScaling(1, "fan"), r"\[VarianceScaling\] expected mode"),
        (lambda: I.VarianceScaling(1, "fan_in", "normal"), r"\[VarianceScaling\] expected distribution"),
        (lambda: I.Identity(math.inf), r"\[Identity\] expected gain as a finite number, got inf"),
        (
            lambda: dense(bias_initializer="identity"),
            r"\[dense/bias\] expected a matrix, .* got shape \(3,\)",
        ),
        (lambda: dense(bias_initializer="orthogonal"), r"\[dense/bias\] expected a weight of two dimensions"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()


def dense(**options):
    return fd.Sequential([L.Input((4,)), L.Dense(3, **options)], seed=0)


# ---- One's own


def ramp(shape, dtype=None):
    return np.arange(math.prod(shape), dtype=dtype).reshape(shape)


class Scaled(initializers.Initializer):
    """With a random number of the model's, and an argument."""

    def __init__(self, factor):
        self.factor = factor

    def draw(self, random, shape):
        return self.factor * random.uniform(1.0, shape)

    def get_config(self):
        return {"factor": self.factor}


class Called:
    """An object as Keras has them."""

    def __call__(self, shape, dtype=None):
        return np.full(shape, 7, dtype)


def test_ones_own(tmp_path):
    layers = [
        L.Dense(3, kernel_initializer=ramp, name="a"),
        L.Dense(3, kernel_initializer=Scaled(2.0), bias_initializer=Called(), name="b"),
        L.Dense(1, bias_initializer=np.ones),
    ]
    model = fd.Sequential([L.Input((2,)), *layers], seed=5)
    a, _, b, bias, _, ones = model.get_weights()
    np.testing.assert_array_equal(a, [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(b, (2 * I.Random(5, 2).uniform(1.0, (3, 3))).astype(np.float32))
    assert (bias == 7).all()
    assert ones == 1
    model.save(tmp_path / "m")
    with pytest.raises(ValueError, match="expected the initializer 'ramp' among custom_objects, got none"):
        fd.load_model(tmp_path / "m")
    own = {"ramp": ramp, "Scaled": Scaled, "Called": Called, "ones": np.ones}
    with pytest.raises(ValueError, match="expected a function, got 3"):
        fd.load_model(tmp_path / "m", {**own, "ramp": 3})
    with pytest.raises(ValueError, match=r"a class that takes \{'factor': 2.0\}"):
        fd.load_model(tmp_path / "m", {**own, "Scaled": Called})
    again = fd.load_model(tmp_path / "m", own)
    assert again.layers[2].kernel_initializer.factor == 2.0
    np.testing.assert_array_equal(again.get_weights()[0], a)
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()
    np.testing.assert_array_equal(copy.deepcopy(model).get_weights()[2], b)


class Forgetful(Scaled):
    """Its file could not say how it was made."""

    def get_config(self):
        return {}


def test_an_initializer_without_its_arguments_is_not_saved(tmp_path):
    model = dense(kernel_initializer=Forgetful(2.0))
    with pytest.raises(ValueError, match=r"\[save, layer 'dense', initializer Forgetful\] .*get_config"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_what_ones_own_gives_is_checked():
    for initializer, error, message in [
        (lambda shape, dtype: np.ones(5), ValueError, r"\[dense/kernel\] expected initial value .*\(4, 3\)"),
        (lambda shape, dtype: "text", ValueError, r"\[dense/kernel\] .* as real numbers"),
        (lambda shape, dtype: np.full(shape, np.nan), FloatingPointError, r"\[dense/kernel\] .* got nan at"),
    ]:
        with pytest.raises(error, match=message):
            dense(kernel_initializer=initializer)
    model = fd.Sequential([L.Dense(3, kernel_initializer=lambda shape, dtype: np.ones(5))], seed=0)
    with pytest.raises(ValueError, match="initial value"):
        model.predict(np.ones((1, 4)))
    assert not model.is_built


def test_a_file_with_an_unknown_initializer_is_refused(tmp_path):
    from test_model_file import edit, rewrite

    for value in ("evil", {"class_name": "os.system", "config": {}}, {"class_name": "Zeros", "config": 1}, 3):
        dense().save(tmp_path / "m")
        rewrite(tmp_path / "m", edit("layers", 1, "config", "kernel_initializer", value=value))
        with pytest.raises(FormatError):
            fd.load_model(tmp_path / "m")


# ---- Units that start alike


def chain(*kernels, units=3, activation="tanh", seed=0):
    layers = [L.Dense(units, activation, kernel_initializer=kernel) for kernel in kernels]
    return fd.Sequential([L.Input((units,)), *layers], seed=seed)


@pytest.mark.parametrize("kernel", ["zeros", "ones", I.Constant(0.1), I.RandomNormal(stddev=0)], ids=repr)
def test_equal_units_of_a_hidden_layer_are_warned_of_once(kernel):
    with pytest.warns(
        fd.EqualUnitsWarning, match=r"\[dense, dense_1\] .*hidden layer, .*stay identical"
    ) as seen:
        chain(kernel, kernel, kernel)
    assert len(seen) == 1


def test_what_is_not_warned_of(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chain("auto", "zeros")  # each output has a target of its own
        chain("identity", "orthogonal", "auto")
        chain("zeros", "auto", units=1)  # no units to be equal
    with pytest.warns(fd.EqualUnitsWarning):
        model = chain("zeros", "zeros")
    model.save(tmp_path / "m")
    fd.load_model(tmp_path / "m")
    copy.deepcopy(model)


@pytest.mark.parametrize("value", [0.0, 0.3])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_worked_zero_initialisation_keeps_units_equal(value, activation):
    """Deck 004: units that start alike move in the same direction, and stay alike."""
    rng = np.random.default_rng(0)
    layers = [L.Dense(6, activation, kernel_initializer=I.Constant(value)) for _ in range(2)]
    with pytest.warns(fd.EqualUnitsWarning):
        model = fd.Sequential(
            [L.Input((3,)), *layers, L.Dense(1, kernel_initializer=I.Constant(value))],
            seed=0,
            dtype="float64",
        )
    model.compile(fd.optimizers.SGD(0.1), "mse")
    before = model.get_weights()
    model.fit(rng.normal(size=(50, 3)), rng.normal(size=50), epochs=3)
    after = model.get_weights()
    for kernel in (after[0], after[2]):
        np.testing.assert_allclose(kernel, np.repeat(kernel[:, :1], 6, axis=1), rtol=1e-12, atol=1e-15)
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    if value:
        assert (after[0] != before[0]).any()


# ---- Worked numbers of the decks


def linear_chain(factor, depth=30):
    layers = [L.Dense(2, use_bias=False, kernel_initializer=I.Identity(factor)) for _ in range(depth)]
    model = fd.Sequential([L.Input((2,), name="x"), *layers], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(("factor", "want"), [(1.5, 191751.06), (0.5, 9.313e-10)])
def test_worked_linear_chain(factor, want):
    """Deck 002: thirty layers of 1.5 I explode, of 0.5 I vanish; so do the gradients."""
    model = linear_chain(factor)
    x = np.array([[1.0, 1.0]])
    y_hat = model.predict(x)
    assert y_hat == pytest.approx(np.full((1, 2), want), rel=1e-4)
    assert y_hat == pytest.approx(factor**30 * x, rel=1e-13)
    y = y_hat - 3.0  # dy = 2 (y_hat - y) / 2 = 3
    _, gradients = model.loss_and_gradients(x, y, inputs=True)
    np.testing.assert_allclose(gradients["x"], factor**30 * 3 * x, rtol=1e-5)
    for layer in model.layers[1:]:
        np.testing.assert_allclose(
            gradients[f"{layer.name}/kernel"], factor**29 * 3 * np.ones((2, 2)), rtol=1e-5
        )


@pytest.mark.parametrize(
    ("initializer", "activation", "factor"),
    [
        ("xavier", "linear", 1.0),
        ("lecun_normal", "linear", 1.0),
        ("he", "relu", 1.0),
        ("he_normal", "relu", 1.0),
        ("xavier", "relu", 0.5),
        ("orthogonal", "linear", 1.0),
        (I.Orthogonal(math.sqrt(2)), "relu", 1.0),
    ],
    ids=str,
)
def test_worked_variance_per_layer(initializer, activation, factor):
    """E[a²] from layer to layer (deck 004): ×1 for Xavier + linear and He + ReLU, ×½ for Xavier + ReLU."""
    x = np.random.default_rng(0).normal(size=(200, 300))
    model = chain(*[initializer] * 8, units=300, activation=activation)
    squares = [float((a**2).mean()) for a in model.layer_outputs(x).values()]
    per_layer = (squares[-1] / float((x**2).mean())) ** (1 / 8)
    assert per_layer == pytest.approx(factor, rel=0.05)


def test_small_random_weights_die_out():
    """Deck 004: 0.01 randn in ten layers of tanh."""
    x = np.random.default_rng(0).normal(size=(100, 200))
    model = chain(*[I.RandomNormal(stddev=0.01)] * 10, units=200)
    last = list(model.layer_outputs(x).values())[-1]
    assert last.std() < 1e-6

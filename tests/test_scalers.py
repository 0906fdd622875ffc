"""Scalers: figures of the training set, applied unchanged, taken back, in blocks, in files and in models."""

import json
import tracemalloc

import numpy as np
import pytest
from frames_for_tests import Frame
from sparse_arrays import Csr

import fastdnn as fd
from fastdnn.data import MinMaxScaler, StandardScaler, Whitening
from fastdnn.data.blocks import read_features
from fastdnn.data.moments import moments

RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 4)) @ RNG.normal(size=(4, 4)) * [1, 10, 0.1, 3] + [0, 100, -5, 0.1]
OTHER = RNG.normal(size=(40, 4)) * 5
SCALERS = [
    StandardScaler,
    lambda: StandardScaler(with_std=False),
    lambda: StandardScaler(with_mean=False),
    MinMaxScaler,
    lambda: MinMaxScaler((-2.0, 0.5)),
    Whitening,
    lambda: Whitening("zca"),
    lambda: Whitening("zca", epsilon=0.3),
    lambda: Whitening("pca", epsilon=0.1),
]
every_scaler = pytest.mark.parametrize("make", SCALERS)


def with_constant(x):
    return np.column_stack([x, np.full(len(x), 0.1), np.full(len(x), -7.0)])


# ---------------------------------------------------------------------------------------------------- figures


def test_standardising_gives_mean_0_and_deviation_1():
    scaler = StandardScaler()
    z = scaler.fit_transform(X)
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scaler.scale_, X.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(scaler.transform(OTHER), (OTHER - X.mean(axis=0)) / X.std(axis=0), rtol=1e-9)


def test_the_variance_divides_by_the_number_of_rows():
    assert StandardScaler().fit([[0.0], [2.0]]).scale_.tolist() == [1.0]


def test_centring_alone_and_scaling_alone():
    np.testing.assert_allclose(
        StandardScaler(with_std=False).fit_transform(X), X - X.mean(axis=0), atol=1e-12
    )
    np.testing.assert_allclose(
        StandardScaler(with_mean=False).fit_transform(X), X / X.std(axis=0), rtol=1e-12
    )


def test_min_max_is_exact_at_the_ends():
    x = RNG.normal(size=(40, 300))
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (-2.0, 0.5)):
        z = MinMaxScaler((low, high)).fit_transform(x)
        assert set(z.min(axis=0)) == {low}
        assert set(z.max(axis=0)) == {high}
    assert MinMaxScaler().fit([[0.0], [4.0]]).transform([[1.0], [6.0]]).tolist() == [[0.25], [1.5]]


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_whitened_features_have_the_identity_as_covariance(method):
    z = Whitening(method).fit_transform(X)
    np.testing.assert_allclose(np.cov(z, rowvar=False, bias=True), np.eye(4), atol=1e-10)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-10)


def test_pca_whitening_is_what_the_singular_values_say():
    scaler = Whitening("pca").fit(X)
    centred = X - X.mean(axis=0)
    _, s, vt = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(scaler.explained_variance_, s**2 / len(X), rtol=1e-9)
    np.testing.assert_allclose(np.abs((scaler.components_ * vt).sum(axis=1)), 1, atol=1e-10)
    assert (np.diff(scaler.explained_variance_) <= 0).all()
    largest = np.abs(scaler.components_).argmax(axis=1)
    assert (scaler.components_[range(4), largest] > 0).all()


def test_zca_whitening_is_the_inverse_root_of_the_covariance():
    values, vectors = np.linalg.eigh(np.cov(X, rowvar=False, bias=True))
    root = vectors / np.sqrt(values) @ vectors.T
    np.testing.assert_allclose(Whitening("zca").fit_transform(X), (X - X.mean(axis=0)) @ root, atol=1e-9)


def test_epsilon_is_added_to_each_variance():
    scaler = Whitening("pca", epsilon=0.5).fit(X)
    covariance = np.cov(scaler.transform(X), rowvar=False, bias=True)
    variance = scaler.explained_variance_
    np.testing.assert_allclose(covariance, np.diag(variance / (variance + 0.5)), atol=1e-10)


def test_the_largest_components_alone():
    whole, first = Whitening("pca").fit(X), Whitening("pca", n_components=2).fit(X)
    np.testing.assert_allclose(first.transform(OTHER), whole.transform(OTHER)[:, :2], rtol=1e-12)
    back = first.inverse_transform(first.transform(X))
    lost = ((back - X) ** 2).sum(axis=1).mean()
    np.testing.assert_allclose(lost, whole.explained_variance_[2:].sum(), rtol=1e-9)


# ------------------------------------------------------------------------------------------- hard for scalers


@every_scaler
def test_constant_features_survive(make):
    x = with_constant(X)
    scaler = make().fit(x)
    z = scaler.transform(x)
    assert np.isfinite(z).all()
    np.testing.assert_allclose(scaler.inverse_transform(z), x, atol=1e-9)
    assert np.isfinite(scaler.transform(x + 1)).all()


def test_a_constant_becomes_0_exactly_and_a_new_value_stays_in_its_unit():
    x = np.full((7, 1), 0.1)  # of which the mean may miss by a rounding
    for make in (StandardScaler, MinMaxScaler, Whitening):
        scaler = make().fit(x)
        assert scaler.transform(x).tolist() == [[0.0]] * 7
        assert scaler.transform([[1.1]])[0, 0] == pytest.approx(1.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_direction_that_others_determine_becomes_0(dtype):
    x = np.column_stack([X, X[:, 0] + X[:, 1]]).astype(dtype)
    z = Whitening("pca").fit_transform(x)
    np.testing.assert_allclose(z[:, :4].std(axis=0), 1, rtol=1e-3)
    assert np.abs(z[:, 4]).max() < 1e-3
    assert z.dtype == dtype


def test_fewer_rows_than_features():
    x = RNG.normal(size=(5, 9))
    z = Whitening("pca").fit_transform(x)
    np.testing.assert_allclose((z**2).mean(axis=0), [1] * 4 + [0] * 5, atol=1e-9)


def test_an_offset_costs_no_digits():
    x = 1e9 + np.arange(100.0)[:, None] / 64
    scaler = StandardScaler().fit(x)
    assert scaler.scale_[0] == pytest.approx(np.std(np.arange(100) / 64), rel=1e-12)
    assert scaler.mean_[0] == 1e9 + 99 / 128


@pytest.mark.parametrize("make", [StandardScaler, MinMaxScaler, Whitening])
def test_a_spread_beyond_float64_is_refused(make):
    with pytest.raises(
        ValueError, match=r"fit\] expected features whose (spread|range) float64 holds, got -1.7"
    ):
        make().fit([[0.0, -1.7e308], [1.0, 1.7e308]])
    scaler = make().fit([[0.0], [1e-30]])
    with pytest.raises(ValueError, match="results within the range of float64, got inf in row 1, column 0"):
        scaler.transform([[0.0], [1e300]])


# --------------------------------------------------------------------------------------- what goes in and out


@every_scaler
def test_it_takes_back_what_it_did(make):
    scaler = make().fit(X)
    for x in (X, OTHER):
        np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(x)), x, atol=1e-8)


@every_scaler
@pytest.mark.parametrize(
    ("dtype", "want"),
    [
        ("f2", "f4"),
        ("f4", "f4"),
        ("f8", "f8"),
        ("u1", "f4"),
        ("i2", "f4"),
        ("?", "f4"),
        ("i4", "f8"),
        ("i8", "f8"),
    ],
)
def test_types_out(make, dtype, want):
    x = np.abs(X * 3).astype(dtype)
    scaler = make().fit(x)
    z = scaler.transform(x)
    assert z.dtype == want
    np.testing.assert_allclose(z, make().fit(x.astype(float)).transform(x.astype(float)), atol=2e-5)
    assert scaler.inverse_transform(z).dtype == want


def layouts(tmp_path, x):
    np.save(tmp_path / "x.npy", x)
    yield np.asfortranarray(x)
    yield np.load(tmp_path / "x.npy", mmap_mode="r")
    yield np.repeat(x, 2, axis=0)[::2]
    yield x.astype(">f8")
    yield x.tolist()
    yield Frame({f"c{i}": x[:, i] for i in range(x.shape[1])})


@every_scaler
def test_layout_and_copies_do_not_show_in_the_bits(make, tmp_path, monkeypatch):
    want = make().fit(X)
    for x in layouts(tmp_path, X):
        got = make().fit(x)
        assert got.get_config() | {"names": None} == want.get_config()
        assert got.transform(x).tobytes() == want.transform(X).tobytes()


@every_scaler
def test_a_row_by_itself_has_the_bits_that_it_has_among_others(make):
    scaler = make().fit(X)
    z = scaler.transform(X)
    for row in (0, 17, 499):
        assert scaler.transform(X[row : row + 1]).tobytes() == z[row].tobytes()


def test_whitening_has_the_same_bits_on_any_number_of_threads():
    x = RNG.normal(size=(2000, 70))
    results = set()
    for threads in (1, 2, 3, 8):
        with fd.threads(threads):
            scaler = Whitening("zca").fit(x)
            results.add(scaler.mean_.tobytes() + scaler.transform(x[:99]).tobytes())
    assert len(results) == 1


def test_large_tables_go_block_by_block(tmp_path):
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (400_000, 20))
    x[:] = np.arange(20)
    x[::2] += 1
    out = np.lib.format.open_memmap(tmp_path / "z.npy", "w+", np.float32, x.shape)
    whole_bytes = 8 * x.size
    tracemalloc.start()
    scaler = StandardScaler().fit(x)
    assert scaler.transform(x, out=out) is out
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < whole_bytes / 4
    np.testing.assert_allclose(scaler.mean_, np.arange(20) + 0.5)
    np.testing.assert_allclose(out[:2], [[1] * 20, [-1] * 20])
    assert np.array_equal(out[-2:], out[:2])


@every_scaler
def test_in_place(make):
    x = np.repeat(X, 100, axis=0)
    scaler = make().fit(x)
    want = scaler.transform(x)
    assert scaler.transform(x, out=x) is x
    np.testing.assert_array_equal(x, want)


@every_scaler
def test_inputs_stay_as_they_are(make):
    x = X.copy()
    scaler = make().fit(x)
    scaler.inverse_transform(scaler.transform(x))
    assert np.array_equal(x, X)


# ------------------------------------------------------------------------------------------- files and models


@every_scaler
def test_they_travel_as_json(make):
    x = with_constant(X)
    scaler = make().fit(Frame({f"c{i}": x[:, i] for i in range(6)}))
    config = json.loads(json.dumps(scaler.get_config()))
    again = type(scaler).from_config(config)
    assert again.get_config() == scaler.get_config()
    for option in ("with_mean", "with_std", "feature_range", "method", "epsilon", "n_components"):
        assert getattr(again, option, None) == getattr(scaler, option, None)
    assert again.transform(x).tobytes() == scaler.transform(x).tobytes()
    assert again.inverse_transform(x).tobytes() == scaler.inverse_transform(x).tobytes()
    assert again.feature_names_in_ == tuple(f"c{i}" for i in range(6))


def altered(config, place, value):
    return {**config, place: value}


@every_scaler
@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        5,
        [],
        [1.0],
        [1.0] * 5,
        [float("nan")] * 4,
        ["a"] * 4,
        [True] * 4,
        [[1.0] * 4],
        [10**400] * 4,
    ],
)
def test_configurations_that_do_not_fit(make, value):
    config = make().fit(X).get_config()
    for place in config:
        if place in ("with_mean", "with_std", "names", "method", "epsilon", "n_components"):
            continue
        with pytest.raises(ValueError, match=r"expected .*, got "):
            type(make()).from_config(altered(config, place, value))


@every_scaler
def test_options_and_names_of_configurations_are_checked(make):
    config = make().fit(X).get_config()
    kind = type(make())
    for place, value in (("names", ["a"]), ("names", [1, 2, 3, 4]), ("names", "abcd")):
        with pytest.raises(ValueError, match="4 names of features, or None"):
            kind.from_config(altered(config, place, value))
    for place in {"with_mean", "with_std", "method", "epsilon", "n_components"} & config.keys():
        with pytest.raises(ValueError, match="expected"):
            kind.from_config(altered(config, place, -3))
    for place in {"scale"} & config.keys():
        with pytest.raises(ValueError, match="scale > 0"):
            kind.from_config(altered(config, place, [1.0, 0.0, 1.0, 1.0]))


@every_scaler
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_as_the_first_layer_of_a_model(make, backend, tmp_path):
    scaler = make().fit(X)
    layers = [fd.layers.Input((4,)), scaler.as_layer("scale"), fd.layers.Dense(2)]
    model = fd.Sequential(layers, seed=0, dtype="float64")
    bare = fd.Sequential([fd.layers.Input((4,)), fd.layers.Dense(2)], seed=0, dtype="float64")
    bare.set_weights([w for w in model.get_weights() if w.shape in ((4, 2), (2,))][-2:])
    np.testing.assert_allclose(
        model.predict(OTHER), bare.predict(scaler.transform(OTHER)), rtol=1e-9, atol=1e-9
    )
    model.compile("sgd", "mse", backend=backend)
    before = model.get_layer("scale").get_weights()
    model.fit(X, X[:, :2] * 0, epochs=1)
    for one, other in zip(model.get_layer("scale").get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m")
    np.testing.assert_allclose(again.predict(OTHER), model.predict(OTHER), rtol=1e-12, atol=1e-13)


def test_float32_models_whiten_well_in_spite_of_offsets_and_scales():
    x = X * [1e-6, 1, 1e6, 1] + [0, 0, 1e7, 0]
    scaler = Whitening("zca").fit(x / x.std(axis=0))
    model = fd.Sequential([fd.layers.Input((4,)), scaler.as_layer()])
    z = model.predict((x / x.std(axis=0)).astype(np.float32))
    np.testing.assert_allclose(np.cov(z, rowvar=False, bias=True), np.eye(4), atol=1e-3)


# ----------------------------------------------------------------------------------------------------- errors


@every_scaler
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named(make, bad):
    x = np.repeat(X, 200, axis=0)  # several blocks
    x[99_991, 2] = bad
    fitted = make().fit(X)
    before = fitted.get_config()
    for call in (make().fit, fitted.fit, fitted.transform, fitted.inverse_transform):
        with pytest.raises(ValueError, match=rf"\] expected finite x, got {bad} in row 99991, column 2;"):
            call(x)
    assert fitted.get_config() == before
    with pytest.raises(ValueError, match=r"column 2 \('c'\)"):
        fitted.transform(Frame(dict(zip("abcd", x.T, strict=True))))


@every_scaler
def test_what_does_not_fit_is_refused_with_advice(make):
    fitted = make().fit(X)
    for call in (make().fit, fitted.transform):
        with pytest.raises(ValueError, match=r"expected a dense x, got a sparse one; centring .*toarray"):
            call(Csr.of(X))
        with pytest.raises(ValueError, match=r"got shape \(500,\); one feature is x\[:, None\]"):
            call(X[:, 0])
        with pytest.raises(ValueError, match="real numbers"):
            call(np.full((3, 4), "a"))
        with pytest.raises(ValueError, match="shape"):
            call(np.zeros((0, 4)))
    with pytest.raises(ValueError, match=r"x of shape \(examples, 4\), got shape \(500, 3\)"):
        fitted.transform(X[:, :3])
    for out in (np.empty((500, 5)), np.empty((500, 4), int), [], np.broadcast_to(0.0, (500, 4))):
        with pytest.raises(ValueError, match="out as a writeable float32 or float64 array"):
            fitted.transform(X, out=out)
    for call in (make().transform, make().inverse_transform):
        with pytest.raises(ValueError, match=r"expected a fitted scaler, got one without figures; call fit"):
            call(X)
    for call in (make().as_layer, make().get_config):
        with pytest.raises(ValueError, match="expected a fitted scaler"):
            call()


def test_columns_in_another_order_are_refused():
    frame = Frame(dict(zip("abcd", X.T, strict=True)))
    scaler = StandardScaler().fit(frame)
    scaler.transform(frame)
    scaler.transform(X)
    with pytest.raises(ValueError, match=r"column 0 named 'a', as in fit, got 'b'"):
        scaler.transform(Frame(dict(zip("bacd", X.T, strict=True))))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StandardScaler(with_mean=1), "with_mean as True or False, got 1"),
        (lambda: MinMaxScaler((1, 0)), r"low < high, got \(1, 0\)"),
        (lambda: MinMaxScaler((0, np.inf)), "low < high"),
        (lambda: MinMaxScaler(5), "low < high, got 5"),
        (lambda: MinMaxScaler(("a", "b")), "low < high"),
        (lambda: Whitening("pac"), "did you mean 'pca'"),
        (lambda: Whitening(epsilon=-1), "0 <= epsilon, got -1"),
        (lambda: Whitening(n_components=0), "n_components as a whole number >= 1"),
        (lambda: Whitening("zca", n_components=2), "n_components with 'pca' alone"),
        (lambda: Whitening(n_components=5).fit(X), "n_components of at most 4, the features, got 5"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_mean_survives_a_first_row_far_off():
    """Differences to it lose the digits of the others; the second pass finds them again."""
    x = RNG.normal(size=(10_000, 4)) + 3
    x[0], x[-1] = 1e12, -1e12
    figures = moments(read_features("test", x))
    exact = x.astype(np.longdouble).mean(axis=0).astype(float)
    np.testing.assert_allclose(figures.mean, exact, atol=1e-4)


def test_moments_do_not_depend_on_how_the_rows_are_cut():
    """Two passes with a correction: as good as sums in twice the digits."""
    x = RNG.normal(size=(30_000, 12)) + 1e6
    figures = moments(read_features("test", x))
    exact = x.astype(np.longdouble)
    np.testing.assert_allclose(figures.mean, exact.mean(axis=0).astype(float), rtol=1e-15)
    np.testing.assert_allclose(figures.std, exact.std(axis=0).astype(float), rtol=1e-13)

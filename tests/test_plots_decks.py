"""The decks' figures: what is on them, and that they can be read."""

import numpy as np
import pytest
from matplotlib_or_skip import Figure
from plot_checks import check

import fastdnn as fd

plots = fd.plots


def lines(ax):
    """{label: (x, y)}."""
    return {line.get_label(): (line.get_xdata(), line.get_ydata()) for line in ax.get_lines()}


# ---- Activations


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "gelu"])
def test_activations_and_their_slopes_are_those_of_the_functions(name):
    ((panel,),) = plots.activations([name], bounds=(-3, 4))
    (x, a), (xs, slopes) = lines(panel).values()
    np.testing.assert_allclose(a, getattr(fd.activations, name)(x), rtol=1e-12, atol=1e-12)
    seen = np.isfinite(slopes) & (np.abs(xs) > 1e-3)  # not at the kink
    step = 1e-6
    function = getattr(fd.activations, name)
    numeric = (function(xs[seen] + step) - function(xs[seen] - step)) / (2 * step)
    np.testing.assert_allclose(slopes[seen], numeric, atol=1e-7)


def test_a_derivative_has_a_gap_where_it_jumps_and_only_there():
    panels = plots.activations(["relu", "sigmoid", "elu"])
    gaps = [int(np.isnan(lines(panel)["da/dx"][1]).sum()) for panel in panels.ravel()]
    assert gaps == [1, 0, 0]


def test_layers_and_functions_are_drawn_by_their_own_arguments():
    layer = fd.layers.ELU(2.0)
    (first, second) = plots.activations([layer, fd.activations.tanh], derivatives=False).ravel()
    assert (first.get_title(), second.get_title()) == ("ELU(2)", "tanh")
    assert lines(first)["a(x)"][1].min() == pytest.approx(2 * np.expm1(-5))
    fd.Sequential([fd.layers.Input((3,)), layer, fd.layers.Dense(1)], seed=0)  # still nobody's


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["relo"],), "did you mean 'relu'"),
        ((["softmax"],), "a function of one number, got 'softmax'; it is one of a whole row"),
        (([],), "names of activations"),
        ((3,), "names of activations, got 3"),
        (([3],), "an activation, one of"),
        (([fd.layers.Dense(2)],), "layers that work element by element, got Dense with 2 outputs"),
        ((["relu"], Figure().subplots(1, 2)), "ax as 1 Axes of matplotlib, such as .* got ndarray of 2"),
        ((["relu"], "axes"), "ax as 1 Axes of matplotlib, such as .* got str"),
    ],
)
def test_bad_activations(arguments, message):
    with pytest.raises(ValueError, match=rf"^\[activations\] expected .*{message}"):
        plots.activations(*arguments)


@pytest.mark.parametrize("bounds", [(1, 1), (2, 1), (0, np.inf), 3, "ab", (1, 2, 3)])
def test_bad_bounds(bounds):
    with pytest.raises(ValueError, match=r"^\[activations\] expected .*bounds"):
        plots.activations(["relu"], bounds=bounds)


# ---- Histograms of ten layers


def spreads(panel):
    """The standard deviations of the first and last layer, of the title."""
    return [float(value) for value in panel.get_title().split("std ")[1].split(" → ")]


def test_ten_layers_by_initialisation_as_deck_004_has_them():
    panels = plots.activation_histograms(units=150)
    assert panels.shape == (2, 4)
    (small, large, xavier, _), (small_relu, large_relu, xavier_relu, he_relu) = panels
    assert spreads(small)[1] < 1e-6
    assert spreads(small_relu)[1] < 1e-6  # dwindle
    assert spreads(large)[1] > 0.9  # saturates at -1 and 1
    assert spreads(large_relu)[1] > 1e6  # explodes
    assert 0.1 < spreads(xavier)[1] < 0.6
    first, last = spreads(xavier_relu)
    assert last / first == pytest.approx(2**-4.5, rel=0.5)  # half of the variance each layer
    first, last = spreads(he_relu)
    assert last / first == pytest.approx(1, rel=0.35)
    assert len(small.collections[0].get_paths()) == 10


def test_histograms_are_those_of_the_packages_layers():
    x = np.random.default_rng(0).normal(size=(50, 7))
    ((panel,),) = plots.activation_histograms(x, activations="relu", initial={"he": "he"}, layers=2, units=6)
    hidden = [fd.layers.Dense(6, "relu", kernel_initializer="he", name=f"layer_{i}") for i in (1, 2)]
    outputs = fd.Sequential([fd.layers.Input((7,)), *hidden], seed=0).layer_outputs(x)
    assert spreads(panel) == pytest.approx([outputs["layer_1"].std(), outputs["layer_2"].std()], rel=0.05)
    zeros = (outputs["layer_1"] == 0).mean()
    assert 0.2 < zeros < 0.8
    outline = panel.collections[0].get_paths()[0].vertices
    assert np.abs(outline[:, 0] - 1).max() == pytest.approx(0.45)  # the fullest bin
    assert outline[:, 1].min() < 0 < outline[:, 1].max()  # zeros have a bin about 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": np.ones(3)}, "x"),
        ({"x": np.full((3, 2), np.nan)}, "finite"),
        ({"activations": []}, "activations as a list"),
        ({"activations": ["relo"]}, "did you mean 'relu'"),
        ({"initial": {}}, "initial as"),
        ({"initial": {"a": "hee"}}, "initiali"),
        ({"layers": 0}, "layers as a whole number >= 1"),
        ({"units": 2.5}, "units as a whole number >= 1"),
        ({"seed": -1}, "seed as a whole number"),
    ],
)
def test_bad_histograms(options, message):
    with pytest.raises(ValueError, match=rf"^\[activation_histograms\] expected .*{message}"):
        plots.activation_histograms(**options)


def test_of_many_rows_some_are_taken():
    x = np.zeros((5000, 3), np.float32)
    x[0], x[-1] = 1, -1
    linear = {"ones": fd.initializers.Identity()}
    ((panel,),) = plots.activation_histograms(x, activations=["linear"], initial=linear, layers=1, units=3)
    assert spreads(panel)[0] == pytest.approx((2 / 1024) ** 0.5, rel=0.02)


def test_constant_activations_are_drawn():
    plots.activation_histograms(
        np.ones((4, 3)), activations=["relu"], initial={"zeros": fd.initializers.Zeros()}, layers=2, units=3
    )


# ---- Averages


def test_averages_are_those_of_ewma():
    series = np.array([10.0, 20.0, 30.0, 25.0])
    ax = plots.averages(series, betas=(0.5,))
    found = lines(ax)
    np.testing.assert_array_equal(found["β = 0.5, about 2"][1], fd.ewma(series, 0.5))
    raw = found["the same, raw"][1]
    np.testing.assert_array_equal(raw, fd.ewma(series, 0.5, bias_correction=False)[: len(raw)])
    assert list(found["β = 0.5, about 2"][0]) == [1, 2, 3, 4]


def test_raw_averages_end_where_they_meet_the_corrected_ones():
    ax = plots.averages()
    raw = [line for line in ax.get_lines() if line.get_label() == "the same, raw"]
    lengths = [len(line.get_xdata()) for line in raw]
    assert lengths == sorted(lengths)
    assert lengths[0] < 15
    assert 150 < lengths[2] <= 365
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("day", "temperature (°C)")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0, 2.0]], r"a series \(n,\)"),
        ([], "a series"),
        ([1.0, np.nan], "finite values"),
        ("a", "a series"),
    ],
)
def test_bad_values_to_average(values, message):
    with pytest.raises(ValueError, match=message):
        plots.averages(values)


@pytest.mark.parametrize("betas", [[], "0.9", [1.0], 0.9, [-0.1]])
def test_bad_betas(betas):
    with pytest.raises(ValueError, match=r"^\[averages\] expected .*beta"):
        plots.averages(betas=betas)


# ---- Loss contours


def test_normalised_inputs_make_descent_straight():
    before, after = plots.loss_contours()
    way, straight = (len(lines(panel)["gradient descent"][0]) - 1 for panel in (before, after))
    assert straight <= 2
    assert way >= 8
    zigzag = np.diff(lines(before)["gradient descent"][1])
    assert (np.sign(zigzag[1:]) == -np.sign(zigzag[:-1])).all()  # from wall to wall
    for panel in (before, after):
        assert panel.get_aspect() == 1.0
        check_minimum(panel)


def check_minimum(panel):
    x, y = lines(panel)["minimum"]
    assert panel.get_xlim()[0] < x[0] < panel.get_xlim()[1]
    assert panel.get_ylim()[0] < y[0] < panel.get_ylim()[1]


def test_the_minimum_is_that_of_least_squares_and_the_path_that_of_sgd():
    random = np.random.default_rng(1)
    x = random.normal(size=(40, 2)) * [1, 2] + 3
    y = x @ [1.0, -2.0] + 0.5
    before, _ = plots.loss_contours(x, y, learning_rate=0.01, steps=3, start=(1, 1))
    assert [float(v[0]) for v in lines(before)["minimum"]] == pytest.approx([1.0, -2.0])
    w = np.array([1.0, 1.0])
    points = [w := w - 0.01 * 2 * x.T @ (x @ w + 0.5 - y) / len(x) for _ in range(3)]
    np.testing.assert_allclose(np.transpose(lines(before)["gradient descent"])[1:], points)
    assert "> 3 steps" in before.get_title()


def test_a_descent_that_diverges_is_drawn_as_far_as_it_went():
    for rate in (0.5, 1e200):
        before, _ = plots.loss_contours(learning_rate=rate)
        assert before.get_title().endswith("diverges")
        assert np.ptp(before.get_xlim()) < 50
        check(before)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.ones((3, 2)),), {}, "x and y, or neither"),
        ((np.ones((3, 3)), np.ones(3)), {}, r"x of shape \(examples, 2\)"),
        ((np.ones((3, 2)), np.ones(3)), {}, "two features that vary"),
        ((np.eye(2), np.ones(3)), {}, "2"),
        ((), {"steps": 0}, "steps as a whole number >= 1"),
        ((), {"learning_rate": -1}, "learning_rate"),
        ((), {"ax": Figure().subplots()}, "ax as 2 Axes"),
    ],
)
def test_bad_loss_contours(arguments, options, message):
    with pytest.raises(ValueError, match=rf"^\[loss_contours\] expected .*{message}"):
        plots.loss_contours(*arguments, **options)


# ---- Penalties


def optimum(panel):
    return [float(value[0]) for value in lines(panel)["least in the ball"]]


def test_l2_shrinks_both_weights_and_l1_makes_one_zero():
    l2, l1, elastic, half = plots.penalty_geometry().ravel()
    for sparse in (l1, half):
        assert optimum(sparse)[0] == 0.0
        assert optimum(sparse)[1] == pytest.approx(1)
    assert np.hypot(*optimum(l2)) == pytest.approx(1)
    assert 0.2 < optimum(l2)[0] < optimum(l2)[1]
    assert 0 < optimum(elastic)[0] < optimum(l2)[0]


def test_the_constrained_optimum_is_where_gradients_of_loss_and_penalty_are_parallel():
    (panel,) = plots.penalty_geometry({"L2": fd.regularizers.L2(0.3)}, minimum=(1.5, 1.0)).ravel()
    w = np.array(optimum(panel))
    gradient = np.array([[1.0, 0.35], [0.35, 1.0]]) @ (w - [1.5, 1.0])
    assert abs(gradient[0] * w[1] - gradient[1] * w[0]) < 0.01 * np.linalg.norm(gradient)


def test_a_ball_that_holds_the_least_loss_leaves_the_weights_alone():
    (panel,) = plots.penalty_geometry({"L2": fd.regularizers.L2(1.0)}, size=5.0).ravel()
    assert optimum(panel) == [0.6, 1.8]
    panel.figure.canvas.draw()


@pytest.mark.parametrize("q", [0.1, 0.5, 1, 1.5, 2, 4, 100])
def test_norm_balls_have_one_norm_on_their_edge(q):
    ax = plots.norm_balls(q=[q], size=2.0)
    ((x, y),) = lines(ax).values()
    np.testing.assert_allclose((np.abs(x) ** q + np.abs(y) ** q) / 2.0**q, 1, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (({},), {}, "penalties as"),
        (({"L2": "l2"},), {}, "a regulariser, or q > 0, for 'L2'"),
        (({"L2": fd.regularizers.L2(0.0)},), {}, "a strength above 0 of 'L2'"),
        (({"q": 0},), {}, "0 < q of 'q' <= 100"),
        ((), {"minimum": (1, 2, 3)}, "minimum as two numbers"),
        ((), {"minimum": (1, np.nan)}, "minimum"),
        ((), {"size": 0}, "size"),
    ],
)
def test_bad_penalties(arguments, options, message):
    with pytest.raises(ValueError, match=rf"^\[penalty_geometry\] expected .*{message}"):
        plots.penalty_geometry(*arguments, **options)


@pytest.mark.parametrize("q", [[], "2", [0], [101], 2])
def test_bad_norm_balls(q):
    with pytest.raises(ValueError, match=r"^\[norm_balls\] expected .*q"):
        plots.norm_balls(q=q)


# ---- Whitening


def test_each_step_of_whitening_does_what_its_title_says():
    random = np.random.default_rng(3)
    raw = random.normal(size=(300, 2)) @ [[2.0, 1.0], [0.0, 1.0]] + [5, -3]
    sets = {
        panel.get_title().splitlines()[0]: np.transpose(panel.get_lines()[0].get_data())
        for panel in plots.whitening(raw).ravel()
    }
    np.testing.assert_array_equal(sets["raw"], raw)
    for name in ("centred", "normalised", "decorrelated", "whitened (PCA)", "whitened (ZCA)"):
        np.testing.assert_allclose(sets[name].mean(axis=0), 0, atol=1e-12)
    covariances = {name: np.cov(z, rowvar=False, bias=True) for name, z in sets.items()}
    np.testing.assert_allclose(np.diag(covariances["normalised"]), 1)
    assert abs(covariances["decorrelated"][0, 1]) < 1e-12
    np.testing.assert_allclose(np.trace(covariances["decorrelated"]), np.trace(covariances["raw"]))
    for name in ("whitened (PCA)", "whitened (ZCA)"):
        np.testing.assert_allclose(covariances[name], np.eye(2), atol=1e-9)


@pytest.mark.parametrize("x", [np.ones(4), np.ones((4, 3)), np.full((4, 2), np.inf), "data", np.ones((0, 2))])
def test_bad_data_to_whiten(x):
    with pytest.raises(ValueError, match=r"^\[whitening\] expected "):
        plots.whitening(x)


def test_features_that_do_not_vary_are_drawn():
    plots.whitening(np.ones((5, 2)))[0, 0].figure.canvas.draw()


# ---- Schedules


def test_schedules_by_steps_and_epochs_have_one_axis():
    by_epoch = fd.schedules.StepDecay(0.4, 0.5, every=1, per="epoch")
    by_step = fd.schedules.InverseTimeDecay(0.4, 10, 1.0)
    ax = plots.schedules({"a": by_epoch, "b": by_step, "c": 0.1}, 7, steps_per_epoch=3)
    found = lines(ax)
    np.testing.assert_allclose(found["a"][1], [0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1])
    np.testing.assert_array_equal(found["b"][1], by_step.values(0, 7))
    np.testing.assert_array_equal(found["c"][1], [0.1] * 7)
    assert ax.get_xlabel() == "step (from 0)"
    alone = plots.schedules(by_epoch, 3)
    assert alone.get_xlabel() == "epoch (from 0)"
    np.testing.assert_allclose(lines(alone)["StepDecay"][1], [0.4, 0.2, 0.1])
    assert plots.schedules(log=True).get_yscale() == "log"


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (({},), {}, "at least one schedule"),
        (({"a": "fast"},), {}, "a schedule of fastdnn.schedules"),
        (({"a": -1},), {}, "learning_rate"),
        ((None, 0), {}, "steps as a whole number >= 1"),
        ((0.1, 5), {"steps_per_epoch": 0}, "steps_per_epoch"),
        (({"a": 0.1, "b": fd.schedules.Constant(0.1, per="epoch")},), {}, "steps_per_epoch, since"),
        ((0.1, 5, Figure().subplots(1, 2)), {}, "ax as one Axes of matplotlib, got ndarray of 2"),
    ],
)
def test_bad_schedules(arguments, options, message):
    with pytest.raises(ValueError, match=rf"^\[schedules\] expected .*{message}"):
        plots.schedules(*arguments, **options)


# ---- Weights as images


def test_a_units_weights_are_its_image():
    kernel = np.arange(12.0).reshape(6, 2) - 4
    (image,) = plots.weight_images(kernel, shape=(2, 3)).get_images()
    tiles = np.ma.filled(image.get_array(), np.nan)
    np.testing.assert_allclose(tiles[:, :3], kernel[:, 0].reshape(2, 3) / 6)
    np.testing.assert_allclose(tiles[:, 4:], kernel[:, 1].reshape(2, 3) / 7)
    assert np.isnan(tiles[:, 3]).all()


def test_the_largest_units_of_a_model_by_layer():
    model = fd.Sequential(
        [fd.layers.Input((9,)), fd.layers.Dense(4, name="a"), fd.layers.Dense(5, name="b")], seed=0
    )
    assert plots.weight_images(model).get_title() == "4 of 4 units, 3 × 3 weights each"
    kernel = model.get_layer("b").get_weights()[0]
    (image,) = plots.weight_images(model, layer="b", count=1).get_images()
    largest = kernel[:, np.linalg.norm(kernel, axis=0).argmax()].reshape(2, 2)
    np.testing.assert_allclose(image.get_array(), largest / np.abs(largest).max(), rtol=1e-6)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (np.ones((3, 2)), {}, r"a square number of inputs, got 3; give shape="),
        (np.ones((4, 2)), {"shape": (3, 1)}, "a shape of 4 pixels"),
        (np.ones((4, 2)), {"shape": 4}, "shape as"),
        (np.ones(4), {}, "a kernel"),
        (np.full((4, 2), np.nan), {}, "finite weights"),
        (np.ones((4, 2)), {"count": 0}, "count as a whole number >= 1"),
        ("model", {}, "a model, or its kernel"),
        (
            fd.Sequential([fd.layers.Input((4,)), fd.layers.Dense(2)]),
            {"layer": "dens"},
            "a layer with a kernel",
        ),
        (fd.Sequential([fd.layers.Input((4,)), fd.layers.ReLU()]), {}, "a model with a dense layer"),
    ],
)
def test_bad_weight_images(model, options, message):
    with pytest.raises(ValueError, match=rf"^\[weight_images\] expected .*{message}"):
        plots.weight_images(model, **options)


def test_a_model_that_is_not_built_has_no_images():
    with pytest.raises(ValueError, match="input"):
        plots.weight_images(fd.Sequential([fd.layers.Dense(2)]))


# ---- Axes that are given


def test_given_axes_are_drawn_on():
    panels = Figure().subplots(2, 2)
    assert list(plots.activations(["relu", "tanh", "elu", "gelu"], panels).ravel()) == list(panels.ravel())
    assert panels[1, 1].get_title() == "gelu"
    assert panels[0, 0].get_legend() is not None
    row = list(Figure().subplots(1, 2))
    assert list(plots.loss_contours(ax=row)) == row
    six = Figure().subplots(6)
    assert plots.whitening(ax=six).shape == (2, 3)
    one = Figure().subplots()
    for draw in (plots.norm_balls, plots.averages, plots.schedules):
        assert draw(ax=one) is one
    assert plots.weight_images(np.eye(4), one) is one
    assert plots.activations(["relu"], one, together=True) is one


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.activations(["relu", "tanh", "elu", "gelu", "selu"]),
        lambda: plots.activations(["gelu"]),
        lambda: plots.activations(["relu", "selu"], together=True),
        lambda: plots.penalty_geometry({f"q = {q}": q for q in (0.3, 0.5, 1, 1.5, 2, 3)}),
        lambda: plots.penalty_geometry({"L1": 1.0}),
        lambda: plots.activation_histograms(layers=1, units=8, activations=["tanh"]),
        lambda: plots.learning_curve(
            {"loss": [1.0, 0.5], "r2": [0.5, 0.7], "val_r2": [0.4, 0.3]}, ["r2", "loss"]
        ),
        lambda: plots.weight_images(np.eye(6), shape=(2, 3), count=3),
        lambda: plots.loss_contours(learning_rate=1e-6),
    ],
)
def test_other_numbers_of_panels_and_lines_can_be_read(draw):
    check(draw())

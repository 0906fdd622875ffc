"""L-BFGS on whole models."""

import numpy as np
import pytest
from interpreters import output
from networks import regression

import fastdnn as fd

pytest.importorskip("scipy", reason="SciPy is not installed (the extra `optimize`)")
X, Y = regression(rows=80)


def network(dtype="float64", layers=(), backend="native", **options):
    first = [fd.layers.Input((7,)), fd.layers.Dense(9, "tanh"), *layers]
    model = fd.Sequential([*first, fd.layers.Dense(2)], seed=1, dtype=dtype)
    model.compile(loss="mse", backend=backend, **options)
    return model


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_it_ends_where_the_gradient_is_nothing(backend):
    model = network(backend=backend)
    seen = []
    result = fd.optimizers.minimize_lbfgs(
        model, X, Y, max_iter=3000, tol=1e-4, callback=lambda i, loss: seen.append((i, loss))
    )
    loss, gradients = model.loss_and_gradients(X, Y)
    assert result.converged, result.message
    assert loss == result.loss == min(result.losses)
    assert max(np.abs(g).max() for g in gradients.values()) < 1e-3
    assert seen == list(enumerate(result.losses))[1:]
    assert result.losses[0] > 10 * result.loss
    assert list(result.losses) == sorted(result.losses, reverse=True)
    assert result.evaluations >= result.iterations == len(seen)


def test_a_linear_model_is_least_squares():
    model = fd.Sequential([fd.layers.Input((7,)), fd.layers.Dense(2)], seed=1, dtype="float64")
    model.compile(loss="mse")
    fd.optimizers.minimize_lbfgs(model, X, Y, tol=1e-12)
    want, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(80)]), Y, rcond=None)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(np.vstack([kernel, bias]), want, atol=1e-6)


def test_float32_and_sample_weights_and_frozen_layers():
    model = network("float32")
    model.get_layer("dense").trainable = False
    before = model.get_weights()[0]
    weights = np.linspace(0, 2, 80)
    start = model.evaluate(X, Y, sample_weight=weights)
    result = fd.optimizers.minimize_lbfgs(model, X, Y, weights, max_iter=50)
    assert model.evaluate(X, Y, sample_weight=weights) < 0.5 * start
    assert result.loss < 0.5 * start
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_it_stops_at_max_iter_and_keeps_the_optimizer():
    model = network()
    model.fit(X, Y)
    result = fd.optimizers.minimize_lbfgs(model, X, Y, max_iter=3)
    assert result.iterations == 3
    assert not result.converged
    assert model.optimizer.iterations == 3
    model.fit(X, Y)


def test_an_exception_of_the_callback_leaves_the_best_weights():
    def stop(iteration, loss):
        if iteration == 4:
            raise KeyboardInterrupt

    model = network()
    whole = fd.optimizers.minimize_lbfgs(network(), X, Y, max_iter=4)
    with pytest.raises(KeyboardInterrupt):
        fd.optimizers.minimize_lbfgs(model, X, Y, callback=stop)
    assert model.loss_and_gradients(X, Y)[0] == whole.loss


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        ([fd.layers.Dropout(0.5)], "without random numbers"),
        ([fd.layers.BatchNormalization()], "without running figures"),
    ],
)
def test_networks_that_are_no_function_of_their_weights_are_refused(layers, text):
    model = network(layers=layers)
    before = [w.copy() for w in model.get_weights()]
    with pytest.raises(ValueError, match=text):
        fd.optimizers.minimize_lbfgs(model, X, Y)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "arguments", [{"max_iter": 0}, {"m": 1.5}, {"tol": 0}, {"tol": float("nan")}, {"max_iter": True}]
)
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="minimize_lbfgs"):
        fd.optimizers.minimize_lbfgs(network(), X, Y, **arguments)


def test_a_first_loss_that_is_not_finite():
    with pytest.raises(fd.NonFiniteLossError):
        fd.optimizers.minimize_lbfgs(network("float32"), X, 1e30 * Y)


def test_without_scipy_the_error_says_what_to_install():
    code = """
        import sys
        sys.modules["scipy"] = sys.modules["scipy.optimize"] = None
        import numpy as np
        import fastdnn as fd

        model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)])
        model.compile(loss="mse")
        try:
            fd.optimizers.minimize_lbfgs(model, np.ones((3, 2)), np.ones(3))
        except ImportError as error:
            print(error)
    """
    assert "fastdnn[optimize]" in output(code)


class Counts:
    """Poisson counts of the rate e^z, whose loss is soon infinite."""

    name = "counts"

    def value_and_gradient(self, counts, z):
        with np.errstate(all="ignore"):
            rate = np.exp(z)
            return (rate - counts * z)[:, 0], rate - counts


def counting(seed=117):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(50, 3)) * rng.choice([1, 3, 10])
    y = np.floor(np.exp(x[:, 0]) * rng.choice([1, 10, 100.0]))
    layers = [fd.layers.Input((3,)), fd.layers.Dense(6, "relu"), fd.layers.Dense(1)]
    model = fd.Sequential(layers, seed=seed)
    model.compile(loss=Counts())
    return model, x, y


def test_trials_whose_loss_is_infinite_do_not_end_it(monkeypatch):
    model, x, y = counting()
    walls = []
    kind = fd.optimizers.lbfgs._Objective
    ask = kind.value_and_gradient

    def asked(self, theta):
        value, gradient = ask(self, theta)
        walls.extend([value] if not gradient.any() else [])
        return value, gradient

    monkeypatch.setattr(kind, "value_and_gradient", asked)
    result = fd.optimizers.minimize_lbfgs(model, x, y)
    assert walls
    assert np.isfinite(walls).all()
    assert np.isfinite(result.losses).all()
    assert result.losses[0] > 1000
    assert result.converged
    assert result.loss < -4800  # where it ended at -3399, with gradients of 15,000
    loss, gradients = model.loss_and_gradients(x, y)
    assert loss == result.loss
    assert max(np.abs(g).max() for g in gradients.values()) < 10


def test_it_has_not_converged_where_the_last_iterate_is_not_the_best(monkeypatch):
    import scipy.optimize

    find = scipy.optimize.minimize

    def found(*args, **kwargs):
        result = find(*args, **kwargs)
        assert result.success
        result.fun = 2 * result.fun + 1
        return result

    assert fd.optimizers.minimize_lbfgs(network(), X, Y, tol=1e-2).converged
    monkeypatch.setattr(scipy.optimize, "minimize", found)
    assert not fd.optimizers.minimize_lbfgs(network(), X, Y, tol=1e-2).converged


def test_what_it_refuses_is_told_by_its_own_name():
    model = network()
    model.trainable = False
    with pytest.raises(ValueError, match=r"\[minimize_lbfgs\] expected weights that are trained"):
        fd.optimizers.minimize_lbfgs(model, X, Y)
    bad = X.copy()
    bad[3, 2] = np.nan
    for x, y, options in [
        (bad, Y, {}),
        (X[:, 1:], Y, {}),
        (X, Y[:, 1:], {}),
        (X, Y[1:], {}),
        (X, np.full_like(Y, np.nan), {}),
        (X, Y, {"sample_weight": np.full(80, -1.0)}),
        (X, Y, {"threads": -1}),
    ]:
        with pytest.raises(ValueError, match=r"^\[minimize_lbfgs"):
            fd.optimizers.minimize_lbfgs(network(), x, y, **options)
    model = network(regularizer=fd.regularizers.L2(0.1, scale="dataset"))
    with pytest.raises(ValueError, match=r"^\[minimize_lbfgs"):
        fd.optimizers.minimize_lbfgs(model, X, Y)

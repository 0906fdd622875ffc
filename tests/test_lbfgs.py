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

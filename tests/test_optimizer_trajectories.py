"""What each optimiser does to a network in many float64 steps: as PyTorch, and as the papers."""

import json

import numpy as np
import pytest
import torch_trajectories as reference

import fastdnn as fd

GOLDEN = json.loads(reference.GOLDEN.read_text())


def network(optimizer, backend="native"):
    _, _, weights = reference.data()
    layers = [fd.layers.Input((reference.FEATURES,)), fd.layers.Dense(reference.HIDDEN, "tanh")]
    model = fd.Sequential([*layers, fd.layers.Dense(1)], dtype="float64", seed=0)
    model.compile(optimizer, "mse", backend=backend)
    model.set_weights(weights)
    return model


def trained(optimizer, steps=reference.STEPS, backend="native"):
    """All weights after so many full-batch steps."""
    x, y, _ = reference.data()
    model = network(optimizer, backend)
    model.fit(x, y, batch_size=len(x), epochs=steps, shuffle=False)
    return np.concatenate([w.ravel() for w in model.get_weights()])


def made(name):
    _, _, class_name, arguments = reference.CASES[name]
    return getattr(fd.optimizers, class_name)(**arguments)


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("name", reference.CASES)
def test_the_trajectory_that_pytorch_took(name, backend):
    np.testing.assert_allclose(
        trained(made(name), backend=backend), GOLDEN[name], rtol=1e-7, atol=1e-9, equal_nan=False
    )


@pytest.mark.parametrize("name", reference.CASES)
def test_the_trajectory_of_the_pytorch_that_is_installed(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; its trajectories are in a file")
    want = reference.run(torch, *reference.CASES[name][:2])
    np.testing.assert_allclose(trained(made(name)), want, rtol=1e-7, atol=1e-9, equal_nan=False)


# ---- The papers' updates, where PyTorch has none, of θ, g and what is kept, for t = 1, 2, ...


def lion(theta, g, s, t):
    c = 0.9 * s.get("m", 0) + 0.1 * g
    s["m"] = 0.99 * s.get("m", 0) + 0.01 * g
    return theta - 0.01 * np.sign(c)


def ewma(theta, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g
    return theta - 0.3 * s["v"]


def ewma_corrected(theta, g, s, t):
    return ewma(theta, g, s, t) + 0.3 * s["v"] - 0.3 * s["v"] / (1 - 0.9**t)


def ewma_corrected_nesterov(theta, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g
    return theta - 0.3 * (0.9 * s["v"] / (1 - 0.9 ** (t + 1)) + 0.1 * g / (1 - 0.9**t))


def keras_momentum(theta, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) - 0.05 / t * g
    return theta + s["v"]


def keras_nesterov(theta, g, s, t):
    keras_momentum(theta, g, s, t)
    return theta + 0.9 * s["v"] - 0.05 / t * g


def keras_rmsprop(theta, g, s, t):
    s["s"] = 0.9 * s.get("s", 0) + 0.1 * g**2
    s["v"] = 0.5 * s.get("v", 0) + 0.01 / t * g / np.sqrt(s["s"] + 1e-3)
    return theta - s["v"]


def deck_adagrad(theta, g, s, t):
    s["s"] = s.get("s", 0) + g**2
    return theta - 0.1 * g / (np.sqrt(s["s"]) + 1e-8)


def moments(g, s, beta_1=0.9, beta_2=0.999):
    s["m"] = beta_1 * s.get("m", 0) + (1 - beta_1) * g
    s["v"] = beta_2 * s.get("v", 0) + (1 - beta_2) * g**2
    return s["m"], s["v"]


def keras_adam(theta, g, s, t):
    m, v = moments(g, s)
    return theta - 0.02 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-3)


def deck_003_adam(theta, g, s, t):
    m, v = moments(g, s)
    return theta - 0.02 * m / np.sqrt(v + 1e-3)


def deck_002_adam(theta, g, s, t):
    m, v = moments(g, s)
    return theta - 0.02 * m / (1 - 0.9**t) / np.sqrt(v / (1 - 0.999**t) + 1e-3)


def scheduled_adam(theta, g, s, t):
    """Averages whose weights on all steps sum up to 1, whatever the betas are."""
    beta_1, beta_2 = rising(t - 1), 0.9 + 0.09 * rising(t - 1)
    m, v = moments(g, s, beta_1, beta_2)
    s["of_1"] = beta_1 * s.get("of_1", 0) + 1 - beta_1
    s["of_2"] = beta_2 * s.get("of_2", 0) + 1 - beta_2
    return theta - 0.02 * (m / s["of_1"]) / (np.sqrt(v / s["of_2"]) + 1e-8)


def rising(step):
    return 0.9 * (1 - 0.5 ** (1 + step / 10))


def decoupled(theta, g, s, t):
    return theta - 0.1 * 0.05 * theta - 0.1 * g


def clipped_value(theta, g, s, t):
    return theta - 0.1 * np.clip(g, -0.2, 0.2)


O = fd.optimizers  # noqa: E741
PAPERS = {
    "lion": (lion, lambda: O.Lion(0.01)),
    "ewma": (ewma, lambda: O.SGD(0.3, 0.9, momentum_form="ewma")),
    "ewma corrected": (
        ewma_corrected,
        lambda: O.SGD(0.3, 0.9, momentum_form="ewma", bias_correction=True),
    ),
    "ewma corrected nesterov": (
        ewma_corrected_nesterov,
        lambda: O.SGD(0.3, 0.9, True, momentum_form="ewma", bias_correction=True),
    ),
    "keras momentum": (
        keras_momentum,
        lambda: O.SGD(lambda step: 0.05 / (1 + step), 0.9, momentum_form="keras"),
    ),
    "keras nesterov": (
        keras_nesterov,
        lambda: O.SGD(lambda step: 0.05 / (1 + step), 0.9, True, momentum_form="keras"),
    ),
    "keras rmsprop": (
        keras_rmsprop,
        lambda: O.RMSprop(
            lambda step: 0.01 / (1 + step),
            momentum=0.5,
            epsilon=1e-3,
            epsilon_mode="inside",
            momentum_form="keras",
        ),
    ),
    "adagrad from 0": (deck_adagrad, lambda: O.Adagrad(0.1)),
    "adam, epsilon hat": (keras_adam, lambda: O.Adam(0.02, epsilon=1e-3, epsilon_mode="hat")),
    "adam, uncorrected, epsilon inside": (
        deck_003_adam,
        lambda: O.Adam(0.02, epsilon=1e-3, epsilon_mode="inside", bias_correction=False),
    ),
    "adam, epsilon inside": (deck_002_adam, lambda: O.Adam(0.02, epsilon=1e-3, epsilon_mode="inside")),
    "adam, scheduled betas": (
        scheduled_adam,
        lambda: O.Adam(0.02, beta_1=rising, beta_2=lambda step: 0.9 + 0.09 * rising(step)),
    ),
    "decoupled decay": (decoupled, lambda: O.SGD(0.1, weight_decay=0.05)),
    "clipvalue": (clipped_value, lambda: O.SGD(0.1, clipvalue=0.2)),
}


def by_hand(step, steps=reference.STEPS):
    """The weights that `step(weights, gradients, t)` leads to, by the gradients of a network."""
    x, y, _ = reference.data()
    model = network("sgd")
    names = list(model.loss_and_gradients(x, y)[1])
    for t in range(1, steps + 1):
        _, gradients = model.loss_and_gradients(x, y)
        model.set_weights(step(model.get_weights(), [gradients[name] for name in names], t))
    return np.concatenate([w.ravel() for w in model.get_weights()])


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("name", PAPERS)
def test_the_trajectory_of_the_paper(name, backend):
    rule, make = PAPERS[name]
    kept = [{} for _ in range(4)]

    def step(weights, gradients, t):
        return [rule(w, g, s, t) for w, g, s in zip(weights, gradients, kept, strict=True)]

    want = by_hand(step)
    np.testing.assert_allclose(trained(make(), backend=backend), want, rtol=1e-7, atol=1e-9, equal_nan=False)


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("way", ["clipnorm", "global_clipnorm"])
def test_clipping_by_norm(way, backend):
    limit = 0.3

    def step(weights, gradients, t):
        norms = [np.linalg.norm(g) for g in gradients]
        if way == "global_clipnorm":
            norms = [np.linalg.norm(norms)] * len(norms)
        assert t > 1 or max(norms) > limit
        return [
            w - 0.1 * g * min(1, limit / norm) for w, g, norm in zip(weights, gradients, norms, strict=True)
        ]

    got = trained(fd.optimizers.SGD(0.1, **{way: limit}), backend=backend)
    np.testing.assert_allclose(got, by_hand(step), rtol=1e-10, atol=1e-12, equal_nan=False)


def test_worked_nesterov_is_the_look_ahead_of_the_velocity():
    """004: x̃ = x + ρ v at every step, to 1e-12."""
    alpha, rho, worst = 0.05, 0.9, 0.0
    _, _, weights = reference.data()
    x_t, v_t = [w.copy() for w in weights], [np.zeros_like(w) for w in weights]
    x, y, _ = reference.data()
    textbook = network("sgd")
    ours = network(fd.optimizers.SGD(alpha, rho, nesterov=True))
    for _ in range(40):
        ahead = [a + rho * b for a, b in zip(x_t, v_t, strict=True)]
        worst = max(
            worst,
            *[np.abs(a - w).max() for a, w in zip(ahead, ours.get_weights(), strict=True)],
        )
        textbook.set_weights(ahead)
        gradients = textbook.loss_and_gradients(x, y)[1].values()
        v_t = [rho * v - alpha * g for v, g in zip(v_t, gradients, strict=True)]
        x_t = [a + v for a, v in zip(x_t, v_t, strict=True)]
        ours.train_on_batch(x, y)
    assert worst <= 1e-12
    assert np.abs(v_t[0]).max() > 1e-3


def test_worked_the_average_at_alpha_is_the_sum_at_alpha_times_1_minus_beta():
    average = trained(fd.optimizers.SGD(0.3, 0.9, momentum_form="ewma"))
    total = trained(fd.optimizers.SGD(0.3 * (1 - 0.9), 0.9))
    np.testing.assert_allclose(average, total, rtol=1e-12, equal_nan=False)


# ---- One weight, whose first step has a round number


def first_step(optimizer, gradient=2.0):
    """How far the first step takes a weight at 0, in learning rates."""
    model = fd.Sequential([fd.layers.Input((1,)), fd.layers.Dense(1, use_bias=False)], dtype="float64")
    model.compile(optimizer, "mse")
    model.set_weights([np.zeros((1, 1))])
    model.train_on_batch(np.ones((1, 1)), np.full((1, 1), -gradient / 2))  # dL/dw = 2 (w - y)
    return float(-model.get_weights()[0][0, 0] / optimizer.learning_rate)


def test_worked_rmsprop_first_step():
    """ρ = 0.999 of the decks: 1 / √0.001 = 31.6 learning rates; the default 0.9: 3.16."""
    assert first_step(fd.optimizers.RMSprop(rho=0.999)) == pytest.approx(31.62, abs=0.01)
    assert first_step(fd.optimizers.RMSprop()) == pytest.approx(3.162, abs=0.001)


def test_worked_adam_first_step():
    """One rate with bias correction; 0.1 / √0.001 = 3.16 without, as in 003."""
    assert first_step(fd.optimizers.Adam()) == pytest.approx(1, abs=1e-6)
    assert first_step(fd.optimizers.Adam(bias_correction=False)) == pytest.approx(3.162, abs=0.001)


X_003, Y_003 = np.array([[1.0, 2], [-2, 5], [0, 1]]), np.array([1.0, 6, 1])


def trained_003(rate, batch_size, use_bias):
    """w, w₀ and L after an epoch. L = ½ Σ (y - wᵀx)² is 3/2 of the mean squared error of the three rows."""
    dense = fd.layers.Dense(1, use_bias=use_bias)
    model = fd.Sequential([fd.layers.Input((2,)), dense], dtype="float64")
    model.compile(fd.optimizers.SGD(rate), "mse")
    model.set_weights([np.array([[1.0], [0.5]]), *([np.zeros(1)] if use_bias else [])])
    assert model.predict(np.array([[2.0, 3]]))[0, 0] == 3.5
    assert 1.5 * model.evaluate(X_003, Y_003) == pytest.approx(15.75, abs=1e-12)
    model.fit(X_003, Y_003, batch_size=batch_size, epochs=1, shuffle=False)
    kernel, *biases = (w.ravel().tolist() for w in model.get_weights())
    return kernel, [w_0 for bias in biases for w_0 in bias], 1.5 * model.evaluate(X_003, Y_003)


def test_worked_exercise_of_003():
    """w = [1, 0.5], η = 0.01; of one row, L is half of the squared error."""
    batch, stochastic = (0.01 * 1.5, 3), (0.01 * 0.5, 1)
    w, _, loss = trained_003(*batch, use_bias=False)
    assert w == pytest.approx([0.88, 0.76], abs=1e-12)
    assert loss == pytest.approx(8.8496, abs=1e-4)
    w, _, loss = trained_003(*stochastic, use_bias=False)
    assert w == pytest.approx([0.8784, 0.76141], abs=5e-6)
    assert loss == pytest.approx(8.8104, abs=1e-4)
    w, w_0, loss = trained_003(*batch, use_bias=True)
    assert [*w, *w_0] == pytest.approx([0.88, 0.76, 0.05], abs=1e-12)
    assert loss == pytest.approx(8.71335, abs=5e-6)
    w, w_0, loss = trained_003(*stochastic, use_bias=True)
    assert [*w, *w_0] == pytest.approx([0.8782, 0.761446, 0.047846], abs=5e-5)
    assert loss == pytest.approx(8.67806, abs=1e-5)

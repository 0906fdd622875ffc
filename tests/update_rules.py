"""The optimisers of the tests: kernel, reference, states, scalars, and the rule written down once more.

The rules are those of the papers and of PyTorch, with its order of operations, apart from the reference; on
`Bounded` numbers they give the bounds of the kernels' errors.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from running_error import clip, maximum, one_minus_power, shrink, sign, sqrt

from fastdnn._core import kernels
from fastdnn.reference import update as reference

ALL_ON = {
    "gradient_scale": 0.75,
    "clip_value": 1.25,
    "l2": 0.3,
    "l1": 0.2,
    "weight_decay": 0.4,
    "proximal_l1": 0.5,
}


def with_options(rule):
    """The rule between what UpdateOptions does before it and after."""

    def step(theta, states, g, rate, scalars, o):
        if o.get("gradient_scale", 1.0) != 1.0:
            g = o["gradient_scale"] * g
        if "clip_value" in o:
            g = clip(g, o["clip_value"])
        if "l2" in o:
            g = g + o["l2"] * theta
        if "l1" in o:
            g = g + o["l1"] * sign(theta)
        if "weight_decay" in o:
            theta = theta - (rate * o["weight_decay"]) * theta
        theta, *states = rule(theta, states, g, rate, **scalars)
        if "proximal_l1" in o:
            theta = shrink(theta, rate * o["proximal_l1"])
        return [theta, *states]

    return step


@with_options
def sgd(theta, states, g, rate, momentum=0.0, nesterov=False):
    [v] = states
    if v is None:
        return theta - rate * g, None
    v = momentum * v + g
    return theta - rate * (g + momentum * v if nesterov else v), v


@with_options
def sgd_ewma(theta, states, g, rate, momentum, nesterov=False, form="ewma", bias_correction=False, t=1):
    [v] = states
    v = momentum * v + (1 - momentum) * g
    ahead = momentum * v
    part = (1 - momentum) * g
    if not nesterov:
        return theta - rate * (v / one_minus_power(g, momentum, t) if bias_correction else v), v
    if bias_correction:
        ahead = ahead / one_minus_power(g, momentum, t + 1)
        part = part / one_minus_power(g, momentum, t)
    return theta - rate * (ahead + part), v


@with_options
def sgd_keras(theta, states, g, rate, momentum, nesterov=False, form="keras"):
    [v] = states
    v = momentum * v - rate * g
    return theta + (momentum * v - rate * g if nesterov else v), v


def guarded_root(s, epsilon, epsilon_mode):
    return sqrt(s + epsilon) if epsilon_mode == "inside" else sqrt(s) + epsilon


@with_options
def adagrad(theta, states, g, rate, epsilon, epsilon_mode="outside"):
    [s] = states
    s = s + g * g
    return theta - rate * (g / guarded_root(s, epsilon, epsilon_mode)), s


@with_options
def adadelta(theta, states, g, rate, rho, epsilon):
    s, d = states
    s = rho * s + (1 - rho) * (g * g)
    std = sqrt(s + epsilon)
    delta = sqrt(d + epsilon) / std * g
    d = rho * d + (1 - rho) * (delta * delta)
    return theta - rate * delta, s, d


@with_options
def rmsprop(theta, states, g, rate, rho, epsilon, epsilon_mode="outside", momentum=0.0, form="sum"):
    s, a, v = states
    s = rho * s + (1 - rho) * (g * g)
    variance = s
    if a is not None:
        a = rho * a + (1 - rho) * g
        variance = maximum(s - a * a, 0.0)
    step = g / guarded_root(variance, epsilon, epsilon_mode)
    if v is None:
        return theta - rate * step, s, a, None
    if form == "keras":
        v = momentum * v + rate * step
        return theta - v, s, a, v
    v = momentum * v + step
    return theta - rate * v, s, a, v


def corrected(like, beta, t, bias_correction):
    return one_minus_power(like, beta, t) if bias_correction else 1.0


def adam_denominator(g, v, beta_2, epsilon, t, epsilon_mode, bias_correction):
    c = corrected(g, beta_2, t, bias_correction)
    if epsilon_mode == "hat":
        return (sqrt(v) + epsilon) / sqrt(c)
    return guarded_root(v / c, epsilon, epsilon_mode)


@with_options
def adam(theta, states, g, rate, beta_1, beta_2, epsilon, t=1, epsilon_mode="outside", bias_correction=True):
    m, v, *largest = states
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * (g * g)
    largest = [maximum(x, v) for x in largest]
    below = largest[0] if largest else v
    denominator = adam_denominator(g, below, beta_2, epsilon, t, epsilon_mode, bias_correction)
    step = rate / corrected(g, beta_1, t, bias_correction) * m / denominator
    return theta - step, m, v, *largest


@with_options
def nadam(
    theta, states, g, rate, beta_1, beta_2, epsilon, momentum_decay, product, t=1, epsilon_mode="outside"
):
    m, v = states
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * (g * g)
    mu, mu_next = (beta_1 * (1 - 0.5 * 0.96 ** (step * momentum_decay)) for step in (t, t + 1))
    denominator = adam_denominator(g, v, beta_2, epsilon, t, epsilon_mode, True)
    theta = theta - rate * (1 - mu) / (1 - product) * g / denominator
    return theta - rate * mu_next / (1 - product * mu_next) * m / denominator, m, v


@with_options
def lion(theta, states, g, rate, beta_1, beta_2):
    [m] = states
    update = sign(beta_1 * m + (1 - beta_1) * g)
    return theta - rate * update, beta_2 * m + (1 - beta_2) * g


def nadam_product(beta_1, momentum_decay, t):
    return float(np.prod([beta_1 * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in range(1, t + 1)]))


@dataclass(frozen=True)
class Kind:
    """One optimiser; a state is "any", "positive" (an average of squares) or None."""

    kernel: Callable
    rule: Callable
    states: tuple[str | None, ...]
    rate: float
    scalars: dict = field(default_factory=dict)
    has_t: bool = False

    def at(self, t):
        """The scalars of step t."""
        if not self.has_t:
            return self.scalars
        of_t = {"t": t}
        if "momentum_decay" in self.scalars:
            of_t["product"] = nadam_product(self.scalars["beta_1"], self.scalars["momentum_decay"], t)
        return self.scalars | of_t

    def call(self, t, options):
        """Keywords of the kernel."""
        core = {"options": kernels.UpdateOptions(**options)} if options else {}
        return {"learning_rate": self.rate, **self.at(t), **core}

    def reference(self, arrays, g, t, options):
        """θ and the states of the reference."""
        function = getattr(reference, self.kernel.__name__)
        arguments = {"learning_rate": self.rate, **self.at(t)}
        return function(*arrays, g, **arguments, options=reference.UpdateOptions(**options))

    def apply(self, arrays, g, t, options):
        """θ and the states of the rule above."""
        theta, *states = arrays
        return self.rule(theta, states, g, self.rate, self.at(t), options)


def _kinds():
    k, any_, positive = kernels, ("any",), ("positive",)
    ewma = {"momentum": 0.9, "form": "ewma"}
    keras = {"momentum": 0.9, "form": "keras"}
    look_ahead, correction = {"nesterov": True}, {"bias_correction": True}
    inside, hat = {"epsilon_mode": "inside"}, {"epsilon_mode": "hat"}
    rms = {"rho": 0.9, "epsilon": 1e-8}
    betas = {"beta_1": 0.9, "beta_2": 0.999}
    of_adam = {**betas, "epsilon": 1e-8}
    coarse = {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}
    of_nadam = {**of_adam, "momentum_decay": 0.004}
    adam_states = ("any", "positive")
    ams_states = ("any", "positive", "positive")
    return {
        "sgd": Kind(k.sgd_update, sgd, (None,), 0.05),
        "momentum": Kind(k.sgd_update, sgd, any_, 0.05, {"momentum": 0.9}),
        "momentum 0": Kind(k.sgd_update, sgd, any_, 0.05),
        "nesterov": Kind(k.sgd_update, sgd, any_, 0.05, {"momentum": 0.9, **look_ahead}),
        "ewma": Kind(k.sgd_update, sgd_ewma, any_, 0.05, ewma),
        "ewma nesterov": Kind(k.sgd_update, sgd_ewma, any_, 0.05, ewma | look_ahead),
        "ewma corrected": Kind(k.sgd_update, sgd_ewma, any_, 0.05, ewma | correction, True),
        "ewma corrected nesterov": Kind(
            k.sgd_update, sgd_ewma, any_, 0.05, ewma | correction | look_ahead, True
        ),
        "keras": Kind(k.sgd_update, sgd_keras, any_, 0.05, keras),
        "keras nesterov": Kind(k.sgd_update, sgd_keras, any_, 0.05, keras | look_ahead),
        "adagrad": Kind(k.adagrad_update, adagrad, positive, 0.1, {"epsilon": 1e-8}),
        "adagrad inside": Kind(k.adagrad_update, adagrad, positive, 0.1, {"epsilon": 1e-3, **inside}),
        "adadelta": Kind(k.adadelta_update, adadelta, positive * 2, 1.0, {"rho": 0.9, "epsilon": 1e-6}),
        "rmsprop": Kind(k.rmsprop_update, rmsprop, ("positive", None, None), 0.01, rms),
        "rmsprop inside": Kind(k.rmsprop_update, rmsprop, ("positive", None, None), 0.01, rms | inside),
        "rmsprop momentum": Kind(
            k.rmsprop_update, rmsprop, ("positive", None, "any"), 0.01, {**rms, "momentum": 0.8}
        ),
        "rmsprop keras": Kind(
            k.rmsprop_update,
            rmsprop,
            ("positive", None, "any"),
            0.01,
            {**rms, **inside, "momentum": 0.8, "form": "keras"},
        ),
        "rmsprop centered": Kind(
            k.rmsprop_update, rmsprop, ("positive", "any", None), 0.01, {**rms, "epsilon": 0.01}
        ),
        "rmsprop centered momentum": Kind(
            k.rmsprop_update,
            rmsprop,
            ("positive", "any", "any"),
            0.01,
            {**rms, "epsilon": 0.01, "momentum": 0.8},
        ),
        "adam": Kind(k.adam_update, adam, adam_states, 1e-3, of_adam, True),
        "adam coarse": Kind(k.adam_update, adam, adam_states, 0.1, coarse, True),
        "adam inside": Kind(k.adam_update, adam, adam_states, 1e-3, of_adam | inside, True),
        "adam hat": Kind(k.adam_update, adam, adam_states, 1e-3, coarse | hat, True),
        "adam uncorrected": Kind(
            k.adam_update, adam, adam_states, 1e-3, of_adam | {"bias_correction": False}, True
        ),
        "nadam": Kind(k.nadam_update, nadam, adam_states, 2e-3, of_nadam, True),
        "nadam inside": Kind(k.nadam_update, nadam, adam_states, 2e-3, of_nadam | inside, True),
        "amsgrad": Kind(k.amsgrad_update, adam, ams_states, 1e-3, of_adam, True),
        "amsgrad hat": Kind(k.amsgrad_update, adam, ams_states, 1e-3, coarse | hat, True),
        "lion": Kind(k.lion_update, lion, any_, 1e-4, {"beta_1": 0.9, "beta_2": 0.99}),
    }


KINDS = _kinds()

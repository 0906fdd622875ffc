"""One step of an optimiser: clipping, the rule of `update`, max-norm; on the arrays of a native state."""

import math
from typing import Any

import numpy as np

from fastdnn import _core
from fastdnn.optimizers import Optimizer
from fastdnn.reference import update
from fastdnn.reference.max_norm import max_norm
from fastdnn.reference.norm import clip_scale, l2_norm

Scalars = dict[str, float]


class ReferenceOptimizer:
    """Updates a model's weights, and the state that lies natively beside them."""

    def __init__(
        self, optimizer: Optimizer, state: "_core.Optimizer", parameters: "_core.Parameters"
    ) -> None:
        self._optimizer = optimizer
        self._state = state
        self._parameters = parameters

    def step(self, gradients: dict[str, np.ndarray], scalars: Scalars) -> None:
        """θ and the state after a step with these gradients, by name."""
        products = self._products(scalars)
        clips = _clip_scales(gradients, scalars)
        for name, gradient in gradients.items():
            self._update(name, gradient, clips[name], scalars, products)
        self._state.products = products
        self._state.iterations += 1

    def _products(self, scalars: Scalars) -> dict[str, float]:
        """What corrects the averages, with this step in it."""
        t = self._state.iterations + 1
        factors = dict(scalars)
        if "momentum_decay" in scalars:
            factors["mu"] = update.nadam_momentum(scalars["beta_1"], scalars["momentum_decay"], t)
        return {name: product * factors[name] for name, product in self._state.products.items()}

    def _update(
        self, name: str, gradient: np.ndarray, clip: float, scalars: Scalars, products: dict[str, float]
    ) -> None:
        own = self._state.options(name)
        theta = self._parameters.get("theta", name)
        slots = {slot: self._state.get(slot, name) for slot in self._state.slot_names}
        decay = scalars["weight_decay"] if own["decay"] else 0.0
        coupled = self._optimizer.weight_decay_mode == "coupled"
        options = update.UpdateOptions(
            gradient_scale=clip,
            clip_value=scalars["clipvalue"],
            l2=decay if coupled else 0.0,
            weight_decay=0.0 if coupled else decay,
            proximal_l1=own["proximal_l1"],
        )
        scaled = {**scalars, "learning_rate": scalars["learning_rate"] * own["lr_scale"]}
        dw = gradient.reshape(theta.shape)
        rule = getattr(self, f"_{self._optimizer.kind}")
        new, *states = rule(theta, slots, dw, scaled, products, options)
        if math.isfinite(own["max_norm"]):
            column = new.reshape(-1, 1) if new.ndim == 1 else new
            new = max_norm(column, own["max_norm"], own["max_norm_axis"]).reshape(new.shape)
        self._parameters.set("theta", name, np.ascontiguousarray(new, theta.dtype))
        written = [array for array in states if array is not None]
        for slot, value in zip(slots, written, strict=True):
            self._state.set(slot, name, np.ascontiguousarray(value, theta.dtype))

    # ---- A rule each: θ, then the states in the order of the slots

    def _sgd(self, theta: Any, slots: Any, g: Any, s: Scalars, products: Any, options: Any) -> Any:
        o = self._optimizer.options
        return update.sgd_update(
            theta,
            slots.get("velocity"),
            g,
            s["learning_rate"],
            s["momentum"],
            o["nesterov"],
            o["momentum_form"],
            o["bias_correction"],
            options=options,
            power=products.get("momentum"),
        )

    def _adagrad(self, theta: Any, slots: Any, g: Any, s: Scalars, products: Any, options: Any) -> Any:
        mode = self._optimizer.options["epsilon_mode"]
        return update.adagrad_update(
            theta, slots["s"], g, s["learning_rate"], s["epsilon"], mode, options=options
        )

    def _adadelta(self, theta: Any, slots: Any, g: Any, s: Scalars, products: Any, options: Any) -> Any:
        return update.adadelta_update(
            theta, slots["s"], slots["d"], g, s["learning_rate"], s["rho"], s["epsilon"], options=options
        )

    def _rmsprop(self, theta: Any, slots: Any, g: Any, s: Scalars, products: Any, options: Any) -> Any:
        o = self._optimizer.options
        return update.rmsprop_update(
            theta,
            slots["s"],
            slots.get("average"),
            slots.get("velocity"),
            g,
            s["learning_rate"],
            s["rho"],
            s["epsilon"],
            o["epsilon_mode"],
            s["momentum"],
            o["momentum_form"],
            options=options,
        )

    def _adam(self, theta: Any, slots: Any, g: Any, s: Scalars, products: Any, options: Any) -> Any:
        o = self._optimizer.options
        rule: Any = update.amsgrad_update if "v_max" in slots else update.adam_update
        return rule(
            theta,
            *slots.values(),
            g,
            s["learning_rate"],
            s["beta_1"],
            s["beta_2"],
            s["epsilon"],
            epsilon_mode=o["epsilon_mode"],
            bias_correction=o["bias_correction"],
            options=options,
            powers=(products["beta_1"], products["beta_2"]) if products else None,
        )

    _amsgrad = _adam

    def _nadam(self, theta: Any, slots: Any, g: Any, s: Scalars, products: Any, options: Any) -> Any:
        return update.nadam_update(
            theta,
            slots["m"],
            slots["v"],
            g,
            s["learning_rate"],
            s["beta_1"],
            s["beta_2"],
            s["epsilon"],
            self._state.iterations + 1,
            s["momentum_decay"],
            products["mu"],
            self._optimizer.options["epsilon_mode"],
            options=options,
            power_2=products["beta_2"],
        )

    def _lion(self, theta: Any, slots: Any, g: Any, s: Scalars, products: Any, options: Any) -> Any:
        return update.lion_update(
            theta, slots["m"], g, s["learning_rate"], s["beta_1"], s["beta_2"], options=options
        )


def _clip_scales(gradients: dict[str, np.ndarray], scalars: Scalars) -> dict[str, float]:
    """What clipping by norm multiplies each gradient with."""
    of_each, of_all = scalars["clipnorm"], scalars["global_clipnorm"]
    if math.isinf(of_each) and math.isinf(of_all):
        return dict.fromkeys(gradients, 1.0)
    norms = {name: l2_norm(gradient.ravel()) for name, gradient in gradients.items()}
    if math.isfinite(of_all):
        return dict.fromkeys(norms, clip_scale(l2_norm(np.array(list(norms.values()))), of_all))
    return {name: clip_scale(norm, of_each) for name, norm in norms.items()}

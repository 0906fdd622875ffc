"""Layers in Python: what their `forward` and `backward` are called with, and what is made of the results."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.custom.calls import Call, Frame
from fastdnn.custom.checks import finite_array, pair, real_array
from fastdnn.errors import expected
from fastdnn.program import Program, Value

if TYPE_CHECKING:
    from fastdnn.layers.layer import Layer, Weight


def lower_layer(
    layer: "Layer", program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]
) -> Value:
    """Emit a call of `layer.forward`, and the update of what it assigns."""
    keeps = program.training and layer.trainable
    call = LayerForward(layer, len(inputs), program, keeps=keeps)
    y = program.computed(f"{layer.name}/y", layer.output_features)
    new = [
        program.computed(
            f"new {weight.name}", weights[weight.short_name].cols, rows=weights[weight.short_name].rows
        )
        for weight in call.kept
    ]
    program.call(call, (*inputs, *weights.values()), y, *new)
    for weight, value in zip(call.kept, new, strict=True):
        program.write("assign", (value,), weights[weight.short_name])
    return y


class LayerForward:
    """`forward`: inputs, then weights, to y, then the new values of the weights that are not trained."""

    def __init__(self, layer: "Layer", inputs: int, program: Program, *, keeps: bool) -> None:
        self.layer = layer
        self.label = f"{layer.name}.forward"
        self.weights = layer.weights
        self.stored = [weight for weight in self.weights if not weight.trainable]
        self.kept: list[Weight] = self.stored if keeps else []
        self.inputs = inputs
        self._training = program.training
        self._first_use = not any(getattr(call, "layer", None) is layer for call in program.calls)
        self._saves = False

    def backward(self, wanted: tuple[bool, ...]) -> Call:
        """The layer's `backward`.

        Raises:
            ValueError: it has none.
        """
        if not self.layer.has_own("backward"):
            hint = "or set trainable = False for it and the layers before it"
            raise ValueError(
                expected(self.layer.name, "a backward(self, dy, saved), to be trained", "none", hint)
            )
        self._saves = True
        return LayerBackward(self, wanted)

    def __call__(self, frame: Frame, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """y and the assigned weights."""
        layer, xs = self.layer, inputs[: self.inputs]
        # Before its code runs, which may do with arrays and list what it likes.
        shapes, dtype = [x.shape for x in xs], xs[0].dtype
        weights = self._named(inputs[self.inputs :])
        assigned = self._assigned(frame, weights)
        seen = {**weights, **assigned}  # by this use, forward and backward, whatever is assigned in it
        with layer.running(seen, assigned):
            given = layer.forward(list(xs) if layer.takes_many_inputs else xs[0], self._training)
        y, saved = pair(self.label, "(y, saved)", given)
        shape = (shapes[0][0], layer.output_features)
        hint = "compute_output_shape(input_shape) says how wide y is"
        y = real_array(self.label, "y", y, shape, dtype, hint)
        if self._saves:
            frame.saved[self] = saved, seen, shapes
        return [y, *(_flat(assigned[weight.short_name]) for weight in self.kept)]

    def _named(self, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        named = {}
        for weight, array in zip(self.weights, arrays, strict=True):
            shaped = array.reshape(weight.shape)
            shaped.flags.writeable = False
            named[weight.short_name] = shaped
        return named

    def _assigned(self, frame: Frame, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What may be assigned: as it is, or as an earlier use in this step has assigned it. A frozen layer
        may assign, too, but nothing comes of it.
        """
        if not self._training:
            return {}
        stored = {weight.short_name: weights[weight.short_name] for weight in self.stored}
        if not self.kept:
            return stored
        if self._first_use or self.layer not in frame.assigned:
            frame.assigned[self.layer] = stored
        return frame.assigned[self.layer]


class LayerBackward:
    """`backward`: dy to the gradients that are wanted, of inputs, then of weights."""

    def __init__(self, forward: LayerForward, wanted: tuple[bool, ...]) -> None:
        self.label = f"{forward.layer.name}.backward"
        self._forward = forward
        self._wanted = wanted

    def __call__(self, frame: Frame, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """The gradients."""
        layer, dy = self._forward.layer, inputs[0]
        saved, weights, shapes = frame.saved.pop(self._forward)
        dtype = dy.dtype
        # What came in broken is the fault of nobody here: the loss will tell.
        checked = finite_array if np.isfinite(dy).all() else real_array
        with layer.running(weights, {}):
            given = layer.backward(dy, saved)
        dx, of_weights = pair(self.label, "(dx, {weight: gradient})", given)
        whats = ["dx"] if len(shapes) == 1 else [f"dx[{i}]" for i in range(len(shapes))]
        named = self._gradients_of_weights(of_weights)
        whats += [f"gradient of {name}" for name in weights]
        values = [*self._gradients_of_inputs(dx, len(shapes)), *(named.get(name) for name in weights)]
        shapes = [*shapes, *(array.shape for array in weights.values())]
        return [
            _flat(checked(self.label, what, value, shape, dtype))
            for what, value, shape, wanted in zip(whats, values, shapes, self._wanted, strict=True)
            if wanted
        ]

    def _gradients_of_inputs(self, dx: Any, inputs: int) -> list[Any]:
        if not self._forward.layer.takes_many_inputs:
            return [dx]
        if not isinstance(dx, tuple | list) or len(dx) != inputs:
            raise ValueError(expected(self.label, f"dx as a list of {inputs}, one for each input", _kind(dx)))
        return list(dx)

    def _gradients_of_weights(self, given: Any) -> dict[str, Any]:
        """Checked by name: each trained weight needs one, if it is wanted; others have none."""
        trained = [weight.short_name for weight in self._forward.weights if weight.trainable]
        wanted = f"gradients of {', '.join(trained) or 'no weights'} by name"
        if not isinstance(given, dict):
            raise ValueError(expected(self.label, wanted, _kind(given)))
        if set(given) != set(trained):
            raise ValueError(expected(self.label, wanted, f"those of {', '.join(map(str, given)) or 'none'}"))
        return given


def _kind(value: Any) -> str:
    return (
        f"{type(value).__name__} of {len(value)}" if isinstance(value, tuple | list) else type(value).__name__
    )


def _flat(array: np.ndarray) -> np.ndarray:
    """As programs have it: a vector is a row, and all but the first size are columns."""
    return array.reshape(1 if array.ndim == 1 else len(array), -1)

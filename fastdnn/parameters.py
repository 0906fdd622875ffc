"""A model's weights in NumPy's terms, over the native flat vectors θ and σ."""

import math
from collections.abc import Sequence

import numpy as np

from fastdnn import _core, initializers
from fastdnn.errors import expected
from fastdnn.layers.layer import Weight
from fastdnn.locks import ForkedLock, OwnedLock


class ModelWeights:
    """The weights by name and in order; reading copies, a write is checked whole before anything changes.

    Args:
        weights: in order.
        dtype: of all.
        seed: of those that are drawn.
        initial: the values of others, by name.
    """

    def __init__(
        self, weights: Sequence[Weight], dtype: str, seed: int, initial: dict[str, np.ndarray] | None = None
    ) -> None:
        self.weights = {weight.name: weight for weight in weights}
        self.dtype = dtype
        self.settings = 0  # how often a layer's settings were changed: programs made before are out of date
        # `changing` is held for each write, and while steps are computed and written. Who writes holds
        # `turn`, too, and a fit passes through it before each call: those who wait go first.
        self.changing = OwnedLock()
        self.turn = ForkedLock()
        theta = [(w.name, list(w.shape)) for w in weights if w.trainable]
        sigma = [(w.name, list(w.shape)) for w in weights if not w.trainable]
        self.native = _core.Parameters(dtype, theta, sigma)
        self.equal_units: set[str] = set()  # matrices that were drawn with all columns alike
        for number, weight in enumerate(weights):
            value = (initial or {}).get(weight.name)
            if value is None:
                value = initializers.drawn(
                    weight.name, weight.initializer, initializers.Random(seed, number, dtype), weight.shape
                )
                if weight.trainable and _has_equal_columns(value):
                    self.equal_units.add(weight.name)
            self.write({weight.name: value})

    def _vector(self, name: str) -> str:
        return "theta" if self.weights[name].trainable else "sigma"

    def read(self, name: str) -> np.ndarray:
        """A copy of a weight, in the model's type."""
        return self.native.get(self._vector(name), name)

    def write(self, arrays: dict[str, np.ndarray], where: str = "set_weights") -> None:
        """Set weights, all or none, in one moment between two steps.

        Raises:
            ValueError: an array has another shape than its weight, does not hold real numbers, or a finite
                one that the model's type does not reach. NaN and infinities are weights like others.
            RuntimeError: this thread is inside a step of a fit, in code that a layer, loss or metric runs.
        """
        if self.changing.is_mine:
            hint = "a layer changes stored weights by assign; a callback may set any between two steps"
            raise RuntimeError(expected("set_weights", "a call between two steps", "one inside a step", hint))
        checked = self.checked(arrays, where)
        with self.turn(), self.changing():
            self.native.set_all([(self._vector(name), name, array) for name, array in checked.items()])

    def checked(self, arrays: dict[str, np.ndarray], where: str) -> dict[str, np.ndarray]:
        """The arrays as `write` would store them; raises what it would raise of them."""
        return {name: self._checked(where, name, array) for name, array in arrays.items()}

    def _checked(self, where: str, name: str, array: np.ndarray) -> np.ndarray:
        weight = self.weights[name]
        given = np.asarray(array)
        if given.shape != weight.shape or given.dtype.kind not in "buif":
            raise ValueError(
                expected(
                    where,
                    f"{name} of shape {weight.shape}",
                    f"shape {given.shape}, dtype {given.dtype}",
                )
            )
        with np.errstate(over="ignore"):
            taken = np.require(given, dtype=self.dtype, requirements=["C", "A"])
        if given.dtype.kind == "f" and given.dtype != taken.dtype:
            lost = np.isinf(taken) & np.isfinite(given)
            if lost.any():
                got = f"{given[lost].flat[0]!r} of {given.dtype}"
                hint = f"not finite in {self.dtype}: a model of another dtype may hold it"
                raise ValueError(expected(where, f"{name} of numbers within {self.dtype}", got, hint))
        return taken

    def snapshot(self) -> dict[str, np.ndarray]:
        """Copies of all weights, of one moment."""
        copies = _core.snapshot(self.native, None)
        return {name: copies[self._vector(name)][name] for name in self.weights}

    def count(self, *, trainable: bool) -> int:
        """Numbers in the trained, or in the stored, weights."""
        return sum(math.prod(w.shape) for w in self.weights.values() if w.trainable is trainable)


def _has_equal_columns(value: np.ndarray) -> bool:
    """Of several; most matrices differ in the first row already."""
    if value.ndim != 2 or value.shape[1] < 2 or (value[0] != value[0, 0]).any():
        return False
    return bool((value == value[:, :1]).all())

"""Whitening as a layer: a model takes raw values and carries the training set's figures with it."""

from typing import Any

import numpy as np

from fastdnn.data.whitening import Whitening as WhiteningScaler
from fastdnn.errors import expected
from fastdnn.layers.layer import Layer, Shape, WeightStore, features, positive_int
from fastdnn.program import Program, Value

Figures = tuple[np.ndarray, np.ndarray, np.ndarray]


class Whitening(Layer):
    """y = ((x - μ) / s) K, with μ, s and K such that the training set's y has the covariance I.

    `adapt(x_train)` sets them, before or after the layer is in a model, as `fastdnn.data.Whitening` finds
    them; that class says what the methods are, and what happens to directions that never change. They are
    stored in the model's file and not trained. Until `adapt`, y = x, or the first `units` columns of it.

    Shapes: x (examples, features); y (examples, units); μ `mean`, s `scale` (features,), K `kernel`
    (features, units).

    Args:
        method: "pca" or "zca".
        epsilon: ε >= 0, added to each variance; default 0.
        units: the number of components that are kept, of "pca"; None for as many as features.
        name: of the layer.
        trainable: see `Layer`; nothing here is trained.

    Raises:
        ValueError: an argument is out of its range.

    Source: deck 004, "PCA Whitening".

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> x = np.random.default_rng(0).normal(size=(300, 3)) @ np.array([[2.0, 1, 0], [0, 1, 1], [0, 0, 0.1]])
    >>> white = fd.layers.Whitening("zca")
    >>> white.adapt(x)
    >>> z = fd.Sequential([fd.layers.Input((3,)), white], dtype="float64").predict(x)
    >>> bool(np.allclose(np.cov(z, rowvar=False, bias=True), np.eye(3)))
    True
    """

    def __init__(
        self,
        method: str = "pca",
        *,
        epsilon: float = 0.0,
        units: int | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        asked = None if units is None else positive_int("Whitening", "units", units)
        scaler = WhiteningScaler(method, epsilon=epsilon, n_components=asked)
        self.method, self.epsilon, self.units = scaler.method, scaler.epsilon, asked
        self._figures: Figures | None = None  # until a model holds them

    @classmethod
    def of(cls, scaler: WhiteningScaler, *, name: str | None = None) -> "Whitening":
        """A layer with the figures of a fitted scaler.

        Raises:
            ValueError: it is not fitted.
        """
        layer = cls(scaler.method, epsilon=scaler.epsilon, units=scaler.n_components, name=name)
        layer._figures = scaler.affine()
        return layer

    def adapt(self, x: Any) -> None:
        """Take the figures from the training set, (examples, features), an array, a memory map or a data
        frame.

        Raises:
            ValueError: `x` is not a dense, finite table of numbers, not of the width that the layer was built
                for, or of fewer features than `units`.
        """
        scaler = WhiteningScaler(self.method, epsilon=self.epsilon, n_components=self.units).fit(x)
        width = scaler.n_features_in_ if self._built_for is None else features(self._built_for[0])
        if scaler.n_features_in_ != width:
            where = self.name or "Whitening.adapt"
            raise ValueError(
                expected(where, f"x of shape (examples, {width})", f"{scaler.n_features_in_} features")
            )
        if self.attached:
            self.set_weights(list(scaler.affine()))
        else:
            self._figures = scaler.affine()

    def attach(self, store: WeightStore) -> None:
        """Called by the model that now holds the figures."""
        super().attach(store)
        if self._figures is not None:
            self.set_weights(list(self._figures))
            return
        mean, scale, kernel = self.get_weights()
        if not scale.any():  # fresh, and not read from a file: no adapted scale is 0
            self.set_weights([mean, np.ones_like(scale), np.eye(*kernel.shape)])

    def build(self, input_shape: Shape) -> None:
        """Declare μ, s and K."""
        width = features(input_shape)
        units = self.units or width
        if units > width:
            raise ValueError(expected(self.name, f"at least {units} features, its units", width))
        if self._figures is not None and len(self._figures[0]) != width:
            raise ValueError(expected(self.name, f"{len(self._figures[0])} features, as adapted", width))
        self.add_weight("mean", (width,), "zeros", trainable=False)
        self.add_weight("scale", (width,), "zeros", trainable=False)
        self.add_weight("kernel", (width, units), "zeros", trainable=False)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, units)."""
        return None, self.units or features(input_shape)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """normalize, matmul."""
        (x,) = inputs
        kernel = weights["kernel"]
        near = program.emit("normalize", x, weights["mean"], weights["scale"], name=f"{self.name}/normalize")
        return program.emit("matmul", near, kernel, name=f"{self.name}/y", cols=kernel.cols)

    def activation_seen(self) -> str | None:
        """Only the scale and the axes change here: the layer before looks further."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"method": self.method, "epsilon": self.epsilon, "units": self.units, **super().get_config()}

"""Whitening: features rotated and scaled so that their covariance is the identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import _core
from fastdnn.data.blocks import Features, Floats
from fastdnn.data.moments import moments
from fastdnn.data.scaler import Scaler, positive_vector_of, vector_of
from fastdnn.errors import expected, unknown_name
from fastdnn.thread_settings import get_num_threads

if TYPE_CHECKING:
    from fastdnn.layers import Layer

METHODS = ("pca", "zca")


class Whitening(Scaler):
    """PCA whitening z = (x - μ) U / √(λ + ε), or ZCA whitening (x - μ) U / √(λ + ε) Uᵀ.

    U and λ are the eigenvectors and eigenvalues of the training set's covariance Σ(x - μ)ᵀ(x - μ) / m, the
    largest λ first. With ε = 0 the covariance of z is the identity: features are uncorrelated, of mean 0 and
    variance 1. PCA's are the principal components; ZCA's stay as near to the features as whitened ones can,
    so that images still look like images.

    A direction in which the training set does not vary (a constant feature, or one that others determine) has
    no λ to divide by: with ε = 0 it is divided by 1, and becomes 0. Directions that vary little are noise as
    often as not, and are magnified as much as the others: ε damps them, or `n_components` leaves them out.

    Args:
        method: "pca" or "zca".
        epsilon: ε >= 0, added to each variance, in the square of x's units; default 0.
        n_components: how many components of PCA are kept, from the largest λ on; None for all. With fewer
            than all, `inverse_transform` gives the nearest rows that they can tell.

    Attributes:
        mean_: μ (features,).
        components_: Uᵀ (components, features), a row for each, its largest coefficient positive.
        explained_variance_: λ (components,), the variance along each.
        scale_: √(λ + ε), or 1 where the training set does not vary.

    Raises:
        ValueError: an argument is out of its range, or (in `fit`) there are fewer features than components.

    Source: deck 004, "PCA Whitening"; Bell & Sejnowski, "The 'independent components' of natural scenes are
    edge filters", Vision Research 37, 1997 (ZCA).

    >>> import numpy as np
    >>> from fastdnn.data import Whitening
    >>> x = np.random.default_rng(0).normal(size=(500, 2)) @ [[3.0, 1.0], [0.0, 0.5]]
    >>> z = Whitening("pca").fit_transform(x)
    >>> bool(np.allclose(np.cov(z, rowvar=False, bias=True), np.eye(2)))
    True
    """

    mean_: Floats
    components_: Floats
    explained_variance_: Floats
    scale_: Floats

    def __init__(self, method: str = "pca", *, epsilon: float = 0.0, n_components: int | None = None) -> None:
        from fastdnn.layers.layer import number_in, positive_int

        if method not in METHODS:
            raise unknown_name("Whitening", "a method", method, METHODS)
        self.method = method
        self.epsilon = number_in("Whitening", "epsilon", epsilon, 0.0, np.inf)
        self.n_components = None
        if n_components is not None:
            self.n_components = positive_int("Whitening", "n_components", n_components)
            if method == "zca":
                raise ValueError(expected("Whitening", "n_components with 'pca' alone", "'zca'"))

    @property
    def _outputs(self) -> int:
        return len(self.components_)

    def _fit(self, features: Features) -> None:
        kept = self.n_components or features.width
        if kept > features.width:
            wanted = f"n_components of at most {features.width}, the features"
            raise ValueError(expected(features.where, wanted, kept))
        figures = moments(features)
        with np.errstate(over="ignore", invalid="ignore"):
            covariance = _covariance(features, figures.mean)
        if not np.isfinite(covariance).all():
            hint = "scale the features first"
            raise ValueError(
                expected(features.where, "features whose covariance float64 holds", "more", hint)
            )
        values, vectors = np.linalg.eigh(covariance)
        variance = np.maximum(values[::-1], 0.0)
        components = _with_sign(np.ascontiguousarray(vectors.T[::-1]))
        self.scale_ = _scale(variance, self.epsilon, _rounding(features))[:kept]
        self.mean_ = figures.mean
        self.components_, self.explained_variance_ = components[:kept], variance[:kept]
        self._set_kernels()

    def _set_kernels(self) -> None:
        self._there = self._kernel(1.0 / self.scale_)
        self._back = np.ascontiguousarray(self._kernel(self.scale_).T)

    def _kernel(self, scale: Floats) -> Floats:
        """Components times `scale`, (features, outputs), turned back for ZCA."""
        kernel = self.components_.T * scale
        return np.ascontiguousarray(kernel if self.method == "pca" else kernel @ self.components_)

    def _forward(self, block: Floats) -> Floats:
        block -= self.mean_
        return _product(block, self._there)

    def _backward(self, block: Floats) -> Floats:
        x = _product(block, self._back)
        x += self.mean_
        return x

    def as_layer(self, name: str | None = None) -> Layer:
        """`layers.Whitening` with these figures.

        Raises:
            ValueError: the scaler is not fitted.
        """
        from fastdnn.layers import Whitening as WhiteningLayer

        self._fitted("Whitening.as_layer")
        return WhiteningLayer.of(self, name=name)

    def affine(self) -> tuple[Floats, Floats, Floats]:
        """μ (features,), a scale s (features,) and a kernel (features, outputs): z = ((x - μ) / s) kernel.

        s is the deviation of each feature, so that what a float32 model multiplies has a size of about 1.

        Raises:
            ValueError: the scaler is not fitted.
        """
        self._fitted("Whitening.affine")
        deviation = np.sqrt((self.components_**2 * self.explained_variance_[:, None]).sum(axis=0))
        scale = np.where(deviation < np.finfo(np.float32).tiny, 1.0, deviation)
        return self.mean_.copy(), scale, scale[:, None] * self._there

    def get_config(self) -> dict[str, Any]:
        """Arguments and figures, for `from_config`."""
        self._fitted("Whitening.get_config")
        return {
            "method": self.method,
            "epsilon": self.epsilon,
            "n_components": self.n_components,
            "mean": self.mean_.tolist(),
            "components": self.components_.tolist(),
            "explained_variance": self.explained_variance_.tolist(),
            "scale": self.scale_.tolist(),
            "names": self._names(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Whitening:
        """The scaler that gave this configuration.

        Raises:
            ValueError: it is none of a `Whitening`.
        """
        where = "Whitening.from_config"
        scaler = cls(
            config.get("method", ""),
            epsilon=config.get("epsilon", 0.0),
            n_components=config.get("n_components"),
        )
        mean = vector_of(where, config, "mean")
        rows = config.get("components")
        count = scaler.n_components or len(mean)
        if not isinstance(rows, list) or len(rows) != count or count > len(mean):
            wanted = f"components as a list of {count} rows of {len(mean)} numbers"
            raise ValueError(expected(where, wanted, f"{rows!r:.60}"))
        scaler.components_ = np.array(
            [vector_of(where, {"components": row}, "components", len(mean)) for row in rows]
        )
        scaler.explained_variance_ = vector_of(where, config, "explained_variance", count)
        scaler.scale_ = positive_vector_of(where, config, "scale", count)
        scaler.mean_ = mean
        scaler._set_kernels()
        scaler._restore(config, len(mean))
        return scaler


def _covariance(features: Features, mean: Floats) -> Floats:
    total = np.zeros((features.width, features.width))
    for _, block in features.blocks():
        block -= mean
        _core.kernels.gemm(
            total, block, block, transpose_a=True, epilogue="accumulate", threads=get_num_threads()
        )
    total /= features.rows
    return (total + total.T) / 2


def _product(x: Floats, kernel: Floats) -> Floats:
    """By the engine's own product: a row's bits depend on neither its block nor the number of threads."""
    z = np.empty((len(x), kernel.shape[1]))
    _core.kernels.gemm(z, x, kernel, threads=get_num_threads())
    return z


def _rounding(features: Features) -> float:
    """The part of the largest λ that rounding makes: n ε of the eigenvalues' computation in float64 (n
    features), or, of rows that were rounded to fewer digits before, n times the variance ε² of that.
    """
    dtype = features.array.dtype
    epsilon = float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0
    return features.width * max(float(np.finfo(np.float64).eps), epsilon**2)


def _scale(variance: Floats, epsilon: float, rounding: float) -> Floats:
    if epsilon > 0:
        return np.sqrt(variance + epsilon)
    least = max(float(variance[0]) * rounding, float(np.finfo(np.float32).tiny) ** 2)  # σ as in `moments`
    return np.where(variance <= least, 1.0, np.sqrt(variance))


def _with_sign(components: Floats) -> Floats:
    """Each row with its largest coefficient positive: an eigenvector's sign is arbitrary otherwise."""
    largest = np.argmax(np.abs(components), axis=1)
    signs: Floats = np.sign(components[np.arange(len(components)), largest])
    return components * signs[:, None]

"""L-BFGS, for small networks on all of their data at once."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.errors import NonFiniteLossError, expected
from fastdnn.features import refuse_non_finite
from fastdnn.thread_settings import resolve

if TYPE_CHECKING:
    from fastdnn.model import Model


@dataclass(frozen=True)
class LbfgsResult:
    """What `minimize_lbfgs` did.

    loss: of the weights that the model was left with.
    losses: before the first iteration, and after each; all finite.
    evaluations: of the loss and its gradient.
    converged: whether the gradient or the progress became as small as `tol`, at the weights that the model
        was left with.
    message: why it ended, in SciPy's words.
    """

    loss: float
    losses: tuple[float, ...]
    evaluations: int
    converged: bool
    message: str

    @property
    def iterations(self) -> int:
        """Steps done."""
        return len(self.losses) - 1


def minimize_lbfgs(
    model: "Model",
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    max_iter: int = 200,
    m: int = 10,
    tol: float = 1e-5,
    callback: Callable[[int, float], object] | None = None,
    threads: int | None = None,
) -> LbfgsResult:
    """Minimise a compiled model's loss over all rows of x by L-BFGS-B of SciPy, not by its optimiser. Trials
    go to a copy of the model; the model itself has the best weights met so far at any moment, also after
    Ctrl-C or an error of `callback`.

    It needs few iterations where the network is small and all its data is one batch; there are no
    mini-batches. An iteration costs one or a few passes forward and backward over all rows, with memory for
    all of them at once. Of float64 models (`dtype="float64"`) it goes much further down than of float32's,
    whose gradients are rounded.

    Args:
        model: compiled, with the native backend or the reference. Its training step must be a function of the
            weights alone: no dropout or noise, no batch normalisation, no proximal L1 or max-norm.
        x: as arrays in `Model.fit`; so are y, sample_weight and threads.
        y: as in `fit`.
        sample_weight: as in `fit`.
        max_iter: iterations at most, >= 1.
        m: how many pairs of steps and changes of the gradient are remembered, >= 1.
        tol: > 0; ends where the largest element of the gradient, or the relative progress of an iteration
            (times 1e-4), is smaller.
        callback: called after each iteration with its number, from 1, and the loss.
        threads: as in `fit`.

    Raises:
        ImportError: SciPy is not installed.
        ValueError: an argument does not fit, the network is none of these, or all its layers are frozen.
        NonFiniteLossError: the loss of the first weights is not finite.
        RuntimeError: called from a callback of this model's fit.
        TypeError: `copy.deepcopy` cannot copy a layer or loss of your own.

    Source: Liu & Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> layers = [fd.layers.Input((1,)), fd.layers.Dense(8, "tanh"), fd.layers.Dense(1)]
    >>> model = fd.Sequential(layers, seed=0, dtype="float64")
    >>> model.compile(loss="mse")
    >>> result = fd.optimizers.minimize_lbfgs(model, x, x**2)
    >>> result.loss < 1e-4
    True
    """
    where = "minimize_lbfgs"
    _check(where, max_iter, m, tol)
    minimize = _scipy_minimize()
    with model._fitting.of(where), model.unbuilt_by_refusal():
        resolve(where, threads)
        feed = model.prepare(where, x, y, sample_weight)  # builds it, and checks the data
        for suffix, array in feed.float_inputs():
            refuse_non_finite(where + suffix, "x", array, model.dtype)
        _refuse_what_is_no_function(where, model)
        objective = _Objective(model, (x, y, sample_weight, threads), callback)
        if not math.isfinite(objective.best_loss):
            got = repr(objective.best_loss)
            raise NonFiniteLossError(expected(where, "a finite loss of the first weights", got))
        found = minimize(
            objective.value_and_gradient,
            objective.begin,
            jac=True,
            method="L-BFGS-B",
            callback=objective.after_iteration,
            options={
                "maxiter": max_iter,
                "maxfun": 20 * max_iter + 20,
                "maxcor": m,
                "gtol": tol,
                "ftol": 1e-4 * tol,
            },
        )
    ahead = float(found.fun) - objective.best_loss  # 0, but where a trial was better than all iterates
    is_best = ahead <= 1e-4 * tol * max(1.0, abs(objective.best_loss))
    return LbfgsResult(
        objective.best_loss,
        tuple(objective.losses),
        objective.evaluations,
        bool(found.success) and is_best,
        str(found.message),
    )


class _Objective:
    """The loss as a function of one vector, that of all trained weights."""

    def __init__(
        self, model: "Model", data: tuple[Any, ...], callback: Callable[[int, float], object] | None
    ) -> None:
        self._model = model
        self._trial = copy.deepcopy(model)
        self._data = data
        self._callback = callback
        self.evaluations = 0
        self.best_loss, gradients = self._evaluate()
        self._shapes = {name: gradient.shape for name, gradient in gradients.items()}
        self.begin = self._flat({name: model.weights.read(name) for name in self._shapes})
        self.losses = [self.best_loss]

    def _evaluate(self) -> tuple[float, dict[str, np.ndarray]]:
        self.evaluations += 1
        x, y, sample_weight, threads = self._data
        return self._trial.loss_and_gradients(x, y, sample_weight, threads=threads)

    def _flat(self, arrays: dict[str, np.ndarray]) -> np.ndarray:
        return np.concatenate([arrays[name].ravel().astype(np.float64) for name in self._shapes])

    def _by_name(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        ends = np.cumsum([math.prod(shape) for shape in self._shapes.values()])
        parts = np.split(theta, ends[:-1])
        return {
            name: part.reshape(shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }

    def value_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """What SciPy asks for. Where the loss is not finite it gets a wall, from which its line search goes
        back; of finite height, since the search interpolates.
        """
        arrays = self._by_name(theta)
        self._trial.weights.write(arrays)
        loss, gradients = self._evaluate()
        flat = self._flat(gradients)
        if not (math.isfinite(loss) and np.isfinite(flat).all()):
            last = self.losses[-1]
            return min(last + 10 * max(1.0, abs(last)), np.finfo(np.float64).max), np.zeros_like(flat)
        if loss < self.best_loss:
            self.best_loss = loss
            self._model.weights.write(arrays)
        return loss, flat

    def after_iteration(self, intermediate_result: Any) -> None:
        """SciPy's callback, whose argument has to have this name."""
        self.losses.append(float(intermediate_result.fun))
        if self._callback is not None:
            self._callback(len(self.losses) - 1, self.losses[-1])


def _check(where: str, max_iter: int, m: int, tol: float) -> None:
    for name, value in (("max_iter", max_iter), ("m", m)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(expected(where, f"{name} as a whole number >= 1", repr(value)))
    if isinstance(tol, bool) or not isinstance(tol, int | float | np.number) or not 0 < tol < math.inf:
        raise ValueError(expected(where, "a finite tol > 0", repr(tol)))


def _scipy_minimize() -> Any:
    try:
        from scipy.optimize import minimize  # type: ignore[import-untyped]
    except ImportError as error:
        hint = 'pip install "fastdnn[optimize]"'
        raise ImportError(expected("minimize_lbfgs", "SciPy", f"{error}", hint)) from error
    return minimize


def _refuse_what_is_no_function(where: str, model: "Model") -> None:
    """Raise where the loss, or what the model computes in use, depends on more than the trained weights."""
    from fastdnn.reference.operations import RANDOM

    hint = "use fit"
    if not any(weight.trainable for layer in model.layers if layer.trainable for weight in layer.weights):
        got = "none: all layers are frozen, or have no weights"
        raise ValueError(expected(where, "weights that are trained", got))
    model.penalties(where)
    for op in model.training_program().operations:
        if op.kind in RANDOM:
            raise ValueError(expected(where, "a network without random numbers", f"one with {op.kind}", hint))
        if any(value.role == "state" for value in op.outputs):
            got = f"one with {op.kind}, whose figures only steps of training update"
            raise ValueError(expected(where, "a network without running figures", got, hint))
    for name, own in model.update_options(where).items():
        if own.proximal_l1 > 0 or math.isfinite(own.max_norm):
            got = f"{name} with {own}"
            raise ValueError(expected(where, "weights without proximal L1 and max-norm", got, hint))

"""Numeric derivatives of a loss: by single elements of its tensors, and along random directions."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from fastdnn.diagnose.gradient_check_loss import Loss, OverAKink
from fastdnn.diagnose.gradient_check_stencils import REACH, ROUNDING, STENCILS

_REFINED = (3, 8)  # steps by which jumps of the slope are told from curvature; see `_is_kinked`


@dataclass(frozen=True)
class Numeric:
    """Of one tensor: which elements (of the flat array) were tried, their derivatives, NaN at a kink, and
    what rounding does to each, a standard deviation.
    """

    picked: np.ndarray
    values: np.ndarray
    rounding: np.ndarray


class Differences:
    """Numeric derivatives of one loss.

    Args:
        loss: whose weights are moved, and put back after each derivative.
        stencil: "two_point" or "five_point".
        epsilons: the steps, the next of which is taken where a kink lies within the one before.
        rng: of what is drawn.
    """

    def __init__(
        self, loss: Loss, stencil: str, epsilons: tuple[float, ...], rng: np.random.Generator
    ) -> None:
        self._loss, self._epsilons, self._rng = loss, epsilons, rng
        self._stencil, self._reach = STENCILS[stencil], REACH[stencil]
        # What rounding does to one derivative by the first ε, a standard deviation.
        self.rounding = loss.rounding(rng) * ROUNDING[stencil] / epsilons[0]

    # ---- Elements

    def of_tensor(self, name: str, count: int, done: Callable[[], None]) -> Numeric:
        """Of all elements, or of so many that are drawn; `done` is called after each."""
        picked = self._picked(name, count)
        values, epsilons = np.empty(len(picked)), np.empty(len(picked))
        for place, element in enumerate(picked):
            values[place], epsilons[place] = self._of_element(name, int(element))
            done()
        if self._loss.has_python:
            self._look_again(name, picked, values, epsilons)
        return Numeric(picked, values, self.rounding * self._epsilons[0] / epsilons)

    def _picked(self, name: str, count: int) -> np.ndarray:
        """Half of a sample are elements that the loss depends on: of a table most are not looked up."""
        gradient = self._loss.gradients[name].reshape(-1)
        if gradient.size <= count:
            return np.arange(gradient.size)
        moving = np.flatnonzero(gradient)
        first = self._rng.choice(moving, min(len(moving), count // 2), replace=False)
        others = self._rng.choice(gradient.size, count, replace=False)
        others = others[~np.isin(others, first)]
        return np.sort(np.concatenate([first, others[: count - len(first)]]))

    def _of_element(self, name: str, element: int) -> tuple[float, float]:
        """The derivative, NaN where each of the stencils has a kink within, and its ε."""
        with _Moved(self._loss, name, element) as f:
            for epsilon in self._epsilons:
                if name in self._loss.kinked_at_zero and abs(f.middle) <= self._reach * epsilon:
                    continue
                try:
                    return self._loss.total(self._stencil(f, f.middle, epsilon)), epsilon
                except OverAKink:
                    continue
        return math.nan, self._epsilons[-1]

    # ---- Kinks in the user's own code

    def _look_again(self, name: str, picked: np.ndarray, values: np.ndarray, epsilons: np.ndarray) -> None:
        """Take smaller steps where a kink may explain the error: nobody knows the sides of what Python code
        does. NaN is what has one within each; an error without one is a mistake, and stays.
        """
        analytic = self._loss.gradients[name].reshape(-1)[picked]
        scale = float(np.linalg.norm(analytic) + np.linalg.norm(values[np.isfinite(values)]))
        least = min(self._epsilons[-1], self._epsilons[0] / 10)
        for place, element in enumerate(picked.tolist()):
            while self._errs(error := abs(float(values[place] - analytic[place])), scale, epsilons[place]):
                if not self._is_kinked(name, element, self._reach * float(epsilons[place]), error):
                    break
                if epsilons[place] < 1.01 * least:
                    values[place] = math.nan
                    break
                epsilons[place] /= 10
                values[place] = self._by_step(name, element, float(epsilons[place]))

    def _errs(self, error: float, scale: float, epsilon: float) -> bool:
        """By more than rounding; NaN does not."""
        return bool(error > max(1e-8 * scale, 4 * self.rounding * self._epsilons[0] / epsilon))

    def _by_step(self, name: str, element: int, epsilon: float) -> float:
        """The derivative by this ε, NaN where it has a kink within."""
        with _Moved(self._loss, name, element) as f:
            try:
                return self._loss.total(self._stencil(f, f.middle, epsilon))
            except OverAKink:
                return math.nan

    def _is_kinked(self, name: str, element: int, widest: float, error: float) -> bool:
        """Whether the slope jumps within the stencil by more than the error.

        The slopes on both sides differ by J(h) = (f(x + h) - 2 f(x) + f(x - h)) / h, which is h f'' of a
        smooth f: J(h) - k J(h / k) is 0 of curvature alone, and about the jump where there is one. Two k,
        since one of them may miss a kink at a certain distance.
        """
        with _Moved(self._loss, name, element) as f:

            def jump(h: float) -> float:
                return self._loss.total(f(f.middle + h) - 2 * middle + f(f.middle - h)) / h

            middle = f(f.middle)
            whole = jump(widest)
            return any(abs(whole - k * jump(widest / k)) >= error for k in _REFINED)

    # ---- Directions

    def along(
        self, names: Collection[str], kinks: Mapping[str, np.ndarray], count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Analytic and numeric derivatives along random directions over these tensors.

        What lies at a kink by itself (`kinks`, flat) stays where it is. At most four times as many directions
        are drawn as are wanted: those that meet a kink are left out.
        """
        found = []
        for _ in range(4 * count):
            direction = self._direction(names, kinks)
            numeric = self._along(direction)
            if numeric is not None:
                gradients = self._loss.gradients
                found.append((sum(float((gradients[n] * d).sum()) for n, d in direction.items()), numeric))
            if len(found) == count:
                break
        analytic, numbers = np.array(found).reshape(-1, 2).T
        return analytic, numbers

    def _direction(self, names: Iterable[str], kinks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        direction = {}
        for name in names:
            array = self._loss.arrays[name]
            way = self._rng.normal(size=array.shape)
            way.reshape(-1)[kinks.get(name, [])] = 0.0
            if name in self._loss.kinked_at_zero:
                way[np.abs(array) <= self._reach * self._epsilons[0]] = 0.0
            direction[name] = way
        norm = math.sqrt(sum(float((way**2).sum()) for way in direction.values())) or 1.0
        return {name: way / norm for name, way in direction.items()}

    def _along(self, direction: Mapping[str, np.ndarray]) -> float | None:
        kept = {name: self._loss.arrays[name].copy() for name in direction}

        def f(t: float) -> np.ndarray:
            for name, way in direction.items():
                self._loss.arrays[name][...] = kept[name] + t * way
                self._loss.put(name)
            return self._loss.parts()

        try:
            for epsilon in self._epsilons:
                try:
                    return self._loss.total(self._stencil(f, 0.0, epsilon))
                except OverAKink:
                    continue
        finally:
            self._loss.put_back(kept)
        return None


class _Moved:
    """The loss as a function of one element, which has its own value again in the end."""

    def __init__(self, loss: Loss, name: str, element: int) -> None:
        self._loss, self._name, self._element = loss, name, element
        self._flat = loss.arrays[name].reshape(-1)
        self.middle = float(self._flat[element])

    def __call__(self, value: float) -> np.ndarray:
        self._flat[self._element] = value
        self._loss.put(self._name)
        return self._loss.parts()

    def __enter__(self) -> "_Moved":
        return self

    def __exit__(self, *_: object) -> None:
        self._flat[self._element] = self.middle
        self._loss.put(self._name)

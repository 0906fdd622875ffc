"""Constraints: what holds of a weight after each step of training.

A layer takes them as `kernel_constraint` and the like; they are applied after the optimiser's update, in the
same native pass over the parameters.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fastdnn import parts
from fastdnn.checks import number, whole
from fastdnn.errors import expected
from fastdnn.registry import Registry


class Constraint:
    """What all of them have."""

    def check(self, where: str, shape: tuple[int, ...]) -> None:
        """Refuse a weight that it is not defined for.

        Raises:
            ValueError: the weight has another number of dimensions.
        """
        raise NotImplementedError

    def __call__(self, w: Any) -> np.ndarray:
        """An array after it, in float64."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this constraint again."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True)
class MaxNorm(Constraint):
    """‖w_j‖₂ <= c for the weights into each unit: columns of a kernel (inputs, units) with a larger norm are
    multiplied with c / ‖w_j‖₂ after each step. One whose sum of squares is beyond the range of the model's
    type (norms above 1.8e19 in float32, 1.3e154 in float64) becomes 0.

    Args:
        max_value: c >= 0, default 2.
        axis: along which the norm is taken: 0 for columns, 1 for rows, such as those of an `Embedding`'s
            table. A vector is one column.

    Raises:
        ValueError: an argument is out of its range. When a model is built: the weight has more than two
            dimensions, or axis=1 and one.

    Source: Srebro & Shraibman, COLT 2005; Srivastava et al., "Dropout", JMLR 15, 2014, section 5.1.

    >>> from fastdnn.constraints import MaxNorm
    >>> MaxNorm(1.0)([[3.0, 0.3], [4.0, 0.4]])
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """

    max_value: float = 2.0
    axis: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_value", number("MaxNorm", "max_value", self.max_value, 0))
        object.__setattr__(self, "axis", whole("MaxNorm", "axis", self.axis))
        if self.axis > 1:
            raise ValueError(expected("MaxNorm", "axis 0 or 1", self.axis))

    def check(self, where: str, shape: tuple[int, ...]) -> None:
        """One or two dimensions, of which `axis` is one."""
        if not self.axis < len(shape) <= 2:
            wanted = f"a weight of {'two' if self.axis else 'one or two'} dimensions for {self!r}"
            raise ValueError(expected(where, wanted, f"shape {shape}"))

    def __call__(self, w: Any) -> np.ndarray:
        """w, (inputs, units) or (units,), with each norm at most c."""
        from fastdnn.reference.max_norm import max_norm

        array = np.asarray(w)
        if array.dtype.kind not in "buif":
            raise ValueError(expected("MaxNorm", "an array of real numbers", f"dtype {array.dtype}"))
        self.check("MaxNorm", array.shape)
        return max_norm(array, self.max_value, self.axis)


_CLASSES = Registry[Constraint]("a constraint", [MaxNorm], {})


def get(given: Any, where: str = "constraints") -> Constraint | None:
    """A constraint as it is, of its defaults by name ("max_norm"), or of what a layer's `get_config` says of
    it; None for none.

    Raises:
        ValueError: a name is unknown, or `given` is something else.

    >>> from fastdnn import constraints
    >>> constraints.get("max_norm")
    MaxNorm(max_value=2.0, axis=0)
    """
    return parts.found(_CLASSES, given, where)


def from_config(class_name: str, config: dict[str, Any]) -> Constraint:
    """The constraint of a class name with these arguments.

    Raises:
        ValueError: there is no such class, or the arguments do not fit.
    """
    return _CLASSES.from_config(class_name, config, "constraints")

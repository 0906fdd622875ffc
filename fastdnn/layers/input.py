"""Where examples come in."""

from typing import Any

from fastdnn.errors import expected
from fastdnn.functional import Tensor
from fastdnn.layers.layer import Layer, positive_int
from fastdnn.program import Program, Value


class Input(Layer):
    """The shape of one example, without the batch: `Input((64,))` for arrays of shape (examples, 64).

    Args:
        shape: a tuple of one size >= 1.
        name: of the layer.

    Raises:
        ValueError: `shape` is not a tuple of one whole number >= 1.

    >>> from fastdnn.layers import Input
    >>> Input((64,)).shape
    (64,)
    """

    def __init__(self, shape: tuple[int, ...], *, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self._tensor: Tensor | None = None
        if not isinstance(shape, tuple | list) or len(shape) != 1:
            hint = "write Input((64,)) for 64 features; reshape other arrays to (examples, features)"
            raise ValueError(expected("Input", "a shape of one size", repr(shape), hint))
        self.shape = (positive_int("Input", "the number of features", shape[0]),)

    @property
    def tensor(self) -> Tensor:
        """What the layers after it are called on; the same one at each use."""
        if self._tensor is None:
            self._tensor = Tensor(self)
        return self._tensor

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """Nothing to do."""
        return inputs[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"shape": list(self.shape), **super().get_config()}

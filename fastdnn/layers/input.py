"""Where examples come in."""

import weakref
from typing import Any

from fastdnn.errors import expected
from fastdnn.functional import Tensor
from fastdnn.layers.layer import Layer, positive_int
from fastdnn.program import Program, Value


class Input(Layer):
    """The shape of one example, without the batch: `Input((64,))` for arrays of shape (examples, 64).

    Args:
        shape: a tuple of one size >= 1.
        dtype: None for real features, in the model's type; "int32" for indices, which `layers.Embedding`
            reads, and only that.
        name: of the layer.

    Raises:
        ValueError: `shape` is not a tuple of one whole number >= 1, or `dtype` is another one.

    >>> from fastdnn.layers import Input
    >>> Input((64,)).shape
    (64,)
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        dtype: str | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self._tensor: weakref.ref[Tensor] | None = (
            None  # which holds this layer: no circle, so that models are freed
        )
        if not isinstance(shape, tuple | list) or len(shape) != 1:
            hint = "write Input((64,)) for 64 features; reshape other arrays to (examples, features)"
            raise ValueError(expected("Input", "a shape of one size", repr(shape), hint))
        self.shape = (positive_int("Input", "the number of features", shape[0]),)
        if dtype not in (None, "int32"):
            hint = "real features have the model's type: Sequential(..., dtype=...)"
            raise ValueError(expected("Input", "dtype None or 'int32'", repr(dtype), hint))
        self.dtype = dtype

    @property
    def is_integer(self) -> bool:
        """Whether indices come in here."""
        return self.dtype is not None

    @property
    def tensor(self) -> Tensor:
        """What the layers after it are called on; the same one for as long as somebody holds it."""
        tensor = None if self._tensor is None else self._tensor()
        if tensor is None:
            tensor = Tensor(self)
            self._tensor = weakref.ref(tensor)
        return tensor

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled without the tensor."""
        return {**super().__getstate__(), "_tensor": None}

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """Nothing to do."""
        return inputs[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        dtype = {"dtype": self.dtype} if self.is_integer else {}
        return {"shape": list(self.shape), **dtype, **super().get_config()}

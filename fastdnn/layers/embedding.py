"""Rows of a trained table by integers."""

from typing import Any

from fastdnn import initializers
from fastdnn.constraints import Constraint
from fastdnn.errors import expected
from fastdnn.initializers import Initializer
from fastdnn.layers.layer import Layer, Shape, features, positive_int
from fastdnn.layers.settings import ConstraintSetting, RegularizerSetting
from fastdnn.program import Program, Value
from fastdnn.regularizers import Regularizer

_MOST_ROWS = 2**31 - 1  # what int32 counts


class Embedding(Layer):
    """y = the rows E[i₁], E[i₂], ... of a table, one behind the other, for the integers i of an example.

    What is trained is the table: a word, a customer or a category gets `output_dim` numbers of its own. The
    input is an `Input` with dtype="int32", or, without one, the model's first data.

    Shapes: i (examples, length), whole numbers 0 <= i < input_dim; E `embeddings` (input_dim, output_dim);
    y (examples, length * output_dim). Keras gives y as (examples, length, output_dim); this library's values
    have two dimensions, and so y is what Flatten makes of Keras's.

    The gradient of E is zero but for the rows of the batch. It is stored whole, and the optimiser goes over
    all of E in each step: the time of a step grows with the table.

    Args:
        input_dim: rows of the table: one more than the largest integer.
        output_dim: numbers in a row.
        embeddings_initializer: a name or object of `fastdnn.initializers`; default "uniform", on (-0.05,
            0.05).
        embeddings_regularizer: of `fastdnn.regularizers`, or a name; None for that of `compile`, if any. It
            goes over the whole table in each step.
        embeddings_constraint: of `fastdnn.constraints`, or a name; `MaxNorm(axis=1)` limits its rows.
        name: of the layer.
        trainable: see `Layer`.

    Raises:
        ValueError: a size is not a whole number >= 1, or a name is unknown. When the model is built: it reads
            something else than an integer `Input`.

    Source: Bengio et al., "A neural probabilistic language model", JMLR 3, 2003.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> layers = [fd.Input((2,), dtype="int32"), fd.layers.Embedding(4, 3, embeddings_initializer="ones")]
    >>> fd.Sequential(layers, seed=0).predict(np.array([[3, 0]]))
    array([[1., 1., 1., 1., 1., 1.]], dtype=float32)
    """

    embeddings_regularizer = RegularizerSetting()
    embeddings_constraint = ConstraintSetting()

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: str | Initializer = "uniform",
        *,
        embeddings_regularizer: str | Regularizer | None = None,
        embeddings_constraint: str | Constraint | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.input_dim = positive_int("Embedding", "input_dim", input_dim)
        self.output_dim = positive_int("Embedding", "output_dim", output_dim)
        if self.input_dim > _MOST_ROWS:
            raise ValueError(expected("Embedding", f"input_dim of at most {_MOST_ROWS}", input_dim))
        self.embeddings_initializer = initializers.get(embeddings_initializer, "Embedding", auto=False)
        self.embeddings_regularizer = embeddings_regularizer
        self.embeddings_constraint = embeddings_constraint

    def build(self, input_shape: Shape) -> None:
        """Declare the table."""
        self.add_weight("embeddings", (self.input_dim, self.output_dim), self.embeddings_initializer)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, length * output_dim)."""
        return None, features(input_shape) * self.output_dim

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """One operation."""
        (x,) = inputs
        table, cols = weights["embeddings"], x.cols * self.output_dim
        return program.emit("embedding", table, x, name=f"{self.name}/y", cols=cols)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            **super().get_config(),
        }

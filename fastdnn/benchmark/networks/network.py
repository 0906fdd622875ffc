"""A network that is timed: its shape, its data and its first weights, the same in every framework."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

LEARNING_RATE = 1e-3  # of Adam
_CENTRE = 0.5  # how far classes lie apart, in standard deviations of the noise: learnt slowly, but learnt

# What a result is held against: a multiple of the FLOP floor, or of a peer's time.
Targets = Mapping[int, Mapping[str, float]]


@dataclass(frozen=True)
class Network:
    """A perceptron with ReLU between its layers, and what it is trained on.

    Attributes:
        name: of the row.
        sizes: features, units of each layer.
        batch: rows of a step.
        batches: steps of an epoch.
        loss: "cross_entropy" of logits and labels, or "squared_error".
        batch_norm: whether each hidden product is normalised before its ReLU.
        dropout: the share that is dropped after each ReLU.

    >>> from fastdnn.benchmark.networks.network import Network
    >>> Network("tiny", (64, 64, 64, 10), batch=32, batches=128).text
    '64-64-64-10, batch 32'
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    batches: int
    loss: str = "cross_entropy"
    batch_norm: bool = False
    dropout: float = 0.0

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Network":
        """The one that `fields` describes: the other way round from `asdict`."""
        return cls(**{**fields, "sizes": tuple(fields["sizes"])})

    @property
    def fields(self) -> dict[str, Any]:
        """What makes this network again, for JSON."""
        return asdict(self)

    @property
    def text(self) -> str:
        """Shape, batch, and what is unusual."""
        extras = [self.loss.replace("_", " ")] if self.loss != "cross_entropy" else []
        extras += ["batch norm"] if self.batch_norm else []
        extras += [f"dropout {self.dropout:g}"] if self.dropout else []
        return ", ".join(["-".join(map(str, self.sizes)), f"batch {self.batch}", *extras])

    @property
    def rows(self) -> int:
        """Of the training set."""
        return self.batch * self.batches

    def without_dropout(self) -> "Network":
        """The same, so that nothing is random but the order of the rows."""
        return replace(self, dropout=0.0)

    def flops(self, rows: int | None = None, backward: bool = True) -> int:
        """Floating-point operations of the products of a step, or of a prediction.

        Forward 2 n k m for each layer; backward the same for the weights' gradients, and again for the
        inputs' gradients of all layers but the first.
        """
        n = self.batch if rows is None else rows
        products = [2 * n * k * m for k, m in zip(self.sizes, self.sizes[1:], strict=False)]
        return 3 * sum(products) - products[0] if backward else sum(products)

    def data(self, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """x (rows, features) f32; y (rows,) i64 labels, all of which occur, or (rows, outputs) f32."""
        rng = np.random.default_rng([seed, 1])
        normal: Any = partial(rng.standard_normal, dtype=np.float32)
        x = normal((self.rows, self.sizes[0]))
        if self.loss == "squared_error":
            teacher = normal((self.sizes[0], self.sizes[-1])) / np.float32(np.sqrt(self.sizes[0]))
            return x, np.tanh(x @ teacher)
        y = rng.permutation(np.arange(self.rows) % self.sizes[-1])
        centres = np.float32(_CENTRE) * normal((self.sizes[-1], self.sizes[0]))
        return x + centres[y], y

    def initial_weights(self, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
        """He's normal kernels (features, units), biases of zero, in float32."""
        rng = np.random.default_rng([seed, 2])
        found = []
        for k, m in zip(self.sizes, self.sizes[1:], strict=False):
            kernel = rng.standard_normal((k, m), dtype=np.float32) * np.float32(np.sqrt(2 / k))
            found.append((kernel, np.zeros(m, np.float32)))
        return found

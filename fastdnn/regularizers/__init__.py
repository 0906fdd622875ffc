"""Regularisers: penalties on the size of weights, which are added to the loss.

A layer takes them as `kernel_regularizer` and the like; `compile(regularizer=...)` is for all kernels and
tables that have none of their own. The penalty is part of "loss", in `fit` as in `evaluate`: once, whatever
the sample weights and the number of outputs. Weights of frozen layers are not counted, as in Keras 3.

`scale` says what is before the sum. m are the rows that the loss is averaged over: of the mini-batch in
training, also of a last, shorter one; in `evaluate` all rows. N is the size of the training set:
`dataset_size`, else that of the last `fit` on arrays.

| scale | `L2` | its gradient | `L1` | decks |
|---|---|---|---|---|
| "half" | λ/2 Σw² | λ w | | 004; L2's default |
| "sum" | λ Σw² | 2 λ w | λ Σ\\|w\\| | 004, Keras; L1's default |
| "batch" | λ/(2m) Σw² | λ/m w | λ/(2m) Σ\\|w\\| | 001, 002, 003 |
| "dataset" | λ/(2N) Σw² | λ/N w | λ/(2N) Σ\\|w\\| | 000 |

>>> import numpy as np
>>> import fastdnn as fd
>>> model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1, kernel_initializer="ones")], seed=0)
>>> model.compile("sgd", "mse", regularizer=fd.regularizers.L2(0.5))
>>> model.evaluate(np.zeros((4, 2)), np.zeros(4))
0.5
"""

from typing import Any

from fastdnn import parts
from fastdnn.registry import Registry
from fastdnn.regularizers.norms import L1, L1L2, L2, ElasticNet, Lq
from fastdnn.regularizers.regularizer import Regularizer, Terms

__all__ = ["L1", "L1L2", "L2", "ElasticNet", "Lq", "Regularizer", "Terms", "from_config", "get"]

_CLASSES = Registry[Regularizer]("a regularizer", [L1, L2, L1L2, ElasticNet, Lq], {})


def get(given: Any, where: str = "regularizers") -> Regularizer | None:
    """A regulariser as it is, of its defaults by name ("l1", "l2", "l1_l2", "elastic_net"), or of what a
    layer's `get_config` says of it; None for none.

    Raises:
        ValueError: a name is unknown, or `given` is something else.

    >>> from fastdnn import regularizers
    >>> regularizers.get("l2")
    L2(l2=0.01, scale='half', dataset_size=None)
    """
    return parts.found(_CLASSES, given, where)


def from_config(class_name: str, config: dict[str, Any]) -> Regularizer:
    """The regulariser of a class name with these arguments.

    Raises:
        ValueError: there is no such class, or the arguments do not fit.
    """
    return _CLASSES.from_config(class_name, config, "regularizers")

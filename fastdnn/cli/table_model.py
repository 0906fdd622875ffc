"""Saved models that take one table, as the commands do."""

from typing import Any

import numpy as np

from fastdnn.errors import expected
from fastdnn.io.model_file import load_model
from fastdnn.model import Model


def load_table_model(where: str, path: str) -> Model:
    """A model with one input and one output.

    Raises:
        ValueError: it has several.
        OSError, FormatError: as `fastdnn.load_model`.
    """
    model = load_model(path)
    for ports in (model.graph.inputs, model.graph.outputs):
        if len(ports) > 1:
            wanted = "a model with one input and one output, for a table"
            hint = f"in Python: model = fastdnn.load_model({path!r}); model.{where}(...)"
            raise ValueError(expected(where, wanted, f"{len(ports)}: {ports.listed()}", hint))
    return model


def predict_table(model: Model, x: Any, threads: int | None) -> np.ndarray:
    """The only output for each row (examples, outputs), whatever form the model gives it in."""
    outputs = model.predict(x, threads=threads)
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    array: np.ndarray = outputs[0] if isinstance(outputs, list) else outputs
    return array

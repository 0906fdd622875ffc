"""fastdnn: train, tune and diagnose deep neural networks on CPUs, from NumPy arrays.

>>> import fastdnn as fd
>>> x, y = fd.data.load_digits()
>>> model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(32, activation="relu"),
...                        fd.layers.Dense(10)], seed=0)
>>> model.compile(optimizer="adam", loss=fd.losses.SparseCategoricalCrossentropy(from_logits=True),
...               metrics=["accuracy"])
>>> history = model.fit(x / 16, y, batch_size=64, epochs=2)
>>> sorted(history.history)
['accuracy', 'loss']
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

try:
    importlib.import_module("fastdnn._core")  # first, so that a missing build is told as such
except ModuleNotFoundError as error:
    if error.name != "fastdnn._core":
        raise
    raise ImportError(
        "[fastdnn] expected the compiled core fastdnn._core, found none beside this package; "
        "install it with `pip install .` in the checkout (a C++17 compiler is needed), "
        "and do not import fastdnn from the checkout's own folder"
    ) from error

if TYPE_CHECKING:
    from fastdnn import (
        activations,
        averages,
        blocks,
        callbacks,
        compare,
        constraints,
        data,
        diagnose,
        initializers,
        io,
        layers,
        losses,
        metrics,
        optimizers,
        plots,
        reference,
        regularizers,
        schedules,
        tune,
    )
    from fastdnn.averages import ewma
    from fastdnn.build_info import info
    from fastdnn.ensemble import Ensemble
    from fastdnn.errors import EqualUnitsWarning, NonFiniteLossError
    from fastdnn.functional import Input
    from fastdnn.io.files import FormatError
    from fastdnn.io.model_file import load_model
    from fastdnn.model import Model
    from fastdnn.sequential import Sequential
    from fastdnn.thread_settings import get_num_threads, set_flush_denormal, set_num_threads, threads

# `import fastdnn` reads NumPy and the core only; the rest comes when it is first named (PEP 562).
_MODULES = (
    "activations",
    "averages",
    "blocks",
    "callbacks",
    "compare",
    "constraints",
    "data",
    "diagnose",
    "initializers",
    "io",
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "plots",
    "reference",
    "regularizers",
    "schedules",
    "tune",
)
_OBJECTS = {
    "Ensemble": "fastdnn.ensemble",
    "EqualUnitsWarning": "fastdnn.errors",
    "FormatError": "fastdnn.io.files",
    "Input": "fastdnn.functional",
    "Model": "fastdnn.model",
    "NonFiniteLossError": "fastdnn.errors",
    "Sequential": "fastdnn.sequential",
    "ewma": "fastdnn.averages",
    "get_num_threads": "fastdnn.thread_settings",
    "info": "fastdnn.build_info",
    "load_model": "fastdnn.io.model_file",
    "set_flush_denormal": "fastdnn.thread_settings",
    "set_num_threads": "fastdnn.thread_settings",
    "threads": "fastdnn.thread_settings",
}

__all__ = [
    "Ensemble",
    "EqualUnitsWarning",
    "FormatError",
    "Input",
    "Model",
    "NonFiniteLossError",
    "Sequential",
    "activations",
    "averages",
    "blocks",
    "callbacks",
    "compare",
    "constraints",
    "data",
    "diagnose",
    "ewma",
    "get_num_threads",
    "info",
    "initializers",
    "io",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "optimizers",
    "plots",
    "reference",
    "regularizers",
    "schedules",
    "set_flush_denormal",
    "set_num_threads",
    "threads",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"fastdnn.{name}")
    if name in _OBJECTS:
        value = getattr(importlib.import_module(_OBJECTS[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'fastdnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

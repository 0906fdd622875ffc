"""A model as one safetensors file: its weights as tensors, all else as JSON in the metadata.

Version 0 holds the layer graph (typed fields, edges, names) and what `compile` settled; not the optimiser's
state. Beside it, where a model has them: `table`, how rows of a table are encoded, `history`, the figures of
the last fit by epoch, and `metadata`, the user's own dict. Nothing in a file is ever evaluated or imported:
names select from fastdnn's own layers, losses and optimisers, and those marked `custom` from what the caller
of `load_model` gives.
"""

import json
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

import numpy as np

from fastdnn import layers
from fastdnn.checks import is_text
from fastdnn.compiled import Head
from fastdnn.data.table_encoder import TableEncoder, check_fits
from fastdnn.errors import expected
from fastdnn.graph import Graph, Node
from fastdnn.io.custom_objects import (
    CustomObjectError,
    CustomObjects,
    described_layer,
    described_loss,
    described_metric,
    described_optimizer,
)
from fastdnn.io.files import FormatError
from fastdnn.io.safetensors import read_safetensors, write_safetensors
from fastdnn.io.training_history import history_of, history_text
from fastdnn.layers import Input
from fastdnn.layers.layer import Layer, positive_int
from fastdnn.model import Model
from fastdnn.parts import described_or_none
from fastdnn.ports import Ports
from fastdnn.sequential import Sequential

FORMAT_VERSION = 0

_LAYERS: dict[str, type[Layer]] = {name: getattr(layers, name) for name in layers.__all__ if name != "Layer"}


def save_model(model: Model, path: "str | PathLike[str]") -> None:
    """Write a model; see `Model.save`."""
    config = model_config(model)
    metadata = {"format": "fastdnn", "format_version": str(FORMAT_VERSION), "config": json.dumps(config)}
    if model.table is not None:
        check_fits(model.table, model)  # its head may be another one since
        metadata["table"] = json.dumps(model.table.get_config(), allow_nan=False)
    if model.history is not None and model.history.epoch:
        metadata["history"] = history_text(model.history)
    if model.metadata:
        metadata["metadata"] = _metadata_text(model.metadata)
    write_safetensors(fspath(path), model.weights.snapshot(), metadata)


def model_config(model: Model) -> dict[str, Any]:
    """All of a model but its numbers, in what JSON can hold.

    Raises:
        ValueError or TypeError: a part of the user's own has no config.
    """
    graph = model.graph
    config: dict[str, Any] = {
        "dtype": model.dtype,
        "seed": model.seed,
        "layers": [described_layer(layer, type(layer) in _LAYERS.values()) for layer in graph.layers],
        "nodes": [{"layer": node.layer.name, "inputs": list(node.inputs)} for node in graph.nodes],
        "inputs": _ends_config(graph.inputs),
        "outputs": _ends_config(graph.outputs),
    }
    if model._compiled is not None:
        config["compile"] = {
            "optimizer": described_optimizer(model._compiled.optimizer),
            "heads": [_head_config(head) for head in model._compiled.heads],
            "regularizer": described_or_none(model._compiled.regularizer),
            "dataset_size": model._compiled.dataset_size,
        }
    return config


def _metadata_text(metadata: Any) -> str:
    """The user's dict as JSON, from which the same dict comes back.

    Raises:
        ValueError: it holds something else.
    """
    try:
        text = json.dumps(metadata, allow_nan=False)
        same = json.loads(text) == metadata and isinstance(metadata, dict)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(expected("save", "model.metadata that JSON can hold", str(error))) from error
    if not same:
        hint = "texts as names; lists, not tuples"
        raise ValueError(expected("save", "model.metadata that JSON gives back", repr(metadata), hint))
    return text


def _ends_config(ports: Ports) -> dict[str, Any]:
    """The nodes, and what they are called where a dict did it."""
    names = {"names": list(ports.names)} if ports.form == "dict" else {}
    return {"nodes": list(ports.nodes), "form": ports.form, **names}


def _head_config(head: Head) -> dict[str, Any]:
    loss = None if head.loss is None else described_loss(head.loss)
    plain, weighted = (
        [described_metric(metric) for metric in metrics] for metrics in (head.metrics, head.weighted_metrics)
    )
    return {"loss": loss, "loss_weight": head.weight, "metrics": plain, "weighted_metrics": weighted}


def load_model(
    path: "str | PathLike[str]",
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002  (Keras's name)
) -> Model:
    """Read a model that `Model.save` wrote; it predicts, evaluates and trains on (the optimiser starts
    afresh). Its `history` has the figures of the last fit, to seven digits.

    Args:
        path: of the file.
        custom_objects: {name: class or function} of the layers, losses, metrics and schedules that are not
            fastdnn's: a file holds their names and what their `get_config` gave, and no code. What is passed
            is called.
        compile: whether the model is compiled as the saved one was; without it, losses and metrics of the
            user's own are not needed.

    Raises:
        ValueError: the model has parts of the user's own that `custom_objects` lacks or misnames, or that
            cannot be made with what their `get_config` gave.
        FileNotFoundError: there is no such file.
        FormatError: the file is no model of a version that this fastdnn reads, or is damaged; the message
            says where.

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(2)], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(pathlib.Path(folder) / "m.safetensors")
    ...     again = fd.load_model(pathlib.Path(folder) / "m.safetensors")
    >>> bool((again.predict(np.ones((1, 3))) == model.predict(np.ones((1, 3)))).all())
    True
    """
    where = fspath(path)
    tensors, metadata = read_safetensors(where)
    config = _config(where, metadata)
    custom = CustomObjects(where, custom_objects)
    try:
        graph = _graph(where, config, custom)
        _check_tensors(where, graph, config["dtype"], tensors)
        kind = Sequential if graph.is_chain and len(graph.nodes) > 1 else Model
        model = kind.restored(graph, tensors, seed=config["seed"], dtype=config["dtype"])
        if compile and "compile" in config:
            _compile(model, config["compile"], custom)
        if "table" in metadata:
            model.table = TableEncoder.from_config(json.loads(metadata["table"]))
        if "history" in metadata:
            model.history = history_of(metadata["history"])
            model.history.set_model(model)
        if "metadata" in metadata:
            model.metadata = _own_metadata(where, json.loads(metadata["metadata"]))
    except (FormatError, CustomObjectError):
        raise
    except (
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        text = f"{type(error).__name__}: {error}"
        other = ", or custom_objects are not those that it was saved with" if custom.used else ""
        raise FormatError(
            expected(where, "a model that this fastdnn can build", text, f"the file is damaged{other}")
        ) from error
    return model


def _config(where: str, metadata: dict[str, str]) -> dict[str, Any]:
    if metadata.get("format") != "fastdnn":
        raise FormatError(expected(where, "a model saved by fastdnn", f"format {metadata.get('format')!r}"))
    version = metadata.get("format_version")
    if version != str(FORMAT_VERSION):
        hint = "a newer fastdnn may read it" if (version or "").isdigit() else "the file is damaged"
        raise FormatError(expected(where, f"format_version {FORMAT_VERSION}", repr(version), hint))
    try:
        config = json.loads(metadata.get("config", ""))
    except (ValueError, RecursionError) as error:
        raise FormatError(expected(where, "the model's configuration as JSON", str(error))) from error
    if not isinstance(config, dict):
        raise FormatError(expected(where, "the model's configuration as an object", type(config).__name__))
    return config


def _own_metadata(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(expected(where, "the user's metadata as an object", type(value).__name__))
    return value


def _graph(where: str, config: dict[str, Any], custom: CustomObjects) -> Graph:
    by_name: dict[str, Layer] = {}
    for entry in config["layers"]:
        class_name = entry["class_name"]
        if "custom" in entry:
            layer = custom.layer(entry)
        elif class_name in _LAYERS:
            layer = _LAYERS[class_name](**custom.arguments(entry["config"]))
        else:
            raise FormatError(expected(where, f"layers among {', '.join(_LAYERS)}", repr(class_name)))
        if layer.name in by_name:
            raise FormatError(expected(where, "one layer of each name", f"two of {layer.name!r}"))
        by_name[layer.name] = layer
    nodes = [Node(by_name[node["layer"]], tuple(node["inputs"])) for node in config["nodes"]]
    if not {"inputs", "outputs"} <= config.keys():
        hint = "drafts of a format are not kept: save the model again"
        raise FormatError(
            expected(where, "the model's inputs and outputs", "an older draft of the format", hint)
        )
    inputs = _ends(where, "input", config["inputs"], len(nodes))
    outputs = _ends(where, "output", config["outputs"], len(nodes))
    for index, node in enumerate(nodes):
        earlier = all(isinstance(i, int) and 0 <= i < index for i in node.inputs)
        starts = isinstance(node.layer, Input)
        if not earlier or starts != (index < len(inputs)) or starts == bool(node.inputs):
            wanted = "Inputs, then layers on the outputs of earlier ones"
            raise FormatError(expected(where, wanted, f"another node {index}"))
    used = {nodes[node].layer for node in inputs.nodes}
    if inputs.nodes != tuple(range(len(inputs))) or len(used) < len(inputs):
        raise FormatError(expected(where, "each Input once, in order", f"nodes {list(inputs.nodes)}"))
    return Graph(nodes, inputs, outputs)


def _ends(where: str, what: str, config: dict[str, Any], nodes: int) -> Ports:
    """The inputs or outputs, of so many nodes."""
    numbers, form, names = config["nodes"], config["form"], config.get("names", [])
    are_nodes = isinstance(numbers, list) and all(type(i) is int and 0 <= i < nodes for i in numbers)
    count = len(numbers) if are_nodes else 0
    right = count == 1 if form == "one" else count >= 1 and form in ("list", "dict")
    if form == "dict":
        texts = isinstance(names, list) and all(is_text(name) and name for name in names)
        right = right and texts and len(set(names)) == len(names) == count
    if not right:
        wanted = f"{what}s as nodes of the graph, by themselves, as a list or with names"
        raise FormatError(expected(where, wanted, repr(config)))
    return Ports(what, tuple(numbers), form, tuple(names) if form == "dict" else ())


def _check_tensors(where: str, graph: Graph, dtype: str, tensors: dict[str, np.ndarray]) -> None:
    """Names, shapes and types, before anything is allocated for them."""
    names = {weight.name for weight in graph.weights}
    missing, surplus = sorted(names - set(tensors)), sorted(set(tensors) - names)
    if missing or surplus:
        raise FormatError(
            expected(where, "the tensors of the model's layers", f"missing {missing}, surplus {surplus}")
        )
    for weight in graph.weights:
        tensor = tensors[weight.name]
        if tensor.shape != weight.shape or tensor.dtype != dtype:
            raise FormatError(
                expected(where, f"{weight.name} {weight.shape} {dtype}", f"{tensor.shape} {tensor.dtype}")
            )


def _compile(model: Model, config: dict[str, Any], custom: CustomObjects) -> None:
    optimizer = custom.optimizer(config["optimizer"])
    heads = config["heads"]
    if not isinstance(heads, list) or len(heads) != len(model.output_names):
        raise ValueError(expected("heads", f"a list of {len(model.output_names)}", repr(heads)))
    model.compile(
        optimizer,
        [head["loss"] and custom.loss(head["loss"]) for head in heads],
        loss_weights=[head["loss_weight"] for head in heads],
        metrics=[[custom.metric(metric) for metric in head["metrics"]] for head in heads],
        weighted_metrics=[[custom.metric(metric) for metric in head["weighted_metrics"]] for head in heads],
        regularizer=config.get("regularizer"),
    )
    size = config.get("dataset_size")
    model.compiled.dataset_size = None if size is None else positive_int("compile", "dataset_size", size)

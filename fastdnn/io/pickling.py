"""What `pickle` and `copy.deepcopy` take of a model: layers, settings and arrays, and nothing native.

A pickle runs code when it is read: read your own only. `Model.save` writes files that are safe to read.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fastdnn
from fastdnn import _core
from fastdnn.compiled import Compiled
from fastdnn.errors import expected
from fastdnn.graph import Graph, Node
from fastdnn.io.files import FormatError
from fastdnn.model import Model
from fastdnn.snapshot import set_state as set_optimizer_state
from fastdnn.snapshot import weights_in

FORM = 3  # of the dictionary; another one is refused

# Attributes that are made afresh.
_TRANSIENT = ("_graph", "_weights", "_sources", "_inferences", "_stepper", "_fitting")


def get_state(model: Model) -> dict[str, Any]:
    """The model as plain Python: all arrays are of one moment, during a fit after the last whole step."""
    state: dict[str, Any] = {key: value for key, value in vars(model).items() if key not in _TRANSIENT}
    state |= {"form": FORM, "version": fastdnn.__version__, "nodes": None, "arrays": None}
    graph, compiled = model._graph, model._compiled
    if graph is not None:
        state["nodes"] = [(node.layer, node.inputs) for node in graph.nodes]
        state["ends"] = (graph.inputs, graph.outputs)
        while True:
            with _turn(model, compiled) as sure:
                state["arrays"], state["has_optimizer_state"] = _arrays(model, compiled)
                state["_compiled"] = copy.copy(compiled)  # with the epochs of this moment
            if sure or compiled is None or not compiled.runs_ahead:
                break
    return state


@contextmanager
def _turn(model: Model, compiled: Compiled | None) -> Iterator[bool]:
    """Between two calls of another thread that run many short epochs each, if it makes such: thousands go by
    between two looks at the model. Whether none can have begun within.
    """
    weights = model.weights
    if weights.changing.is_mine:
        yield True
    elif compiled is None or not compiled.runs_ahead:
        yield False
    else:
        with weights.turn(), weights.changing():
            yield True


def _arrays(model: Model, compiled: Compiled | None) -> tuple[dict[str, Any], bool]:
    while True:
        native = None if compiled is None else compiled.state
        arrays = _core.snapshot(model.weights.native, native)
        if compiled is None or compiled.state is native:  # else a first fit has begun meanwhile
            return arrays, native is not None


def set_state(model: Model, state: dict[str, Any]) -> None:
    """Make a bare object the model that `get_state` described.

    Raises:
        FormatError: another version of fastdnn pickled it, in another form.
    """
    form = state.get("form") if isinstance(state, dict) else None
    if form != FORM:
        by = f", by fastdnn {state.get('version')}" if isinstance(state, dict) else ""
        hint = "pickles are for one version; keep models with model.save(path)"
        raise FormatError(expected("pickle", f"a model pickled in form {FORM}", f"form {form!r}{by}", hint))
    Model.__init__(model, seed=state["seed"], dtype=state["dtype"])
    surplus = ("form", "version", "nodes", "ends", "arrays", "has_optimizer_state")
    vars(model).update({key: value for key, value in state.items() if key not in surplus})
    if state["nodes"] is not None:
        _restore_arrays(model, state)
    if model.history is not None:
        model.history.set_model(model)


def _restore_arrays(model: Model, state: dict[str, Any]) -> None:
    weights = weights_in(state["arrays"])
    nodes = [Node(layer, inputs) for layer, inputs in state["nodes"]]
    model._set_graph(Graph(nodes, *state["ends"]), weights)
    model.weights.write(weights)  # again: a layer may have put in figures that it was made with
    compiled = model._compiled
    if compiled is None or not state["has_optimizer_state"]:
        return
    native = compiled.optimizer.make_state(model.weights.native)
    set_optimizer_state(native, state["arrays"])
    compiled.state = native

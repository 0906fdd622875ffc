"""The decks' rules of thumb, each looked at on a model and its training set.

`RULES` is the list: a rule is a function of a `Case` that gives an `Advice`, or None where it does not apply.
"""

import math
from collections.abc import Callable

import numpy as np

from fastdnn.data.description import OF_SCALES, Description
from fastdnn.data.draws import bits
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.case import Case
from fastdnn.diagnose.fresh_copy import behind_scalers, hidden_activation
from fastdnn.diagnose.interventions import is_penalized, is_regularized
from fastdnn.diagnose.remedies import MORE_DATA
from fastdnn.diagnose.set_of_rows import LARGE_INPUTS, predicted, takes_indices
from fastdnn.layers import BatchNormalization

_004_ACTIVATIONS = 'deck 004, "TL;DR" of the activations'
_004_NORMS = 'deck 004, "TL;DR" of the parameter norms'
INPUTS_SOURCE = 'deck 002, "Normalizing Inputs"; deck 000, "Normalizing Inputs"'
_002_BATCH = 'deck 002, "Choosing mini-batch size"'

FULL_BATCH = 2000  # rows, up to which deck 002 takes all of them for a step
BATCHES = (32, 2048)
DEEP = 5  # hidden layers, from which on saturating activations lose the gradient
ROWS_PER_FEATURE = 10  # a usual rule of thumb of regression; with fewer, single rows decide
ROWS_PER_CLASS = 50
FEW_FEATURES = 0.2  # share of the features that makes nearly all of the difference
_NEARLY_ALL = 0.95
_LEAST_FEATURES, _MOST_FEATURES = 10, 200  # for which the features are asked one by one
_ROWS_ASKED = 400

SCALE_CODE = "better = fd.diagnose.fresh_copy(model, scale=x)\nbetter.fit(x, y, epochs=20)"
RELU_CODE = 'better = fd.diagnose.fresh_copy(model, activation="relu")\nbetter.fit(x, y, epochs=20)'
_OUTPUT_CODE = (
    "better = model.with_head([fd.layers.Dense({})], freeze=False)\n"
    'better.compile("adam", {})\nbetter.fit(x, y, epochs=20)'
)
_PENALTY_CODE = (
    "better = fd.diagnose.fresh_copy(model, regularizer=fd.regularizers.{})\nbetter.fit(x, y, epochs=20)"
)


def scales(case: Case) -> Advice | None:
    """What there is to say of the features' scales, in one piece: it is mended by one line."""
    if case.seen is None or takes_indices(case.model):
        return None
    return _large_inputs(case.seen) or _not_standardized(case)


def _large_inputs(seen_first: Description) -> Advice | None:
    """Features so large that the first layer's outputs are far from where activations bend."""
    rows = [row for row in seen_first.rows if not math.isnan(row.mean)]
    size = {row.name: math.hypot(row.mean, row.std) for row in rows}
    largest = max(size, key=size.__getitem__, default="")
    if not rows or size[largest] <= LARGE_INPUTS:
        return None
    text = (
        "The inputs are not scaled: bring each feature to mean 0 and standard deviation 1, for which weights "
        "and learning rates are made."
    )
    seen = (
        f"the root mean square of {largest} is {size[largest]:.3g} where the first layer that learns gets it"
    )
    return Advice("unscaled_inputs", "warning", text, seen, SCALE_CODE, INPUTS_SOURCE)


def _not_standardized(case: Case) -> Advice | None:
    """Features off centre or of unlike scales, by `describe`, unless a layer at the input sees to it."""
    assert case.seen is not None
    graph = case.model.graph
    found = [each for each in case.seen.advice if each.kind in OF_SCALES]
    if not found or behind_scalers(graph) != graph.inputs.nodes[0]:
        return None
    text = "The inputs are not standardised: mean 0 and standard deviation 1 make training quicker."
    seen = "; ".join(f"{each.kind.replace('_', ' ')}: {each.evidence}" for each in found)
    return Advice("not_standardized", "hint", text, seen, SCALE_CODE, INPUTS_SOURCE)


def deep_and_saturating(case: Case) -> Advice | None:
    """A tower of sigmoids or tanhs without normalisation between them."""
    used = _hidden(case, ("sigmoid", "tanh"))
    if len(used) < DEEP or any(isinstance(layer, BatchNormalization) for layer in case.model.layers):
        return None
    text = (
        f"{len(used)} hidden layers in a row saturate, so that hardly any gradient comes through: take ReLU."
    )
    source = f'{_004_ACTIVATIONS}; deck 002, "Vanishing/exploding Gradients"'
    return Advice(
        "saturating_activations", "warning", text, f"layers {', '.join(used[:8])}", RELU_CODE, source
    )


def _hidden(case: Case, names: tuple[str, ...]) -> list[str]:
    model = case.model
    return [layer.name for layer in model.layers if hidden_activation(layer, model) in names]


def output_fits_loss(case: Case) -> Advice | None:
    """Whether the last layer can give what the loss wants."""
    model = case.model
    last = model.graph.nodes[model.graph.outputs.nodes[0]].layer
    activation = getattr(last, "activation", "linear")
    outputs = model.graph.widths_of(model.graph.outputs)[0]
    loss = model.compiled.loss
    name = type(loss).__name__
    kind, source = "output_does_not_fit_loss", 'deck 004, "Loss functions"'
    if activation == "softmax" and outputs == 1:
        text = "A softmax over one output is always 1, whatever is learned: take a sigmoid."
        code = _OUTPUT_CODE.format('1, activation="sigmoid"', '"binary_crossentropy"')
        return Advice(kind, "error", text, f"{last.name}: softmax, 1 output", code, source)
    if getattr(loss, "from_logits", False) and activation in ("softmax", "sigmoid"):
        text = f"The loss takes logits, and the last layer gives probabilities: leave out its {activation}."
        code = _OUTPUT_CODE.format(outputs, "model.compiled.loss")
        return Advice(kind, "error", text, f"{name}(from_logits=True) behind {activation}", code, source)
    limits = {"sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1), "relu": (0, math.inf)}
    if case.classifies or activation not in limits or case.train.y.dtype.kind not in "biuf":
        return None
    low, high = float(case.train.y.min()), float(case.train.y.max())
    least, most = limits[activation]
    if least <= low and high <= most:
        return None
    text = f"The targets go beyond what {activation} of the last layer can give: leave it out."
    code = _OUTPUT_CODE.format(outputs, "model.compiled.loss")
    seen = f"targets from {low:.4g} to {high:.4g}, outputs from {least:g} to {most:g}"
    return Advice(kind, "error", text, seen, code, source)


def few_examples(case: Case) -> Advice | None:
    """So few rows that single ones decide."""
    width = int(case.train.x.shape[1])
    wanted = ROWS_PER_FEATURE * width
    if case.classifies:
        wanted = max(wanted, ROWS_PER_CLASS * max(2, case.model.graph.widths_of(case.model.graph.outputs)[0]))
    rows = len(case.train)
    if rows >= wanted:
        return None
    text = "There are few training rows for so many features and classes: get more, or make some."
    code = MORE_DATA
    if case.train.sparse or takes_indices(case.model):  # which noise would make something else of
        text = "There are few training rows for so many features and classes: get more, or take a little L2."
        code = _PENALTY_CODE.format("L2(1e-3)")
    seen = f"{rows:,} training rows of {width:,} features; from about {wanted:,} on this is no concern"
    source = 'deck 001, "When we achieve high variance (low dev data performance), try to"; '
    source += 'deck 000, "Data Augmentation"'
    return Advice("few_examples", "warning", text, seen, code, source)


def elastic_net(case: Case) -> Advice | None:
    """More features than examples."""
    width = int(case.train.x.shape[1])
    if width <= len(case.train) or is_penalized(case.model):
        return None
    text = "There are more features than training rows: an elastic net keeps the weights in check."
    seen = f"{width:,} features, {len(case.train):,} rows"
    return Advice("elastic_net", "hint", text, seen, _PENALTY_CODE.format("ElasticNet(1e-3)"), _004_NORMS)


def a_little_l2(case: Case) -> Advice | None:
    """Always a little L2."""
    if is_regularized(case.model):
        return None
    text = "Nothing is regularised: a little L2 is a good default."
    code = _PENALTY_CODE.format("L2(1e-4)")
    return Advice("no_regularization", "hint", text, "no penalty, no dropout", code, _004_NORMS)


def few_features_matter(case: Case) -> Advice | None:
    """L1, where shuffling most features makes no difference to the dev error."""
    width = int(case.train.x.shape[1])
    if case.quick or case.dev.sparse or not case.is_finite or not _LEAST_FEATURES <= width <= _MOST_FEATURES:
        return None
    rises = np.maximum(_rises(case), 0.0)
    if rises.sum() == 0:
        return None
    shares = np.cumsum(np.sort(rises)[::-1]) / rises.sum()
    needed = int(np.searchsorted(shares, _NEARLY_ALL)) + 1
    if needed > FEW_FEATURES * width:
        return None
    text = "Few features matter: L1 sets the weights of the others to 0."
    seen = f"{needed} of {width} features make {_NEARLY_ALL:.0%} of the difference that shuffling one makes"
    code = _PENALTY_CODE.format("L1(1e-4)")
    return Advice("few_features", "hint", text, seen, code, _004_NORMS)


def _rises(case: Case) -> np.ndarray:
    """By how much outputs move when a feature of the dev rows is shuffled: the mean square, by feature."""
    part = case.dev.drawn(_ROWS_ASKED, case.seed)
    rng = np.random.Generator(bits(case.seed, "diagnose shuffled feature"))
    x = np.array(part.x)
    before = predicted(case.model, x)
    rises = np.empty(x.shape[1])
    for column in range(x.shape[1]):
        kept = x[:, column].copy()
        x[:, column] = rng.permutation(kept)
        rises[column] = np.mean((predicted(case.model, x) - before).astype(np.float64) ** 2)
        x[:, column] = kept
    return rises


def batch_size(case: Case) -> Advice | None:
    """All rows of a small set; else a power of two."""
    if not (getattr(case.history, "params", None) or {}).get("batch_size"):
        return None
    rows, size = len(case.train), case.batch_size
    if size >= rows:
        if rows <= FULL_BATCH:
            return None
        text = "One step for all rows learns slowly where there are many: take batches."
    elif BATCHES[0] <= size <= BATCHES[1] and size & (size - 1) == 0:
        return None
    else:
        text = f"Take a power of two from {BATCHES[0]} to {BATCHES[1]} as the batch size"
        text += f", or, of up to {FULL_BATCH:,} rows, all of them." if rows <= FULL_BATCH else "."
    return Advice(
        "batch_size",
        "hint",
        text,
        f"batches of {size:,} of {rows:,} rows",
        "better = fd.diagnose.fresh_copy(model)\nbetter.fit(x, y, batch_size=64, epochs=20)",
        _002_BATCH,
    )


RULES: tuple[Callable[[Case], Advice | None], ...] = (
    output_fits_loss,
    scales,
    deep_and_saturating,
    few_examples,
    elastic_net,
    few_features_matter,
    a_little_l2,
    batch_size,
)


def rules_of_thumb(case: Case) -> tuple[Advice, ...]:
    """What the rules say of a case."""
    return tuple(advice for rule in RULES if (advice := rule(case)) is not None)

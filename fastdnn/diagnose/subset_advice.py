"""What is advised by what came of learning a few rows by heart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.loss_range import LossRange
from fastdnn.diagnose.remedies import BIAS

if TYPE_CHECKING:
    from fastdnn.model import Model
    from fastdnn.sources import Feed

_STEP = 'deck 004, "Training Process, Step-by-step"'
_BIAS = 'deck 001, "When we achieve high bias (low training data performance), try to"'
_UNLIKE = 100.0  # of the features' spreads, the largest by the smallest, or of a mean by its spread
_FALLING = 0.1  # of the loss, in the last tenth of the epochs: worth going on
# What an activation can give.
_RANGES = {
    "relu": (0.0, np.inf),
    "softplus": (0.0, np.inf),
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "logistic_normalize": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
}
_OUTPUT = """\
head = fd.layers.Dense(model.output_shape[1]{activation})
free = model.with_head([head], freeze=False)
free.compile(fd.diagnose.fresh_copy(model).optimizer, model.compiled.loss)
print(fd.diagnose.overfit_subset(free, x, y))"""
_SCALE = """\
scaler = fd.data.StandardScaler().fit(x)
print(fd.diagnose.overfit_subset(model, scaler.transform(x), y))"""
_ROWS = "print(x[:5], y[:5])"
_CLASHING = """\
group = np.unique(x, axis=0, return_inverse=True)[1].reshape(-1)
pairs = np.unique(np.column_stack([group, np.asarray(y, float).reshape(len(group), -1)]), axis=0)
clash = np.bincount(pairs[:, 0].astype(int))[group] > 1
print("rows", np.flatnonzero(clash))
x, y = x[~clash], y[~clash]"""


@dataclass(frozen=True)
class SubsetFacts:
    """What is known once the rows were learnt, or not."""

    trial: "Model"
    feed: "Feed"
    reached: bool
    loss: float
    accuracy: float | None
    possible: LossRange
    diverged: bool
    rate: float
    rates: dict[float, bool]
    no_gradient: bool
    losses: list[float]


def advice_of(facts: SubsetFacts) -> list[Advice]:
    """The likeliest cause first."""
    causes = [] if facts.reached else [each for each in _causes(facts) if each is not None]
    learns = any(facts.rates.values()) and not facts.reached  # at another rate, which is all there is to say
    found = causes if learns else [_verdict(facts, causes), *causes]
    if facts.possible.conflicts:
        text = "Rows with the same features have unlike targets: no network can tell them apart."
        seen = f"{facts.possible.conflicts} of {facts.feed.rows} rows contradict an earlier one"
        severity: Any = "hint" if facts.reached else "warning"
        found.append(Advice("conflicting_rows", severity, text, seen, _CLASHING, _STEP))
    return found


def _verdict(facts: SubsetFacts, causes: list[Advice]) -> Advice:
    seen = _figures(facts)
    if facts.reached:
        text = "The network can learn a few rows by heart: model, loss and data fit each other."
        return Advice("learns_by_heart", "good", text, seen, "", _STEP)
    text = "The network cannot learn even a few rows by heart: mend this before you train on all of them."
    return Advice("not_learnt", "error", text, seen, causes[0].code, _STEP)


def _figures(facts: SubsetFacts) -> str:
    seen = f"loss {facts.loss:.4g} on {facts.feed.rows} rows; {facts.possible.floor:.4g} is the least, "
    seen += f"a constant output has {facts.possible.baseline:.4g}"
    return seen if facts.accuracy is None else f"{seen}; accuracy {facts.accuracy:.4g}"


def _causes(facts: SubsetFacts) -> list[Advice | None]:
    """Those that were found; the targets' rows, which nobody can look up, where no other one was."""
    by_rate, cannot = _by_rate(facts), _output(facts)
    certain = [_gradient(facts), cannot, by_rate]
    likely = [_features(facts), _small(facts), None if by_rate else _falling(facts)]
    if any(certain) or any(likely):
        return [*certain, *likely]
    text = "See that row i of y belongs to row i of x, and that labels and columns mean what they should."
    return [Advice("wrong_targets", "warning", text, "no other cause was found", _ROWS, _STEP)]


def _gradient(facts: SubsetFacts) -> Advice | None:
    if not facts.no_gradient:
        return None
    text = "No weight gets a gradient: all units are dead, or all weights are 0. Draw other first weights."
    code = "print(fd.diagnose.layer_statistics(model, x, y))"
    return Advice("no_gradient", "error", text, "the gradient of all weights is 0 at the start", code, _STEP)


def _by_rate(facts: SubsetFacts) -> Advice | None:
    """What another rate did."""
    better = [rate for rate, reached in facts.rates.items() if reached and rate != facts.rate]
    if better:
        is_low = better[0] > facts.rate
        kind, word = ("low_rate", "low") if is_low else ("high_rate", "high")
        text = f"The learning rate is too {word}: with {better[0]:g} these rows are learnt."
        seen = f"not with {facts.rate:g}, the model's own: {_figures(facts)}"
        code = f"better = fd.diagnose.fresh_copy(model, learning_rate={better[0]:g})\n"
        code += "better.fit(x, y, epochs=20)"
        return Advice(kind, "warning", text, seen, code, _STEP)
    if facts.diverged:
        text = "The loss became NaN or infinite: lower the learning rate, and scale features and targets."
        seen = f"rates {', '.join(f'{rate:g}' for rate in facts.rates)}"
        return Advice("diverged", "error", text, seen, _SCALE, _STEP)
    return None


def _output(facts: SubsetFacts) -> Advice | None:
    """Whether the output can take the targets' values, of a model with one output."""
    activation = _last_activation(facts.trial)
    loss = facts.trial.compiled.heads[0].loss
    if len(facts.trial.compiled.heads) > 1 or activation not in _RANGES or loss is None:
        return None
    if loss.accuracy is not None:  # its targets are classes, and the loss has checked the activation
        if activation == "relu":
            text = "The output is cut at 0 by its ReLU: end with another activation, or none."
            return Advice(
                "output_activation", "error", text, "output activation relu", _output_code(loss), _BIAS
            )
        return None
    low, high = _RANGES[activation]
    target = np.asarray(facts.feed.arrays[len(facts.trial.graph.inputs)])
    least, most = float(target.min()), float(target.max())
    if low <= least and most <= high:
        return None
    text = f"The output's {activation} cannot give the targets' values: end with a layer without activation."
    seen = f"{activation} gives {low:g} to {high:g}, the targets are {least:.4g} to {most:.4g}"
    return Advice("output_activation", "error", text, seen, _output_code(loss), _BIAS)


def _output_code(loss: Any) -> str:
    """Of probabilities the loss wants the activation that gives them."""
    of_classes = loss.accuracy is not None and getattr(loss, "from_logits", True) is False
    name = "sigmoid" if of_classes and loss.accuracy[0] == "binary_accuracy" else "softmax"
    return _OUTPUT.format(activation=f', activation="{name}"' if of_classes else "")


def _last_activation(model: "Model") -> str:
    """Of the layer that gives the output."""
    layer = model.graph.nodes[model.graph.outputs.nodes[0]].layer
    name = getattr(layer, "activation", None) or {"ReLU": "relu"}.get(type(layer).__name__, "linear")
    return str(name)


def _features(facts: SubsetFacts) -> Advice | None:
    """Features of unlike scales, unless the network scales them itself."""
    names = {type(layer).__name__ for layer in facts.trial.layers}
    arrays = [x for x in facts.feed.arrays[: len(facts.trial.graph.inputs)] if isinstance(x, np.ndarray)]
    if names & {"Normalization", "Whitening", "BatchNormalization", "Embedding"} or not arrays:
        return None
    x = np.concatenate([np.asarray(array, np.float64) for array in arrays], axis=1)
    spread = x.std(axis=0)
    varying = spread > 0
    if not varying.any():
        text = "All rows have the same features: there is nothing to tell them apart by."
        return Advice("constant_features", "error", text, f"{x.shape[1]} features", _ROWS, _STEP)
    largest, smallest = float(spread[varying].max()), float(spread[varying].min())
    far = float((np.abs(x.mean(axis=0)[varying]) / spread[varying]).max())
    if max(largest / smallest, far, largest) < _UNLIKE:
        return None
    text = "The features are far from mean 0 and deviation 1: standardise them."
    seen = f"deviations from {smallest:.3g} to {largest:.3g}"
    return Advice("unscaled_inputs", "warning", text, seen, _SCALE, 'deck 000, "Normalizing Inputs"')


def _small(facts: SubsetFacts) -> Advice | None:
    """Whether there are few weights for what is to be learnt, no hidden layer, or a narrow one."""
    graph = facts.trial.graph
    trained = facts.trial.weights.count(trainable=True)
    numbers = sum(np.asarray(y).size for y in facts.feed.arrays[len(graph.inputs) :])
    last = set(graph.outputs.nodes)
    hidden = [
        width
        for index, (node, width) in enumerate(zip(graph.nodes, graph.widths, strict=True))
        if index not in last and _is_nonlinear(node.layer)
    ]
    enough = min(sum(graph.widths_of(graph.outputs)), sum(graph.widths_of(graph.inputs)))
    if hidden and min(hidden) >= enough and trained >= numbers:
        return None
    text = "The network may be too small: give it more hidden units."
    units = f"the narrowest hidden layer has {min(hidden)} units" if hidden else "no hidden layer"
    seen = f"{trained} trained weights for {numbers} targets, {units}"
    return Advice("small_network", "warning", text, seen, BIAS[0].code, _BIAS)


def _is_nonlinear(layer: Any) -> bool:
    linear = ("Input", "Dropout", "GaussianNoise", "Normalization", "Whitening", "BatchNormalization", "Add")
    if type(layer).__name__ == "Dense":
        return bool(layer.activation != "linear")
    return type(layer).__name__ not in (*linear, "Average", "Concatenate", "Embedding")


def _falling(facts: SubsetFacts) -> Advice | None:
    """Whether it was on the way."""
    losses = np.asarray(facts.losses)
    tenth = max(1, len(losses) // 10)
    if len(losses) < 2 or losses[-tenth - 1 if len(losses) > tenth else 0] * (1 - _FALLING) < losses[-1]:
        return None
    text = "The loss still falls: give it more epochs."
    seen = f"loss {losses[-tenth - 1]:.4g} to {losses[-1]:.4g} in the last {tenth} epochs"
    code = f"print(fd.diagnose.overfit_subset(model, x, y, epochs={10 * len(losses)}))"
    return Advice("more_epochs", "hint", text, seen, code, _STEP)

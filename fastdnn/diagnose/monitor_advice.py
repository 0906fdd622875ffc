"""What the samples of a fit show."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.inside_advice import DEAD, advice_of
from fastdnn.diagnose.layer_figures import LayerFigures, number_told
from fastdnn.diagnose.layer_statistics import start_of
from fastdnn.report import table

if TYPE_CHECKING:
    from fastdnn.callbacks.monitor import Monitor

# Deck 004: a ratio of "around 0.001 is ideal, around 0.01 is about okay". Beyond three times that it is not;
# and a tenth of the ideal is as far below it.
RATIO_HIGH = 0.03
RATIO_LOW = 1e-4
# A batch has few rows, for all of which a unit that lives may be 0: so more of them than of a larger set.
_DEAD_IN_BATCH = 0.5
# Where hardly any gradient comes through, or far too much, steps are small or large for that reason: another
# rate would mend nothing, or is what killed the units.
_BLOCKS = (
    "dead_units",
    "no_signal",
    "saturated_units",
    "vanishing_activations",
    "vanishing_gradients",
    "exploding_activations",
    "exploding_gradients",
)
_BY_GRADIENTS = ("small_updates", "good_updates", "uneven_updates")
_LATE = 4  # layers are judged by the last quarter of the samples

_SOURCE = 'deck 004, "Tracking the weights also helps"'


def advice_of_samples(monitor: "Monitor") -> tuple[Advice, ...]:
    """The advice of `Monitor.advice`."""
    figures = late_figures(monitor)
    inside = list(advice_of(figures, start_of(monitor.model), _DEAD_IN_BATCH, DEAD))
    blocked = any(advice.kind in _BLOCKS for advice in inside)
    steps = [advice for advice in _ratios(monitor) if not (blocked and advice.kind in _BY_GRADIENTS)]
    return ordered([*steps, *inside])


def late(values: np.ndarray) -> float:
    """The median of the last quarter of a figure, NaN apart."""
    return _median(values[-max(1, len(values) // _LATE) :])


def _median(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else math.nan


def late_figures(monitor: "Monitor") -> list[LayerFigures]:
    """What the layers gave of late."""
    layout, samples = monitor.layout, monitor.samples
    rows = int(late(samples["rows"]))
    found = []
    for name, layer in layout.layers.items():
        if f"mean/{name}" not in samples:
            continue
        of = {key: late(samples[f"{key}/{name}"]) for key in ("mean", "std", "min", "max", "zeros")}
        is_relu, saturates = layer.activation == "relu", layer.activation in ("sigmoid", "tanh")
        gradient = samples.get(f"activation_gradient/{name}")
        found.append(
            LayerFigures(
                layer,
                layout.units[name],
                rows,
                of["mean"],
                of["std"],
                of["min"],
                of["max"],
                of["zeros"],
                late(samples[f"dead/{name}"]) if is_relu else math.nan,
                late(samples[f"saturated/{name}"]) if saturates else math.nan,
                tuple(samples[f"histogram/{name}"][-1].tolist()),
                math.nan if gradient is None else late(gradient),
            )
        )
    return found


def ratios(monitor: "Monitor") -> dict[str, float]:
    """Medians of all samples, of the weights that are matrices: biases begin at 0, and their ratio says
    little. Not of late: weights that too high a rate has blown up look as if they changed little.
    """
    samples = monitor.samples
    kernels = dict.fromkeys(name for layer in monitor.layout.layers.values() for name in layer.kernels)
    return {name: _median(samples[f"ratio/{name}"]) for name in kernels if f"ratio/{name}" in samples}


def _ratios(monitor: "Monitor") -> Iterator[Advice]:
    known = {name: ratio for name, ratio in ratios(monitor).items() if not math.isnan(ratio)}
    if not known:
        return
    middle = float(np.median(list(known.values())))
    highest, lowest = max(known, key=lambda name: known[name]), min(known, key=lambda name: known[name])
    seen = (
        f"‖update‖/‖weight‖ {middle:.1e} in the middle, {known[lowest]:.1e} ({lowest}) to "
        f"{known[highest]:.1e} ({highest}); 1e-3 is ideal, 1e-2 about okay"
    )
    if middle > RATIO_HIGH:
        text = "The weights change too much in each step: begin anew at a lower learning rate."
        start = start_of(monitor.model)
        code = "" if start.rate is None else start.code(0, True)
        yield Advice("large_updates", "warning", text, seen, code, _SOURCE)
    elif middle < RATIO_LOW:
        text = "The weights hardly change: raise the learning rate, unless it was lowered to finish."
        yield Advice("small_updates", "warning", text, seen, _faster(monitor), _SOURCE)
    else:
        yield Advice(
            "good_updates", "good", "The steps have a good size beside the weights.", seen, source=_SOURCE
        )
    if known[highest] > 1000 * known[lowest]:
        text = "Some layers learn a thousand times faster than others: Adam evens them out."
        code = 'model.compile("adam", model.compiled.loss)'
        yield Advice("uneven_updates", "hint", text, seen, code, _SOURCE)


def _faster(monitor: "Monitor") -> str:
    """A line that raises the rate; none where it is scheduled."""
    scheduled = "learning_rate" in monitor.model.optimizer.schedules
    return "" if scheduled else "model.optimizer.learning_rate *= 10"


def text_of_samples(monitor: "Monitor") -> str:
    """A row for each layer, of late, and the advice."""
    samples = monitor.samples
    rows = []
    of_weights = ratios(monitor)
    for found in late_figures(monitor):
        kernels = [of_weights[name] for name in found.layer.kernels if name in of_weights]
        rows.append(
            [
                found.name,
                found.layer.activation,
                found.told,
                _share(found.zeros),
                _share(found.dead),
                _share(found.saturated),
                _number(found.gradient_norm),
                _number(kernels[0] if kernels else math.nan),
            ]
        )
    head = ["layer", "activation", "output", "zero", "dead", "saturated", "‖dL/dy‖", "‖Δθ‖/‖θ‖"]
    steps = samples["step"]
    first = (
        f"{len(steps)} samples, steps {steps[0]} to {steps[-1]}, every {monitor.every}; medians of the last "
        f"quarter, ratios of all; loss of the batch {samples['loss'][0]:.4g} to {samples['loss'][-1]:.4g}"
    )
    told = [advice.told() for advice in monitor.advice]
    return "\n".join([first, table(head, rows, numeric=range(2, 8)), *told])


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0%}"


def _number(value: float) -> str:
    return number_told(value, 2)

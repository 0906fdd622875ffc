"""What figures of layers say: dead or saturated units, a signal or a gradient that is lost on its way."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastdnn.diagnose.advice import Advice
from fastdnn.sampling import WatchedLayer
from fastdnn.short_repr import ShortRepr

# Of the units of a ReLU layer, 0 for every row that was looked at. Stanford's cs231n, from which deck 004 is,
# has seen "as much as 40 %" dead at too high a rate; here the half of that.
DEAD = 0.2
# Of fewer rows a unit that lives may well be 0 for all: one that is on for a tenth of them is for 0.9^32 = 3%
# of such batches, and for 43 % of those of 8 rows.
DEAD_ROWS = 32
# Of the outputs of a sigmoid or tanh layer, where hardly anything comes back (fastdnn.sampling.SATURATED).
SATURATED_SHARE = 0.3
# From the first hidden layer to the last: of the standard deviation of what layers give, and of the norm of
# the gradients. 1.5 and 0.5 a layer, deck 002's example, reach the first within six layers, the second within
# twelve.
SIGNAL_FACTOR = 10.0
GRADIENT_FACTOR = 100.0

_DEAD_SOURCE = 'deck 004, "Rectified Linear Unit (Krizhevsky et al., 2012)"'
_DEPTH_SOURCE = 'deck 004, "How to find the appropriate range?"; deck 002, "Vanishing/exploding Gradients"'
_SATURATION_SOURCE = 'deck 004, "Historically the most popular choice: Sigmoid"'
_CLIPPED = "model.compile(fd.optimizers.Adam(global_clipnorm=1.0), model.compiled.loss)"
# Units that are dead stay so at a lower rate, too.
_ANEW = "model = fd.diagnose.fresh_copy(model)\n"
_LAYER = "layer = fd.layers.Dense({units}, {arguments})"


@dataclass(frozen=True)
class LayerFigures(ShortRepr):
    """What a layer gives for some rows.

    layer: which one; units: its outputs for an example; rows: that were looked at.
    mean, std, low, high: of all outputs; zeros: the share of outputs that are 0; dead: of a ReLU, the share
    of units that are 0 for every row, else NaN; saturated: of a sigmoid or tanh, the share of outputs where
    the derivative is below 5 % of its largest, else NaN.
    histogram: shares of the outputs in equal parts of [low, high].
    gradient_norm: ‖dL/dy‖ of these outputs y over all rows; NaN where it is not known.
    """

    layer: WatchedLayer
    units: int
    rows: int
    mean: float
    std: float
    low: float
    high: float
    zeros: float
    dead: float
    saturated: float
    histogram: tuple[float, ...]
    gradient_norm: float = math.nan

    @property
    def name(self) -> str:
        """Of the use of the layer."""
        return self.layer.name


def advice_of(layers: Sequence[LayerFigures], rate_code: str, dead: float = DEAD) -> Iterator[Advice]:
    """What these layers, in the order of the network, show.

    Args:
        layers: all of them.
        rate_code: a line that lowers the learning rate, "" where there is none.
        dead: the share of units above which ReLUs are said to be dead.
    """
    hidden = [layer for layer in layers if layer.layer.is_hidden]
    broken = [layer for layer in layers if not math.isfinite(layer.mean + layer.std)]
    if broken:
        yield _not_finite(broken[0])
        return
    yield from _dead(hidden, rate_code, dead)
    yield from _saturated(hidden)
    yield from _signal(hidden)
    yield from _gradient(hidden)
    yield from _sigmoids(hidden)


def _not_finite(layer: LayerFigures) -> Advice:
    return Advice(
        "not_finite",
        "error",
        f"Layer {layer.name!r} gives numbers that are NaN or infinite: lower the learning rate and "
        "standardise the inputs.",
        f"mean {layer.mean:.3g}, standard deviation {layer.std:.3g}, over {layer.rows} rows",
        "x = fd.data.StandardScaler().fit_transform(x)",
        'deck 004, "Random Initialization of Weights"',
    )


def _dead(hidden: Sequence[LayerFigures], rate_code: str, limit: float) -> Iterator[Advice]:
    rectified = [layer for layer in hidden if not math.isnan(layer.dead) and layer.rows >= DEAD_ROWS]
    bad = sorted((layer for layer in rectified if layer.dead > limit), key=lambda layer: -layer.dead)
    if bad:
        worst = bad[0]
        others = f", and {len(bad) - 1} more layers are like it" if len(bad) > 1 else ""
        yield Advice(
            "dead_units",
            "warning",
            f"Units of layer {worst.name!r} are dead: they give 0 for every row, and learn no more. "
            "Lower the learning rate and start anew with He initialisation, or take leaky_relu.",
            f"{worst.dead:.0%} of {worst.units} units are 0 for all {worst.rows} rows{others}",
            _ANEW + rate_code
            if rate_code
            else _LAYER.format(units=worst.units, arguments='activation="leaky_relu"'),
            _DEAD_SOURCE,
        )
    elif rectified:
        most = max(rectified, key=lambda layer: layer.dead)
        yield Advice(
            "live_units",
            "good",
            "The ReLU units are alive.",
            f"at most {most.dead:.0%} of the units of a layer ({most.name!r}) are 0 for all {most.rows} rows",
            source=_DEAD_SOURCE,
        )


def _saturated(hidden: Sequence[LayerFigures]) -> Iterator[Advice]:
    bad = [layer for layer in hidden if layer.saturated > SATURATED_SHARE]
    if bad:
        worst = max(bad, key=lambda layer: layer.saturated)
        yield Advice(
            "saturated_units",
            "warning",
            f"The {worst.layer.activation} units of layer {worst.name!r} are saturated: hardly any gradient "
            "comes through. Take ReLU in hidden layers, or begin with smaller weights.",
            f"{worst.saturated:.0%} of the outputs have a derivative below 5 % of its largest",
            _LAYER.format(units=worst.units, arguments='activation="relu"'),
            _SATURATION_SOURCE,
        )


def _sigmoids(hidden: Sequence[LayerFigures]) -> Iterator[Advice]:
    names = [layer.name for layer in hidden if layer.layer.activation == "sigmoid"]
    if names:
        layer = next(layer for layer in hidden if layer.name == names[0])
        yield Advice(
            "sigmoid_hidden",
            "hint",
            "Sigmoid in hidden layers saturates and gives positive numbers only: ReLU, or tanh, is better.",
            f"layers {', '.join(names)}; {layer.name!r} has mean {layer.mean:.2f}",
            _LAYER.format(units=layer.units, arguments='activation="relu"'),
            _SATURATION_SOURCE,
        )


def _signal(hidden: Sequence[LayerFigures]) -> Iterator[Advice]:
    silent = [layer for layer in hidden if layer.std == 0]
    if silent:
        yield Advice(
            "no_signal",
            "warning",
            f"Layer {silent[0].name!r} gives the same number for every row and unit: nothing of the input "
            "reaches the layers after it. Begin with random weights.",
            f"standard deviation 0 over {silent[0].rows} rows, mean {silent[0].mean:.3g}",
            _LAYER.format(units=silent[0].units, arguments='activation="relu", kernel_initializer="auto"'),
            'deck 004, "Weight Initialization": W = 0: never do this',
        )
        return
    if len(hidden) < 3:
        return
    first, last = hidden[0], hidden[-1]
    factor = last.std / first.std
    seen = f"standard deviation {first.std:.3g} in {first.name!r}, {last.std:.3g} in {last.name!r}"
    if 1 / SIGNAL_FACTOR <= factor <= SIGNAL_FACTOR:
        yield Advice(
            "steady_signal",
            "good",
            "From layer to layer the outputs keep their scale.",
            seen,
            source=_DEPTH_SOURCE,
        )
        return
    shrinks = factor < 1
    yield Advice(
        "vanishing_activations" if shrinks else "exploding_activations",
        "warning",
        f"The signal {'shrinks' if shrinks else 'grows'} from layer to layer. Initialise by the activation "
        "(He for ReLU, Glorot for tanh: the default), or put BatchNormalization between the layers.",
        seen,
        _LAYER.format(units=last.units, arguments=_initialised(last)),
        _DEPTH_SOURCE,
    )


def _initialised(layer: LayerFigures) -> str:
    activation = layer.layer.activation
    return f'activation="{activation}", kernel_initializer="auto"'


def _gradient(hidden: Sequence[LayerFigures]) -> Iterator[Advice]:
    known = [layer for layer in hidden if math.isfinite(layer.gradient_norm)]
    if len(known) < 3:
        return
    first, last = known[0], known[-1]
    if not last.gradient_norm > 0 or not first.gradient_norm > 0:
        return
    factor = first.gradient_norm / last.gradient_norm
    seen = (
        f"‖gradient‖ {last.gradient_norm:.3g} in {last.name!r}, {first.gradient_norm:.3g} in {first.name!r}"
    )
    if 1 / GRADIENT_FACTOR <= factor <= GRADIENT_FACTOR:
        yield Advice("steady_gradient", "good", "The gradient reaches the first layers.", seen)
        return
    vanishes = factor < 1
    cure = "ReLU, He initialisation, BatchNormalization or a skip connection" if vanishes else "Clipping"
    yield Advice(
        "vanishing_gradients" if vanishes else "exploding_gradients",
        "warning",
        f"The gradient {'vanishes' if vanishes else 'explodes'} on its way back to the first layers. {cure} "
        f"{'lets it through' if vanishes else 'by its norm helps, and smaller initial weights'}.",
        seen,
        _LAYER.format(units=first.units, arguments='activation="relu", kernel_initializer="auto"')
        if vanishes
        else _CLIPPED,
        'deck 002, "Vanishing/exploding Gradients"; deck 004, "Weight Initialization"',
    )

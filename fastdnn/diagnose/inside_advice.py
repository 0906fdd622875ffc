"""What figures of layers say: dead or saturated units, a signal or a gradient that is lost on its way."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.layer_figures import LayerFigures

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
_OF_LAYERS = ("activation", "kernel_initializer")  # which of `fresh_copy`'s arguments `Dense` has, too
_AUTO = '"auto"'  # He's initial weights for ReLU, Glorot's else
_INITIALISE = (
    "Initialise by the activation (He for ReLU, Glorot for tanh: the default), or put BatchNormalization "
    "between the layers."
)


@dataclass(frozen=True)
class Start:
    """What is known of a model for the lines that train it anew: where only the rate is changed, what its
    weights have become stays.

    compiled: whether it is compiled; else the lines are those of a layer.
    rate: its learning rate; None where it is scheduled.
    """

    compiled: bool
    rate: float | None = None

    def code(self, units: int, slower: bool = False, /, **changed: str) -> str:
        """The lines that train a copy with new weights, these arguments of `fresh_copy` changed.

        Args:
            units: of the layer that the advice is about.
            slower: whether at a tenth of the rate, too.
            changed: values as they are written in code.
        """
        if not self.compiled:
            kept = {name: value for name, value in changed.items() if name in _OF_LAYERS}
            return f"layer = fd.layers.Dense({', '.join([str(units), *_written(kept)])})"
        if slower and self.rate is not None:
            changed = {**changed, "learning_rate": f"{0.1 * self.rate:.3g}"}
        arguments = ", ".join(["model", *_written(changed)])
        return f"better = fd.diagnose.fresh_copy({arguments})\nbetter.fit(x, y, epochs=20)"


def _written(arguments: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in arguments.items()]


def advice_of(
    layers: Sequence[LayerFigures], start: Start, dead: float = DEAD, alive: float | None = None
) -> Iterator[Advice]:
    """What these layers, in the order of the network, show.

    Args:
        layers: all of them.
        start: of the model, for lines of code.
        dead: the share of units above which ReLUs are said to be dead.
        alive: the share up to which they are said to be alive, default `dead`.
    """
    hidden = [layer for layer in layers if layer.layer.is_hidden]
    broken = [layer for layer in layers if not layer.is_finite]
    far = [layer for layer in layers if layer.beyond_measure]
    if broken:
        yield _not_finite(broken[0], start)
        return
    if far:
        yield _beyond_measure(far[0], start)
        return
    # The scale of the signal first: what explodes or vanishes kills units, and not the other way round.
    yield from _signal(hidden, start)
    yield from _dead(hidden, start, dead, dead if alive is None else alive)
    yield from _silent(hidden, start)
    yield from _saturated(hidden, start)
    yield from _gradient(hidden, start)
    yield from _sigmoids(hidden, start)


def _beyond_measure(layer: LayerFigures, start: Start) -> Advice:
    far = layer.beyond_measure
    return Advice(
        "exploding_activations" if far == "large" else "vanishing_activations",
        "warning",
        f"The outputs of layer {layer.name!r} are too {far} to measure: their squares are beyond what a "
        "float can hold. Begin anew with usual initial weights, and standardised inputs.",
        f"outputs from {layer.low:.3g} to {layer.high:.3g} over {layer.rows} rows",
        start.code(layer.units, **_as_it_is(layer, start), kernel_initializer=_AUTO, scale="x"),
        _DEPTH_SOURCE,
    )


def _not_finite(layer: LayerFigures, start: Start) -> Advice:
    return Advice(
        "not_finite",
        "error",
        f"Layer {layer.name!r} gives numbers that are NaN or infinite: begin anew at a lower learning rate, "
        "with standardised inputs.",
        f"mean {layer.mean:.3g}, standard deviation {layer.std:.3g}, over {layer.rows} rows",
        start.code(layer.units, True, scale="x")
        if start.compiled
        else "x = fd.data.StandardScaler().fit_transform(x)",
        'deck 004, "Random Initialization of Weights"',
    )


def _dead(hidden: Sequence[LayerFigures], start: Start, limit: float, alive: float) -> Iterator[Advice]:
    rectified = [layer for layer in hidden if not math.isnan(layer.dead) and layer.rows >= DEAD_ROWS]
    bad = sorted((layer for layer in rectified if layer.dead > limit), key=lambda layer: -layer.dead)
    if bad:
        worst = bad[0]
        others = f", and {len(bad) - 1} more layers are like it" if len(bad) > 1 else ""
        off_scale = _lost(hidden) is not None or _grown(hidden)
        yield Advice(
            "dead_units",
            "warning",
            f"Units of layer {worst.name!r} are dead: they give 0 for every row, and learn no more. "
            + _REVIVED[off_scale],
            f"{worst.dead:.0%} of {worst.units} units are 0 for all {worst.rows} rows{others}",
            _revived(worst, start, off_scale),
            _DEAD_SOURCE,
        )
    elif rectified:
        yield _mostly_alive(max(rectified, key=lambda layer: layer.dead), alive)


# By whether the signal vanishes or explodes before it comes to them: then the rate did not kill them.
_REVIVED = {
    False: "Start anew with He initialisation at a lower learning rate, or take leaky_relu.",
    True: "Start anew with He initialisation, or take leaky_relu.",
}


def _revived(worst: LayerFigures, start: Start, off_scale: bool) -> str:
    activation = '"relu"' if start.compiled else '"leaky_relu"'
    return start.code(worst.units, not off_scale, activation=activation, kernel_initializer=_AUTO)


def _mostly_alive(most: LayerFigures, alive: float) -> Advice:
    seen = f"at most {most.dead:.0%} of the units of a layer ({most.name!r}) are 0 for all {most.rows} rows"
    if most.dead <= alive:
        return Advice("live_units", "good", "The ReLU units are alive.", seen, source=_DEAD_SOURCE)
    text = f"Many units of layer {most.name!r} gave 0 for a whole batch: see on more rows if they are dead."
    code = "print(fd.diagnose.layer_statistics(model, x))"
    return Advice("idle_units", "hint", text, seen, code, _DEAD_SOURCE)


def _saturated(hidden: Sequence[LayerFigures], start: Start) -> Iterator[Advice]:
    bad = [layer for layer in hidden if layer.saturated > SATURATED_SHARE]
    if bad:
        worst = max(bad, key=lambda layer: layer.saturated)
        yield Advice(
            "saturated_units",
            "warning",
            f"The {worst.layer.activation} units of layer {worst.name!r} are saturated: hardly any gradient "
            "comes through. Take ReLU in hidden layers, or begin with smaller weights.",
            f"{worst.saturated:.0%} of the outputs have a derivative below 5 % of its largest",
            start.code(worst.units, activation='"relu"', kernel_initializer=_AUTO),
            _SATURATION_SOURCE,
        )


def _sigmoids(hidden: Sequence[LayerFigures], start: Start) -> Iterator[Advice]:
    names = [layer.name for layer in hidden if layer.layer.activation == "sigmoid"]
    if names:
        layer = next(layer for layer in hidden if layer.name == names[0])
        yield Advice(
            "sigmoid_hidden",
            "hint",
            "Sigmoid in hidden layers saturates and gives positive numbers only: ReLU, or tanh, is better.",
            f"layers {', '.join(names)}; {layer.name!r} has mean {layer.mean:.2f}",
            start.code(layer.units, activation='"relu"'),
            _SATURATION_SOURCE,
        )


def _lost(hidden: Sequence[LayerFigures]) -> LayerFigures | None:
    """The layer with which the signal is lost: the last one, or one on the way, whose outputs spread much
    less than those of the first layer. On the way those with its activation are looked at: outputs of a
    sigmoid spread less than a ReLU's.
    """
    hidden = _heard(hidden)
    if len(hidden) < 3:
        return None
    first, last = hidden[0], hidden[-1]
    of_one_kind = [layer for layer in hidden[1:-1] if layer.layer.activation == first.layer.activation]
    weak = [layer for layer in [*of_one_kind, last] if layer.std * SIGNAL_FACTOR < first.std]
    return min(weak, key=lambda layer: layer.std, default=None)


def _silent(hidden: Sequence[LayerFigures], start: Start) -> Iterator[Advice]:
    silent = [layer for layer in hidden if layer.is_silent]
    if silent:
        why = "all its units are dead" if silent[0].dead == 1 else "begin with random weights"
        yield Advice(
            "no_signal",
            "warning",
            f"Layer {silent[0].name!r} gives the same number for every row and unit, so that nothing of the "
            f"input reaches the layers after it: {why}.",
            f"standard deviation 0 over {silent[0].rows} rows, mean {silent[0].mean:.3g}",
            start.code(silent[0].units, activation='"relu"', kernel_initializer=_AUTO),
            'deck 004, "Weight Initialization": W = 0: never do this',
        )


def _heard(hidden: Sequence[LayerFigures]) -> list[LayerFigures]:
    """The layers that the input reaches: those before the first silent one."""
    return list(takewhile(lambda layer: not layer.is_silent, hidden))


def _grown(hidden: Sequence[LayerFigures]) -> bool:
    """Whether the signal explodes."""
    heard = _heard(hidden)
    return len(heard) > 2 and heard[-1].std > SIGNAL_FACTOR * heard[0].std


def _signal(hidden: Sequence[LayerFigures], start: Start) -> Iterator[Advice]:
    heard = _heard(hidden)
    if len(heard) < 3:
        return
    lost = _lost(heard)
    first, last = heard[0], lost or heard[-1]
    factor = last.std / first.std
    seen = f"standard deviation {first.std:.3g} in {first.name!r}, {last.std:.3g} in {last.name!r}"
    if 1 / SIGNAL_FACTOR <= factor <= SIGNAL_FACTOR:
        text = "From layer to layer the outputs keep their scale."
        if len(heard) == len(hidden):
            yield Advice("steady_signal", "good", text, seen, source=_DEPTH_SOURCE)
        return
    shrinks = factor < 1
    yield Advice(
        "vanishing_activations" if shrinks else "exploding_activations",
        "warning",
        f"The signal {'shrinks' if shrinks else 'grows'} from layer to layer. {_INITIALISE}",
        seen,
        start.code(last.units, **_as_it_is(last, start), kernel_initializer=_AUTO),
        _DEPTH_SOURCE,
    )


def _as_it_is(layer: LayerFigures, start: Start) -> dict[str, str]:
    """The layer's activation, where the code makes a layer; a copy keeps those of all layers."""
    return {} if start.compiled else {"activation": f'"{layer.layer.activation}"'}


def _gradient(hidden: Sequence[LayerFigures], start: Start) -> Iterator[Advice]:
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
    mended = (
        {"activation": '"relu"'} if vanishes else {"optimizer": "fd.optimizers.Adam(global_clipnorm=1.0)"}
    )
    yield Advice(
        "vanishing_gradients" if vanishes else "exploding_gradients",
        "warning",
        f"The gradient {'vanishes' if vanishes else 'explodes'} on its way back to the first layers. {cure} "
        f"{'lets it through' if vanishes else 'by its norm helps, and smaller initial weights'}.",
        seen,
        start.code(first.units, **mended, kernel_initializer=_AUTO),
        'deck 002, "Vanishing/exploding Gradients"; deck 004, "Weight Initialization"',
    )

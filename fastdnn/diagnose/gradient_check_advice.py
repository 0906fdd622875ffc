"""What a gradient check means: where to look for the mistake, and what was not checked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastdnn.custom.losses import PythonLoss
from fastdnn.diagnose.advice import Advice, Severity, ordered
from fastdnn.layers.layer import Layer

if TYPE_CHECKING:
    from fastdnn.diagnose.gradient_check_result import GradientCheck, TensorCheck
    from fastdnn.model import Model

_CHECK = 'deck 002, "Gradient Checking"'
_NOTES = 'deck 002, "Gradient Checking Notes"'
MANY_KINKS = 0.05  # share of skipped elements above which it is said
_NAMED = 6  # tensors in one sentence


def advice_of(found: "GradientCheck", model: "Model") -> tuple[Advice, ...]:
    """The advice of a check, and of the one after training, the most important first; `model` is a copy."""
    return ordered(_all(found, model))


def _all(found: "GradientCheck", model: "Model") -> Iterator[Advice]:
    if found.is_random:
        yield _random()
    if found.verdict == "great":
        yield _right(found)
    elif found.verdict == "worry":
        yield _wrong(found, model)
    elif not found.shows_nothing:
        yield _doubtful(found, model)
    yield from _unmoved(found)
    yield from _left_out(found, model)


def _right(found: "GradientCheck") -> Advice:
    checks = [found] if found.trained is None else [found, found.trained]
    evidence = "; ".join(
        f"ratio {check.ratio:.2g} over {check.checked:,} numbers"
        + (f" after {check.epochs} epochs" if check.epochs else "")
        for check in checks
    )
    text = "The gradients are right: those of back-propagation are those of the loss."
    if found.trained is not None:
        return Advice("gradients_right", "good", text, evidence, "", _CHECK)
    text += " Check once more after some training, where other units are on."
    code = "print(model.check_gradients(x, y, after_epochs=1))"
    return Advice("gradients_right", "good", text, evidence, code, _NOTES)


def _random() -> Advice:
    text = (
        "The loss of the same weights is another one each time, so no difference means anything: "
        "switch off what draws random numbers in your own layers."
    )
    return Advice("random_loss", "error", text, "two runs on the same rows differ", "", _NOTES)


# ---- Differences


def _tensors(found: "GradientCheck") -> list["TensorCheck"]:
    """Those that differ, here or after training; the nearest to the loss comes last."""
    trained = () if found.trained is None else found.trained.tensors
    named = {tensor.name: tensor for tensor in found.tensors}
    for tensor in trained:
        if tensor.verdict != "great":
            named[tensor.name] = tensor
    return [tensor for name, tensor in named.items() if name in found.differing]


def _evidence(found: "GradientCheck") -> str:
    ratio = max([found.ratio, *([] if found.trained is None else [found.trained.ratio])])
    text = f"ratio {ratio:.2g} (great up to 1e-7, worry from 1e-3 on)"
    differing = [tensor for tensor in _tensors(found) if tensor.worst is not None]
    if differing:
        tensor = max(differing, key=lambda tensor: tensor.difference)
        worst = tensor.worst
        assert worst is not None
        text += (
            f"; {tensor.name}{list(worst.index)} has {worst.analytic:.6g} by back-propagation "
            f"and {worst.numeric:.6g} by differences"
        )
    return text


def _names(found: "GradientCheck") -> str:
    names = found.differing
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _wrong(found: "GradientCheck", model: "Model") -> Advice:
    whose = f"The gradient of {_names(found)} is wrong" if found.differing else "The gradient is wrong"
    code = 'print(model.check_gradients(x, y, stencil="five_point"))'
    return Advice(
        "gradients_wrong", "error", f"{whose}. {_where_to_look(found, model)}", _evidence(found), code, _NOTES
    )


def _where_to_look(found: "GradientCheck", model: "Model") -> str:
    """A wrong gradient with respect to a layer's input makes all gradients before it wrong, one with respect
    to its weights only theirs: so the mistake is in the last layer that differs, or behind it.
    """
    order = {node.layer.name: number for number, node in enumerate(model.graph.nodes)}
    own = {layer.name for layer in model.layers if _is_own(layer)}
    losses = [head.loss.name for head in model.compiled.heads if isinstance(head.loss, PythonLoss)]
    if not own and not losses:
        return "No code of your own computes it, so this is a mistake of fastdnn: please report it."
    differing = [tensor for tensor in _tensors(found) if tensor.layer]
    top = max((order[tensor.layer] for tensor in differing), default=-1)
    wrong = {tensor.name for tensor in differing if order[tensor.layer] == top}
    last = model.graph.nodes[top].layer.name if top >= 0 else ""
    alike = {tensor.name for tensor in found.tensors if tensor.layer == last}
    suspects = []
    if last in own:
        short = ", ".join(sorted(name.rsplit("/", 1)[1] for name in wrong))
        suspects.append(f"what backward of your layer {last!r} returns for {short}")
    if last not in own or wrong == alike:  # else dy was right there, and so is all behind
        behind = sorted((name for name in own if order[name] > top), key=order.__getitem__)
        suspects += [f"the dx of backward of your layer {name!r}" for name in behind]
        suspects += [f"the gradient that your loss {name!r} gives" for name in losses]
    if not suspects:
        return (
            f"No code of your own comes behind {last!r}, so this is a mistake of fastdnn: please report it."
        )
    return f"Look at {' and '.join(suspects)}."


def _is_own(layer: Layer) -> bool:
    return type(layer).has_own("forward")


def _doubtful(found: "GradientCheck", model: "Model") -> Advice:
    rounding = found.difference <= found.rounding
    five = 'print(model.check_gradients(x, y, stencil="five_point"))'
    if rounding and found.ratio > 0:
        text = (
            "The gradients are so small that rounding hides them: nothing can be said. Check with other "
            "weights, or by five points, whose larger steps are rounded by less."
        )
        return Advice("gradients_lost_in_rounding", "warning", text, _evidence(found), five, _CHECK)
    whose = f"The gradient of {_names(found)}" if found.differing else "The gradient"
    if found.stencil == "five_point":
        text, code = f"{whose} is a little wrong. {_where_to_look(found, model)}", ""
    else:
        text, code = f"{whose} may be wrong: see whether the better stencil of five points agrees.", five
    return Advice("gradients_doubtful", "warning", text, _evidence(found), code, _CHECK)


# ---- What was not checked


def _unmoved(found: "GradientCheck") -> Iterator[Advice]:
    still = [tensor for tensor in found.tensors if tensor.checked and tensor.norm == tensor.difference == 0]
    if not still:
        return
    names = ", ".join(tensor.name for tensor in still[:_NAMED]) + (" ..." if len(still) > _NAMED else "")
    text = f"Nothing moves the loss in {names}: units that are dead, or that the loss does not depend on."
    evidence = f"all derivatives are 0 in {len(still)} of {len(found.tensors)} tensors"
    severity: Severity = "warning" if len(still) == len(found.tensors) else "hint"
    code = "print({name: abs(g).max() for name, g in model.loss_and_gradients(x, y)[1].items()})"
    yield Advice("no_gradient", severity, text, evidence, code, _CHECK)


def _left_out(found: "GradientCheck", model: "Model") -> Iterator[Advice]:
    tried = found.checked + found.kinks
    if found.kinks > MANY_KINKS * tried:
        text = (
            "Many numbers lie at a kink, where no derivative can be told: take fewer rows, or a smaller "
            "epsilon."
        )
        evidence = f"{found.kinks:,} of {tried:,} numbers skipped"
        code = "print(model.check_gradients(x, y, rows=8, epsilon=1e-7))"
        severity: Severity = "hint" if found.checked else "warning"
        yield Advice("many_kinks", severity, text, evidence, code, _CHECK)
    if found.refined_from is not None:
        epsilon, ratio = found.refined_from
        text = (
            f"With ε = {epsilon:g} the differences themselves err too much here, so ε is {found.epsilon:g}."
        )
        evidence = f"ratio {ratio:.2g}, and {found.ratio:.2g} with the smaller ε"
        code = f"print(model.check_gradients(x, y, stencil={found.stencil!r}, epsilon={found.epsilon:g}))"
        yield Advice("epsilon_refined", "hint", text, evidence, code, _CHECK)
    if found.sampled:
        text = (
            f"Of {len(found.sampled)} of {len(found.tensors)} tensors only a sample was checked, and random "
            "directions over all of their numbers: a mistake in a few of them may be missed."
        )
        size = sum(tensor.size for tensor in found.tensors)
        evidence = f"{tried:,} of {size:,} numbers"
        code = f"print(model.check_gradients(x, y, max_per_tensor={max(t.size for t in found.tensors)}))"
        yield Advice("gradients_sampled", "hint", text, evidence, code, _CHECK)
    frozen = [layer.name for layer in model.layers if layer.weights and not layer.trainable]
    if frozen:
        text = f"The weights of {', '.join(frozen[:_NAMED])} are frozen and were not checked."
        code = "model.unfreeze()"
        yield Advice("frozen_not_checked", "hint", text, f"frozen: {len(frozen)}", code, _NOTES)
    if found.silenced:
        text = f"Dropout and noise were off for the check ({', '.join(found.silenced)}); in fit they are on."
        yield Advice("randomness_off", "good", text, f"off: {len(found.silenced)}", "", _NOTES)

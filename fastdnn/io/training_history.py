"""The figures of a model's last training as JSON, beside the model in its file."""

import json
import math
from dataclasses import asdict
from typing import Any

from fastdnn.callbacks.change import Change
from fastdnn.callbacks.history import History
from fastdnn.checks import is_real, is_text

_DIGITS = 7  # of a float32; the figures of a file are for reading, not for going on
# Of `History.params`: what does not depend on the machine, so that a file has the same bits on any.
_PARAMS = ("epochs", "steps", "batch_size", "samples", "seed")


def history_text(history: History) -> str:
    """A history that has epochs."""
    params = getattr(history, "params", {})
    changes = [asdict(change) for change in history.changes]
    return json.dumps(
        {
            "epoch": history.epoch,
            "figures": {
                name: [_rounded(value) for value in values] for name, values in history.history.items()
            },
            "params": {name: params.get(name) for name in _PARAMS},
            **({"changes": changes} if changes else {}),
        },
        allow_nan=False,
    )


def _rounded(value: float) -> Any:
    """As many digits as count; a figure that is not finite, which JSON does not know, as text."""
    number = float(value)
    return float(f"{number:.{_DIGITS}g}") if math.isfinite(number) else repr(number)


def history_of(text: str) -> History:
    """The history that `history_text` wrote; it has no model yet.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: the text is something else.
    """
    given = json.loads(text)
    history = History()
    history.epoch = [_whole(epoch) for epoch in given["epoch"]]
    for name, values in given["figures"].items():
        if not is_text(name):
            raise ValueError(f"{name!r} as the name of a figure")
        history.history[name] = [_figure(value) for value in values]
    params = given["params"]
    history.params = {name: None if params[name] is None else _whole(params[name]) for name in _PARAMS}
    history.changes = [_change(**change) for change in given.get("changes", [])]
    return history


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} in the place of a whole number")
    return value


def _change(epoch: Any, step: Any, name: Any, old: Any, new: Any, note: Any) -> Change:
    if not is_text(name) or not is_text(note):
        raise ValueError(f"{name!r}, {note!r} in the place of a name and a note")
    old, new = (None if value is None else _exact(value) for value in (old, new))
    return Change(_number(epoch), None if step is None else _number(step), name, old, new, note)


def _number(value: Any) -> int:
    """Of an epoch or a step of a change, which count from 1."""
    if _whole(value) == 0:
        raise ValueError("0 in the place of a number from 1 on")
    return int(value)


def _exact(value: Any) -> float:
    if not is_real(value) or not math.isfinite(value):
        raise ValueError(f"{value!r} in the place of a finite number")
    return float(value)


def _figure(value: Any) -> float:
    if value in ("nan", "inf", "-inf") and is_text(value):
        return float(value)
    if not is_real(value):
        raise ValueError(f"{value!r} in the place of a figure")
    return float(value)

"""Hooks from functions."""

from collections.abc import Callable
from typing import Any

from fastdnn.callbacks.callback import Callback
from fastdnn.errors import expected, unknown_name

# Those that other attributes ask for are left to subclasses.
_HOOKS = tuple(
    name for name in vars(Callback) if name.startswith("on_") and name not in ("on_progress", "on_evaluation")
)


class LambdaCallback(Callback):
    """A callback made of functions, by the names of the hooks.

    Args:
        on_epoch_begin: f(epoch, logs).
        on_epoch_end: f(epoch, logs).
        on_train_begin: f(logs).
        on_train_end: f(logs).
        on_train_batch_begin: f(batch, logs).
        on_train_batch_end: f(batch, logs).
        hooks: any other hook of `Callback` by its name.

    Raises:
        ValueError: a name is no hook's, or its value cannot be called.

    Source: Keras 3, `keras.callbacks.LambdaCallback`.

    >>> import fastdnn as fd
    >>> seen = []
    >>> told = fd.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    >>> told.on_epoch_end(0, {})
    >>> seen
    [0]
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Any], Any] | None = None,
        on_epoch_end: Callable[[int, Any], Any] | None = None,
        on_train_begin: Callable[[Any], Any] | None = None,
        on_train_end: Callable[[Any], Any] | None = None,
        on_train_batch_begin: Callable[[int, Any], Any] | None = None,
        on_train_batch_end: Callable[[int, Any], Any] | None = None,
        **hooks: Callable[..., Any] | None,
    ) -> None:
        hooks |= {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in hooks.items():
            if name not in _HOOKS:
                raise unknown_name("LambdaCallback", "a hook", name, _HOOKS)
            if function is None:
                continue
            if not callable(function):
                raise ValueError(expected("LambdaCallback", f"a function as {name}", repr(function)))
            setattr(self, name, function)

"""What the trainings of the command line have in common: the fit with its progress, and the plot."""

import importlib.util
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastdnn.callbacks import Callback, EarlyStopping, History
from fastdnn.cli import output
from fastdnn.cli.info import PLOT_COMMAND
from fastdnn.cli.progress import Progress
from fastdnn.cli.target import check_target
from fastdnn.errors import expected
from fastdnn.io.files import replacing
from fastdnn.model import Model


@dataclass(frozen=True)
class Trained:
    """What a fit left; there is nothing to stop by without a dev set."""

    history: History
    stopping: EarlyStopping | None
    seconds: float


def fit(
    model: Model,
    train: tuple[Any, ...],
    dev: tuple[Any, ...],
    *,
    batch_size: int,
    epochs: int,
    patience: int,
    quiet: bool,
    threads: int | None,
) -> Trained:
    """Train with early stopping by the dev loss, where there are dev rows, and with a progress line."""
    stopping = EarlyStopping(patience=patience) if len(dev[0]) else None
    progress = None if quiet else Progress(output.is_live())
    callbacks: Sequence[Callback] = [callback for callback in (stopping, progress) if callback is not None]
    begin = time.perf_counter()
    try:
        history = model.fit(
            train[0],
            train[1],
            batch_size=batch_size,
            epochs=epochs,
            verbose=0,
            callbacks=callbacks,
            validation_data=dev if stopping is not None else None,
            threads=threads,
        )
    finally:
        if progress is not None:
            progress.close()
    return Trained(history, stopping, time.perf_counter() - begin)


def plot_target(given: str | None, default: str | None) -> Path | None:
    """Where the plot goes, or None where nothing is to be drawn, or cannot be.

    Raises:
        ValueError: it was asked for, and matplotlib is not installed, or does not know the format.
        OSError: no file can be written there.
    """
    if importlib.util.find_spec("matplotlib") is None:
        if given is not None:
            raise ValueError(expected("train", "matplotlib, for --plot", "none installed", PLOT_COMMAND))
        return None
    path = default if given is None else given
    if path is None:
        return None
    check_target("train", path)
    _check_plot_format(Path(path))
    return Path(path)


def _check_plot_format(path: Path) -> None:
    """See that matplotlib can draw what the path's suffix says; a broken one is told when it draws."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    formats = sorted(Figure().canvas.get_supported_filetypes())
    if _format(path) not in formats:
        raise ValueError(expected("train", f"--plot with a suffix of {', '.join(formats)}", repr(str(path))))


def _format(path: Path) -> str:
    return path.suffix[1:].lower() or "png"


def save_plot(history: History, path: Path | None) -> None:
    """Draw the learning curve, or say why not."""
    if path is None:
        output.say(f"no PNG          matplotlib is not installed: {PLOT_COMMAND}")
        return
    try:
        _plot(history, path)
    except ImportError as error:  # installed, but for another NumPy, say: the model is saved all the same
        output.say(f"no PNG          {error}")
        return
    output.say(f"learning curve  {path}")


def _plot(history: History, path: Path) -> None:
    from matplotlib.figure import Figure

    from fastdnn.plots import learning_curve

    axes = learning_curve(history)
    axes.set_yscale("log")
    assert isinstance(axes.figure, Figure)
    with replacing(path, "train") as file:
        axes.figure.savefig(file, format=_format(path))

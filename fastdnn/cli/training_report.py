"""What `fastdnn train` tells: data and network before, speed, errors and learning curve after."""

from pathlib import Path
from shlex import quote

import numpy as np

from fastdnn.callbacks import EarlyStopping, History
from fastdnn.cli import output
from fastdnn.cli.curve import curve
from fastdnn.data import Split
from fastdnn.diagnose.class_outputs import mistakes_of
from fastdnn.model import Model
from fastdnn.report import table

_SOURCE = """\
digits: {rows} handwritten digits of 8x8 pixels, 0 to 16
by E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49, licence CC BY 4.0"""
_BRAILLE_SAMPLE = "⠒│"
_CURVE_HEIGHT = 12


def before(split: Split, model: Model, seed: int) -> None:
    """The data with its licence, the split, the network."""
    output.say(told(split, seed))
    output.say()
    model.summary(print_fn=output.say)
    output.say()


def told(split: Split, seed: int) -> str:
    """The data with its licence, and the split."""
    rows = f"{sum(len(part[0]) for _, part in _parts(split)):,}"
    sizes = ", ".join(f"{len(part[0]):,} {name}" for name, part in _parts(split))
    return (
        f"{_SOURCE.format(rows=rows)}\n\nsplit: {sizes} rows, stratified, random (seed {seed});\n"
        "the same people wrote all three: digits of other writers would be harder"
    )


def after(history: History, stopping: EarlyStopping | None, seconds: float) -> None:
    """How long it took, what ended it, and the learning curve."""
    epochs = len(history.epoch)
    params = history.params
    rate = params["samples"] * epochs / seconds
    threads = output.counted(params["threads"], "thread")
    done = output.counted(epochs, "epoch")
    output.say(f"\n{done} in {seconds:.2f} s on {threads}: {rate:,.0f} samples per second")
    if stopping is not None and stopping.best_epoch is not None:
        why = (
            "all epochs done"
            if stopping.stopped_epoch is None
            else f"stopped after {output.counted(stopping.wait, 'epoch')} without a better dev loss"
        )
        output.say(f"{why}; kept epoch {stopping.best_epoch + 1} ({stopping.best:.4f})")
    names = {"train": "loss", "dev": "val_loss"}
    series = {set_: history.history[name] for set_, name in names.items() if name in history.history}
    ascii_only = not output.can_write(_BRAILLE_SAMPLE)
    width = max(24, output.width())
    output.say()
    output.say(curve(series, width=width, height=_CURVE_HEIGHT, ascii_only=ascii_only))


def errors(model: Model, split: Split, threads: int | None, *, details: bool) -> None:
    """Train, dev and test error; with `details` the confusion matrix of the test set."""
    made = {name: mistakes_of(model, x, y, threads) for name, (x, y) in _parts(split) if len(x)}
    rows = [[name, f"{100 * m.error:.2f} %", f"{m.wrong:,} of {m.rows:,}"] for name, m in made.items()]
    if details:
        output.say()
    output.say(table(["set", "error", "wrong"], rows, numeric=[1, 2]))
    output.say()
    if details:
        output.say("confusion matrix of the test set")
        output.say(made["test"].told(output.width()))
        output.say()


def next_commands(model: Path, test: Path) -> None:
    """What to do with the files."""
    names = quote(str(model)), quote(str(test))
    output.say("\ntry next")
    output.say(f"  fastdnn diagnose {names[0]}")
    output.say("  fastdnn evaluate {} --data {}".format(*names))
    output.say("  fastdnn predict {} --data {} -o predictions.csv".format(*names))


def _parts(split: Split) -> list[tuple[str, tuple[np.ndarray, ...]]]:
    return [("train", split.train), ("dev", split.dev), ("test", split.test)]

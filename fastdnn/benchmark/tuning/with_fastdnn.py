"""`fastdnn.tune.search`, random."""

from typing import Any

import fastdnn as fd
from fastdnn.benchmark.tuning.trials import CLASSES, FEATURES, SEED, data, space, widths

# Jobs, and threads of each.
_WAYS = {"2 jobs": (2, 1), "1 job, 2 threads": (1, 2), "1 job, 1 thread": (1, 1)}


def ways() -> list[str]:
    """All are told."""
    return list(_WAYS)


def build(values: dict[str, Any], seed: int | None = None) -> fd.Sequential:
    """A compiled network; in a search it has the trial's seed.

    >>> from fastdnn.benchmark.tuning.trials import values
    >>> from fastdnn.benchmark.tuning.with_fastdnn import build
    >>> build(values(1)[0]).output_shape
    (None, 10)
    """
    hidden = [fd.layers.Dense(units, activation="relu") for units in widths(values)]
    model = fd.Sequential([fd.layers.Input((FEATURES,)), *hidden, fd.layers.Dense(CLASSES)], seed=seed)
    model.compile(
        fd.optimizers.Adam(values["lr"], beta_1=values["beta_1"]),
        fd.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def search(way: str, trials: int, epochs: int) -> list[float]:
    """Search."""
    jobs, threads = _WAYS[way]
    (x, y), dev = data()
    study = fd.tune.search(
        build,
        space(),
        x,
        y,
        validation_data=dev,
        n_trials=trials,
        epochs=epochs,
        monitor="val_accuracy",
        seed=SEED,
        jobs=jobs,
        threads_per_trial=threads,
        verbose=0,
    )
    return [1.0 if trial.value is None else 1 - trial.value for trial in study.trials]

"""Small searches that several tests run, some of them in processes of their own."""

import multiprocessing
import os
import pathlib
import time

from networks import classification

import fastdnn as fd

X, Y = classification(rows=240, features=8, classes=3)
TRAIN, DEV = (X[:180], Y[:180]), (X[180:], Y[180:])
SPACE = {
    "lr": fd.tune.log_uniform(1e-4, 1e-1),
    "beta_1": fd.tune.one_minus_log_uniform(0.3, 0.99),
    "units": fd.tune.powers_of_two(4, 16),
    "dropout": fd.tune.uniform(0, 0.5),
    "activation": fd.tune.choice("relu", "tanh"),
}


def build(p):
    layers = [fd.Input((8,)), fd.layers.Dense(p["units"], p["activation"])]
    model = fd.Sequential([*layers, fd.layers.Dropout(p["dropout"]), fd.layers.Dense(3)])
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.Adam(p["lr"], beta_1=p["beta_1"]), loss, metrics=["accuracy"])
    return model


def search(**given):
    arguments = {"validation_data": DEV, "n_trials": 12, "epochs": 3, "seed": 1, "verbose": 0}
    if "cv" in given:
        del arguments["validation_data"]
    return fd.tune.search(given.pop("build", build), given.pop("space", SPACE), *TRAIN, **(arguments | given))


def rows(study):
    """All of the trials but how long they took."""
    return [
        (
            t.number,
            dict(t.params),
            t.seed,
            t.generation,
            t.state,
            t.value,
            dict(t.metrics),
            t.folds,
            t.rungs,
            t.epochs,
        )
        for t in study.trials
    ]


def slow_build(p):
    """Leaves a mark and takes a while; from the mark HOLD on so long that whoever watches comes in time, or,
    from HANGS_AT on, for ever.

    TOGETHER: marks of others, each of whom is waited for, in the dry run and in the first trial.
    AFTER: marks of another and how many there must be before the first build.
    """
    marks = pathlib.Path(os.environ["MARKS"])
    with marks.open("a") as file:
        file.write(f"{p['lr']}\n")
    count = _lines(marks)
    for other in os.environ.get("TOGETHER", "").split():
        _wait_for(other, min(count, 3))  # two of the dry run, one of the first trial
    if "AFTER" in os.environ:
        other, least = os.environ["AFTER"].split()
        _wait_for(other, int(least))
    if count >= int(os.environ.get("HANGS_AT", "1000")):
        time.sleep(600)
    late = count > int(os.environ.get("HOLD", "1000"))
    time.sleep(2 if late else float(os.environ.get("PAUSE", "0.05")))
    return build(p)


def _lines(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def _wait_for(other, least):
    while _lines(pathlib.Path(other)) < least:
        time.sleep(0.01)


def deadly_build(p):
    """Takes a worker process with it."""
    if p["units"] == 4 and p["activation"] == "tanh" and multiprocessing.parent_process() is not None:
        os._exit(1)
    return build(p)


def marking_build(p, *, folder, pause=0.1, holds_at=None):
    """A build that says in a file of its process that it began, and takes a while; from so many on in a
    worker process until there is a file "go".
    """
    marks = folder / f"{os.getpid()}"
    with marks.open("a") as file:
        file.write(f"{p['lr']}\n")
    if holds_at is not None and multiprocessing.parent_process() is not None and _lines(marks) >= holds_at:
        while not (folder / "go").exists():
            time.sleep(0.01)
    time.sleep(pause)
    return build(p)


if __name__ == "__main__":
    import sys

    options = eval(sys.argv[2]) if len(sys.argv) > 2 else {}
    search(build=slow_build, storage=sys.argv[1], resume=True, **options)

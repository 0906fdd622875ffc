"""The search: arguments checked, one step of a trial tried, then generation after generation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastdnn import thread_settings
from fastdnn.callbacks import Callback
from fastdnn.callbacks.monitored_figure import higher_is_better
from fastdnn.checks import choice, is_text, number, whole
from fastdnn.diagnose.told import Told
from fastdnn.errors import expected
from fastdnn.model import Model
from fastdnn.tune.asynchronous import Asynchronous
from fastdnn.tune.asynchronous import check as check_asynchronous
from fastdnn.tune.coordinator import Coordinator
from fastdnn.tune.dask_workers import cluster_threads, is_client
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.dry_run import dry_run
from fastdnn.tune.executors import workers_of
from fastdnn.tune.folds import fingerprint, folds_of
from fastdnn.tune.ledger import Ledger
from fastdnn.tune.methods import METHODS, Method
from fastdnn.tune.optuna_parts import optuna
from fastdnn.tune.pruning import Pruner, pruner_of
from fastdnn.tune.rows import count
from fastdnn.tune.runner import Work
from fastdnn.tune.space import Space
from fastdnn.tune.study import Study
from fastdnn.tune.trial import Trial

_EPOCHS, _BATCH_SIZE = 10, 32


def search(
    build: Callable[[dict[str, Any]], Model],
    space: Any,
    x: Any,
    y: Any,
    *,
    method: Literal["random", "grid", "coarse_to_fine", "evolutionary", "bayesian"] = "random",
    n_trials: int | Mapping[str, int] = 40,
    epochs: int | Distribution | None = None,
    batch_size: int | Distribution | None = None,
    validation_data: Any = None,
    cv: Any = None,
    stratify: Any = None,
    groups: Any = None,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    shuffle: bool = True,
    callbacks: Sequence[Callback] | Callable[[dict[str, Any]], Sequence[Callback]] = (),
    monitor: str = "val_loss",
    mode: Literal["auto", "min", "max"] = "auto",
    pruner: Any = None,
    generation_size: int = 8,
    stages: int = 3,
    sampling: Literal["random", "grid"] = "random",
    seed: int = 0,
    jobs: int | Literal["all"] = "all",
    threads_per_trial: int | None = None,
    executor: Any = None,
    seconds: float | None = None,
    seconds_per_trial: float | None = None,
    storage: Any = None,
    study_name: str = "search",
    resume: bool = False,
    reproducible: bool = True,
    verbose: Literal["auto", 0, 1, 2] = "auto",
) -> Study:
    """Train a model for each of many sets of values, several at a time, and say which is best.

    The trials are the same for any number of jobs, in threads or processes, on one machine or several, and
    after a crash and `resume=True`: values and seeds are functions of `seed` and the trial's number, methods
    that learn look at completed generations only, and pruners decide when all trials have come to a rung.

    Args:
        build: takes a dictionary of values and returns a compiled model, made anew at each call. Where it
            gives the model no seed, the model has the trial's.
        space: {name: distribution}, such as `{"lr": fd.tune.log_uniform(1e-4, 1e-1)}`.
        x: (examples, features), as arrays in `Model.fit`; all trials read the same memory.
        y: as in `fit`.
        method: "random"; "grid"; "coarse_to_fine": stages that zoom into the region of the best quarter, each
            trained twice as long as the one before; "evolutionary"; "bayesian": both from generation to
            generation.
        n_trials: how many; of a grid at most, or {name: number of values}.
        epochs: of each trial, default 10, or a distribution, whose values `build` gets as "epochs".
        batch_size: of each trial, default 32, or a distribution, likewise as "batch_size".
        validation_data: (x, y) or (x, y, sample_weight), on which trials are compared.
        cv: instead, the number of folds of a cross-validation; or pairs (rows of train, rows of dev); or an
            object with `split(x, y, groups)`, as scikit-learn's are. A trial's value is the folds' mean.
        stratify: of a number of folds: labels, each of which is in all folds in proportion; default y where
            it has whole numbers, one for each row; False for none.
        groups: (examples,), rows of one of which are in one fold.
        sample_weight: (examples,), as in `fit`.
        class_weight: as in `fit`.
        shuffle: as in `fit`.
        callbacks: each fit gets copies of them; or a function of the values that gives a trial's.
        monitor: the figure that is a trial's value: "val_" and "loss" or a metric of `compile`.
        mode: whether "min" or "max" of it is best; "auto": max for accuracies and their like.
        pruner: "successive_halving" or "median", or `fd.tune.SuccessiveHalving(factor=3, least_epochs=1)`, or
            `fd.tune.Median()`: stops the worse trials of a generation early.
        generation_size: trials of a generation of "evolutionary" and "bayesian", which are proposed at once.
        stages: of "coarse_to_fine".
        sampling: of a stage, "random" or "grid".
        seed: of values, folds, and the trials' own seeds.
        jobs: trials at a time; "all": as many as there are cores for fastdnn, or threads in the cluster now.
        threads_per_trial: default the cores divided by the jobs, at least 1, in a cluster 1; it changes no bit.
        executor: "threads" of this process, the default; "processes", for what holds the GIL, such as layers
            of your own; an executor of `concurrent.futures`; or a `distributed.Client` of a Dask cluster
            (`pip install "fastdnn[dask]"`).
        seconds: after which no further trial begins; those that run are finished.
        seconds_per_trial: a trial that takes longer has failed. Whether one does depends on the machine.
        storage: where trials are kept: None for memory; a path, for a journal that several processes may
            share and that a crash does not harm; the URL of a database, or a storage of Optuna's.
        study_name: which one of the storage's.
        resume: whether to go on with, or join, a study that is there.
        reproducible: False lets "random", "evolutionary" and "bayesian" wait for no generation and no rung:
            cores are never idle, and no two runs are the same.
        verbose: 1 shows a live line, 2 its last state, 0 nothing; "auto" 1 on a terminal.

    Returns:
        The `Study`: `.best_params`, `.best_model`, `.table()`.

    Raises:
        ImportError: Optuna is not installed (`pip install "fastdnn[tune]"`).
        ValueError: an argument does not fit, the model does not fit the data, or the storage has a study of
            this name that was begun with other arguments; all before the first trial.
        TypeError: `build` gives no compiled model.
        KeyboardInterrupt: Ctrl-C; what is done is kept, in a storage other than memory.

    What a trial raises later is kept as its `reason`, with the state "failed", and the search goes on.

    Source: deck 001, "Approaches to Choose Hyperparameters": caviar, many models in parallel.

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> train, dev, _ = fd.data.train_dev_test_split(x / 16, y, dev=0.2, test=0)
    >>> def build(p):
    ...     layers = [fd.Input((64,)), fd.layers.Dense(p["units"], "relu"), fd.layers.Dense(10)]
    ...     model = fd.Sequential(layers)
    ...     loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    ...     model.compile(fd.optimizers.Adam(p["lr"]), loss, metrics=["accuracy"])
    ...     return model
    >>> space = {"lr": fd.tune.log_uniform(1e-4, 1e-1), "units": fd.tune.powers_of_two(8, 64)}
    >>> study = fd.tune.search(build, space, *train, validation_data=dev, n_trials=6, epochs=3,
    ...                        monitor="val_accuracy", seed=0)
    >>> sorted(study.best_params), len(study.trials)
    (['lr', 'units'], 6)
    """
    where = "search"
    optuna(where)
    told = Told(where, verbose)
    searched = _searched(where, space, epochs=epochs, batch_size=batch_size)
    monitored = monitor if is_text(monitor) else choice(where, "monitor", monitor, ["val_loss"])
    choice(where, "a mode", mode, ("auto", "min", "max"))
    best: Literal["min", "max"] = "max" if higher_is_better(monitored) else "min"
    if mode != "auto":
        best = mode
    chosen = _method(where, method, searched, n_trials, seed, best, generation_size, stages, sampling)
    stopping = pruner_of(where, pruner)
    if not reproducible:
        check_asynchronous(where, method)
    resources = Resources.of(where, jobs, threads_per_trial, executor)
    data = (x, y, sample_weight)
    work = Work(
        build=_callable(where, "build", build),
        data=data,
        dev=_dev(where, validation_data, cv),
        folds=() if cv is None else folds_of(where, cv, data, stratify, groups, seed),
        batch_size=_fixed(where, "batch_size", batch_size, _BATCH_SIZE),
        monitor=monitored,
        callbacks=callbacks if callable(callbacks) else tuple(callbacks),
        class_weight=class_weight,
        shuffle=bool(shuffle),
        threads=resources.threads,
        seconds=None
        if seconds_per_trial is None
        else number(where, "seconds_per_trial", seconds_per_trial, 0),
    )
    all_epochs = _fixed(where, "epochs", epochs, _EPOCHS)
    limit = None if seconds is None else number(where, "seconds", seconds, 0)
    dry_run(where, work, chosen)
    settings = _settings(chosen, stopping, method, all_epochs, work, best) | {
        "reproducible": bool(reproducible)
    }
    ledger = Ledger(storage, study_name, best == "max", settings, searched, seed, resume=bool(resume))
    planned = chosen.planned
    workers = workers_of(where, executor, work, resources.jobs)
    kind = Coordinator if reproducible else Asynchronous
    coordinator = kind(
        ledger,
        chosen,
        workers,
        epochs=lambda values: int(values.get("epochs", all_epochs)),
        pruner=stopping,
        jobs=resources.jobs,
        seed=seed,
        seconds=limit,
        told=told,
        tell=lambda trials, running: _line(trials, planned, monitored, best),
    )
    if isinstance(coordinator, Asynchronous):
        longest = int(searched["epochs"].at(1.0)) if "epochs" in searched else all_epochs
        coordinator.prepare(method, longest)
    with told:
        try:
            coordinator.run()
        finally:
            workers.close()
            ledger.close()
    trials = tuple(trial for _, trial in sorted(ledger.trials.items()))
    return Study(trials, planned, monitored, best, method, searched, chosen.regions(trials), work)


@dataclass(frozen=True)
class Resources:
    """How many trials at a time, and threads of each."""

    jobs: int
    threads: int

    @classmethod
    def of(cls, where: str, jobs: Any, threads: Any, executor: Any = None) -> "Resources":
        """Within the cores; what is given is used as given. Of a Dask cluster each thread is one for a trial.

        Raises:
            ValueError: it is no number of jobs or threads, or the cluster is not there.
        """
        if is_client(executor):
            there = cluster_threads(where, executor)
            if isinstance(jobs, str):
                choice(where, "jobs as a number or", jobs, ["all"])
            given = there if isinstance(jobs, str) else whole(where, "jobs", jobs, 1)
            return cls(given, 1 if threads is None else whole(where, "threads_per_trial", threads, 1))
        cores = thread_settings.get_num_threads()
        if isinstance(jobs, str):
            choice(where, "jobs as a number or", jobs, ["all"])
            given = max(1, cores // (1 if threads is None else whole(where, "threads_per_trial", threads, 1)))
        else:
            given = whole(where, "jobs", jobs, 1)
        own = max(1, cores // given) if threads is None else whole(where, "threads_per_trial", threads, 1)
        return cls(given, own)


def _searched(where: str, space: Any, **more: Any) -> Space:
    """The space, with epochs and batch size where they are distributions."""
    given = Space.of(where, space)
    added = {name: each for name, each in more.items() if isinstance(each, Distribution)}
    for name, each in more.items():
        if each is not None and name in given:
            raise ValueError(expected(where, f"{name} once", f"in the space and as {name}={each!r}"))
    return Space({**given, **added}, given.conditions) if added else given


def _fixed(where: str, name: str, given: Any, default: int) -> int:
    return default if given is None or isinstance(given, Distribution) else whole(where, name, given, 1)


def _method(
    where: str,
    name: str,
    space: Space,
    n_trials: Any,
    seed: int,
    mode: str,
    generation_size: int,
    stages: int,
    sampling: str,
) -> Method:
    kind: Any = METHODS[choice(where, "a method", name, METHODS)]
    if isinstance(n_trials, Mapping):
        if name != "grid":
            raise ValueError(expected(where, f"n_trials as a number for {name!r}", repr(n_trials)))
    else:
        n_trials = whole(where, "n_trials", n_trials, 1)
    made: Method = kind(
        space,
        n_trials,
        whole(where, "seed", seed),
        1.0 if mode == "min" else -1.0,
        whole(where, "generation_size", generation_size, 2),
        whole(where, "stages", stages, 1),
        choice(where, "sampling", sampling, ("random", "grid")),
    )
    return made


def _callable(where: str, name: str, given: Any) -> Any:
    if not callable(given):
        hint = "a function of a dictionary of values that returns a compiled model"
        raise ValueError(expected(where, f"{name} as a function", repr(given), hint))
    return given


def _dev(where: str, given: Any, cv: Any) -> tuple[Any, Any, Any] | None:
    """The dev set as three."""
    if (given is None) == (cv is None):
        got = "neither" if given is None else "both"
        raise ValueError(expected(where, "validation_data=(x_dev, y_dev) or cv=3", got))
    if given is None:
        return None
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        wanted = "validation_data as (x, y) or (x, y, sample_weight)"
        raise ValueError(expected(where, wanted, type(given).__name__))
    return given[0], given[1], given[2] if len(given) == 3 else None


def _settings(
    method: Method, pruner: Pruner | None, name: str, epochs: int, work: Work, mode: str
) -> dict[str, Any]:
    """What all who work on the study must agree on, in words."""
    found = {
        "space": method.space.signature(),
        "method": name,
        "seed": method.seed,
        "epochs": epochs,
        "batch_size": work.batch_size,
        "monitor": work.monitor,
        "mode": mode,
        "pruner": repr(pruner),
        "rows": count(work.data[0]),
        "data": fingerprint(work.data, work.dev, work.folds),
    }
    if not method.extends or pruner is not None:
        found["n_trials"] = repr(method.n_trials)
    if name in ("evolutionary", "bayesian"):
        found["generation_size"] = method.generation_size
    if name == "coarse_to_fine":
        found |= {"stages": method.stages, "sampling": method.sampling}
    return found


def _line(trials: Mapping[int, Trial], planned: int, monitor: str, mode: str) -> str:
    """How far it is."""
    values = [(trial.value, trial.number) for trial in trials.values() if trial.state == "complete"]
    failed = sum(trial.state == "failed" for trial in trials.values())
    text = f"{len(trials)}/{planned} trials" + (f", {failed} failed" if failed else "")
    if values:
        value, best = (min if mode == "min" else max)(values)
        text += f"; best {monitor} {value:.4g} (trial {best})"
    return text

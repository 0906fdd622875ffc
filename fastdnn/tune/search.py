"""The search: arguments checked, one step of a trial tried, then generation after generation."""

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Literal, ParamSpec

from fastdnn.callbacks import Callback
from fastdnn.class_weights import ClassWeight
from fastdnn.diagnose.told import Told
from fastdnn.model import Model
from fastdnn.tune.asynchronous import check as check_asynchronous
from fastdnn.tune.conduct import Conduct, Resources
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.dry_run import dry_run
from fastdnn.tune.folds import folds_of
from fastdnn.tune.named_elsewhere import check_names
from fastdnn.tune.notices import of_few_points, of_figure, of_no_rung, of_other_models, of_unread
from fastdnn.tune.optuna_parts import optuna
from fastdnn.tune.pruning import pruner_of
from fastdnn.tune.runner import Work
from fastdnn.tune.search_arguments import (
    build_of,
    callbacks_of,
    check_cv,
    check_kept,
    class_weight_of,
    dev_of,
    fixed,
    flag,
    limit,
    method_of,
    monitored,
    searched_space,
)
from fastdnn.tune.study import Study
from fastdnn.tune.values_read import Reads

_EPOCHS, _BATCH_SIZE = 10, 32
_Given = ParamSpec("_Given")


def _by_name(call: Callable[_Given, Study]) -> Callable[_Given, Study]:
    """The function, which says of arguments of other tools how they are called here."""
    known = inspect.signature(call).parameters

    @wraps(call)
    def called(*given: _Given.args, **named: _Given.kwargs) -> Study:
        check_names(call.__name__, named, known)
        return call(*given, **named)

    return called


@_by_name
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
    class_weight: ClassWeight | None = None,
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
        n_trials: how many; of a grid at most, or {name: number of values}. "random" tries no combination
            twice where they are finitely many, and ends when all were tried.
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
        callbacks: each fit gets copies of them; or a function of the values that gives a trial's, which is
            needed where they write files. After a cross-validation `best_model` is trained without those
            whose `monitor` begins with "val_"; see `Study.train`.
        monitor: the figure that is a trial's value: "val_" and "loss" or a metric of `compile`. Without
            "val_" it is that of the training rows, in which what overfits is the best.
        mode: whether "min" or "max" of it is best; "auto": max for accuracies and their like.
        pruner: "successive_halving" or "median", or `fd.tune.SuccessiveHalving(factor=3, least_epochs=1)`, or
            `fd.tune.Median()`: stops the worse trials of a generation early. It compares at most 27 trials
            with each other, the models of which it keeps meanwhile. With `callbacks` a trial begins anew
            after each rung, since a fit with early stopping, say, is no sum of shorter ones.
        generation_size: trials of a generation of "evolutionary" and "bayesian", which are proposed at once.
        stages: of "coarse_to_fine".
        sampling: of a stage, "random" or "grid".
        seed: of values, folds, and the trials' own seeds.
        jobs: trials at a time; "all": as many as there are cores for fastdnn, or threads in the cluster when
            the search begins.
        threads_per_trial: default the cores divided by the jobs, at least 1; of a lone job those of `fit`, in
            a cluster 1. It changes no bit.
        executor: "threads" of this process, the default; "processes", for what holds the GIL, such as layers
            of your own, where `build` and functions for `callbacks` stand at the top of a module; an executor
            of `concurrent.futures`; or a `distributed.Client` of a Dask cluster
            (`pip install "fastdnn[dask]"`).
        seconds: after which no further trial begins; those that run are finished. With a pruner the best of
            those that wait at a rung are, one for each job, and the others end there as pruned, so a search
            that was cut so and goes on by `resume=True` is not the one that was not cut.
        seconds_per_trial: a trial whose training takes longer has failed; it is looked at after each epoch,
            in long ones ten times a second. Whether one does depends on the machine.
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
        TypeError: `build` gives no compiled model, or there is no such argument.
        RuntimeError: a process of "processes" cannot begin; what is missing is said.
        KeyboardInterrupt: Ctrl-C; what is done is kept, in the storage and as a `Study` in the error's
            `study`, once the first trial has begun, and its last line says how to go on. Fits end within
            0.1 s; a build, an evaluation or a process that begins is waited for, 10 s at most.

    Warns:
        UserWarning: `monitor` is a figure of the training rows, or `mode` takes its worst value for the best;
            `build` does not read a parameter of the space in 16 calls; there are fewer combinations than
            trials, or too few epochs for the pruner; or `build` makes another model at a second call with the
            same values.

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
    build = build_of(where, build, space)
    searched = searched_space(where, space, epochs=epochs, batch_size=batch_size)
    figure, best = monitored(where, monitor, mode)
    chosen = method_of(where, method, searched, n_trials, seed, best, generation_size, stages, sampling)
    if not flag(where, "reproducible", reproducible):
        check_asynchronous(where, method)
    check_kept(where, storage, study_name, resume=flag(where, "resume", resume))
    check_cv(where, cv, stratify, groups)
    resources = Resources.of(where, jobs, threads_per_trial, executor)
    data = (x, y, sample_weight)
    work = Work(
        build=build,
        data=data,
        dev=dev_of(where, validation_data, cv),
        folds=() if cv is None else folds_of(where, cv, data, stratify, groups, seed),
        batch_size=fixed(where, "batch_size", batch_size, _BATCH_SIZE),
        monitor=figure,
        callbacks=callbacks_of(where, callbacks),
        class_weight=class_weight_of(where, class_weight),
        shuffle=flag(where, "shuffle", shuffle),
        threads=resources.threads,
        seconds=limit(where, "seconds_per_trial", seconds_per_trial, "(]"),
    )
    stops, limited = pruner_of(where, pruner), limit(where, "seconds", seconds)
    trained = fixed(where, "epochs", epochs, _EPOCHS)
    reads = Reads(work)
    with reads.watched():
        made = dry_run(where, work, chosen)
    unread, asked = reads.unread(searched, chosen.seed)
    for notice in (
        *of_figure(where, figure, mode),
        *of_few_points(where, method, n_trials, chosen),
        *of_no_rung(where, stops, trained, searched),
        *of_unread(where, unread, asked),
        *of_other_models(where, made),
    ):
        warnings.warn(notice, stacklevel=3)
    conduct = Conduct(
        method=chosen,
        name=method,
        pruner=stops,
        work=work,
        jobs=resources.jobs,
        epochs=trained,
        seconds=limited,
        mode=best,
        reproducible=reproducible,
        model=made.model,
        unread=tuple(unread),
    )
    return conduct.run(storage, study_name, executor, told, resume=resume)

"""`fastdnn tune`: hyper-parameters of the network that `fastdnn train` trains."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastdnn.cli import output, pictures, train_digits, tune_report
from fastdnn.cli.arguments import MOST_THREADS, add_threads, one_of, text, whole_number
from fastdnn.cli.recipe import Recipe, add_options
from fastdnn.cli.recipe_file import settings_given
from fastdnn.cli.target import check_apart, check_target
from fastdnn.cli.train import is_path
from fastdnn.cli.training_sets import DIGITS
from fastdnn.cli.tune_space import SEARCHED, space_of, with_values
from fastdnn.cli.tune_storage import storage_of, study_name
from fastdnn.cli.tune_task import Builder, DigitsTask, TableTask, Task, monitor_of
from fastdnn.errors import expected, unknown_name
from fastdnn.tune import Study, load, search
from fastdnn.tune.methods import METHODS
from fastdnn.tune.methods.distinct import point_count
from fastdnn.tune.optuna_parts import optuna

_WHERE = "tune"
_PRUNERS = ("successive_halving", "median")
_DESCRIPTION = """\
fastdnn tune digits
    trains many networks on the digits that come with the package, several at a time, each with another
    learning rate, other layers, units, dropout, L2 penalty and batch size, and says which do best on the dev
    set.

fastdnn tune FILE.csv --target COLUMN
    the same on a table, which is read as fastdnn train reads it.

What the options of network and training say is fixed, the rest is searched: --hidden 64,64 keeps to that
network. The best network is trained once more in the end, by the command that is printed; the test rows are
looked at only then. Ctrl-C keeps what is done: with --storage the search goes on by --resume.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        _WHERE,
        help="search for good hyper-parameters",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("dataset", metavar="DATASET", nargs="?", help="digits, or a CSV file (UTF-8, may be gzipped)")
    group = parser.add_argument_group("search")
    add = group.add_argument
    add("--trials", type=whole_number(1), default=40, metavar="N", help="networks to train (40)")
    methods = ", ".join(METHODS)
    add("--method", type=one_of(*METHODS), default="random", metavar="NAME", help=f"{methods} (random)")
    add("--jobs", type=_jobs, default="all", metavar="N", help="trainings at a time, or all cores (all)")
    add("--cv", type=whole_number(2), metavar="K", help="compare by K folds, without a dev set")
    add("--pruner", type=one_of(*_PRUNERS), metavar="NAME", help=f"end bad ones early: {', '.join(_PRUNERS)}")
    add("--storage", type=text, metavar="FILE", help="keep the trials there, also after a crash")
    add("--resume", action="store_true", help="go on with the search of --storage")
    add("--csv", metavar="FILE.csv", help="write a table of all trials there")
    add("--plots", metavar="DIR", help="write pictures of the search there, as PNG")
    add("--config", metavar="FILE", help="settings of a table's training, TOML or a model")
    add("--quiet", action="store_true", help="print the errors, the command and what was saved only")
    add_options(parser, without=("schedule",), searched=SEARCHED)
    add_threads(parser, "of each training", "the cores divided by the jobs")
    parser.set_defaults(run=run)


def _jobs(words: str) -> int | str:
    try:
        return "all" if words == "all" else whole_number(1, MOST_THREADS)(words)
    except argparse.ArgumentTypeError:
        wanted = f"all, or a whole number from 1 to {MOST_THREADS}"
        raise argparse.ArgumentTypeError(f"expected {wanted}, got {words!r}") from None


def run(arguments: argparse.Namespace) -> int:
    """Search, tell, train the best, save."""
    try:
        optuna(_WHERE)
    except ImportError as error:
        raise ValueError(str(error)) from error
    given, recipe = _settings(arguments)
    most_epochs = None if arguments.cv is None else recipe.epochs
    kind = DigitsTask if recipe.data == DIGITS else TableTask
    space = space_of(given, kind.most_units, most_epochs)
    folder = _check_files(arguments, recipe)
    name = study_name(recipe, space)
    storage = storage_of(arguments.storage, name, resume=arguments.resume)
    task: Task = kind(recipe)
    if not arguments.quiet:
        output.say(f"{task.told()}\n\n{space}\n\n{tune_report.compared(task, arguments.cv)}\n")
    try:
        study = _search(task, space, storage, name, arguments)
    except KeyboardInterrupt:
        tune_report.interrupted(_kept(storage, name), task, arguments)
        raise
    _tell(study, task, arguments, folder)
    return 0


def _kept(storage: Any, name: str) -> Study | None:
    """What an interrupted search has left; None where it had not begun."""
    try:
        return load(storage, name)
    except ValueError:
        return None


def _settings(arguments: argparse.Namespace) -> tuple[Mapping[str, Any], Recipe]:
    """What was given, by field, and the recipe with it.

    Raises:
        ValueError: there is no data set, or a setting does not go with a search.
    """
    dataset = arguments.dataset
    if dataset == DIGITS:
        recipe = replace(train_digits.recipe_of(arguments, _WHERE), data=DIGITS)
        given = {name: getattr(arguments, name, None) for name in train_digits.DEFAULTS}
        given = {name: value for name, value in given.items() if value is not None}
    else:
        if dataset is not None and not is_path(dataset):
            raise unknown_name(_WHERE, "a data set", dataset, [DIGITS])
        given = settings_given(arguments, dataset)
        recipe = Recipe(**given)
        if recipe.data is None:
            raise ValueError("the following arguments are required: DATASET; see fastdnn tune --help")
        if recipe.target is None:
            hint = "the column to predict: fastdnn tune FILE.csv --target COLUMN"
            raise ValueError(expected(_WHERE, "--target COLUMN", "none", hint))
    if recipe.schedule != "constant":
        raise ValueError(expected(_WHERE, "a constant learning rate", f"the schedule {recipe.schedule!r}"))
    if arguments.cv is None:
        if not recipe.dev:
            raise ValueError(expected(_WHERE, "dev rows, to compare by", "--dev 0", "or say --cv 3"))
        return given, recipe
    if "dev" in given and recipe.dev:
        raise ValueError(expected(_WHERE, "--dev or --cv", "both", "the folds take turns as dev rows"))
    return given, replace(recipe, dev=0)


def _check_files(arguments: argparse.Namespace, recipe: Recipe) -> Path | None:
    """The paths, all of them checked before the work begins; the folder of the pictures."""
    outputs: dict[str, Any] = {"--save": recipe.save, "--csv": arguments.csv, "--storage": arguments.storage}
    if recipe.save is not None:
        beside = train_digits.rows_beside(Path(recipe.save))
        rows = beside if recipe.data == DIGITS else beside.with_suffix(".csv")
        outputs["the test rows"] = rows if recipe.test else None
    for path in outputs.values():
        if path is not None and "://" not in str(path):
            check_target(_WHERE, path)
    data = None if recipe.data == DIGITS else recipe.data
    check_apart(_WHERE, {"the data": data, "--config": arguments.config}, outputs)
    if arguments.resume and arguments.storage is None:
        raise ValueError(expected(_WHERE, "--storage FILE, with --resume", "none"))
    return None if arguments.plots is None else pictures.folder(_WHERE, "--plots", arguments.plots)


def _search(task: Task, space: Any, storage: Any, name: str, arguments: argparse.Namespace) -> Study:
    folds, recipe = arguments.cv, task.recipe
    monitor, mode = monitor_of(task)
    build = Builder(task)
    more: dict[str, Any] = {} if "batch_size" in space else {"batch_size": recipe.batch_size}
    more |= {} if "epochs" in space else {"epochs": recipe.epochs}
    return search(
        build,
        space,
        *task.data["train"],
        validation_data=None if folds else task.data["dev"],
        cv=folds,
        method=arguments.method,
        n_trials=_trials(space, arguments),
        callbacks=() if folds else build.callbacks,
        monitor=monitor,
        mode=mode,  # type: ignore[arg-type]  # of two words
        pruner=arguments.pruner,
        seed=recipe.seed,
        jobs=arguments.jobs,
        threads_per_trial=arguments.threads,
        storage=storage,
        study_name=name,
        resume=arguments.resume,
        verbose=0 if arguments.quiet else 1 if output.is_live() else 2,
        **more,
    )


def _trials(space: Any, arguments: argparse.Namespace) -> int:
    """How many: of a random search no more than there are combinations."""
    count = point_count(space) if arguments.method == "random" else None
    if count is None or count >= arguments.trials:
        return int(arguments.trials)
    if not arguments.quiet:
        output.say(f"these values have {count} combinations, each of which is tried once\n")
    return count


def _tell(study: Study, task: Task, arguments: argparse.Namespace, folder: Path | None) -> None:
    """Trials, the best network with its errors, the command that makes it, files."""
    best = study.best_trial
    recipe = replace(with_values(task.recipe, best.params), epochs=best.epochs)
    if not arguments.quiet:
        output.say(f"\n{study.told(tune_report.others(arguments))}\n")
    model = task.trained(recipe, arguments.threads)
    task.tell_errors(model, arguments.threads)
    output.say(f"the best network is made by\n  {tune_report.command(task, recipe)}\n")
    if recipe.save is not None:
        task.save(model, recipe, Path(recipe.save))
    if arguments.csv is not None:
        study.to_csv(arguments.csv)
        output.say(f"trials          {arguments.csv}")
    if arguments.storage is not None and not arguments.quiet:
        output.say(f"the search      {arguments.storage}")
    if folder is not None:
        tune_report.draw(study, folder, recipe.data)

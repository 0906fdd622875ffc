"""The process of training a network, step by step, in one call."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn.callbacks import EarlyStopping
from fastdnn.checks import number, whole
from fastdnn.data.description import Description, describe
from fastdnn.data.sparse import is_sparse
from fastdnn.data.split import Split, train_dev_test_split
from fastdnn.diagnose.advice import Advice, each_kind_once, ordered
from fastdnn.diagnose.bias_variance import BiasVariance, bias_variance
from fastdnn.diagnose.curve_reading import CurveReading, read_curve
from fastdnn.diagnose.error_words import r2_told
from fastdnn.diagnose.rate_range import RateRange, learning_rate_range
from fastdnn.diagnose.subset_fit import SubsetFit, overfit_subset
from fastdnn.diagnose.told import Told
from fastdnn.diagnose.walkthrough_task import Task, error_of, simple_network, task_of
from fastdnn.errors import expected
from fastdnn.features import as_table, refuse_non_finite
from fastdnn.short_repr import ShortRepr
from fastdnn.tune.optuna_parts import optuna

if TYPE_CHECKING:
    from fastdnn.diagnose.report import Report
    from fastdnn.model import Model
    from fastdnn.tune.study import Study

_WHERE = "walkthrough"
_MOST = 3  # of what is advised, printed
# Those of the caller are all rows: what is trained on them has seen the dev and test sets.
_NAMES = """\
In the lines of code x, y are the training set alone. With done = fd.diagnose.walkthrough(...):
  (x, y), (x_dev, y_dev), (x_test, y_test) = done.split
  model = done.model"""


@dataclass(frozen=True)
class Walkthrough(ShortRepr):
    """What came of the steps.

    model: trained, with the weights of the best epoch on the dev set; it takes x as it is, and gives logits
        of the classes, or numbers in the unit of y.
    task: "classification" or "regression".
    classes: of a classification (classes,): label i of the model is `classes[i]`; None of a regression.
    split: train, dev and test, each (x, y), y as the model is trained on it.
    description: of the training features; print it to see what is unusual in them.
    subset: whether a few rows were learnt by heart.
    rates: of the learning-rate range test.
    history: the figures of the epochs.
    curve: what they say.
    errors: bias and variance, of the shares of wrong labels, or 1 - R²; None where an output is not finite.
    report: of `fastdnn.diagnose.report`.
    words: a line for each step.
    study: of the trials of the step *tune*; None where there were none.
    advice: of all steps. Its lines of code are for the sets of the split, and not for the x and y of all
        rows: `(x, y), (x_dev, y_dev), (x_test, y_test) = done.split; model = done.model`.
    """

    model: "Model"
    task: Literal["classification", "regression"]
    classes: np.ndarray | None
    split: Split
    description: Description
    subset: SubsetFit
    rates: RateRange
    history: dict[str, list[float]]
    curve: CurveReading
    errors: BiasVariance | None
    report: "Report"
    words: tuple[str, ...]
    advice: tuple[Advice, ...]
    study: "Study | None" = None

    def __str__(self) -> str:
        told = [advice for advice in self.advice if advice.severity != "good"]
        lines = [*self.words, *([_NAMES] if told else []), *(advice.told() for advice in told[:_MOST])]
        if len(told) > _MOST:
            lines.append(f"{len(told) - _MOST} more: .advice; all that was found: print(done.report)")
        return "\n".join(lines)

    def plot(self, axes: Any = None) -> Any:
        """Panels: rows learnt by heart, the range test, the trials and what counted in them where there were
        some, the learning curves, the errors; see `fastdnn.plots.walkthrough`.
        """
        from fastdnn.plots.walkthrough import walkthrough as draw

        return draw(self, axes)


def walkthrough(
    x: Any,
    y: Any,
    *,
    task: Literal["auto", "classification", "regression"] = "auto",
    build: "Callable[[int, int], Model] | None" = None,
    hidden: int = 64,
    dev: float = 0.2,
    test: float = 0.2,
    human_error: float = 0.0,
    epochs: int = 100,
    patience: int = 10,
    batch_size: int = 32,
    tune: int = 0,
    seed: int = 0,
    verbose: Literal["auto", 0, 1, 2] = "auto",
    threads: int | None = None,
) -> Walkthrough:
    """Go through the whole process with a table of numbers, and say at each step what was found.

    1. Preprocess: split, describe the features, standardise them in a layer of the network.
    2. Design a simple network: one hidden layer of ReLU, the optimiser Adam.
    3. See that it can learn a few rows by heart (`overfit_subset`).
    4. Find the learning rate (`learning_rate_range`).
    5. Tune, where `tune` is a number of trials: random ones on the dev set (`tune.search`), of rates within a
       decade of the one that was found, and batches of 16 to 128 rows; of the simple network also units, a
       quarter to four times as many, and dropout up to 0.5. Their best is trained next, if it is better than
       the network as it was designed.
    6. Train with early stopping, and read the curves (`read_curve`, `bias_variance`).
    7. Report (`report`).

    Args:
        x: (examples, features), a dense table of finite numbers.
        y: labels of any kind, whole numbers or texts, (examples,), or one-hot rows (examples, classes); of a
            regression (examples,) or (examples, outputs).
        task: "auto" takes one-hot rows, texts, truth values, and whole numbers of at most 100 distinct
            values, each five times on average, for classes; of floats that are whole, such as 0. and 1., at
            most 20 values. Step 1 says what y was taken for.
        build: makes the network of (features, outputs), compiled or not; without, a simple one is made. It
            scales its inputs itself. Where it is not compiled, it is with Adam and the task's loss, cross-
            entropy of logits or the squared error.
        hidden: units of the simple network.
        dev: as in `data.train_dev_test_split`; so is test, which may be 0. Both are stratified by class.
        test: see dev.
        human_error: as in `bias_variance`.
        epochs: at most so many.
        patience: epochs without a lower loss on the dev set, after which the training ends.
        batch_size: of the training.
        tune: trials of step 5; default 0, since they need the extra `fastdnn[tune]`, and take as long as so
            many trainings. 10 made the dev error lower by a tenth on the digits and on diabetes, by a third
            on wine and breast cancer (means of four splits).
        seed: of the split, the weights and the shuffling.
        verbose: 0 nothing; 1 or 2 the words of each step, 1 with a live line; "auto" 1 on a terminal, else 0.
        threads: as in `fit`.

    Raises:
        ValueError: data or an argument does not fit.
        ImportError: trials were asked for, and Optuna is not installed (`pip install "fastdnn[tune]"`).
        NonFiniteLossError: the training diverged, in spite of the range test.

    Source: deck 004, "Training Process, Step-by-step".

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> done = fd.diagnose.walkthrough(x, y, epochs=20)
    >>> done.subset.reached, done.curve.rate, done.errors.test_error < 0.06
    (True, 'good', True)
    """
    settings = (
        whole(_WHERE, "hidden", hidden, 1),
        whole(_WHERE, "epochs", epochs, 1),
        whole(_WHERE, "patience", patience, 1),
        whole(_WHERE, "batch_size", batch_size, 1),
        whole(_WHERE, "seed", seed),
        whole(_WHERE, "tune", tune, 0),
    )
    number(_WHERE, "human_error", human_error, 0, 1)
    if is_sparse(x):
        hint = "use .toarray(); its columns are described and standardised, which makes them dense anyway"
        raise ValueError(expected(_WHERE, "a dense table x", f"a sparse {type(x).__name__}", hint))
    table = as_table(_WHERE, x, None, "float32")
    refuse_non_finite(_WHERE, "x", table, "float32")
    kind = task_of(y, task, len(table))
    if tune:
        optuna(_WHERE)
    with Told(_WHERE, verbose) as told:
        steps = _Steps(table, kind, dev, test, settings, human_error, told, threads)
        return steps.done(build)


class _Steps:
    """The steps, in their order, and what was said of each."""

    def __init__(
        self,
        x: np.ndarray,
        task: Task,
        dev: float,
        test: float,
        settings: tuple[int, int, int, int, int, int],
        human_error: float,
        told: Told,
        threads: int | None,
    ) -> None:
        self._task = task
        self._hidden, self._epochs, self._patience, self._batch_size, self._seed, self._trials = settings
        self._human_error = human_error
        self._told = told
        self._how: dict[str, Any] = {"verbose": 1 if told.verbose == 1 else 0, "threads": threads}
        self._words: list[str] = []
        stratify = task.y if task.classes is not None else None
        self._split = train_dev_test_split(x, task.y, dev=dev, test=test, stratify=stratify, seed=self._seed)
        if not len(self._split.dev[0]):
            raise ValueError(expected(_WHERE, "dev of at least one row", repr(dev), "it says when to stop"))

    def _say(self, text: str) -> None:
        line = f"{len(self._words) + 1}. {text}"
        self._words.append(line)
        self._told.say(line)

    def done(self, build: Any) -> Walkthrough:
        """All of them."""
        description = self._preprocess()
        model = self._design(build)
        train = self._split.train
        subset = overfit_subset(model, *train, seed=self._seed, **self._how)
        self._say(f"Learn {subset.rows} rows by heart: {subset.advice[0].text}")
        rates = self._find_rate(model)
        model, study = self._tune(build, model, rates) if self._trials else (model, None)
        history = self._train(model)
        curve, errors = read_curve(history), self._errors(model)
        report = self._report(model, history)
        found = [*report.advice, *subset.advice, *rates.advice, *curve.advice]
        found += [] if errors is None else errors.advice
        classes = self._task.classes
        return Walkthrough(
            model,
            "regression" if classes is None else "classification",
            classes,
            self._split,
            description,
            subset,
            rates,
            dict(history.history),
            curve,
            errors,
            report,
            tuple(self._words),
            _once(found),
            study,
        )

    def _preprocess(self) -> Description:
        split = self._split
        rows = ", ".join(f"{name} {len(getattr(split, name)[0]):,}" for name in ("train", "dev", "test"))
        told = f"{rows} rows of {split.train[0].shape[1]} features, described and split."
        if self._task.one_hot:
            told += f" y is one-hot: taken as labels 0 to {self._task.outputs - 1}."
        told += f" Task: {self._task.told()}."
        self._say(f"Preprocess: {told}")
        return describe(split.train[0])

    def _design(self, build: Any) -> "Model":
        model = simple_network(build, self._split.train, self._task, self._hidden, self._seed)
        layers = ", ".join(type(layer).__name__ for layer in model.layers[1:])
        self._say(f"Design a simple network: {layers}; {model.count_params():,} weights.")
        return model

    def _find_rate(self, model: "Model") -> RateRange:
        rates = learning_rate_range(model, *self._split.train, batch_size=self._batch_size, **self._how)
        if "learning_rate" in model.optimizer.schedules:
            self._say(f"Find the learning rate: {rates.suggested:.2g}; the network's own schedule stays.")
        elif rates.falls:
            model.optimizer.learning_rate = rates.suggested
            self._say(f"Find the learning rate: {rates.suggested:.2g}.")
        else:
            self._say(f"Find the learning rate: {rates.advice[0].text}")
        return rates

    def _tune(self, build: Any, model: "Model", rates: RateRange) -> "tuple[Model, Study]":
        from fastdnn.diagnose.walkthrough_tune import Designed, tuned

        split, sizes = self._split, (self._epochs, self._patience, self._batch_size)
        designed = Designed(
            build, model, split.train, split.dev, self._task, self._hidden, self._seed, *sizes
        )
        found = tuned(designed, rates, self._trials, **self._how)
        self._batch_size = found.batch_size
        self._say(f"Tune: {found.words}")
        return found.model, found.study

    def _train(self, model: "Model") -> Any:
        stop = EarlyStopping(patience=self._patience)
        x, y = self._split.train
        history = model.fit(
            x,
            y,
            batch_size=self._batch_size,
            epochs=self._epochs,
            validation_data=self._split.dev,
            callbacks=[stop],
            **self._how,
        )
        best = int(np.argmin(history.history["val_loss"])) + 1
        self._say(f"Train: {len(history.epoch)} epochs, the best on the dev set was number {best}.")
        return history

    def _errors(self, model: "Model") -> BiasVariance | None:
        errors = {
            name: error_of(model, getattr(self._split, name), self._task, self._split.train[1])
            for name in ("train", "dev", "test")
            if len(getattr(self._split, name)[0])
        }
        if not all(map(math.isfinite, errors.values())):
            self._say("Errors: the network gives numbers that are not finite.")
            return None
        numbers = self._task.classes is None
        if not numbers:
            told = "wrong labels: " + ", ".join(f"{name} {error:.2%}" for name, error in errors.items())
        else:
            told = ", ".join(f"{name} {r2_told(error)}" for name, error in errors.items())
        found = bias_variance(
            errors["train"],
            errors["dev"],
            self._human_error,
            test_error=errors.get("test"),
            regression=numbers,
        )
        self._say(f"Errors, {told}; verdict: {found.verdict.replace('_', ' ')}.")
        return found

    def _report(self, model: "Model", history: Any) -> "Report":
        split = self._split
        test = split.test if len(split.test[0]) else None
        from fastdnn.diagnose import report

        more = {"history": history, "seed": self._seed, **self._how}
        return report(model, split.train, split.dev, test, self._human_error, **more)


def _once(advice: list[Advice]) -> tuple[Advice, ...]:
    """Each kind once: by the report, which weighs them all, else by the first step that said it."""
    return ordered(each_kind_once(advice))

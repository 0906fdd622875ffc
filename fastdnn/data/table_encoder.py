"""From the columns of a table to what a network takes and gives, fitted on the training rows alone."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.table import CsvOptions, Table, task_of
from fastdnn.data.table_column import Kind
from fastdnn.data.table_features import (
    CategoryFeature,
    Feature,
    feature_config,
    feature_from_config,
    fit_feature,
)
from fastdnn.data.table_target import (
    ClassTarget,
    NumberTarget,
    Target,
    target_config,
    target_from_config,
)
from fastdnn.errors import expected, unknown_name

if TYPE_CHECKING:
    from fastdnn.model import Model

_WHERE: Final = "TableEncoder"
_TASKS: Final = ("auto", "classification", "regression")
_SHOWN_TEXTS: Final = 3


class TableEncoder:
    """Features and targets of a network from the columns of a `Table`.

    Each column of numbers becomes (x - μ) / σ, a missing one the median; a boolean 0 or 1, a missing one the
    most frequent; a category of k texts k columns, of which that of its text is 1 and the others 0, a missing
    one the most frequent. A text that the training rows had not, or that is not among the most frequent
    `most_categories`, becomes zeros. All figures are those of the rows that `fit` saw.

    The target becomes labels 0, 1, ... or the standardised number. Assigned to `model.table`, the encoder is
    saved with the model, and `fastdnn predict` and `evaluate` take CSV files.

    Args:
        task: "classification", "regression", or "auto", see `fastdnn.data.table.task_of`.
        indicators: whether a column that has missing values at `fit` gives one more column, 1 where they are.
        most_categories: the most columns that a category makes, default 100.

    Raises (all methods):
        ValueError: an argument does not fit, or a table is not like the one that `fit` saw.

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> import fastdnn as fd
    >>> rows = [f"{x},{'red' if x % 3 else 'blue'},{'high' if x > 50 else 'low'}" for x in range(100)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "t.csv"
    ...     length = path.write_text("\\n".join(["x,colour,level", *rows]))
    ...     table = fd.data.load_csv(path, target="level")
    >>> train, dev, test = table.split(dev=0.2, test=0.2, seed=0)
    >>> encoder = fd.data.TableEncoder().fit(train)
    >>> encoder.feature_names
    ('x', 'colour=blue', 'colour=red')
    >>> model = fd.Sequential(
    ...     [fd.layers.Input((encoder.width,)), fd.layers.Dense(16, activation="relu"),
    ...      fd.layers.Dense(encoder.outputs, activation="softmax")], seed=0)
    >>> model.compile("adam", "sparse_categorical_crossentropy")
    >>> history = model.fit(*encoder.xy(train), epochs=100, validation_data=encoder.xy(dev))
    >>> labels = encoder.decode(model.predict(encoder.transform(test)))
    >>> float((labels == test["level"]).mean()) > 0.8
    True
    >>> model.table = encoder
    """

    def __init__(
        self,
        task: Literal["auto", "classification", "regression"] = "auto",
        *,
        indicators: bool = False,
        most_categories: int = 100,
    ) -> None:
        if task not in _TASKS:
            raise unknown_name(_WHERE, "a task", task, _TASKS)
        is_count = isinstance(most_categories, int | np.integer) and not isinstance(most_categories, bool)
        if not is_count or most_categories < 1:
            wanted = "most_categories as a whole number >= 1"
            raise ValueError(expected(_WHERE, wanted, repr(most_categories)))
        self._task, self._indicators, self._most = task, bool(indicators), int(most_categories)
        self._features: tuple[Feature, ...] | None = None
        self._target: Target | None = None
        self.options = CsvOptions()

    def fit(self, table: Table) -> "TableEncoder":
        """Take the figures of training rows; returns itself.

        Raises:
            ValueError: there are no features or no rows, one class only, or a target that never changes.
        """
        if not table.features or not len(table):
            got = f"{len(table)} rows of {len(table.features)} features"
            raise ValueError(expected(_WHERE, "rows and at least one feature to fit", got))
        target: Target | None = None
        if table.target is not None:
            column = table.column(table.target)
            task = task_of(column)[0] if self._task == "auto" else self._task
            target = ClassTarget.fit(column) if task == "classification" else NumberTarget.fit(column)
        features = tuple(
            fit_feature(table.column(name), self._indicators, self._most) for name in table.features
        )
        if not any(feature.names for feature in features):
            raise ValueError(expected(_WHERE, "a feature with a value in the training rows", "none"))
        self._features, self._target, self.options = features, target, table.options
        return self

    # ---- What it was fitted on

    @property
    def _fitted(self) -> tuple[Feature, ...]:
        if self._features is None:
            raise ValueError(expected(_WHERE, "a fitted encoder", "one that is not", "call fit(train) first"))
        return self._features

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns that it reads."""
        return tuple(feature.name for feature in self._fitted)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of x: "age", "city=Rome", "age missing"."""
        return tuple(name for feature in self._fitted for name in feature.names)

    @property
    def width(self) -> int:
        """How many columns x has."""
        return len(self.feature_names)

    @property
    def target(self) -> ClassTarget | NumberTarget:
        """What is predicted."""
        if self._target is None:
            hint = 'load_csv(path, target="...")'
            raise ValueError(expected(_WHERE, "an encoder that was fitted with a target", "none", hint))
        return self._target

    @property
    def target_name(self) -> str | None:
        """The column that is predicted, or None."""
        return None if self._target is None else self._target.name

    @property
    def outputs(self) -> int:
        """How many outputs a network needs: one for each class, or one for a number."""
        return self.target.outputs

    @property
    def _outputs_or_none(self) -> int | None:
        return None if self._target is None else self._target.outputs

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, by label."""
        if not isinstance(self.target, ClassTarget):
            raise ValueError(expected(_WHERE, "a target of classes", f"the number {self.target.name!r}"))
        return self.target.classes

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of the columns that it reads, the target's among them."""
        kinds: dict[str, Kind] = {feature.name: feature.kind for feature in self._fitted}
        return kinds if self._target is None else {**kinds, self._target.name: self._target.kind}

    # ---- Tables to arrays, and back

    def transform(self, table: Table) -> NDArray[np.float32]:
        """x (rows, width) of a table with the same columns, in any order.

        Warns of texts that training had not, which become zeros.

        Raises:
            ValueError: a column is missing, or of another kind.
        """
        for note in self.unknown(table):
            warnings.warn(f"[{_WHERE}] {note}", stacklevel=2)
        return self.encoded(table)

    def encoded(self, table: Table) -> NDArray[np.float32]:
        """`transform`, without its warnings."""
        self._check(table)
        x = np.empty((len(table), self.width), np.float32)
        begin = 0
        for feature in self._fitted:
            end = begin + len(feature.names)
            feature.encode(table.column(feature.name), x[:, begin:end])
            begin = end
        return x

    def _check(self, table: Table) -> None:
        for feature in self._fitted:
            kind = table.column(feature.name).kind
            if kind != feature.kind:
                wanted = f"{feature.name!r} as a {feature.kind}, as in training"
                hint = "read the file by load_csv(path, like=encoder)"
                raise ValueError(expected(_WHERE, wanted, f"a {kind}", hint))

    def transform_target(self, table: Table) -> NDArray[Any]:
        """y (rows,): labels of classes, or standardised numbers.

        Raises:
            ValueError: the table has no such column, or a class that training had not.
        """
        return self.target.encode(table.column(self.target.name))

    def xy(self, table: Table) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """`transform` and `transform_target`."""
        return self.transform(table), self.transform_target(table)

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """What a network's outputs (rows, outputs) say: names of classes, or numbers in the target's units.

        Raises:
            ValueError: they have another width.
        """
        array = np.asarray(outputs)
        if array.ndim != 2 or array.shape[1] != self.outputs:
            wanted = f"outputs of shape (rows, {self.outputs})"
            raise ValueError(expected(_WHERE, wanted, f"shape {array.shape}"))
        return self.target.decode(array)

    def notes(self, table: Table) -> list[str]:
        """What in a table is not as in training: missing values that were filled, texts that were not known.

        >>> import numpy as np
        >>> from fastdnn.data import TableEncoder
        >>> from fastdnn.data.table import Table
        >>> from fastdnn.data.table_column import Column
        >>> def cities(*codes):
        ...     column = Column("city", "category", np.array(codes, np.int32), ("Rome", "Ulm"))
        ...     return Table({"city": column}, None, "cities", np.arange(len(codes)))
        >>> TableEncoder().fit(cities(0, 0)).notes(cities(0, 1, 1, -1))
        ["'city': 1 missing value is filled", "'city': 2 rows have values that training had not: 'Ulm'"]
        """
        filled = []
        for feature in self._fitted:
            count = int(table.column(feature.name).missing().sum())
            if count:
                verb = "value is" if count == 1 else "values are"
                filled.append(f"{feature.name!r}: {count:,} missing {verb} filled")
        return filled + self.unknown(table)

    def unknown(self, table: Table) -> list[str]:
        """Of `notes`, those about texts that training had not; they become zeros."""
        notes = []
        for feature in self._fitted:
            column = table.column(feature.name)
            if not isinstance(feature, CategoryFeature) or column.kind != feature.kind:
                continue
            unknown = feature.unknown(column)
            if unknown:
                count = sum(unknown.values())
                shown = ", ".join(repr(text) for text in list(unknown)[:_SHOWN_TEXTS])
                more = f" and {len(unknown) - _SHOWN_TEXTS} more" if len(unknown) > _SHOWN_TEXTS else ""
                rows = "1 row has a value" if count == 1 else f"{count:,} rows have values"
                had = "had not" if len(feature.categories) < self._most else "had not, or too seldom"
                notes.append(f"{feature.name!r}: {rows} that training {had}: {shown}{more}")
        return notes

    # ---- Files

    def get_config(self) -> dict[str, Any]:
        """All of it, of JSON's types; `from_config` makes it again."""
        return {
            "task": self._task,
            "indicators": self._indicators,
            "most_categories": self._most,
            "features": [feature_config(feature) for feature in self._fitted],
            "target": None if self._target is None else target_config(self._target),
            "options": self.options.get_config(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "TableEncoder":
        """The encoder of `get_config`.

        Raises:
            ValueError, TypeError, KeyError: it is none.
        """
        encoder = cls(
            config["task"], indicators=config["indicators"], most_categories=config["most_categories"]
        )
        features = tuple(feature_from_config(entry) for entry in config["features"])
        target = None if config["target"] is None else target_from_config(config["target"])
        names = [feature.name for feature in features] + ([] if target is None else [target.name])
        if len(set(names)) != len(names) or not any(feature.names for feature in features):
            raise ValueError(expected(_WHERE, "features, each name once", repr(names)))
        encoder._features, encoder._target = features, target
        encoder.options = CsvOptions.from_config(config["options"])
        return encoder


def check_fits(encoder: Any, model: "Model") -> None:
    """See that an encoder can stand before a model.

    Raises:
        ValueError: it is none, is not fitted, or gives and takes another number of columns.
    """
    if not isinstance(encoder, TableEncoder):
        raise ValueError(expected("model.table", "a fastdnn.data.TableEncoder", repr(encoder)))
    graph = model.graph
    for ports, width in ((graph.inputs, encoder.width), (graph.outputs, encoder._outputs_or_none)):
        widths = graph.widths_of(ports)
        if width is not None and list(widths) != [width]:
            wanted = f"an encoder for the model's {ports.what}s of {', '.join(map(str, widths))} columns"
            raise ValueError(expected("model.table", wanted, f"one of {width} columns"))

"""What is predicted: a class by its name, or a number in its own units."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.table_column import KINDS, Column, Kind, Positions, quoted
from fastdnn.data.table_features import scale_of
from fastdnn.errors import expected, unknown_name

_WHERE = "TableEncoder"
_MOST_CLASSES = 10_000


@dataclass(frozen=True)
class ClassTarget:
    """Labels 0, 1, ... of classes in the order of their names; numbers in their own order.

    kind
        Of the column: of numbers the names are as short as Python writes them, 3 and not 3.0.
    most_frequent
        The class that most training rows have: what somebody would say who has seen no feature.

    >>> import numpy as np
    >>> from fastdnn.data.table_column import Column
    >>> from fastdnn.data.table_target import ClassTarget
    >>> target = ClassTarget.fit(Column("digit", "number", np.array([7.0, 3.0, 7.0, 3.0, 7.0])))
    >>> target.classes, target.most_frequent
    (('3', '7'), 1)
    >>> target.encode(Column("digit", "number", np.array([3, 7])))
    array([0, 1])
    """

    name: str
    kind: Kind
    classes: tuple[str, ...]
    most_frequent: int
    task: ClassVar[str] = "classification"

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        names = self.classes
        different = all(isinstance(text, str) for text in names) and len(set(names)) == len(names)
        if not different or len(names) < 2:
            raise ValueError(expected(_WHERE, "at least two classes with different names", repr(names)))
        if self.kind not in KINDS or not isinstance(self.name, str):
            raise ValueError(expected(_WHERE, "a target's name and kind", f"{self.name!r}, {self.kind!r}"))
        if type(self.most_frequent) is not int or not 0 <= self.most_frequent < len(names):
            wanted = f"the most frequent class as a number below {len(names)}"
            raise ValueError(expected(_WHERE, wanted, repr(self.most_frequent)))
        if self.kind == "number":
            [float(text) for text in names]
        if self.kind == "boolean" and len(names) != 2:
            raise ValueError(expected(_WHERE, "two classes of a boolean", repr(names)))

    @classmethod
    def fit(cls, column: Column) -> "ClassTarget":
        """The classes of training rows.

        Raises:
            ValueError: there is one class only, or more than one for every two rows.
        """
        texts, codes = _classes(column)
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        found = [code for code in range(len(texts)) if counts[code]]
        rows = int(counts.sum())
        if len(found) < 2:
            got = f"{texts[found[0]]!r} alone in {rows:,} rows" if found else "no rows"
            raise ValueError(expected(_WHERE, f"at least two classes in {column.name!r}", got))
        if len(found) > _MOST_CLASSES or 2 * len(found) > rows:
            got = f"{len(found):,} classes in {rows:,} rows"
            hint = 'numbers are for task="regression"' if column.kind == "number" else "is it a name?"
            wanted = f"classes in {column.name!r} that have two rows each, on average"
            raise ValueError(expected(_WHERE, wanted, got, hint))
        most = texts[max(found, key=lambda code: (counts[code], -code))]
        order = float if column.kind == "number" else str
        classes = tuple(sorted((texts[code] for code in found), key=order))
        return cls(column.name, column.kind, classes, classes.index(most))

    @property
    def outputs(self) -> int:
        """How many outputs a network needs: one for each class."""
        return len(self.classes)

    def encode(self, column: Column) -> NDArray[np.int64]:
        """Labels (rows,).

        Raises:
            ValueError: a row has a class that training had not, or none.
        """
        texts, codes = _classes(column)
        if column.kind == self.kind == "boolean":
            texts = list(self.classes)  # yes and true are the same
        index = Positions(self.classes)
        labels = np.take(np.array([*(index[text] for text in texts), -1], np.int64), codes)
        if (labels < 0).any():
            bad = np.flatnonzero(labels < 0)
            code = codes[bad[0]]
            more = f", and {len(bad) - 1:,} more such rows" if len(bad) > 1 else ""
            place = f"line {column.lines[code]}" if column.lines and code >= 0 else f"row {bad[0]}"
            got = f"{quoted(texts[code] if code >= 0 else '')} in {place}{more}"
            wanted = f"the classes of {self.name!r} that the model was trained on"
            raise ValueError(expected(_WHERE, wanted, got))
        return labels

    def decode(self, outputs: NDArray[Any]) -> NDArray[np.str_]:
        """The names of the classes of the largest outputs; (rows, classes) to (rows,)."""
        names = np.array(self.classes, np.str_)
        labels: NDArray[np.intp] = np.asarray(outputs).argmax(axis=1)
        return names[labels]


@dataclass(frozen=True)
class NumberTarget:
    """(y - μ) / σ, with μ and σ of the training rows.

    >>> import numpy as np
    >>> from fastdnn.data.table_column import Column
    >>> from fastdnn.data.table_target import NumberTarget
    >>> target = NumberTarget.fit(Column("rent", "number", np.array([500, 700])))
    >>> target.encode(Column("rent", "number", np.array([900])))
    array([3.])
    >>> target.decode(np.array([[3.0]]))
    array([900.])
    """

    name: str
    mean: float
    scale: float
    task: ClassVar[str] = "regression"
    kind: ClassVar[Kind] = "number"
    outputs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        numbers = (self.mean, self.scale)
        if not all(type(number) is float and math.isfinite(number) for number in numbers) or self.scale <= 0:
            wanted = "mean and scale > 0 of the target as finite numbers"
            raise ValueError(expected(_WHERE, wanted, f"{numbers}"))
        if not isinstance(self.name, str):
            raise ValueError(expected(_WHERE, "the target's name as text", repr(self.name)))

    @classmethod
    def fit(cls, column: Column) -> "NumberTarget":
        """The figures of training rows.

        Raises:
            ValueError: the column is not of numbers, or they are all the same.
        """
        if column.kind != "number":
            hint = 'texts are for task="classification"'
            wanted = f"numbers in {column.name!r}, for regression"
            raise ValueError(expected(_WHERE, wanted, f"a {column.kind}", hint))
        numbers = column.numbers()
        if not numbers.size or (numbers == numbers[0]).all():
            got = f"{numbers[0]:g} in all {numbers.size:,} rows" if numbers.size else "no rows"
            raise ValueError(expected(_WHERE, f"different numbers in {column.name!r}", got))
        return cls(column.name, *scale_of(column.name, numbers))

    def encode(self, column: Column) -> NDArray[np.float64]:
        """Standardised numbers (rows,).

        Raises:
            ValueError: one is missing.
        """
        numbers = column.numbers()
        if np.isnan(numbers).any():
            row = int(np.isnan(numbers).argmax())
            raise ValueError(expected(_WHERE, f"numbers in {self.name!r}", f"none in row {row}"))
        return (numbers - self.mean) / self.scale

    def decode(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Numbers in the target's units; (rows, 1) to (rows,)."""
        return np.asarray(outputs, np.float64)[:, 0] * self.scale + self.mean


Target = ClassTarget | NumberTarget


def target_config(target: Target) -> dict[str, Any]:
    """What `target_from_config` makes it from, of JSON's types."""
    config = asdict(target)
    if isinstance(target, ClassTarget):
        config["classes"] = list(target.classes)
    return {"task": target.task, **config}


def target_from_config(config: Mapping[str, Any]) -> Target:
    """The target of `target_config`.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    classes: dict[str, type[Target]] = {c.task: c for c in (ClassTarget, NumberTarget)}
    task = config["task"]
    if task not in classes:
        raise unknown_name(_WHERE, "a task", task, classes)
    if not isinstance(config.get("classes", []), list):
        raise ValueError(expected(_WHERE, "classes as a list", repr(config["classes"])))
    return classes[task](**{key: value for key, value in config.items() if key != "task"})


def _classes(column: Column) -> tuple[list[str], NDArray[Any]]:
    """The names of what a column holds, and for each row which one it is, -1 where it is missing."""
    if column.kind != "number":
        return list(column.texts), column.values
    numbers = column.numbers()
    missing = np.isnan(numbers)
    different, codes = np.unique(numbers, return_inverse=True)
    different = different[~np.isnan(different)]
    texts = [repr(int(x)) if x == int(x) else repr(x) for x in different.tolist()]
    return texts, np.where(missing, -1, codes)

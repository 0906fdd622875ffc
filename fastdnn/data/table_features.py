"""What a column becomes for a network: a standardised number, a 0 or 1, or one number for each category."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.table_column import Column, Kind, Positions
from fastdnn.errors import expected, unknown_name

_WHERE = "TableEncoder"
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def scale_of(name: str, numbers: NDArray[np.float64]) -> tuple[float, float]:
    """μ and σ of numbers, σ² divided by their count; σ is 1 where they are all the same, or there are none.

    Raises:
        ValueError: they are so large that either is infinite.

    >>> import numpy as np
    >>> from fastdnn.data.table_features import scale_of
    >>> scale_of("x", np.array([0.0, 2.0])), scale_of("x", np.full(9, 0.1))
    ((1.0, 1.0), (0.1, 1.0))
    """
    if not numbers.size:
        return 0.0, 1.0
    if (numbers == numbers[0]).all():
        return float(numbers[0]), 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(numbers.mean())
        std = float(np.sqrt(((numbers - mean) ** 2).mean()))
    if not (math.isfinite(mean) and math.isfinite(std)):
        wanted = f"numbers in column {name!r} whose mean and deviation are finite"
        raise ValueError(expected(_WHERE, wanted, f"{numbers.min():g} to {numbers.max():g}"))
    return mean, std if std > np.finfo(np.float32).tiny else 1.0


@dataclass(frozen=True)
class NumberFeature:
    """(x - μ) / σ, with μ and σ of the training rows that have x; the median where it is missing.

    >>> import numpy as np
    >>> from fastdnn.data.table_column import Column
    >>> from fastdnn.data.table_features import NumberFeature
    >>> age = Column("age", "number", np.array([20.0, np.nan, 40.0, 40.0]))
    >>> feature = NumberFeature.fit(age, indicator=True)
    >>> feature.fill, feature.names
    (40.0, ('age', 'age missing'))
    """

    name: str
    fill: float
    mean: float
    scale: float
    indicator: bool
    kind: ClassVar[Kind] = "number"

    def __post_init__(self) -> None:
        numbers = (self.fill, self.mean, self.scale)
        if not all(type(number) is float and math.isfinite(number) for number in numbers) or self.scale <= 0:
            wanted = f"finite numbers for column {self.name!r}, with scale > 0"
            raise ValueError(expected(_WHERE, wanted, f"fill, mean and scale {numbers}"))

    @classmethod
    def fit(cls, column: Column, indicator: bool) -> "NumberFeature":
        """The figures of training rows."""
        missing = column.missing()
        present = column.numbers()[~missing]
        fill = float(np.median(present)) if present.size else 0.0
        return cls(column.name, fill, *scale_of(column.name, present), indicator and bool(missing.any()))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that it gives."""
        return _with_indicator((self.name,), self)

    def encode(self, column: Column, out: NDArray[np.float32]) -> None:
        """Fill out (rows, len(names)).

        Raises:
            ValueError: a number is too far off for float32.
        """
        numbers = column.numbers()
        missing = np.isnan(numbers)
        numbers[missing] = self.fill
        with np.errstate(over="ignore"):
            scaled = (numbers - self.mean) / self.scale
        far = ~(np.abs(scaled) <= _FLOAT32_MAX)
        if far.any():
            row = int(far.argmax())
            wanted = f"column {self.name!r} within float32 once it is standardised"
            raise ValueError(expected(_WHERE, wanted, f"{numbers[row]:g} in row {row}"))
        out[:, 0] = scaled
        _encode_indicator(self, missing, out)


@dataclass(frozen=True)
class BooleanFeature:
    """0 for no, 1 for yes; where it is missing, what the training rows have most often.

    >>> import numpy as np
    >>> from fastdnn.data.table_column import Column
    >>> from fastdnn.data.table_features import BooleanFeature
    >>> sold = Column("sold", "boolean", np.array([1, 1, -1, 0], np.int32), ("no", "yes"))
    >>> BooleanFeature.fit(sold, indicator=False).fill
    1
    """

    name: str
    fill: int
    indicator: bool
    kind: ClassVar[Kind] = "boolean"

    def __post_init__(self) -> None:
        if type(self.fill) is not int or self.fill not in (0, 1):
            raise ValueError(expected(_WHERE, f"fill 0 or 1 for column {self.name!r}", repr(self.fill)))

    @classmethod
    def fit(cls, column: Column, indicator: bool) -> "BooleanFeature":
        """The most frequent value of training rows."""
        missing = bool(column.missing().any())
        return cls(column.name, int(column.counts().argmax()), indicator and missing)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that it gives."""
        return _with_indicator((self.name,), self)

    def encode(self, column: Column, out: NDArray[np.float32]) -> None:
        """Fill out (rows, len(names))."""
        missing = column.missing()
        out[:, 0] = np.where(missing, self.fill, column.values)
        _encode_indicator(self, missing, out)


@dataclass(frozen=True)
class CategoryFeature:
    """One-hot: 1 in the column of its category, else 0. All are 0 for a text that training did not have.

    >>> import numpy as np
    >>> from fastdnn.data.table_column import Column
    >>> from fastdnn.data.table_features import CategoryFeature
    >>> city = Column("city", "category", np.array([1, 0, 1], np.int32), ("Ulm", "Rome"))
    >>> feature = CategoryFeature.fit(city, indicator=False, most=10)
    >>> feature.names, feature.categories[feature.fill]
    (('city=Rome', 'city=Ulm'), 'Rome')
    """

    name: str
    categories: tuple[str, ...]
    fill: int
    indicator: bool
    kind: ClassVar[Kind] = "category"

    def __post_init__(self) -> None:
        object.__setattr__(self, "categories", tuple(self.categories))
        texts = self.categories
        if not all(isinstance(text, str) for text in texts) or len(set(texts)) != len(texts):
            raise ValueError(expected(_WHERE, f"categories of {self.name!r} as different texts", repr(texts)))
        if type(self.fill) is not int or not -1 <= self.fill < len(texts):
            wanted = f"fill of {self.name!r} among its {len(texts)} categories, or -1"
            raise ValueError(expected(_WHERE, wanted, repr(self.fill)))

    @classmethod
    def fit(cls, column: Column, indicator: bool, most: int) -> "CategoryFeature":
        """The categories of training rows: at most so many, the most frequent ones, in alphabetical order."""
        counts = column.counts()
        present = sorted(
            (code for code in range(len(column.texts)) if counts[code]),
            key=lambda code: (-counts[code], column.texts[code]),
        )
        categories = tuple(sorted(column.texts[code] for code in present[:most]))
        fill = categories.index(column.texts[present[0]]) if present else -1
        return cls(column.name, categories, fill, indicator and bool(column.missing().any()))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that it gives."""
        return _with_indicator(tuple(f"{self.name}={text}" for text in self.categories), self)

    def places(self, column: Column) -> NDArray[np.intp]:
        """For each row the position of its category, -1 for a text that is none, the fill where it is
        missing.
        """
        index = Positions(self.categories)
        place_of = [index[text] for text in column.texts]
        return np.take(np.array([*place_of, self.fill], np.intp), column.values)

    def unknown(self, column: Column) -> dict[str, int]:
        """The texts that are no category of training, and how many rows have them."""
        index = Positions(self.categories)
        counts = column.counts()
        return {
            text: int(count)
            for text, count in zip(column.texts, counts, strict=True)
            if count and index[text] < 0
        }

    def encode(self, column: Column, out: NDArray[np.float32]) -> None:
        """Fill out (rows, len(names))."""
        out[:, : len(self.categories)] = 0
        places = self.places(column)
        rows = np.flatnonzero(places >= 0)
        out[rows, places[rows]] = 1
        _encode_indicator(self, column.missing(), out)


Feature = NumberFeature | BooleanFeature | CategoryFeature
_CLASSES: dict[str, type[Feature]] = {c.kind: c for c in (NumberFeature, BooleanFeature, CategoryFeature)}


def fit_feature(column: Column, indicator: bool, most_categories: int) -> Feature:
    """The feature that a column of training rows makes."""
    if column.kind == "number":
        return NumberFeature.fit(column, indicator)
    if column.kind == "boolean":
        return BooleanFeature.fit(column, indicator)
    return CategoryFeature.fit(column, indicator, most_categories)


def feature_config(feature: Feature) -> dict[str, Any]:
    """What `feature_from_config` makes it from, of JSON's types."""
    config = asdict(feature)
    if isinstance(feature, CategoryFeature):
        config["categories"] = list(feature.categories)
    return {"kind": feature.kind, **config}


def feature_from_config(config: Mapping[str, Any]) -> Feature:
    """The feature of `feature_config`.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    kind = config["kind"]
    if kind not in _CLASSES:
        raise unknown_name(_WHERE, "a kind of column", kind, _CLASSES)
    arguments = {key: value for key, value in config.items() if key != "kind"}
    if not isinstance(arguments["name"], str) or not isinstance(arguments["indicator"], bool):
        raise ValueError(expected(_WHERE, "a column's name and indicator as text and truth", repr(arguments)))
    if not isinstance(arguments.get("categories", []), list):
        raise ValueError(expected(_WHERE, "categories as a list", repr(arguments["categories"])))
    return _CLASSES[kind](**arguments)


def _with_indicator(names: tuple[str, ...], feature: Feature) -> tuple[str, ...]:
    return (*names, f"{feature.name} missing") if feature.indicator else names


def _encode_indicator(feature: Feature, missing: NDArray[np.bool_], out: NDArray[np.float32]) -> None:
    if feature.indicator:
        out[:, -1] = missing

"""A data frame with the attributes of polars', which the tests do not need."""

import numpy as np


class Frame:
    """Columns by name; anything that NumPy makes arrays of."""

    def __init__(self, columns):
        self._columns = {name: list(column) for name, column in columns.items()}
        self.columns = np.array(list(columns), object)  # as pandas' it has no truth value
        self.shape = (len(next(iter(self._columns.values()), [])), len(columns))

    def to_series(self, index):
        """A column."""
        values = list(self._columns.values())[index]
        kinds = {type(value) for value in values}
        return np.array(values, object if len(kinds) > 1 or kinds <= {str, type(None)} else None)

    def __getitem__(self, rows):
        return Frame({name: np.array(column, object)[rows] for name, column in self._columns.items()})

    def __array__(self, dtype=None, copy=None):
        whole = [self.to_series(index) for index in range(self.shape[1])]
        return np.stack([column.astype(object) for column in whole], axis=1).astype(dtype or object)

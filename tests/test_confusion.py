"""Which classes are taken for which."""

import numpy as np
import pytest

from fastdnn.diagnose import confusion_matrix


def test_against_counting():
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(5, size=(2, 200))
    matrix = confusion_matrix(true, predicted, classes=6)
    want = [[int(((true == i) & (predicted == j)).sum()) for j in range(6)] for i in range(6)]
    np.testing.assert_array_equal(matrix, want)


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [
        ([0, 3], [0, 1], "3 in row 1"),
        ([0, 1], [0, -1], "y_pred as whole numbers"),
        ([0, 1.5], [0, 1], "1.5 in row 1"),
        ([0, 1], [0], "2 and 1"),
        ([[0, 1]], [0, 1], "argmax"),
    ],
)
def test_bad_labels(true, predicted, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(true, predicted, classes=3)

"""Which classes are taken for which."""

import numpy as np
import pytest
from class_cases import LABELS, PREDICTED, WEIGHTS

from fastdnn.diagnose import confusion_matrix


def test_against_counting():
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(5, size=(2, 200))
    found = confusion_matrix(true, predicted, classes=6)
    want = [[int(((true == i) & (predicted == j)).sum()) for j in range(6)] for i in range(6)]
    np.testing.assert_array_equal(found.matrix, want)
    assert found.matrix.dtype == np.int64
    assert (found.rows, found.wrong) == (200, int((true != predicted).sum()))
    assert found.error == found.wrong / 200
    np.testing.assert_array_equal(np.asarray(found), found.matrix)
    assert np.asarray(found, np.float32).dtype == np.float32


# Of scikit-learn 1.9.1, with the weights.
NORMALIZED = {
    "true": [
        [1, 0, 0, 0, 0],
        [0.2, 0.56, 0.12, 0, 0.12],
        [0, 0, 1, 0, 0],
        [0.2444444444, 0.1111111111, 0.1333333333, 0.4222222222, 0.0888888889],
        [0, 0, 0, 0, 0],
    ],
    "pred": [
        [0.5151515152, 0, 0, 0, 0],
        [0.1515151515, 0.7368421053, 0.1111111111, 0, 0.4285714286],
        [0, 0, 0.6666666667, 0, 0],
        [0.3333333333, 0.2631578947, 0.2222222222, 1, 0.5714285714],
        [0, 0, 0, 0, 0],
    ],
    "all": [
        [0.1619047619, 0, 0, 0, 0],
        [0.0476190476, 0.1333333333, 0.0285714286, 0, 0.0285714286],
        [0, 0, 0.1714285714, 0, 0],
        [0.1047619048, 0.0476190476, 0.0571428571, 0.180952381, 0.0380952381],
        [0, 0, 0, 0, 0],
    ],
}


@pytest.mark.parametrize("how", NORMALIZED)
def test_weights_and_shares_as_scikit_learn(how):
    found = confusion_matrix(LABELS, PREDICTED, sample_weight=WEIGHTS, normalize=how)
    np.testing.assert_allclose(found.matrix, NORMALIZED[how], atol=1e-10)
    assert found.counts.sum() == pytest.approx(WEIGHTS.sum())
    assert found.error == pytest.approx(1 - 0.6476190476)


def test_classes_of_other_kinds():
    assert confusion_matrix(np.array([1.0, 0.0]), [True, False], 2).matrix.tolist() == [[1, 0], [0, 1]]
    assert confusion_matrix([], [], 2).matrix.tolist() == [[0, 0], [0, 0]]
    assert confusion_matrix(np.array([255], np.uint8), np.array([255], np.uint8), 256).matrix[255, 255] == 1
    texts = confusion_matrix(["b", "a", "b"], np.array(["b", "b", "a"], object))
    assert (texts.classes, texts.matrix.tolist()) == (("a", "b"), [[0, 1], [1, 1]])
    turned = confusion_matrix(["b", "a", "b"], ["b", "b", "a"], ["b", "a"])
    assert (turned.classes, turned.matrix.tolist()) == (("b", "a"), [[1, 1], [1, 0]])
    named = confusion_matrix([0, 1, 1], [0, 0, 1], ["no", "yes"])
    assert (named.classes, named.matrix.tolist()) == (("no", "yes"), [[1, 0], [1, 1]])
    signs = confusion_matrix([-1, 1], [1, 1])
    assert (signs.classes, signs.matrix.tolist()) == (("-1", "1"), [[0, 1], [0, 1]])
    columns = confusion_matrix([[0], [1]], [[0], [0]], [1, 0])
    assert (columns.classes, columns.matrix.tolist()) == (("1", "0"), [[0, 1], [0, 1]])


def test_a_matrix_too_wide_for_the_terminal_is_told_by_its_worst():
    matrix = np.diag(np.full(50, 9))
    matrix[3, 4], matrix[7, 1] = 2, 5
    names = [f"c{i}" for i in range(50)]
    true, predicted = (np.repeat(each.ravel(), matrix.ravel()) for each in np.indices(matrix.shape))
    found = confusion_matrix(true, predicted, names)
    assert found.told(80).splitlines() == [
        "50 classes; most often confused:",
        "  c7 taken for c1: 5 of 14",
        "  c3 taken for c4: 2 of 11",
    ]
    assert confusion_matrix(range(50), range(50), names).told(80) == "none confused"
    assert len(found.told(500).splitlines()) == 51


def test_the_most_confused_pair_is_named():
    true = [0] * 20 + [1] * 20 + [2] * 20
    predicted = [0] * 14 + [2] * 6 + [1] * 20 + [2] * 19 + [0]
    found = confusion_matrix(true, predicted, ["cat", "car", "dog"])
    (said,) = found.advice
    assert (said.kind, said.severity) == ("confused_pair", "hint")
    assert "'cat' is taken for 'dog'" in said.text
    assert said.evidence == "6 of 7 mistakes, of 20 of 'cat'"
    assert found.most_frequent == 0
    np.testing.assert_allclose(found.class_error, [0.3, 0, 0.05])
    assert found.confused() == [(0, 2, 6), (2, 0, 1)]
    assert confusion_matrix([0, 1, 2], [0, 1, 2]).advice[0].kind == "no_confusion"
    spread = confusion_matrix([0, 1, 2, 0, 1, 2], [1, 2, 0, 2, 0, 1]).advice[0]
    assert spread.kind == "spread_confusion"


@pytest.mark.parametrize(
    ("true", "predicted", "classes", "words"),
    [
        ([0, 3], [0, 1], 3, "y_true as whole numbers from 0 to 2, got 3 in row 1"),
        ([0, 1], [0, -1], 3, "y_pred as whole numbers from 0 to 2, got -1 in row 1"),
        ([0.5], [0], 3, "y_true as whole numbers from 0 to 2, got 0.5 in row 0"),
        ([np.nan], [0], 3, "y_true as whole numbers from 0 to 2, got nan in row 0"),
        ([0, 0.5], [0, 1], None, "y_true as whole numbers, got 0.5 in row 1; from probabilities"),
        ([0], np.eye(3), 3, r"y_pred as one number per example, .*argmax"),
        (["a"], [0], 3, "y_true as one number per example"),
        (["a"], [0], None, "labels of one kind, numbers or texts"),
        (["a"], ["x"], ["a", "b"], "y_pred as labels of the 2 classes, got 'x' in row 0"),
        ([7], [1], [1, 2], "y_true as labels of the 2 classes, got '7' in row 0"),
        ([0, 1], [0], 3, "y_true and y_pred of one length, got 2 and 1"),
        ([0], [0], 0, "classes as a whole number >= 1, got 0"),
        ([0], [0], 20_000, "at most 10,000 classes"),
        ([0], [0], 10**9, "at most 1,000,000 classes"),
        ([0], [0], ["a", "a"], "each of the classes once"),
        ([0], [0], [], "classes as a list of whole numbers or of texts"),
        ([], [], None, "at least one label"),
        ([2**63], [0], None, "y_true as whole numbers, got 9223372036854775808"),
        ([None], [0], None, "y_true as one number per example"),
        (np.ma.array([0], mask=[True]), [0], 2, "y_true without masked values"),
    ],
)
def test_bad_labels(true, predicted, classes, words):
    with pytest.raises(ValueError, match=rf"^\[confusion_matrix\] expected {words}"):
        confusion_matrix(true, predicted, classes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sample_weight": [1, 2, 3]}, "sample_weight as one number per example, 2, got 3"),
        ({"sample_weight": [1, -1]}, "sample weights >= 0, got -1.0 in row 1"),
        ({"sample_weight": [0, 0]}, "a sample weight above 0"),
        ({"sample_weight": [1, np.nan]}, "finite sample_weight"),
        ({"normalize": "rows"}, "normalize, one of all, pred, true, got 'rows'"),
    ],
)
def test_bad_weights_and_shares(options, words):
    with pytest.raises(ValueError, match=rf"^\[confusion_matrix\] expected {words}"):
        confusion_matrix([0, 1], [0, 1], **options)


def test_whole_sums_of_weights_are_told_as_whole_numbers():
    found = confusion_matrix([-1, 1, 1], [-1, 1, -1], sample_weight=[0, 1, 1])
    assert str(found).splitlines()[0] == "1 of 2 examples wrong, 50.00 %"
    assert found.advice[0].evidence == "1 '1' taken for '-1'"


def test_mistakes_of_two_classes_are_told_by_kind():
    one = confusion_matrix([0] * 9 + [1] * 9, [0] * 9 + [0] * 4 + [1] * 5).advice[0]
    assert one.text == "All mistakes are of one kind: '1' taken for '0'."
    both = confusion_matrix([0, 0, 1, 1], [0, 1, 0, 1]).advice[0]
    assert "about equally frequent" in both.text


def test_labels_of_objects():
    numbers = np.array([0, 1, 1], object)
    assert confusion_matrix(numbers, numbers).matrix.tolist() == [[1, 0], [0, 2]]
    with pytest.raises(ValueError, match="or one text, got 'a' in row 0"):
        confusion_matrix(np.array(["a", 1], object), ["a", "b"])

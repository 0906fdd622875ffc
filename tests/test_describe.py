"""What a table holds: figures by NumPy's own, missing values apart, and warnings that are told by kind."""

import numpy as np
import pytest
from frames_for_tests import Frame

from fastdnn.data import describe, load_digits

RNG = np.random.default_rng(0)


def kinds(x, **options):
    return {advice.kind: tuple(advice.evidence.split(", ")) for advice in describe(x, **options).advice}


def test_figures_are_numpys():
    x = RNG.normal(size=(5000, 60)) * np.geomspace(0.1, 100, 60) + 1e5  # in several blocks
    for row, column in zip(describe(x).rows, x.T, strict=True):
        np.testing.assert_allclose(
            row[1:5], [column.mean(), column.std(), column.min(), column.max()], rtol=1e-9
        )
        assert row.outliers == (abs(column - column.mean()) > 3 * column.std()).sum()
        assert row.missing == row.infinite == 0


def test_missing_and_infinite_values_are_counted_and_left_out():
    x = RNG.normal(size=(9000, 40))
    x[:8000, 3] = np.nan  # more than the first block
    x[[1, 2], 4] = np.inf, -np.inf
    description = describe(x)
    row = description["x3"]
    assert (row.missing, row.infinite) == (8000, 0)
    np.testing.assert_allclose(
        row[1:5], [f(x[8000:, 3]) for f in (np.mean, np.std, np.min, np.max)], rtol=1e-9
    )
    assert (description["x4"].missing, description["x4"].infinite) == (0, 2)
    assert np.isfinite(description["x4"][1:5]).all()
    assert kinds(x)["missing"] == ("x3",)
    assert kinds(x)["infinite"] == ("x4",)


def test_a_feature_without_values():
    row = describe(np.array([[np.nan, 1.0], [np.nan, 2.0]])).rows[0]
    assert np.isnan(row[1:5]).all()
    assert (row.missing, row.outliers, row.constant) == (2, 0, False)


def test_outliers_beyond_so_many_deviations():
    x = np.append(RNG.normal(size=999), 50.0)[:, None]
    assert describe(x).rows[0].outliers == 1
    assert describe(x, outlier_sigmas=100).rows[0].outliers == 0
    normal = describe(RNG.normal(size=(100_000, 1))).rows[0].outliers
    assert 200 < normal < 340  # 0.27 % of a normal feature; the deviation of the count is 16


def test_warnings_by_kind():
    clean = RNG.normal(size=(1000, 3))
    assert kinds(clean) == {}
    assert kinds(clean + np.array([0.5, 1.5, -5])) == {"not_centred": ("x1", "x2")}
    assert kinds(clean * np.array([1, 100, 3])) == {"unlike_scales": ("x0", "x1")}
    assert kinds(clean * [1, 0, 1]) == {"constant": ("x1",)}
    positive = kinds(np.exp(clean))
    assert positive["all_non_negative"] == ("x0", "x1", "x2")
    assert "outliers" in positive
    assert kinds(np.where(RNG.random((1000, 3)) < 0.02, 30, clean))["outliers"] == ("x0", "x1", "x2")


def test_the_digits():
    x, _ = load_digits()
    description = describe(x)
    found = {advice.kind for advice in description.advice}
    assert {"constant", "all_non_negative", "not_centred"} <= found
    assert [row.name for row in description.rows if row.constant] == ["x0", "x32", "x39"]
    text = str(description)
    assert text.startswith("1797 examples of 64 features")
    assert "... and 24 more features" in text
    assert max(len(line) for line in text.splitlines()) < 160


@pytest.mark.parametrize("dtype", ["u1", "i4", "f2", "?"])
def test_other_types(dtype):
    x = RNG.integers(0, 2, (50, 3)).astype(dtype)
    assert describe(x).rows == describe(x.astype(float)).rows


def test_names_and_access():
    frame = Frame({"age": [1, 2], "rate": [0.5, None]})
    assert [row.name for row in describe(frame).rows] == ["age", "rate"]
    description = describe(frame, names=["a", "b"])
    assert description.as_dict()["b"]["missing"] == 1
    assert description["a"].mean == 1.5
    with pytest.raises(ValueError, match="a feature, one of a, b, got 'c'"):
        description["c"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": np.zeros((0, 3))}, "shape"),
        ({"x": np.zeros(3)}, r"got shape \(3,\); one feature is"),
        ({"x": [["a"]]}, "real numbers"),
        ({"x": [[1.0]], "names": ["a", "b"]}, "1 names, one for each feature"),
        ({"x": [[1.0]], "names": "a"}, "1 names, one for each feature"),
        ({"x": [[1.0]], "outlier_sigmas": -1}, "0 <= outlier_sigmas"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=rf"^\[describe\] expected .*{message}"):
        describe(**arguments)


@pytest.mark.parametrize("column", [[1e308, -1e308, 1e308], [1e200, 0.0, 1.0]])
def test_a_spread_beyond_float64_is_an_error(column):
    with pytest.raises(ValueError, match=r"spread float64 holds, got .* in 'b'"):
        describe(np.array([[1.0, 2.0, 3.0], column]).T, names=["a", "b"])

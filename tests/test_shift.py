"""Two-sample tests: p values by known tables, planted shifts found, hardly any false alarms."""

import math

import numpy as np
import pytest
from frames_for_tests import Frame

from fastdnn.data import check_shift, check_splits, load_digits, train_dev_test_split
from fastdnn.data.two_sample import (
    binomial_survival,
    chi_squared,
    gamma_survival,
    holm,
    kolmogorov_smirnov,
    kolmogorov_survival,
)

# ------------------------------------------------------------------------------------------------- statistics


def test_kolmogorovs_distribution_by_its_table():
    """Smirnov (1948): the critical values, and the mean √(π/2) ln 2 as the integral of the survival."""
    for p, critical in ((0.2, 1.07275), (0.1, 1.22385), (0.05, 1.35810), (0.01, 1.62762), (0.001, 1.94947)):
        assert kolmogorov_survival(critical) == pytest.approx(p, rel=2e-4)
    x = (np.arange(40_000) + 0.5) / 10_000
    mean = sum(kolmogorov_survival(float(v)) for v in x) / 10_000
    assert mean == pytest.approx(math.sqrt(math.pi / 2) * math.log(2), rel=1e-6)
    assert kolmogorov_survival(0.0) == 1.0
    assert kolmogorov_survival(50.0) == 0.0


def test_both_forms_of_kolmogorovs_distribution_meet():
    assert kolmogorov_survival(np.nextafter(1.0, 0)) == pytest.approx(kolmogorov_survival(1.0), rel=1e-13)


def test_the_largest_distance_of_two_distributions():
    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b = rng.integers(0, 9, rng.integers(1, 40)) / 4, rng.normal(1, 1, rng.integers(1, 40))
        every = np.concatenate([a, b])
        want = max(abs((a <= v).mean() - (b <= v).mean()) for v in every)
        assert kolmogorov_smirnov(a, b)[0] == pytest.approx(want, abs=1e-15)
    assert kolmogorov_smirnov(np.zeros(5), np.ones(7))[0] == 1.0


def test_p_values_of_equal_samples_are_uniform():
    rng = np.random.default_rng(1)
    p = np.array([kolmogorov_smirnov(rng.normal(size=60), rng.normal(size=90))[1] for _ in range(2000)])
    for level in (0.01, 0.05, 0.2, 0.5):
        deviation = math.sqrt(level * (1 - level) / 2000)
        assert 0.75 * level - 4 * deviation < (p < level).mean() < level + 4 * deviation


@pytest.mark.parametrize(("n", "most"), [(50, 1.2), (200, 1.05), (1000, 1.01)])
def test_p_values_by_the_exact_ones(n, most):
    """n rows in each set: 2 Σ (-1)^(k-1) C(2n, n - k d) / C(2n, n), d = n D (Gnedenko & Korolyuk, 1951)."""
    for steps in range(1, n):
        signs = ((-1) ** (k - 1) * math.comb(2 * n, n - k * steps) for k in range(1, n // steps + 1))
        exact = 2 * sum(signs) / math.comb(2 * n, n)
        if 1e-3 < exact < 0.05:
            a = np.arange(n, dtype=float)
            distance, p = kolmogorov_smirnov(a, a + steps - 0.5)
            assert distance == pytest.approx(steps / n)
            assert exact < p < exact * most


def test_the_incomplete_gamma_function():
    for freedom, critical in (
        (1, 3.841459),
        (2, 5.991465),
        (5, 11.070498),
        (30, 43.772972),
        (100, 124.342113),
    ):
        assert gamma_survival(freedom / 2, critical / 2) == pytest.approx(0.05, rel=1e-6)
    for x in (0.1, 1.0, 2.0, 7.0, 40.0):
        assert gamma_survival(1.0, x) == pytest.approx(math.exp(-x), rel=1e-13)
        assert gamma_survival(0.5, x) == pytest.approx(math.erfc(math.sqrt(x)), rel=1e-12)
        poisson = sum(math.exp(-x) * x**k / math.factorial(k) for k in range(6))
        assert gamma_survival(6.0, x) == pytest.approx(poisson, rel=1e-12)
    assert gamma_survival(3.0, 0.0) == 1.0


def test_chi_squared_by_hand():
    a, b = np.repeat([1, 2, 3], [20, 30, 50]), np.repeat([1, 2, 3], [30, 30, 40])
    distance, p = chi_squared(a, b)
    statistic = 2 * 25 / 25 + 2 * 25 / 45  # expected: 25, 30, 45 in each
    assert distance == pytest.approx(0.1)
    assert p == pytest.approx(math.exp(-statistic / 2), rel=1e-12)  # two degrees of freedom


def test_rare_values_are_counted_as_one():
    a = np.concatenate([np.zeros(100), np.arange(1, 5)])
    b = np.concatenate([np.zeros(100), np.arange(5, 9)])
    distance, p = chi_squared(a, b)
    assert distance == pytest.approx(4 / 104)
    assert p == 1.0  # the eight rare ones together are too rare, and join the zeros
    a, b = np.append(np.zeros(94), np.arange(1, 7)), np.append(np.zeros(94), np.arange(7, 13))
    assert chi_squared(a, b)[1] == 1.0  # six rare ones in each
    a, b = np.repeat([0, 1, 2], [80, 20, 3]), np.repeat([0, 1, 3], [60, 40, 1])
    assert chi_squared(a, b)[1] == chi_squared(np.minimum(a, 1), np.minimum(b, 1))[1]  # they join the ones
    assert chi_squared(np.zeros(9), np.zeros(7)) == (0.0, 1.0)
    assert chi_squared(np.arange(3), np.arange(3))[1] == 1.0


def test_the_binomial_tail():
    for n in (1, 7, 30):
        for hits in range(n + 2):
            want = sum(math.comb(n, k) for k in range(hits, n + 1)) / 2**n
            assert binomial_survival(hits, n) == pytest.approx(want, rel=1e-12)
    assert binomial_survival(5000, 10_000) == pytest.approx(0.504, abs=1e-3)
    assert 0 < binomial_survival(5500, 10_000) < 1e-20


def test_holms_correction():
    assert holm([0.01, 0.02, 0.03, 0.5]) == pytest.approx([0.04, 0.06, 0.06, 0.5])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


# ----------------------------------------------------------------------------------------------------- shifts


def two_sets(seed, rows=300, features=8):
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(features, features))
    return [np.round(rng.normal(size=(n, features)) @ mix, 2) for n in (rows, rows + 57)]


def test_no_shift_gives_no_alarm():
    alarms = sum(check_shift(*two_sets(seed), classifier=False, alpha=0.05).differs for seed in range(100))
    assert alarms <= 5  # 2.5 are expected at most: the features have half of α


def test_no_shift_gives_no_alarm_by_the_classifier():
    reports = [check_shift(*two_sets(seed, rows=80, features=3), alpha=0.05) for seed in range(40)]
    assert all(report.classifier is not None for report in reports)
    assert sum(report.differs for report in reports) <= 5


@pytest.mark.parametrize("column", [0, 5])
def test_a_planted_shift_is_found_where_it_is(column):
    for seed in range(5):
        a, b = two_sets(seed)
        b[:, column] += 0.6 * b[:, column].std()
        report = check_shift(a, b, names=("train", "dev"))
        assert report.shifted == (f"x{column}",)
        assert report.features[0].name == f"x{column}"
        assert report.features[0].test == "ks"
        assert report.differs


def test_a_change_of_spread_is_found():
    a, b = two_sets(0)
    b[:, 2] *= 2
    assert check_shift(a, b, classifier=False).shifted == ("x2",)


def test_the_most_shifted_comes_first_and_has_the_most_importance():
    a, b = two_sets(3, features=5)
    b[:, 1] += 0.7 * b[:, 1].std()
    b[:, 4] += 2.5 * b[:, 4].std()
    report = check_shift(a, b)
    assert report.shifted == ("x4", "x1")
    assert report.classifier.differs
    assert report["x4"].importance == max(feature.importance for feature in report.features)


def test_categories_that_come_more_often():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, (500, 2)), rng.integers(0, 4, (500, 2))
    assert not check_shift(a, b, classifier=False).differs
    b[:, 1] = np.where(rng.random(500) < 0.3, 3, b[:, 1])
    report = check_shift(a, b, classifier=False)
    assert report.shifted == ("x1",)
    assert {feature.test for feature in report.features} == {"chi2"}
    by_name = check_shift(a, b, classifier=False, feature_names=["one", "two"], categorical=["one"])
    assert (by_name["one"].test, by_name["two"].test) == ("chi2", "ks")


def test_what_no_single_feature_shows_the_classifier_does():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(600, 3))
    b = rng.normal(size=(600, 3))
    b[:, 1] = 0.95 * b[:, 0] + math.sqrt(1 - 0.95**2) * b[:, 1]
    report = check_shift(a, b)
    assert report.shifted == ()
    assert report.classifier.differs
    assert report.differs
    assert report["x2"].importance < min(report["x0"].importance, report["x1"].importance)


def test_the_same_seed_gives_the_same_report():
    a, b = two_sets(0, rows=2000)
    b[:, 0] += 0.3
    first, again = (check_shift(a, b, seed=3, most_rows=200) for _ in range(2))
    assert first == again
    assert str(first) == str(again)
    assert first.classifier.rows == 200


def test_few_rows_have_no_classifier():
    a, b = two_sets(0, rows=10)
    report = check_shift(a, b)
    assert report.classifier is None
    assert "no difference found" in str(report)


# ----------------------------------------------------------------------------------------------------- splits


def test_a_shuffled_split_of_the_digits_is_ok_and_one_by_writers_is_not():
    x, y = load_digits()
    split = train_dev_test_split(x, y, dev=0.2, test=0.2)
    report = check_splits(split.train[0], split.dev[0], split.test[0])
    assert report.ok
    assert {advice.severity for advice in report.advice} == {"good"}
    split = train_dev_test_split(x, y, dev=0.2, test=0.2, shuffle=False)
    report = check_splits(split.train[0], split.dev[0], split.test[0])
    assert not report.ok  # a writer's rows follow each other
    assert [advice.severity for advice in report.advice] == ["hint", "hint", "error"]
    assert str(report).startswith("hint: Train and dev differ in ")


def test_train_may_differ_dev_and_test_may_not():
    train, dev = two_sets(0, rows=400)
    test = dev[200:].copy()
    dev = dev[:200]
    report = check_splits(train + 5, dev, test)
    assert report.ok
    assert [advice.severity for advice in report.advice] == ["hint", "hint", "good"]
    assert [advice.kind for advice in check_splits(train, dev).advice] == ["same_distribution"]
    report = check_splits(train, dev, test + 2 * np.eye(8)[0], feature_names=list("abcdefgh"))
    assert report.advice[2].kind == "dev_test_mismatch"
    assert "Dev and test differ in a: take both from one distribution" in str(report)
    assert report.comparisons["dev", "test"].shifted == ("a",)


# ----------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": np.zeros((5, 3))}, r"check_shift, dev\] expected x of shape \(examples, 8\)"),
        ({"b": np.full((5, 8), np.nan)}, r"check_shift, dev\] expected finite x, got nan in row 0, column 0"),
        ({"names": "ab"}, "names as a pair of texts"),
        ({"names": ("a", 1)}, "names as a pair of texts"),
        ({"feature_names": ["a"]}, "8 feature_names"),
        ({"categorical": ["y"]}, "a feature in categorical"),
        ({"categorical": [8]}, "numbers from 0 to 7 in categorical, got 8"),
        ({"categorical": "x0"}, "categorical as a list"),
        ({"alpha": 0}, "alpha"),
        ({"alpha": 1}, "alpha"),
        ({"classifier": 1}, "classifier as True or False"),
        ({"seed": -1}, "a seed from 0"),
        ({"most_rows": 19}, "most_rows of at least 20, got 19"),
    ],
)
def test_bad_arguments(change, message):
    a, b = two_sets(0, rows=30)
    arguments = {"a": a, "b": b, "names": ("train", "dev")} | change
    with pytest.raises(ValueError, match=message):
        check_shift(**arguments)


def test_frames_must_have_the_same_columns():
    a, b = (Frame(dict(zip(names, np.eye(2), strict=True))) for names in ("ab", "ba"))
    with pytest.raises(ValueError, match="the same columns in both sets, got 'a' and 'b' at column 0"):
        check_shift(a, b)
    assert {feature.name for feature in check_shift(a, a).features} == {"a", "b"}


def test_a_tuple_is_told_what_to_pass():
    x = np.zeros((30, 2))
    with pytest.raises(ValueError, match=r"dev as a table, got a tuple; of a split pass .* split.dev\[0\]"):
        check_splits(x, (x, x))

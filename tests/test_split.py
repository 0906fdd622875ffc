"""Splits: the counts asked for, every row once, classes in proportion, groups whole, the same for a seed."""

from fractions import Fraction

import numpy as np
import pytest

from fastdnn.data import Split, load_digits, split_indices, train_dev_test_split


@pytest.mark.parametrize(
    ("n", "dev", "test", "want"),
    [
        (1_000_000, 0.01, 0.01, (980_000, 10_000, 10_000)),  # 98:1:1
        (1_000_000, 0.004, 0.001, (995_000, 4_000, 1_000)),  # 99.5:0.4:0.1
        (1_000_000, 10_000, 10_000, (980_000, 10_000, 10_000)),
        (1_000, 0, 0.3, (700, 0, 300)),  # 70:30
        (1_000, 0.2, 0.2, (600, 200, 200)),  # 60:20:20
        (1_000, 0.2, 0, (800, 200, 0)),  # dev alone
        (1_797, 0.1, 0.1, (1_437, 180, 180)),  # 179.7 is nearer to 180
        (25, 0.1, 0.02, (21, 3, 1)),  # halves go up: 2.5 and 0.5
        (10, np.int64(3), np.float32(0.2), (5, 3, 2)),
        (5, 0, 0, (5, 0, 0)),
        (1, 0, 0.0, (1, 0, 0)),
    ],
)
@pytest.mark.parametrize("stratified", [False, True])
def test_counts(n, dev, test, want, stratified):
    stratify = np.arange(n) % 7 if stratified else None
    parts = split_indices(n, dev=dev, test=test, stratify=stratify)
    assert tuple(len(part) for part in parts) == want
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))


def test_worked_splits_of_a_million_rows():
    for dev, test, want in [
        (0.01, 0.01, [980_000, 10_000, 10_000]),  # 98:1:1
        (0.004, 0.001, [995_000, 4_000, 1_000]),  # 99.5:0.4:0.1
        (10_000, 10_000, [980_000, 10_000, 10_000]),  # "10,000 each"
    ]:
        assert [len(part) for part in split_indices(1_000_000, dev=dev, test=test, shuffle=False)] == want


def test_a_tenth_each_is_the_default():
    assert [len(part) for part in split_indices(200)] == [160, 20, 20]
    split = train_dev_test_split(np.arange(200))
    assert [len(x) for (x,) in split] == [160, 20, 20]
    assert np.array_equal(split.dev[0], split_indices(200, seed=0)[1])


def test_random_sizes_give_every_row_once():
    rng = np.random.default_rng(1)
    for _ in range(500):
        n = int(rng.integers(2, 120))
        dev = int(rng.integers(0, n))
        test = int(rng.integers(0, n - dev))
        labels = rng.integers(0, rng.integers(1, n + 1), n) if rng.random() < 0.7 else None
        shuffle = bool(rng.integers(2))
        parts = split_indices(
            n, dev=dev, test=test, stratify=labels, seed=int(rng.integers(99)), shuffle=shuffle
        )
        assert [len(part) for part in parts] == [n - dev - test, dev, test]
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))
        if not shuffle:
            assert all(np.array_equal(part, np.sort(part)) for part in parts)


def test_a_seed_means_the_same_rows_on_every_machine_and_numpy():
    train, dev, test = split_indices(12, dev=2, test=3, seed=0)
    assert train.tolist() == [9, 4, 11, 7, 2, 3, 0]
    assert dev.tolist() == [5, 10]
    assert test.tolist() == [6, 8, 1]


def test_seeds_differ_and_repeat():
    splits = [tuple(split_indices(50, seed=seed)[2]) for seed in range(100)]
    assert splits == [tuple(split_indices(50, seed=seed)[2]) for seed in range(100)]
    assert len(set(splits)) == 100


def test_every_row_is_as_likely_in_test_as_any_other():
    """4,000 seeds, 5 of 20 rows: each row is expected 1,000 times, with a standard deviation of 27."""
    counts = np.zeros(20, int)
    for seed in range(4_000):
        counts[split_indices(20, dev=0, test=5, seed=seed)[2]] += 1
    assert abs(counts - 1_000).max() < 4 * 27.4


def test_without_shuffle_the_order_stays():
    train, dev, test = split_indices(10, dev=2, test=3, shuffle=False)
    assert train.tolist() == [0, 1, 2, 3, 4]
    assert dev.tolist() == [5, 6]
    assert test.tolist() == [7, 8, 9]
    labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    train, dev, test = split_indices(10, dev=2, test=2, stratify=labels, shuffle=False)
    assert train.tolist() == [0, 1, 2, 5, 6, 7]
    assert dev.tolist() == [3, 8]
    assert test.tolist() == [4, 9]


# ------------------------------------------------------------------------------------------------- stratified


def largest_remainder(sizes, total):
    """Hamilton's method in exact fractions."""
    quotas = [Fraction(size * total, sum(sizes)) for size in sizes]
    shares = [int(quota) for quota in quotas]
    order = sorted(range(len(sizes)), key=lambda c: (shares[c] - quotas[c], c))
    for c in order[: total - sum(shares)]:
        shares[c] += 1
    return shares


def test_counts_of_classes_are_those_of_the_largest_remainder():
    rng = np.random.default_rng(2)
    for _ in range(200):
        sizes = rng.integers(20, 400, rng.integers(1, 30))  # a tenth of each class is at least two rows
        n = int(sizes.sum())
        labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
        total = int(rng.integers(n // 10, n // 2))
        train, _, test = split_indices(n, dev=0, test=total, stratify=labels, seed=3)
        want = largest_remainder(sizes.tolist(), total)
        assert np.bincount(labels[test], minlength=len(sizes)).tolist() == want
        assert np.bincount(labels[train], minlength=len(sizes)).tolist() == (sizes - want).tolist()


def test_small_classes_are_represented_at_the_expense_of_large_ones():
    labels = np.repeat(np.arange(11), [900] + [10] * 10)
    for rows, want in [
        (50, [40] + [1] * 10),  # quotas of 45 and ten times a half
        (11, [1] * 11),  # just as many rows as classes
        (10, [9, 1]),  # fewer: quotas of 9 and ten times a tenth
    ]:
        test = split_indices(1_000, dev=0, test=rows, stratify=labels)[2]
        assert np.bincount(labels[test]).tolist() == want


def test_digits_have_every_class_within_one_row_of_its_proportion():
    _, y = load_digits()
    for part in split_indices(len(y), dev=0.15, test=0.2, stratify=y, seed=5):
        quota = np.bincount(y) * len(part) / len(y)
        assert abs(np.bincount(y[part]) - quota).max() < 1.5


def test_classes_are_represented_as_far_as_their_rows_go():
    rng = np.random.default_rng(4)
    held = {"train": 0, "dev": 0, "test": 0}
    for _ in range(1_000):
        sizes = rng.choice([1, 1, 2, 2, 3, 4, 6, 40], rng.integers(1, 9))
        n = int(sizes.sum())
        dev = int(rng.integers(0, n))
        test = int(rng.integers(0, n - dev))
        labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
        parts = split_indices(n, dev=dev, test=test, stratify=labels, seed=6)
        train_has, dev_has, test_has = (set(labels[part].tolist()) for part in parts)
        if n - dev - test < len(sizes):
            continue
        assert train_has == set(range(len(sizes)))
        held["train"] += 1
        two = set(np.flatnonzero(sizes >= 2).tolist())
        if dev >= len(two):
            assert dev_has >= two or dev == 0
            held["dev"] += 1
        for_test = set(np.flatnonzero(sizes >= (3 if dev else 2)).tolist())
        if test >= len(for_test):
            assert test_has >= for_test
            held["test"] += 1
    assert min(held.values()) > 100  # the premises were met often enough to mean something


@pytest.mark.parametrize("test", [20_000, 60_000, 99_000])
def test_many_classes_of_one_row_beside_a_large_one(test):
    """Single rows stay in train as long as the large class can fill the test set, at no cost in time."""
    labels = np.concatenate([np.arange(1, 100_001), np.zeros(100_000, int)])
    _, _, chosen = split_indices(200_000, dev=0, test=test, stratify=labels)
    assert np.count_nonzero(labels[chosen] == 0) == test


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "a", "b", "a", "b"],
        [True, False, False, True, False, True],
        [-5, 3, 3, -5, 3, -5],
        [1.0, 2.0, 2.0, 1.0, 2.0, 1.0],
        np.array(["b", "a", "a", "b", "a", "b"], dtype=object),
    ],
)
def test_labels_of_any_kind(labels):
    train, dev, test = split_indices(6, dev=2, test=2, stratify=labels)
    for part in (train, dev, test):
        assert len({labels[row] for row in part}) == 2


# ----------------------------------------------------------------------------------------------------- groups


def sets_of_groups(parts, groups):
    return [set(np.asarray(groups)[part].tolist()) for part in parts]


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_groups_stay_together(stratified, shuffle):
    rng = np.random.default_rng(0)
    for seed in range(60):
        n = int(rng.integers(6, 300))
        groups = rng.integers(0, rng.integers(3, 40), n)
        groups[:3] = 0, 1, 2
        labels = rng.integers(0, 3, n) if stratified else None
        dev, test = (int(rng.integers(0, n // 3)) for _ in range(2))
        parts = split_indices(
            n, dev=dev, test=test, groups=groups, stratify=labels, seed=seed, shuffle=shuffle
        )
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))
        train_has, dev_has, test_has = sets_of_groups(parts, groups)
        assert train_has.isdisjoint(dev_has | test_has)
        assert dev_has.isdisjoint(test_has)
        assert [len(part) > 0 for part in parts] == [True, dev > 0, test > 0]
        largest = np.bincount(groups).max()
        for part, wanted in zip(parts, (n - dev - test, dev, test), strict=True):
            assert abs(len(part) - wanted) <= 2 * largest
        if not shuffle:
            assert all(np.array_equal(part, np.sort(part)) for part in parts)


def test_many_small_groups_come_near_the_counts_and_the_classes():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 2_000, 10_000)
    labels = (rng.random(10_000) < 0.1 + 0.2 * (groups % 2)).astype(int)
    parts = split_indices(10_000, dev=0.2, test=0.1, groups=groups, stratify=labels)
    assert [len(part) for part in parts] == pytest.approx([7_000, 2_000, 1_000], abs=10)
    for part in parts:
        assert labels[part].mean() == pytest.approx(labels.mean(), abs=0.003)


def test_groups_of_one_row_give_the_counts_asked_for():
    parts = split_indices(100, dev=20, test=10, groups=np.arange(100))
    assert [len(part) for part in parts] == [70, 20, 10]
    a, b = (split_indices(100, dev=20, test=10, groups=np.arange(100), seed=s)[1] for s in (1, 2))
    assert not np.array_equal(np.sort(a), np.sort(b))


def test_large_groups_are_in_every_set_in_proportion():
    groups = np.concatenate([np.repeat(np.arange(100), 64), np.arange(100, 6_500)])
    parts = split_indices(len(groups), dev=0.1, test=0.1, groups=groups)
    assert [len(part) for part in parts] == pytest.approx([10_240, 1_280, 1_280], abs=1)
    for has, least, most in zip(sets_of_groups(parts, groups), (70, 5, 5), (90, 15, 15), strict=True):
        assert least <= sum(group < 100 for group in has) <= most


def test_the_seed_counts_where_no_two_groups_have_one_size():
    groups = np.repeat(np.arange(30), np.arange(40, 70))
    chosen = set()
    for seed in range(20):
        parts = split_indices(len(groups), dev=0.1, test=0.1, groups=groups, seed=seed)
        assert [len(part) for part in parts] == pytest.approx([1308, 164, 164], abs=70)
        chosen.add(tuple(sorted(sets_of_groups(parts, groups)[2])))
    assert len(chosen) > 15


def test_groups_of_a_seed_are_the_same_whatever_they_are_called():
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 30, 200)
    names = np.array([f"g{number:02d}" for number in rng.permutation(30)])
    want = split_indices(200, dev=40, test=40, groups=groups, seed=5)
    for one, other in zip(
        want, split_indices(200, dev=40, test=40, groups=names[groups], seed=5), strict=True
    ):
        assert np.array_equal(one, other)


def test_every_group_is_as_likely_in_test_as_any_other_of_its_size():
    """1,500 seeds, 4 of 20 groups of 3 rows: each group is expected 300 times, with a deviation of 15.5."""
    groups = np.repeat(np.arange(20), 3)
    counts = np.zeros(20, int)
    for seed in range(1_500):
        counts[np.unique(groups[split_indices(60, dev=0, test=12, groups=groups, seed=seed)[2]])] += 1
    assert counts.sum() == 1_500 * 4
    assert abs(counts - 300).max() < 4.5 * 15.5


def test_without_shuffle_groups_are_cut_in_their_order():
    days = ["mon", "mon", "tue", "wed", "wed", "wed", "thu", "fri"]
    train, dev, test = split_indices(8, dev=3, test=2, groups=days, shuffle=False)
    assert sets_of_groups((train, dev, test), days) == [{"mon", "tue"}, {"wed"}, {"thu", "fri"}]


def test_digits_by_writer_like_groups():
    _, y = load_digits()
    writers = np.arange(len(y)) // 138  # 13 of them wrote the rows one after the other
    parts = split_indices(len(y), dev=0.2, test=0.2, groups=writers, stratify=y)
    assert [len(part) for part in parts] == pytest.approx([1079, 359, 359], abs=138)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"groups": [0] * 100}, ValueError, "expected at least 3 groups, one for each set, got 1"),
        (
            {"groups": [0, 1] * 50},
            ValueError,
            "expected at least 3 groups, one for each set, got 2; ask for fewer",
        ),
        (
            {"groups": np.arange(99)},
            ValueError,
            r"groups: expected group labels of shape \(100,\), got shape",
        ),
        ({"groups": np.linspace(0, 1, 100)}, ValueError, "groups: expected group labels, got float64 values"),
        ({"groups": [None, "a"] * 50}, TypeError, "groups: expected labels that can be sorted"),
        ({"groups": np.arange(100), "stratify": [1]}, ValueError, "stratify: expected class labels of shape"),
    ],
)
def test_bad_groups(options, error, words):
    with pytest.raises(error, match=rf"^\[split_indices\] {words}"):
        split_indices(100, **options)


# ----------------------------------------------------------------------------------------------------- arrays


def test_rows_stay_together_and_keep_their_dtype():
    x = np.arange(40, dtype=np.uint8).reshape(20, 2)
    y = [str(i) for i in range(20)]
    split = train_dev_test_split(x, y, np.arange(20), dev=4, test=5, seed=7)
    assert isinstance(split, Split)
    for (part_x, part_y, rows), want in zip(split, split_indices(20, dev=4, test=5, seed=7), strict=True):
        assert np.array_equal(rows, want)
        assert part_x.dtype == np.uint8
        assert np.array_equal(part_x, x[rows])
        assert part_y.tolist() == [y[row] for row in rows]


@pytest.mark.parametrize("shuffle", [False, True])
def test_parts_are_copies(shuffle):
    x = np.arange(10)
    split = train_dev_test_split(x, shuffle=shuffle)
    for (part,) in split:
        part[:] = -1
    assert np.array_equal(x, np.arange(10))


def test_one_array_is_enough():
    (train,), (dev,), (test,) = train_dev_test_split(np.eye(10), dev=0, test=2)
    assert train.shape == (8, 10)
    assert dev.shape == (0, 10)
    assert test.shape == (2, 10)


# ----------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"dev": 1.5},
            ValueError,
            r"dev: expected a fraction in \[0, 1\) or an int of rows, got 1.5; .*dev=1000",
        ),
        ({"test": 1.0}, ValueError, r"test: expected a fraction in \[0, 1\) or an int of rows, got 1.0"),
        ({"dev": -0.1}, ValueError, r"dev: expected a fraction .* got -0.1"),
        ({"dev": float("nan")}, ValueError, r"dev: expected a fraction .* got nan"),
        ({"dev": 101}, ValueError, r"dev: expected an int from 0 to 100, got 101"),
        ({"test": -1}, ValueError, r"test: expected an int from 0 to 100, got -1"),
        ({"dev": True}, TypeError, r"dev: expected an int from 0 to 100, got True; an int counts rows"),
        ({"dev": "0.1"}, TypeError, r"dev: expected an int from 0 to 100, got '0.1'"),
        ({"dev": None}, TypeError, r"dev: expected an int from 0 to 100, got None"),
        ({"dev": 0.001}, ValueError, r"dev: expected a fraction that is at least one of 100 rows, got 0.001"),
        ({"dev": 50, "test": 50}, ValueError, r"dev \+ test: expected to leave at least one of 100 rows"),
        ({"dev": 0.5, "test": 0.5}, ValueError, r".*got dev=0.5 \(50 rows\) and test=0.5 \(50 rows\)"),
        ({"seed": -1}, ValueError, r"seed: expected an int >= 0, got -1"),
        ({"seed": None}, TypeError, r"seed: expected an int >= 0, got None"),
        ({"seed": 0.5}, TypeError, r"seed: expected an int >= 0, got 0.5"),
        (
            {"stratify": True},
            ValueError,
            r"stratify: expected class labels of shape \(100,\), got shape \(\)",
        ),
        ({"stratify": np.eye(100)}, ValueError, r"stratify: .* got shape \(100, 100\); .*argmax"),
        ({"stratify": np.arange(99)}, ValueError, r"stratify: .* got shape \(99,\)"),
        ({"stratify": np.linspace(0, 1, 100)}, ValueError, r"stratify: .* not whole numbers; .*np.digitize"),
        ({"stratify": np.full(100, np.nan)}, ValueError, r"stratify: .* not whole numbers"),
        ({"stratify": [None, "a"] * 50}, TypeError, r"stratify: expected labels that can be sorted"),
    ],
)
def test_bad_options_are_named(options, error, words):
    with pytest.raises(error, match=rf"^\[split_indices\] {words}"):
        split_indices(100, **options)
    with pytest.raises(error, match=words):
        train_dev_test_split(np.arange(100), **options)


@pytest.mark.parametrize(
    ("n", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError), (True, TypeError)]
)
def test_bad_number_of_rows(n, error):
    with pytest.raises(error, match=r"^\[split_indices\] n: expected an int >= 1, got "):
        split_indices(n)


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ((), TypeError, "expected at least one array, got none"),
        ((np.arange(3), np.arange(4)), ValueError, r"expected arrays of one length, got lengths \[3, 4\]"),
        ((np.arange(3), 5), TypeError, "array 1: expected rows, got int"),
    ],
)
def test_bad_arrays(arrays, error, words):
    with pytest.raises(error, match=rf"^\[train_dev_test_split\] {words}"):
        train_dev_test_split(*arrays)


@pytest.mark.parametrize("seed", range(3))
def test_data_drawn_by_the_same_seed_is_split_at_random(seed):
    """The order must not be made of the bits that the data was."""
    random = np.random.default_rng(seed)
    y, x = random.random(2000) < 0.5, random.random(2000)
    for part in split_indices(2000, dev=0.3, test=0.3, seed=seed):
        assert abs(y[part].mean() - 0.5) < 0.08
        assert abs(x[part].mean() - 0.5) < 0.05

"""Folds: every row once, sizes and classes even, groups whole, the same for a seed."""

import numpy as np
import pytest

from fastdnn.data import k_fold_indices, load_digits


def dev_counts(folds, labels):
    """Rows of each class in each dev set."""
    _, numbers = np.unique(labels, return_inverse=True)
    return np.array([np.bincount(numbers[dev], minlength=numbers.max() + 1) for _, dev in folds])


def check_folds(folds, n, k):
    assert len(folds) == k
    assert np.array_equal(np.sort(np.concatenate([dev for _, dev in folds])), np.arange(n))
    for train, dev in folds:
        assert len(dev) > 0
        assert np.array_equal(np.sort(np.concatenate([train, dev])), np.arange(n))


@pytest.mark.parametrize("shuffle", [True, False])
def test_random_sizes_give_every_row_once_and_even_sets(shuffle):
    rng = np.random.default_rng(1)
    for _ in range(200):
        n = int(rng.integers(2, 80))
        k = int(rng.integers(2, min(n, 12) + 1))
        labels = rng.integers(0, rng.integers(1, n + 1), n) if rng.random() < 0.7 else None
        folds = k_fold_indices(n, k, stratify=labels, seed=int(rng.integers(99)), shuffle=shuffle)
        check_folds(folds, n, k)
        assert np.ptp([len(dev) for _, dev in folds]) <= 1
        if labels is not None:
            assert np.ptp(dev_counts(folds, labels), axis=0).max() <= 1
        if not shuffle:
            assert all(np.array_equal(part, np.sort(part)) for fold in folds for part in fold)


def test_without_shuffling_and_classes_dev_sets_are_neighbouring_rows():
    assert [dev.tolist() for _, dev in k_fold_indices(11, 3, shuffle=False)] == [
        [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10],
    ]  # fmt: skip
    folds = k_fold_indices(8, 2, stratify=[0, 1, 0, 1, 0, 1, 0, 1], shuffle=False)
    assert [dev.tolist() for _, dev in folds] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_every_row_may_be_a_fold():
    check_folds(k_fold_indices(9, 9), 9, 9)


def test_a_seed_means_the_same_rows_on_every_machine_and_numpy():
    assert [dev.tolist() for _, dev in k_fold_indices(7, 3, seed=0)] == [[5, 0, 4], [3, 6], [1, 2]]
    seen = [tuple(k_fold_indices(40, 4, seed=seed)[0][1]) for seed in range(50)]
    assert len(set(seen)) == 50
    assert seen[3] == tuple(k_fold_indices(40, 4, seed=np.int32(3))[0][1])


def test_digits_have_every_class_in_every_fold():
    _, y = load_digits()
    counts = dev_counts(k_fold_indices(len(y), 5, stratify=y), y)
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(counts.sum(axis=1)) <= 1


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("shuffle", [True, False])
def test_groups_stay_whole_and_every_fold_has_one(stratified, shuffle):
    rng = np.random.default_rng(2)
    for _ in range(100):
        n, many = int(rng.integers(20, 300)), int(rng.integers(4, 40))
        groups = np.concatenate([np.arange(4), rng.geometric(0.1, n - 4) % many])
        labels = rng.integers(0, 4, n) if stratified else None
        k = int(rng.integers(2, 5))
        folds = k_fold_indices(n, k, stratify=labels, groups=groups, seed=3, shuffle=shuffle)
        check_folds(folds, n, k)
        for train, dev in folds:
            assert not set(groups[train]) & set(groups[dev])


def test_groups_of_equal_size_make_equal_folds():
    groups = np.repeat(np.arange(12), 5)
    labels = np.repeat([0, 1, 2] * 4, 5)
    for seed in range(20):
        folds = k_fold_indices(60, 4, stratify=labels, groups=groups, seed=seed)
        assert (dev_counts(folds, labels) == 5).all()


def test_groups_that_can_be_balanced_by_exchanges_are():
    # Greedy, large ones first: 9 | 8, 9 | 8 5, 9 5 | 8 5 -> 9 5 4 | 8 5 3; as well 9 8 | 5 5 4 3.
    groups = np.repeat(np.arange(6), [9, 8, 5, 5, 4, 3])
    for seed in range(20):
        assert [len(dev) for _, dev in k_fold_indices(34, 2, groups=groups, seed=seed)] == [17, 17]


def brute_force(sizes, k):
    """The least Σ rows² of any assignment of groups to folds."""
    best = np.inf
    for number in range(k ** (len(sizes) - 1)):
        rows = np.zeros(k)
        for group, size in enumerate(sizes):
            rows[number // k**group % k if group < len(sizes) - 1 else 0] += size
        best = min(best, (rows**2).sum())
    return best


def test_folds_of_groups_are_nearly_the_best_there_are():
    rng = np.random.default_rng(4)
    excess = []
    for _ in range(30):
        sizes = rng.integers(1, 30, 8)
        groups = np.repeat(np.arange(8), sizes)
        folds = k_fold_indices(len(groups), 3, groups=groups, seed=1)
        got = sum(len(dev) ** 2 for _, dev in folds)
        excess.append(got / brute_force(sizes, 3) - 1)
    assert max(excess) < 0.02
    assert np.mean(excess) < 0.002


def test_groups_in_their_order_without_shuffling():
    days = np.repeat([3, 1, 7, 5, 2], [4, 3, 1, 5, 2])
    folds = k_fold_indices(15, 3, groups=days, shuffle=False)
    assert [dev.tolist() for _, dev in folds] == [[0, 1, 2, 3], [4, 5, 6, 7], [*range(8, 15)]]
    giant = np.repeat([0, 1, 2], [1, 98, 1])
    assert [len(dev) for _, dev in k_fold_indices(100, 3, groups=giant, shuffle=False)] == [1, 98, 1]
    assert [len(dev) for _, dev in k_fold_indices(100, 2, groups=giant, shuffle=False)] == [99, 1]


def test_many_groups_are_soon_done():
    rng = np.random.default_rng(0)
    groups, labels = rng.integers(0, 20_000, 60_000), rng.integers(0, 3, 60_000)
    counts = dev_counts(k_fold_indices(60_000, 10, stratify=labels, groups=groups), labels)
    assert np.ptp(counts, axis=0).max() <= 20


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: k_fold_indices(1, 2),
            ValueError,
            r"\[k_fold_indices\] n: expected an int >= 2, got 1; pass the",
        ),
        (lambda: k_fold_indices("9", 2), TypeError, "n: expected an int >= 2, got '9'"),
        (lambda: k_fold_indices(9, 1), ValueError, "k: expected an int from 2 to 9, got 1; 5 is usual"),
        (lambda: k_fold_indices(9, 10), ValueError, "k: expected an int from 2 to 9, got 10"),
        (lambda: k_fold_indices(9, 2.0), TypeError, "k: expected an int from 2 to 9, got 2.0"),
        (lambda: k_fold_indices(9, True), TypeError, "k: expected an int from 2 to 9, got True"),
        (lambda: k_fold_indices(9, 2, seed=-1), ValueError, "seed: expected an int >= 0, got -1"),
        (lambda: k_fold_indices(9, 2, seed=None), TypeError, "seed: expected an int >= 0, got None"),
        (
            lambda: k_fold_indices(3, 2, stratify=[0, 1]),
            ValueError,
            r"stratify: expected class labels of shape \(3,\)",
        ),
        (lambda: k_fold_indices(2, 2, stratify=[0.5, 1]), ValueError, "stratify: .* not whole numbers; put"),
        (lambda: k_fold_indices(2, 2, stratify=[0, np.nan]), ValueError, "stratify: .* not whole numbers"),
        (
            lambda: k_fold_indices(2, 2, groups=np.eye(2)),
            ValueError,
            r"groups: expected group labels of shape \(2,\)",
        ),
        (
            lambda: k_fold_indices(4, 3, groups=[0, 0, 1, 1]),
            ValueError,
            "at least 3 groups, one for each fold, got 2",
        ),
    ],
)
def test_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()

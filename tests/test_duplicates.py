"""Copies of rows between sets are seen whatever holds the rows; rows that repeat by nature are no copies."""

import numpy as np
import pytest
from frames_for_tests import Frame

import fastdnn as fd
from fastdnn.data import CsrMatrix, check_duplicates, check_splits, load_digits, train_dev_test_split

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3000, 5))
TRAIN = X[:1850]
DEV = np.concatenate([X[1850:2600], X[:400]])  # 400 of 1,150 rows are copies
TEST = X[2600:]


def csr(x):
    rows, columns = np.nonzero(x)
    starts = np.searchsorted(rows, np.arange(len(x) + 1))
    return CsrMatrix(starts, columns, x[rows, columns], x.shape)


@pytest.mark.parametrize("dev_as", [np.asarray, csr, np.asfortranarray, lambda x: x.astype(">f8")])
@pytest.mark.parametrize("train_as", [np.asarray, csr])
def test_copies_are_counted_in_dense_and_sparse_tables(train_as, dev_as):
    found = check_duplicates(train_as(TRAIN), dev_as(DEV))
    [pair] = found.pairs
    assert (pair.first, pair.second, pair.rows, pair.shared) == ("train", "dev", 1150, 400)
    assert (pair.repeated, pair.copied, found.ok) == (0.0, True, False)
    assert (found.copied("dev") == (np.arange(1150) >= 750)).all()
    [advice] = found.advice
    assert (advice.kind, advice.severity) == ("copied_rows", "error")
    assert advice.text.startswith("400 of 1,150 dev rows stand in the training set, too")
    assert "400 of 1,150" in str(found)


def test_rows_in_float32_are_copies_of_those_in_float64():
    assert check_duplicates(TRAIN, DEV.astype("f4")).pairs[0].shared == 400
    assert check_duplicates(TRAIN.astype("f4"), csr(DEV)).pairs[0].shared == 400
    near = TRAIN[:500] + 1e-12
    assert check_duplicates(TRAIN, near).ok
    assert not check_duplicates(TRAIN.astype("f4"), near).ok


def test_zeros_of_either_sign_missing_values_and_frames():
    one = np.array([[0.0, np.nan], [1.0, 2.0]] * 10)
    one[:, 1] += np.arange(20)
    other = np.where(one == 0, -0.0, one)
    assert check_duplicates(one, other).pairs[0].shared == 20
    frame = Frame({"a": one[:, 0].tolist(), "b": [None if np.isnan(v) else v for v in one[:, 1]]})
    assert check_duplicates(one, frame).pairs[0].shared == 20


def test_entries_of_a_sparse_row_in_any_order_and_twice():
    one = CsrMatrix(np.array([0, 2, 3]), np.array([2, 0, 1]), np.array([5.0, 6.0, 7.0]), (2, 3))
    other = CsrMatrix(
        np.array([0, 4, 6]), np.array([0, 1, 2, 0, 1, 1]), np.array([1.0, 0, 5, 5, 3, 4]), (2, 3)
    )
    assert check_duplicates(one, other).pairs[0].shared == 2


def test_rows_that_repeat_by_nature_are_no_copies():
    """Sets of few discrete features, of one distribution or two, and of rows that were doubled before."""
    alarms = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        features, levels = rng.integers(1, 9), rng.integers(2, 7)
        n, m = rng.integers(20, 1500), rng.integers(10, 800)
        shares, others = (rng.dirichlet(np.full(levels, rng.choice([0.3, 1, 10]))) for _ in range(2))
        train, dev = (rng.choice(levels, (rows, features), p=shares) for rows in (n, m))
        elsewhere = rng.choice(levels, (m, features), p=others)
        doubled = np.repeat(rng.normal(size=(n, 2)), 2, axis=0)[rng.permutation(2 * n)]
        pairs = [(train, dev), (train, elsewhere), np.split(doubled, [int(1.6 * n)])]
        alarms += [(seed, check_duplicates(*pair).pairs) for pair in pairs if not check_duplicates(*pair).ok]
    assert not alarms


def test_copies_are_seen_beside_rows_that_repeat():
    empty = np.zeros((60, 5))
    train, dev = np.concatenate([TRAIN, empty]), np.concatenate([DEV, empty[:20]])
    assert check_duplicates(train, np.concatenate([X[1850:2600], empty[:20]])).ok
    assert not check_duplicates(train, dev).ok
    twice = np.repeat(TRAIN, 2, axis=0)  # rows that count double in the training set alone
    assert check_duplicates(twice, X[1850:2600]).ok
    assert not check_duplicates(twice, DEV).ok


def test_rows_that_were_there_twice_before_the_split_are_a_hint():
    """Equal rows then repeat within train as often as between the sets; of few kinds of rows they must."""
    x = np.repeat(X, 2, axis=0)
    train, dev, _ = train_dev_test_split(x, x[:, 0], dev=0.2, test=0)
    found = check_duplicates(train[0], dev[0])
    [advice] = found.advice
    assert (advice.kind, advice.severity, found.ok) == ("repeated_rows", "hint", True)
    model = fd.Sequential([fd.Input((5,)), fd.layers.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    names = {"fd": fd, "np": np, "model": model, "x": train[0], "y": train[1]}
    exec(advice.code, names)
    assert check_duplicates(names["x"], names["x_dev"]).advice == ()
    assert check_duplicates(names["x"], names["x_dev"]).pairs[0].shared == 0
    assert check_duplicates(csr(train[0]), csr(dev[0])).advice[0].code == ""
    bits = RNG.integers(0, 2, (3000, 5))
    assert check_duplicates(bits[:2000], bits[2000:]).advice == ()


def test_a_set_that_is_another_row_for_row():
    found = check_duplicates(TRAIN, TRAIN)
    assert found.advice[0].text.endswith("split the training rows, and train anew.")
    bits = RNG.integers(0, 2, (200, 3))
    assert not check_duplicates(bits, bits).ok
    assert check_duplicates(bits, bits[RNG.permutation(200)]).ok  # which may be by chance
    assert check_duplicates(np.zeros((200, 3)), np.zeros((200, 3))).ok


def test_every_pair_is_looked_at():
    found = check_duplicates(TRAIN, X[1850:2600], np.concatenate([TEST, X[1850:1870], X[:30]]))
    assert [pair.copied for pair in found.pairs] == [False, True, True]
    assert [pair.shared for pair in found.pairs] == [0, 30, 20]
    assert found.copied("test").sum() == 50
    assert "30 of 450 test rows stand in the training set" in found.advice[0].text
    few = check_duplicates(TRAIN, np.concatenate([X[1850:2600], X[:15]]))
    assert few.advice[0].severity == "warning"


@pytest.mark.parametrize("dev", [DEV, TRAIN])
@pytest.mark.parametrize("test", [None, np.concatenate([TEST, X[:200]])])
def test_the_code_takes_copies_away(dev, test):
    model = fd.Sequential([fd.Input((5,)), fd.layers.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    names = {"fd": fd, "np": np, "model": model, "x": TRAIN, "x_dev": dev}
    names |= {} if test is None else {"x_test": test}
    names |= {name.replace("x", "y"): names[name][:, 0] for name in ("x", "x_dev", "x_test") if name in names}
    exec(check_duplicates(TRAIN, dev, test).advice[0].code, names)
    assert check_duplicates(names["x"], names["x_dev"], names.get("x_test")).ok
    assert len(names["x_dev"]) == len(names["y_dev"]) > 300
    if test is not None:  # those that are new stay
        assert {tuple(row) for row in TEST} <= {tuple(row) for row in names["x_test"]}
    assert (names["x_dev"][:, 0] == names["y_dev"]).all()


def test_the_code_where_all_of_test_are_copies():
    advice = check_duplicates(TRAIN, X[1850:2600], X[:200]).advice[0]
    assert "(x, y), _, (x_test, y_test) = fd.data.train_dev_test_split(x, y, dev=0, test=0.2)" in advice.code


def test_splits_of_real_rows_have_none():
    x, y = load_digits()
    for seed in range(3):
        split = train_dev_test_split(x, y, dev=0.2, test=0.2, seed=seed)
        assert check_duplicates(split.train[0], split.dev[0], split.test[0]).ok


def test_check_splits_tells_of_them():
    found = check_splits(TRAIN, DEV)
    assert not found.ok
    assert [advice.kind for advice in found.advice] == ["copied_rows", "same_distribution"]
    assert "400 of 1,150" in str(found)
    assert check_splits(TRAIN, X[1850:]).duplicates.ok
    one, other = Frame({"a": X[:600, 0].tolist()}), Frame({"b": X[600:900, 0].tolist()})
    assert check_splits(one, other, feature_names=["a"]).ok


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_the_code_of_a_shift_splits_the_rows_of_both_sets_again(moved):
    sets = [X[:1850], X[1850:2400], X[2400:]]
    sets[moved] = sets[moved] + 1.0
    model = fd.Sequential([fd.Input((5,)), fd.layers.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    differ = [advice for advice in check_splits(*sets).advice if advice.kind != "same_distribution"]
    assert len(differ) == 2
    for advice in differ:
        names = {"fd": fd, "np": np, "model": model}
        for name, rows in zip(("", "_dev", "_test"), sets, strict=True):
            names |= {"x" + name: rows, "y" + name: rows[:, 0]}
        exec(advice.code, names)
        after = [names["x" + name] for name in ("", "_dev", "_test")]
        assert [len(rows) for rows in after] == [1850, 550, 600]
        assert all((names["y" + name] == names["x" + name][:, 0]).all() for name in ("", "_dev", "_test"))
        pair = {"dev_test_mismatch": (1, 2), "dev_shift": (0, 1), "test_shift": (0, 2)}[advice.kind]
        assert not fd.data.check_shift(*(after[at] for at in pair)).differs


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ((TRAIN, (DEV, DEV)), r"dev as a table, got a tuple; of a split pass .* split.dev\[0\]"),
        ((TRAIN, DEV[:, :3]), r"check_duplicates, dev\] expected x of shape \(examples, 5\)"),
        ((TRAIN, csr(DEV[:, :3])), r"check_duplicates, dev\] expected a sparse x of shape \(examples, 5\)"),
        ((TRAIN, DEV[:0]), r"check_duplicates, dev\]"),
        ((Frame({"a": [1.0], "b": [2.0]}), Frame({"b": [1.0], "a": [2.0]})), "'b' in dev and 'a' in train"),
        (([["a"]], [["a"]]), "check_duplicates, train"),
    ],
)
def test_bad_arguments(sets, message):
    with pytest.raises(ValueError, match=message):
        check_duplicates(*sets)


def test_copied_of_a_set_that_is_not_there():
    with pytest.raises(ValueError, match=r"\[copied\] expected a set, one of dev, got 'train'"):
        check_duplicates(TRAIN, DEV).copied("train")

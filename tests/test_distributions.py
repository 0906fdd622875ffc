"""Kinds of hyper-parameters: what is drawn and how often, grids, zooming, what other tuners are told."""

import dataclasses
import json
import math

import numpy as np
import pytest

from fastdnn import tune
from fastdnn.data.draws import bits

KINDS = [
    tune.uniform(0, 0.6),
    tune.uniform(-3, 1e9),
    tune.log_uniform(1e-4, 1e-1),
    tune.log_uniform(1e-300, 1e300),
    tune.one_minus_log_uniform(0.9, 0.999),
    tune.one_minus_log_uniform(0, 0.3),
    tune.one_minus_log_uniform(0.1, 1 - 2**-53),
    tune.integers(1, 4),
    tune.integers(-50, 100, step=10),
    tune.integers(7, 7),
    tune.integers(1, 1000, log=True),
    tune.integers(5, 2**40, log=True),
    tune.integers(-(2**40), 2**40),
    tune.powers_of_two(1, 1),
    tune.powers_of_two(32, 512),
    tune.powers_of_two(1, 2**40),
    tune.choice("relu", "tanh", None),
    tune.choice([(64,), (64, 32)]),
    tune.choice(True, 1, 2.5),
    tune.choice(math.sin, math.cos),
]
COUNTED = [each for each in KINDS if each.size is not None and each.size < 2000]
FLOATS = [each for each in KINDS if each.size is None]


def draws(distribution, n):
    """Values at random numbers, as a space draws them."""
    u = (bits(3, "test").random_raw(n) >> np.uint64(11)) * 2.0**-53
    return [distribution.at(float(each)) for each in u]


# ---- Worked numbers


def share_above(distribution, limit, n=20_000):
    return np.mean([value >= limit for value in draws(distribution, n)])


def test_worked_uniform_from_1e_4_to_1_has_90_percent_of_its_draws_above_a_tenth():
    rate = tune.uniform(1e-4, 1)
    assert 1 - rate.position(0.1) == pytest.approx(0.9, abs=1e-4)
    assert share_above(rate, 0.1) == pytest.approx(0.9, abs=4 * math.sqrt(0.09 / 20_000))


def test_worked_log_uniform_from_1e_4_to_1_has_25_percent_in_each_decade():
    rate = tune.log_uniform(1e-4, 1)
    values = np.array(draws(rate, 20_000))
    for decade in range(4):
        low, high = 10.0 ** (decade - 4), 10.0 ** (decade - 3)
        assert rate.position(high) - rate.position(low) == pytest.approx(0.25, abs=1e-12)
        share = np.mean((low <= values) & (values < high))
        assert share == pytest.approx(0.25, abs=4 * math.sqrt(0.25 * 0.75 / 20_000))


def test_worked_averages_from_0_9_to_0_999_have_as_many_draws_on_either_side_of_0_99():
    beta = tune.one_minus_log_uniform(0.9, 0.999)
    assert beta.position(0.99) == pytest.approx(0.5, abs=1e-12)
    assert share_above(beta, 0.99) == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / 20_000))
    exponents = [math.log10(1 - beta.at(u)) for u in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert exponents == pytest.approx([-1, -1.5, -2, -2.5, -3], abs=1e-12)


# ---- What all kinds have in common


@pytest.mark.parametrize("each", KINDS, ids=str)
def test_all_values_are_within_and_come_back_from_their_positions(each):
    for u in [0.0, 5e-324, 0.1, 0.25, 1 / 3, 0.5, 0.999, 1 - 2**-53, 1.0]:
        value = each.at(u)
        assert each.contains(value)
        assert 0 <= each.position(value) <= 1
        assert each.decode(each.encode(value)) == pytest.approx(value) if each.size is None else True
        if each.size is not None:
            assert each.decode(each.encode(value)) == value
            assert each.at(each.position(value)) == value


@pytest.mark.parametrize("each", FLOATS, ids=str)
def test_floats_are_at_their_positions_in_order_and_reach_both_ends(each):
    values = [each.at(u) for u in np.linspace(0, 1, 101)]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (each.low, each.high)
    assert all(type(value) is float for value in values)
    inside = np.linspace(0.05, 0.95, 19).tolist()
    limit = 1e-2 if each.high == 1 - 2**-53 else 1e-9  # there 1 - β has few bits
    assert [each.position(each.at(u)) for u in inside] == pytest.approx(inside, abs=limit)


@pytest.mark.parametrize("each", COUNTED, ids=str)
def test_values_that_can_be_counted_are_all_there_each_as_often_as_its_share(each):
    n = 200_000
    values = [each.at((k + 0.5) / n) for k in range(n)]
    different = list(dict.fromkeys(map(repr, values)))
    assert len(different) == each.size
    if not getattr(each, "log", False):
        counts = [sum(1 for value in map(repr, values) if value == name) for name in different[:3]]
        assert counts == pytest.approx([n / each.size] * len(counts), abs=1)


def test_log_integers_are_rounded_log_uniform_floats():
    each = tune.integers(1, 1000, log=True)
    width = math.log10(1000.5 / 0.5)
    values = [each.at((k + 0.5) / 100_000) for k in range(100_000)]
    for value in (1, 2, 10, 1000):
        share = math.log10((value + 0.5) / (value - 0.5)) / width
        assert values.count(value) / 1e5 == pytest.approx(share, abs=2e-5)


@pytest.mark.parametrize("each", KINDS, ids=str)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 40])
def test_a_grid_has_n_different_values_in_order_with_both_ends(each, n):
    values = each.grid(n)
    assert all(each.contains(value) for value in values)
    if isinstance(each, tune.distributions.Choice):
        assert values == each.options
        return
    assert len(values) == min(n, each.size or n)
    assert list(values) == sorted(set(values))
    if len(values) > 1:
        assert (values[0], values[-1]) == (each.low, each.high)
    else:
        assert values == (each.at(0.5),)


def test_grids_are_even_where_the_draws_are():
    assert tune.log_uniform(1e-4, 1e-1).grid(4) == (1e-4, 1e-3, 1e-2, 1e-1)
    assert tune.one_minus_log_uniform(0.9, 0.999).grid(3) == pytest.approx((0.9, 0.99, 0.999), abs=1e-15)
    assert tune.integers(0, 100).grid(5) == (0, 25, 50, 75, 100)
    assert tune.integers(50, 100, step=10).grid(3) == (50, 80, 100)
    assert tune.integers(1, 1000, log=True).grid(4) == (1, 10, 100, 1000)
    assert tune.integers(1, 6, log=True).grid(5) == (1, 2, 3, 4, 6)
    assert tune.powers_of_two(16, 256).grid(3) == (16, 64, 256)


# ---- Zooming


@pytest.mark.parametrize("each", KINDS, ids=str)
def test_a_zoom_holds_the_values_within_the_range_and_is_as_wide_as_asked(each):
    rng = np.random.default_rng(5)
    for share in (0.01, 0.25, 0.5, 1.0):
        for _ in range(20):
            good = [each.at(float(u)) for u in rng.random(rng.integers(1, 4))]
            found = each.zoomed(good, share)
            assert type(found) is type(each)
            assert all(found.contains(value) for value in good)
            if isinstance(found, tune.distributions.Choice):
                assert set(map(repr, found.options)) == set(map(repr, good))
                continue
            assert each.contains(found.low)
            assert each.contains(found.high)
            if each.size is None and each.high != 1 - 2**-53:
                width = each.position(found.high) - each.position(found.low)
                needed = max(share, np.ptp([each.position(value) for value in good]))
                assert width == pytest.approx(needed, abs=1e-9)
            if share == 1:
                assert found == each


def test_zooms_by_hand():
    assert tune.log_uniform(1e-5, 1e-1).zoomed([1e-3], 0.5) == tune.log_uniform(1e-4, 1e-2)
    assert tune.log_uniform(1e-4, 1e-1).zoomed([2e-4, 3e-2], 0.25) == tune.log_uniform(2e-4, 3e-2)
    assert tune.uniform(0, 1).zoomed([1.0], 0.25) == tune.uniform(0.75, 1)
    assert tune.uniform(0, 1).zoomed([0.0625, 0.125], 0.5) == tune.uniform(0, 0.5)
    assert tune.integers(1, 4).zoomed([2], 0.25) == tune.integers(2, 2)
    assert tune.integers(1, 4).zoomed([2], 0.5) == tune.integers(2, 3)
    assert tune.integers(50, 100, step=10).zoomed([60, 80]) == tune.integers(60, 80, step=10)
    assert tune.integers(1, 1000, log=True).zoomed([20, 90], 0.1) == tune.integers(20, 90, log=True)
    assert tune.powers_of_two(32, 512).zoomed([512], 0.4) == tune.powers_of_two(256, 512)
    assert tune.choice("a", "b", "c").zoomed(["c", "a", "c"]) == tune.choice("a", "c")


def test_zooming_on_and_on_ends_where_floats_do():
    each = tune.log_uniform(1e-4, 1e-1)
    for _ in range(200):
        each = each.zoomed([each.at(0.3)], 0.25)
        assert each.low < each.high
    assert each.high / each.low < 1 + 1e-12


# ---- Optuna's view


def test_what_optuna_is_told():
    optuna = pytest.importorskip("optuna.distributions", reason="Optuna is not installed")
    told = [
        (tune.uniform(0, 0.6), "x", optuna.FloatDistribution(0, 0.6)),
        (tune.log_uniform(1e-4, 0.1), "x", optuna.FloatDistribution(1e-4, 0.1, log=True)),
        (tune.one_minus_log_uniform(0.5, 0.75), "1 - x", optuna.FloatDistribution(0.25, 0.5, log=True)),
        (tune.integers(50, 100, step=10), "x", optuna.IntDistribution(50, 100, step=10)),
        (tune.integers(1, 9, log=True), "x", optuna.IntDistribution(1, 9, log=True)),
        (tune.powers_of_two(32, 512), "log2 x", optuna.IntDistribution(5, 9)),
        (tune.choice("a", None, 2), "x", optuna.CategoricalDistribution(("a", None, 2))),
        (tune.choice([(1,), (2,)]), "x", optuna.CategoricalDistribution((0, 1))),
    ]
    for each, name, distribution in told:
        assert each.encoded("x") == (name, distribution)
    for each in KINDS:
        distribution = each.encoded("x")[1]
        for u in np.linspace(0, 1, 23):
            internal = distribution.to_internal_repr(each.encode(each.at(u)))
            assert distribution._contains(internal)


def test_encoded_values_are_the_same_bits_again():
    beta = tune.one_minus_log_uniform(0.1, 0.999)
    assert all(beta.decode(beta.encode(beta.at(u))) == beta.at(u) for u in np.linspace(0, 1, 999))
    assert tune.powers_of_two(32, 512).encode(np.int64(64)) == 6
    assert tune.choice([(1,), (2,)]).encode((2,)) == 1
    assert tune.choice(True, 1).decode(1) == 1


# ---- Values with few digits


@pytest.mark.parametrize(
    ("rounded", "all_digits"),
    [
        (tune.log_uniform(1e-4, 1e-1, digits=4), tune.log_uniform(1e-4, 1e-1)),
        (tune.uniform(-0.6, 0.7, digits=2), tune.uniform(-0.6, 0.7)),
        (tune.uniform(0.123456, 0.123499, digits=4), tune.uniform(0.123456, 0.123499)),
    ],
    ids=str,
)
def test_values_of_few_digits_are_the_drawn_ones_rounded_within_the_range(rounded, all_digits):
    for value, drawn in zip(draws(rounded, 500), draws(all_digits, 500), strict=True):
        near = float(f"{drawn:.{rounded.digits}g}")
        assert value == min(max(near, rounded.low), rounded.high)
        assert rounded.decode(rounded.encode(value)) == value
        assert rounded.decode(drawn) == value  # what a sampler proposes
    assert (rounded.at(0), rounded.at(1)) == (rounded.low, rounded.high)  # as they were given
    assert rounded.grid(5) == tuple(dict.fromkeys(rounded.at(u) for u in (0, 0.25, 0.5, 0.75, 1)))
    assert rounded.zoomed([rounded.at(0.5)]).digits == rounded.digits
    assert rounded != all_digits
    assert rounded.as_json() == {**all_digits.as_json(), "digits": rounded.digits}


# ---- Fields


@pytest.mark.parametrize("each", KINDS, ids=str)
def test_they_are_immutable_and_json_holds_them(each):
    with pytest.raises(dataclasses.FrozenInstanceError):
        each.where = "other"
    assert "0x" not in json.dumps(each.as_json(), allow_nan=False)
    assert each.describe()


def test_numpy_numbers_become_pythons():
    assert tune.uniform(np.float32(0), np.int64(2)) == tune.uniform(0, 2)
    assert type(tune.uniform(np.float32(0), np.int64(2)).low) is float
    assert type(tune.integers(np.int8(1), np.uint16(3)).at(0.9)) is int
    assert tune.choice(np.array([1, 2])).options == (1, 2)
    assert type(tune.choice(np.float64(0.5), 2).at(0)) is float


def test_words():
    words = [
        (tune.uniform(0, 0.6), "uniform, 0 to 0.6"),
        (tune.log_uniform(1e-4, 0.1), "log-uniform, 0.0001 to 0.1"),
        (tune.log_uniform(1e-4, 0.1, digits=4), "log-uniform, 0.0001 to 0.1, 4 digits"),
        (tune.one_minus_log_uniform(0.9, 0.999), "1 - x log-uniform, x from 0.9 to 0.999"),
        (tune.integers(50, 100, step=10), "whole numbers, 50 to 100 in steps of 10"),
        (tune.integers(1, 100, log=True), "whole numbers, log-uniform, 1 to 100"),
        (tune.powers_of_two(32, 512), "powers of two, 32 to 512"),
        (tune.choice("relu", "tanh"), "one of 'relu', 'tanh'"),
        (tune.choice(range(100)), "one of 100 options"),
    ]
    for each, text in words:
        assert each.describe() == text


def test_which_numbers_are_reached():
    tens = tune.integers(50, 100, step=10)
    assert [tens.reaches(*ends) for ends in [(51, 59), (51, 60), (101, 200), (-math.inf, 49.9), (0, 50)]] == [
        False, True, False, False, True,
    ]  # fmt: skip
    assert not tune.powers_of_two(32, 64).reaches(33, 63)
    assert tune.choice("a", 3, True).reaches(2, 4)
    assert not tune.choice("a", 3, True).reaches(0, 2)
    assert not tune.uniform(0, 1).reaches(1.5, math.inf)


# ---- Refused


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tune.uniform(1, 1), r"\[uniform\] expected low < high, got low=1, high=1; .*choice\(1\)"),
        (lambda: tune.uniform(1, 2, digits=0), "digits as a whole number >= 1, got 0"),
        (lambda: tune.log_uniform(1, 2, digits=2.5), "digits as a whole number >= 1, got 2.5"),
        (lambda: tune.uniform(2, 1), r"low < high, got low=2, high=1; did you mean uniform\(1, 2\)"),
        (lambda: tune.uniform(0, math.nan), r"finite numbers low < high, got low=0, high=nan"),
        (lambda: tune.uniform(0, math.inf), "finite numbers"),
        (lambda: tune.uniform(-1.7e308, 1.7e308), "too wide"),
        (lambda: tune.uniform(False, 1), "got low=False"),
        (lambda: tune.uniform("0", 1), "got low='0'"),
        (lambda: tune.uniform(0, 1j), "got low=0, high=1j"),
        (lambda: tune.uniform([0], [1]), r"got low=\[0\]"),
        (lambda: tune.log_uniform(0, 1), r"\[log_uniform\] expected 0 < low < high, got low=0.*no logarithm"),
        (lambda: tune.log_uniform(-1, 1), "0 < low < high, got low=-1"),
        (lambda: tune.log_uniform(1e-1, 1e-4), r"did you mean log_uniform\(0.0001, 0.1\)"),
        (lambda: tune.log_uniform(1, math.inf), "finite"),
        (
            lambda: tune.one_minus_log_uniform(0.9, 1),
            "0 <= low < high < 1, got low=0.9, high=1; .*end below 1",
        ),
        (lambda: tune.one_minus_log_uniform(-0.1, 0.9), "0 <= low < high < 1, got low=-0.1"),
        (lambda: tune.one_minus_log_uniform(0.99, 0.9), r"did you mean one_minus_log_uniform\(0.9, 0.99\)"),
        (lambda: tune.one_minus_log_uniform(0.9, True), "high=True"),
        (lambda: tune.integers(4, 1), r"\[integers\] expected low <= high, got low=4, high=1; did you mean"),
        (
            lambda: tune.integers(1.0, 4),
            r"low as a whole number up to 2\^40, got 1.0; floats are drawn by uniform",
        ),
        (lambda: tune.integers(1, np.nan), r"high as a whole number up to 2\^40, got nan"),
        (lambda: tune.integers(True, 4), r"low as a whole number up to 2\^40, got True"),
        (lambda: tune.integers(1, np.True_), "high as a whole number"),
        (lambda: tune.integers("1", 4), r"low as a whole number up to 2\^40, got '1'"),
        (lambda: tune.integers(0, 10**400), r"high as a whole number up to 2\^40, got 1000"),
        (lambda: tune.powers_of_two(1, 2**41), r"high as a power of two up to 2\^40, got 2199"),
        (lambda: tune.integers(1, 4, step=0), "step as a whole number >= 1, got 0"),
        (lambda: tune.integers(1, 4, step=0.5), r"step as a whole number up to 2\^40, got 0.5"),
        (lambda: tune.integers(1, 10, step=4), "multiple of step as high, got .*; end at 9 or 13"),
        (lambda: tune.integers(0, 10, log=True), "1 <= low with log=True, got low=0"),
        (lambda: tune.integers(1, 9, log=True, step=2), "step 1 with log=True, got 2"),
        (lambda: tune.integers(1, 9, log=1), "log as True or False, got 1"),
        (
            lambda: tune.powers_of_two(32, 100),
            r"high as a power of two up to 2\^40, got 100; the nearest are 64 and 128",
        ),
        (lambda: tune.powers_of_two(0, 8), r"low as a power of two up to 2\^40, got 0; such as 32"),
        (lambda: tune.powers_of_two(-4, 8), r"low as a power of two up to 2\^40, got -4"),
        (lambda: tune.powers_of_two(2.0, 8), r"low as a power of two up to 2\^40, got 2.0"),
        (lambda: tune.powers_of_two(True, 8), r"low as a power of two up to 2\^40, got True"),
        (lambda: tune.powers_of_two(64, 32), r"did you mean powers_of_two\(32, 64\)"),
        (lambda: tune.choice(), r"\[choice\] expected at least one option, got \(\)"),
        (lambda: tune.choice([]), "at least one option"),
        (lambda: tune.choice("a", "b", "a"), "different options, got 'a' twice"),
        (lambda: tune.choice(1, 1.0), "different options, got 1.0 twice"),
        (lambda: tune.choice(1.0, math.nan), "options that are values, got nan"),
        (lambda: tune.choice({"a", "b"}), "the options, or one list of them, got set; a list says"),
        (lambda: tune.choice(each for each in "ab"), "one list of them, got generator"),
        (lambda: tune.uniform(0, 1).at(1.5), "0 <= u <= 1, got 1.5"),
        (lambda: tune.uniform(0, 1).at(math.nan), "0 <= u <= 1, got nan"),
        (lambda: tune.uniform(0, 1).position(2), "a value of: uniform, 0 to 1, got 2"),
        (lambda: tune.integers(1, 4).encode(2.0), "a value of: whole numbers, 1 to 4, got 2.0"),
        (lambda: tune.integers(1, 4).grid(0), "n as a whole number >= 1, got 0"),
        (lambda: tune.integers(1, 4).zoomed([]), "at least one value to zoom into, got none"),
        (lambda: tune.integers(1, 4).zoomed([5]), "a value of: .*, got 5"),
        (lambda: tune.integers(1, 4).zoomed([2], 0), "0 < share <= 1, got 0"),
        (lambda: tune.choice("a", "b").position("c"), "one of 'a', 'b', got 'c'"),
        (lambda: tune.choice(1, 2).position(True), "one of 1, 2, got True"),
        (lambda: tune.choice([(1,), (2,)]).decode(2), "an option's number below 2, got 2"),
        (lambda: tune.powers_of_two(2, 8).decode(4), "an exponent from 1 to 3, got 4"),
        (lambda: tune.one_minus_log_uniform(0.5, 0.75).decode(0.6), "1 - x of: .*, got 0.6"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Random numbers by counter: the published answers, and the same from the core and from the reference."""

import numpy as np
import pytest

from fastdnn import _core
from fastdnn.reference import philox as reference

ONES = 2**32 - 1


@pytest.mark.parametrize(
    ("counter", "key", "want"),
    [  # kat_vectors of Random123, philox4x32-10
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((ONES, ONES, ONES, ONES), (ONES, ONES), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_known_answers(counter, key, want):
    assert " ".join(f"{word:08x}" for word in reference.philox(counter, key)) == want


def test_known_answer_of_the_core():
    words = _core.random_words(0, 0, 0, 4)
    assert [f"{word:08x}" for word in words] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 0x299F31D0_A4093822, 2**64 - 1])
@pytest.mark.parametrize("stream", [0, 1, 2, ONES])
@pytest.mark.parametrize("step", [0, 1, ONES])
def test_words_of_core_and_reference(seed, stream, step):
    for n in (0, 1, 3, 4, 5, 8, 41):
        got = _core.random_words(seed, stream, step, n)
        want = reference.random_words(seed, stream, step, n)
        assert got.dtype == np.uint32
        assert got.tolist() == want.tolist(), f"seed {seed}, stream {stream}, step {step}, n {n}"


def test_more_words_begin_with_the_fewer():
    many = _core.random_words(7, 2, 3, 1000)
    for n in range(0, 1000, 37):
        assert np.array_equal(_core.random_words(7, 2, 3, n), many[:n])


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
@pytest.mark.parametrize(("stream", "step"), [(0, 0), (2, 7), (ONES, ONES)])
def test_uniform_numbers_of_core_and_reference(seed, stream, step):
    want = reference.random_uniform(seed, stream, step, 41)
    for n in (0, 1, 2, 3, 40, 41):
        got = _core.random_uniform(seed, stream, step, n)
        assert got.dtype == np.float64
        assert got.tolist() == want[:n].tolist(), f"seed {seed}, stream {stream}, step {step}, n {n}"
    for first in (2, 16, 40):
        got = _core.random_uniform(seed, stream, step, 41 - first, first)
        assert got.tolist() == want[first:].tolist(), f"from {first}"


def test_uniform_numbers_lie_between_0_and_1_evenly():
    numbers = _core.random_uniform(3, 2, 0, 2**20)
    assert 0 < numbers.min() < 1e-5
    assert 1 - 1e-5 < numbers.max() < 1
    counts = np.bincount((numbers * 16).astype(int), minlength=16)
    assert np.all(np.abs(counts - 2**16) < 5 * 2**8)  # five deviations


def test_seed_stream_and_step_all_matter():
    draws = [
        _core.random_words(seed, stream, step, 64).tobytes()
        for seed in (0, 1, 2**32, 2**63)
        for stream in (0, 1, 2**31)
        for step in (0, 1, 2**31)
    ]
    assert len(set(draws)) == len(draws)


def test_words_are_uniform():
    """Each of 32 bits is set in half of 2^20 words, to five deviations."""
    words = _core.random_words(3, 1, 4, 2**20)
    for bit in range(32):
        ones = int(np.count_nonzero(words >> np.uint32(bit) & np.uint32(1)))
        assert abs(ones - 2**19) <= 5 * 2**9, f"bit {bit} is set in {ones} of {2**20}"


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 17, 256, 1000])
@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (1, 0), (0, 1), (2**64 - 1, ONES)])
def test_permutations_of_core_and_reference(n, seed, epoch):
    got = _core.random_permutation(n, seed, epoch)
    assert got.dtype == np.int32
    assert np.array_equal(np.sort(got), np.arange(n)), f"not a permutation of {n}: {got}"
    assert got.tolist() == reference.random_permutation(n, seed, epoch).tolist()


def test_a_large_permutation_is_one():
    order = _core.random_permutation(1_000_003, 5, 6)
    assert np.array_equal(np.sort(order), np.arange(1_000_003))
    assert np.count_nonzero(order == np.arange(1_000_003)) < 20  # one stays in its place on average


def test_all_orders_of_three_are_as_likely():
    """6000 epochs, 1000 of each order on average, with a deviation of 29."""
    orders = [tuple(_core.random_permutation(3, 11, epoch).tolist()) for epoch in range(6000)]
    counts = {order: orders.count(order) for order in set(orders)}
    assert len(counts) == 6
    assert all(abs(count - 1000) < 150 for count in counts.values()), counts


@pytest.mark.parametrize("n", [-1, 2**31, 2**40])
def test_refuses_sizes_out_of_range(n):
    with pytest.raises(ValueError, match=r"\[random_permutation\] expected"):
        _core.random_permutation(n, 0, 0)
    if n != 2**31:
        with pytest.raises(ValueError, match=r"\[random_words\] expected"):
            _core.random_words(0, 0, 0, n)
        with pytest.raises(ValueError, match=r"\[random_uniform\] expected"):
            _core.random_uniform(0, 0, 0, n)
    with pytest.raises(ValueError, match=r"\[random_uniform\] expected the first number to be even"):
        _core.random_uniform(0, 0, 0, 4, 3)


@pytest.mark.parametrize(
    ("seed", "stream", "step"),
    [(-1, 0, 0), (2**64, 0, 0), (0, -1, 0), (0, 2**32, 0), (0, 0, -1), (0, 0, 2**32), (0.5, 0, 0)],
)
def test_refuses_seeds_out_of_range(seed, stream, step):
    with pytest.raises(TypeError):
        _core.random_words(seed, stream, step, 4)

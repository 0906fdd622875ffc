"""C = A B with its epilogues: exact on whole numbers, bounded on real ones, the same bits for any cut."""

from itertools import product

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SPECIALS,
    WIDTHS,
    blank,
    diagonals,
    fresh_seed,
    integers,
    reals,
    run,
)
from comparator import check, check_bits, roundoff

from fastdnn import _core
from fastdnn._core import kernels
from fastdnn.reference.activation import add_bias, relu
from fastdnn.reference.gemm import gemm as reference_gemm
from fastdnn.reference.gemm import matmul

EPILOGUES = ("none", "bias", "bias_relu", "relu_mask", "accumulate")
TRANSPOSES = ((False, False), (False, True), (True, False), (True, True))
# Around the tiles of every unit: up to 16 rows, up to 4 vectors of up to 16 elements, and their tails.
ROWS = (1, 2, 3, 6, 7, 12, 13, 16, 17, 31)
COLS = (1, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 67, 257)
DEPTHS = (1, 2, 3, 4, 5, 33, 257)


class Product:
    """One call: A, B and what the epilogue needs, with A and B laid out as the transposes say."""

    def __init__(self, rng, fill, m, n, k, dtype, transposes=(False, False), epilogue="none"):
        self.a, self.b = fill(rng, (m, k), dtype), fill(rng, (k, n), dtype)
        self.c = fill(rng, (m, n), dtype) if epilogue == "accumulate" else blank((m, n), dtype)
        self.options = {"epilogue": epilogue}
        if epilogue in ("bias", "bias_relu"):
            self.options["bias"] = fill(rng, (n,), dtype)
        if epilogue == "relu_mask":
            self.options["mask"] = integers(rng, (m, n), dtype, limit=1)  # a third of it is 0
        self.transposes = transposes
        self.context = {"m": m, "n": n, "k": k, "transposes": transposes, "epilogue": epilogue}

    def run(self, layout="plain", **options):
        """The kernel's C."""
        a = self.a.T.copy() if self.transposes[0] else self.a
        b = self.b.T.copy() if self.transposes[1] else self.b
        named = dict(zip(("transpose_a", "transpose_b"), self.transposes, strict=True))
        [c] = run(kernels.gemm, [self.c], [a, b], layout, **named, **self.options, **options)
        return c

    def want(self):
        """The reference's."""
        with np.errstate(invalid="ignore"):  # infinity - infinity, 0 * infinity
            return reference_gemm(self.a, self.b, c=self.c, **self.options)

    def bound(self):
        """K roundings on the way of a product through the chain, and one where bias or C is added.

        relu and mask add none; 1.01 is for the higher orders: ((1 + u)^n - 1) / (n u) at n <= 4097. Of random
        roundings nearly all cancel: the figure to reach is 8 √K, which is the smaller one from K = 62 on.
        """
        k = self.a.shape[1]
        magnitude = np.abs(self.a.astype(np.float64)) @ np.abs(self.b.astype(np.float64))
        added = self.options.get("bias", self.c if self.options["epilogue"] == "accumulate" else 0)
        roundings = min(k, 8 * k**0.5) + 1
        return 1.01 * roundings * roundoff(self.a.dtype) * (magnitude + np.abs(added))

    def is_exact(self, layout="plain", **options):
        """Whole numbers: equal to NumPy's, and of its type."""
        __tracebackhide__ = True
        got = self.run(layout, **options)
        assert got.dtype == self.a.dtype
        check(got, self.want(), 0.0, layout=layout, **self.context)

    def is_bounded(self, layout="plain", **options):
        """Real numbers."""
        __tracebackhide__ = True
        check(self.run(layout, **options), self.want(), self.bound(), layout=layout, **self.context)


def test_reference_is_the_composition_of_its_operations():
    rng = np.random.default_rng(0)
    p = Product(rng, integers, 5, 7, 3, "float64", epilogue="bias_relu")
    check_bits(p.want(), relu(add_bias(matmul(p.a, p.b), p.options["bias"])))
    check_bits(reference_gemm(p.a.T, p.b.T, True, True), p.a @ p.b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposes", TRANSPOSES)
@pytest.mark.parametrize("epilogue", EPILOGUES)
def test_sizes_around_the_tiles(dtype, transposes, epilogue):
    rng = np.random.default_rng(1)
    for m, n in product(ROWS, COLS):
        k = DEPTHS[(m + n) % len(DEPTHS)]
        Product(rng, integers, m, n, k, dtype, transposes, epilogue).is_exact()
    for k in DEPTHS:
        Product(rng, integers, 13, 35, k, dtype, transposes, epilogue).is_exact()
        Product(rng, reals, 13, 35, k, dtype, transposes, epilogue).is_bounded()


# Around the blocks of gemm.cpp (rows 96, columns 512 and 1024, depth 512), with strides that do and do not
# crowd the sets of a cache, so that every packing is met.
BLOCKS = (
    (95, 513, 511),
    (97, 511, 513),
    (96, 512, 512),
    (193, 128, 512),
    (128, 1023, 257),
    (128, 1025, 256),
    (64, 1100, 1025),
    (2, 1030, 1024),
    (512, 65, 64),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposes", TRANSPOSES)
def test_sizes_around_the_blocks(dtype, transposes):
    rng = np.random.default_rng(13)
    for number, (m, n, k) in enumerate(BLOCKS):
        p = Product(rng, integers, m, n, k, dtype, transposes, EPILOGUES[number % len(EPILOGUES)])
        p.is_exact()
        p.is_exact("tail", threads=3, by_rows=bool(number % 2))
        p.is_exact("strided head", threads=2)


@pytest.fixture
def strict_memory():
    """What the core allocates ends at an inaccessible page, and holds NaN until it is written."""
    _core.testing.set_guard_pages(True)
    _core.testing.set_poison(True)
    yield
    _core.testing.set_guard_pages(False)
    _core.testing.set_poison(False)


@pytest.mark.usefixtures("strict_memory")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposes", TRANSPOSES)
def test_scratch_holds_the_blocks_of_every_thread(dtype, transposes):
    rng = np.random.default_rng(15)
    for m, n, k in [(2, 513, 700), (70, 600, 1025), (70, 1023, 513), (200, 1100, 65), (300, 70, 130)]:
        p = Product(rng, integers, m, n, k, dtype, transposes)
        for threads in range(1, 5):
            p.is_exact(threads=threads)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposes", TRANSPOSES)
def test_blocks_give_the_bits_of_one_chain(dtype, transposes):
    rng = np.random.default_rng(14)
    for epilogue in EPILOGUES:
        whole = Product(rng, reals, 130, 600, 1200, dtype, transposes, epilogue)
        want = whole.run()
        whole.is_bounded()
        for i, j in zip(rng.integers(0, 130, 20), rng.integers(0, 600, 20), strict=True):
            one = Product(rng, reals, 0, 0, 0, dtype, (False, False), epilogue)
            one.a, one.b, one.c = whole.a[[i]], whole.b[:, [j]], whole.c[[i], [j]][:, None]
            for name, array in whole.options.items():
                if name != "epilogue":
                    one.options[name] = array[[j]] if array.ndim == 1 else array[[i], [j]][:, None]
            check_bits(one.run(), want[[i], [j]][:, None], element=(i, j), **whole.context)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposes", TRANSPOSES)
@pytest.mark.parametrize("edge", ["head", "tail"])
def test_every_tile_against_inaccessible_pages(dtype, transposes, edge):
    rng = np.random.default_rng(2)
    a, b = integers(rng, (17, 3), dtype), integers(rng, (3, 67), dtype)
    want = a @ b
    for m, n in product(range(1, 18), WIDTHS):
        p = Product(rng, integers, 0, 0, 3, dtype, transposes)
        p.a, p.b, p.c = a[:m], b[:, :n], blank((m, n), dtype)
        check_bits(p.run(edge), want[:m, :n], edge=edge, **p.context | {"m": m, "n": n})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(dtype, layout):
    rng = np.random.default_rng(3)
    sizes = [(3, 4, 2), (3, 3, 3)] if layout == "far" else [(1, 1, 1), (7, 19, 5), (3, 67, 4), (13, 5, 17)]
    for (m, n, k), transposes, epilogue in product(sizes, TRANSPOSES, EPILOGUES):
        Product(rng, integers, m, n, k, dtype, transposes, epilogue).is_exact(layout)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("epilogue", EPILOGUES)
def test_no_rows_no_columns_no_depth(dtype, epilogue):
    rng = np.random.default_rng(4)
    for m, n, k, transposes in product((0, 1, 5), (0, 1, 5), (0, 1, 5), TRANSPOSES):
        p = Product(rng, integers, m, n, k, dtype, transposes, epilogue)
        for layout in ("plain", "strided", "tail"):
            p.is_exact(layout)
        p.is_exact(threads=3)


def test_empty_arrays_as_numpy_makes_them():
    for m, n, k in product((0, 1, 3), repeat=3):  # their strides are all 0
        c = np.ones((m, n))
        kernels.gemm(c, np.ones((m, k)), np.ones((k, n)))
        check_bits(c, np.full((m, n), float(k)), m=m, n=n, k=k)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposes", TRANSPOSES)
def test_threads_and_the_direction_of_the_cut(dtype, transposes):
    rng = np.random.default_rng(5)
    sizes = [(1, 1, 3), (3, 257, 17), (257, 3, 17), (130, 67, 33), (5, 40, 64)]
    for (m, n, k), epilogue in zip(sizes, EPILOGUES, strict=True):
        p = Product(rng, reals, m, n, k, dtype, transposes, epilogue)
        want = p.run()
        for threads, by_rows in product(range(1, 9), (False, True)):
            got = p.run(threads=threads, by_rows=by_rows)
            check_bits(got, want, threads=threads, by_rows=by_rows, **p.context)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bits_depend_neither_on_the_tile_nor_on_the_transposes(dtype):
    rng = np.random.default_rng(6)
    whole = Product(rng, reals, 40, 140, 50, dtype)
    want = whole.run()
    for transposes in TRANSPOSES[1:]:
        whole.transposes = transposes
        check_bits(whole.run(), want, transposes=transposes)
    for _ in range(200):
        (top, bottom), (left, right) = sorted(rng.integers(0, 41, 2)), sorted(rng.integers(0, 141, 2))
        part = Product(rng, reals, 0, 0, 50, dtype, TRANSPOSES[rng.integers(4)])
        part.a, part.b = whole.a[top:bottom], whole.b[:, left:right]
        part.c = blank((bottom - top, right - left), dtype)
        check_bits(part.run(), want[top:bottom, left:right], rows=(top, bottom), cols=(left, right))
    for i, j in zip(rng.integers(0, 40, 100), rng.integers(0, 140, 100), strict=True):
        part.a, part.b, part.c = whole.a[[i]], whole.b[:, [j]], blank((1, 1), dtype)
        check_bits(part.run(), want[[i], [j]][:, None], element=(i, j))


def chain(a, b, start=None):
    """start (or 0) + Σ_p a[i][p] b[p][j] as scalar code has it, p = 0, 1, ... Leading axes: many products."""
    c = np.zeros((), a.dtype) if start is None else start
    with np.errstate(invalid="ignore"):
        for p in range(a.shape[-1]):
            c = c + a[..., [p]] * b[..., [p], :]
    return c


def variants(matrix, special):
    """Copies of a matrix, each with the special value at another index."""
    copies = np.repeat(matrix.reshape(1, -1), matrix.size, axis=0)
    np.fill_diagonal(copies, special)
    return copies.reshape(-1, *matrix.shape)


def multiply(a, b, **options):
    """The kernel's C, without more ado."""
    rows = a.shape[1] if options.get("transpose_a") else a.shape[0]
    cols = b.shape[0] if options.get("transpose_b") else b.shape[1]
    c = blank((rows, cols), a.dtype)
    kernels.gemm(c, a, b, **options)
    return c


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_in_b_at_every_index(dtype, transpose_b, special):
    rng = np.random.default_rng(7)
    a = np.array([[1, 2], [0, -1], [-3, 0]], dtype)
    for n in WIDTHS:
        numbers = variants(integers(rng, (2, n), dtype), special)
        got = [multiply(a, b.T.copy() if transpose_b else b, transpose_b=transpose_b) for b in numbers]
        check_bits(got, chain(a, numbers), special=special, transpose_b=transpose_b, n=n)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_in_a_at_every_index(dtype, transpose_a, special):
    rng = np.random.default_rng(8)
    b = integers(rng, (3, 19), dtype)
    for m in range(1, 18):
        numbers = variants(integers(rng, (m, 3), dtype), special)
        got = [multiply(a.T.copy() if transpose_a else a, b, transpose_a=transpose_a) for a in numbers]
        check_bits(got, chain(numbers, b), special=special, transpose_a=transpose_a, m=m)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_in_the_bias_at_every_index(dtype, special):
    rng = np.random.default_rng(9)
    for n in WIDTHS:
        a, b = integers(rng, (2, 2), dtype), integers(rng, (2, n), dtype)
        biases = variants(integers(rng, (n,), dtype), special)
        sums = chain(a, b, biases[:, None, :])
        got = [multiply(a, b, epilogue="bias", bias=bias) for bias in biases]
        check_bits(got, sums, special=special, n=n)
        got = [multiply(a, b, epilogue="bias_relu", bias=bias) for bias in biases]
        check_bits(got, np.where(sums < 0, 0, sums).astype(dtype), special=special, n=n)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_the_reference_takes_special_values_as_the_kernel_does(dtype, special):
    rng = np.random.default_rng(10)
    for transposes, epilogue in product(TRANSPOSES, EPILOGUES):
        p = Product(rng, integers, 5, 7, 3, dtype, transposes, epilogue)
        p.a[1, 1] = p.b[2, 4] = special
        for array in p.options.values():
            if isinstance(array, np.ndarray):  # bias or mask
                array[..., 5] = special
        if epilogue == "accumulate":
            p.c[3, 6] = special
        check(p.run(), p.want(), 0.0, special=special, **p.context)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_in_mask_and_c_at_every_index(dtype):
    rng = np.random.default_rng(10)
    for n in WIDTHS:
        masked = Product(rng, integers, n, n, 2, dtype, epilogue="relu_mask")
        added = Product(rng, integers, n, n, 2, dtype, epilogue="accumulate")
        for special, values in diagonals(rng, n, dtype):
            masked.options["mask"] = added.c = values
            sums = chain(masked.a, masked.b)
            check_bits(masked.run(), np.where(values <= 0, 0, sums), special=special, **masked.context)
            check_bits(added.run(), chain(added.a, added.b, values), special=special, **added.context)
            check(masked.run(), masked.want(), 0.0, special=special, **masked.context)
            check(added.run(), added.want(), 0.0, special=special, **added.context)


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_epilogue_at_its_edges(dtype):
    nan, inf = np.nan, np.inf
    sums = np.array([[-1, -0.0, 0.0, 1, nan, inf, -inf]], dtype)
    c = blank(sums.shape, dtype)
    kernels.gemm(c, np.ones((1, 1), dtype), np.zeros((1, 7), dtype), epilogue="bias_relu", bias=sums[0])
    # 0 + -0.0 = 0.0; NaN is not below 0 and stays
    check_bits(c, np.array([[0, 0, 0, 1, nan, inf, 0]], dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_mask_epilogue_at_its_edges(dtype):
    nan, inf = np.nan, np.inf
    tiny = np.finfo(dtype).smallest_subnormal
    mask = np.array([[-inf, -1, -tiny, -0.0, 0.0, tiny, 1, inf, nan]], dtype)
    for value in (5.0, nan, -inf):
        c = blank(mask.shape, dtype)
        ones = np.full((1, 9), value, dtype)
        kernels.gemm(c, np.ones((1, 1), dtype), ones, epilogue="relu_mask", mask=mask)
        check_bits(c, np.array([[0] * 5 + [value] * 4], dtype))  # also where the sum is NaN


@pytest.mark.parametrize("dtype", DTYPES)
def test_random_products(dtype):
    seed = fresh_seed()
    rng = np.random.default_rng(seed)
    for number in range(1000):  # a million in tests/deep
        m, n, k = rng.integers(0, [33, 140, 70])
        transposes, epilogue = TRANSPOSES[rng.integers(4)], EPILOGUES[rng.integers(5)]
        exact = bool(rng.integers(2))
        p = Product(rng, integers if exact else reals, m, n, k, dtype, transposes, epilogue)
        p.context |= {"seed": seed, "number": number}
        layout, threads = LAYOUTS[rng.integers(len(LAYOUTS) - 1)], int(rng.choice([1, 1, 1, 1, 1, 3, 8]))
        (p.is_exact if exact else p.is_bounded)(layout, threads=threads, by_rows=bool(rng.integers(2)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_that_cancel_or_grow(dtype):
    rng = np.random.default_rng(11)
    for k, scale in product((257, 4096), (1e-15, 1.0, 1e15)):
        p = Product(rng, reals, 3, 33, k, dtype)
        p.a *= np.asarray(scale, dtype)
        p.is_bounded()
        p.a[:, k // 2 :], p.b[k // 2 :] = p.a[:, : k - k // 2], -p.b[: k - k // 2]
        p.is_bounded()


def test_refuses_what_it_would_misread():
    c, a, b = np.zeros((3, 4)), np.zeros((3, 2)), np.zeros((2, 4))
    read_only = c.copy()
    read_only.flags.writeable = False
    for wrong in [
        (c, a, np.zeros((3, 4))),
        (c, np.zeros((2, 3)), b),
        (np.zeros((4, 3)), a, b),
        (read_only, a, b),
        (c, a, b[::-1]),
        (c, np.asfortranarray(a), b),
        (c, np.zeros((3, 4))[:, ::2], b),
        (c, np.zeros((1, 3, 2)), b),
        (np.frombuffer(bytearray(97), np.float64, 12, 1).reshape(3, 4), a, b),
    ]:
        with pytest.raises(ValueError, match=r"\[gemm\] expected"):
            kernels.gemm(*wrong)
    bias, mask = np.zeros(4), np.zeros((3, 4))
    for options in [
        {"epilogue": "tanh"},
        {"epilogue": "bias"},
        {"bias": bias},
        {"epilogue": "bias", "bias": np.zeros(3)},
        {"epilogue": "bias", "bias": np.zeros(8)[::2]},
        {"epilogue": "relu_mask"},
        {"mask": mask},
        {"epilogue": "relu_mask", "mask": mask[:2]},
    ]:
        with pytest.raises(ValueError, match=r"\[gemm\] expected"):
            kernels.gemm(c, a, b, **options)
    for threads in (0, -1):
        with pytest.raises(ValueError, match="expected"):
            kernels.gemm(c, a, b, threads=threads, transpose_b=False)
    for other in (a.astype(np.float32), a.astype(">f8"), a.astype(np.int64), a.tolist()):
        with pytest.raises(TypeError):
            kernels.gemm(c, other, b)

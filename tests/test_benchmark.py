"""The benchmarks: what is measured, the arithmetic on it, what is printed. No test looks at a time."""

import contextlib
import dataclasses
import json
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from fastdnn import _core, cli
from fastdnn.benchmark import machine, numpy_threads, report, runner, suite
from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.kernels import KERNELS, workloads
from fastdnn.benchmark.report import Report
from fastdnn.benchmark.row import Figure, Row, spread
from fastdnn.benchmark.runner import QUICK
from fastdnn.benchmark.workloads import ROTATED_BYTES, Kernel

ISA = _core.build_info()["isa"]
KIND_OF = {kernel.label: kernel for kernel in KERNELS}
TINY = "gemm NN 32x10x64"


# ---------------------------------------------------------------------------------------------------- measure


def product_call(c, a, b, threads=1):
    """C = C + A B."""
    return lambda: _core.kernels.gemm(c, a, b, epilogue="accumulate", threads=threads)


def operand_sets(number):
    """(c, a, b), different ones."""
    rng = np.random.default_rng(0)
    return [
        tuple(rng.integers(-3, 4, shape).astype(float) for shape in ((30, 20), (30, 4), (4, 20)))
        for _ in range(number)
    ]


@pytest.mark.parametrize(("repeat", "threads", "warm_up"), [*product((1, 3), (1, 4), (False, True))])
def test_measure_runs_all_calls_as_often_as_it_says(repeat, threads, warm_up):
    sets = operand_sets(5)
    wanted = [c + (repeat + warm_up) * (a @ b) for c, a, b in sets]
    calls = [product_call(*arrays, threads) for arrays in sets]
    assert _core.kernels.measure(calls, repeat, warm_up) > 0
    for (c, _, _), want in zip(sets, wanted, strict=True):
        np.testing.assert_array_equal(c, want)


def test_measure_takes_its_calls_in_turn():
    twice = 2 * np.eye(20)
    x, y = np.ones((30, 20)), np.zeros((30, 20))
    calls = [lambda: _core.kernels.gemm(y, x, twice), lambda: _core.kernels.gemm(x, y, twice)]
    _core.kernels.measure(calls, 3, False)  # the other way round, both would be 0
    np.testing.assert_array_equal(x, np.full((30, 20), 4.0**3))


def test_measure_shares_one_scratch_of_its_calls():
    rng = np.random.default_rng(1)
    sizes = [(40, 70, 30), (200, 300, 600), (3, 5, 7)]  # packed B of each is of another size
    sets = [(rng.integers(-3, 4, (m, k)) * 1.0, rng.integers(-3, 4, (n, k)) * 1.0) for m, n, k in sizes]
    outputs = [np.full((len(a), len(b)), np.nan) for a, b in sets]
    calls = [
        lambda c=c, a=a, b=b: _core.kernels.gemm(c, a, b, transpose_b=True, threads=2)
        for c, (a, b) in zip(outputs, sets, strict=True)
    ]
    _core.kernels.measure(calls, 2)
    for c, (a, b) in zip(outputs, sets, strict=True):
        np.testing.assert_array_equal(c, a @ b.T)


def wrong_lists():
    [first, second] = operand_sets(2)
    call, other = product_call(*first), product_call(*second)
    return {
        "1 to 256 calls, got 0": ([], 1),
        "1 to 256 calls, got 257": ([call] * 257, 1),
        "repeat >= 1": ([call], 0),
        "none in number 0": ([lambda: None, call], 1),
        "none in number 1": ([call, lambda: None], 1),
        "got a second one": ([call, lambda: (other(), other())], 1),
        "same number of threads": ([call, product_call(*second, threads=2)], 1),
        "inside of another": ([lambda: _core.kernels.measure([call])], 1),
    }


@pytest.mark.parametrize("message", wrong_lists())
def test_measure_refuses(message):
    calls, repeat = wrong_lists()[message]
    with pytest.raises(ValueError, match=rf"\[measure\] expected .*{message}"):
        _core.kernels.measure(calls, repeat)
    [arrays] = operand_sets(1)
    assert _core.kernels.measure([product_call(*arrays)]) > 0  # nothing is left behind


def test_measure_survives_calls_that_hide_errors():
    sets = operand_sets(3)
    first, second, third = (product_call(*arrays) for arrays in sets)

    def fails():
        raise ZeroDivisionError

    def hides():
        with contextlib.suppress(ZeroDivisionError):
            second()  # from within comes the call of `fails`

    def goes_on():
        hides()
        third()

    for calls, message in (([first, hides, fails], "hides them"), ([first, goes_on, fails], "a second one")):
        with pytest.raises(ValueError, match=message):
            _core.kernels.measure(calls)
    before = sets[0][0].copy()
    first()  # at once, not into a list
    np.testing.assert_array_equal(sets[0][0], before + sets[0][1] @ sets[0][2])


def test_measure_passes_on_errors_of_its_calls():
    [good, bad] = operand_sets(2)
    before = good[0].copy()
    with pytest.raises(ValueError, match=r"\[gemm\] expected"):
        _core.kernels.measure([product_call(*good), product_call(bad[0], bad[2], bad[1])])
    with pytest.raises(ZeroDivisionError):
        _core.kernels.measure([product_call(*good), lambda: 1 / 0])
    np.testing.assert_array_equal(good[0], before)  # nothing was run
    _core.kernels.gemm(*good)  # at once, not into a list
    np.testing.assert_array_equal(good[0], good[1] @ good[2])


# ----------------------------------------------------------------------------------------------------- probes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_peak_counts_twelve_chains_of_whole_vectors(dtype):
    lanes = {"portable": 16, "avx2": 32, "avx512": 64, "neon": 16}[ISA] // np.dtype(dtype).itemsize
    for asked in (1, 2):
        threads, flops, seconds = _core.probe.fma(dtype, asked, 1000, 3)
        assert 1 <= threads <= asked
        assert flops == 2 * 12 * lanes * 1000 * threads
        assert len(seconds) == 3
        assert min(seconds) > 0


@pytest.mark.parametrize(("pattern", "moves"), [("read", 1), ("copy", 1), ("update", 7 / 4)])
def test_memory_is_counted_by_what_is_read_and_written(pattern, moves):
    for asked, size in product((1, 3), (1 << 14, 1 << 20)):
        _, moved, seconds = _core.probe.memory(pattern, asked, size, 5, 2)
        assert moved == 5 * size * moves
        assert len(seconds) == 2
    assert _core.probe.memory(pattern, 3, 1, 1, 1)[1] > 0  # a page at least


def test_barriers_are_counted():
    assert _core.probe.barrier(2, 100, 4)[1] == 100
    assert machine.barriers(1, 1e-5).rate() > 0


def test_probes_refuse_what_makes_no_sense():
    probe = _core.probe
    for wrong in (
        lambda: probe.fma("float16", 1, 1, 1),
        lambda: probe.fma("float32", 0, 1, 1),
        lambda: probe.fma("float32", 1, 0, 1),
        lambda: probe.fma("float32", 1, 1, 0),
        lambda: probe.memory("write", 1, 4096, 1, 1),
        lambda: probe.memory("read", 1, 0, 1, 1),
        lambda: probe.memory("read", 1, 4096, 0, 1),
        lambda: probe.barrier(1, 0, 1),
    ):
        with pytest.raises(ValueError, match=r"\[.*\] expected"):
            wrong()


# -------------------------------------------------------------------------------------------------- workloads


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.label)
def test_every_kernel_is_right_and_can_be_measured(kernel):
    smallest = min(kernel.workloads(), key=lambda workload: np.prod(workload.shape))
    smallest.check(threads=2)
    contest = runner.Contest(smallest, 1)
    assert contest.ours(1) > 0
    assert contest.theirs(1) > 0


DRAWN = ("dropout", "dropout_backward", "gaussian_noise")  # NumPy draws other numbers


@pytest.mark.parametrize("kernel", [k for k in KERNELS if k.name not in DRAWN], ids=lambda k: k.label)
def test_numpy_computes_the_same(kernel):
    workload = min(kernel.workloads(["float64"]), key=lambda workload: np.prod(workload.shape))
    ours, theirs = workload.operands(), workload.operands()
    returned = workload.native(ours, 1)()
    same = workload.baseline(theirs)()
    if kernel.returns:
        np.testing.assert_allclose(np.asarray(returned, float), np.asarray(same, float), rtol=1e-12)
    for one, other in zip(ours.results, theirs.results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13, equal_nan=False)


def test_every_kernel_has_a_file_in_bench():
    folder = Path(__file__).parent.parent / "bench"
    text = "".join(path.read_text() for path in folder.glob("bench_*.py"))
    for kernel in KERNELS:
        assert f'"{kernel.name}"' in text, kernel.name


def test_workloads_have_names_of_their_own():
    names = [str(workload) for workload in workloads()]
    assert len(set(names)) == len(names)


def broken(**changes):
    """A workload of column_sum, altered."""
    return dataclasses.replace(KIND_OF["column_sum"], **changes).workloads(["float32"])[0]


def test_a_check_finds_wrong_results():
    broken().check()
    for reference in (
        lambda x: [x.sum(axis=0) + np.eye(1, x.shape[1], 3)[0]],
        lambda x: [np.where(np.arange(x.shape[1]) == 7, np.nan, x.sum(axis=0))],
    ):
        with pytest.raises(
            ValueError, match=r"\[bench column_sum 32x64 float32\] expected .* 1 of 64 elements"
        ):
            broken(reference=reference).check()
    with pytest.raises(ValueError, match="64 of 64 elements are wrong"):
        broken(
            operands=lambda arrays, n, m: Operands([arrays.blank(m)], [arrays.zeros(0, m) + np.nan]),
            reference=lambda x: [np.full(64, np.nan)],
        ).check()  # NaN is never right, not even where NaN is wanted


def test_a_long_vector_is_checked_in_samples():
    adam = KIND_OF["adam_update"]
    seen = []

    def reference(*arrays, gradient):
        seen.extend(array.size for array in (*arrays, gradient))
        return adam.reference(*arrays, gradient=gradient)

    dataclasses.replace(adam, shapes=[(1 << 22,)], reference=reference).workloads(["float32"])[0].check()
    assert seen == [-(-(1 << 22) // 4099)] * 4


def test_rows_of_a_long_matrix_are_checked_in_samples():
    normalize = KIND_OF["normalize"]
    shapes = []

    def reference(*arrays):
        shapes.extend(array.shape for array in arrays)
        return normalize.reference(*arrays)

    def wrong(*arrays):
        [y] = normalize.reference(*arrays)
        y[3, 5] += 1  # of the sample, row 183
        return [y]

    long = {"shapes": [(1 << 12, 1 << 10)]}
    dataclasses.replace(normalize, reference=reference, **long).workloads(["float32"])[0].check()
    assert shapes == [(-(-(1 << 12) // 61), 1 << 10), (1 << 10,), (1 << 10,)]
    with pytest.raises(ValueError, match="1 of 69,632 elements are wrong"):
        dataclasses.replace(normalize, reference=wrong, **long).workloads(["float32"])[0].check()


def test_what_a_kernel_returns_is_checked():
    norm = KIND_OF["l1_norm"]
    norm.workloads(["float32"])[0].check()
    with pytest.raises(ValueError, match="1 of 1 elements are wrong"):
        dataclasses.replace(norm, reference=lambda x: [np.abs(x).sum() + 1]).workloads()[0].check()


def test_bytes_that_an_update_moves():
    [adam] = workloads("adam_update 16384 float32")[:1]
    operands = adam.operands()
    assert operands.footprint == 4 * 4 * 16_384
    assert adam.work(operands) == 7 * 4 * 16_384
    [lookup] = workloads("embedding 128x16", ["float32"])
    assert lookup.work(lookup.operands()) == 4 * 128 * 16 * (2 * 64 + 1)  # of the table what is looked up
    [norm] = workloads("batch_norm 256x512", ["float32"])
    assert norm.work(norm.operands()) == 4 * (2 * 256 * 512 + 5 * 512)  # without the scratch
    product_512 = workloads("gemm NN 512x512x512 float64")[0]
    assert product_512.work(product_512.operands()) == 2 * 512**3


def test_small_operands_take_turns():
    for workload in workloads("gemm NN", ["float32"]):
        first = workload.operands()
        sets = workload.sets(first, threads=1)
        assert sets * first.footprint >= ROTATED_BYTES
        assert sets == 1 or (sets - 1) * first.footprint < ROTATED_BYTES
    tiny = KIND_OF["sparse_accuracy"].workloads()[0]
    assert tiny.sets(tiny.operands(), threads=8) == 64  # and no more


def test_arrays_of_a_seed_are_the_same_and_long_ones_repeat():
    for make in (lambda a: a.reals(7, 3), lambda a: a.order(9), lambda a: a.one_hot(5, 4)):
        np.testing.assert_array_equal(make(Arrays("float32", 3)), make(Arrays("float32", 3)))
    assert (Arrays("float32", 3).reals(99) != Arrays("float32", 4).reals(99)).all()
    long = Arrays("float32", 0).reals(3 << 18)
    assert long.dtype == np.float32
    np.testing.assert_array_equal(long[: 1 << 18], long[1 << 18 : 2 << 18])
    assert (Arrays("float64", 0).one_hot(50, 4).sum(axis=1) == 1).all()


def test_targets():
    gemm = KIND_OF["gemm NN"].target
    large, small = (512, 512, 512), (32, 64, 64)
    assert [gemm("avx512", "float32", large, threads) for threads in (1, 2, 8)] == [0.90, 0.88, 0.88]
    assert gemm("avx512", "float64", large, 1) == 0.82
    assert gemm("avx2", "float32", large, 1) == 0.88
    assert gemm("avx2", "float64", large, 2) == 0.82
    assert gemm("portable", "float32", large, 1) == 0.65
    assert gemm("portable", "float64", large, 2) == 0.65
    assert gemm("neon", "float32", large, 1) is None
    assert gemm("avx512", "float32", small, 1) == 0.88
    assert gemm("avx512", "float32", small, 2) is None
    assert gemm("avx2", "float32", small, 1) is None
    assert gemm("avx512", "float32", (32, 10, 64), 1) is None
    assert KIND_OF["gemm NT"].target("avx512", "float32", (128, 784, 256), 2) == 0.84
    adam = KIND_OF["adam_update"].target
    assert [adam(ISA, "float64", (n,), 1) for n in (16_384, 1 << 24)] == [None, 0.90]


# ----------------------------------------------------------------------------------------------------- runner


def row(**changes):
    """gemm at 90 of 100 GFLOP/s."""
    figures = {
        "family": "Products",
        "kernel": "gemm NN",
        "shape": "512x512x512",
        "dtype": "float32",
        "threads": 1,
        "rounds": [2.0, 2.0, 3.0],
        "numpy_seconds": 5.0,
        "work": 180_000_000_000,
        "yardstick": "fma",
        "bests": [100e9, 80e9, 60e9],
        "target": 0.9,
        "sets": 1,
        "elements": None,
    }
    return Row(**figures | changes)


def test_shares_of_a_peak_are_of_the_best_that_was_seen():
    assert row().seconds == 2.0
    assert row().rate == 90e9
    assert row().share == 0.9
    assert row(bests=[80e9, 120e9, 90e9]).share == 0.75
    assert row().drift == pytest.approx(20 / 80)
    assert row().times_numpy == 2.5


def test_shares_of_the_memory_are_of_the_pass_beside():
    """The machine's own speed halves in the second round, and ours with it."""
    memory = row(yardstick="copy", rounds=[1.0, 2.0, 1.0], bests=[200e9, 100e9, 180e9])
    assert memory.share == 0.9
    assert row(yardstick="copy", rounds=[1.0, 2.0, 1.0], bests=[200e9, 200e9, 200e9]).share == 0.9


def test_a_target_is_reached_at_its_share():
    assert row().reached is True
    assert row(target=0.9001).reached is False
    assert row(target=None).reached is None


def test_spread_and_repeats():
    assert spread([4.0]) == 0.0
    assert spread([1.0, 2.0]) == pytest.approx(0.5 / 1.5)
    assert spread([3.0, 1.0, 2.0, 5.0, 4.0]) == pytest.approx(2 / 3)
    assert runner.repeats(1e-3, 1e-2) == 10
    assert runner.repeats(0.0, 1e-2) == 10_000_000  # where the clock stood still


def test_rounds_alternate():
    order = []

    def side(name):
        order.append(name)
        return float(len(order))

    ours, theirs = runner.in_turn(3, lambda: side("A"), lambda: side("B"))
    assert "".join(order) == "ABABAB"
    assert (ours, theirs) == ([1.0, 3.0, 5.0], [2.0, 4.0, 6.0])


def test_each_round_is_followed_by_a_look_at_the_machine(monkeypatch):
    [workload] = workloads(TINY, ["float32"])
    looks = iter([40e9, 50e9, 30e9])
    monkeypatch.setattr(machine.Yardstick, "rate", lambda self, rounds: next(looks))
    times = iter([9e-6, 9e-6, 1e-6, 7e-6, 2e-6])  # the first two find how often to repeat
    monkeypatch.setattr(runner.Contest, "ours", lambda self, repeat, warm_up=True: next(times))
    monkeypatch.setattr(runner.Contest, "theirs", lambda self, repeat: 4e-6)
    found = runner.measure(workload, 1, QUICK, numpy_threads.Limiter(contextlib.nullcontext, ""))
    assert (found.seconds, found.numpy_seconds) == (2e-6, 4e-6)
    assert found.bests == [40e9, 50e9, 30e9]
    assert found.rounds == [1e-6, 7e-6, 2e-6]
    assert found.rate == 2 * 32 * 10 * 64 / 2e-6
    assert (found.kernel, found.shape, found.dtype, found.threads) == ("gemm NN", "32x10x64", "float32", 1)


def test_numpy_is_limited_by_what_there_is(monkeypatch):
    monkeypatch.setattr(numpy_threads, "version_of", lambda package: None)
    for name in numpy_threads.environment(2):
        monkeypatch.delenv(name, raising=False)
    assert numpy_threads.limiter([2]) is None
    for name, value in numpy_threads.environment(2).items():
        monkeypatch.setenv(name, value)
    assert "environment" in numpy_threads.limiter([2]).method
    assert numpy_threads.limiter([1]) is None
    assert numpy_threads.limiter([1, 2]) is None


# ----------------------------------------------------------------------------------------------------- report


def sample():
    """A report with everything in it."""
    rows = [
        row(),
        row(threads=2, bests=[100e9, 99e9, 98e9], target=0.91),
        row(
            family="Losses",
            kernel="categorical_cross_entropy",
            shape="512x1000",
            yardstick="copy",
            rounds=[1.5e-5],
            bests=[1e9],
            target=None,
        ),
    ]
    figures = [Figure("peak float32", 1, "FLOP/s", 100e9, 80e9), Figure("barrier", 2, "s", 1.2e-7)]
    return Report({"cpu": "a CPU", "unit": "avx512"}, figures, rows)


def test_the_table_fits_a_terminal_and_marks_what_is_below_its_target():
    text = report.text(sample())
    lines = text.splitlines()
    assert max(map(len, lines)) <= 110
    [head, reached, missed, none] = [
        n for n, line in enumerate(lines) if re.match("Products|gemm|categor", line)
    ]
    assert lines[head].split()[-4:] == ["best", "target", "×", "NumPy"]
    assert "~90%" in lines[reached]  # its yardstick changed by 25 %
    assert "90% ok" in lines[reached]
    assert "91% <<" in lines[missed]
    assert "~" not in lines[missed]
    assert "90.0 GFLOP/s" in lines[missed]
    assert re.search(r"15.0 us .* GB/s", lines[none])
    assert "1 of 2 targets reached" in text
    assert re.search(r"peak float32 +1 +100 GFLOP/s +80.0 GFLOP/s +20%", text)
    assert re.search(r"barrier +2 +120 ns$", text, re.MULTILINE)
    assert "interrupted" not in text


def test_the_longest_of_all_rows_fits_a_terminal():
    # 3,600 GFLOP/s
    speed = {"rounds": [0.05, 0.05, 7.0, 9.0], "numpy_seconds": 6.1, "bests": [4e12, 3e12, 2e12, 1e12]}
    rows = []
    for workload in workloads():
        kernel = workload.kernel
        names = {"family": kernel.family, "kernel": kernel.label, "shape": workload.shape_text}
        target = kernel.target("avx512", "float32", workload.shape, 1)
        limits = {"yardstick": kernel.yardstick, "elements": 10**10 if kernel.per_element else None}
        rows.append(row(threads=16, target=target, **names, **speed, **limits))
    assert max(map(len, report.text(Report({}, [], rows)).splitlines())) <= 110


def test_the_speed_of_arithmetic_is_told_in_elements():
    tanh = row(yardstick="copy", elements=6_200_000_000)
    assert tanh.speed == (3.1e9, "elem/s")
    assert tanh.rate == 90e9  # bytes, of which the share is
    text = report.text(Report({}, [], [tanh]))
    assert "3.10 Gelem/s" in text
    [workload] = [w for w in workloads("tanh", ["float64"]) if w.shape == (128, 256)]
    operands = workload.operands()
    assert workload.elements(operands) == 128 * 256
    assert workload.work(operands) == 2 * 8 * 128 * 256
    assert workloads("relu")[0].elements(operands) is None


def test_a_table_for_each_family_with_targets_where_there_are_some():
    tables = report.text(sample()).split("\n\n")
    [products, losses] = [table.splitlines()[0] for table in tables if re.match("Products|Losses", table)]
    assert products.split()[-4:] == ["best", "target", "×", "NumPy"]
    assert losses.split()[-4:] == ["of", "best", "×", "NumPy"]


def test_a_filter_is_a_kernel_or_part_of_names():
    assert {w.kernel.name for w in workloads("relu")} == {"relu"}
    assert {w.kernel.name for w in workloads("silu")} == {"silu"}
    assert {w.kernel.name for w in workloads("ilu")} == {"silu", "silu_backward"}
    assert {w.kernel.name for w in workloads("losses")} >= {"hinge", "sparse_accuracy"}
    assert {w.shape for w in workloads("512x512x128")} == {(512, 512, 128)}


def test_markdown_has_the_same_cells():
    lines = report.markdown(sample()).splitlines()
    tables = [line for line in lines if line.startswith("|")]
    assert [line.count("|") for line in tables[-7:]] == [11] * 4 + [10] * 3
    assert "| gemm NN | 512x512x512 | f32 | 2 | 2.00 s | 25% | 90.0 GFLOP/s | 90% | 91% << | 2.5 |" in tables
    assert "- CPU: a CPU" in lines


def test_json_goes_there_and_back():
    made = sample()
    made.complete = False
    assert report.from_json(report.to_json(made)) == made


def test_the_json_schema_is_stable():
    content = json.loads(report.to_json(sample()))
    assert list(content) == [
        *("format", "version", "kind", "complete"),
        *("machine", "figures", "rows", "notes"),
    ]
    assert (content["format"], content["version"]) == ("fastdnn-bench", 2)
    assert list(content["figures"][0]) == ["name", "threads", "unit", "before", "after"]
    assert list(content["rows"][0]) == [
        *(
            "family",
            "kernel",
            "shape",
            "dtype",
            "threads",
            "rounds",
            "numpy_seconds",
            "work",
            "yardstick",
        ),
        *("bests", "target", "sets", "elements"),
        *("seconds", "spread", "rate", "share", "drift", "reached", "times_numpy"),
    ]


def test_other_json_is_refused():
    for content in ("[]", "{}", '{"format": "fastdnn-bench", "version": 3}'):
        with pytest.raises(ValueError, match=r"\[bench\] expected a report"):
            report.from_json(content)


def test_reports_of_several_processes_become_one():
    one = Report({"cpu": "a"}, [Figure("x", 1, "s", 1.0)], [row(), row(shape="1x1x1")])
    two = Report({"cpu": "a"}, [Figure("x", 2, "s", 1.0)], [row(threads=2)], complete=False)
    made = report.merged([one, two])
    assert [(r.shape, r.threads) for r in made.rows] == [("512x512x512", 1), ("512x512x512", 2), ("1x1x1", 1)]
    assert [f.threads for f in made.figures] == [1, 2]
    assert not made.complete


# --------------------------------------------------------------------------------------------- command line


@pytest.fixture
def bench(capsys):
    """Runs `fastdnn bench`: (code, out, err)."""

    def run(*words):
        code = cli.main(["bench", *map(str, words)])
        return code, *capsys.readouterr()

    return run


QUICKLY = ("--quick", "--filter", TINY, "--dtype", "float32")


def test_bench_prints_and_writes_one_workload(bench, tmp_path):
    files = tmp_path / "table.json", tmp_path / "table.md"
    code, out, err = bench(
        "kernels", *QUICKLY, "--threads", "2,1", "--json", files[0], "--markdown", files[1]
    )
    assert code == 0
    assert max(map(len, out.splitlines())) <= 110
    assert len(re.findall(r"^gemm NN +32x10x64  f32 ", out, re.MULTILINE)) == 2
    for words in ("CPU ", "unit ", "barrier ", "NumPy ", "limited by threadpoolctl", "of best"):
        assert words in out, words
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        f"[{n}/2] {TINY} float32 on {threads}" for n, threads in ((1, "1 thread"), (2, "2 threads"))
    ]
    made = report.from_json(files[0].read_text())
    assert report.text(made) == out.rstrip("\n")
    assert report.markdown(made) == files[1].read_text()
    assert made.complete
    assert [r.threads for r in made.rows] == [1, 2]
    assert all(f.after is not None for f in made.figures)
    assert made.machine["unit"] == ISA


def test_another_unit_is_timed_in_a_process_of_its_own(bench, tmp_path):
    path = tmp_path / "table.json"
    code, out, _ = bench("kernels", *QUICKLY, "--threads", 1, "--unit", "portable", "--json", path)
    assert code == 0
    assert report.from_json(path.read_text()).machine["unit"] == "portable"
    assert re.search("^unit +portable$", out, re.MULTILINE)


def test_without_threadpoolctl_there_is_a_process_for_each_number_of_threads(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(numpy_threads, "version_of", lambda package: None)
    path = tmp_path / "table.json"
    code, _, _ = bench("kernels", *QUICKLY, "--threads", "1,2", "--json", path)
    assert code == 0
    made = report.from_json(path.read_text())
    assert [r.threads for r in made.rows] == [1, 2]
    assert {f.threads for f in made.figures} == {1, 2}


def test_an_interrupted_run_prints_what_is_done(bench, monkeypatch):
    def measure(workload, threads, effort, limiter):
        if threads == 2:
            raise KeyboardInterrupt
        return row()

    monkeypatch.setattr(runner, "measure", measure)
    monkeypatch.setattr(runner, "figures", lambda *words: [])
    code, out, _ = bench("kernels", *QUICKLY, "--threads", "1,2")
    assert code == 130
    assert re.search("^gemm NN +512x512x512", out, re.MULTILINE)
    assert "interrupted: what was done until then" in out


def test_a_wrong_kernel_ends_the_run_with_an_error(bench, monkeypatch):
    wrong = Kernel("relu", [(2, 3)], KIND_OF["relu"].operands, lambda x: [x], lambda y, x: None)
    monkeypatch.setattr(suite.Suite, "run", lambda self, limiter, on_row: wrong.workloads()[0].check())
    code, out, err = bench("kernels", *QUICKLY)
    assert (code, out) == (2, "")
    assert "[bench relu 2x3 float32] expected the reference's" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["kernel"], r"a suite, one of .*steps, tune, got 'kernel'; did you mean 'kernels'\?"),
        (
            ["kernels", "--filter", "sotfmax"],
            r"name, one of .*gemm NN, .* got 'sotfmax'; did you mean 'softmax'\?",
        ),
        (["kernels", "--unit", "sse9"], rf"a unit that this machine runs, one of .*{ISA}.*, got 'sse9'"),
        (["kernels", "--dtype", "float16"], r"float16.*choose from"),
        (
            ["kernels", "--threads", "1,0"],
            r"whole numbers from 1 to 1024 between commas, such as 1,2, got '1,0'",
        ),
        (["kernels", "--json", "/no/such/folder/x"], r"\[bench\] expected a folder '/no/such/folder'"),
    ],
)
def test_bench_says_no(bench, words, message):
    code, out, err = bench(*words)
    assert (code, out) == (2, "")
    assert re.search(message, err)
    assert err.count("\n") == 1

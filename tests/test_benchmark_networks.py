"""The benchmarks of networks: what is run, that it must agree, what is printed. No test looks at a time."""

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import fake_peer
import numpy as np
import pytest

import fastdnn as fd
from fastdnn import cli
from fastdnn.benchmark import frameworks, machine, report
from fastdnn.benchmark.frameworks import FASTDNN, PEERS, Framework, with_fastdnn
from fastdnn.benchmark.frameworks.contender import Setting, UnsupportedError
from fastdnn.benchmark.networks import cases, catalog, chart, contest, cpus, memory, suite, worker
from fastdnn.benchmark.networks.contest import Side, agree
from fastdnn.benchmark.networks.digits import Race
from fastdnn.benchmark.networks.network import Network
from fastdnn.benchmark.networks.process import Process
from fastdnn.benchmark.networks.row import NetworkRow, Result
from fastdnn.benchmark.networks.workers import Workers
from fastdnn.benchmark.report import Report
from fastdnn.benchmark.runner import Effort

SMALL = Network("small", (6, 5, 3), batch=4, batches=3)
EFFORT = Effort(
    rounds=3, seconds=1e-4, probe_seconds=1e-4, pause_seconds=0.0, settle_seconds=0.0, memory_bytes=0
)
FAKE = Framework("fake", "a fake", "fake_peer", ("numpy",), "pip install fake")
ABSENT = Framework("absent", "Absent", "no_module", ("no-such-package",), "pip install no-such-package")


@pytest.fixture
def mood(monkeypatch):
    """Sets the fake peer's, in the workers that start afterwards."""
    return lambda name: monkeypatch.setenv("FAKE_PEER", name)


# --------------------------------------------------------------------------------------------------- networks


def test_flops_of_a_step_and_of_a_prediction():
    tiny = next(network for network in catalog.networks() if network.name == "tiny")
    forward = 2 * 32 * (64 * 64 + 64 * 64 + 64 * 10)
    assert tiny.flops(backward=False) == forward
    assert tiny.flops() == 3 * forward - 2 * 32 * 64 * 64  # no gradient of the input
    assert tiny.flops(rows=1, backward=False) == forward / 32


def test_labels_all_occur_and_data_are_those_of_the_seed():
    for network in catalog.networks():
        x, y = network.data()
        assert x.dtype == np.float32
        assert x.shape == (network.rows, network.sizes[0])
        if network.loss == "cross_entropy":
            assert y.shape == (network.rows,)
            assert set(y.tolist()) == set(range(network.sizes[-1]))
        else:
            assert y.shape == (network.rows, network.sizes[-1])
            assert y.dtype == np.float32
    for again, other in zip(SMALL.data(), SMALL.data(1), strict=True):
        assert (again != other).any()
    for one, same in zip(SMALL.data(3), SMALL.data(3), strict=True):
        np.testing.assert_array_equal(one, same)
    assert len(SMALL.initial_weights()) == 2


def test_a_network_goes_through_json():
    for network in catalog.networks():
        assert Network.of(json.loads(json.dumps(network.fields))) == network


# -------------------------------------------------------------------------------------------------- fastdnn's


def test_fastdnn_trains_as_its_reference_backend_does():
    for network in (SMALL, replace(SMALL, loss="squared_error", sizes=(6, 5, 2))):
        x, y = network.data()
        trainer = with_fastdnn.trainer(Setting(network, network.initial_weights(), 1), x, y, "")
        model = with_fastdnn.model(network, network.initial_weights())
        loss = "mean_squared_error"
        if network.loss == "cross_entropy":
            loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=fd.optimizers.Adam(1e-3), loss=loss, backend="reference")
        history = model.fit(x[:8], y[:8], 4, 2, verbose=0, shuffle=False).history
        np.testing.assert_allclose(trainer.losses(2, 2), history["loss"], rtol=1e-5)
        trainer.reset(network.initial_weights())
        np.testing.assert_allclose(trainer.losses(2, 2), history["loss"], rtol=1e-5)


def test_fastdnn_stops_when_it_is_told_to():
    trainer = with_fastdnn.trainer(Setting(SMALL, SMALL.initial_weights(), 1), *SMALL.data(), "")
    asked = []
    trainer.train(5, lambda: asked.append(0) or len(asked) == 2)
    assert len(asked) == 2


def test_fastdnn_predicts_probabilities():
    x, _ = SMALL.data()
    predictor = with_fastdnn.predictor(Setting(SMALL, SMALL.initial_weights(), 1), x, "")
    (w1, b1), (w2, b2) = SMALL.initial_weights()
    z = np.maximum(x @ w1 + b1, 0) @ w2 + b2
    want = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    predictor.repeat(2)
    np.testing.assert_allclose(predictor.outputs(), want, rtol=1e-5)


def installed(name):
    """The peers' modules are tried where they are installed."""
    [peer] = frameworks.peers([name])
    return pytest.param(
        name, marks=pytest.mark.skipif(bool(peer.missing), reason=f"{peer.title} is not installed")
    )


@pytest.mark.parametrize("name", [installed("torch"), installed("jax"), installed("sklearn")])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_an_installed_peer_agrees(name, loss):
    network = Network("small", (6, 8, 3 if loss == "cross_entropy" else 1), 8, 4, loss)
    [peer] = frameworks.peers([name])
    with Workers([peer], 1, pytest.fail) as workers:
        ours, theirs = (
            workers.process(who).ask("train", network=network.fields) for who in ("fastdnn", name)
        )
        np.testing.assert_allclose(theirs["losses"], ours["losses"], rtol=peer.tolerance)
        assert workers.process(name).ask("run", epochs=2) > 0


@pytest.mark.parametrize("name", [installed("jax"), installed("sklearn"), installed("onnxruntime")])
def test_an_installed_peer_predicts_the_same(name):
    with Workers(frameworks.peers([name]), 1, pytest.fail) as workers:
        ours, theirs = (
            workers.process(who).ask("predict", network=SMALL.fields, rows=5) for who in ("fastdnn", name)
        )
        np.testing.assert_allclose(theirs["outputs"], ours["outputs"], atol=contest.OUTPUT_TOLERANCE)


# ---------------------------------------------------------------------------------------------------- workers


def served(*questions, module=with_fastdnn):
    """The answers of a worker in this process."""
    answers = io.StringIO()
    worker.serve(module, 1, [json.dumps(question) for question in questions], answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_a_worker_answers():
    ready, ran, predicted, repeated, machine_ = (
        reply["answer"]
        for reply in served(
            {"do": "train", "network": SMALL.fields},
            {"do": "run", "epochs": 2},
            {"do": "predict", "network": SMALL.fields, "rows": 5},
            {"do": "repeat", "count": 3},
            {"do": "machine", "seconds": 1e-4},
        )
    )
    assert len(ready["losses"]) == 2
    assert (ready["way"], ready["notes"], ready["threads"]) == ("", [], 1)
    assert np.shape(predicted["outputs"]) == (5, 3)
    assert ran > 0
    assert repeated > 0
    assert machine_["peak"] > 1e8


def test_a_worker_tells_what_went_wrong_and_goes_on(capsys):
    wrong, right = served({"do": "run", "epochs": "x"}, {"do": "machine", "seconds": 1e-4})
    assert "error" in wrong
    assert "answer" in right
    assert "Traceback" in capsys.readouterr().err


def test_the_fastest_way_counts_and_others_are_told(capsys):
    [reply] = served({"do": "train", "network": SMALL.fields}, module=fake_peer)
    assert reply["answer"]["way"] == "fast"
    assert reply["answer"]["notes"] == ["broken: OSError: no compiler was found"]
    assert "what a library prints" in capsys.readouterr().out
    [reply] = served({"do": "predict", "network": SMALL.fields, "rows": 2}, module=fake_peer)
    assert reply["answer"]["way"] == "fast"


def test_rounds_of_a_network_begin_with_its_first_weights(monkeypatch):
    given = []
    monkeypatch.setattr(
        with_fastdnn._Trainer, "reset", lambda self, weights: given.append(weights), raising=True
    )
    monkeypatch.setattr(with_fastdnn._Trainer, "train", lambda self, epochs: None)
    monkeypatch.setattr(with_fastdnn._Trainer, "losses", lambda self, epochs, batches: [0.0])
    served({"do": "train", "network": SMALL.fields}, {"do": "run", "epochs": 1}, {"do": "run", "epochs": 1})
    assert len(given) == 2  # before each run
    for (kernel, _), (first, _) in zip(given[1], SMALL.initial_weights(), strict=True):
        np.testing.assert_array_equal(kernel, first)


@pytest.mark.skipif(memory.peak_bytes() is None, reason="this system does not tell a process's peak")
def test_peak_memory_is_that_of_the_training():
    with Workers([], 1, pytest.fail) as workers:
        large = Network("large", (500, 2000, 10), batch=10, batches=1)
        told = workers.ask_fresh("fastdnn", "memory", {"network": large.fields})
    weights = 4 * 2000 * 510
    assert weights <= told["making"] <= 40 * weights
    assert 3 * weights <= told["training"] <= 20 * weights  # with gradient and Adam's averages


def test_a_process_is_pinned_and_told_its_threads():
    chosen = cpus.chosen(1)
    if not chosen:
        pytest.skip("this system cannot pin processes")
    before = os.sched_getaffinity(0)
    code = "import os; print(*os.sched_getaffinity(0))"
    with cpus.confined(chosen):
        seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [int(word) for word in seen.stdout.split()] == chosen
    assert os.sched_getaffinity(0) == before


def test_cpus_of_one_core_come_last(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3, 5}, raising=False)
    monkeypatch.setattr(cpus, "_core", lambda cpu: {0: "a", 1: "a", 2: "b", 3: "b", 5: "c"}[cpu])
    assert [cpus.chosen(count) for count in (1, 2, 3, 4, 9)] == [
        [0],
        [0, 2],
        [0, 2, 5],
        [0, 1, 2, 5],
        [0, 1, 2, 3, 5],
    ]


def test_a_race_ends_at_the_error_that_it_is_for():
    epochs = {}
    for error in (0.5, 0.1):
        told = Race(error).run(lambda setting, x, y: with_fastdnn.trainer(setting, x, y, ""), 1, 1)
        epochs[error] = told["epochs"][0]
        assert told["first"] > 0
        assert told["seconds"][0] > 0
    assert 1 <= epochs[0.5] < epochs[0.1] < 50


# --------------------------------------------------------------------------------------------------- contests


def test_what_differs_is_an_error():
    agree("x", {"fastdnn": [1.0, 2.0], "a": [1.0, 2.0019]}, lambda name, ours: 1e-3 * ours)
    wrong = {"more": [1.0, 2.01], "less": [0.99, 2.0], "nan": [1.0, float("nan")], "short": [1.0]}
    for values in wrong.values():
        message = r"\[bench x\] expected the same from a as fastdnn's 1 2, got .* nothing was timed"
        with pytest.raises(ValueError, match=message):
            agree("x", {"fastdnn": [1.0, 2.0], "a": values}, lambda name, ours: 1e-3 * ours)


def test_rounds_take_turns_and_their_median_counts():
    order = []

    def side(name, times):
        given = iter([1.0, 0.5, *times])  # the first two find how often

        def timed(count):
            order.append((name, count))
            return next(given)

        return Side(name, timed, "way", {"threads": 1})

    effort = Effort(rounds=3, seconds=1.0, probe_seconds=0, pause_seconds=0, settle_seconds=0, memory_bytes=0)
    found = contest.rounds([side("a", [6.0, 2.0, 4.0]), side("b", [8.0, 8.0, 8.0])], effort, 2)
    assert order == [("a", 1)] * 2 + [("b", 1)] * 2 + [("a", 2), ("b", 2)] * 3
    assert found["a"] == Result(1.0, 0.5, "way", {"threads": 1})  # 4 s of two epochs of two steps
    assert found["b"] == Result(2.0, 0.0, "way", {"threads": 1})


@pytest.fixture
def run_suite():
    """Runs cases with the fake peer: the report and what was noted."""

    def run(*chosen, peers=(FAKE, ABSENT), threads=(1,)):
        notes, rows = [], []
        made = suite.NetworkSuite(chosen, threads, peers, EFFORT).run(rows.append, notes.append)
        assert {id(row) for row in made.rows} == {id(row) for row in rows}
        return made, notes

    return run


def test_steps_and_predictions_with_a_peer(run_suite):
    made, notes = run_suite(cases.Step(SMALL), cases.Prediction(SMALL, 2), threads=(1, 2))
    assert [(row.family, row.threads) for row in made.rows] == [
        *(("Training step", 1), ("Training step", 2), ("Prediction", 1), ("Prediction", 2))
    ]
    for row in made.rows:
        assert list(row.results) == ["fastdnn", "fake"]
        assert row.results["fake"].way == "fast"
        assert row.floor > 0
    assert "fake broken: OSError: no compiler was found" in notes
    assert made.machine["Absent"] == "no-such-package not installed: pip install no-such-package"
    assert made.machine["a fake"] == machine.version_of("numpy")
    assert [figure.name for figure in made.figures] == ["peak float32", "peak float32", "barrier"]
    assert all(figure.after is not None for figure in made.figures)
    assert report.from_json(report.to_json(made)) == made


def test_other_losses_or_outputs_end_the_run(run_suite, mood):
    mood("wrong")
    for case, where in (
        (cases.Step(SMALL), "step small"),
        (cases.Prediction(SMALL, 2), "predict small 2 rows"),
    ):
        with pytest.raises(ValueError, match=rf"\[bench {where}\] expected the same from fake"):
            run_suite(case)
    mood("nan")
    with pytest.raises(ValueError, match=r"got .* nan; .* nothing was timed"):
        run_suite(cases.Step(SMALL))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dies", "a fake: its process ended with 7: .*these are the last words"),
        ("fails", "a fake: RuntimeError: slow: ArithmeticError: this peer fails"),
        ("unsupported", None),
    ],
)
def test_a_peer_that_cannot_is_left_out(run_suite, mood, name, said):
    mood(name)
    made, notes = run_suite(cases.Step(SMALL))
    assert [list(row.results) for row in made.rows] == [["fastdnn"]]
    if said is None:
        assert notes == []
    else:
        assert re.search(said, notes[0], re.DOTALL)
        assert made.notes == notes


def test_fastdnn_is_not_left_out(run_suite):
    with pytest.raises(ValueError, match=r"\[bench\] fastdnn: ZeroDivisionError"):
        run_suite(cases.Step(Network("none", (6, 0, 3), batch=4, batches=3)))


def test_without_peers_there_are_our_own_rows(run_suite):
    made, _ = run_suite(cases.Step(SMALL), peers=(ABSENT,))
    text = report.text(made)
    assert re.search(r"^Training step +thr +fastdnn +± +floor +× floor$", text, re.MULTILINE)
    assert "pip install no-such-package" in text
    assert "behind" not in text


def test_an_interrupted_suite_keeps_what_is_done(run_suite, monkeypatch):
    monkeypatch.setattr(cases.Prediction, "measure", lambda *words: (_ for _ in ()).throw(KeyboardInterrupt))
    made, _ = run_suite(cases.Step(SMALL), cases.Prediction(SMALL, 2))
    assert [row.family for row in made.rows] == ["Training step"]
    assert not made.complete
    assert "interrupted: what was done until then" in report.text(made)


def test_workers_end_with_their_block():
    with Workers([FAKE], 1, pytest.fail) as workers:
        process = workers.process("fake")
        assert not process.ended
        assert workers.process("fake") is process
    assert process.ended


def test_questions_that_a_process_cannot_answer(mood):
    mood("unsupported")
    process = Process(FAKE, 1)
    try:
        with pytest.raises(UnsupportedError, match="no such network"):
            process.ask("train", network=SMALL.fields)
        process.close()
        with pytest.raises((RuntimeError, ValueError)):
            process.ask("machine", seconds=1e-4)
    finally:
        process.close()


# ----------------------------------------------------------------------------------------------------- report


def row(**changes):
    """fastdnn at 2 s, 1.25 times its floor."""
    figures = {
        "family": "Training step",
        "case": "mnist",
        "detail": "784-10, batch 128",
        "threads": 2,
        "unit": "s",
        "results": {
            "fastdnn": Result(2.0, 0.03, extra={"threads": 1}),
            "torch": Result(5.0, way="compiled"),
            "jax": Result(1.9),
        },
        "flops": 160,
        "best_before": 100.0,
        "best_after": 80.0,
        "targets": {"floor": 1.2, "torch": 2.5, "jax": 1.3, "sklearn": 4.0},
    }
    return NetworkRow(**figures | changes)


def test_ratios_floor_and_targets():
    assert row().floor == 1.6
    assert row().times_floor == 1.25
    assert row().ratios == {"torch": 2.5, "jax": 0.95}
    assert row().missed == {"floor": 1.25, "jax": 0.95}  # scikit-learn is not there
    assert row(flops=None).floor is None
    assert row(flops=None).missed == {"jax": 0.95}
    assert row().drift == pytest.approx(0.2)


def sample():
    """A report with everything in it."""
    race = {"family": "Time to error", "case": "digits", "flops": None, "targets": {}, "threads": 1}
    results = {"fastdnn": Result(0.03, extra={"epochs": 10.5}), "sklearn": Result(0.6, extra={"epochs": 13})}
    rows = [row(), row(case="wide", detail="1024-10"), row(**race, results=results)]
    memory_ = {"fastdnn": Result(2e8), "torch": Result(1.9e8)}
    rows.append(row(family="Peak memory", unit="B", results=memory_, flops=None, targets={"torch": 1.0}))
    return Report({"cpu": "a CPU", "unit": "avx512"}, [], rows, kind="networks", notes=["a note"])


def test_the_table_names_what_is_lost():
    text = report.text(sample())
    lines = text.splitlines()
    assert max(map(len, lines)) <= 110
    assert re.search(r"^Training step +thr +fastdnn +± +floor +× floor +PyTorch +JAX$", text, re.MULTILINE)
    assert re.search(
        r"^mnist +2 +2.00 s +3% +1.60 s +~1.25 +5.00 s 2.50× +1.90 s 0.95×\*$", text, re.MULTILINE
    )
    assert re.search(r"^digits +1 +30.0 ms +600 ms 20.0×$", text, re.MULTILINE)
    assert re.search(r"^mnist +2 +200 MB +190 MB 0.95×\*$", text, re.MULTILINE)
    flat = " ".join(text.split())
    assert "behind in 3 of 6 comparisons: training step mnist on 2 to JAX (0.95×)" in flat
    assert "2 of 7 targets reached; not: training step mnist on 2 1.25 × floor (target 1.20)" in flat
    assert "PyTorch compiled in training step mnist on 2; training step wide on 2" in flat
    assert "fastdnn chose fewer threads in training step mnist on 2: 1" in flat
    assert "epochs of time to error digits on 1: fastdnn 10.5, scikit-learn 13.0" in flat
    assert "Training step, mnist: 784-10, batch 128" in flat
    assert "a note" in flat


def test_the_longest_rows_fit_a_terminal():
    slow = {name: Result(0.123456, 0.99) for name in frameworks.TITLES}
    slow["fastdnn"] = Result(0.3456, 0.99)
    longest = [
        row(case=network.name, results={n: r for n, r in slow.items() if n != "onnxruntime"})
        for network in catalog.networks()
    ]
    longest += [row(family="Prediction", case="1024 rows", results=slow, targets={})]
    text = report.text(Report({}, [], longest, kind="networks"))
    assert max(map(len, text.splitlines())) <= 110


def test_markdown_has_the_same_cells():
    lines = report.markdown(sample()).splitlines()
    assert "| mnist | 2 | 2.00 s | 3% | 1.60 s | ~1.25 | 5.00 s 2.50× | 1.90 s 0.95×* |" in lines
    assert "- a note" in lines


def test_json_goes_there_and_back_with_what_follows():
    made = sample()
    assert report.from_json(report.to_json(made)) == made
    first = json.loads(report.to_json(made))["rows"][0]
    assert first["ratios"] == {"torch": 2.5, "jax": 0.95}
    assert (first["floor"], first["times_floor"]) == (1.6, 1.25)


def test_a_chart_has_a_bar_for_each_comparison(tmp_path):
    pytest.importorskip("matplotlib")
    axes = chart.draw(sample())
    assert len(axes.patches) == 6
    lengths = [bar.get_x() + bar.get_width() for bar in axes.patches]
    assert sorted(lengths) == pytest.approx(sorted([2.5, 0.95, 2.5, 0.95, 20.0, 0.95]))
    assert {text.get_text() for text in axes.texts} == {"2.50×", "0.95×", "20.0×"}
    assert axes.get_xscale() == "log"
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert ticks[0] == "training step, mnist, 2 threads\nfastdnn 2.00 s"
    chart.save(sample(), tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"ends in .png, .svg or .pdf, got 'x.txt'"):
        chart.check("x.txt")


# ----------------------------------------------------------------------------------------------- command line


@pytest.fixture
def bench(capsys, monkeypatch):
    """Runs `fastdnn bench` for the small network, quickly: (code, out, err)."""
    monkeypatch.setattr(catalog, "_ALL", (SMALL,))
    monkeypatch.setattr(catalog, "MNIST", SMALL)
    monkeypatch.setattr(suite, "QUICK", EFFORT)

    def run(*words):
        code = cli.main(["bench", *map(str, words)])
        return code, *capsys.readouterr()

    return run


def test_bench_alone_is_steps_and_predict(bench, tmp_path):
    files = [tmp_path / name for name in ("x.json", "x.md", "x.png")]
    options = ("--quick", "--threads", 1, "--peers", "none", "--filter", "small")
    code, out, err = bench(*options, "--json", files[0], "--markdown", files[1], "--plot", files[2])
    assert code == 0
    assert re.search("^Training step +thr.*\n.*\nsmall +1 ", out, re.MULTILINE)
    assert re.search("^Prediction +thr.*\n.*\n1 row +1 .*\n32 rows +1 .*\n1024 rows +1", out, re.MULTILINE)
    assert "fastdnn bench kernels" in out
    assert "no plot: there is no peer" in out
    assert not files[2].exists()
    assert re.match(
        r"\[1/4\] training step small on 1 thread: [0-9.]+ [mnu]s\n\[2/4\] prediction 1 row ", err
    )
    made = report.from_json(files[0].read_text())
    assert [row.family for row in made.rows] == ["Training step"] + ["Prediction"] * 3
    assert out.startswith(report.text(made))
    assert files[1].read_text() == report.markdown(made)


def test_a_missing_peer_is_told_with_how_to_get_it(bench, monkeypatch):
    monkeypatch.setattr(frameworks, "version_of", lambda package: None)
    code, out, err = bench("steps", "--quick", "--threads", 1, "--filter", "step")
    assert code == 0
    for text in (out, err):
        assert "pip install torch --index-url https://download.pytorch.org/whl/cpu" in text
        assert "pip install jax" in text
        assert "pip install scikit-learn" in text
        assert "onnxruntime" not in text
    _, out, _ = bench("predict", "--quick", "--threads", 1, "--filter", "32 rows")
    assert "onnxruntime and onnx not installed: pip install onnxruntime onnx" in out


def test_only_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(frameworks, "version_of", lambda package: None if package == "onnx" else "1.0")
    assert PEERS[-1].state == "onnx not installed: pip install onnxruntime onnx"
    assert PEERS[0].state == "1.0"
    assert FASTDNN.missing == []


def test_another_unit_is_timed_in_a_process_of_its_own(bench):
    words = ("--threads", 1, "--peers", "none", "--quick", "--filter", "1 row")
    code, out, _ = bench("predict", *words, "--unit", "portable")
    assert code == 0
    assert re.search("^unit +portable$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["step"], r"a suite, one of kernels, predict, steps, tune, got 'step'; did you mean 'steps'\?"),
        (["steps", "--filter", "nothing"], r"one of the names step small, .* got 'nothing'"),
        (["steps", "--peers", "torhc"], r"a peer, one of jax, .* got 'torhc'; did you mean 'torch'\?"),
        (["steps", "--dtype", "float32"], r"expected --dtype with kernels only, got steps"),
        (["--dtype", "float32"], r"expected --dtype with kernels only, got steps and predict"),
        (["kernels", "--peers", "torch"], r"expected --peers with steps and predict only, got kernels"),
        (["kernels", "--plot", "x.png"], r"expected --plot with steps and predict only, got kernels"),
        (["predict", "--plot", "x.txt"], r"a plot's name that ends in .png, .svg or .pdf, got 'x.txt'"),
        (["predict", "--plot", "/no/such/x.png"], r"\[bench\] expected a folder '/no/such'"),
    ],
)
def test_bench_says_no(bench, words, message):
    code, out, err = bench(*words)
    assert (code, out) == (2, "")
    assert re.search(message, err)
    assert err.count("\n") == 1


def test_a_plot_without_matplotlib_is_refused_before_the_work(bench, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    code, _, err = bench("predict", "--plot", "x.png")
    assert code == 2
    assert 'matplotlib, got none installed; install it with `pip install "fastdnn[plot]"`' in err

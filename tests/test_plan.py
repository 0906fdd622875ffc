"""The plan: what is fused, where barriers stand, and that living values never share a place in the arena."""

import numpy as np
import pytest
from graphs import random_graph
from networks import classification, classifier

from fastdnn import _core


def training_plan(model, batch=8):
    program = model.training_program()
    return program, _core.Plan(program.to_native(), model.weights.native, batch)


def test_a_perceptron_is_fused_to_its_products():
    _, plan = training_plan(classifier(hidden=(16, 8)))
    steps = [(step["kind"], step["epilogue"], step["barrier_before"]) for step in plan.describe()]
    assert steps == [
        ("gather", "", False),
        ("gather", "", False),
        ("gemm", "bias + relu", False),
        ("gemm", "bias + relu", False),
        ("gemm", "bias", False),
        ("sparse_cross_entropy", "", False),
        ("sparse_accuracy", "", False),
        ("gemm", "relu mask", False),
        ("gemm", "relu mask", False),
        ("column_sum", "", True),
        ("gemm", "", False),
        ("column_sum", "", False),
        ("gemm", "", False),
        ("column_sum", "", False),
        ("gemm", "", False),
        ("reduce", "", False),
        ("reduce", "", False),
    ]


def test_every_operation_is_in_one_step():
    for seed in range(40):
        built = random_graph(seed)
        plan = _core.Plan(built.program.to_native(), built.parameters, 13)
        done = sorted(op for step in plan.describe() for op in step["ops"])
        assert done == sorted(op.kind for op in built.program.operations)


def _phases(plan):
    """(phase, step) with the barriers counted."""
    phase = 0
    for step in plan.describe():
        phase += step["barrier_before"]
        yield phase, step


def _bytes(operand, batch):
    return (operand["rows"] or batch) * operand["cols"] * operand["item_bytes"]


@pytest.mark.parametrize("seed", range(40))
def test_living_values_do_not_overlap_in_the_arena(seed):
    batch = 13
    built = random_graph(seed)
    plan = _core.Plan(built.program.to_native(), built.parameters, batch)
    lives = {}
    for phase, step in _phases(plan):
        for operand in step["operands"]:
            if operand["space"] == "arena":
                begin = operand["offset"]
                assert begin % 64 == 0
                assert begin + _bytes(operand, batch) <= plan.arena_bytes
                first = lives.get(operand["value"], (phase,))[0]
                lives[operand["value"]] = (first, phase, begin, begin + _bytes(operand, batch))
    blocks = list(lives.values())
    for i, a in enumerate(blocks):
        for b in blocks[:i]:
            together = a[0] <= b[1] and b[0] <= a[1]
            assert not together or a[3] <= b[2] or b[3] <= a[2], (a, b)


@pytest.mark.parametrize("seed", range(40))
def test_barriers_stand_between_threads_that_share(seed):
    """Between two steps that touch a value, one writing, lies a barrier, unless both cut the rows alike."""
    built = random_graph(seed)
    plan = _core.Plan(built.program.to_native(), built.parameters, 13)
    since = []
    for step in plan.describe():
        if step["barrier_before"]:
            since = []
        values = {operand["value"] for operand in step["operands"]}
        written = {operand["value"] for operand in step["operands"][: step["outputs"]]}
        for earlier, earlier_values, earlier_written in since:
            shared = (values & earlier_written) | (written & earlier_values)
            assert not shared - {-1} or (step["row_local"] and earlier["row_local"])
        since.append((step, values, written))


def test_long_predictions_reuse_nothing_that_lives():
    """Poisoned memory: whatever a step reads, an earlier one has written."""
    x, _ = classification()
    model = classifier(hidden=(16, 24, 8))
    want = model.predict(x)
    _core.testing.set_poison(True)
    try:
        again = classifier(hidden=(16, 24, 8))
        np.testing.assert_array_equal(again.predict(x), want)
    finally:
        _core.testing.set_poison(False)


def test_plan_is_printed(capsys):
    model = classifier(hidden=(16,))
    model.plan(32)
    text = capsys.readouterr().out
    assert "training step of 32 rows" in text
    assert "matmul + add_bias + relu" in text
    assert "dense/relu (batch, 16)" in text
    assert "arena+" in text
    lines = []
    model.plan(1, print_fn=lines.append)
    assert "training step of 1 rows" in lines[0]
    with pytest.raises(ValueError, match="batch_size as a whole number >= 1"):
        model.plan(0)


def test_threads_that_still_spin_are_called_sooner():
    _, plan = training_plan(classifier(hidden=(256, 128)), batch=64)
    cold = [plan.useful_threads(rows, 1) for rows in range(1, 65)]
    warm = [plan.useful_threads(rows, 1, warm=True) for rows in range(1, 65)]
    assert all(more >= fewer for more, fewer in zip(warm, cold, strict=True))
    assert cold[0] == warm[0] == 1
    assert max(warm) > max(cold)

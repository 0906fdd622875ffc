"""The native program refuses whatever it could not run: shapes, roles, order, accumulation."""

import numpy as np
import pytest

from fastdnn import _core


@pytest.fixture
def program():
    return _core.Program()


def source(program, cols, *, integer=False, slot=0):
    return program.value("x", "source", integer, 0, cols, slot)


def test_a_forward_chain_is_accepted(program):
    x = source(program, 3)
    w = program.value("w", "parameter", False, 3, 2, 0)
    y = program.value("y", "computed", False, 0, 2, -1)
    program.op("matmul", [x, w], [y], False)
    program.output(y)


def test_shapes_must_fit(program):
    x = source(program, 3)
    w = program.value("w", "parameter", False, 4, 2, 0)
    y = program.value("y", "computed", False, 0, 2, -1)
    with pytest.raises(
        ValueError, match=r"expected shapes that fit matmul, got \(n, 3\), \(4, 2\) -> \(n, 2\)"
    ):
        program.op("matmul", [x, w], [y], False)


def test_labels_are_no_features(program):
    labels = source(program, 1, integer=True)
    y = program.value("y", "computed", False, 0, 1, -1)
    with pytest.raises(ValueError, match="int32"):
        program.op("relu", [labels], [y], False)


def test_a_value_is_read_after_it_is_written(program):
    x = program.value("x", "computed", False, 0, 3, -1)
    y = program.value("y", "computed", False, 0, 3, -1)
    with pytest.raises(ValueError, match="'x' to be computed before relu reads it"):
        program.op("relu", [x], [y], False)


def test_the_first_write_is_no_accumulation_and_the_second_is_one(program):
    x = source(program, 3)
    y = program.value("y", "computed", False, 0, 3, -1)
    with pytest.raises(ValueError, match="written before it is accumulated"):
        program.op("pass_gradient", [x], [y], True)
    program.op("pass_gradient", [x], [y], False)
    with pytest.raises(ValueError, match="it is written already"):
        program.op("pass_gradient", [x], [y], False)
    program.op("pass_gradient", [x], [y], True)


def test_forward_operations_do_not_accumulate(program):
    x = source(program, 3)
    y = program.value("y", "computed", False, 0, 3, -1)
    program.op("relu", [x], [y], False)
    with pytest.raises(ValueError, match="can accumulate, got relu"):
        program.op("relu", [x], [y], True)


@pytest.mark.parametrize("index", [-1, 1, 2**31 - 1])
def test_values_that_are_not_there(program, index):
    x = source(program, 3)
    with pytest.raises(ValueError, match="one of 1 values"):
        program.op("relu", [index], [x], False)
    with pytest.raises(ValueError, match="one of 1 values"):
        program.output(index)


def test_in_place_is_refused(program):
    x = source(program, 3)
    y = program.value("y", "computed", False, 0, 3, -1)
    program.op("pass_gradient", [x], [y], False)
    with pytest.raises(ValueError, match="none of its inputs"):
        program.op("pass_gradient", [y], [y], True)


def test_parameters_are_not_written(program):
    x = source(program, 3)
    b = program.value("b", "parameter", False, 1, 3, 0)
    with pytest.raises(ValueError, match="a computed value or a gradient"):
        program.op("column_sum", [x], [b], True)


@pytest.mark.parametrize("inputs", [[], [0], [0, 0, 0]])
def test_numbers_of_inputs(program, inputs):
    source(program, 3)
    y = program.value("y", "computed", False, 0, 3, -1)
    with pytest.raises(ValueError, match="inputs of add_bias"):
        program.op("add_bias", inputs, [y], False)


def test_unknown_words(program):
    with pytest.raises(ValueError, match="known operation, got 'matmull'"):
        program.op("matmull", [], [0], False)
    with pytest.raises(ValueError, match="a role, got 'sauce'"):
        program.value("x", "sauce", False, 0, 3, 0)


@pytest.mark.parametrize(("rows", "cols"), [(0, 0), (0, -1), (-1, 3), (2**40, 2**40)])
def test_sizes(program, rows, cols):
    with pytest.raises(ValueError, match="expected"):
        program.value("w", "parameter", False, rows, cols, 0)


def test_roles_have_their_slots_and_shapes(program):
    with pytest.raises(ValueError, match="slot"):
        program.value("x", "source", False, 0, 3, -1)
    with pytest.raises(ValueError, match="slot"):
        program.value("x", "computed", False, 0, 3, 0)
    with pytest.raises(ValueError, match="a row for each example"):
        program.value("x", "source", False, 4, 3, 0)
    with pytest.raises(ValueError, match="a row for each example"):
        program.value("w", "parameter", False, 0, 3, 0)
    with pytest.raises(ValueError, match="integers to be sources"):
        program.value("y", "computed", True, 0, 3, -1)


def test_results_have_one_column_and_weights_are_a_source(program):
    x = source(program, 3)
    y = program.value("y", "computed", False, 0, 3, -1)
    program.op("relu", [x], [y], False)
    with pytest.raises(ValueError, match="one column"):
        program.result("loss", y, -1, True)
    row = program.value("row", "computed", False, 0, 1, -1)
    t = program.value("t", "source", False, 0, 3, 1)
    program.op("squared_error", [y, t], [row], False, {"outputs": "mean", "half": False})
    with pytest.raises(ValueError, match="a source of one column"):
        program.result("loss", row, row, True)
    assert program.result("loss", row, -1, True) == 0


def test_a_source_is_no_output(program):
    x = source(program, 3)
    with pytest.raises(ValueError, match="a computed value"):
        program.output(x)


def test_a_plan_wants_the_segments_of_its_program(program):
    x = source(program, 3)
    w = program.value("w", "parameter", False, 3, 2, 0)
    y = program.value("y", "computed", False, 0, 2, -1)
    program.op("matmul", [x, w], [y], False)
    parameters = _core.Parameters("float32", [("w", [3, 3])], [])
    with pytest.raises(ValueError, match="'w' to be a segment of 6 elements"):
        _core.Plan(program, parameters, 4)
    for batch in (0, -1, 2**31):
        with pytest.raises(ValueError, match="a batch of 1 to"):
            _core.Plan(program, _core.Parameters("float32", [("w", [3, 2])], []), batch)


def test_a_loss_gradient_without_its_loss_is_refused(program):
    x = source(program, 3)
    t = program.value("t", "source", False, 0, 3, 1)
    d = program.value("d", "computed", False, 0, 3, -1)
    options = {"outputs": "mean", "half": False, "loss_weight": 1.0, "reduction": "mean"}
    program.op("squared_error_backward", [x, t], [d], False, options)
    with pytest.raises(ValueError, match="after the loss of the same"):
        _core.Plan(program, _core.Parameters("float32", [], []), 4)


# ---- Calls: any number of operands of any shape, all of them checked


def test_a_call_takes_and_gives_anything(program):
    x, y = source(program, 3), program.value("y", "source", True, 0, 1, 1)
    w = program.value("w", "parameter", False, 5, 4, 0)
    out = program.value("out", "computed", False, 0, 7, -1)
    dw = program.value("dw", "gradient", False, 5, 4, 0)
    program.op("python", [x, y, w], [out, dw], call=0)
    program.op("python", [out], [], call=1)
    with pytest.raises(ValueError, match="it is written already"):
        program.op("python", [x], [out], call=2)


def test_what_a_call_needs(program):
    x = source(program, 3)
    w = program.value("w", "parameter", False, 5, 4, 0)
    y, z = (program.value(name, "computed", False, 0, 3, -1) for name in "yz")
    with pytest.raises(ValueError, match="the number of a call and inputs for python, got -1"):
        program.op("python", [x], [y])
    with pytest.raises(ValueError, match="got 0 and 0 inputs"):
        program.op("python", [], [y], call=0)
    with pytest.raises(ValueError, match="an input to be one of 4 values, got number -1"):
        program.op("python", [-1], [y], call=0)
    with pytest.raises(ValueError, match="computed before python reads it"):
        program.op("python", [z], [y], call=0)
    with pytest.raises(ValueError, match="distinct outputs of python, got 'y' twice"):
        program.op("python", [x], [y, y], call=0)
    with pytest.raises(ValueError, match="a computed value or a gradient"):
        program.op("python", [x], [w], call=0)
    with pytest.raises(ValueError, match="an option of python"):
        program.op("python", [x], [y], False, {"rate": 0.5}, call=0)
    rows = program.value("rows", "source", False, 0, 3, 1, True)
    with pytest.raises(ValueError, match=r"dense inputs of python, got 'rows' \(n, 3\) sparse"):
        program.op("python", [rows], [y], call=0)
    program.op("python", [x], [y], call=0)
    with pytest.raises(ValueError, match="none of its inputs"):
        program.op("python", [x, y], [y], call=0)


@pytest.fixture
def runner(program):
    """A program of one call, and what runs it."""
    x = source(program, 3)
    y = program.value("y", "computed", False, 0, 2, -1)
    program.op("python", [x], [y], call=4)
    program.output(y)
    parameters = _core.Parameters("float32", [], [])
    inference = _core.Inference(_core.Plan(program, parameters, 8), parameters)
    return lambda calls: inference.run([np.ones((5, 3), np.float32)], 2, False, calls=calls)


def test_a_call_is_made_by_its_number(runner):
    asked = []

    def make(number, inputs):
        asked.append((number, [array.shape for array in inputs]))
        return [np.full((5, 2), 7, np.float32)]

    outputs, *_ = runner(make)
    assert asked == [(4, [(5, 3)])]
    np.testing.assert_array_equal(outputs[0], np.full((5, 2), 7, np.float32))


@pytest.mark.parametrize(
    "given",
    [
        [],
        [np.zeros((5, 2), np.float32)] * 2,
        [np.zeros((5, 2))],
        [np.zeros((5, 3), np.float32)],
        [np.zeros((2, 5), np.float32).T],
        [np.zeros(10, np.float32)],
    ],
)
def test_memory_is_not_trusted_to_python(runner, given):
    with pytest.raises(ValueError, match="from a call"):
        runner(lambda number, inputs: given)


def test_somebody_must_make_the_calls(runner):
    with pytest.raises(ValueError, match="somebody who makes the calls"):
        runner(None)
    with pytest.raises((RuntimeError, TypeError)):
        runner(lambda number, inputs: 3)


def test_what_comes_after_a_product_is_not_fused_into_it(program):
    """A bias that a call computes later: the product waits for it, in a step of its own."""
    x = source(program, 1)
    w = program.value("w", "parameter", False, 1, 2, 0)
    a, y = (program.value(name, "computed", False, 0, 2, -1) for name in "ay")
    bias = program.value("b", "computed", False, 1, 2, -1)
    program.op("matmul", [x, w], [a])
    program.op("python", [w], [bias], call=0)
    program.op("add_bias", [a, bias], [y])
    program.output(y)
    parameters = _core.Parameters("float32", [("w", [1, 2])], [])
    parameters.set("theta", "w", np.ones((1, 2), np.float32))
    inference = _core.Inference(_core.Plan(program, parameters, 8), parameters)
    tens = [np.full((1, 2), 10, np.float32)]
    for _ in range(2):
        outputs, *_ = inference.run(
            [np.ones((5, 1), np.float32)], 2, False, calls=lambda number, inputs: tens
        )
        np.testing.assert_array_equal(outputs[0], np.full((5, 2), 11, np.float32))


def test_a_call_that_observes_may_read_integers(program):
    labels = source(program, 2, integer=True)
    x = program.value("z", "source", False, 0, 3, 1)
    program.op("python", [labels, x], [], call=0)
    parameters = _core.Parameters("float32", [], [])
    inference = _core.Inference(_core.Plan(program, parameters, 8), parameters)
    seen = []

    def observe(number, inputs):
        seen.extend(array.copy() for array in inputs)
        return []

    given = [np.array([[7, 90]] * 3, np.int32), np.ones((3, 3), np.float32)]
    inference.run(given, 1, False, calls=observe)
    np.testing.assert_array_equal(seen[0], given[0])


def test_a_sparse_source_is_no_result(program):
    x = program.value("x", "source", False, 0, 1, 0, True)
    with pytest.raises(ValueError, match="a computed value of one column"):
        program.result("r", x, -1, False)


def test_states_are_updated_by_computed_values(program):
    """Parameters are being written at that time."""
    w = program.value("w", "parameter", False, 1, 2, 0)
    state = program.value("s", "state", False, 1, 2, 0)
    with pytest.raises(ValueError, match="computed inputs of assign, got 'w'"):
        program.op("assign", [w], [state])

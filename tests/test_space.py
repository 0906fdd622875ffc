"""Spaces: what is drawn for a trial, what is there only under conditions, grids, zooming, what is refused."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from fastdnn import tune

SPACE = {
    "lr": tune.log_uniform(1e-4, 1e-1),
    "beta_1": tune.one_minus_log_uniform(0.9, 0.999),
    "layers": tune.integers(1, 3),
    "units_1": tune.powers_of_two(16, 64),
    **tune.when("layers", at_least=2, units_2=tune.powers_of_two(16, 64)),
    **tune.when("layers", equals=3, units_3=tune.powers_of_two(16, 64)),
    "optimizer": tune.choice("sgd", "adam"),
    **tune.when("optimizer", one_of=["sgd"], momentum=tune.uniform(0.5, 0.99)),
}


def of(given):
    return tune.Space.of("search", given)


def many(space, seed=0, n=4000):
    return [space.draw(seed, trial) for trial in range(n)]


# ---- Draws


def test_a_trial_is_a_function_of_seed_and_number_on_every_machine():
    values = of(SPACE).draw(7, 12)
    assert values == of(SPACE).draw(7, 12)
    assert values == of(of(SPACE)).draw(np.int64(7), 12)
    assert values != of(SPACE).draw(8, 12)
    assert values != of(SPACE).draw(7, 13)
    known = of({"u": tune.uniform(0, 1), "k": tune.integers(0, 999_999)})
    assert known.draw(0, 0) == {"u": 0.4362280969242365, "k": 211358}


def test_one_more_parameter_changes_no_others_draws():
    few = of({"b": tune.uniform(0, 1), "a": tune.uniform(0, 1)})
    more = of({"a": tune.uniform(0, 1), "c": tune.uniform(0, 1), "b": tune.uniform(0, 1)})
    for trial in range(20):
        drawn = more.draw(3, trial)
        assert few.draw(3, trial) == {name: drawn[name] for name in "ba"}
        assert len(set(drawn.values())) == 3


def test_names_trials_and_seeds_have_nothing_to_do_with_each_other():
    space = of({name: tune.uniform(0, 1) for name in ("a", "b", "1 a", "2 a")})
    columns = np.array([[*values.values()] for values in many(space)])
    shifted = np.array([[*values.values()] for values in many(space, seed=1)])
    together = np.corrcoef(np.hstack([columns[:-1], columns[1:], shifted[:-1]]).T)
    assert np.abs(together - np.eye(12)).max() < 5 / math.sqrt(4000)
    assert columns.mean(axis=0) == pytest.approx([0.5] * 4, abs=5 * math.sqrt(1 / 12 / 4000))
    assert space.draw(0, 1)["2 a"] != space.draw(0, 12)["a"]


def test_worked_25_random_trials_have_25_learning_rates_and_a_grid_has_5():
    space = of({"alpha": tune.log_uniform(1e-4, 1), "epsilon": tune.log_uniform(1e-9, 1e-7)})
    grid = space.grid(25)
    assert len(grid) == 25
    assert len({point["alpha"] for point in grid}) == 5
    assert len({space.draw(0, trial)["alpha"] for trial in range(25)}) == 25


# ---- Conditions


def test_what_a_condition_leaves_out():
    space = of(SPACE)
    seen = many(space)
    for values in seen:
        assert ("units_2" in values) == (values["layers"] >= 2)
        assert ("units_3" in values) == (values["layers"] == 3)
        assert ("momentum" in values) == (values["optimizer"] == "sgd")
        assert list(values) == space.active(values) == [name for name in space if name in values]
    assert {values["layers"] for values in seen} == {1, 2, 3}


def test_conditions_on_conditional_parameters_and_two_at_once():
    space = of(
        {
            "a": tune.integers(1, 4),
            **tune.when("a", at_least=2, b=tune.choice(True, False)),
            **tune.when("b", equals=True, c=tune.uniform(0, 1)),
            **tune.when("a", at_most=3, **tune.when("b", one_of=[True, False], d=tune.uniform(0, 1))),
        }
    )
    for values in many(space, n=300):
        assert ("b" in values) == (values["a"] >= 2)
        assert ("c" in values) == values.get("b", False)
        assert ("d" in values) == (2 <= values["a"] <= 3)
    assert space.condition_text("d") == "a <= 3 and b in True, False"
    assert space.active({"a": 1, "b": True}) == ["a"]
    assert space.active({}) == ["a"]


def test_ranges_as_conditions():
    space = of(
        {"lr": tune.log_uniform(1e-4, 1), **tune.when("lr", at_least=0.01, at_most=0.1, x=tune.uniform(0, 1))}
    )
    assert [space.is_active("x", {"lr": lr}) for lr in (0.009, 0.01, 0.1, 0.11)] == [False, True, True, False]
    assert space.condition_text("x") == "0.01 <= lr <= 0.1"


def test_a_space_prints():
    lines = str(of(SPACE)).splitlines()
    assert lines[0].split() == ["parameter", "values", "only", "if"]
    assert lines[6].split("  ")[-1].strip() == "layers >= 2"
    assert lines[7].split("  ")[-1].strip() == "layers = 3"
    assert lines[2] == "lr         log-uniform, 0.0001 to 0.1"
    assert repr(of({"a": tune.uniform(0, 1)})) == "Space(a)"


# ---- At


def test_at_takes_a_number_for_each_that_is_there():
    space = of(SPACE)
    ends = space.at(dict.fromkeys(space, 1.0))
    assert ends["lr"] == 0.1
    assert ends["units_3"] == 64
    u = {"lr": 0, "beta_1": 0, "layers": 0, "units_1": 0, "optimizer": 0.5}
    assert space.at(u) == {"lr": 1e-4, "beta_1": 0.9, "layers": 1, "units_1": 16, "optimizer": "adam"}
    with pytest.raises(
        ValueError, match=r"\[Space.at\] expected a number in \[0, 1\] for 'momentum', got none"
    ):
        space.at(u | {"optimizer": 0})


# ---- Grids


def test_a_grid_turns_its_last_parameter_fastest():
    space = of({"a": tune.uniform(0, 1), "b": tune.choice("x", "y", "z")})
    points = space.grid({"a": 2})
    assert [tuple(point.values()) for point in points] == [
        (0.0, "x"), (0.0, "y"), (0.0, "z"), (1.0, "x"), (1.0, "y"), (1.0, "z"),
    ]  # fmt: skip
    assert space.grid(6) == points
    assert space.grid(8) == points
    assert len(space.grid(9)) == 9


@pytest.mark.parametrize("n", [1, 2, 7, 25, 29, 30, 60, 124, 1000])
def test_a_grid_of_n_has_at_most_n_points_and_no_range_could_have_one_more(n):
    space = of({name: tune.uniform(0, 1) for name in "abc"})
    points = space.grid(n)
    counts = [len({point[name] for point in points}) for name in "abc"]
    assert math.prod(counts) == len(points) <= n
    assert len({tuple(point.values()) for point in points}) == len(points)
    assert max(counts) - min(counts) <= 1
    assert counts == sorted(counts, reverse=True)
    assert all(math.prod(counts) // count * (count + 1) > n for count in counts if count == min(counts))


def test_a_grid_of_conditions_has_no_point_twice():
    space = of({**SPACE, "lr": tune.choice(0.1), "beta_1": tune.choice(0.9)})
    points = space.grid(dict.fromkeys(["layers", "units_1", "units_2", "units_3"], 3) | {"momentum": 2})
    assert len(points) == (3 + 9 + 27) * 3
    assert len({json.dumps(point, sort_keys=True) for point in points}) == len(points)
    assert all(list(point) == space.active(point) for point in points)
    assert len(space.grid(40)) <= 40


def test_small_ranges_leave_the_points_to_the_others():
    space = of({"layers": tune.integers(1, 2), "lr": tune.log_uniform(1e-4, 1e-1)})
    assert len(space.grid(40)) == 40
    assert len({point["lr"] for point in space.grid(40)}) == 20


# ---- Zooming


def test_a_zoom_of_a_space():
    space = of(SPACE)
    good = [values for values in many(space, n=400) if values["lr"] > 0.03 and values["layers"] == 2][:5]
    found = space.zoomed(good, 0.01)
    assert list(found) == list(space)
    assert found["lr"].low == min(values["lr"] for values in good)
    assert found["layers"] == tune.integers(2, 2)
    assert found["units_3"] == space["units_3"]  # none of them has it
    assert found.conditions == space.conditions
    assert all(set(found.draw(0, trial)) == set(found.active(found.draw(0, trial))) for trial in range(20))
    assert all("units_3" not in values for values in many(found, n=50))
    assert space.zoomed(good, 1.0)["lr"] == space["lr"]


# ---- Signature


def test_signatures_tell_spaces_apart():
    spaces = [
        {"a": tune.uniform(0, 1)},
        {"b": tune.uniform(0, 1)},
        {"a": tune.uniform(0, 1.0000001)},
        {"a": tune.log_uniform(0.1, 1)},
        {"a": tune.choice(0, 1)},
        {"a": tune.choice(1, 0)},
        {"a": tune.choice("0", "1")},
        {"a": tune.choice(False, True)},
        {"a": tune.integers(0, 1)},
        {"a": tune.integers(0, 4, step=2)},
        {"a": tune.integers(0, 4)},
        {"a": tune.integers(0, 4), "b": tune.uniform(0, 1)},
        {"b": tune.uniform(0, 1), "a": tune.integers(0, 4)},
        {"a": tune.integers(0, 4), **tune.when("a", at_least=1, b=tune.uniform(0, 1))},
        {"a": tune.integers(0, 4), **tune.when("a", at_least=2, b=tune.uniform(0, 1))},
        {"a": tune.integers(0, 4), **tune.when("a", at_most=2, b=tune.uniform(0, 1))},
        {"a": tune.integers(0, 4), **tune.when("a", equals=2, b=tune.uniform(0, 1))},
    ]
    signatures = [of(space).signature() for space in spaces]
    assert len(set(signatures)) == len(spaces)
    assert of(spaces[0]) == of({"a": tune.uniform(0, 1)})
    assert hash(of(spaces[0])) == hash(of({"a": tune.uniform(0, 1)}))
    assert of(spaces[0]) != of(spaces[1])


def test_a_signature_is_the_same_in_another_process():
    code = (
        "import fastdnn as fd, math\n"
        "space = {'f': fd.tune.choice(math.sin, fd.layers.Dense, (64, 32), object()),\n"
        "         **fd.tune.when('f', one_of=[math.sin], x=fd.tune.log_uniform(1e-4, 0.3))}\n"
        "print(fd.tune.Space.of('x', space).signature())"
    )
    runs = [
        subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    parameters = json.loads(runs[0])
    assert parameters[0]["options"] == [
        "math.sin", "fastdnn.layers.dense.Dense", [64, 32], "<object object>",
    ]  # fmt: skip
    assert parameters[1]["only_if"] == [{"parent": "f", "one_of": ["math.sin"]}]


# ---- Refused

U = tune.uniform(0, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"\[search\] expected a space as a dictionary .*, got an empty one; such as"),
        (None, "a space as a dictionary .*, got None"),
        ([U], "a space as a dictionary"),
        ({3: U}, "names of parameters as texts, got 3"),
        ({"": U}, "names of parameters as texts, got ''"),
        ({"\ud800": U}, "names of parameters as texts"),
        ({True: U}, "names of parameters as texts, got True"),
        ({"lr": 0.1}, "a distribution for 'lr', got 0.1; .*belongs into build"),
        ({"lr": None}, "a distribution for 'lr', got None"),
        ({"lr": tune.uniform}, "a distribution for 'lr', got <function"),
        ({"act": ["relu", "tanh"]}, r"'act', got .*; .*fd.tune.choice\(\['relu', 'tanh'\]\)"),
        ({"layers": tune.integers(1, 2), "more": tune.when("layers", equals=1, a=U)}, "spread what when"),
        ({"beta": tune.one_minus_log_uniform(0.9, 0.99), "1 - beta": U}, "another name for '1 - beta'"),
        ({"log2 n": U, "n": tune.powers_of_two(1, 8)}, "another name for 'n', .*'log2 n' and it as 'log2 n'"),
        ({**tune.when("b", at_least=0.5, a=U)}, "a condition of 'a' on a parameter, one of a, got 'b'"),
        ({"layers": U, **tune.when("layer", at_least=0.5, a=U)}, "got 'layer'; did you mean 'layers'"),
        ({**tune.when("b", at_least=0.5, a=U), "b": U}, "'b' before 'a', which .*it behind; put 'b' first"),
        ({**tune.when("a", at_least=0.5, a=U)}, "'a' before 'a'.*got itself"),
        ({"a": tune.integers(1, 4), **tune.when("a", at_least=5, b=U)},
         "a condition of 'b' that can hold, got a >= 5; 'a' is whole numbers, 1 to 4"),
        ({"a": tune.integers(1, 4), **tune.when("a", at_most=0, b=U)}, "that can hold, got a <= 0"),
        ({"a": tune.integers(1, 4), **tune.when("a", equals=0, b=U)}, "that can hold, got a = 0"),
        ({"a": tune.integers(1, 4), **tune.when("a", equals=True, b=U)}, "that can hold, got a = True"),
        ({"a": tune.integers(1, 4), **tune.when("a", one_of=[1, 7], b=U)}, "that can hold, got a = 7"),
        ({"a": tune.powers_of_two(8, 64), **tune.when("a", at_least=33, at_most=63, b=U)}, "that can hold"),
        ({"a": tune.choice("x", "y"), **tune.when("a", equals="z", b=U)}, "a = 'z'; 'a' is one of 'x', 'y'"),
        ({"a": tune.choice("x", "y"), **tune.when("a", at_least=1, b=U)}, "that can hold, got a >= 1"),
        ({"a": U, **tune.when("a", equals=0.5, b=U)}, "range of 'a' for 'b', got 0.5; one float is never"),
        ({"a": tune.integers(1, 4), **tune.when("a", at_least=3, b=U, **tune.when("a", at_most=2, c=U))},
         "a condition of 'c' that can hold, got a >= 3 and a <= 2"),
        ({"a": tune.integers(1, 4), **tune.when("a", at_least=3, b=U),
          **tune.when("b", at_least=0.1, **tune.when("a", one_of=[1, 2], c=U))},
         "a condition of 'c' that can hold, got a >= 3 and a in 1, 2"),
    ],
)  # fmt: skip
def test_bad_spaces(given, message):
    with pytest.raises(ValueError, match=message):
        of(given)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: tune.when(3, equals=1, a=U),
            r"\[when\] expected the name of the parameter that decides, got 3",
        ),
        (lambda: tune.when("", equals=1, a=U), "the name of the parameter that decides, got ''"),
        (
            lambda: tune.when("a", at_lest=2, b=U),
            "distribution for 'at_lest', got 2; did you mean 'at_least'",
        ),
        (lambda: tune.when("a", b=U), "at_least and/or at_most, or equals, or one_of, got none"),
        (lambda: tune.when("a", equals=1, at_least=1, b=U), "or one_of, got several"),
        (lambda: tune.when("a", equals=1, one_of=[1], b=U), "or one_of, got several"),
        (lambda: tune.when("a", at_least="1", b=U), "at_least, got '1'"),
        (lambda: tune.when("a", at_least=math.nan, b=U), "at_least, got nan"),
        (lambda: tune.when("a", at_most=True, b=U), "at_most, got True"),
        (lambda: tune.when("a", at_least=3, at_most=2, b=U), "at_least <= at_most, got 3 and 2"),
        (lambda: tune.when("a", one_of=[], b=U), r"one_of as a list of values, got \[\]"),
        (lambda: tune.when("a", one_of="relu", b=U), "one_of as a list of values, got 'relu'"),
        (lambda: tune.when("a", one_of=3, b=U), "one_of as a list of values, got 3"),
        (
            lambda: tune.when("a", at_least=2),
            "at least one parameter and its distribution, got none; such as when",
        ),
        (lambda: tune.when("a", at_least=2, b=3), "a distribution for 'b', got 3"),
        (lambda: of(SPACE).draw(-1, 0), r"\[Space.draw\] expected seed as a whole number >= 0, got -1"),
        (lambda: of(SPACE).draw(0, 0.5), "trial as a whole number >= 0, got 0.5"),
        (lambda: of(SPACE).draw(True, 0), "seed as a whole number >= 0, got True"),
        (lambda: of({"a": U}).grid(0), "n as a whole number >= 1, got 0"),
        (lambda: of({"a": U}).grid(10**12), "n up to 1,000,000, got 1000000000000"),
        (lambda: of({"a": U}).grid({}), "a number of values for 'a', got none"),
        (lambda: of({"a": U}).grid({"b": 2}), "n by parameter, one of a, got 'b'"),
        (
            lambda: of({"a": U}).grid({"a": 2.0}),
            "the number of values of 'a' as a whole number >= 1, got 2.0",
        ),
        (
            lambda: of({"a": U, "b": U}).grid({"a": 2000, "b": 2000}),
            "at most 1,000,000 points in a grid, got more",
        ),
        (
            lambda: of({"a": tune.choice(1, 2, 3), "b": U}).grid(2),
            "n of at least 3 for a grid of this space, got 2",
        ),
        (lambda: of({"a": U}).zoomed([]), "at least one good point, got none"),
        (lambda: of({"a": U}).zoomed([{"a": 2.0}]), r"a value of: uniform, 0 to 1, got 2.0"),
        (lambda: of({"a": U}).zoomed([{"a": 0.5}], 2), "0 < share <= 1, got 2"),
    ],
)
def test_bad_calls(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_points_of_a_large_grid_are_counted_without_going_through_them():
    many = of({f"p{number}": U for number in range(200)})
    assert len(many.grid(20)) == 16
    with pytest.raises(ValueError, match="at most 1,000,000 points in a grid"):
        of({f"p{number}": tune.choice(1, 2) for number in range(200)}).grid(1000)
    tied = {f"q{number}": U for number in range(3)} | {"n": tune.integers(1, 3)}
    tied |= tune.when("n", at_least=2, r=tune.choice("a", "b", "c")) | tune.when("n", equals=3, s=U)
    points = of(tied).grid({"q0": 2, "q1": 3, "q2": 4, "n": 3, "s": 5})
    assert len(points) == 2 * 3 * 4 * (1 + 3 + 3 * 5)

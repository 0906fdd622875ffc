"""Learning-rate schedules: the decks' tables, Keras's and PyTorch's formulas, and how they are saved."""

import copy
import itertools
import json
import math
import pickle

import numpy as np
import pytest

import fastdnn as fd
from fastdnn import schedules

EXAMPLES = [
    schedules.Constant(0.1),
    schedules.ExponentialDecay(0.1, 10, 0.95),
    schedules.ExponentialDecay(0.1, 10, 0.95, staircase=True, per="epoch", first=1),
    schedules.StepDecay(0.1, 0.3, 7),
    schedules.StepDecay(0.1, 0.3, 7, staircase=False, first=3),
    schedules.NaturalExponentialDecay(0.1, 0.01),
    schedules.InverseTimeDecay(0.1, 3, 0.5),
    schedules.InverseTimeDecay(0.1, 3, 0.5, staircase=True),
    schedules.InverseRootDecay(0.1, 2.0, per="epoch"),
    schedules.PolynomialDecay(0.1, 50, 0.001, 2.5),
    schedules.PolynomialDecay(0.1, 50, 0.001, 0.5, cycle=True),
    schedules.PiecewiseConstantDecay([5, 20.5], [0.1, 0.05, 0.2]),
    schedules.CosineDecay(0.1, 100, 0.1),
    schedules.CosineDecay(0.01, 100, 0.1, warmup_target=0.2, warmup_steps=30),
    schedules.CosineDecayRestarts(0.1, 7, 1.5, 0.9, 0.05),
    schedules.CosineDecayRestarts(0.1, 7, 1.0, 0.9),
    schedules.Warmup(schedules.CosineDecay(0.1, 100), 12, 0.01, first=1),
    schedules.Warmup(schedules.InverseRootDecay(0.1, per="epoch"), 5),
    schedules.Warmup(0.3, 5, per="epoch"),
    schedules.OneCycle(0.1, 120),
    schedules.OneCycle(0.1, 120, 0.4, "linear", 10, 100, 0.5, 0.9),
    schedules.OneCycle(0.1, 120).momentum,
]
each_example = pytest.mark.parametrize("schedule", EXAMPLES, ids=repr)


# ---- The decks


def test_worked_time_based_decay():
    decay = schedules.InverseTimeDecay(0.2, 1, 1.0, per="epoch", first=1)
    np.testing.assert_allclose(decay.values(0, 4), [0.2 / 2, 0.2 / 3, 0.2 / 4, 0.2 / 5], rtol=1e-15)
    assert [float(f"{rate:.3g}") for rate in decay.values(0, 4)] == [0.1, 0.0667, 0.05, 0.04]


def test_worked_iterations_of_an_epoch():
    assert schedules.steps_per_epoch(20_000_000, 1_000) == 20_000
    assert schedules.steps_per_epoch(5_000_000, 1_000) == 5_000
    assert schedules.steps_per_epoch(1_001, 1_000) == 2
    assert schedules.steps_per_epoch(10, 1_000) == 1


def test_exponential_decay_of_the_decks():
    decay = schedules.ExponentialDecay(0.2, 1, 0.95, per="epoch", first=1)
    np.testing.assert_allclose(decay.values(0, 5), [0.2 * 0.95**t for t in range(1, 6)], rtol=1e-15)
    natural = schedules.NaturalExponentialDecay(0.2, 0.3, first=1)
    np.testing.assert_allclose(natural.values(0, 5), [0.2 * math.exp(-0.3 * t) for t in range(1, 6)])


def test_inverse_root_decay_of_the_decks():
    decay = schedules.InverseRootDecay(0.2, k=3.0)
    assert decay.first == 1
    np.testing.assert_allclose(decay.values(0, 5), [3 / math.sqrt(t) * 0.2 for t in range(1, 6)], rtol=1e-15)
    with pytest.raises(ValueError, match="first >= 1"):
        schedules.InverseRootDecay(0.2, first=0)


def test_step_decay_with_and_without_the_floor():
    t = np.arange(40)
    floor = schedules.StepDecay(0.8, 0.7, 6).values(0, 40)
    np.testing.assert_allclose(floor, 0.8 * 0.7 ** (t // 6), rtol=1e-14)
    printed = schedules.StepDecay(0.8, 0.7, 6, staircase=False).values(0, 40)
    np.testing.assert_allclose(printed, 0.8 * 0.7 ** (t / 6), rtol=1e-14)
    halves = schedules.StepDecay(0.8, per="epoch")  # the discrete staircase
    assert list(halves.values(0, 30)) == [0.8] * 10 + [0.4] * 10 + [0.2] * 10


def test_manual_decay():
    manual = schedules.LearningRateSchedule.from_function(lambda t: 1 / (1 + t), per="epoch", first=2)
    assert list(manual.values(0, 2)) == [1 / 3, 1 / 4]
    assert manual.per == "epoch"
    with pytest.raises(ValueError, match=r"finite 0 <= function\(1\), got -1"):
        schedules.Manual(lambda t: -1).values(1, 1)
    with pytest.raises(ValueError, match="a schedule that can be saved, got one of a function"):
        schedules.serialize(manual)


# ---- Keras's and PyTorch's formulas, transcribed


def keras_cosine(step, initial, decay_steps, alpha, target, warmup):
    def decayed(step, top):
        return top * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * step / decay_steps)) + alpha)

    if target is None:
        return decayed(min(step, decay_steps), initial)
    step = min(step, decay_steps + warmup)
    if step < warmup:
        return (target - initial) * step / warmup + initial
    return decayed(step - warmup, target)


@pytest.mark.parametrize(("target", "warmup"), [(None, 0), (0.3, 11)])
def test_cosine_decay_is_keras_s(target, warmup):
    schedule = schedules.CosineDecay(0.05, 40, 0.1, target, warmup)
    want = [keras_cosine(step, 0.05, 40, 0.1, target, warmup) for step in range(70)]
    np.testing.assert_allclose(schedule.values(0, 70), want, rtol=1e-13)


def keras_restarts(step, initial, first, t_mul, m_mul, alpha):
    done = step / first
    if t_mul == 1:
        i = math.floor(done)
        done -= i
    else:
        i = math.floor(math.log(1 - done * (1 - t_mul)) / math.log(t_mul))
        done = (done - (1 - t_mul**i) / (1 - t_mul)) / t_mul**i
    cosine = 0.5 * m_mul**i * (1 + math.cos(math.pi * done))
    return initial * ((1 - alpha) * cosine + alpha)


@pytest.mark.parametrize("t_mul", [1.0, 1.37, 2.0])
def test_cosine_restarts_are_keras_s(t_mul):
    schedule = schedules.CosineDecayRestarts(0.1, 9.7, t_mul, 0.8, 0.05)
    want = [keras_restarts(step, 0.1, 9.7, t_mul, 0.8, 0.05) for step in range(400)]
    np.testing.assert_allclose(schedule.values(0, 400), want, rtol=1e-9)


@pytest.mark.parametrize("t_mul", [1.0, 2.0, 3.0])
def test_cosine_restarts_begin_at_whole_steps(t_mul):
    """Where the logarithm rounds, a restart must neither be missed nor come early."""
    schedule = schedules.CosineDecayRestarts(1.0, 10, t_mul)
    begin = 0
    for i in range(8):
        assert schedule(begin) == 1.0
        assert schedule(begin + 10 * int(t_mul) ** i - 1) < 0.05
        begin += 10 * int(t_mul) ** i


@pytest.mark.parametrize("t_mul", [1.0, 1.001, 1.1, 1.37, 2.0, 3.0, 7.3])
def test_cosine_restarts_are_found_to_the_last_bit(t_mul):
    schedule = schedules.CosineDecayRestarts(1.0, 1, t_mul)
    i = np.arange(1.0, 40.0)
    begin = schedule._begin(i)
    np.testing.assert_array_equal(schedule._which(begin), i)
    np.testing.assert_array_equal(schedule._which(np.nextafter(begin, 0)), i - 1)


def test_polynomial_decay_is_keras_s():
    for cycle in (False, True):
        schedule = schedules.PolynomialDecay(0.1, 20, 0.01, 1.7, cycle)
        for step in range(70):
            steps = 20 * (max(1, math.ceil(step / 20)) if cycle else 1)
            share = min(step, steps) / steps
            want = (0.1 - 0.01) * (1 - share) ** 1.7 + 0.01
            assert schedule(step) == pytest.approx(want, rel=1e-13)


def test_pieces_hold_to_their_boundaries_as_in_keras():
    schedule = schedules.PiecewiseConstantDecay([2, 5], [1.0, 0.5, 0.1])
    assert list(schedule.values(0, 8)) == [1, 1, 1, 0.5, 0.5, 0.5, 0.1, 0.1]


def torch_one_cycle(step, start, top, end, total, share, anneal):
    def between(a, b, p):
        return b + (a - b) / 2 * (1 + math.cos(math.pi * p)) if anneal == "cos" else (b - a) * p + a

    peak = float(share * total) - 1
    if step <= peak:
        return between(start, top, step / peak)
    return between(top, end, (step - peak) / (total - 1 - peak))


@pytest.mark.parametrize("anneal", ["cos", "linear"])
@pytest.mark.parametrize(("total", "share"), [(100, 0.3), (7, 0.5), (3, 0.3), (1, 0.3)])
def test_one_cycle_is_pytorch_s(anneal, total, share):
    cycle = schedules.OneCycle(0.4, total, share, anneal)
    steps = range(total)
    rates = [torch_one_cycle(s, 0.4 / 25, 0.4, 0.4 / 25e4, total, share, anneal) for s in steps]
    np.testing.assert_allclose(cycle.values(0, total), rates, rtol=1e-12, atol=1e-16)
    momenta = [torch_one_cycle(s, 0.95, 0.85, 0.95, total, share, anneal) for s in steps]
    np.testing.assert_allclose(cycle.momentum.values(0, total), momenta, rtol=1e-12)
    assert cycle(total + 50) == cycle(total)  # the end lasts


def test_one_cycle_whose_peak_is_the_first_step():
    cycle = schedules.OneCycle(0.4, 10, 0.1)
    assert (cycle(0), cycle.momentum(0)) == (0.4, 0.85)


def test_warmup_comes_before_a_schedule():
    inner = schedules.ExponentialDecay(0.8, 1, 0.5, first=1)
    schedule = schedules.Warmup(inner, 4, 0.1)
    assert schedule.values(0, 4) == pytest.approx([0.1, 0.175, 0.25, 0.325])
    assert list(schedule.values(4, 20)) == list(inner.values(0, 20))
    assert list(schedules.Warmup(inner, 0).values(0, 9)) == list(inner.values(0, 9))


def nested(depth):
    schedule = schedules.StepDecay(0.8, every=2)
    for _ in range(depth):
        schedule = schedules.Warmup(schedule, 1)
    return schedule


def test_nested_warmups_ask_each_schedule_once():
    """Twice each would be 2^n evaluations of the innermost."""
    calls = []
    inner = schedules.Manual(lambda t: calls.append(t) or 0.1)
    schedule = inner
    for _ in range(8):
        schedule = schedules.Warmup(schedule, 0)
    calls.clear()
    schedule.values(0, 3)
    assert calls == [0, 1, 2]
    assert list(nested(3).values(0, 6)) == [0, 0, 0, 0.8, 0.8, 0.4]


def test_nesting_has_an_end():
    deepest = nested(8)
    assert (
        schedules.get(schedules.serialize(deepest)).values(0, 12).tolist() == deepest.values(0, 12).tolist()
    )
    entry = schedules.serialize(deepest)
    with pytest.raises(ValueError, match=r"\[Warmup\] expected schedules nested 8 deep at most, got more"):
        schedules.Warmup(deepest, 1)
    for depth in (1, 3000):  # the last of these would exhaust the stack
        for _ in range(depth):
            entry = {"class_name": "Warmup", "config": {"schedule": entry, "steps": 1}}
        with pytest.raises(ValueError, match="nested 8 deep at most"):
            schedules.get(entry)


# ---- All of them


@each_example
def test_rates_do_not_depend_on_how_many_are_asked_for(schedule):
    whole = schedule.values(0, 300)
    assert whole.dtype == np.float64
    assert [schedule(step) for step in range(300)] == list(whole)
    cuts = [0, 1, 8, 9, 77, 300]
    pieces = [schedule.values(a, b - a) for a, b in itertools.pairwise(cuts)]
    assert np.concatenate(pieces).tobytes() == whole.tobytes()
    assert schedule.values(5, 0).shape == (0,)


@each_example
def test_saved_and_made_again(schedule):
    config = json.loads(json.dumps(schedules.serialize(schedule)))
    for again in (schedules.get(config), copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert type(again) is type(schedule)
        assert (again.per, again.first) == (schedule.per, schedule.first)
        assert again.values(0, 200).tobytes() == schedule.values(0, 200).tobytes()
        assert repr(again) == repr(schedule)


@each_example
def test_the_first_t_is_counted_from(schedule):
    if (
        isinstance(schedule, schedules.LearningRateSchedule)
        and schedule.get_config().get("first") is not None
    ):
        config = schedules.serialize(schedule)
        later = copy.deepcopy(config)
        later["config"]["first"] += 3
        assert list(schedules.get(later).values(0, 50)) == list(schedules.get(config).values(3, 50))


def test_every_class_is_saved_by_its_name():
    covered = {type(schedule).__name__ for schedule in EXAMPLES}
    classes = {name for name in schedules.__all__ if isinstance(getattr(schedules, name), type)}
    assert classes - covered == {"LearningRateSchedule", "Manual"}


class Sawtooth(schedules.LearningRateSchedule):
    def __init__(self, top, **arguments):
        super().__init__(**arguments)
        self.top = top

    def rate(self, t):
        return self.top * (1 - t % 4 / 4)

    def get_config(self):
        return {"top": self.top, **super().get_config()}


def test_a_schedule_of_one_s_own():
    own = Sawtooth(0.4, per="epoch")
    assert list(own.values(2, 3)) == pytest.approx([0.2, 0.1, 0.4])
    again = schedules.from_config("Sawtooth", own.get_config(), {"Sawtooth": Sawtooth})
    assert again.values(0, 9).tobytes() == own.values(0, 9).tobytes()
    with pytest.raises(ValueError, match="a schedule, one of"):
        schedules.from_config("Sawtooth", own.get_config())


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (lambda self, t: np.where(t == 3, np.nan, 0.1), "nan at t = 3"),
        (lambda self, t: 0.2 - 0.1 * t, "got -0.1.* at t = 3"),
        (lambda self, t: 0.1, "4 rates, one for each t, got shape"),
        (lambda self, t: np.inf * (t + 1), "inf at t = 0"),
    ],
)
def test_rates_of_one_s_own_are_checked(rate, message):
    own = type("Own", (schedules.LearningRateSchedule,), {"rate": rate})()
    with pytest.raises(ValueError, match=message):
        own.values(0, 4)


def test_get():
    assert schedules.get(EXAMPLES[1]) is EXAMPLES[1]
    assert list(schedules.get(np.float32(0.5)).values(0, 2)) == [0.5, 0.5]
    assert schedules.get(lambda t: 0.1 * t)(3) == pytest.approx(0.3)
    for wrong in ("cosine", None, schedules.Constant, -1.0, math.nan, True, {"class_name": "Constant"}):
        with pytest.raises(ValueError, match=r"\[here\]"):
            schedules.get(wrong, "here")
    with pytest.raises(ValueError, match="did you mean 'Constant'"):
        schedules.get({"class_name": "constant", "config": {}})
    with pytest.raises(ValueError, match="arguments of its own"):
        schedules.get({"class_name": "Constant", "config": {"rate": 1}})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.ExponentialDecay(-0.1, 1, 0.9), "finite 0 <= initial_learning_rate, got -0.1"),
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.9), "finite 0 < decay_steps, got 0"),
        (lambda: schedules.ExponentialDecay(0.1, 1, 0), "decay_rate"),
        (lambda: schedules.ExponentialDecay(0.1, 1, math.inf), "decay_rate"),
        (lambda: schedules.ExponentialDecay(0.1, 1, 0.9, per="batch"), "per, one of"),
        (lambda: schedules.ExponentialDecay(0.1, 1, 0.9, first=-1), "first as a whole number >= 0"),
        (lambda: schedules.StepDecay(0.1, 0, 5), "drop"),
        (lambda: schedules.StepDecay(0.1, 0.5, 0), "every"),
        (lambda: schedules.NaturalExponentialDecay(0.1, -1), "decay_rate"),
        (lambda: schedules.InverseTimeDecay(0.1, 1, "1"), "decay_rate, got '1'"),
        (lambda: schedules.InverseRootDecay(0.1, k=0), "finite 0 < k"),
        (lambda: schedules.PolynomialDecay(0.1, 5, power=0), "power"),
        (lambda: schedules.PolynomialDecay(0.1, 5, end_learning_rate=-1), "end_learning_rate"),
        (lambda: schedules.PiecewiseConstantDecay([1, 2], [1.0, 2.0]), "3 values"),
        (lambda: schedules.PiecewiseConstantDecay([2, 2], [1.0, 2.0, 3.0]), "increasing order"),
        (lambda: schedules.PiecewiseConstantDecay([2], [1.0, -2.0]), "values"),
        (lambda: schedules.CosineDecay(0.1, 5, alpha=1.5), "0 <= alpha <= 1, got 1.5"),
        (lambda: schedules.CosineDecay(0.1, 5, warmup_steps=3), "warmup_target beside warmup_steps"),
        (lambda: schedules.CosineDecayRestarts(0.1, 5, t_mul=0.5), "t_mul"),
        (lambda: schedules.CosineDecayRestarts(0.1, 5, m_mul=0), "m_mul"),
        (lambda: schedules.Warmup(EXAMPLES[2], 5, per="step"), "per='epoch', as its schedule"),
        (lambda: schedules.Warmup(0.1, -5), "steps as a whole number"),
        (lambda: schedules.Warmup("cosine", 5), "a schedule of fastdnn.schedules"),
        (lambda: schedules.OneCycle(0.1, 0), "total_steps"),
        (lambda: schedules.OneCycle(0.1, 10, 1.0), "0 < pct_start < 1, got 1.0"),
        (lambda: schedules.OneCycle(0.1, 10, anneal_strategy="cosine"), "did you mean 'cos'"),
        (lambda: schedules.OneCycle(0.1, 10, div_factor=0.5), "div_factor"),
        (lambda: schedules.OneCycle(0.1, 10, max_momentum=1.0), "0 <= max_momentum < 1"),
        (lambda: schedules.OneCycle(0.1, 10, base_momentum=0.96), "base_momentum <= max_momentum"),
        (lambda: schedules.Manual(0.1), "a function of t"),
        (lambda: schedules.steps_per_epoch(0, 5), "examples"),
        (lambda: schedules.steps_per_epoch(5, 0.5), "batch_size"),
        (lambda: EXAMPLES[0](-1), "first as a whole number"),
        (lambda: EXAMPLES[0](1.5), "first as a whole number"),
        (lambda: EXAMPLES[0].values(0, -1), "n as a whole number"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_rate_that_overflows_is_refused():
    growing = fd.schedules.ExponentialDecay(0.1, 1, 1e10)
    with pytest.raises(ValueError, match=r"finite rates >= 0, got inf at t = 31"):
        growing.values(0, 40)


def test_a_schedule_without_a_formula():
    with pytest.raises(NotImplementedError, match="rate"):
        schedules.LearningRateSchedule()(0)

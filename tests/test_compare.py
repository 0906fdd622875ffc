"""Optimisers, schedules and batch sizes side by side."""

import numpy as np
import pytest

import fastdnn as fd
from fastdnn import compare
from fastdnn.compare.compare import _NAMED
from fastdnn.reference import update

SURFACES = [
    compare.Valley(),
    compare.Valley(1),
    compare.Saddle(),
    compare.LocalMinimum(),
    compare.Beale(),
]
each_surface = pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)


@each_surface
def test_gradients(surface):
    rng = np.random.default_rng(0)
    points = rng.uniform(*np.array(surface.bounds).T, size=(50, 2))
    h = 1e-5
    for axis in range(2):
        shift = np.zeros(2)
        shift[axis] = h
        slope = (surface.f(points + shift) - surface.f(points - shift)) / (2 * h)
        np.testing.assert_allclose(surface.gradient(points)[:, axis], slope, rtol=1e-4, atol=1e-5)


@each_surface
def test_minima(surface):
    rng = np.random.default_rng(1)
    everywhere = surface.f(rng.uniform(*np.array(surface.bounds).T, size=(5000, 2)))
    for minimum in surface.minima:
        assert np.linalg.norm(surface.gradient(np.array(minimum))) < 1e-7
        assert surface.f(np.array(minimum)) <= everywhere.min()
        assert surface.distance(np.array(minimum)) == 0
    assert surface.f(np.array(surface.start)) > surface.f(np.array(surface.minima[0]))


def test_the_condition_number_is_that_of_the_hessian():
    valley = compare.Valley(37.0)
    hessian = np.stack([valley.gradient(point) for point in np.eye(2)])
    singular = np.linalg.svd(hessian, compute_uv=False)
    assert singular[0] / singular[-1] == pytest.approx(37)
    with pytest.raises(ValueError, match=r"condition_number, got 0\.5"):
        compare.Valley(0.5)


def test_the_saddle_and_the_hill():
    saddle, well = compare.Saddle(), compare.LocalMinimum()
    assert not saddle.gradient(np.zeros(2)).any()
    assert saddle.f(np.array([0.1, 0])) > 0 > saddle.f(np.array([0, 0.1]))
    local = compare.descend(well, fd.optimizers.SGD(0.1), 500)
    assert local.points[-1] == pytest.approx([0.87938, 0], abs=1e-3)
    assert local.losses[-1] > well.f(np.array(well.minima[0])) + 0.1
    momentum = compare.descend(well, fd.optimizers.SGD(0.1, momentum=0.95), 500)
    assert well.distance(momentum.points[-1]) < 0.01  # carried over the hill


def by_reference(surface, step, steps, noise):
    """The trajectory by the NumPy twins of the native updates."""
    points, state = [np.array(surface.start)], None
    for t in range(1, steps + 1):
        gradient = surface.gradient(points[-1]) + noise[t - 1]
        theta, *state = step(points[-1], state, gradient, t)
        points.append(theta)
    return np.array(points)


@each_surface
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_optimisers_are_the_library_s_own(surface, noise):
    zeros = np.zeros(2)
    rules = {
        "sgd": (
            fd.optimizers.SGD(0.01),
            lambda theta, state, g, t: update.sgd_update(theta, None, g, 0.01),
        ),
        "momentum": (
            fd.optimizers.SGD(0.01, momentum=0.8),
            lambda theta, state, g, t: update.sgd_update(theta, (state or [zeros])[0], g, 0.01, 0.8),
        ),
        "nesterov": (
            fd.optimizers.SGD(0.01, momentum=0.8, nesterov=True),
            lambda theta, state, g, t: update.sgd_update(theta, (state or [zeros])[0], g, 0.01, 0.8, True),
        ),
        "adam": (
            fd.optimizers.Adam(0.05),
            lambda theta, state, g, t: update.adam_update(theta, *(state or [zeros, zeros]), g, 0.05, t=t),
        ),
    }
    drawn = noise * np.random.default_rng(5).standard_normal((60, 2))
    found = compare.optimizers(surface, {n: rule[0] for n, rule in rules.items()}, 60, noise=noise, seed=5)
    for name, (_, step) in rules.items():
        want = by_reference(surface, step, 60, drawn)
        way = found.trajectories[name]
        np.testing.assert_allclose(way.points, want, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(way.losses, surface.f(want), rtol=1e-7, atol=1e-9)
    for row in found.rows:
        way = found.trajectories[row.name]
        assert (row.loss, row.steps, row.diverged) == (way.losses[-1], 60, False)
        assert row.distance == surface.distance(way.points[-1])
        assert row.seconds > 0


def test_a_larger_condition_number_takes_gradient_descent_longer():
    losses = [
        compare.descend(compare.Valley(number), fd.optimizers.SGD(1.0), 100).losses[-1]
        for number in (1, 10, 100, 1000)
    ]
    assert losses == sorted(losses)
    np.testing.assert_allclose(losses[2], 0.5 * 0.99**200, rtol=1e-9)  # x by 1 - 1/κ a step, y at once


def test_noise_is_the_same_for_all_and_by_the_seed():
    ways = [
        compare.descend(compare.Beale(), fd.optimizers.SGD(0.001), 20, noise=0.5, seed=seed).points
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(ways[0], ways[1])
    assert (ways[0][1:] != ways[2][1:]).all()


def test_one_that_diverges_is_said_to():
    with np.errstate(all="raise"):
        chosen = {"good": fd.optimizers.SGD(0.01), "bad": fd.optimizers.SGD(1.0)}
        found = compare.optimizers("beale", chosen, steps=200, start=(1.0, 1.2))
    good, bad = found.rows
    assert bad.diverged
    assert not good.diverged
    assert bad.steps < 30
    assert not np.isfinite(found.trajectories["bad"].losses[-1])
    assert found.best is good
    assert "diverged" in str(found)


class Cliff(compare.Surface):
    """f stays finite, and its gradient does not."""

    def f(self, points):
        return np.sqrt(np.abs(points[..., 0]))

    def gradient(self, points):
        with np.errstate(divide="ignore"):
            return np.stack([0.5 / self.f(points), 0 * points[..., 1]], axis=-1)


def test_a_gradient_that_is_infinite_ends_it_too():
    way = compare.descend(Cliff(), fd.optimizers.SGD(1.0), 5, start=(0.0, 1.0))
    assert (way.steps, way.diverged) == (0, True)
    assert np.isnan(Cliff().distance(way.points[-1]))


def test_a_table():
    text = str(compare.optimizers("saddle", ["sgd", "adam"], steps=5))
    lines = text.splitlines()
    assert lines[0].split() == ["optimizers", "on", "saddle", "loss", "distance", "steps", "seconds"]
    assert [line.split()[0] for line in lines[2:]] == ["sgd", "adam"]


@pytest.fixture(scope="module")
def task():
    return compare.digits(hidden=(8,))


def test_optimisers_on_the_digits(task):
    chosen = {"sgd": fd.optimizers.SGD(0.1), "adam": fd.optimizers.Adam(0.01)}
    found = compare.optimizers(task, chosen, steps=100, batch_size=64, seed=2)
    for row in found.rows:
        assert row.steps == 115  # 5 epochs of 23
        history = found.histories[row.name]
        assert len(history["loss"]) == len(history["val_accuracy"]) == 5
        assert row.dev_error == pytest.approx(1 - history["val_accuracy"][-1])
    by_hand = task.model(2)
    by_hand.compile(fd.optimizers.Adam(0.01), task.loss, metrics=["accuracy"])
    by_hand.fit(*task.train, batch_size=64, epochs=5)
    assert found.rows[1].loss == by_hand.evaluate(*task.train)[0]
    assert found.best.name == "adam"
    assert "dev error" in str(found)


def test_batch_mini_batch_and_stochastic(task):
    found = compare.batch_sizes(task, epochs=2, optimizer=fd.optimizers.SGD(0.05))
    assert [row.steps for row in found.rows] == [2, 90, 2876]
    assert [row.batch_size for row in found.rows] == [1438, 32, 1]
    assert found.rows[1].loss < found.rows[0].loss
    assert [row.name for row in compare.batch_sizes(task, [64, 5000], 1).rows] == ["64", "5000"]


def test_a_task_that_diverges(task):
    found = compare.optimizers(task, {"huge": fd.optimizers.SGD(1e30)}, steps=50)
    assert found.rows[0].diverged
    assert found.rows[0].steps < 45
    assert np.isnan(found.rows[0].loss)
    assert found.best is found.rows[0]
    chosen = {"huge": fd.optimizers.SGD(1e30), "good": fd.optimizers.SGD(0.1)}
    assert compare.optimizers(task, chosen, steps=50).best.name == "good"


def test_learning_rates(task):
    found = compare.schedules(task, {"low": 0.001, "good": 0.1}, steps=45)
    assert found.best.name == "good"
    made = compare.schedules("valley", {"a": 0.01}, 10, optimizer=fd.optimizers.Adam)
    adam = compare.descend(compare.Valley(), fd.optimizers.Adam(0.01), 10)
    np.testing.assert_array_equal(made.trajectories["a"].points, adam.points)


def takes_schedules():
    try:
        fd.optimizers.SGD(fd.schedules.Constant(0.1))
    except ValueError:
        return False
    return True


def test_schedules():
    if not takes_schedules():
        pytest.skip("fastdnn.optimizers takes numbers only, so that there are no schedules to compare")
    valley, steps = compare.Valley(20), 30
    chosen = {
        "constant": 1.0,
        "time": fd.schedules.InverseTimeDecay(1.0, 1, 0.1, first=1),
        "epoch": fd.schedules.InverseTimeDecay(1.0, 1, 0.1, per="epoch", first=1),
    }
    found = compare.schedules(valley, chosen, steps)
    point, points = np.array(valley.start), [np.array(valley.start)]
    for t in range(1, steps + 1):
        point = point - 1 / (1 + 0.1 * t) * valley.gradient(point)
        points.append(point)
    for name in ("time", "epoch"):
        np.testing.assert_allclose(found.trajectories[name].points, points, rtol=1e-12)
    assert (found.trajectories["constant"].points[1:] != np.array(points)[1:]).any()


def test_names():
    for name in _NAMED:
        assert compare.optimizers(name, ["sgd"], steps=1).rows[0].name == "sgd"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare.optimizers("hill", ["sgd"]), "a surface or a task, one of"),
        (lambda: compare.optimizers(3, ["sgd"]), "a surface, a task, or one of"),
        (lambda: compare.optimizers("valley", []), "at least one setting"),
        (lambda: compare.optimizers("valley", "sgd"), "at least one setting"),
        (lambda: compare.optimizers("valley", ["sdg"]), "did you mean 'sgd'"),
        (lambda: compare.optimizers("valley", ["sgd"], steps=0), "steps as a whole number >= 1"),
        (lambda: compare.optimizers("valley", ["sgd"], noise=-1), "noise"),
        (lambda: compare.optimizers("valley", ["sgd"], start=(1, 2, 3)), "start as two finite numbers"),
        (lambda: compare.optimizers("digits", ["sgd"], noise=0.1), "no noise on a task"),
        (lambda: compare.batch_sizes("valley"), 'a fastdnn.compare.Task, or "digits"'),
        (lambda: compare.batch_sizes(sizes={"none": 0}), "sizes as a whole number >= 1"),
        (lambda: compare.batch_sizes(epochs=0), "epochs"),
        (lambda: compare.descend("valley", "sgd", 5), "a surface of fastdnn.compare"),
        (lambda: compare.digits(hidden=(0,)), "hidden as a whole number >= 1"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""A feature that gives the target away is named; good features, easy tasks and few rows are no leak."""

import numpy as np
import pytest

import fastdnn as fd
from fastdnn.diagnose import report
from fastdnn.diagnose.leakage import given_away

RNG = np.random.default_rng(0)
X = RNG.normal(size=(900, 6))
SUM = X @ [1.0, -1.0, 0.5, 0.2, 0.0, 0.3]


class Data:
    """The part of a case that is looked at."""

    def __init__(self, x, y, *, classifies=True, weights=None, names=None):
        self.train = fd.diagnose.set_of_rows.Rows("train", x, np.asarray(y), weights, names)
        self.classifies = classifies
        self.seed = 0


def with_feature(values, at=2):
    return np.insert(X, at, values, axis=1)


THREE = np.digitize(SUM, [-0.7, 0.7])
YES = (SUM > 0).astype(int)


@pytest.mark.parametrize(
    ("feature", "y", "classifies"),
    [
        (YES + 0.1 * RNG.normal(size=900), YES, True),
        (-5.0 * YES, YES.astype(float), True),
        (YES, (RNG.random(900) < 0.02) | YES.astype(bool), None),
        (np.array([7.0, 1.0, 3.0])[THREE] + 0.1 * RNG.random(900), THREE, True),
        (THREE, np.eye(3)[THREE], True),
        (1000 - 3 * SUM + 0.01 * RNG.normal(size=900), SUM, False),
        (np.exp(3 * SUM), SUM[:, None], False),
    ],
)
def test_a_feature_that_gives_the_target_away_is_named(feature, y, classifies):
    found = given_away(Data(with_feature(feature), y, classifies=classifies is not False))
    if classifies is None:  # 2 % of targets that the feature does not know
        assert found is None
        return
    assert found.text.startswith("Feature x2 by itself tells the target nearly perfectly")
    assert (found.kind, found.severity) == ("target_leakage", "hint")
    names = tuple("abcdefg")
    assert (
        "Feature c by" in given_away(Data(with_feature(feature), y, classifies=classifies, names=names)).text
    )


def test_good_features_are_no_leak():
    x, y = fd.data.load_digits()
    assert given_away(Data(x, y)) is None
    assert given_away(Data(x, y == 3)) is None
    for noise in (0.1, 0.5):
        assert given_away(Data(X, SUM + noise * RNG.normal(size=900), classifies=False)) is None
        strong = with_feature(SUM + noise * RNG.normal(size=900))
        assert given_away(Data(strong, YES)) is None
        assert given_away(Data(strong, THREE)) is None
    for seed in range(30):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(60, 2000))
        assert given_away(Data(noise, rng.permutation(np.arange(60) % 2))) is None
        assert given_away(Data(noise, rng.permutation(np.arange(60) % 5))) is None


def test_few_rows_one_feature_and_easy_tasks_are_left_alone():
    leak = with_feature(YES)
    assert given_away(Data(leak[:40], YES[:40])) is None
    rare = np.arange(900) < 5
    assert given_away(Data(with_feature(rare), rare)) is None
    assert given_away(Data(YES[:, None], YES)) is None
    easy = X + 20 * YES[:, None]  # each feature separates the classes
    assert given_away(Data(easy, YES)) is None
    two = np.column_stack([leak, 2.0 * YES])
    assert "Features x2, x7 by themselves" in given_away(Data(two, YES)).text


def test_rows_without_weight_do_not_count():
    weights = np.where(np.arange(900) < 100, 0.0, 1.0)
    feature = np.where(weights > 0, YES, RNG.integers(0, 2, 900))
    assert given_away(Data(with_feature(feature), YES)) is None
    assert given_away(Data(with_feature(feature), YES, weights=weights)) is not None


@pytest.mark.parametrize("quick", [True, False])
def test_the_report_tells_it_of_a_sound_training_and_its_code_runs(quick, capsys):
    x = with_feature(2.0 * YES - 1)
    model = fd.Sequential([fd.Input((7,)), fd.layers.Dense(8, "relu"), fd.layers.Dense(1, "sigmoid")], seed=0)
    model.compile(fd.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(x[:600], YES[:600], epochs=10, verbose=0)
    found = report(model, (x[:600], YES[:600]), (x[600:], YES[600:]), quick=quick)
    assert found.healthy
    [leak] = [advice for advice in found.advice if advice.kind == "target_leakage"]
    assert leak.text in " ".join(str(found).split())
    names = {"fd": fd, "np": np, "model": model, "x": x, "y": YES, "x_dev": x, "y_dev": YES}
    exec(leak.code, names)
    assert "dev loss without" in capsys.readouterr().out
    assert np.ptp(names["x"][:, 2]) == 0 < np.ptp(x[:, 2])

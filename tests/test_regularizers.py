"""Regularisers by themselves: their formulas, scales, names and configurations, and what they refuse."""

import copy
import json
import pickle

import numpy as np
import pytest

import fastdnn as fd
from fastdnn import regularizers
from fastdnn.regularizers import L1, L1L2, L2, ElasticNet, Lq

W = np.array([[3.0, -4.0], [0.0, 0.5]])
ABS, SQUARES = 7.5, 25.25


@pytest.mark.parametrize(
    ("regularizer", "rows", "want"),
    [
        (L2(0.1), None, 0.1 / 2 * SQUARES),  # deck 004
        (L2(0.1, scale="sum"), None, 0.1 * SQUARES),  # deck 004's w'w, Keras
        (L2(0.1, scale="batch"), 8, 0.1 / 16 * SQUARES),  # decks 001 to 003
        (L2(0.1, scale="dataset"), 8, 0.1 / 16 * SQUARES),  # deck 000
        (L2(0.1, scale="dataset", dataset_size=50), None, 0.1 / 100 * SQUARES),
        (L2(0.1, scale="dataset", dataset_size=50), 8, 0.1 / 100 * SQUARES),
        (L1(0.1), None, 0.1 * ABS),  # deck 004
        (L1(0.1, scale="batch"), 8, 0.1 / 16 * ABS),  # decks 000, 003
        (L1(0.1, scale="dataset"), 8, 0.1 / 16 * ABS),
        (L1(0.1, proximal=True), None, 0.1 * ABS),
        (L1L2(0.1, 0.2), None, 0.1 * ABS + 0.1 * SQUARES),
        (L1L2(0.1, 0.2, scale="sum"), None, 0.1 * ABS + 0.2 * SQUARES),
        (L1L2(0.1, 0.2, scale="batch"), 8, 0.1 / 16 * ABS + 0.2 / 16 * SQUARES),
        (ElasticNet(0.1, ratio=0.25), None, 0.25 * 0.1 * ABS + 0.75 * 0.1 * SQUARES),
        (ElasticNet(0.1, ratio=1), None, 0.1 * ABS),
        (ElasticNet(0.1, ratio=0), None, 0.1 * SQUARES),
        (Lq(0.1, q=1), None, 0.1 * ABS),
        (Lq(0.1, q=2), None, 0.1 * SQUARES),
        (Lq(0.1, q=3), None, 0.1 * (27 + 64 + 0.125)),
        (Lq(0.1, q=1.5), None, 0.1 * (3**1.5 + 8 + 0.5**1.5)),
        (L2(0.0), None, 0.0),
    ],
)
def test_values_are_the_formulas(regularizer, rows, want):
    np.testing.assert_allclose(regularizer(W, rows=rows), want, rtol=1e-14)
    np.testing.assert_allclose(regularizer(W.reshape(-1).tolist(), rows=rows), want, rtol=1e-14)


def test_names_and_defaults():
    assert regularizers.get(None) is None
    assert regularizers.get("l1") == L1(0.01, "sum", proximal=False)
    assert regularizers.get("l2") == L2(0.01, "half")
    assert regularizers.get("l1_l2") == L1L2(0.01, 0.01, "half")
    assert regularizers.get("elastic_net") == ElasticNet(0.01, 0.5)
    own = L2(np.float32(0.5))
    assert regularizers.get(own) is own


@pytest.mark.parametrize(
    "regularizer",
    [L2(0.3, "batch"), L2(0.3, "dataset", 7), L1(0.3, proximal=True), L1L2(), ElasticNet(2, 0), Lq(1, 2.5)],
)
def test_made_again(regularizer):
    config = json.loads(json.dumps(regularizer.get_config()))
    assert regularizers.from_config(type(regularizer).__name__, config) == regularizer
    assert regularizers.get({"class_name": type(regularizer).__name__, "config": config}) == regularizer
    assert pickle.loads(pickle.dumps(regularizer)) == copy.deepcopy(regularizer) == regularizer
    assert eval(repr(regularizer)) == regularizer


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L2(-0.1), r"\[L2\] expected a finite 0 <= l2, got -0.1"),
        (lambda: L2(float("nan")), r"\[L2\] expected a finite 0 <= l2, got nan"),
        (lambda: L2(float("inf")), r"\[L2\] expected a finite 0 <= l2, got inf"),
        (lambda: L2("0.1"), r"\[L2\] expected a finite 0 <= l2, got '0.1'"),
        (lambda: L2(True), r"\[L2\] expected a finite 0 <= l2, got True"),
        (
            lambda: L2(0.1, scale="mean"),
            r"\[L2\] expected a scale, one of batch, dataset, half, sum, got 'mean'",
        ),
        (lambda: L1(0.1, scale="half"), r"\[L1\] expected a scale, one of batch, dataset, sum, got 'half'"),
        (lambda: L1(0.1, proximal=1), r"\[L1\] expected proximal as True or False, got 1"),
        (lambda: L1(scale="batch", proximal=True), r"\[L1\] expected one λ for all steps.*got scale='batch'"),
        (lambda: L1(-1), r"\[L1\] expected a finite 0 <= l1, got -1"),
        (lambda: L1L2(0.1, -1), r"\[L1L2\] expected a finite 0 <= l2, got -1"),
        (
            lambda: L2(dataset_size=5),
            r"\[L2\] expected dataset_size for scale='dataset' alone, got dataset_size=5",
        ),
        (
            lambda: L2(scale="dataset", dataset_size=0),
            r"\[L2\] expected dataset_size as a whole number >= 1, got 0",
        ),
        (lambda: ElasticNet(0.1, 1.1), r"\[ElasticNet\] expected 0 <= ratio <= 1, got 1.1"),
        (lambda: ElasticNet(-1), r"\[ElasticNet\] expected a finite 0 <= strength, got -1"),
        (lambda: Lq(0.1, 0.5), r"\[Lq\] expected a finite 1 <= q, got 0.5"),
        (lambda: Lq(-1, 2), r"\[Lq\] expected a finite 0 <= strength, got -1"),
        (lambda: L2(scale="batch")(W), r"\[L2\] expected rows, since the scale is 'batch', got none"),
        (
            lambda: L2(scale="dataset")(W),
            r"\[L2\] expected the size of the training set, for L2\(scale='dataset'\)",
        ),
        (lambda: L2(scale="batch")(W, rows=0), r"\[L2\] expected rows as a whole number >= 1, got 0"),
        (lambda: L2()(["a"]), r"\[L2\] expected an array of real numbers, got dtype <U1"),
        (lambda: regularizers.get("L3"), r"\[regularizers\] expected a regularizer, one of .*'L3'"),
        (
            lambda: regularizers.get(0.1),
            r"\[regularizers\] expected a regularizer: L1\(\), .* or None, got 0.1",
        ),
        (lambda: regularizers.get(L2), r"\[regularizers\] expected a regularizer: L1\(\)"),
        (lambda: regularizers.get("lq"), r"expected arguments of Lq, got .*missing"),
        (lambda: regularizers.from_config("L3", {}), r"expected a regularizer, one of .*, got 'L3'"),
        (lambda: regularizers.from_config("L2", {"rate": 1}), r"expected arguments of L2, got .*'rate'"),
        (lambda: regularizers.from_config("L2", 5), r"expected arguments of L2, got .*mapping"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


SETTINGS = [
    (
        fd.layers.Dense,
        {"units": 3},
        ["kernel_regularizer", "bias_regularizer"],
        ["kernel_constraint", "bias_constraint"],
    ),
    (
        fd.layers.Embedding,
        {"input_dim": 5, "output_dim": 2},
        ["embeddings_regularizer"],
        ["embeddings_constraint"],
    ),
    (fd.layers.BatchNormalization, {}, ["gamma_regularizer", "beta_regularizer"], []),
    (fd.layers.LayerNormalization, {}, ["gamma_regularizer", "beta_regularizer"], []),
    (fd.layers.PReLU, {}, ["alpha_regularizer"], []),
]


@pytest.mark.parametrize(("kind", "arguments", "names", "limits"), SETTINGS)
def test_layers_keep_them(kind, arguments, names, limits):
    given = {name: L2(0.1 + number) for number, name in enumerate(names)}
    given |= {name: fd.constraints.MaxNorm(1.0 + number) for number, name in enumerate(limits)}
    layer = kind(**arguments, **given, name="a")
    again = kind(**json.loads(json.dumps(layer.get_config())))
    plain = kind(**arguments)
    for name, part in given.items():
        assert getattr(layer, name) == getattr(again, name) == part
        assert f"{name}={part!r}" in repr(layer)
        assert getattr(plain, name) is None
        assert plain.get_config()[name] is None
        assert name not in repr(plain)
        short = "l1" if name.endswith("regularizer") else "max_norm"
        setattr(layer, name, short)
        assert getattr(layer, name) in (L1(), fd.constraints.MaxNorm())
        before = getattr(layer, name)
        with pytest.raises(ValueError, match=rf"\[a, {name}\] expected a .*, got 7"):
            setattr(layer, name, 7)
        assert getattr(layer, name) is before
    with pytest.raises(ValueError, match=rf"\[{kind.__name__}, {names[0]}\] expected a regularizer, one of"):
        kind(**arguments, **{names[0]: "l7"})

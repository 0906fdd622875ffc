"""What users pass as arrays: everything that fits is taken, everything else refused by name."""

import numpy as np
import pytest
from networks import classification, classifier, weight_hash
from sparse_arrays import Csr

import fastdnn as fd

X, Y = classification(rows=30)


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i8", "g"]
)
def test_all_real_types_are_taken_as_numbers(dtype):
    data = (np.abs(X) * 3).astype(dtype)
    copy = data.copy()
    model = classifier(dtype="float64")
    np.testing.assert_array_equal(model.predict(data), model.predict(data.astype(np.float64)))
    np.testing.assert_array_equal(data, copy)


@pytest.mark.parametrize(
    "layout",
    [
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: np.repeat(x, 3, axis=0)[::3],
        lambda x: x[::-1, ::-1][::-1, ::-1],
        lambda x: np.frombuffer(b"\0" + x.tobytes(), dtype=np.uint8)[1:].view(x.dtype).reshape(x.shape),
        lambda x: x.tolist(),
        lambda x: memoryview(x),
        lambda x: np.ma.array(x, mask=False),
        lambda x: x.astype(object),
    ],
)
def test_all_layouts_give_the_same(layout):
    model = classifier(dtype="float64")
    want = model.predict(X.astype(np.float64))
    given = layout(X.astype(np.float64))
    np.testing.assert_array_equal(model.predict(given), want)


def test_read_only_and_memory_mapped_arrays(tmp_path):
    model = classifier()
    want = model.predict(X)
    frozen = X.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(model.predict(frozen), want)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(model.predict(mapped), want)
    model.fit(mapped, Y)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[0], r"shape \(20,\); one example is x\[None, :\]"),
        (X[:, :7], r"x of shape \(examples, 20\), got shape \(30, 7\)"),
        (X.reshape(30, 4, 5), r"reshape it: x\.reshape\(len\(x\), -1\)"),
        (X[:0], r"got shape \(0, 20\)"),
        (X[:, :0], "got shape"),
        (3.0, r"shape \(\)"),
        (None, r"shape \(\)"),
        ([["a", None] * 10], "texts such as 'a'"),
        ("digits", "texts such as 'digits'"),
        (X.astype(complex), "complex"),
        (np.full((3, 20), "a"), "texts such as 'a'"),
        (np.full((3, 20), b"a"), "texts such as b.a."),
        (np.full((3, 20), {}), "dtype object; convert"),
        (np.full((3, 20), "2020-01-01", dtype="M8[D]"), "datetime64"),
        ([[1.0] * 20, [1.0] * 19], "rows of unlike lengths"),
        (np.ma.masked_greater(X, 0), "masked values"),
        (np.where(np.arange(600).reshape(30, 20) == 47, np.nan, X), "nan in row 2, column 7"),
        (np.where(np.arange(600).reshape(30, 20) == 599, -np.inf, X), "-inf in row 29, column 19"),
        (np.where(np.arange(600).reshape(30, 20) == 0, 1e300, X.astype(float)), "inf in row 0, column 0"),
    ],
)
def test_features_that_do_not_fit(x, message):
    model = classifier()
    for where, call in {
        "fit": lambda: model.fit(x, Y),
        "predict": lambda: model.predict(x),
        "evaluate": lambda: model.evaluate(x, Y),
    }.items():
        with pytest.raises(ValueError, match=message) as caught:
            call()
        assert str(caught.value).startswith(f"[{where}] expected ")


def test_scipy_like_sparse_matrices_are_named():
    class Sparse:
        shape: tuple[int, ...] = ()

        def toarray(self):
            return X

        def tocsr(self):
            return self

    with pytest.raises(ValueError, match=r"a sparse x of shape .*; use \.toarray\(\)"):
        classifier().predict(Sparse())
    Sparse.shape = X.shape
    with pytest.raises(ValueError, match=r"without all of indptr, indices, data, shape; use \.toarray\(\)"):
        classifier().predict(Sparse())
    with pytest.raises(ValueError, match=r"y as a dense array, got a sparse one; use \.toarray\(\)"):
        classifier().evaluate(X, Sparse())


def changed(value, row=5, dtype=np.float64):
    labels = Y.astype(dtype)
    labels[row] = value
    return labels


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (changed(-1, dtype=np.int64), "labels as whole numbers from 0 to 3, got -1 in row 5"),
        (changed(4, dtype=np.int64), "got 4 in row 5; the last layer has 4 outputs"),
        (changed(2**31, dtype=np.int64), f"got {2**31} in row 5"),
        (changed(2**63, dtype=np.uint64), f"got {2**63} in row 5"),
        (changed(np.nan), "got nan in row 5"),
        (changed(np.inf), "got inf in row 5"),
        (changed(1.5), "got 1.5 in row 5"),
        (Y[:-1], "as many rows in y as in x, 30, got 29"),
        (np.zeros((30, 2)), "one label per example"),
        (np.array(["cat"] * 30), "y as real numbers"),
        (np.zeros((30, 4)), "one label per example"),
    ],
)
def test_labels_that_do_not_fit(y, message):
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, y)


@pytest.mark.parametrize("y", [Y.astype(np.uint8), Y.astype(float), Y[:, None], Y.tolist(), Y.astype(">i2")])
def test_labels_of_any_type(y):
    want = classifier().evaluate(X, Y)
    assert classifier().evaluate(X, y) == want


def test_targets_that_do_not_fit():
    model = fd.Sequential([fd.layers.Input((20,)), fd.layers.Dense(2)], seed=0)
    model.compile("adam", "mse")
    with pytest.raises(
        ValueError, match=r"y of shape \(examples, 2\), as the model's output, got shape \(30,\)"
    ):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="nan in row 3, column 1"):
        model.fit(X, np.where(np.arange(60).reshape(30, 2) == 7, np.nan, 0.0))
    model.compile("adam", fd.losses.CategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match=r"y >= 0, a distribution .* in row 1"):
        model.fit(X, np.where(np.arange(60).reshape(30, 2) == 3, -1.0, 0.5))


def test_huge_broadcast_views_are_refused_or_fail_cleanly():
    """2³³ elements that take no memory: the conversion cannot be afforded, and says so without a crash."""
    wide = np.broadcast_to(np.float32(1), (2**33, 20))
    with pytest.raises((MemoryError, ValueError)):
        classifier().predict(wide[:, :19])


def test_a_vector_is_a_column_where_the_input_has_one_feature():
    model = fd.Sequential([fd.layers.Input((1,)), fd.layers.Dense(1)], seed=0)
    x = np.linspace(0, 1, 10)
    np.testing.assert_array_equal(model.predict(x), model.predict(x[:, None]))
    model.compile("sgd", "mse")
    assert model.evaluate(x, x) == model.evaluate(x[:, None], x)


class Dok(dict):
    """A sparse matrix that is a dict, as SciPy's are that keep entries by place."""

    def __init__(self, dense):
        super().__init__({place: dense[place] for place in zip(*np.nonzero(dense), strict=True)})
        self.dense, self.shape = dense, dense.shape

    def toarray(self):
        return self.dense

    def tocsr(self):
        return Csr.of(self.dense)


def test_a_sparse_matrix_that_is_a_dict_is_no_dict_of_inputs():
    x = np.where(X > 1, X, 0)
    model = classifier()
    np.testing.assert_allclose(model.predict(Dok(x)), model.predict(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ([1, 2], "class_weight as a dict"),
        ("even", "class_weight as a dict .*, or \"balanced\", got 'even'"),
        ({0: np.ones(3)}, r"class_weight\[0\]"),
        ({0: None}, r"class_weight\[0\].*got None"),
        ({0: -1.0}, r"class_weight\[0\].*got -1"),
    ],
)
def test_class_weights_are_numbers_by_label(class_weight, message):
    model = fd.Sequential([fd.layers.Dense(4)], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, class_weight=class_weight)
    assert not model.is_built


def test_balanced_class_weights_are_those_of_scikit_learn():
    labels = np.repeat([0, 1, 3], [30, 6, 24])  # of four classes, one of which has none
    x, _ = classification(rows=60)
    models = []
    for given in ("balanced", {0: 60 / (3 * 30), 1: 60 / (3 * 6), 3: 60 / (3 * 24)}):
        model = classifier()
        model.fit(x, labels, epochs=3, class_weight=given)
        models.append(weight_hash(model))
    assert models[0] == models[1]
    yes_or_no, bits = (labels == 1).astype(float), []
    for given in ("balanced", {0: 60 / (2 * 54), 1: 60 / (2 * 6)}, None):
        model = fd.Sequential([fd.layers.Input((20,)), fd.layers.Dense(1, "sigmoid")], seed=0)
        model.compile("adam", "binary_crossentropy")
        model.fit(x, yes_or_no, epochs=3, class_weight=given)
        bits.append(weight_hash(model))
    assert bits[0] == bits[1] != bits[2]
    with pytest.raises(ValueError, match="no batch has the counts of all classes"):
        classifier().train_on_batch(x, labels, class_weight="balanced")


def test_class_weights_want_classes():
    model = fd.Sequential([fd.layers.Input((20,)), fd.layers.Dense(2)], seed=0)
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="distributions over the classes, for class_weight"):
        model.fit(X, np.random.default_rng(0).normal(size=(len(X), 2)), class_weight={1: 100.0})

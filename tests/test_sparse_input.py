"""Sparse x: the same training as on the dense array, from the entries alone, whatever the matrix holds."""

import threading
import tracemalloc

import numpy as np
import pytest
from networks import weight_hash
from sparse_arrays import Coo, Csr

import fastdnn as fd

L = fd.layers
ROWS, COLS = 60, 40
VALUE_TYPES = ("?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">f4", "g")


def numbers(seed=0, rows=ROWS, dtype="f8"):
    """A tenth of them not 0; one row and one column are empty."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, COLS)) * (rng.random((rows, COLS)) < 0.1)
    x[3], x[:, 5] = 0, 0
    return x if np.dtype(dtype).kind == "f" else np.abs(10 * x).astype(dtype)


Y = np.arange(ROWS) % 3


def network(*, dtype="float64", backend="native", seed=0):
    """Two layers read the input."""
    start = fd.Input((COLS,))
    both = [L.Dense(7, activation="relu")(start), L.Dense(3, use_bias=False)(start)]
    model = fd.Model(start, L.Dense(3)(L.Concatenate()(both)), seed=seed, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], backend=backend)
    return model


def figures(x, y=Y, **options):
    """Everything that one can do with features."""
    model = network(**options)
    history = model.fit(x, y, batch_size=8, epochs=3, validation_split=0.2)
    weights = np.linspace(0.5, 2, len(y))
    model.fit(x, y, sample_weight=weights, class_weight={1: 2.0}, validation_data=(x, y))
    loss = model.train_on_batch(x, y)
    gradient = model.loss_and_gradients(x, y)[1]["dense/kernel"]
    hidden = model.layer_outputs(x, ["dense"])["dense"]
    return [
        *history.history.values(),
        *model.get_weights(),
        loss,
        gradient,
        hidden,
        model.evaluate(x, y, sample_weight=weights),
        model.predict(x),
        model.predict(x, batch_size=7),
    ]


def assert_close(got, want):
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def bits(results):
    return [np.asarray(result).tobytes() for result in results]


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_it_is_the_dense_training(backend):
    x = numbers()
    assert_close(figures(Csr.of(x), backend=backend), figures(x))


def test_float32():
    x = numbers().astype("f4")
    sparse, dense = network(dtype="float32"), network(dtype="float32")
    for model, given in ((sparse, Csr.of(x)), (dense, x)):
        model.fit(given, Y, epochs=2)
    np.testing.assert_allclose(sparse.predict(Csr.of(x)), dense.predict(x), atol=1e-5)


def shuffled(csr):
    """The entries of each row backwards, and each cut in two parts: unsorted, with duplicates."""
    columns, values, starts = [], [], [0]
    for first, last in zip(csr.indptr[:-1], csr.indptr[1:], strict=True):
        back = slice(last - 1, first - 1 if first else None, -1) if last > first else slice(0, 0)
        columns += [csr.indices[back], csr.indices[back]]
        values += [0.25 * csr.data[back], 0.75 * csr.data[back]]
        starts.append(starts[-1] + 2 * (last - first))
    return Csr(np.array(starts), np.concatenate(columns), np.concatenate(values), csr.shape)


def strided(csr):
    return csr.replaced(
        indptr=np.repeat(csr.indptr, 2)[::2],
        indices=np.repeat(csr.indices, 3)[::3],
        data=np.repeat(csr.data, 2)[::2],
    )


def with_more_room(csr):
    """Arrays longer than the entries, as SciPy allows."""
    return csr.replaced(indices=np.append(csr.indices, [9999]), data=np.append(csr.data, [np.nan]))


@pytest.mark.parametrize(
    "change",
    [
        lambda csr: Csr.of(csr.toarray(), np.int64),
        lambda csr: csr.replaced(indptr=csr.indptr.astype(np.int64)),
        lambda csr: csr.replaced(indices=csr.indices.astype(np.uint16)),
        lambda csr: csr.replaced(indices=csr.indices.astype(">i4")),
        strided,
        with_more_room,
        Coo,
    ],
)
def test_every_form_has_the_same_bits(change):
    csr = Csr.of(numbers())
    given = change(csr)
    assert bits(figures(given)) == bits(figures(csr))


def test_unsorted_entries_and_duplicates_add_up():
    assert_close(figures(shuffled(Csr.of(numbers()))), figures(numbers()))


@pytest.mark.parametrize("dtype", VALUE_TYPES)
def test_values_of_every_type(dtype):
    x = numbers(dtype=dtype).astype(dtype)
    model = network(dtype="float32")
    given = Csr.of(x)
    before = given.data.tobytes()
    np.testing.assert_array_equal(model.predict(given), model.predict(Csr.of(x.astype("f4"))))
    model.fit(given, Y)
    assert given.data.tobytes() == before


def test_the_matrix_is_read_in_place_and_others_are_converted_once():
    csr = Csr.of(numbers())
    rows, _ = network().prepare("test", csr, Y).arrays
    for mine, given in ((rows.starts, csr.indptr), (rows.columns, csr.indices), (rows.values, csr.data)):
        assert np.shares_memory(mine, given)
    coo = Coo(csr)
    network().fit(coo, Y, epochs=3)
    assert coo.conversions == 1


def test_scipys_own():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not needed, and not here")
    x = numbers()
    want = bits(figures(Csr.of(x)))
    for form in ("csr", "csc", "coo", "lil", "bsr"):
        for kind in (f"{form}_array", f"{form}_matrix"):
            assert bits(figures(getattr(sparse, kind)(x))) == want, kind


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_one_hash_for_1_to_8_threads(dtype, batch_size):
    x = Csr.of(numbers())
    hashes = {}
    for threads in range(1, 9):
        model = network(dtype=dtype)
        history = model.fit(x, Y, batch_size=batch_size, epochs=2, threads=threads)
        predicted = model.predict(x, threads=threads).tobytes()
        hashes[threads] = weight_hash(model), tuple(history.history["loss"]), predicted
    assert len(set(hashes.values())) == 1


def test_batches_of_a_generator():
    x = numbers()
    batches = [(Csr.of(x[i : i + 8]), Y[i : i + 8]) for i in range(0, ROWS, 8)]
    whole, parts = network(), network()
    whole.fit(Csr.of(x), Y, batch_size=8, shuffle=False)
    parts.fit(iter(batches))
    assert weight_hash(whole) == weight_hash(parts)
    np.testing.assert_array_equal(parts.predict(b[0] for b in batches), parts.predict(Csr.of(x)))
    np.testing.assert_allclose(parts.evaluate(iter(batches)), parts.evaluate(x, Y))
    with pytest.raises(
        ValueError, match=r"batch 2\] expected a sparse x, as in the first batch, got a dense x"
    ):
        parts.fit(iter([batches[0], (x[:8], Y[:8])]))


def test_dense_and_sparse_take_turns():
    x = numbers()
    both, dense = network(), network()
    for given in (x, Csr.of(x), x):
        both.train_on_batch(given, Y)
        dense.train_on_batch(x, Y)
        assert_close([both.predict(given), both.evaluate(x, Y)], [dense.predict(x), dense.evaluate(x, Y)])


def test_the_model_is_built_by_its_first_data():
    model = fd.Sequential([L.Dense(4, "relu"), L.Dense(3)], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(Csr.of(numbers()), Y)
    assert model.input_shape == (None, COLS)
    coo = Coo(Csr.of(numbers()))
    fd.Sequential([L.Dense(3)], seed=0).predict(coo)
    assert coo.conversions == 1


def test_no_row_is_ever_dense(capsys):
    """100,000 features: a batch of 256 dense rows would take 100 MB."""
    rng = np.random.default_rng(0)
    rows, features, entries = 2000, 100_000, 20_000
    starts = np.sort(rng.integers(0, entries + 1, rows + 1)).astype(np.int32)
    starts[0], starts[-1] = 0, entries
    columns = rng.integers(0, features, entries).astype(np.int32)
    x = Csr(starts, columns, rng.normal(size=entries), (rows, features))
    model = fd.Sequential([fd.Input((features,)), L.Dense(4, "relu"), L.Dense(1)], seed=0)
    model.compile(fd.optimizers.SGD(0.01), "mse")
    y = np.zeros(rows)
    tracemalloc.start()
    model.fit(x, y, batch_size=256)
    model.predict(x)
    model.profile(x, y, seconds=0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6  # NumPy's; the model's own copy in `profile` among it
    plan = fd.backend.NativeBackend(model.weights.native).plan(model.training_program(sparse=[0]), 256)
    assert plan.arena_bytes < 256 * 1024
    shown = capsys.readouterr().out
    assert "csr_matmul + add_bias" in shown
    assert "csr_matmul_dw" in shown


def test_large_tables_are_worth_threads():
    features = 200_000
    model = fd.Sequential([fd.Input((features,)), L.Dense(16), L.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    program = model.training_program(sparse=[0])
    assert fd.backend.NativeBackend(model.weights.native).plan(program, 32).useful_threads(32) > 1


# ---- what does not fit


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named(backend, value):
    model = network(backend=backend)
    before = weight_hash(model)
    csr = Csr.of(numbers())
    data = csr.data.copy()
    for entry in (int(csr.indptr[41]), int(csr.indptr[17]) + 1):  # a later row first: the lowest is named
        data[entry] = value
    bad = csr.replaced(data=data)
    column = csr.indices[csr.indptr[17] + 1]
    for call in (
        lambda: model.fit(bad, Y, batch_size=64),
        lambda: model.fit(bad, Y, batch_size=64, validation_split=0.1),
        lambda: model.fit(csr, Y, validation_data=(bad, Y)),
        lambda: model.evaluate(bad, Y),
        lambda: model.predict(bad),
        lambda: model.train_on_batch(bad, Y),
        lambda: model.loss_and_gradients(bad, Y),
    ):
        with pytest.raises(ValueError, match=rf"expected finite x, got {value} in row 17, column {column}"):
            call()
    assert weight_hash(model) == before


def test_numbers_beyond_float32_are_infinite():
    csr = Csr.of(numbers())
    csr.data[5] = 1e300
    network(dtype="float64").predict(csr)
    with pytest.raises(ValueError, match="expected finite x, got inf in row"):
        network(dtype="float32").predict(csr)


def changed(name, at, value):
    csr = Csr.of(numbers())
    array = getattr(csr, name).copy()
    array[at] = value
    return csr.replaced(**{name: array})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: changed("indices", 0, -1), r"column numbers from 0 to 39 in x.indices, got -1 in row 0"),
        (lambda: changed("indices", -1, 40), r"column numbers from 0 to 39 in x.indices, got 40 in row 59"),
        (lambda: changed("indices", 7, 2**31 - 1), r"got 2147483647 in row"),
        (lambda: changed("indptr", 0, 1), r"x.indptr from 0 to at most \d+, the entries, got 1 to"),
        (
            lambda: changed("indptr", -1, 10**6),
            r"x.indptr from 0 to at most \d+, the entries, got 0 to 1000000",
        ),
        (lambda: changed("indptr", 9, -5), r"x.indptr that never falls, got \d+, then -5 in row 8"),
        (lambda: changed("indptr", 9, 10**6), r"x.indptr that never falls, got 1000000, then \d+ in row 9"),
        (
            lambda: Csr.of(numbers()).replaced(indptr=np.zeros(5, np.int32)),
            r"61 numbers in x.indptr, for 60 rows, got 5",
        ),
        (lambda: Csr.of(numbers()).replaced(data=np.zeros(3)), r"x.indptr from 0 to at most 3, the entries"),
        (lambda: Csr.of(numbers()).replaced(indices=np.zeros(300)), r"x.indices as a vector of integers"),
        (
            lambda: Csr.of(numbers()).replaced(indptr=np.zeros((3, 3), int)),
            r"x.indptr as a vector of integers",
        ),
        (
            lambda: Csr.of(numbers()).replaced(data=np.zeros(300, complex)),
            r"x.data as a vector of real numbers",
        ),
        (lambda: Csr.of(numbers()[:, :7]), r"x of shape \(examples, 40\), got shape \(60, 7\)"),
        (lambda: Csr.of(numbers()).replaced(shape=(60,)), r"x of shape \(examples, 40\), got shape \(60,\)"),
        (lambda: Csr.of(numbers()).replaced(shape=(0, 40)), r"got shape \(0, 40\)"),
    ],
)
def test_a_matrix_that_does_not_fit_together_is_refused(make, message):
    model = network()
    before = weight_hash(model)
    for call in (
        lambda: model.fit(make(), Y),
        lambda: model.evaluate(make(), Y),
        lambda: model.predict(make()),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert weight_hash(model) == before


def test_layers_that_do_not_read_it():
    csr = Csr.of(numbers())
    for layer in (L.BatchNormalization(), L.Dropout(0.5), L.Normalization(), L.Activation("relu")):
        model = fd.Sequential([fd.Input((COLS,)), layer, L.Dense(3)], seed=0)
        with pytest.raises(
            ValueError, match=rf"a dense x, got .* {layer.name!r} would read; .*\.toarray\(\)"
        ):
            model.predict(csr)
    unbuilt = fd.Sequential([L.Dropout(0.5), L.Dense(3)], seed=0)
    with pytest.raises(ValueError, match="only Dense reads sparse rows"):
        unbuilt.predict(csr)
    assert not unbuilt.is_built
    words = fd.Sequential([L.Embedding(4, 2), L.Dense(3)], seed=0)
    with pytest.raises(ValueError, match="only Dense reads sparse rows"):
        words.predict(csr)
    model = network()
    with pytest.raises(
        ValueError, match=r"real features in dense arrays, for inputs=True, got 'input': sparse"
    ):
        model.loss_and_gradients(csr, Y, inputs=True)
    with pytest.raises(ValueError, match=r"y as a dense array, got a sparse one"):
        model.fit(csr, csr)


def test_a_thread_that_writes_indices_meanwhile_changes_numbers_only():
    rng = np.random.default_rng(0)
    right = Csr.of(numbers().repeat(20, axis=0))
    csr = right.replaced(indptr=right.indptr.copy(), indices=right.indices.copy())
    y, stop = Y.repeat(20), threading.Event()

    def write():
        hostile = np.array([-(2**31), 2**31 - 1, -1, COLS, len(right.indices) + 1, 0], np.int32)
        while not stop.is_set():
            csr.indices[rng.integers(len(csr.indices), size=9)] = rng.choice(hostile)
            csr.indptr[rng.integers(len(csr.indptr))] = rng.choice(hostile)
            csr.indices[:], csr.indptr[:] = right.indices, right.indptr

    writer = threading.Thread(target=write)
    writer.start()
    try:
        model = network()
        for number in range(40):
            call = (model.fit, model.evaluate)[number % 2]
            try:
                call(csr, y, threads=1 + number % 3)
            except (ValueError, fd.NonFiniteLossError) as error:
                assert "expected" in str(error)  # noqa: PT017
    finally:
        stop.set()
        writer.join()
    assert all(np.isfinite(w).all() for w in model.get_weights())


# ---- several inputs


def mixed(backend="native"):
    """A sparse input, one of integers and a dense one."""
    inputs = {
        "text": fd.Input((COLS,)),
        "word": fd.Input((2,), dtype="int32"),
        "figures": fd.Input((3,)),
    }
    parts = [
        L.Dense(5, activation="tanh")(inputs["text"]),
        L.Embedding(9, 2)(inputs["word"]),
        L.BatchNormalization()(inputs["figures"]),
    ]
    model = fd.Model(inputs, L.Dense(3)(L.Concatenate()(parts)), seed=0, dtype="float64")
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, backend=backend)
    return model


def mixed_data():
    rng = np.random.default_rng(1)
    return {
        "text": numbers(),
        "word": rng.integers(9, size=(ROWS, 2)),
        "figures": rng.normal(size=(ROWS, 3)),
    }


def test_inputs_of_all_kinds_at_once():
    dense = mixed_data()
    sparse = dense | {"text": Csr.of(dense["text"])}
    results = []
    for backend, x in (("native", dense), ("native", sparse), ("reference", sparse)):
        model = mixed(backend)
        history = model.fit(x, Y, batch_size=16, epochs=2, validation_split=0.2).history
        loss, gradients = model.loss_and_gradients(x, Y, inputs=True)
        assert ("text" in gradients) == (x is dense)
        assert "word" not in gradients
        results.append(
            [*history.values(), *model.get_weights(), model.predict(x), loss, gradients["figures"]]
        )
    assert_close(results[1], results[0])
    assert_close(results[2], results[0])


def test_what_does_not_fit_is_named_by_its_input():
    model, x = mixed(), mixed_data()
    csr = Csr.of(x["text"])
    bad = csr.replaced(data=np.where(np.arange(len(csr.data)) == 3, np.nan, csr.data))
    word = x["word"].copy()
    word[5, 1] = 9
    for changed_input, message in [
        ({"text": bad}, r"\[predict, input 'text'\] expected finite x, got nan in row"),
        (
            {"text": csr.replaced(indices=csr.indices + COLS)},
            r"\[predict, input 'text'\] expected column numbers",
        ),
        (
            {"word": word},
            r"\[predict, input 'word'\] expected whole numbers from 0 to 8 in x, got 9 in row 5, column 1",
        ),
        (
            {"word": Csr.of(x["word"])},
            r"\[predict, input 'word'\] expected .*a sparse one, which 'embedding' would read",
        ),
        ({"figures": Csr.of(x["figures"])}, r"a sparse one, which 'batchnormalization' would read"),
        ({"text": Csr.of(x["text"][:7])}, r"as many rows in each input"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.predict(x | changed_input)

"""Embedding as a layer: integer inputs of any type and layout, checked before they are addresses."""

import threading

import numpy as np
import pytest
from networks import weight_hash

import fastdnn as fd
from fastdnn import _core, lowering

L = fd.layers
ROWS, LENGTH, WORDS = 45, 5, 12
INTEGERS = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")


def words(seed=0, rows=ROWS, length=LENGTH, limit=WORDS):
    return np.random.default_rng(seed).integers(limit, size=(rows, length))


def labels(x):
    """What a table can learn: how many words of a row are in the upper half."""
    return (x >= WORDS // 2).sum(axis=1) % 3


def classifier(*, dtype="float32", backend="native", seed=0, optimizer="adam", length=LENGTH, dim=4):
    model = fd.Sequential(
        [fd.Input((length,), dtype="int32"), L.Embedding(WORDS, dim), L.Dense(8, "tanh"), L.Dense(3)],
        seed=seed,
        dtype=dtype,
    )
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], backend=backend)
    return model


def figures(x, **options):
    """The bits of everything that one can do with a model of indices."""
    model, y = classifier(**options), labels(np.asarray(x).astype(int))
    history = model.fit(x, y, batch_size=8, epochs=2, validation_split=0.2)
    return weight_hash(model), history.history, model.evaluate(x, y), model.predict(x, batch_size=7).tobytes()


def test_it_selects_rows():
    x = words()
    model = fd.Sequential([fd.Input((LENGTH,), dtype="int32"), L.Embedding(WORDS, 3)], seed=0)
    [table] = model.get_weights()
    assert table.shape == (WORDS, 3)
    assert np.abs(table).max() < 0.05  # Keras's initialiser
    assert np.abs(table).max() > 0.03
    np.testing.assert_array_equal(model.predict(x), table[x].reshape(ROWS, -1))
    assert model.output_shape == (None, LENGTH * 3)


def test_it_learns():
    x = words(rows=600)
    model = classifier(optimizer=fd.optimizers.Adam(0.02))
    model.fit(x, labels(x), epochs=60, batch_size=32)
    assert model.evaluate(x, labels(x))[1] > 0.95


def two_tables(backend, dtype="float64"):
    """Two tables of the same integers, one of which is used twice, and a frozen one."""
    start = fd.Input((LENGTH,), dtype="int32", name="words")
    shared = L.Embedding(WORDS, 4)
    parts = [shared(start), L.Embedding(WORDS + 3, 2)(start), L.Embedding(WORDS, 1, trainable=False)(start)]
    joined = L.Concatenate()([*parts, shared(start)])
    model = fd.Model(start, L.Dense(3)(L.Dense(6, activation="relu")(joined)), seed=1, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.SGD(0.02, momentum=0.9), loss, backend=backend)
    return model


def test_the_reference_trains_the_same():
    x = words()
    models = [two_tables(backend) for backend in ("native", "reference")]
    frozen = models[0].layers[3].get_weights()[0]
    histories = [model.fit(x, labels(x), batch_size=16, epochs=3).history for model in models]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-11)
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)
    np.testing.assert_array_equal(models[0].layers[3].get_weights()[0], frozen)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_the_gradient_by_differences(backend):
    x = words(rows=9)
    model = two_tables(backend)
    y = labels(x)
    _, gradients = model.loss_and_gradients(x, y)
    h = 1e-5
    for name in ("embedding/embeddings", "embedding_1/embeddings"):
        table = model.weights.read(name)
        for place in [(int(x[0, 0]), 0), (int(x[8, 4]), 1), (int(x[3, 2]), 1)]:
            losses = []
            for step in (h, -h):
                moved = table.copy()
                moved[place] += step
                model.weights.write({name: moved})
                losses.append(model.evaluate(x, y))
            model.weights.write({name: table})
            np.testing.assert_allclose(gradients[name][place], (losses[0] - losses[1]) / (2 * h), atol=1e-8)
        unused = np.setdiff1d(np.arange(len(table)), x)
        assert len(unused) > 0 or name == "embedding/embeddings"
        np.testing.assert_array_equal(gradients[name][unused], 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_one_hash_for_1_to_8_threads(dtype, batch_size):
    x = words(rows=101)
    x[:50, 0] = 3  # one that many places have
    hashes = {}
    for threads in range(1, 9):
        model = two_tables("native", dtype)
        history = model.fit(x, labels(x), batch_size=batch_size, epochs=2, threads=threads)
        hashes[threads] = weight_hash(model), tuple(history.history["loss"])
    assert len(set(hashes.values())) == 1, hashes


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "every other column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "both backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "unaligned": lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape),
    "read-only": lambda x: np.broadcast_to(x, x.shape),
    "one row again and again": lambda x: np.broadcast_to(x[:1].copy(), x.shape),
}


@pytest.mark.parametrize("dtype", [*INTEGERS, "f2", "f4", "f8", ">i4", ">f8", "g"])
def test_every_type_and_layout_of_whole_numbers(dtype):
    x = words().astype(dtype)
    assert figures(x) == figures(words())
    for name, layout in LAYOUTS.items():
        given = layout(x)
        before = given.tobytes()
        assert figures(given) == figures(np.array(given.astype(np.int64))), name
        assert given.tobytes() == before


def test_lists_and_bools_are_numbers():
    assert figures(words().tolist()) == figures(words())
    model = classifier()
    np.testing.assert_array_equal(model.predict(words() > 5), model.predict((words() > 5).astype(int)))


def test_the_model_is_built_by_its_first_data():
    x = words()
    model = fd.Sequential([L.Embedding(WORDS, 4), L.Dense(8, "tanh"), L.Dense(3)], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, labels(x), batch_size=8, epochs=2, validation_split=0.2)
    assert weight_hash(model) == figures(x)[0]


def test_batches_of_a_generator():
    x = words(rows=40)
    batches = [(x[i : i + 8], labels(x[i : i + 8])) for i in range(0, 40, 8)]
    whole, parts = classifier(), classifier()
    whole.fit(x, labels(x), batch_size=8, shuffle=False)
    parts.fit(iter(batches))
    assert weight_hash(whole) == weight_hash(parts)
    np.testing.assert_array_equal(parts.predict(iter(b[0] for b in batches)), parts.predict(x))
    bad = x[:8].copy()
    bad[0, 3] = WORDS
    with pytest.raises(ValueError, match=r"\[fit, epoch 1, batch 2\] expected whole .* in row 0, column 3"):
        parts.fit(iter([batches[0], (bad, labels(bad))]))


@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_restored_from_its_file(seed, tmp_path):
    x = words()
    model = [classifier, lambda: two_tables("native")][seed]()
    model.fit(x, labels(x))
    model.save(tmp_path / "model.safetensors")
    again = fd.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert [repr(layer) for layer in again.layers] == [repr(layer) for layer in model.layers]
    with pytest.raises(ValueError, match="whole numbers from 0 to 11"):
        again.predict(x + WORDS)


# ---- what is no index


def whole_type_limits(dtype):
    info = np.iinfo(dtype)
    return {int(info.min), int(info.max)} - set(range(WORDS))


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_the_first_wrong_number_is_named(backend):
    model = classifier(backend=backend)
    before = weight_hash(model)
    x = words()
    cases = [(dtype, value) for dtype in INTEGERS for value in whole_type_limits(dtype) | {WORDS}]
    cases += [("f8", value) for value in (np.nan, np.inf, -np.inf, 0.5, -1.0, 12.0, 1e300)]
    cases += [("f2", np.nan), ("f4", 2.0**31), ("g", 3.5)]
    for dtype, value in cases:
        bad = x.astype(dtype)
        bad[7, 2] = bad[30, 0] = value
        for call in (
            lambda bad=bad: model.fit(bad, labels(x)),
            lambda bad=bad: model.evaluate(bad, labels(x)),
            lambda bad=bad: model.predict(bad),
            lambda bad=bad: model.train_on_batch(bad, labels(x)),
            lambda bad=bad: model.fit(x, labels(x), validation_data=(bad, labels(x))),
        ):
            with pytest.raises(
                ValueError, match=r"expected whole numbers from 0 to 11 in x, got .* in row 7, column 2"
            ):
                call()
    assert weight_hash(model) == before


def test_the_least_table_counts():
    start = fd.Input((2,), dtype="int32")
    both = L.Concatenate()([L.Embedding(5, 1)(start), L.Embedding(3, 1)(start)])
    model = fd.Model(start, both, seed=0)
    model.predict(np.array([[0, 2]]))
    with pytest.raises(
        ValueError, match=r"from 0 to 2 in x, got 3 in row 0, column 1; layers.Embedding has 3 rows"
    ):
        model.predict(np.array([[0, 3]]))


def test_the_core_checks_again():
    """As if Python had let them pass: another thread may write the array meanwhile."""
    model = classifier()
    program = lowering.prediction_program(model.graph).to_native()
    plan = _core.Plan(program, model.weights.native, 8)
    inference = _core.Inference(plan, model.weights.native)
    for dtype in (*INTEGERS, "f4", "f8"):
        for value in (-1, WORDS, 2**31, 2**63):
            bad = words()
            try:
                bad = bad.astype(dtype)
                bad[7, 2] = value
            except OverflowError:
                continue
            if 0 <= bad[7, 2] < WORDS:
                continue
            with pytest.raises(
                ValueError, match=r"\[Feed\] expected 'input' as whole numbers from 0 to 11, got"
            ):
                inference.run([bad], 1, False)


def test_a_thread_that_writes_meanwhile_changes_numbers_only():
    x, stop = words(rows=2000).astype(np.int64), threading.Event()
    y = labels(x)

    def write():
        rng = np.random.default_rng(0)
        while not stop.is_set():
            x[rng.integers(2000)] = rng.integers(-(2**62), 2**62, LENGTH)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        model = classifier()
        for _ in range(20):
            for call in (lambda: model.fit(x, y), lambda: model.predict(x)):
                x[:] = words(rows=2000)
                try:
                    call()
                except ValueError as error:
                    assert "expected" in str(error)  # noqa: PT017
    finally:
        stop.set()
        writer.join()
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_refusals_say_what_to_do():
    x = fd.Input((3,), dtype="int32", name="words")
    for make, message in [
        (
            lambda: fd.Model(x, L.Dense(2)(x)),
            r"\[dense\] expected real features, got the integers of 'words'",
        ),
        (lambda: fd.Model(x, L.Dropout(0.5)(x)), r"\[dropout\] expected real features"),
        (lambda: fd.Model(x, x), r"\[model\] expected outputs of layers, got the integers of 'words'"),
        (
            lambda: fd.Sequential([fd.Input((3,)), L.Embedding(4, 2)]),
            r'\[embedding\] expected an integer Input, got the output of \'input\'; write .*dtype="int32"',
        ),
        (
            lambda: fd.Model(x, L.Embedding(4, 2)(L.Embedding(4, 2)(x))),
            r"\[embedding_1\] expected an integer Input, got the output of 'embedding'",
        ),
        (lambda: fd.Input((3,), dtype="int8"), r"\[Input\] expected dtype None or 'int32', got 'int8'"),
        (lambda: L.Embedding(0, 3), r"\[Embedding\] expected input_dim as a whole number >= 1"),
        (lambda: L.Embedding(3, 2.5), r"\[Embedding\] expected output_dim as a whole number >= 1"),
        (lambda: L.Embedding(2**31, 1), r"\[Embedding\] expected input_dim of at most 2147483647"),
        (lambda: L.Embedding(3, 2, "auto"), r"an initializer that does not depend on other layers"),
        (lambda: classifier().predict(words()[:, :3]), r"\(examples, 5\), got shape \(45, 3\)"),
        (
            lambda: classifier().loss_and_gradients(words(), labels(words()), inputs=True),
            r"expected real features in dense arrays, for inputs=True, got 'input': integers",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            make()


def test_the_native_program_refuses_what_does_not_fit():
    def program(index_cols=2, dim=3, cols=6, rows=4):
        p = _core.Program()
        x = p.value("x", "source", True, 0, index_cols, 0)
        table = p.value("table", "parameter", False, rows, dim, 0)
        y = p.value("y", "computed", False, 0, cols, -1)
        return p, x, table, y

    p, x, table, y = program()
    p.op("embedding", [table, x], [y], False)
    p, x, table, y = program(cols=5)
    with pytest.raises(ValueError, match="expected the rows of a table side by side for embedding"):
        p.op("embedding", [table, x], [y], False)
    p, x, table, y = program()
    real = p.value("real", "source", False, 0, 2, 1)
    with pytest.raises(ValueError, match="expected shapes that fit embedding"):
        p.op("embedding", [table, real], [y], False)

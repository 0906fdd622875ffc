"""IDX, CIFAR and SVMlight files: what is right is read, all else is a FormatError and costs no memory."""

import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest

import fastdnn as fd
from fastdnn.data import (
    CsrMatrix,
    load_cifar10,
    load_cifar100,
    load_cifar_batch,
    load_idx,
    load_mnist,
    load_svmlight,
)
from fastdnn.io import FormatError

RNG = np.random.default_rng(0)
CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def idx(array, code=None, sizes=None):
    """The bytes of an IDX file."""
    sizes = array.shape if sizes is None else sizes
    code = CODES[array.dtype.str.replace("|", "")] if code is None else code
    return bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + array.tobytes()


def outcome(call, limit_bytes=3_000_000):
    """The result or the FormatError, and that no memory to speak of was taken."""
    tracemalloc.start()
    try:
        return call()
    except FormatError as error:
        return error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < limit_bytes


def damaged(content):
    """Every truncation, and every single byte changed: each bit alone, all bits, to 0 and to 255."""
    for length in range(len(content)):
        yield "cut", content[:length]
    for place, byte in enumerate(content):
        for other in {byte ^ (1 << bit) for bit in range(8)} | {0, 255, byte ^ 255} - {byte}:
            yield "flipped", content[:place] + bytes([other]) + content[place + 1 :]


# -------------------------------------------------------------------------------------------------------- IDX


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (0,), (3, 0)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_of_every_type(tmp_path, dtype, shape, pack):
    want = RNG.integers(0, 100, shape).astype(dtype)
    (tmp_path / "a").write_bytes(pack(idx(want)))
    got = load_idx(tmp_path / "a")
    assert np.array_equal(got, want)
    assert got.dtype == want.dtype.newbyteorder("=")
    assert got.dtype.isnative
    assert got.flags.writeable


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_of_many_chunks(tmp_path, pack):
    for want in (RNG.integers(0, 256, 500_001).astype("u1"), np.zeros(3_000_000, "u1")):
        (tmp_path / "a").write_bytes(pack(idx(want)))
        assert np.array_equal(load_idx(tmp_path / "a"), want)


@pytest.mark.parametrize("level", [0, 1, 9])
def test_what_gzip_holds_back_is_read(tmp_path, level):
    """Runs and repeats end inside of what the inflater has taken in already."""
    for size in (1, 257, 258, 259, 65_535, 65_536, 65_537, 131_073):
        want = np.resize(np.arange(7, dtype="u1"), size)
        (tmp_path / "a").write_bytes(gzip.compress(idx(want), level))
        assert np.array_equal(load_idx(tmp_path / "a"), want)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with two zeros"),
        (b"\0\0\x08", "begins with two zeros"),
        (b"\x93NUMPY\x01\x00", "begins with two zeros"),
        (bytes([0, 0, 10, 1]), "a type among"),
        (bytes([0, 0, 8, 0]), "1 to 32 dimensions, got 0"),
        (bytes([0, 0, 8, 33]) + bytes(132), "1 to 32 dimensions, got 33"),
        (bytes([0, 0, 8, 3, 0, 0]), "sizes of 3 dimensions, got 2 bytes"),
        (idx(np.zeros(4, "u1"), sizes=(5,)), "expected 5 bytes for uint8 of shape (5,), got 4; cut short"),
        (idx(np.zeros(4, "u1"), sizes=(3,)), "got 4; there is something after the array"),
        (idx(np.zeros(4, "u1"), sizes=(2**32 - 1,) * 8), "cut short or altered"),
        (idx(np.zeros(0, "u1"), sizes=(0, *(2**32 - 1,) * 4)), "a shape that NumPy can hold"),
    ],
)
def test_idx_that_is_none(tmp_path, content, message):
    path = tmp_path / "a.idx"
    path.write_bytes(content)
    error = outcome(lambda: load_idx(path))
    assert isinstance(error, FormatError)
    assert message in str(error)
    assert str(error).startswith(f"[load_idx] '{path}': expected ")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx(np.zeros(0, "u1"), sizes=(4_000_000_000,))))
    assert "got at most" in str(outcome(lambda: load_idx(path), 500_000))
    path.write_bytes(gzip.compress(idx(np.zeros(50_000_000, "u1"), sizes=(10,))))
    assert "expected the end after 10 bytes" in str(outcome(lambda: load_idx(path), 1_000_000))


def test_gzip_with_something_after_it(tmp_path):
    path = tmp_path / "a.gz"
    whole = gzip.compress(idx(np.arange(3, dtype="u1")))
    for tail in (b"\0", whole):
        path.write_bytes(whole + tail)
        with pytest.raises(FormatError, match="one gzip member, got something after it"):
            load_idx(path)


@pytest.mark.parametrize("read", [load_idx, load_cifar_batch, load_svmlight])
def test_no_such_file_and_folders(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=rf"^\[{read.__name__}\] expected a file '.*gone', got none"):
        read(tmp_path / "gone")
    with pytest.raises(
        FormatError, match=rf"^\[{read.__name__}\] '.*': expected a regular file, got a folder"
    ):
        read(tmp_path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_damaged_idx_is_refused_or_an_array_of_the_file(tmp_path, pack):
    path = tmp_path / "a"
    content = pack(idx(np.arange(12, dtype="u1").reshape(2, 3, 2)))
    refused = {"cut": 0, "flipped": 0}
    for kind, bad in damaged(content):
        path.write_bytes(bad)
        result = outcome(lambda: load_idx(path))
        if isinstance(result, FormatError):
            refused[kind] += 1
        else:
            assert kind == "flipped"
            assert result.nbytes == 12
            if pack is gzip.compress:  # the checksum covers it: only the gzip header's idle bytes were hit
                assert np.array_equal(result.ravel(), np.arange(12))
    assert refused["cut"] == len(content)
    assert refused["flipped"] > len(content)


def mnist(folder, names, pack=bytes):
    images, labels = RNG.integers(0, 256, (6, 4, 5)).astype("u1"), np.arange(6, dtype="u1")
    arrays = (images, labels, images[:2], labels[:2])
    for name, array in zip(names, arrays, strict=True):
        (folder / name).write_bytes(pack(idx(array)))
    return arrays


PLAIN = [f"{p}-{k}-ubyte" for p in ("train", "t10k") for k in ("images-idx3", "labels-idx1")]


@pytest.mark.parametrize(
    ("names", "pack"),
    [
        (PLAIN, bytes),
        ([f"{name}.gz" for name in PLAIN], gzip.compress),
        ([name.replace("-idx", ".idx") for name in PLAIN], bytes),
    ],
)
def test_the_four_files_of_mnist(tmp_path, names, pack):
    want = mnist(tmp_path, names, pack)
    (x_train, y_train), (x_test, y_test) = load_mnist(tmp_path)
    for got, array in zip((x_train, y_train, x_test, y_test), want, strict=True):
        assert np.array_equal(got, array)
    (tmp_path / names[1]).write_bytes(pack(idx(np.arange(5, dtype="u1"))))
    with pytest.raises(FormatError, match="a label for each image, got 6 images and 5 labels"):
        load_mnist(tmp_path)
    (tmp_path / names[1]).write_bytes(pack(idx(np.zeros((6, 1), "u1"))))
    with pytest.raises(FormatError, match=r"\[load_mnist\] train: expected images .* shape \(6, 1\)"):
        load_mnist(tmp_path)
    (tmp_path / names[2]).unlink()
    with pytest.raises(FileNotFoundError, match="t10k-images-idx3-ubyte"):
        load_mnist(tmp_path)


# ------------------------------------------------------------------------------------------------------ CIFAR


def records(count, labels):
    """Records of random pixels with these label bytes, and the images."""
    x = RNG.integers(0, 256, (count, 32, 32, 3)).astype("u1")
    planes = x.transpose(0, 3, 1, 2).reshape(count, -1)
    return np.hstack([labels, planes]).astype("u1").tobytes(), x


def test_cifar_10(tmp_path):
    for number in range(1, 6):
        content, _ = records(2, np.array([[number], [9]]))
        (tmp_path / f"data_batch_{number}.bin").write_bytes(content)
    content, images = records(1201, RNG.integers(0, 10, (1201, 1)))
    (tmp_path / "test_batch.bin").write_bytes(content)
    (x_train, y_train), (x_test, y_test) = load_cifar10(tmp_path)
    assert x_train.shape == (10, 32, 32, 3)
    assert y_train.tolist() == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]
    assert np.array_equal(x_test, images)
    assert np.array_equal(y_test, np.frombuffer(content, "u1").reshape(1201, -1)[:, 0])
    assert x_test.flags.c_contiguous


def test_cifar_100(tmp_path):
    content, images = records(3, np.array([[19, 99], [0, 5], [7, 42]]))
    for name in ("train.bin", "test.bin"):
        (tmp_path / name).write_bytes(content)
    (x, fine), _ = load_cifar100(tmp_path)
    assert np.array_equal(x, images)
    assert fine.tolist() == [99, 5, 42]
    assert load_cifar100(tmp_path, "coarse")[1][1].tolist() == [19, 0, 7]


@pytest.mark.parametrize(
    ("classes", "content", "message"),
    [
        (10, b"", "got a file of 0"),
        (10, bytes(3072), "records of 3073 bytes, got a file of 3072"),
        (100, bytes(3073), "records of 3074 bytes, got a file of 3073"),
        (10, bytes(3073) + b"\x0a" + bytes(3072), "labels from 0 to 9, got 10 in record 1"),
        (100, b"\x14\x00" + bytes(3072), "labels from 0 to 19, got 20 in record 0"),
        (100, b"\x00\x64" + bytes(3072), "labels from 0 to 99, got 100 in record 0"),
    ],
)
def test_cifar_that_is_none(tmp_path, classes, content, message):
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=rf"^\[load_cifar_batch\] '{path}': expected .*{message}"):
        load_cifar_batch(path, classes)


def test_cifar_cut_and_with_other_labels(tmp_path):
    path = tmp_path / "a.bin"
    content, images = records(2, np.array([[3], [4]]))
    path.write_bytes(content)
    with path.open("r+b") as file:
        for place, byte in enumerate(content):
            other = byte ^ (1 << place % 8)
            os.pwrite(file.fileno(), bytes([other]), place)
            if place % 3073 == 0 and other >= 10:
                with pytest.raises(FormatError, match=f"got {other} in record {place // 3073}"):
                    load_cifar_batch(path)
            else:
                x, y = load_cifar_batch(path)
                assert np.count_nonzero(x != images) + np.count_nonzero(y != [3, 4]) == 1
            os.pwrite(file.fileno(), bytes([byte]), place)
        for byte in range(256):
            os.pwrite(file.fileno(), bytes([byte]), 3073)
            assert isinstance(outcome(lambda: load_cifar_batch(path)), FormatError) == (byte >= 10)
        for length in range(6145, -1, -1):
            file.truncate(length)
            if length != 3073:
                with pytest.raises(FormatError, match=f"got a file of {length}, which is no whole number"):
                    load_cifar_batch(path)


def test_cifar_arguments(tmp_path):
    with pytest.raises(ValueError, match="classes=10 or 100, got 20"):
        load_cifar_batch(tmp_path / "a", 20)
    with pytest.raises(ValueError, match="label_mode 'fine' or 'coarse', got 'both'"):
        load_cifar_batch(tmp_path / "a", 100, "both")


# --------------------------------------------------------------------------------------------------- SVMlight


def written(tmp_path, text):
    path = tmp_path / "a.svm"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_svmlight_rows(tmp_path):
    text = "# a comment\n+1 1:0.5 3:-2e-1 # more\n\n-1\n 0  2:.25\t4:7 \r\n1 4:1."
    x, y = load_svmlight(written(tmp_path, text))
    want = [[0.5, 0, -0.2, 0], [0, 0, 0, 0], [0, 0.25, 0, 7], [0, 0, 0, 1]]
    assert x.toarray().tolist() == want
    assert (y.tolist(), y.dtype) == ([1, -1, 0, 1], np.int64)
    x = load_svmlight(written(tmp_path, text), n_features=9, dtype="float32")[0]
    assert (x.shape, x.dtype, x.nnz) == ((4, 9), np.float32, 5)


def test_svmlight_from_zero_and_with_real_targets(tmp_path):
    path = written(tmp_path, "1.5 0:1 5:2\n2 1:3\n")
    x, y = load_svmlight(path, zero_based=True)
    assert (x.shape, y.tolist()) == ((2, 6), [1.5, 2.0])
    with pytest.raises(
        FormatError, match=r"a.svm', line 1: expected columns from 1 on, got 0; give zero_based"
    ):
        load_svmlight(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected at least one row, got none"),
        ("# only\n", "expected at least one row, got none"),
        ("a 1:2", "line 1: expected a target as a number, got 'a'"),
        ("1 1:2\nnan 1:2", "line 2: expected a target as a number, got 'nan'"),
        ("1,2 1:2", "expected a target as a number, got '1,2'"),
        ("1 qid:3 1:2", "expected column:value, got 'qid:3'"),
        ("1 1", "expected column:value, got '1'"),
        ("1 1:", "expected a value as a number, got ''"),
        ("1 :1", "expected column:value, got ':1'"),
        ("1 -1:1", "expected column:value, got '-1:1'"),
        ("1 1:1:1", "expected a value as a number, got '1:1'"),
        ("1 1:inf", "expected a value as a number, got 'inf'"),
        ("1 1:0x1", "expected a value as a number, got '0x1'"),
        ("1 1:1_0", "expected a value as a number, got '1_0'"),
        ("1 1:1e999", "expected numbers within float64's range, got '1 1:1e999'"),
        ("-1e999 1:1", "expected numbers within float64's range"),
        ("1:2 3:4", "expected a target as a number, got '1:2'"),
        (":", "expected a target as a number, got ':'"),
        ("1 1 :2", "expected column:value, got '1'"),
        ("1 1: 2", "expected a value as a number, got ''"),
        ("1 1:2 3:4:", "expected a value as a number, got '4:'"),
        ("1" * 3_000_000, "expected a target as a number, got '1111"),
        ("1" * 3_000_000 + "x", "expected a target as a number, got '1111"),
        ("1 1:" + "1" * 3_000_000 + "x 2:3", "expected a value as a number, got '1111"),
        ("1 " + "1" * 3_000_000 + ":2", "expected column:value, got '1111"),
        ("1 1:0." + "0" * 100, "expected a value as a number, got '0.000"),
        ("1 1:1e40", "expected values within the range of float32"),
        ("1 2:1 1:1", "expected ascending columns, got 1 after 2"),
        ("1 2:1 2:1", "expected ascending columns, got 2 after 2"),
        ("1 2147483648:1", "expected at most 2147483647 columns, got column 2147483648"),
        ("1 99999999999:1", "expected column:value"),
        (b"\xff\xfe1", "expected a target as a number"),
        (b"\0" * 100, "expected a target as a number"),
        (b"1" * (1 << 24), "expected lines of fewer than 16777216 bytes"),
    ],
)
def test_svmlight_that_is_none(tmp_path, text, message):
    path = written(tmp_path, text)
    error = outcome(lambda: load_svmlight(path, dtype="float32"), 50_000_000)
    assert isinstance(error, FormatError)
    assert message in str(error)
    assert str(error).startswith(f"[load_svmlight] '{path}'")


def test_a_large_column_costs_nothing_and_may_be_limited(tmp_path):
    path = written(tmp_path, "1 2147483647:1\n")
    assert outcome(lambda: load_svmlight(path))[0].shape == (1, 2**31 - 1)
    with pytest.raises(FormatError, match="expected at most 5 columns, got column 2147483647"):
        load_svmlight(path, 5)


def test_damaged_svmlight_is_refused_or_read(tmp_path):
    content = b"+1 1:0.5 13:2e1 #x\n-1 2:1\n"
    outcomes = {True: 0, False: 0}
    for _, bad in damaged(content):
        written(tmp_path, bad)
        result = outcome(lambda: load_svmlight(tmp_path / "a.svm"))
        outcomes[isinstance(result, FormatError)] += 1
        if not isinstance(result, FormatError):
            x, y = result
            assert np.isfinite(x.data).all()
            assert np.isfinite(y).all()
            assert x.shape[0] == len(y)
    assert min(outcomes.values()) > 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_features": 0}, "n_features as a whole number >= 1"),
        ({"n_features": 2**31}, "n_features of at most 2147483647"),
        ({"zero_based": "auto"}, "zero_based as True or False, got 'auto'"),
        ({"dtype": "int32"}, "dtype 'float32' or 'float64'"),
    ],
)
def test_svmlight_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        load_svmlight(tmp_path / "a", **arguments)


# -------------------------------------------------------------------------------------------------------- CSR


def sparse(rows=60, cols=30, seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(rows, cols)) * (rng.random((rows, cols)) < 0.2)
    dense[3] = 0
    row, column = np.nonzero(dense)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(np.int32)
    return CsrMatrix(starts, column.astype(np.int32), dense[row, column], dense.shape), dense


@pytest.mark.parametrize(
    "rows",
    [
        slice(None),
        slice(5, 9),
        slice(None, None, -7),
        [3],
        [3, 3, 59, 0],
        np.arange(60) % 3 == 0,
        np.array([], int),
        -1,
        slice(9, 9),
    ],
)
def test_rows_of_a_sparse_matrix(rows):
    x, dense = sparse()
    np.testing.assert_array_equal(x[rows].toarray(), np.atleast_2d(dense[rows]))
    assert len(x[rows]) == len(np.atleast_2d(dense[rows]))


def test_rows_that_there_are_not():
    x, _ = sparse()
    for rows in (60, [61], "a", np.zeros((2, 2), int), np.zeros(59, bool), 1.5):
        with pytest.raises(IndexError, match=r"^\[CsrMatrix\] expected rows"):
            x[rows]


def test_a_model_is_trained_and_split_on_what_is_read(tmp_path):
    dense = sparse()[1]
    y = (dense[:, 0] + dense[:, 1] > 0).astype(int)
    lines = [
        f"{label} " + " ".join(f"{c + 1}:{v!r}" for c, v in enumerate(row.tolist()) if v)
        for label, row in zip(y, dense, strict=True)
    ]
    got, labels = load_svmlight(written(tmp_path, "\n".join(lines)), n_features=30)
    np.testing.assert_array_equal(got.toarray(), dense)
    results = []
    for features in (got, dense):
        train, dev, _ = fd.data.train_dev_test_split(features, labels, dev=0.2, test=0)
        model = fd.Sequential([fd.layers.Dense(4, "relu"), fd.layers.Dense(2)], seed=0, dtype="float64")
        model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(*train, epochs=3, validation_data=dev)
        results.append(model.predict(dev[0]))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-9)

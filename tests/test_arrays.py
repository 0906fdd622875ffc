"""Readers of .npy and .npz: what NumPy writes is read; anything else is a FormatError and costs no memory."""

import errno
import os
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from fastdnn.data import load_arrays, load_npy_x, load_npz_xy
from fastdnn.io import FormatError

READERS = [load_npz_xy, load_npy_x, load_arrays]


def npy(header, data=b"", version=1):
    """A .npy file with any header text."""
    text = header.encode("utf-8" if version == 3 else "latin-1")
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H" if version == 1 else "<I", len(text))
        + text
        + data
    )


def described(shape, descr="'<f4'", fortran="False"):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


def zipped(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def overwrite(path, data):
    """In place, which is faster than a new file each time."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def peak_bytes(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# ------------------------------------------------------------------------------------------------ right files


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", ">f4", "i8", ">i2", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npz_and_npy_are_read_as_numpy_reads_them(tmp_path, save, dtype, order):
    x = np.asarray(np.arange(24).reshape(4, 3, 2) % 5, dtype, order=order)
    y = np.array([3, 1, 2, 0], dtype)
    save(tmp_path / "xy.npz", x=x, y=y, more=np.zeros(9))
    np.save(tmp_path / "x.npy", x)
    got_x, got_y = load_npz_xy(tmp_path / "xy.npz")
    for got, want in ((got_x, x), (got_y, y), (load_npy_x(str(tmp_path / "x.npy")), x)):
        assert np.array_equal(got, want)
        assert got.dtype == want.dtype.newbyteorder("=")
        assert got.flags.writeable
        assert got.dtype.isnative
    assert got_x.flags.f_contiguous == (order == "F")


def test_all_the_chunks_of_a_large_array_are_read(tmp_path):
    x = np.random.default_rng(0).integers(0, 255, 3_000_001).astype(np.uint8)
    np.savez_compressed(tmp_path / "xy.npz", x=x, y=x)
    got_x, got_y = load_npz_xy(tmp_path / "xy.npz")
    assert np.array_equal(got_x, x)
    assert np.array_equal(got_y, x)


def test_labels_may_be_text(tmp_path):
    np.savez(tmp_path / "xy.npz", x=np.eye(2), y=["cat", "dög"])
    assert load_npz_xy(tmp_path / "xy.npz")[1].tolist() == ["cat", "dög"]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_arrays_without_elements(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.zeros(shape))
    assert load_npy_x(tmp_path / "x.npy").shape == shape


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_of_the_format(tmp_path, version):
    x = np.arange(6, dtype="<f4")
    (tmp_path / "x.npy").write_bytes(npy(described("(2, 3)"), x.tobytes(), version))
    assert np.array_equal(load_npy_x(tmp_path / "x.npy"), x.reshape(2, 3))


def test_arrays_by_name(tmp_path):
    path = tmp_path / "set.npz"
    want = {
        "x_train": np.eye(3),
        "day": np.array(["2020-01-02"], "M8[D]"),
        "one": np.array(5),
        "c": np.array([1j]),
    }
    np.savez(path, **want)
    got = load_arrays(path)
    assert list(got) == list(want)
    assert all(np.array_equal(got[name], want[name]) for name in want)
    assert list(load_arrays(path, ["one", "x_train"])) == ["one", "x_train"]
    assert list(load_arrays(path, "day")) == ["day"]
    assert load_arrays(path, []) == {}


def test_arrays_not_asked_for_are_not_read(tmp_path):
    good = npy(described("(2,)"), bytes(8))
    zipped(tmp_path / "set.npz", {"x.npy": good, "y.npy": good, "z.npy": b"no array", "notes.txt": b"hello"})
    x, y = load_npz_xy(tmp_path / "set.npz")
    assert x.shape == y.shape == (2,)
    with pytest.raises(FormatError, match=r"z: expected an array in .npy format 1 to 3, got b'no array'"):
        load_arrays(tmp_path / "set.npz")


# -------------------------------------------------------------------------------------- not what it should be


@pytest.mark.parametrize("read", READERS)
def test_no_such_file(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=rf"^\[{read.__name__}\] expected a file '.*gone', got none"):
        read(tmp_path / "gone")


@pytest.mark.parametrize("read", READERS)
def test_folders_and_pipes_are_refused_at_once(tmp_path, read):
    with pytest.raises(
        FormatError, match=rf"^\[{read.__name__}\] '.*': expected a regular file, got a folder"
    ):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="expected a regular file, got a device or pipe"):
        read(tmp_path / "pipe")


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("content", [b"", b"P", b"x,y\n1,2\n", b"\x89PNG\r\n\x1a\n", bytes(1000)])
def test_other_formats(tmp_path, read, content):
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(
        FormatError, match=rf"^\[{read.__name__}\] '.*data': expected a .np[yz] file, got one that"
    ):
        read(tmp_path / "data")


def test_one_format_in_place_of_the_other(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(2))
    np.savez(tmp_path / "a.npz", x=np.eye(2), y=np.eye(2))
    with pytest.raises(FormatError, match=r"this is a .npy: use load_npy_x"):
        load_npz_xy(tmp_path / "a.npy")
    with pytest.raises(FormatError, match=r"this is a .npz: use load_npz_xy"):
        load_npy_x(tmp_path / "a.npz")


def test_missing_arrays_are_told_with_those_there_are(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.eye(2), labels=np.eye(2))
    with pytest.raises(FormatError, match=r"expected arrays named \['x', 'y'\], got \['labels', 'x'\]"):
        load_npz_xy(tmp_path / "a.npz")
    with pytest.raises(FormatError, match=r"expected arrays named \['z'\]"):
        load_arrays(tmp_path / "a.npz", ["z"])
    np.savez(tmp_path / "none.npz")
    with pytest.raises(FormatError, match=r"got \[\]"):
        load_npz_xy(tmp_path / "none.npz")


def test_lengths_and_kinds_must_fit(tmp_path):
    path = tmp_path / "a.npz"
    for x, y, words in [
        (np.eye(3), np.arange(4), "expected x and y of one length, got 3 and 4 rows"),
        (np.array(["a"]), np.arange(1), r"x: expected rows of numbers or booleans, got <U1 of shape \(1,\)"),
        (np.array([1j]), np.arange(1), "x: expected rows of numbers or booleans, got complex128"),
        (np.array(1.0), np.arange(1), r"x: expected rows of numbers or booleans, got float64 of shape \(\)"),
        (np.eye(1), np.array(0), r"y: expected rows of numbers, booleans or text, got int64 of shape \(\)"),
        (
            np.eye(1),
            np.array(["2020"], "M8[D]"),
            "y: expected rows of numbers, booleans or text, got datetime64",
        ),
    ]:
        np.savez(path, x=x, y=y)
        with pytest.raises(FormatError, match=rf"^\[load_npz_xy\] '.*a.npz': {words}"):
            load_npz_xy(path)


class Trap:
    """Unpickled, it calls a function."""

    sprung = False

    def __reduce__(self):
        return Trap.spring, ()

    @staticmethod
    def spring():
        Trap.sprung = True


def test_objects_are_never_unpickled(tmp_path):
    trap = np.array([Trap()], dtype=object)
    pickle.loads(pickle.dumps(trap))
    assert Trap.sprung  # the trap works
    Trap.sprung = False
    np.save(tmp_path / "x.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=np.eye(1), y=trap)
    with pytest.raises(FormatError, match=r"got Python objects, which only unpickling reads; .*np.array"):
        load_npy_x(tmp_path / "x.npy")
    with pytest.raises(FormatError, match=r"y: .*got Python objects"):
        load_npz_xy(tmp_path / "a.npz")
    (tmp_path / "x.npy").write_bytes(pickle.dumps(trap))
    with pytest.raises(FormatError):
        load_npy_x(tmp_path / "x.npy")
    assert not Trap.sprung


# -------------------------------------------------------------------------------------------- harmful headers

HEADERS = {
    "longer than the file": described("(3,)"),
    "shorter than the file": described("(1,)"),
    "huge": described("(1099511627776,)"),
    "product beyond 64 bits": described("(4294967296, 4294967296, 4294967296)"),
    "size beyond 64 bits": described("(0, 36893488147419103232)"),
    "negative": described("(-2,)"),
    "negative twice": described("(-1, -2)"),
    "bool as size": described("(True, 2)"),
    "float as size": described("(2.0,)"),
    "list as shape": described("[2]"),
    "no tuple": described("2"),
    "65 dimensions": described("(" + "1, " * 65 + ")"),
    "no bytes per item": described("(9223372036854775807,)", "'<U0'"),
    "huge text": described("(1,)", "'<U999999999'"),
    "unknown dtype": described("(2,)", "'<q4'"),
    "odd item size": described("(2,)", "'<f3'"),
    "unknown date": described("(2,)", "'<M8[parsec]'"),
    "record": described("(2,)", "[('a', '<f4')]"),
    "sub-array": described("(1,)", "('<f4', (2,))"),
    "void": described("(2,)", "'|V4'"),
    "list of text dtype": described("(2,)", "'f2,f2'"),
    "dtype as number": described("(2,)", "4"),
    "order as number": described("(2,)", fortran="0"),
    "field missing": "{'descr': '<f4', 'shape': (2,)}",
    "field too many": "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
    "no dict": "('<f4', False, (2,))",
    "unhashable key": "{[]: 1}",
    "call": described("(2,)", "__import__('os').getcwd()"),
    "arithmetic": described("(1 + 1,)"),
    "nothing": "",
    "not Python": "\x00\x01\x02",
    "indented": "  \n  {",
    "deep": "(" * 4_000 + ")" * 4_000,
    "deep minus": "-" * 9_000 + "1",
    "too long": described("(2,)") + " " * 10_000,
    "long number": described("(" + "9" * 5_000 + ",)"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_bad_headers_take_no_memory(tmp_path, name):
    def read_both():
        with pytest.raises(FormatError, match=r"^\[load_npy_x\] '.*x.npy': expected .*, got "):
            load_npy_x(tmp_path / "x.npy")
        with pytest.raises(FormatError, match=r"^\[load_npz_xy\] '.*a.npz': x: expected .*, got "):
            load_npz_xy(tmp_path / "a.npz")

    for version in (1, 2, 3):
        content = npy(HEADERS[name], bytes(8), version)
        (tmp_path / "x.npy").write_bytes(content)
        zipped(tmp_path / "a.npz", {"x.npy": content, "y.npy": content}, zipfile.ZIP_DEFLATED)
        assert peak_bytes(read_both) < 4_000_000


@pytest.mark.parametrize(
    "shape",
    [
        "(0, 4611686018427387904, 4611686018427387904)",
        "(4611686018427387904, 0, 8)",
        "(0, 9223372036854775808)",
        "(0, 36893488147419103232)",
    ],
)
def test_a_zero_among_huge_sizes(tmp_path, shape):
    (tmp_path / "x.npy").write_bytes(npy(described(shape)))
    with pytest.raises(
        FormatError, match=r"expected a shape (that NumPy can hold|of at most 64 whole numbers >= 0)"
    ):
        load_npy_x(tmp_path / "x.npy")


def test_a_header_length_beyond_the_file(tmp_path):
    for length in (2**16 - 1, 9_999):
        (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", length) + b"{}")
        with pytest.raises(FormatError, match="expected a header of "):
            load_npy_x(tmp_path / "x.npy")
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{}")
    with pytest.raises(FormatError, match="expected a header of at most 10000 bytes, got one of 4294967295"):
        load_npy_x(tmp_path / "x.npy")


def test_booleans_that_are_neither_true_nor_false(tmp_path):
    (tmp_path / "x.npy").write_bytes(npy(described("(2,)", "'|b1'"), b"\x01\x02"))
    with pytest.raises(FormatError, match="expected booleans of 0 or 1, got 2"):
        load_npy_x(tmp_path / "x.npy")


def with_sizes(path, compressed=None, plain=None):
    """The archive with other sizes in its directory and in its member, which zipfile would believe."""
    content = bytearray(path.read_bytes())
    local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    for value, offset in ((compressed, 0), (plain, 4)):
        if value is not None:
            content[local + 18 + offset : local + 22 + offset] = struct.pack("<I", value)
            content[central + 20 + offset : central + 24 + offset] = struct.pack("<I", value)
    path.write_bytes(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_sizes_that_the_archive_cannot_hold(tmp_path, method):
    huge = npy(described("(1000000000,)"))
    path = zipped(tmp_path / "a.npz", {"x.npy": huge + bytes(4)}, method)
    with_sizes(path, plain=len(huge) + 4_000_000_000)

    def read():
        with pytest.raises(FormatError, match=r"x: expected a member of 4000000.* which cannot hold them"):
            load_arrays(path)

    assert peak_bytes(read) < 1_000_000
    with_sizes(path, compressed=4_000_000_000)
    assert peak_bytes(read) < 1_000_000


def test_a_member_that_ends_early_though_its_size_is_possible(tmp_path):
    header = npy(described("(20000,)"))
    path = zipped(tmp_path / "a.npz", {"x.npy": header + bytes(79_996)}, zipfile.ZIP_DEFLATED)
    with_sizes(path, plain=len(header) + 80_000)
    with pytest.raises(FormatError, match="x: expected 80000 bytes of data, got 79996; it is cut short"):
        load_arrays(path)


def test_the_checksum_of_a_member_is_compared(tmp_path):
    path = zipped(tmp_path / "a.npz", {"x.npy": npy(described("(2,)"), b"abcdefgh")})
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abcdefgH"))
    with pytest.raises(FormatError, match=r"expected a whole .npz file, got Bad CRC-32"):
        load_arrays(path)


def test_a_failing_disk_is_no_format_error(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", x=np.eye(1), y=np.eye(1))

    def fail(*args):
        raise OSError(errno.EIO, "input/output")

    monkeypatch.setattr(zipfile.ZipFile, "infolist", fail)
    with pytest.raises(OSError, match="input/output"):
        load_npz_xy(tmp_path / "a.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(tmp_path, method):
    zipped(tmp_path / "a.npz", {"x.npy": npy(described("(2,)"), bytes(8))}, method)
    with pytest.raises(FormatError, match=rf"x: expected a member stored or deflated .* method {method};"):
        load_arrays(tmp_path / "a.npz")


def test_passwords_and_names_given_twice(tmp_path):
    path = zipped(tmp_path / "a.npz", {"x.npy": npy(described("(2,)"), bytes(8))})
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(FormatError, match="without a password, got compression method 0 with a password"):
        load_arrays(path)
    zipped(path, {"x.npy": b"", "z.npy": b""})
    path.write_bytes(path.read_bytes().replace(b"z.npy", b"x.npy"))
    with pytest.raises(FormatError, match="expected each array once, got 'x' twice"):
        load_arrays(path)


# --------------------------------------------------------------------------------------- damage at every byte


def small_npz(path, save):
    arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.array([True, False])}
    save(path, **arrays)
    return arrays, path.read_bytes()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_cut_at_every_byte(tmp_path, save):
    path = tmp_path / "a.npz"
    _, content = small_npz(path, save)
    for length in range(len(content)):
        overwrite(path, content[:length])
        with pytest.raises(FormatError, match=r"^\[load_npz_xy\] '.*a.npz': .*expected .*, got "):
            load_npz_xy(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_with_every_bit_flipped_is_refused_or_unharmed(tmp_path, save):
    """Names, sizes and checksums cover the content: what is accepted has the same arrays (a date was hit)."""
    path = tmp_path / "a.npz"
    arrays, content = small_npz(path, save)
    refused = 0
    for bit in range(8 * len(content)):
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        overwrite(path, altered)
        try:
            x, y = load_npz_xy(path)
        except FormatError:
            refused += 1
            continue
        assert x.tobytes() == arrays["x"].tobytes()
        assert x.shape == (2, 3)
        assert x.dtype == np.float32
        assert y.tobytes() == arrays["y"].tobytes()
        assert y.shape == (2,)
        assert y.dtype == np.bool_
    assert 4 * len(content) < refused < 8 * len(content)


def test_npy_cut_at_every_byte_or_with_one_more(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(6, dtype=np.int16).reshape(2, 3))
    content = path.read_bytes()
    for length in range(len(content)):
        overwrite(path, content[:length])
        with pytest.raises(FormatError, match=r"^\[load_npy_x\] '.*x.npy': expected .*, got "):
            load_npy_x(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(FormatError, match=r"expected 12 bytes for int16 of shape \(2, 3\), got 13"):
        load_npy_x(path)


def test_npy_with_every_bit_flipped_is_refused_or_an_array_of_these_bytes(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(6, dtype=np.int16).reshape(2, 3))
    content = path.read_bytes()
    outcomes = {"refused": 0, "read": 0}
    for bit in range(8 * len(content)):
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        overwrite(path, altered)
        try:
            x = load_npy_x(path)
        except FormatError:
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        assert x.nbytes == 12
        assert x.dtype.kind in "biuf"
        assert np.array_equal(x, np.load(path), equal_nan=x.dtype.kind == "f")
    assert outcomes["read"] >= 12 * 8
    assert outcomes["refused"] > 8 * 32

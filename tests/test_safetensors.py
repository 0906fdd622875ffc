"""The safetensors layout: agrees with the official library, refuses what is malformed, never loses a file."""

import errno
import json
import os
import resource
import signal
import stat
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from interpreters import run

from fastdnn.io import FormatError, read_safetensors, write_safetensors

DTYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
MOST_DIMENSIONS = 32 if np.__version__.startswith("1.") else 64
SMALL = {
    "w": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1, -2], np.int16),
    "mask": np.array([True, False, True]),
    "scalar": np.array(3.5),
    "none": np.zeros((0, 4), np.uint8),
}


def assert_same(got, want):
    assert set(got) == set(want)
    for name, array in got.items():
        assert array.dtype == want[name].dtype.newbyteorder("=")
        assert array.shape == want[name].shape
        assert array.tobytes() == want[name].astype(array.dtype).tobytes()


def content(header, data=b""):
    """A file with any header: text, or what becomes JSON."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


# -------------------------------------------------------------------------------------------------- both ways


def test_what_is_written_is_read(path):
    write_safetensors(path, SMALL, {"b": "2", "a": '{"é": [1]}'})
    got, metadata = read_safetensors(str(path))
    assert_same(got, SMALL)
    assert metadata == {"b": "2", "a": '{"é": [1]}'}
    for array in got.values():
        assert array.flags.writeable
        assert array.flags.c_contiguous
        assert array.flags.owndata
        assert array.dtype.isnative


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_official_library_reads_and_writes_the_same(path, dtype):
    theirs = path.with_name("theirs.safetensors")
    for shape in [(), (1,), (0,), (3, 0, 2), (2, 3, 4), (1,) * MOST_DIMENSIONS]:
        values = np.random.default_rng(0).integers(0, 2 if dtype == "?" else 100, shape).astype(dtype)
        tensors = {"x": values, 'name with ünïcode "quotes" \\ \n': np.ones(3)}
        write_safetensors(path, tensors, {"key": "välue"})
        assert_same(safetensors.numpy.load_file(path), tensors)
        with safetensors.safe_open(path, framework="numpy") as file:
            assert file.metadata() == {"key": "välue"}
        safetensors.numpy.save_file(tensors, theirs, {"key": "välue"})
        got, metadata = read_safetensors(theirs)
        assert_same(got, tensors)
        assert metadata == {"key": "välue"}


def test_bytes_are_those_of_the_official_library(path):
    """Items of different sizes: order, padding and separators are the same (equal sizes may differ)."""
    tensors = {
        "b": np.zeros(3, np.int16),
        "a": np.ones(5, np.int8),
        "c": np.ones((2, 2)),
        "d": np.ones(1, np.int32),
    }
    write_safetensors(path, tensors, {"made": "by"})
    assert path.read_bytes() == safetensors.numpy.save(tensors, {"made": "by"})


@pytest.mark.parametrize("pad", range(9))
def test_data_is_aligned_and_nothing_depends_on_the_order_given(path, pad):
    tensors = {
        "n" * (pad + 1): np.zeros(3, np.int8),
        "b": np.ones(2, np.float32),
        "a": np.ones(2, np.float32),
    }
    write_safetensors(path, tensors, {"x": "1", "y": "2"})
    first = path.read_bytes()
    length = int.from_bytes(first[:8], "little")
    header = json.loads(first[8 : 8 + length])
    assert (8 + length) % 8 == 0
    assert header["a"]["data_offsets"] == [0, 8]
    assert header["b"]["data_offsets"] == [8, 16]
    write_safetensors(path, dict(reversed(tensors.items())), {"y": "2", "x": "1"})
    assert path.read_bytes() == first


@pytest.mark.parametrize("dtype", ["f4", "i8", "?"])
def test_layouts_and_byte_orders(path, dtype):
    base = np.arange(24).reshape(4, 6).astype(dtype)
    readonly = base.copy()
    readonly.flags.writeable = False
    layouts = {
        "fortran": np.asfortranarray(base),
        "transposed": base.T,
        "reversed": base[::-1, ::-1],
        "strided": base[1::2, ::3],
        "swapped": base.astype(np.dtype(dtype).newbyteorder(">")),
        "broadcast": np.broadcast_to(base[0], (3, 6)),
        "readonly": readonly,
        "unaligned": np.frombuffer(b"\0" + base.tobytes(), np.uint8)[1:].view(dtype).reshape(4, 6),
    }
    write_safetensors(path, layouts)
    assert_same(read_safetensors(path)[0], layouts)


def test_no_arrays_and_no_metadata(path):
    write_safetensors(path, {})
    assert read_safetensors(path) == ({}, {})
    assert path.read_bytes() == content(b"{}      ")


def test_special_values_keep_their_bits(path):
    bits = np.array([0x7FC00001, 0xFFC12345, 0x7F800000, 0x80000000, 0x00000001], np.uint32)
    write_safetensors(path, {"x": bits.view(np.float32)})
    assert np.array_equal(read_safetensors(path)[0]["x"].view(np.uint32), bits)


# ------------------------------------------------------------------------------------- what cannot be written


@pytest.mark.parametrize(
    ("tensors", "metadata", "error", "words"),
    [
        ({"x": [1.0]}, {}, TypeError, "tensor 'x': expected a NumPy array, got list"),
        ({"x": np.array([1j])}, {}, ValueError, "tensor 'x': expected a dtype among F64, .*, got complex128"),
        ({"x": np.array(["a"])}, {}, ValueError, "got <U1"),
        ({"x": np.array([None])}, {}, ValueError, "got object"),
        ({"x": np.zeros(1, "f4,f4")}, {}, ValueError, "expected a dtype among"),
        ({"x": np.zeros(1, np.longdouble)}, {}, ValueError, "expected a dtype among"),
        ({"x": np.zeros(1, "M8[s]")}, {}, ValueError, "expected a dtype among"),
        ({1: np.zeros(1)}, {}, ValueError, "tensors: expected names that are text .*, got 1"),
        (
            {"__metadata__": np.zeros(1)},
            {},
            ValueError,
            "tensors: expected names that are text .*, got '__metadata__'",
        ),
        ({"\ud800": np.zeros(1)}, {}, ValueError, r"tensors: expected names that are text .*, got '\\ud800'"),
        ({}, {"a": 1}, ValueError, "metadata: expected text for text, got 'a': 1; .*json.dumps"),
        ({}, {2: "a"}, ValueError, "metadata: expected text for text, got 2: 'a'"),
        ({}, {"a": "\udfff"}, ValueError, "metadata: expected text for text"),
    ],
)
def test_what_the_layout_cannot_hold_touches_no_file(path, tensors, metadata, error, words):
    path.write_bytes(b"old")
    with pytest.raises(error, match=rf"^\[write_safetensors\] .*{words}"):
        write_safetensors(path, tensors, metadata)
    assert path.read_bytes() == b"old"
    assert names(path.parent) == [path.name]


def test_headers_that_could_not_be_read_back_are_not_written(path, monkeypatch):
    write_safetensors(path, SMALL, {"a": "b" * 10_000})
    before = path.read_bytes()
    monkeypatch.setattr("fastdnn.io.safetensors.MAX_HEADER_BYTES", 10_000)
    with pytest.raises(
        ValueError, match=r"names and metadata of at most 10000 bytes together, got 10[0-9]{3};"
    ):
        write_safetensors(path, SMALL, {"a": "b" * 10_000})
    assert path.read_bytes() == before
    with pytest.raises(FormatError, match="expected a header of at most 10000 bytes"):
        read_safetensors(path)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(
        ValueError, match=r"^\[write_safetensors\] expected a path to a file, got the folder '"
    ):
        write_safetensors(tmp_path, SMALL)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="got the device or pipe '"):
        write_safetensors(tmp_path / "pipe", SMALL)
    with pytest.raises(FileNotFoundError, match=r"^\[write_safetensors\] expected a folder '.*no', got none"):
        write_safetensors(tmp_path / "no" / "a", SMALL)
    assert names(tmp_path) == ["pipe"]


# -------------------------------------------------------------------------------------------- modes and links


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_of_any_new_file(path, umask, mode):
    before = os.umask(umask)
    try:
        write_safetensors(path, SMALL)
        path.with_name("plain").write_bytes(b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(path.with_name("plain").stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o600, 0o666, 0o640, 0o755])
def test_an_existing_file_keeps_its_mode(path, mode):
    path.write_bytes(b"old")
    path.chmod(mode)
    write_safetensors(path, SMALL)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert_same(read_safetensors(path)[0], SMALL)


def test_links_are_followed_and_stay(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link, chain = tmp_path / "elsewhere" / "target", tmp_path / "link", tmp_path / "chain"
    link.symlink_to("elsewhere/target")  # relative, and dangling until the first write
    chain.symlink_to(link)
    write_safetensors(chain, SMALL)
    assert link.is_symlink()
    assert chain.is_symlink()
    assert not target.is_symlink()
    assert_same(read_safetensors(target)[0], SMALL)
    write_safetensors(link, {})
    assert read_safetensors(chain) == ({}, {})
    assert names(tmp_path) == ["chain", "elsewhere", "link"]
    assert names(target.parent) == ["target"]


def test_a_link_to_itself_is_refused(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match=r"loop|symbolic"):
        write_safetensors(tmp_path / "loop", SMALL)
    assert names(tmp_path) == ["loop"]
    assert (tmp_path / "loop").is_symlink()


def test_names_as_long_as_the_file_system_takes(tmp_path):
    write_safetensors(tmp_path / ("n" * 255), SMALL)
    assert names(tmp_path) == ["n" * 255]


def test_another_name_of_the_old_file_keeps_the_old_content(path):
    path.write_bytes(b"old")
    other = path.with_name("other")
    other.hardlink_to(path)
    write_safetensors(path, SMALL)
    assert other.read_bytes() == b"old"


# ------------------------------------------------------------------------------------------ a save that fails

FAILURES = [
    OSError(errno.ENOSPC, "no space"),
    OSError(errno.EIO, "input/output"),
    KeyboardInterrupt(),
    MemoryError(),
]


def failing(monkeypatch, name, failure, call):
    """Makes the call-th call of os.name raise."""
    real, calls = getattr(os, name), []

    def wrapped(*args, **options):
        calls.append(args)
        if len(calls) == call:
            raise failure
        return real(*args, **options)

    monkeypatch.setattr(os, name, wrapped)
    return calls


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
@pytest.mark.parametrize(
    ("name", "old"),
    [("fsync", True), ("fsync", False), ("replace", True), ("replace", False), ("fchmod", True)],
)
def test_a_failure_before_the_rename_leaves_things_as_they_were(path, monkeypatch, failure, name, old):
    if old:
        write_safetensors(path, SMALL)
    before = path.read_bytes() if old else None
    calls = failing(monkeypatch, name, failure, 1)
    with pytest.raises(type(failure)):
        write_safetensors(path, {"new": np.ones(5)})
    assert len(calls) == 1
    assert names(path.parent) == ([path.name] if old else [])
    assert not old or path.read_bytes() == before


def test_a_failure_of_the_folder_flush_is_raised_with_the_new_file_in_place(path, monkeypatch):
    write_safetensors(path, SMALL)
    calls = failing(monkeypatch, "fsync", OSError(errno.EIO, "input/output"), 2)
    with pytest.raises(OSError, match="input/output"):
        write_safetensors(path, {"new": np.ones(5)})
    assert len(calls) == 2
    assert names(path.parent) == [path.name]
    assert_same(read_safetensors(path)[0], {"new": np.ones(5)})


def test_the_bytes_reach_the_disk_before_the_name_and_then_the_folder(path, monkeypatch):
    events = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor):
        status = os.fstat(descriptor)
        events.append("folder" if stat.S_ISDIR(status.st_mode) else status.st_size)
        real_fsync(descriptor)

    def replace(source, target):
        events.append("replace")
        assert Path(source).parent == Path(target).parent
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_safetensors(path, SMALL)
    assert events == [path.stat().st_size, "replace", "folder"]


def test_a_full_disk(path):
    """A limit on the size of files fails the write itself, after some of it was done."""
    write_safetensors(path, SMALL)
    before = path.read_bytes()
    old_limit, old_signal = (
        resource.getrlimit(resource.RLIMIT_FSIZE),
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, old_limit[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            write_safetensors(path, {"x": np.ones(1 << 18)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_signal)
    assert caught.value.errno == errno.EFBIG
    assert names(path.parent) == [path.name]
    assert path.read_bytes() == before


KILLED = """
import os, sys
import numpy as np
from fastdnn.io import write_safetensors
setattr(os, sys.argv[2], lambda *args: os._exit(9))
write_safetensors(sys.argv[1], {"new": np.ones(5)})
"""


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_killed_save_leaves_the_old_file(path, name):
    write_safetensors(path, SMALL)
    assert run(KILLED, str(path), name).returncode == 9
    assert_same(read_safetensors(path)[0], SMALL)


# -------------------------------------------------------------------------------------------- malformed files


def test_no_such_file(path):
    with pytest.raises(FileNotFoundError, match=r"^\[read_safetensors\] expected a file '.*', got none"):
        read_safetensors(path)


def test_folders_and_pipes_are_refused_at_once(tmp_path):
    with pytest.raises(
        FormatError, match=r"^\[read_safetensors\] '.*': expected a regular file, got a folder"
    ):
        read_safetensors(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="expected a regular file, got a device or pipe"):
        read_safetensors(tmp_path / "pipe")


def refused(path, data, words):
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=rf"^\[read_safetensors\] '{path}': .*{words}") as caught:
            read_safetensors(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "expected" in str(caught.value)
    assert "got" in str(caught.value)
    assert len(str(caught.value)) < 1_000
    assert peak < 30 * len(data) + 1_000_000
    with pytest.raises(safetensors.SafetensorError):  # and so does the official library
        safetensors.numpy.load(data)


HEADERS = {
    "no header": (b"", "starts with"),
    "text": (b"hello", "starts with"),
    "list": (b"[]", "starts with"),
    "space first": (b' {"x": 1}', "starts with"),
    "byte order mark": ("\ufeff{}".encode(), "starts with"),
    "unfinished": (b'{"x": ', "in JSON"),
    "two objects": (b"{}{}", "in JSON"),
    "zero after": (b"{}\0\0", "in JSON"),
    "single quotes": (b"{'x': 1}", "in JSON"),
    "comma at the end": (b'{"__metadata__": {},}', "in JSON"),
    "line end in a name": (b'{"a\nb": 1}', "in JSON"),
    "not UTF-8": (b'{"\xff": 1}', "in JSON"),
    "half a pair": (b'{"\\ud800": 1}', "valid Unicode"),
    "half a pair in metadata": (b'{"__metadata__": {"a": "\\udc00"}}', "text for text"),
    "NaN": (b'{"x": NaN}', "strict JSON, got NaN"),
    "Infinity": (b'{"__metadata__": {"a": -Infinity}}', "strict JSON, got -Infinity"),
    "deep lists": (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deep"),
    "deep objects": (b'{"x":' * 100_000 + b"1" + b"}" * 100_000, "too deep"),
    "deep and unfinished": (b'{"x": ' + b"[" * 100_000, "too deep"),
    "field twice": (
        b'{"x": {"dtype": "F32", "dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}',
        "twice",
    ),
    "metadata twice": (b'{"__metadata__": {}, "__metadata__": {}}', "twice"),
    "metadata a list": ({"__metadata__": []}, "__metadata__ to be an object"),
    "metadata a number": ({"__metadata__": {"a": 1}}, "text for text in __metadata__"),
    "metadata nested": ({"__metadata__": {"a": {}}}, "text for text in __metadata__"),
    "metadata null": ({"__metadata__": {"a": None}}, "text for text in __metadata__"),
    "entry a number": ({"x": 1}, "dtype, shape and data_offsets"),
    "entry null": ({"x": None}, "dtype, shape and data_offsets"),
    "entry empty": ({"x": {}}, "dtype, shape and data_offsets"),
    "entry a list": ({"x": [1, 2, 3]}, "dtype, shape and data_offsets"),
    "no shape": ({"x": {"dtype": "F32", "data_offsets": [0, 8]}}, "dtype, shape and data_offsets"),
    "unknown dtype": ({"x": entry("F31")}, "dtype among"),
    "small letters": ({"x": entry("f32")}, "dtype among"),
    "dtype a number": ({"x": entry(32)}, "dtype among"),
    "dtype a list": ({"x": entry(["F32"])}, "dtype among"),
    "dtype null": ({"x": entry(None)}, "dtype among"),
    "negative sizes": ({"x": entry(shape=(-1, -2))}, "whole numbers >= 0"),
    "size true": ({"x": entry(shape=(True, 2))}, "whole numbers >= 0"),
    "size 2.0": ({"x": entry(shape=(2.0,))}, "whole numbers >= 0"),
    "size 1e400": (
        b'{"x": {"dtype": "F32", "shape": [1e400], "data_offsets": [0, 8]}}',
        "whole numbers|JSON",
    ),
    "size text": ({"x": entry(shape=("2",))}, "whole numbers >= 0"),
    "size null": ({"x": entry(shape=(None,))}, "whole numbers >= 0"),
    "shape a number": ({"x": {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]}}, "whole numbers >= 0"),
    "size beyond 64 bits": ({"x": entry(shape=(0, 2**64))}, "whole numbers >= 0"),
    "thousands of digits": (
        b'{"x": {"dtype": "F32", "shape": [' + b"9" * 9_000 + b'], "data_offsets": [0, 8]}}',
        "JSON",
    ),
    "product beyond 64 bits": (
        {"x": entry(shape=(2**32, 2**32, 2**32))},
        "expected 316912650057057350374175801344 b",
    ),
    "product that wraps to the right size": (
        {"x": entry(shape=(2**62, 2**62, 2))},
        "expected .* bytes for F32",
    ),
    "terabytes": (
        {"x": entry(shape=(2**40,), offsets=(0, 2**42))},
        "expected 4398046511104 bytes of data, got 8",
    ),
    "too few bytes": ({"x": entry(shape=(3,))}, "expected 12 bytes for F32"),
    "too many bytes": ({"x": entry(shape=(1,))}, "expected 4 bytes for F32"),
    "offsets reversed": ({"x": entry(offsets=(8, 0))}, "expected 8 bytes for F32"),
    "offsets negative": ({"x": entry(offsets=(-8, 0))}, r"data_offsets \[begin, end\]"),
    "offsets true": ({"x": entry("U8", (1,), (False, True))}, r"data_offsets \[begin, end\]"),
    "one offset": ({"x": entry(offsets=(8,))}, r"data_offsets \[begin, end\]"),
    "three offsets": ({"x": entry(offsets=(0, 8, 8))}, r"data_offsets \[begin, end\]"),
    "offsets floats": ({"x": entry(offsets=(0.0, 8.0))}, r"data_offsets \[begin, end\]"),
    "offsets beyond 64 bits": ({"x": entry(offsets=(2**64, 2**64 + 8))}, r"data_offsets \[begin, end\]"),
    "beyond the end": ({"x": entry(offsets=(8, 16))}, "begin at 0, where those before it end, got 8"),
    "not from the start": (
        {"x": entry(shape=(1,), offsets=(4, 8))},
        "begin at 0, where those before it end, got 4",
    ),
    "not to the end": (
        {"x": entry(shape=(1,), offsets=(0, 4))},
        "expected 4 bytes of data, got 8; something follows",
    ),
    "gap": ({"x": entry("U8", (2,), (0, 2)), "y": entry("U8", (4,), (4, 8))}, "'y': .*begin at 2, .* got 4"),
    "overlap": (
        {"x": entry("U8", (6,), (0, 6)), "y": entry("U8", (4,), (4, 8))},
        "'y': .*begin at 6, .* got 4",
    ),
    "same bytes twice": ({"x": entry(), "y": entry()}, "'y': .*begin at 8, .* got 0"),
    "nothing for the data": ({}, "expected 0 bytes of data, got 8"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_malformed_headers(path, name):
    header, words = HEADERS[name]
    refused(path, content(header, bytes(8)), words)


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 2**63 - 8, 2**32, 100_000_001, 11])
def test_header_lengths_beyond_the_file(path, length):
    refused(
        path,
        length.to_bytes(8, "little") + b'{"a": 1}  ',
        "expected a header of at most 10 bytes, got a header len",
    )


def test_a_header_beyond_the_limit_is_not_read(path):
    with path.open("wb") as file:
        file.write((100_000_001).to_bytes(8, "little") + b"{")
        file.truncate(200_000_000)  # sparse: takes no room
    tracemalloc.start()
    try:
        with pytest.raises(
            FormatError, match=r"expected a header of at most 100000000 bytes, got .* 100000001"
        ):
            read_safetensors(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


# What the official library takes and this reader does not, each for a reason.
STRICTER = {
    "name twice": (
        content(b'{"x": %b, "x": %b}' % ((json.dumps(entry()).encode(),) * 2), bytes(8)),
        "expected each name once, got 'x' twice",
    ),
    "unknown field": (content({"x": entry(more=1)}, bytes(8)), "expected dtype, shape and data_offsets, got"),
    "fields without names": (
        content({"x": ["F32", [2], [0, 8]]}, bytes(8)),
        "expected dtype, shape and data_offsets",
    ),
    "bfloat16": (content({"x": entry("BF16", (4,))}, bytes(8)), "dtype that NumPy has, got BF16; .*F32"),
    "boolean of 2": (content({"x": entry("BOOL", (8,))}, b"\2" * 8), "BOOL bytes of 0 or 1, got 2"),
    "more dimensions than NumPy has": (
        content({"x": entry(shape=(1,) * 65 + (2,))}, bytes(8)),
        "at most 64 whole",
    ),
    "zero among huge sizes": (
        content({"x": entry(shape=(0, 2**61, 2**61), offsets=(0, 0))}),
        "shape that NumPy can hold",
    ),
}


@pytest.mark.parametrize("name", STRICTER)
def test_stricter_than_the_official_library(path, name):
    data, words = STRICTER[name]
    path.write_bytes(data)
    with pytest.raises(FormatError, match=rf"^\[read_safetensors\] '{path}': .*{words}"):
        read_safetensors(path)


def test_long_names_do_not_make_long_messages(path):
    path.write_bytes(content({"n" * 1_000_000: entry(["v" * 1_000_000])}, bytes(8)))
    with pytest.raises(FormatError) as caught:
        read_safetensors(path)
    assert len(str(caught.value)) < 1_000


def test_a_file_cut_while_it_is_read(path, monkeypatch):
    write_safetensors(path, SMALL)
    real, size = os.fstat, path.stat().st_size
    for left, words in [
        (size - 1, "tensor 'mask': expected 3 bytes, got fewer; the file changed"),
        (9, "in JSON"),
    ]:
        monkeypatch.setattr(os, "fstat", lambda file, left=left: (real(file), os.truncate(path, left))[0])
        with pytest.raises(FormatError, match=words):
            read_safetensors(path)


# --------------------------------------------------------------------------------------- damage at every byte


def official(data):
    """The arrays, None when the official library refuses the file."""
    try:
        return safetensors.numpy.load(bytes(data))
    except (safetensors.SafetensorError, KeyError):  # KeyError: a dtype without a NumPy counterpart
        return None


def outcome(path, data):
    """The arrays, None for FormatError; nothing else may happen, nor may the official library disagree."""
    with path.open(
        "r+b" if path.exists() else "xb"
    ) as file:  # in place, which is faster than a new file each time
        file.write(data)
        file.truncate()
    try:
        got, metadata = read_safetensors(path)
    except FormatError:
        return None
    theirs = official(data)
    assert theirs is not None, f"accepted what the official library refuses: {bytes(data)!r}"
    assert_same(got, theirs)
    assert all(isinstance(text, str) for pair in metadata.items() for text in pair)
    return got


def test_cut_at_every_byte_or_one_more(path):
    write_safetensors(path, SMALL, {"a": "b"})
    data = path.read_bytes()
    for length in range(len(data)):
        assert outcome(path, data[:length]) is None
    assert outcome(path, data + b"\0") is None
    assert outcome(path, data) is not None


def test_every_bit_flipped(path):
    write_safetensors(path, SMALL, {"a": "b"})
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    accepted = 0
    for bit in range(8 * len(data)):
        altered = bytearray(data)
        altered[bit // 8] ^= 1 << bit % 8
        got = outcome(path, altered)
        if bit < 8 * 8:
            assert got is None  # no other header length fits
        if bit < 8 * start:
            accepted += got is not None  # a letter of a name, for instance
        elif got is not None:
            differ = [name for name in SMALL if got[name].tobytes() != SMALL[name].tobytes()]
            assert len(differ) == 1
        else:
            assert start + 8 + 24 + 4 <= bit // 8  # only the booleans, which come last
    assert 100 < accepted < 4 * start


def test_every_byte_replaced(path):
    write_safetensors(path, {"w": np.arange(2, dtype=np.int8)})
    data = path.read_bytes()
    seen = set()
    for position in range(len(data)):
        for byte in range(0, 256, 7):
            altered = bytearray(data)
            altered[position] = byte
            seen.add(outcome(path, altered) is None)
    assert seen == {True, False}


def test_headers_put_together_at_random(path):
    """Fields drawn from a few right and wrong values, so that many checks are passed before one fails."""
    rng = np.random.default_rng(0)
    dtypes = ["F32", "I32", "U8", "BF16", "X", 1, None]
    shapes = [[2], [1, 2], [], [0], [8], [4], [-2], [True], [2.5], "2", [2**63]]
    offsets = [[0, 8], [8, 16], [0, 4], [4, 8], [8, 8], [0, 0], [16, 24], [8, 0], [0], [0.0, 8.0], "0"]
    weights = np.array([60, 20, 10, 5, 5, 5, 1, 1, 1, 1, 1], float)
    counts = {True: 0, False: 0}
    for _ in range(3_000):
        header = {
            name: {
                "dtype": dtypes[rng.choice(7, p=np.array([30, 10, 10, 1, 1, 1, 1]) / 54)],
                "shape": shapes[rng.choice(11, p=weights / weights.sum())],
                "data_offsets": offsets[rng.choice(11, p=weights / weights.sum())],
            }
            for name in "xyz"[: rng.integers(1, 4)]
        }
        counts[outcome(path, content(header, bytes(int(rng.choice([8, 16, 24]))))) is None] += 1
    assert counts[True] > 1_000
    assert counts[False] > 50

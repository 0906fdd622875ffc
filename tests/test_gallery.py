"""docs/gallery.md: its blocks run, its pictures are there and can be read, and no function is forgotten."""

import re
from pathlib import Path

import pytest
from matplotlib_or_skip import Figure  # noqa: F401, which skips where there is none
from plot_checks import check

import fastdnn as fd

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gallery.md"
if not PAGE.exists():
    pytest.skip(f"no {PAGE}: copy docs/ beside tests/", allow_module_level=True)
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```(?:\n\n!\[([^\]]*)\]\(pictures/(\w+)\.png\))?", TEXT, re.DOTALL)
PICTURES = {name: code for code, _, name in BLOCKS if name}
LARGEST, ALL = 60_000, 2_000_000  # bytes


@pytest.fixture(scope="module")
def beginning():
    names = {}
    exec(compile("".join(code for code, _, name in BLOCKS if not name), "gallery.md", "exec"), names)
    return names


@pytest.mark.parametrize("name", PICTURES)
def test_a_block_draws_a_picture_that_can_be_read(name, beginning):
    if "study()" in PICTURES[name]:
        pytest.importorskip("optuna", reason="needs optuna, of the extra `tune`")
    names = dict(beginning)
    exec(compile(PICTURES[name], f"gallery.md, {name}", "exec"), names)
    check(names["ax"])


def test_every_public_function_is_there():
    assert set(re.findall(r"`fd\.plots\.(\w+)`", TEXT)) == set(fd.plots.__all__)


def test_each_block_but_the_first_has_a_picture_that_says_what_it_shows():
    assert [name for _, _, name in BLOCKS].index("") == 0
    assert all(name and len(words) > 10 for _, words, name in BLOCKS[1:])
    assert len(PICTURES) == len(BLOCKS) - 1


def test_the_pictures_are_there_small_and_no_others():
    files = {path.stem: path.stat().st_size for path in (PAGE.parent / "pictures").iterdir()}
    assert set(files) == set(PICTURES)
    assert max(files.values()) <= LARGEST
    assert sum(files.values()) <= ALL
    for name in files:
        head = (PAGE.parent / "pictures" / f"{name}.png").read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        assert int.from_bytes(head[16:20], "big") == 800  # pixels wide

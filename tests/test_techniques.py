"""docs/techniques.md: blocks run and print what they say, names exist, the index leads to the rows."""

import contextlib
import io
import re
from functools import reduce
from pathlib import Path

import pytest

import fastdnn as fd

PAGE = Path(__file__).resolve().parents[1] / "docs" / "techniques.md"
if not PAGE.exists():
    pytest.skip(f"no {PAGE}: copy docs/ beside tests/", allow_module_level=True)
TEXT = PAGE.read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
CHAPTERS = ("Data", "Networks", "Losses and regularisation", "Optimisers", "Diagnosis", "Tuning")
NOT_IN_THE_DECKS = (
    "L-BFGS",
    "Learning rate: cosine, warm-up, one cycle",
    "Confusion matrix, precision, recall, F1",
    "ROC curve and top-k",
    "Calibration",
    "Stopping bad trials early",
    "Cross-validation",
)


def sections(mark, text):
    """{heading: text} of the headings that begin with this mark."""
    parts = re.split(rf"^{mark} (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


CHAPTER = sections("##", TEXT)
ROWS = {name: text for chapter in CHAPTERS for name, text in sections("###", CHAPTER[chapter]).items()}
BEGINNING = BLOCK.search(TEXT).group(1)


def decks(text):
    """{deck: headings} of the "Decks:" part of a row."""
    found = {}
    for part in re.findall(r"Decks:(.*?)(?=\n\n|\n- |\Z)", text, flags=re.DOTALL):
        for deck, headings in re.findall(r'(\d{3}) ((?:"[^"]+"(?:,\s+)?)+)', " ".join(part.split())):
            found.setdefault(deck, []).extend(re.findall(r'"([^"]+)"', headings))
    return found


def anchor(heading):
    """GitHub's name of a heading in links."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def printed(code):
    """The lines that a block says it prints."""
    lines = []
    for line in code.splitlines():
        if line.startswith("# "):
            lines.append(line[2:])
        elif line.startswith("print(") and "  # " in line:
            lines.append(line.rpartition("  # ")[2])
    return lines


def index():
    """{deck: [(heading, names of rows)]} as the page's index has them."""
    found = {}
    for title, text in sections("###", CHAPTER["Index by deck"]).items():
        lines = re.findall(r"^\| (.*?) \| (\[.*\) )\|$", text, flags=re.MULTILINE)
        found[title[5:8]] = [(heading, re.findall(r"\[([^\]]+)\]\(#([^)]+)\)", to)) for heading, to in lines]
    return found


@pytest.mark.parametrize("name", ROWS)
def test_a_block_runs_and_keeps_what_it_says(name):
    (code,) = BLOCK.findall(ROWS[name])
    wanted = printed(code)
    assert wanted or re.search(r"^ *assert ", code, flags=re.MULTILINE), "nothing is claimed"
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(BEGINNING + code, f"techniques.md, {name}", "exec"), {})
    assert out.getvalue().splitlines() == wanted


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_complete(name):
    text = ROWS[name]
    assert len(re.findall(r"^Expect: ", text, flags=re.MULTILINE)) == 1
    assert decks(text) or name in NOT_IN_THE_DECKS
    assert len(text.split()) < 330, "a row is short"


def test_every_function_that_is_named_exists():
    names = set(re.findall(r"\bfd((?:\.[A-Za-z_0-9]+)+)", TEXT))
    assert len(names) > 80
    for name in names:
        reduce(getattr, name[1:].split("."), fd)
    for name in set(re.findall(r"`model\.([a-z_]+)", TEXT)):
        assert hasattr(fd.Model, name), name


def test_every_script_that_is_named_exists():
    names = set(re.findall(r"examples/(\w+\.\w+)", TEXT))
    assert names
    for name in names:
        assert (PAGE.parents[1] / "examples" / name).exists(), name


def test_the_index_has_every_heading_of_the_rows_and_no_others():
    rows = {**ROWS, "not here yet": CHAPTER["Not here yet"]}
    wanted = {
        (deck, heading, name)
        for name, text in rows.items()
        for deck, all_of in decks(text).items()
        for heading in all_of
    }
    got = {
        (deck, heading, name)
        for deck, lines in index().items()
        for heading, links in lines
        for name, _ in links
    }
    assert got == wanted
    assert {deck for deck, _, _ in got} == {"000", "001", "002", "003", "004"}


def test_the_links_of_the_page_lead_somewhere():
    anchors = {anchor(heading) for heading in re.findall(r"^#+ (.*)$", TEXT, flags=re.MULTILINE)}
    for name, target in re.findall(r"\[([^\]]+)\]\(#([^)]+)\)", TEXT):
        assert target in anchors, name
    for lines in index().values():
        for _, links in lines:
            assert all(target == anchor(name) for name, target in links)

"""What a training ends with: the most important of what its report would say."""

import textwrap
from collections.abc import Mapping
from typing import Any

from fastdnn.cli import output
from fastdnn.diagnose import report
from fastdnn.model import Model

MOST_LINES = 3


def first_words(model: Model, sets: Mapping[str, tuple[Any, ...]], threads: int | None) -> None:
    """The first lines of the quick report; nothing where there are no dev rows to judge by."""
    given = {name: part for name, part in sets.items() if len(part[0])}
    if not {"train", "dev"} <= given.keys():
        return
    found = report(
        model, given["train"], given["dev"], given.get("test"), quick=True, verbose=0, threads=threads
    )
    output.say("\nin short")
    for line in found.lines(MOST_LINES):
        output.say(textwrap.fill(line, output.width(), initial_indent="  ", subsequent_indent="    "))

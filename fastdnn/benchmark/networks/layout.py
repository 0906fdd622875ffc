"""The tables of networks: a column for each peer with its figure, and how many times ours that is."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from fastdnn.benchmark.amounts import duration, three_digits
from fastdnn.benchmark.frameworks import TITLES
from fastdnn.benchmark.networks.row import NetworkRow, Result
from fastdnn.benchmark.table import DRIFTED, Layout, Table

_LEFT = 1
_LEGEND = (
    "thr: CPUs that each framework has, pinned; fastdnn takes as many threads as it finds useful",
    "±: the middle half of the rounds; floor: what the products take at the peak of fused multiply-adds, "
    "the better one of before and after; × floor: our time in floors",
    "peers: their figure, and ours into it: above 1× fastdnn is better, * marks where it is not",
)


def _legend(rows: Sequence[NetworkRow]) -> list[str]:
    """The columns, then what the rows are."""
    details: dict[str, None] = {}
    for family in dict.fromkeys(row.family for row in rows):
        own = dict.fromkeys((row.case, row.detail) for row in rows if row.family == family)
        texts = {detail for _, detail in own}
        if len(texts) == 1:
            details[f"{family}: {texts.pop()}"] = None
        else:
            details |= dict.fromkeys(f"{family}, {case}: {detail}" for case, detail in own)
    return [*_LEGEND, *details]


def _tables(rows: Sequence[NetworkRow]) -> list[Table]:
    """One for each family, with a column for each peer that has a result in it."""
    found = []
    for family in dict.fromkeys(row.family for row in rows):
        own = [row for row in rows if row.family == family]
        peers = [name for name in TITLES if name != "fastdnn" and any(name in row.results for row in own)]
        floors = any(row.floor is not None for row in own)
        header = [family, "thr", "fastdnn", "±"]
        header += ["floor", "× floor"] if floors else []
        header += [TITLES[name] for name in peers]
        found.append(Table(header, [_cells(row, peers, floors) for row in own], _LEFT))
    return found


def _cells(row: NetworkRow, peers: Sequence[str], floors: bool) -> list[str]:
    cells = [row.case, str(row.threads), row.value_text(row.ours)]
    cells.append(f"{row.ours.spread:.0%}" if row.ours.spread else "")
    if floors:
        mark = "~" if row.drift > DRIFTED else ""
        cells += ["", ""] if row.floor is None else [duration(row.floor), f"{mark}{row.times_floor:.2f}"]
    return cells + [_peer(row, name) for name in peers]


def _peer(row: NetworkRow, name: str) -> str:
    if name not in row.results:
        return "-"
    ratio = row.ratios[name]
    return f"{row.value_text(row.results[name])} {three_digits(ratio)}×{'*' if ratio < 1 else ''}"


def _notes(rows: Sequence[NetworkRow]) -> list[str]:
    """What is lost, which targets are missed, how peers ran."""
    return [*_lost(rows), *_missed(rows), *_ways(rows), *_capped(rows), *_epochs(rows)]


def _where(row: NetworkRow) -> str:
    return f"{row.family.lower()} {row.case} on {row.threads}"


def _lost(rows: Sequence[NetworkRow]) -> list[str]:
    every = [(row, name, ratio) for row in rows for name, ratio in row.ratios.items()]
    lost = [
        f"{_where(row)} to {TITLES.get(name, name)} ({ratio:.2f}×)" for row, name, ratio in every if ratio < 1
    ]
    if not every:
        return []
    return [
        f"fastdnn is behind in {len(lost)} of {len(every)} comparisons"
        + (": " if lost else "")
        + "; ".join(lost)
    ]


def _missed(rows: Sequence[NetworkRow]) -> list[str]:
    """Targets that the rows could be held against."""
    aimed = sum(name == "floor" or name in row.results for row in rows for name in row.targets)
    missed = [
        f"{_where(row)} {reached:.2f} × {TITLES.get(name, name)} (target {row.targets[name]:.2f})"
        for row in rows
        for name, reached in row.missed.items()
    ]
    if not aimed:
        return []
    return [
        f"{aimed - len(missed)} of {aimed} targets reached"
        + ("; not: " if missed else "")
        + "; ".join(missed)
    ]


def _ways(rows: Sequence[NetworkRow]) -> list[str]:
    """Of a framework that was run in the best of several."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for name, result in row.results.items():
            if result.way:
                found.setdefault(f"{TITLES.get(name, name)} {result.way}", []).append(_where(row))
    return [f"{way} in {'; '.join(where)}" for way, where in found.items()]


def _capped(rows: Sequence[NetworkRow]) -> list[str]:
    """Where fastdnn chose fewer threads than it could have had."""
    fewer = [
        f"{_where(row)}: {row.ours.extra['threads']}"
        for row in rows
        if row.ours.extra.get("threads", row.threads) < row.threads
    ]
    return [f"fastdnn chose fewer threads in {'; '.join(fewer)}"] if fewer else []


def _epochs(rows: Sequence[NetworkRow]) -> list[str]:
    """Of races."""
    found = []
    for row in rows:
        counts = [
            f"{TITLES.get(name, name)} {result.extra['epochs']:.1f}"
            for name, result in row.results.items()
            if "epochs" in result.extra
        ]
        found += [f"epochs of {_where(row)}: {', '.join(counts)}"] if counts else []
    return found


def _read(stored: Mapping[str, Any]) -> NetworkRow:
    own = {field.name: stored[field.name] for field in fields(NetworkRow)}
    results = {name: Result(**result) for name, result in own["results"].items()}
    return NetworkRow(**{**own, "results": results})


LAYOUT = Layout(
    legend=_legend,
    tables=_tables,
    notes=_notes,
    read=_read,
    derived=("floor", "times_floor", "drift", "ratios", "missed"),
)

"""Figures: two things timed in turns, the ratio of their medians, and the bound it must keep."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

MS = 1_000
COLUMNS = ("what", "database", "Linli", "yardstick", "ratio", "bound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one benchmark found on one database. `ratio`: the time Linli takes, in times of the yardstick's."""

    what: str
    database: str
    linli_ms: float
    yardstick_ms: float | None = None
    ratio: float | None = None
    bound: float | None = None
    details: str = ""
    faults: tuple[str, ...] = ()  # whatever else must not have happened

    @property
    def missed(self) -> bool:
        """Whether the bound, or what else must hold, does not."""
        over = self.ratio is not None and self.bound is not None and self.ratio > self.bound
        return over or bool(self.faults)

    def row(self) -> tuple[str, ...]:
        """As a row under COLUMNS."""
        return (
            self.what,
            self.database,
            f"{self.linli_ms:.2f} ms",
            "" if self.yardstick_ms is None else f"{self.yardstick_ms:.2f} ms",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            "" if self.bound is None else f"≤ {self.bound:g}" + (" **missed**" if self.missed else ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two things timed in turns; milliseconds a call, the median of the rounds."""

    ours: float
    theirs: float
    ratio: float


def compare(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int,
    each: int,
    of_round: Callable[[Sequence[float]], float] = median,
) -> Compared:
    """Call two things in turns, round by round, and compare them.

    Args:
        ours: what is measured.
        theirs: the yardstick.
        rounds: how often the two take turns; whatever else the machine does hits both.
        each: calls of each in a round.
        of_round: what stands for a round: `median`, how long a call takes, or `fmean`, whose inverse is how many are done
            in a time, the slow ones included.
    """
    found: list[tuple[float, float]] = []
    for number in range(rounds):
        pair = (ours, theirs) if number % 2 == 0 else (theirs, ours)  # whoever comes second finds warmer caches
        times = {call: of_round(_times(call, each)) for call in pair}
        found.append((times[ours], times[theirs]))
    return Compared(
        ours=median(one for one, _other in found) * MS,
        theirs=median(other for _one, other in found) * MS,
        ratio=median(one / other for one, other in found),
    )


def _times(call: Callable[[], object], count: int) -> list[float]:
    times = []
    for _number in range(count):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return times


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed.

    >>> percentile([1, 2, 3, 4], 50), percentile([1, 2, 3, 4], 99)
    (2, 4)
    """
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


# --- showing and keeping -------------------------------------------------------------------------------------------


def table(figures: Iterable[Figure]) -> str:
    """The figures as a table of Markdown, readable as it is."""
    rows = [COLUMNS, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def keep(figures: Sequence[Figure], path: Path, *, about: dict[str, object]) -> None:
    """Write the figures as JSON."""
    rounded = [
        {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(figure).items()}
        for figure in figures
    ]
    path.write_text(json.dumps({**about, "figures": rounded}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def write_between(text: str, inside: str) -> str:
    r"""The text with what stands between the two marks replaced; unchanged where there are none.

    >>> write_between("a <!-- bench:begin -->old<!-- bench:end --> z", "new")
    'a <!-- bench:begin -->\nnew\n<!-- bench:end --> z'
    """
    if BEGIN not in text or END not in text:
        return text
    before, _mark, rest = text.partition(BEGIN)
    _old, _mark, after = rest.partition(END)
    return f"{before}{BEGIN}\n{inside}\n{END}{after}"

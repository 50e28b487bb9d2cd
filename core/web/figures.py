"""Figures on pages: tables of numbers, each with how it is counted, drawn as a chart beside it and written as a sheet.

`core/templates/figures.html` shows a section.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.sheets.writing import Cell, Column, Holds, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number and where what it sums up can be read. `sign`: it says what came and what went. None: there is none to say."""

    value: float | None
    url: str = ""
    sign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of a table. `short`: its name below a bar."""

    name: str
    figures: Sequence[Figure]
    url: str = ""
    short: str = ""
    soft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table with its chart. `how`: how it is counted. `bars`: the columns drawn, counted from 0; none: no chart.

    `holds`: what the columns of numbers hold; without it, whole numbers.
    """

    name: str
    title: str
    how: str
    columns: Sequence[str]
    bars: Sequence[int]
    lines: Sequence[Line]
    holds: Sequence[Holds] = ()
    total: Line | None = None
    across: bool = True
    wide: bool = False  # the table has no room for a chart beside it
    hidden: int = 0  # lines that the page leaves out, and the sheet has
    tabs: Sequence[Mapping[str, Any]] = ()
    why: Sequence[str] = ()  # what a reader may ask

    @property
    def series(self) -> list[tuple[int, str]]:
        """The columns drawn, with their words."""
        return [(column, self.columns[column]) for column in self.bars]

    @property
    def kinds(self) -> Sequence[Holds]:
        """What each column of numbers holds."""
        return self.holds or [Holds.WHOLE] * (len(self.columns) - 1)

    def sheet(self) -> Sheet:
        """The same as a sheet."""
        numbers = [Column(label, kind, 14) for label, kind in zip(self.columns[1:], self.kinds, strict=True)]
        return Sheet(self.title, [Column(self.columns[0], width=28), *numbers], self._rows())

    def _rows(self) -> Iterator[Sequence[Cell]]:
        for line in [*self.lines, *([self.total] if self.total else [])]:
            yield [line.name, *(figure.value for figure in line.figures)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """A row of a heat map: shares of one; None: there is none to say."""

    name: str
    shares: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A table whose cells are coloured by the number that stands in them."""

    title: str
    how: str
    corner: str  # above the names of the rows
    columns: Sequence[str]
    rows: Sequence[HeatRow]

    def sheet(self) -> Sheet:
        """The same as a sheet."""
        columns = [Column(self.corner, width=12), *(Column(label, Holds.SHARE, 10) for label in self.columns)]
        return Sheet(self.title, columns, ([row.name, *row.shares] for row in self.rows))

"""Finding the header of a sheet: which column stands where, whatever people call it, in Chinese or English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.explanations import explain
from core.faults import clean
from core.sheets.kinds import REF_COLUMN, Column, Fault, ImportKind
from core.sheets.reading import ABOVE, Line, holds, letter

_ASIDE = re.compile(r"[（(].*?[)）]|[*＊:：\s]")


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header is and where each column known stands; and what is wrong with it."""

    row: int
    positions: dict[str, int]
    faults: tuple[Fault, ...]


def columns_of(kind: ImportKind) -> Sequence[Column]:
    """All columns of a kind, the number of the row first."""
    return (REF_COLUMN, *kind.columns)


def find(lines: Sequence[Line], kind: ImportKind) -> Header:
    """The line among the first few that has most of the columns' names."""
    known = {spoken: column.name for column in columns_of(kind) for spoken in _spoken(column)}
    labels = {column.name: column.label for column in columns_of(kind)}
    best = max(lines[:ABOVE], key=lambda line: len({known.get(_plain(cell)) for cell in line.cells} - {None}))
    positions: dict[str, int] = {}
    faults: list[Fault] = []
    for position, cell in enumerate(best.cells):
        name = known.get(_plain(cell))
        at = f"{letter(position)}{best.number}"
        if name is None:
            if holds(cell):
                faults.append(_fault(best.number, clean(str(cell)), "column_unknown", at))
        elif name in positions:
            faults.append(_fault(best.number, name, "column_twice", at, str(labels[name])))
        else:
            positions[name] = position
    missing = [column for column in columns_of(kind) if column.required and column.name not in positions]
    faults += [_fault(best.number, column.name, "column_missing", "", str(column.label)) for column in missing]
    return Header(best.number, positions, tuple(faults))


def _spoken(column: Column) -> set[str]:
    return {_plain(text) for text in (column.name, *column.headers)}


def _plain(cell: object) -> str:
    return _ASIDE.sub("", clean(cell)).casefold() if isinstance(cell, str) else ""


def _fault(row: int, column: str, code: str, cell: str, label: str = "") -> Fault:
    return Fault(row=row, column=column[:60], words=explain(code, header=label or column[:60]), cell=cell)

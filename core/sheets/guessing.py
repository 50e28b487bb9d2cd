"""Which column of a sheet is which, where no line names them: told by what stands in their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from core.plugins import here
from core.sheets.cells import value_of
from core.sheets.kinds import Column, ImportKind, Shape
from core.sheets.reading import Line, holds

LOOKED_AT = 50  # lines
Fits = Callable[[Any], bool]


def columns(lines: Sequence[Line], kind: ImportKind, named: Mapping[int, str] = MappingProxyType({})) -> dict[int, str]:
    """Where a column stands → what it is, "" for one that only counts the lines; those that cannot be told are not in it.

    Columns that hold few things are told first, notes last. `named`: those that a header names; of the others only what is sure
    is told then.
    """
    looked_at = lines[:LOOKED_AT]
    left = {position: cells for position, cells in enumerate(_by_position(looked_at)) if cells}
    found = dict(named)
    for position in named:
        left.pop(position, None)
    if not named and len(left) > 1 and _counts_lines(left.get(0, []), len(looked_at)):
        del left[0]
        found[0] = ""
    for column, fits in _in_order(kind):
        if named and fits is holds:
            continue
        if column.name in found.values():
            continue
        share = {position: sum(map(fits, cells)) / len(cells) for position, cells in left.items()}
        best = max(share, key=lambda position: (share[position], -position), default=None)
        if best is not None and share[best] >= 0.5:
            found[best] = column.name
            del left[best]
    return found


def _by_position(lines: Sequence[Line]) -> list[list[Any]]:
    width = max((len(line.cells) for line in lines), default=0)
    return [[line.cells[at] for line in lines if at < len(line.cells) and holds(line.cells[at])] for at in range(width)]


def _counts_lines(cells: Sequence[Any], lines: int) -> bool:
    """1, 2, 3 … in front of every line says nothing about it."""
    numbers = [value_of(cell, Shape.WHOLE) for cell in cells]
    first = numbers[0] if numbers else None
    return isinstance(first, int) and lines > 1 and numbers == list(range(first, first + lines))


def _in_order(kind: ImportKind) -> Iterator[tuple[Column, Fits]]:
    """The columns with how to tell them, the surest first."""
    texts = [column for column in kind.columns if column.shape is Shape.TEXT]
    for column in texts:
        if column.choices is not None:
            yield column, _among(word for choice in column.choices() for word in (choice.code, *choice.words))
    for shape, held in ((Shape.DAY, date), (Shape.WHOLE, int)):
        for column in kind.columns:
            if column.shape is shape:
                yield column, _holds(column, held)
    for column in texts:
        if column.suggestions is not None:
            yield column, _among(column.suggestions())
    for column in [*(column for column in texts if column.suggestions), *texts[-1:]]:
        yield column, holds


def _among(words: Iterable[str]) -> Fits:
    known = {word.casefold() for word in words}
    return lambda cell: str(value_of(cell, Shape.TEXT)).casefold() in known


def _holds(column: Column, held: type) -> Fits:
    latest = here().today() if column.past else None
    return lambda cell: isinstance(value_of(cell, column.shape, latest=latest), held)

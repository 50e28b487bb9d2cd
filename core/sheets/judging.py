"""From the lines of a sheet to rows that may be written, and every fault of the others. In a unit that reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from core.accounts import access
from core.contract import Actor
from core.db import session
from core.errors import NotFound
from core.explanations import Explanation, explain
from core.people import sheet as people_sheet
from core.plugins import here
from core.sheets import header, reading
from core.sheets.cells import value_of
from core.sheets.kinds import REF, Choice, Column, Fault, ImportKind, Ready, Row, Value
from core.sheets.models import ImportRow
from core.sheets.reading import Line

CORE_KINDS = (people_sheet.RESIDENTS, people_sheet.GROUPS)
LONGEST_REF = 60  # characters
_AT_ONCE = 500  # numbers asked for in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a sheet. With faults nothing was created."""

    rows: int
    created: int
    unchanged: int
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A sheet that was judged: what is to be written, what is known already, what is wrong.

    `known`: the numbers in the file of the rows taken in before with the same content.
    """

    kind: ImportKind
    rows: int
    known: Sequence[int]
    ready: Sequence[Ready]
    faults: Sequence[Fault]

    def report(self) -> Report:
        """What would come of it."""
        created = 0 if self.faults else len(self.ready)
        return Report(rows=self.rows, created=created, unchanged=len(self.known), faults=self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the columns of a kind stand, and how a row comes to its number.

    Args:
        kind: of the sheet.
        positions: name of a column → where it stands, from 0.
        number: makes the number of a row that has none; None: each row must have its own.
        seen: numbers of rows before these → where they stand.
    """

    kind: ImportKind
    positions: Mapping[str, int]
    number: Callable[[Line], str] | None = None
    seen: Mapping[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> Sequence[Column]:
        """All columns, the number of the row first."""
        ref, *others = header.columns_of(self.kind)
        return (ref if self.number is None else replace(ref, required=False), *others)


def kinds() -> Sequence[ImportKind]:
    """What can be imported here: the core's kinds and those of the enabled plugins."""
    return (*CORE_KINDS, *(kind for plugin in here().relay.enabled for kind in plugin.imports))


def kind_of(name: str) -> ImportKind:
    """The kind of a name.

    Raises:
        NotFound: nothing of this name can be imported here.
    """
    for kind in kinds():
        if kind.name == name:
            return kind
    raise NotFound(what="import", id=name)


def judge(kind_name: str, lines: Sequence[Line], *, by: Actor) -> Checked:
    """Find everything that is wrong with a sheet, and what of it is new.

    Raises:
        NotFound: there is no such kind.
        Forbidden: `by` may not import this.
        TooManyRows: below the header.
    """
    kind = kind_of(kind_name)
    access.check(by, "core.import")
    access.check(by, kind.needs)
    head = header.find(lines, kind)
    below = [line for line in lines if line.number > head.row]
    if len(below) > reading.MOST_ROWS:
        raise reading.TooManyRows(most=reading.MOST_ROWS)
    if head.faults:
        return Checked(kind=kind, rows=len(below), known=(), ready=(), faults=head.faults)
    layout = Layout(kind=kind, positions=head.positions)
    checked = judge_lines(layout, below, by=by)
    strays = [fault for line in below for fault in _beyond(layout, line)]
    if not strays:
        return checked
    return replace(checked, faults=_in_order([*checked.faults, *strays], layout))


def judge_lines(layout: Layout, lines: Sequence[Line], *, by: Actor) -> Checked:
    """The same for lines below a header, or some of them; rows whose cells are right are ready, whatever the others are."""
    rows, faults = _rows(layout, lines)
    known = _known_before(layout, rows)
    new = [row for row in rows if row.ref not in known]
    old = [row for row in rows if row.ref in known and not row.bad]
    same = {row.number for row in old if known[row.ref] == fingerprint(row)}
    faults += [changed(row) for row in old if row.number not in same]
    judged = layout.kind.judge(new, by)
    bad = {(row.number, column) for row in rows for column in row.bad}
    faults += [fault for fault in judged.faults if (fault.row, fault.column) not in bad]
    wrong = {fault.row for fault in faults}
    return Checked(
        kind=layout.kind,
        rows=len(lines),
        known=sorted(same),
        ready=[ready for ready in judged.ready if ready.row.number not in wrong],
        faults=_in_order(faults, layout),
    )


def changed(row: Row) -> Fault:
    """A row whose number was taken in before with other content."""
    return row.fault(REF, "ref_changed", ref=row.ref)


def _in_order(faults: Iterable[Fault], layout: Layout) -> Sequence[Fault]:
    """As one reads the sheet, each with the name of its cell where its column stands there."""
    placed = [_placed(fault, layout) for fault in faults]
    placed.sort(key=lambda fault: (fault.row, layout.positions.get(fault.column, reading.MOST_COLUMNS)))
    return tuple(placed)


def _placed(fault: Fault, layout: Layout) -> Fault:
    position = layout.positions.get(fault.column)
    return fault if position is None else replace(fault, cell=f"{reading.letter(position)}{fault.row}")


def _rows(layout: Layout, lines: Iterable[Line]) -> tuple[list[Row], list[Fault]]:
    """All lines, and what is wrong with their cells."""
    columns = layout.columns
    codes = {column.name: _codes(column.choices()) for column in columns if column.choices is not None}
    rows: list[Row] = []
    faults: list[Fault] = []
    seen = dict(layout.seen)
    for line in lines:
        values, wrong = _values(layout, columns, line, codes)
        ref = str(values.pop(REF, None) or "")
        wrong += _ref_faults(ref, line, seen)
        if ref:
            seen.setdefault(ref, line.number)
        elif layout.number is not None:
            ref = layout.number(line)
        faults += wrong
        bad = frozenset(fault.column for fault in wrong)
        values |= dict.fromkeys(bad & {column.name for column in layout.kind.columns})
        rows.append(Row(number=line.number, ref="" if REF in bad else ref, values=values, bad=bad))
    return rows, faults


def _ref_faults(ref: str, line: Line, seen: Mapping[str, int]) -> list[Fault]:
    if len(ref) > LONGEST_REF:
        words = explain("too_long_text", most=LONGEST_REF, length=len(ref))
    elif ref in seen:
        words = explain("ref_twice", ref=ref, row=seen[ref])
    else:
        return []
    return [Fault(row=line.number, column=REF, words=words)]


def _beyond(layout: Layout, line: Line) -> list[Fault]:
    """What stands below no name of a column: nobody could say what it means, so it is not passed over in silence."""
    placed = set(layout.positions.values())
    return [
        Fault(
            row=line.number,
            column=reading.letter(position),
            words=explain("cell_without_column"),
            cell=f"{reading.letter(position)}{line.number}",
        )
        for position, cell in enumerate(line.cells)
        if position not in placed and reading.holds(cell)
    ]


def _codes(choices: Sequence[Choice]) -> dict[str, str]:
    """What people may write for a choice → its code."""
    return {word.casefold(): choice.code for choice in choices for word in (choice.code, *choice.words)}


def _values(
    layout: Layout, columns: Iterable[Column], line: Line, codes: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, Value], list[Fault]]:
    values: dict[str, Value] = {}
    wrong: list[Fault] = []
    for column in columns:
        position = layout.positions.get(column.name)
        cell = line.cells[position] if position is not None and position < len(line.cells) else None
        value = value_of(cell, column.shape, latest=here().today() if column.past else None)
        if value is None and column.required:
            value = explain("required")
        elif isinstance(value, str) and column.name in codes:
            known = codes[column.name]
            value = known.get(value.casefold()) or explain("not_a_choice", choices=", ".join(_offered(column.choices)))
        if isinstance(value, Explanation):
            wrong.append(Fault(row=line.number, column=column.name, words=value))
        else:
            values[column.name] = value
    return values, wrong


def _offered(choices: Any) -> Iterator[str]:
    return (str(choice.words[0]) for choice in choices())


def fingerprint(row: Row) -> str:
    """Of a row's content, however its cells were formatted."""
    content = json.dumps(dict(row.values), sort_keys=True, default=date.isoformat)
    return hashlib.sha256(content.encode()).hexdigest()


def _known_before(layout: Layout, rows: Sequence[Row]) -> dict[str, str]:
    """Numbers made here are of no sheet before: only those that stand in the sheet are looked for."""
    if REF not in layout.positions:
        return {}
    return known(layout.kind, [row.ref for row in rows if row.ref])


def known(kind: ImportKind, refs: Sequence[str]) -> dict[str, str]:
    """The numbers among these that were taken in before → the fingerprint of their content."""
    found: dict[str, str] = {}
    for start in range(0, len(refs), _AT_ONCE):
        rows = session.execute(
            select(ImportRow.ref, ImportRow.fingerprint).where(
                ImportRow.kind == kind.name, ImportRow.ref.in_(refs[start : start + _AT_ONCE])
            )
        )
        found |= {row.ref: row.fingerprint for row in rows}
    return found

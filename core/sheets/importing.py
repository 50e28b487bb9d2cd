"""Importing a sheet: read, judged as a whole, then written as a whole or not at all.

    report = importing.run(database, house, "xincheng", "residents", "名册.xlsx", content, by=system(), dry_run=True)

`run` opens its own units, as commands and views marked `@runs_in("own")` need: the file is parsed with none open, judged in
one that reads, and written in a short one that writes. The same sheet again changes nothing, also when both arrive at once:
the key of `core_import_row` decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities.models import Community
from core.contract import Actor
from core.db import Conflict, Database, savepoint, session, unit
from core.errors import NotFound
from core.explanations import Explanation, explain, plain
from core.people import sheet as people_sheet
from core.plugins import House, enter, here
from core.sheets import header, reading
from core.sheets.cells import value_of
from core.sheets.kinds import REF, Choice, Fault, ImportKind, Ready, Row, SheetFaults, Value
from core.sheets.models import ImportRow
from core.sheets.reading import Line

CORE_KINDS = (people_sheet.RESIDENTS, people_sheet.GROUPS)
LONGEST_REF = 60  # characters
_TRIES = 3
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
    """A sheet that was judged: what is to be written, what is known already, what is wrong."""

    kind: ImportKind
    rows: int
    unchanged: int
    ready: Sequence[Ready]
    faults: Sequence[Fault]

    def report(self) -> Report:
        """What would come of it."""
        created = 0 if self.faults else len(self.ready)
        return Report(rows=self.rows, created=created, unchanged=self.unchanged, faults=self.faults)


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


def run(
    database: Database,
    house: House,
    slug: str,
    kind_name: str,
    filename: str,
    content: bytes,
    *,
    by: Actor,
    dry_run: bool = False,
) -> Report:
    """Import a sheet into a community, in units of its own; none may be open.

    Args:
        database: where; the units are opened on it.
        house: the installed plugins.
        slug: of the community.
        kind_name: residents, groups, or what a plugin offers.
        filename: as the person calls it, for the audit.
        content: the bytes of the file.
        by: who imports; `access.system()` for commands.
        dry_run: judge only.

    Raises:
        DomainError: the file is no sheet (`core.sheets.reading`), `by` may not import, there is no such kind or community.
    """
    lines = reading.read(content)
    with unit(database, write=False):
        _enter(house, slug)
        checked = judge(kind_name, lines, by=by)
    if dry_run or checked.faults or not checked.ready:
        return checked.report()
    try:
        return _written(database, house, slug, checked, filename, by)
    except SheetFaults as refusal:
        return replace(checked, faults=refusal.faults).report()


def _enter(house: House, slug: str) -> None:
    community = session.scalar(select(Community).where(Community.slug == slug))
    if community is None:
        raise NotFound(what="community", id=slug)
    enter(house, community)


def _written(database: Database, house: House, slug: str, checked: Checked, filename: str, by: Actor) -> Report:
    for tried in range(1, _TRIES + 1):
        try:
            with unit(database, write=True):
                _enter(house, slug)
                return write(checked, filename, by=by)
        except Conflict:
            if tried == _TRIES:
                raise
    raise AssertionError("the last try returns or raises")


# --- judging: in a unit that reads ---------------------------------------------------------------------------------


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
        return Checked(kind=kind, rows=len(below), unchanged=0, ready=(), faults=head.faults)
    rows, faults = _rows(kind, head, below)
    known = _known(kind, [row.ref for row in rows])
    new = [row for row in rows if row.ref not in known]
    faults += [_changed(row) for row in rows if not row.bad and known.get(row.ref, "") not in {"", fingerprint(row)}]
    judged = kind.judge(new, by)
    bad = {(row.number, column) for row in rows for column in row.bad}
    faults += [fault for fault in judged.faults if (fault.row, fault.column) not in bad]
    return Checked(
        kind=kind,
        rows=len(below),
        unchanged=sum(known.get(row.ref) == fingerprint(row) for row in rows),
        ready=judged.ready,
        faults=tuple(
            sorted((_placed(fault, head) for fault in faults), key=lambda fault: (fault.row, _order(fault, head)))
        ),
    )


def _changed(row: Row) -> Fault:
    return row.fault(REF, "ref_changed", ref=row.ref)


def _order(fault: Fault, head: header.Header) -> int:
    return head.positions.get(fault.column, reading.MOST_COLUMNS)


def _placed(fault: Fault, head: header.Header) -> Fault:
    """With the name of its cell, where the column stands in the sheet."""
    position = head.positions.get(fault.column)
    return fault if position is None else replace(fault, cell=f"{reading.letter(position)}{fault.row}")


def _rows(kind: ImportKind, head: header.Header, lines: Iterable[Line]) -> tuple[list[Row], list[Fault]]:
    """All lines, and what is wrong with their cells."""
    codes = {column.name: _codes(column.choices()) for column in kind.columns if column.choices is not None}
    rows: list[Row] = []
    faults: list[Fault] = []
    first: dict[str, int] = {}
    for line in lines:
        values, wrong = _values(kind, head, line, codes)
        wrong += _beyond(head, line)
        ref = str(values.pop(REF, None) or "")
        if len(ref) > LONGEST_REF:
            wrong.append(
                Fault(row=line.number, column=REF, words=explain("too_long_text", most=LONGEST_REF, length=len(ref)))
            )
        elif ref and ref in first:
            wrong.append(Fault(row=line.number, column=REF, words=explain("ref_twice", ref=ref, row=first[ref])))
        elif ref:
            first[ref] = line.number
        faults += wrong
        bad = frozenset(fault.column for fault in wrong)
        values |= dict.fromkeys(bad & {column.name for column in kind.columns})
        rows.append(Row(number=line.number, ref="" if REF in bad else ref, values=values, bad=bad))
    return rows, faults


def _beyond(head: header.Header, line: Line) -> list[Fault]:
    """What stands below no name of a column: nobody could say what it means, so it is not passed over in silence."""
    placed = set(head.positions.values())
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
    kind: ImportKind, head: header.Header, line: Line, codes: dict[str, dict[str, str]]
) -> tuple[dict[str, Value], list[Fault]]:
    values: dict[str, Value] = {}
    wrong: list[Fault] = []
    for column in header.columns_of(kind):
        position = head.positions.get(column.name)
        cell = line.cells[position] if position is not None and position < len(line.cells) else None
        value = value_of(cell, column.shape)
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
    return hashlib.sha256(json.dumps(plain(row.values), sort_keys=True).encode()).hexdigest()


def _known(kind: ImportKind, refs: Sequence[str]) -> dict[str, str]:
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


# --- writing: in a short unit that writes --------------------------------------------------------------------------


def write(checked: Checked, filename: str, *, by: Actor) -> Report:
    """Write what was judged. What another import has taken in meanwhile is unchanged.

    Raises:
        SheetFaults: meanwhile something has changed that makes rows impossible.
    """
    fresh = _claimed(checked)
    if fresh:
        checked.kind.write(fresh, by)
        facts = {"kind": checked.kind.name, "rows": checked.rows, "created": len(fresh)}
        record("core.sheet_imported", by=by, subject=filename, after=facts)
    known = checked.unchanged + len(checked.ready) - len(fresh)
    return Report(rows=checked.rows, created=len(fresh), unchanged=known, faults=())


def _claimed(checked: Checked) -> list[Ready]:
    """Take the numbers of the rows, in one order everywhere; those that another import took first are left out."""
    fresh = sorted(checked.ready, key=lambda ready: ready.row.ref)
    while fresh:
        try:
            with savepoint():
                session.execute(insert(ImportRow), [_import_row(checked.kind, ready) for ready in fresh])
        except IntegrityError:
            known = _known(checked.kind, [ready.row.ref for ready in fresh])
            if not known:
                raise
            changed = [r.row for r in fresh if known.get(r.row.ref, "") not in {"", fingerprint(r.row)}]
            if changed:
                raise SheetFaults([_changed(row) for row in changed]) from None
            fresh = [ready for ready in fresh if ready.row.ref not in known]
        else:
            break
    return sorted(fresh, key=lambda ready: ready.row.number)


def _import_row(kind: ImportKind, ready: Ready) -> dict[str, Any]:
    return {
        "kind": kind.name,
        "ref": ready.row.ref,
        "fingerprint": fingerprint(ready.row),
        "subject_id": ready.subject_id,
        "at": clock.now(),
    }

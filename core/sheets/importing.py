"""Importing a sheet: read, judged as a whole, then written as a whole or not at all.

    report = importing.run(database, house, "xincheng", "residents", "名册.xlsx", content, by=system(), dry_run=True)

`run` opens its own units, as commands and views marked `@runs_in("own")` need: the file is parsed with none open, judged in
one that reads, and written in a short one that writes. The same sheet again changes nothing, also when both arrive at once:
the key of `core_import_row` decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.audit.record import record
from core.communities.models import Community
from core.contract import Actor
from core.db import Conflict, Database, savepoint, session, unit
from core.errors import NotFound
from core.plugins import House, enter
from core.sheets import reading
from core.sheets.judging import Checked, Report, changed, fingerprint, judge, known
from core.sheets.kinds import ImportKind, Ready, SheetFaults
from core.sheets.models import ImportRow

_TRIES = 3


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
    unchanged = len(checked.known) + len(checked.ready) - len(fresh)
    return Report(rows=checked.rows, created=len(fresh), unchanged=unchanged, faults=())


def _claimed(checked: Checked) -> list[Ready]:
    """Take the numbers of the rows, in one order everywhere; those that another import took first are left out."""
    fresh = sorted(checked.ready, key=lambda ready: ready.row.ref)
    while fresh:
        try:
            with savepoint():
                session.execute(insert(ImportRow), [_import_row(checked.kind, ready) for ready in fresh])
        except IntegrityError:
            taken = known(checked.kind, [ready.row.ref for ready in fresh])
            if not taken:
                raise
            other = [r.row for r in fresh if taken.get(r.row.ref, "") not in {"", fingerprint(r.row)}]
            if other:
                raise SheetFaults([changed(row) for row in other]) from None
            fresh = [ready for ready in fresh if ready.row.ref not in taken]
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

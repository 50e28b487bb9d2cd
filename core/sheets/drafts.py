"""A sheet in the making: sent or pasted once, looked through and mended on its page, then recorded as a whole or not at all.

It is kept for a day, so that nothing typed is lost between two looks at it, and judged some lines at a time, so that whoever
sends 10,000 sees how far it is. Rows without a number of their own get one from the draft, and a draft is recorded once: so the
same one sent twice is recorded once, while two equal lines of different days are both wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from uuid_utils.compat import uuid7

from core import clock
from core.accounts import access
from core.contract import Actor
from core.db import Id, locked, session
from core.errors import DomainError, NotFound, WrongState
from core.explanations import Explanation, explain
from core.faults import clean
from core.sheets import guessing, header, importing, progress, reading
from core.sheets.judging import Checked, Report, kind_of
from core.sheets.kinds import ImportKind, SheetFaults, SheetRepeats
from core.sheets.models import SheetDraft
from core.sheets.reading import Line, Sheet, holds

KEEP = timedelta(days=1)


class SheetChanged(DomainError):
    """The draft was changed elsewhere since it was shown."""

    code, status = "sheet_changed", 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """What somebody changed in a draft. `version`: of the draft they saw."""

    version: int
    cells: Mapping[tuple[int, int], str] = field(default_factory=dict)  # (number of a line, position) → text
    left_out: Mapping[int, bool] = field(default_factory=dict)  # number of a line → whether it is left out
    columns: Mapping[int, str] = field(default_factory=dict)  # position → name of a column, LEFT_OUT or UNSAID
    fill: Mapping[str, str] = field(default_factory=dict)  # name of a column that is not there → the same in all lines


# --- making --------------------------------------------------------------------------------------------------------


def begin(kind_name: str, sheet: Sheet, title: str, *, by: Actor) -> SheetDraft:
    """Keep a sheet to be looked through; a short one is judged at once.

    Raises:
        NotFound: there is no such kind.
        Forbidden: `by` may not import this.
        EmptySheet, TooManyRows: below the header.
    """
    kind = kind_of(kind_name)
    access.check(by, kind.needs)
    draft = SheetDraft(
        id=uuid7(), account_id=by.account_id, kind=kind.name, title=title[:200], made_at=clock.now(), version=1, done=0
    )
    head = header.find(sheet.lines, kind)
    named = _is_header(head, sheet.lines)
    below = [line for line in sheet.lines if line.number > head.row] if named else sheet.lines
    if not below:
        raise reading.EmptySheet
    if len(below) > reading.MOST_ROWS:
        raise reading.TooManyRows(most=reading.MOST_ROWS)
    above = next((line for line in sheet.lines if named and line.number == head.row), Line(0, ()))
    names = guessing.columns(below, kind, {at: name for name, at in head.positions.items()} if named else {})
    width = max(len(line.cells) for line in (above, *below))
    draft.headings = [progress.text_of(progress.kept_as(cell)) for cell in above.cells]
    draft.columns = _columns(names, below, width)
    draft.lines = [[line.number, [progress.kept_as(cell) for cell in line.cells]] for line in below]
    draft.left_out, draft.results, draft.total = [], [], len(below)
    draft.notes = tuple(_notes(sheet, kind, named=named))
    session.add(draft)
    session.flush()
    progress.judge_if_short(draft, by=by)
    return draft


def _is_header(head: header.Header, lines: Sequence[Line]) -> bool:
    """Two names that are known; or one, among words without a figure."""
    cells = next(line.cells for line in lines if line.number == head.row)
    words = all(isinstance(cell, str) and not any(map(str.isdigit, cell)) for cell in cells if holds(cell))
    return len(head.positions) > (0 if words else 1)


def _columns(names: Mapping[int, str], lines: Sequence[Line], width: int) -> list[str]:
    """The name at each position; where nothing stands, nothing is asked."""
    used = {at for line in lines for at, cell in enumerate(line.cells) if holds(cell)}
    return [names.get(at, progress.UNSAID if at in used else progress.LEFT_OUT) for at in range(width)]


def _notes(sheet: Sheet, kind: ImportKind, *, named: bool) -> Iterator[Explanation]:
    if not named:
        yield explain("sheet_guessed")
    for title, lines in sheet.others:
        if lines and len(header.find(lines, kind).positions) > 1:
            yield explain("sheet_other", read=sheet.title, other=title)


# --- finding -------------------------------------------------------------------------------------------------------


def of(draft_id: Id, kind_name: str, *, by: Actor, lock: bool = False) -> SheetDraft:
    """A draft of whoever asks.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    statement = select(SheetDraft).where(
        SheetDraft.id == draft_id, SheetDraft.kind == kind_name, SheetDraft.account_id == by.account_id
    )
    found = session.scalar(locked(statement) if lock else statement)
    if found is None:
        raise NotFound(what="sheet", id=str(draft_id))
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft that is not recorded yet."""

    id: Id
    title: str
    total: int
    made_at: datetime


def waiting(kind_name: str, *, by: Actor, most: int = 5) -> Sequence[Waiting]:
    """Drafts of whoever asks that are not recorded yet, the latest first."""
    rows = session.execute(
        select(SheetDraft.id, SheetDraft.title, SheetDraft.total, SheetDraft.made_at)
        .where(SheetDraft.kind == kind_name, SheetDraft.account_id == by.account_id, SheetDraft.recorded_at.is_(None))
        .order_by(SheetDraft.made_at.desc())
        .limit(most)
    )
    return [Waiting(*row) for row in rows]


# --- mending -------------------------------------------------------------------------------------------------------


def mend(draft: SheetDraft, mending: Mending, *, by: Actor) -> None:
    """Change what somebody changed in a draft that is locked, and judge it anew.

    Raises:
        WrongState: it is recorded already.
        SheetChanged: it is another than they saw.
    """
    _check_state(draft, mending.version)
    _mend_columns(draft, mending)
    lines = {number: list(cells) for number, cells in draft.lines}
    for (number, position), text in mending.cells.items():
        if number in lines and position < len(draft.columns):
            _put(lines[number], position, clean(text)[: progress.LONGEST_CELL] or None)
    for at, name in enumerate(draft.columns):
        if name in mending.fill:
            for cells in lines.values():
                _put(cells, at, clean(mending.fill[name])[: progress.LONGEST_CELL] or None)
    draft.lines = [[number, cells] for number, cells in lines.items()]
    out = {number for number in draft.left_out if mending.left_out.get(number, True)}
    out |= {number for number, wanted in mending.left_out.items() if wanted and number in lines}
    draft.left_out = sorted(out)
    _again(draft)
    progress.judge_if_short(draft, by=by)


def leave_out_repeats(draft: SheetDraft, version: int, *, by: Actor) -> None:
    """Leave out the lines of a draft that is locked that seem to be recorded already, and judge it anew.

    Raises:
        WrongState, SheetChanged: see `mend`.
    """
    _check_state(draft, version)
    repeated = {line[0] for line, result in zip(draft.lines, draft.results, strict=False) if "again" in result}
    draft.left_out = sorted({*draft.left_out, *repeated})
    _again(draft)
    progress.judge_if_short(draft, by=by)


def _again(draft: SheetDraft) -> None:
    """Forget what was judged."""
    draft.results, draft.done = [], 0
    draft.version += 1


def _check_state(draft: SheetDraft, version: int) -> None:
    if draft.recorded_at is not None:
        raise WrongState(state=progress.Stage.RECORDED.value)
    if draft.version != version:
        raise SheetChanged


def _mend_columns(draft: SheetDraft, mending: Mending) -> None:
    names = {progress.LEFT_OUT, progress.UNSAID, *(column.name for column in header.columns_of(kind_of(draft.kind)))}
    columns = [
        chosen if (chosen := mending.columns.get(at, name)) in names else name for at, name in enumerate(draft.columns)
    ]
    filled = [column.name for column in progress.absent(draft) if clean(mending.fill.get(column.name, ""))]
    draft.columns = [*columns, *(name for name in filled if name not in columns)]


def _put(cells: list[Any], position: int, text: str | None) -> None:
    cells += [None] * (position + 1 - len(cells))
    if isinstance(cells[position], dict) and text is None:
        return  # a formula was shown as an empty box, and nothing was typed into it
    cells[position] = text


# --- recording -----------------------------------------------------------------------------------------------------


def judge_whole(draft: SheetDraft, *, once_more: bool, by: Actor) -> Checked:
    """All lines once more, in a unit that reads, before they are written.

    `once_more`: somebody said that lines which seem to be recorded already are meant.

    Raises:
        WrongState: something in it is wrong, not said or not judged yet, or it is recorded already.
        SheetRepeats: lines seem to be recorded already, and nobody said that they are meant.
    """
    if progress.stage(draft) is not progress.Stage.READY:
        raise WrongState(state=progress.stage(draft).value)
    checked = progress.judged(draft, draft.lines, by=by)
    repeats = checked.kind.repeats
    if repeats and not once_more and (found := repeats(checked.ready)):
        raise SheetRepeats(count=len(found))
    return checked


def record(draft: SheetDraft, checked: Checked | None, version: int, *, by: Actor) -> Report:
    """Write all lines of a draft that is locked, once.

    Raises:
        WrongState, SheetChanged: see `mend`. None as `checked`: it was recorded already.
        SheetFaults: something has changed since it was shown that makes lines impossible; nothing is written.
    """
    _check_state(draft, version)
    if checked is None:
        raise SheetChanged
    if checked.faults:
        raise SheetFaults(checked.faults)
    report = importing.write(checked, draft.title, by=by)
    draft.recorded_at = clock.now()
    return report


def judge_again(draft: SheetDraft, *, by: Actor) -> None:
    """After a refusal: what was judged holds no longer."""
    _again(draft)
    progress.judge_if_short(draft, by=by)


def discard(draft: SheetDraft) -> None:
    """Forget a draft."""
    session.delete(draft)


def sweep() -> int:
    """Forget drafts older than a day."""
    gone = session.execute(delete(SheetDraft).where(SheetDraft.made_at < clock.now() - KEEP).returning(SheetDraft.id))
    return len(gone.all())

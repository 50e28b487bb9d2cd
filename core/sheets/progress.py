"""How far a sheet in the making is: its columns said, its lines judged some at a time, what came of each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from core.contract import Actor
from core.db import Id
from core.explanations import Explanation, explain, pack
from core.faults import clean
from core.sheets import header, reading
from core.sheets.judging import Checked, Layout, judge_lines, kind_of
from core.sheets.kinds import REF, Column, Ready
from core.sheets.models import SheetDraft
from core.sheets.reading import Broken, Formula, Line, Merged, holds

AT_ONCE = 1_000  # lines judged in one step
LEFT_OUT, UNSAID = "", "?"  # what may stand for the name of a column: it is not read; nobody has said yet what it is
LONGEST_CELL = 1_000  # characters that are kept; no column takes as many
_MARKS: Mapping[str, Any] = {"formula": Formula(), "broken": Broken(), "merged": Merged()}


class Stage(StrEnum):
    """How far a draft is."""

    COLUMNS = "columns"  # what they are must be said first
    CHECKING = "checking"
    WRONG = "wrong"  # some lines must be mended
    READY = "ready"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Lines of a draft that were judged, to be kept in a unit that writes. `begun`: how many had been judged before."""

    draft_id: Id
    version: int
    begun: int
    results: Sequence[dict[str, Any]]


def stage(draft: SheetDraft) -> Stage:
    """How far it is."""
    if draft.recorded_at is not None:
        return Stage.RECORDED
    if column_faults(draft):
        return Stage.COLUMNS
    if draft.done < draft.total:
        return Stage.CHECKING
    return Stage.WRONG if any(result.get("faults") for result in draft.results) else Stage.READY


def column_faults(draft: SheetDraft) -> list[Explanation]:
    """What must be said of its columns before a line can be judged."""
    kind = kind_of(draft.kind)
    found = [_unsaid(draft, position) for position, name in enumerate(draft.columns) if name == UNSAID]
    labels = {column.name: str(column.label) for column in header.columns_of(kind)}
    names = sorted(name for name in draft.columns if name in labels)
    found += [explain("column_twice", header=labels[one]) for one, other in pairwise(names) if one == other]
    missing = [column for column in kind.columns if column.required and column.name not in draft.columns]
    return found + [explain("column_absent", header=str(column.label)) for column in missing]


def _unsaid(draft: SheetDraft, position: int) -> Explanation:
    if above := heading(draft, position):
        return explain("column_unsaid_named", header=above[:60])
    return explain("column_unsaid", letter=reading.letter(position))


def heading(draft: SheetDraft, position: int) -> str:
    """What stood above a column in the sheet; "" when nothing did."""
    return draft.headings[position] if position < len(draft.headings) else ""


def absent(draft: SheetDraft) -> Sequence[Column]:
    """The columns of its kind that it has not."""
    return [column for column in kind_of(draft.kind).columns if column.name not in draft.columns]


# --- cells as they are kept ------------------------------------------------------------------------------------------


def kept_as(cell: Any) -> Any:
    """As it is kept: text as people would type it, None, or what stands there instead."""
    for name, mark in _MARKS.items():
        if cell == mark:
            return {"is": name}
    if not holds(cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return clean(cell.isoformat() if hasattr(cell, "isoformat") else str(cell))[:LONGEST_CELL]


def text_of(kept: Any) -> str:
    """What can be shown of a cell; "" for a formula and its like."""
    return kept if isinstance(kept, str) else ""


def _line(kept: Sequence[Any]) -> Line:
    number, cells = kept
    return Line(number, tuple(_MARKS[cell["is"]] if isinstance(cell, dict) else cell for cell in cells))


# --- judging ----------------------------------------------------------------------------------------------------


def next_step(draft: SheetDraft, *, by: Actor) -> Step | None:
    """Judge the lines that come next, in a unit that reads; None when nothing is left to judge.

    With the last of them comes what each line would give, in the order in which they would be recorded.
    """
    if stage(draft) is not Stage.CHECKING:
        return None
    part = draft.lines[draft.done : draft.done + AT_ONCE]
    checked = judged(draft, part, by=by)
    results = [*draft.results, *_results(draft, part, checked)]
    whole = len(part) == draft.total
    if len(results) == draft.total and (whole or not any(result.get("faults") for result in results)):
        ready = checked.ready if whole else judged(draft, draft.lines, by=by).ready
        _say_outlook(draft, results, ready)
    return Step(draft_id=draft.id, version=draft.version, begun=draft.done, results=results)


def keep(draft: SheetDraft, step: Step) -> None:
    """Keep what was judged of a draft that is locked; whatever was judged of another state of it is dropped.

    What is wrong in a column that is not there gets its column, to be mended in.
    """
    if (draft.version, draft.done) == (step.version, step.begun):
        draft.results, draft.done = list(step.results), len(step.results)
        wanted = {column for result in step.results for column, _words in result.get("faults", ())}
        draft.columns = [*draft.columns, *(column.name for column in absent(draft) if column.name in wanted)]


def judge_if_short(draft: SheetDraft, *, by: Actor) -> None:
    if draft.total <= AT_ONCE and (step := next_step(draft, by=by)) is not None:
        keep(draft, step)


def judged(draft: SheetDraft, part: Sequence[Any], *, by: Actor) -> Checked:
    left_out = set(draft.left_out)
    lines = [_line(kept) for kept in part if kept[0] not in left_out]
    positions = {name: at for at, name in enumerate(draft.columns) if name not in {LEFT_OUT, UNSAID}}
    seen = _numbers_before(draft, part[0][0], positions.get(REF), left_out) if part else {}
    layout = Layout(
        kind=kind_of(draft.kind), positions=positions, number=lambda line: own_ref(draft, line.number), seen=seen
    )
    return _asked(judge_lines(layout, lines, by=by))


def _asked(checked: Checked) -> Checked:
    """With what is asked of a person."""
    asked = checked.kind.asks(checked.ready) if checked.kind.asks else ()
    if not asked:
        return checked
    rows = {fault.row for fault in asked}
    return replace(
        checked,
        ready=[ready for ready in checked.ready if ready.row.number not in rows],
        faults=(*checked.faults, *asked),
    )


def own_ref(draft: SheetDraft, number: int) -> str:
    """The number of a row that has none in the sheet: of no other draft."""
    return f"{draft.id.hex}.{number}"


def _numbers_before(draft: SheetDraft, first: int, position: int | None, left_out: set[int]) -> dict[str, int]:
    """The rows' own numbers that stand before a line → where."""
    found: dict[str, int] = {}
    if position is None:
        return found
    for number, cells in draft.lines:
        if number >= first:
            break
        if number not in left_out and position < len(cells) and (text := text_of(cells[position])):
            found.setdefault(text, number)
    return found


def _results(draft: SheetDraft, part: Sequence[Any], checked: Checked) -> list[dict[str, Any]]:
    """What came of each line, as it is kept."""
    found: dict[int, dict[str, Any]] = {number: {} for number, _cells in part}
    for number in draft.left_out:
        found.get(number, {})["out"] = True
    for number in checked.known:
        found[number]["known"] = True
    for fault in checked.faults:
        found[fault.row].setdefault("faults", []).append([fault.column, pack(fault.words)])
    return list(found.values())


def _say_outlook(draft: SheetDraft, results: Sequence[dict[str, Any]], ready: Sequence[Ready]) -> None:
    """What each line would give, and which seem to be recorded already."""
    kind = kind_of(draft.kind)
    by_number = {number: result for (number, _cells), result in zip(draft.lines, results, strict=True)}
    if kind.outlook is not None:
        for one, words in zip(ready, kind.outlook(ready), strict=True):
            by_number[one.row.number]["will"] = pack(words)
    for number, words in (kind.repeats(ready) if kind.repeats else {}).items():
        by_number[number]["again"] = pack(words)

"""What the page of a sheet in the making shows: its lines, each with what is wrong beside the cell, or what it would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.explanations import Explanation, unpack
from core.plugins import here
from core.sheets import header, progress, reading
from core.sheets.cells import value_of, without_year
from core.sheets.judging import kind_of
from core.sheets.kinds import REF, Column, Shape
from core.sheets.models import SheetDraft

MOST_WRONG = 50  # lines to mend shown at once
MOST_LINES = 100  # of all lines on one page


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A column of the sheet. `column`: what it is, if that is said; `examples`: what stands first in it."""

    position: int
    name: str
    label: str
    column: Column | None
    examples: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that is shown, and what is wrong with it. `meant`: the whole day, of one that is written without its year."""

    place: Place
    text: str
    meant: date | None
    faults: Sequence[Explanation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line that is shown. `others`: what is wrong where it has no cell, with the label of the column.

    `again`: it seems to be recorded already.
    """

    number: int
    ref: str
    cells: Sequence[Cell]
    others: Sequence[tuple[str, Explanation]]
    wrong: bool
    known: bool
    out: bool
    will: Explanation | None
    again: Explanation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many lines are what. `points`: what all right ones would give, where that was worked out.

    `again`: those of the right ones that seem to be recorded already.
    """

    total: int
    wrong: int
    known: int
    out: int
    worked_out: int
    points: int
    again: int

    @property
    def right(self) -> int:
        """Those to be recorded."""
        return self.total - self.wrong - self.known - self.out


def counts(draft: SheetDraft) -> Counts:
    """Of the lines judged so far."""
    results: Sequence[Mapping[str, Any]] = draft.results
    will = [unpack(result["will"]).facts.get("points") or 0 for result in results if "will" in result]
    return Counts(
        total=draft.total,
        wrong=sum("faults" in result for result in results),
        known=sum("known" in result for result in results),
        out=len(draft.left_out),
        worked_out=len(will),
        points=sum(points for points in will if isinstance(points, int)),
        again=sum("again" in result for result in results),
    )


def places(draft: SheetDraft) -> Sequence[Place]:
    """The columns of the sheet, those too that are left out."""
    known = {column.name: column for column in header.columns_of(kind_of(draft.kind))}
    return [
        Place(
            position=at,
            name=name,
            label=str(known[name].label) if name in known else progress.heading(draft, at) or reading.letter(at),
            column=known.get(name),
            examples=_examples(draft, at),
        )
        for at, name in enumerate(draft.columns)
    ]


def _examples(draft: SheetDraft, position: int) -> list[str]:
    texts = (progress.text_of(cells[position]) for _number, cells in draft.lines[:20] if position < len(cells))
    return list(dict.fromkeys(text[:20] for text in texts if text))[:3]


def to_mend(draft: SheetDraft) -> list[Row]:
    """The first lines that are wrong, each with the one before and the one after it."""
    wrong = [at for at, result in enumerate(draft.results) if "faults" in result][:MOST_WRONG]
    around = {near for at in wrong for near in (at - 1, at, at + 1) if 0 <= near < draft.total}
    return _rows(draft, sorted(around))


def lines(draft: SheetDraft, *, first: int = 0, most: int = MOST_LINES) -> list[Row]:
    """Lines in their order, from the one at `first`."""
    return _rows(draft, range(first, min(first + most, draft.total)))


def _rows(draft: SheetDraft, wanted: Sequence[int]) -> list[Row]:
    shown = [place for place in places(draft) if place.name != progress.LEFT_OUT]
    labels = {column.name: str(column.label) for column in header.columns_of(kind_of(draft.kind))}
    return [_row(draft, at, shown, labels) for at in wanted]


def _row(draft: SheetDraft, at: int, shown: Sequence[Place], labels: Mapping[str, str]) -> Row:
    number, cells = draft.lines[at]
    result: Mapping[str, Any] = draft.results[at] if at < len(draft.results) else {}
    faults = [(column, unpack(words)) for column, words in result.get("faults", ())]
    here = {place.name for place in shown}
    texts = [progress.text_of(cells[place.position]) if place.position < len(cells) else "" for place in shown]
    made = [
        Cell(
            place=place,
            text=text,
            meant=_meant(place, text),
            faults=[words for column, words in faults if column == place.name],
        )
        for place, text in zip(shown, texts, strict=True)
    ]
    typed = next((cell.text for cell in made if cell.place.name == REF), "")
    return Row(
        number=number,
        ref=typed or progress.own_ref(draft, number),
        cells=made,
        others=[(labels.get(column, column), words) for column, words in faults if column not in here],
        wrong=bool(faults),
        known="known" in result,
        out=number in draft.left_out,
        will=unpack(result["will"]) if "will" in result else None,
        again=unpack(result["again"]) if "again" in result else None,
    )


def _meant(place: Place, text: str) -> date | None:
    if place.column is None or not place.column.past or not without_year(text):
        return None
    found = value_of(text, Shape.DAY, latest=here().today())
    return found if isinstance(found, date) else None

"""What can be imported: each kind of sheet says its columns, judges its rows and writes them.

The core has `residents` and `groups` (core/people/sheet.py); a plugin offers more by its attribute `imports`:

    class PointsPlugin(Plugin):
        imports = (sheet.CONTRIBUTIONS,)

What a kind need not care for, because `core.sheets.importing` does it: reading files, finding the header, telling apart
"3 月 2 日" and 42, the number of the row (`ref`) and whether it is known already, permissions, units of work, the audit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext as _l

from core.contract import Actor
from core.db.types import Id
from core.errors import DomainError, Invalid
from core.explanations import Explanation, explain

REF = "ref"
Value = str | int | date | None


class Shape(StrEnum):
    """What a cell of a column holds."""

    TEXT = "text"
    WHOLE = "whole"  # a whole number
    DAY = "day"  # a date cell, or text such as 2026-03-02, 2026/3/2, 2026年3月2日


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the values a column may hold. `words`: what people may write for it, besides the code; the first is offered."""

    code: str
    words: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a sheet.

    Args:
        name: in English, small: the name of the field in rows and faults, and a header that is understood.
        label: lazy translated, for people. Both translations of it must be understood headers too.
        headers: what else may stand on top: Chinese first.
        shape: what its cells hold.
        required: whether every row needs a value.
        past: of days: one without its year (11月22日) is the latest such day that is not to come. Else the year is needed.
        choices: the values it may hold, asked for while a community is entered; rows then hold the code. None: any value.
        suggestions: what is offered to choose from in a column that may hold other text too, asked for like choices.
        examples: for the template.
        help: lazy translated, for the template.
    """

    name: str
    label: Any
    headers: Sequence[str]
    shape: Shape = Shape.TEXT
    required: bool = False
    past: bool = False
    choices: Callable[[], Sequence[Choice]] | None = None
    suggestions: Callable[[], Sequence[str]] | None = None
    examples: Sequence[str] = ()
    help: Any = ""


REF_COLUMN = Column(
    name=REF,
    label=_l("No."),
    headers=("编号", "序号", "No.", "number"),
    required=True,
    examples=("1", "2"),
    help=_l(
        "Yours: never used twice in sheets of this kind. By it a row is known again, and not taken in a second time."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: its number in the file (from 1), its own number, its values by column.

    `bad`: columns with a fault already, required ones too; None stands there, and nothing more is said about them. A row with
    any is never written: it is judged for the faults of its other cells.
    """

    number: int
    ref: str
    values: Mapping[str, Value]
    bad: frozenset[str] = frozenset()

    def text(self, column: str) -> str | None:
        """What stands in a column of text."""
        value = self.values[column]
        assert value is None or isinstance(value, str)
        return value

    def whole(self, column: str) -> int | None:
        """What stands in a column of whole numbers."""
        value = self.values[column]
        assert value is None or isinstance(value, int)
        return value

    def day(self, column: str) -> date | None:
        """What stands in a column of days."""
        value = self.values[column]
        assert value is None or isinstance(value, date)
        return value

    def fault(self, column: str, code: str, /, **facts: Any) -> Fault:
        """What is wrong with one of its cells."""
        return Fault(row=self.number, column=column, words=explain(code, **facts))

    def faults(self, error: Invalid, columns: Mapping[str, str] = MappingProxyType({})) -> list[Fault]:
        """What a request refuses, by cell. `columns`: fields of the request that are called otherwise in the sheet."""
        return [
            Fault(row=self.number, column=columns.get(name, name), words=words)
            for name, found in error.errors.items()
            for words in found
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a cell. `row` counts from 1 as Excel does; `cell` is added by the core where the column exists."""

    row: int
    column: str
    words: Explanation
    cell: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A row that may be written: what `write` needs to know, and the id of what will come of it if that is one thing."""

    row: Row
    value: Any
    subject_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of judging: rows that may be written, and every fault of the others."""

    ready: Sequence[Ready] = ()
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKind:
    """A kind of sheet.

    Args:
        name: in addresses and commands: `linli import <name> FILE`. Unique in the installation.
        label: lazy translated.
        help: lazy translated, what a row is and what to prepare first.
        needs: the permission, besides core.import.
        columns: besides the number of the row, which every sheet has as its first.
        judge: in a read unit, the rows that are new, with the actor; in a fixed number of statements however many they are.
            It does not raise for a bad row: it answers its faults. What it says of `bad` columns is left out.
        write: in a short write unit, the rows judged ready, with the actor; bulk inserts. Time has passed since `judge`: what
            others may have changed meanwhile is looked at again under its lock; SheetFaults, or any other DomainError, undoes
            the whole sheet.
        asks: in a read unit, what is asked besides of a person who looks through the sheet on its page, of rows judged ready;
            programs and commands are not asked. None: nothing.
        outlook: in a read unit, what would come of each row judged ready, in order, as a sentence; None: nothing is said.
        repeats: in a read unit, the numbers of the rows judged ready that seem to be recorded already, each with its sentence
            about that; whoever looks through the sheet on its page must say that they are meant. None: nothing is looked for.
    """

    name: str
    label: Any
    help: Any
    needs: str
    columns: Sequence[Column]
    judge: Callable[[Sequence[Row], Actor], Judged]
    write: Callable[[Sequence[Ready], Actor], None]
    asks: Callable[[Sequence[Ready]], Sequence[Fault]] | None = None
    outlook: Callable[[Sequence[Ready]], Sequence[Explanation]] | None = None
    repeats: Callable[[Sequence[Ready]], Mapping[int, Explanation]] | None = None


class SheetRepeats(DomainError):
    """Lines seem to be recorded already, and nobody has said that they are meant. Facts: count."""

    code = "sheet_repeats"


class SheetFaults(DomainError):
    """Something in the sheet cannot be right, so none of it was taken in. Facts: count."""

    code = "sheet_faults"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(count=len(faults))
        self.faults = faults

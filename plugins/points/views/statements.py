"""The statement of a holder: filtered by period and kind, on paper, as a sheet, as a signed copy; what is left and set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from unicodedata import east_asian_width

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.db import Id
from core.faults import seen
from core.people.models import Holder
from core.people.queries import centre_holder
from core.plugins import here
from core.sheets import writing
from core.sheets.writing import Cell, Column, Holds
from core.web import downloads
from core.web.guard import requires
from core.web.periods import asked_period, between
from core.web.request import actor, linli
from core.web.words import day, full_day, moment, say, say_code, short_day
from plugins.points import copies, ledger, queries, remains, statements
from plugins.points.forms import choices_of
from plugins.points.models import Kind
from plugins.points.queries import READ
from plugins.points.statements import Payment, StatementLine, Wanted
from plugins.points.views.base import LINES, MOVEMENTS, hold_pages, pages

MOST_PRINTED = 1_000  # lines: some thirty sheets of paper
FIRST_ROWS, MORE_ROWS = 31, 38  # rows of text on an A4: below the head of the statement, and on each that follows
PAPER_WIDTH = 60  # narrow characters of a row's words; a Chinese one takes two


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The period and kinds that the address asks for; what cannot be meant is left out, and `problem` says so."""

    first: date | None = None
    last: date | None = None
    kinds: Sequence[Kind] = ()
    problem: str = ""

    @property
    def wanted(self) -> Wanted:
        """As the ledger counts time."""
        begins = None if self.first is None else ledger.start_of(self.first)
        ends = None if self.last is None else ledger.start_of(self.last + timedelta(days=1))
        return Wanted(begins=begins, ends=ends, kinds=self.kinds)

    @property
    def arguments(self) -> dict[str, Any]:
        """As the address says it."""
        return between(self.first, self.last) | ({"kind": self.kind} if self.kinds else {})

    @property
    def kind(self) -> str:
        """The kinds as the address says them: withdrawn,reversed."""
        return ",".join(self.kinds)

    @property
    def kind_words(self) -> str:
        """The same for people."""
        return _(", ").join(say_code(f"points_kind.{kind.value}") for kind in self.kinds)

    @property
    def words(self) -> str:
        """The period, as people say it."""
        return period_words(self.first, self.last)

    @property
    def dated(self) -> str:
        """The period with its years, for paper that is kept."""
        return period_words(self.first, self.last, of_day=full_day)


def period_words(first: date | None, last: date | None, *, of_day: Callable[[date], str] = day) -> str:
    """A period as people say it; its ends are days, or moments where a program asked so."""
    begins, ends = (
        bound and (moment(bound) if isinstance(bound, datetime) else of_day(bound)) for bound in (first, last)
    )
    if begins and ends:
        return _("%(first)s to %(last)s", first=begins, last=ends)
    if begins:
        return _("since %(day)s", day=begins)
    return _("until %(day)s", day=ends) if ends else _("everything so far")


def _asked() -> Asked:
    given = request.args
    kinds = [kind for kind in Kind if kind.value in given.get("kind", "").split(",")]
    period = asked_period()
    return Asked(first=period.first, last=period.last, kinds=kinds, problem=period.problem)


def _choices(asked: Asked) -> list[tuple[str, str]]:
    """Each kind by itself, and the several that are asked for together."""
    single = [(kind.value, say_code(f"points_kind.{kind.value}")) for kind in Kind]
    return choices_of([*single, *([(asked.kind, asked.kind_words)] if len(asked.kinds) > 1 else [])], _("all"))


def _transfer(text: str | None) -> Id | None:
    try:
        return Id(text) if text else None
    except ValueError:
        return None


# --- on the screen -------------------------------------------------------------------------------------------------


@pages.get("/accounts/<id:holder_id>/statement")
@requires(READ)
def statement(holder_id: Id) -> ResponseReturnValue:
    """Movements, the latest first: `?from=`, `?to=` (days), `?kind=` (several with commas), `?before=` (a line shown)."""
    holder = queries.holder(holder_id, by=actor())
    asked, before = _asked(), _transfer(request.args.get("before"))
    found = statements.page(holder_id, asked.wanted, most=MOVEMENTS, before=before)
    kept: dict[str, Any] = {"holder_id": holder_id} | asked.arguments
    return render_template(
        "points/statement.html",
        holder=holder,
        asked=asked,
        typed={name: request.args.get(name, "") for name in ("from", "to")},
        periods=_periods(holder_id, asked),
        kinds=_choices(asked),
        statement=found,
        readable=statements.readers(actor()),
        paid=paid,
        kept=kept,
        earlier=url_for(".statement", **kept, before=found.lines[-1].transfer_id) if found.more else None,
        latest=url_for(".statement", **kept) if before else None,
    )


def _periods(holder_id: Id, asked: Asked) -> list[dict[str, object]]:
    """The periods people ask for, one tap each."""
    today = here().today()
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    offered = (
        (_("This month"), month, today),
        (_("Last month"), before, month - timedelta(days=1)),
        (_("This year"), today.replace(month=1, day=1), today),
        (_("Everything"), None, None),
    )
    kind: dict[str, Any] = {"kind": asked.kind} if asked.kinds else {}
    return [
        {
            "label": label,
            "url": url_for(".statement", holder_id=holder_id, **between(first, last), **kind),
            "active": (asked.first, asked.last) == (first, last),
        }
        for label, first, last in offered
    ]


def paid(line: StatementLine) -> str:
    """What the contributions below a line did for it."""
    if line.points > 0:
        return _("repaid a debt:")
    words = {
        Kind.SPENT: _("paid with:"),
        Kind.EXPIRED: _("came from:"),
        Kind.GIVEN: _("given from:"),
        Kind.MOVED: _("came from:"),
    }
    return words.get(line.kind) or _("taken from:")


def said(payment: Payment) -> str:
    """A payment in words: 移风易俗宣传 3月2日 (12)."""
    if payment.category is None or payment.day is None:
        return f"{say(payment.reason)} ({payment.points})"
    return f"{payment.category} {short_day(payment.day)} ({payment.points})"


pages.add_app_template_filter(said, "points_payment")


# --- on paper ------------------------------------------------------------------------------------------------------


@pages.get("/accounts/<id:holder_id>/statement/print")
@requires(READ)
def print_statement(holder_id: Id) -> ResponseReturnValue:
    """The period's lines, the earliest first, on as many sheets as they need; of far too many the latest, and how many more."""
    holder = queries.holder(holder_id, by=actor())
    asked = _asked()
    found = statements.page(holder_id, asked.wanted, most=MOST_PRINTED)
    totals = statements.totals(holder_id, asked.wanted)
    return render_template(
        "points/statement_print.html",
        holder=holder,
        centre=centre_holder(),
        asked=asked,
        kind=asked.kind_words or None,
        statement=found,
        papers=_papers(found.lines[::-1]),
        totals=totals,
        hidden=totals.lines - len(found.lines),
        today=here().today(),
        back_url=url_for(".statement", holder_id=holder_id, **asked.arguments),
    )


def _papers(lines: Sequence[StatementLine]) -> list[list[StatementLine]]:
    """Lines sheet by sheet, so that each can begin and end with the balance. A browser breaks what does not fit all the same."""
    papers: list[list[StatementLine]] = []
    left = 0
    for line in lines:
        wide = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in say(line.reason))
        rows = max(1, -(-wide // PAPER_WIDTH))
        if rows > left:
            left = MORE_ROWS if papers else FIRST_ROWS
            papers.append([])
        left -= rows
        papers[-1].append(line)
    return papers


# --- as files ------------------------------------------------------------------------------------------------------


@pages.get("/accounts/<id:holder_id>/statement.xlsx")
@requires(READ)
def get_sheet(holder_id: Id) -> ResponseReturnValue:
    """The same lines as a sheet, all of the period, between its opening and its closing."""
    holder, asked = queries.holder(holder_id, by=actor()), _asked()
    if asked.problem:
        return _back(holder_id)
    columns = [
        Column(_("When"), Holds.MOMENT, 18),
        Column(_("Kind"), width=12),
        Column(_("What"), width=60),
        Column(_("Points"), Holds.WHOLE, 10),
        Column(_("Balance"), Holds.WHOLE, 10),
        Column(_("Of which contributions"), width=60),
    ]
    content = writing.workbook(_("Statement"), columns, _rows(holder_id, asked), zone=here().zone)
    return downloads.download(content, f"{_file_name(holder, asked)}.xlsx", downloads.XLSX)


def _back(holder_id: Id) -> ResponseReturnValue:
    """To the page that says what is wrong with the period: nobody takes away another one than asked for."""
    return redirect(f"{url_for('.statement', holder_id=holder_id)}?{request.query_string.decode('ascii', 'ignore')}")


def _rows(holder_id: Id, asked: Asked) -> Iterator[Sequence[Cell]]:
    found = statements.whole(holder_id, asked.wanted)
    yield None, None, _("Balance before"), None, found.opening, None
    for line in found.lines:
        sources = f"{paid(line)} {'; '.join(said(one) for one in line.payments)}" if line.payments else None
        yield line.at, say_code(f"points_kind.{line.kind.value}"), say(line.reason), line.points, line.balance, sources
    yield None, None, _("Balance after"), None, found.closing, None


def _file_name(holder: Holder, asked: Asked) -> str:
    period = "_".join(value for name, value in asked.arguments.items() if name != "kind")
    return f"{_('Points of %(name)s', name=holder.name)} {period}".strip()


@pages.get("/accounts/<id:holder_id>/statement.json")
@requires(READ)
def get_copy(holder_id: Id) -> ResponseReturnValue:
    """A signed copy of the period, of all kinds, to show elsewhere."""
    holder, asked = queries.holder(holder_id, by=actor()), _asked()
    if asked.problem:
        return _back(holder_id)
    found = statements.whole(holder_id, Wanted(begins=asked.wanted.begins, ends=asked.wanted.ends))
    secret = linli().config.secret_key
    made = copies.issue(holder.value(), found, first=asked.first, last=asked.last, say=say, secret=secret)
    return downloads.download(copies.text(made), f"{_file_name(holder, asked)}.json", "application/json")


# --- what is left --------------------------------------------------------------------------------------------------


@pages.get("/accounts/<id:holder_id>/lots")
@requires(READ)
def lots(holder_id: Id) -> ResponseReturnValue:
    """What is left of a holder's points, the first to expire first, each with where it comes from."""
    holder = queries.holder(holder_id, by=actor())
    begins = seen(request.args.get("cursor"))
    found = remains.left(holder_id, most=LINES, seen=begins)
    more = url_for(".lots", holder_id=holder_id, cursor=begins + LINES) if len(found) > LINES else None
    return render_template(
        "points/lots.html",
        holder=holder,
        figures=queries.figures([holder_id])[holder_id],
        lots=found[:LINES],
        readable=statements.readers(actor()),
        next_url=more,
        today=here().today(),
    )


@pages.get("/accounts/<id:holder_id>/holds")
@requires(READ)
def list_holds(holder_id: Id) -> ResponseReturnValue:
    """What of a holder's points is set aside, and what for."""
    holder = queries.holder(holder_id, by=actor())
    begins = seen(request.args.get("cursor"))
    found = remains.aside(holder_id, most=LINES, seen=begins)
    more = url_for(".list_holds", holder_id=holder_id, cursor=begins + LINES) if len(found) > LINES else None
    return render_template(
        "points/holds.html",
        holder=holder,
        figures=queries.figures([holder_id])[holder_id],
        holds=found[:LINES],
        urls=hold_pages([one.hold_id for one in found]),
        next_url=more,
    )

"""The first page of a long statement against that of a short one: who has been here for years waits no longer."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import balance, databases, measure, timetable, world
from benchmarks.balance import Books
from benchmarks.databases import Place
from benchmarks.measure import Figure
from benchmarks.timetable import Page
from core.accounts import accounts, passwords, signin
from core.accounts.models import AccountRole
from core.accounts.requests import AccountRequest
from core.db import unit

FEW, MANY = 50, 5_000  # lines of the group
BOUND = 1.2
ROUNDS, EACH, WARM = 9, 30, 10
BOTH_SIDES = 2  # lines in the ledger for each line of the group


@dataclass(frozen=True, slots=True)
class Shown:
    """A group's statement, and the page that shows it."""

    books: Books
    page: Page

    def lines(self) -> int:
        """How many the page has."""
        return self.page().get_data(as_text=True).count("<tr>") - 1  # the head of the table

    def statements(self) -> int:
        """How many statements the page sends."""
        return timetable.count_statements(self.books.linli.database, self.page)


def run(
    place: Place, *, many: int = MANY, few: int = FEW, rounds: int = ROUNDS, each: int = EACH, warm: int = WARM
) -> Figure:
    """Compare them in turns; each ledger in a database of its own."""
    long, short = (_shown(place.make(f"statement_{lines}"), lines) for lines in (many, few))
    counts = (long.statements(), short.statements())
    for _number in range(warm):
        long.page()
        short.page()
    found = measure.compare(long.page, short.page, rounds=rounds, each=each)
    lines = (long.lines(), short.lines())
    for shown in (long, short):
        databases.engine_of(shown.books.linli.database).dispose()
    same = counts[0] == counts[1] and lines[0] == lines[1]
    return Figure(
        what=f"First page of a statement of {many:,} lines against one of {few:,}",
        database=place.engine,
        linli_ms=found.ours,
        yardstick_ms=found.theirs,
        ratio=found.ratio,
        bound=BOUND,
        details=f"{lines[0]} lines, {counts[0]} statements",
        faults=() if same else (f"{counts} statements, {lines} lines",),
    )


def _shown(url: str, lines: int) -> Shown:
    books = balance.keep_books(url, lines * BOTH_SIDES)
    passwords.use_cheap_hashes()
    with unit(books.linli.database, write=True):
        world.enter_slug(books.linli.house)
        request = AccountRequest(user_name="li", password="benchmark", role=AccountRole.MANAGER.value)  # noqa: S106
        account = accounts.create(request, password_hash=passwords.hashed(request.password), by=world.BY)
        key = signin.signed_in(account).session_key
    path = f"/{world.SLUG}/points/accounts/{books.holder.id}/statement"
    return Shown(books, Page(books.app, path, world.cookie_of(books.app, key)))

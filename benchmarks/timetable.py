"""The day timetable of ten rooms against a bare Flask page with the same five queries and as many cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import event
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

from benchmarks import bare, databases, measure
from benchmarks.measure import Figure
from benchmarks.world import SECRET, SHOWN, SLUG, World
from core.db import Database, connect

BOUND = 3.0
ROUNDS, EACH, WARM = 9, 30, 10
PATH = f"/{SLUG}/booking/?day={SHOWN}"
YARDSTICK_QUERIES = 5


@dataclass(frozen=True, slots=True)
class Page:
    """A page asked for in process, by the browser of somebody signed in."""

    app: Flask
    path: str
    cookie: str

    def __call__(self) -> Response:
        """Its answer.

        Raises:
            AssertionError: it is no page.
        """
        headers = Headers({"Cookie": self.cookie, "Accept-Language": "zh"})
        environ = EnvironBuilder(path=self.path, headers=headers).get_environ()
        body, status, answered = run_wsgi_app(self.app, environ, buffered=True)
        answer = Response(body, status, answered)
        if answer.status_code != 200:
            raise AssertionError(f"{self.path} was answered {status}")
        return answer


def run(made: World, engine_name: str, *, rounds: int = ROUNDS, each: int = EACH, warm: int = WARM) -> Figure:
    """Compare the two pages in turns."""
    yardstick = databases.engine_of(connect(made.url))
    page = Page(made.app, PATH, made.cookie())
    plain = Page(bare.create_app(yardstick, SECRET, made.choir), f"/{SLUG}/{SHOWN}", made.cookie())
    statements = count_statements(made.linli.database, page)
    for _number in range(warm):
        page()
        plain()
    found = measure.compare(page, plain, rounds=rounds, each=each)
    size, other = (len(one().get_data()) / 1024 for one in (page, plain))
    yardstick.dispose()
    return Figure(
        what="Day timetable, 10 rooms × 21 half hours, against a bare page",
        database=engine_name,
        linli_ms=found.ours,
        yardstick_ms=found.theirs,
        ratio=found.ratio,
        bound=BOUND,
        details=f"{statements} statements, {size:.0f} kB; the bare page {YARDSTICK_QUERIES}, {other:.0f} kB",
    )


def count_statements(database: Database, page: Page) -> int:
    """How many statements the page sends, once its caches are warm."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    reader = database.reader
    page()
    event.listen(reader, "before_cursor_execute", note)
    page()
    event.remove(reader, "before_cursor_execute", note)
    return len(seen)

"""How many statements something sends: a page sends as many at one row as at a thousand."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event


@contextmanager
def statements(at: Engine | Connection) -> Iterator[list[str]]:
    """The statements sent inside, without those that open, save and close transactions.

    Args:
        at: the engine or connection they are sent on: `database.writer`.
    """
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split(maxsplit=1)[0].upper() in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
            sent.append(statement)

    event.listen(at, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(at, "before_cursor_execute", note)

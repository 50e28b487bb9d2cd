"""What SQLite can say about its own file: references that hold, pages that can be read. PostgreSQL keeps both by itself."""

from __future__ import annotations

from collections.abc import Iterator

from core.db.work import Database


def faults(database: Database) -> Iterator[str]:
    """Rows that point nowhere, and damage of the file."""
    if database.dialect != "sqlite":
        return
    with database.looking() as connection:
        for table, row, to, _number in connection.exec_driver_sql("pragma foreign_key_check"):
            yield f"{table}: row {row} points to no row of {to}"
        for (said,) in connection.exec_driver_sql("pragma integrity_check"):
            if said != "ok":
                yield str(said)

"""P3: the four causes that slip through the net stand nowhere outside core/db: a lint over the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
NET = PROJECT / "core" / "db"

# Words that make SQL of text, and ways round the session of the unit.
TEXT = {
    "text",
    "literal_column",
    "column",
    "table",
    "TextClause",
    "from_statement",
    "with_hint",
    "prefix_with",
    "suffix_with",
}
ROUND = {"connection", "get_bind", "exec_driver_sql", "raw_connection", "from_select", "cursor", "execute_text"}
IMPORTS = {"create_engine", "Session", "sessionmaker", "Table", "MetaData", "text", "literal_column", "column", "table"}


def causes(source: str) -> Iterator[str]:
    """Where a module would slip through the net."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.partition(".")[0] == "sqlalchemy":
                yield from (f"{node.lineno}: imports {name.name}" for name in names if name.name in IMPORTS)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="session"), attr=attr)) if attr in ROUND:
                yield f"{node.lineno}: session.{attr}()"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="sa" | "sqlalchemy" | "sql" | "orm"), attr=attr)) if (
                attr in TEXT | IMPORTS
            ):
                yield f"{node.lineno}: sqlalchemy's {attr}()"
            case ast.Call(
                func=ast.Attribute(attr="from_select" | "exec_driver_sql" | "raw_connection" | "from_statement")
            ):
                yield f"{node.lineno}: {node.func.attr}()"  # type: ignore[attr-defined]  # an Attribute, matched above
            case ast.Attribute(attr="__table__"):
                yield f"{node.lineno}: __table__"


def modules() -> list[Path]:
    found = [PROJECT / "app.py", *(PROJECT / "core").rglob("*.py"), *(PROJECT / "plugins").rglob("*.py")]
    return sorted(path for path in found if NET not in path.parents and "migrations" not in path.parts)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_p3_no_module_slips_through_the_net(path: Path) -> None:
    assert list(causes(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "planted",
    [
        "session.connection().execute(statement)",
        "from sqlalchemy import select, text",
        "from sqlalchemy.sql.expression import literal_column",
        "import sqlalchemy as sa\nselect(sa.literal_column('1'))",
        "import sqlalchemy as sa\nsession.execute(sa.text('DELETE FROM core_holder'))",
        "import sqlalchemy\nsession.execute(sqlalchemy.text('DELETE FROM core_holder'))",
        "from sqlalchemy import sql\nselect(sql.literal_column('1'))",
        "select(Holder).join(Group.__table__)",
        "insert(Grant).from_select(['community_id'], select(Account.id))",
        "select(Holder).from_statement(words)",
        "session.get_bind()",
        "from sqlalchemy.orm import Session",
        "from sqlalchemy import create_engine",
    ],
)
def test_the_lint_sees_each_cause(planted: str) -> None:
    assert list(causes(planted))

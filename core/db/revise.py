"""Writes a revision for a developer: what the models say and the migrations do not yet, as a file to read and finish."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import CreateTableOp, DropTableOp, MigrateOperation, ModifyTableOps, OpContainer, UpgradeOps
from sqlalchemy.types import TypeDecorator

from core.db import migrate
from core.db.base import Base
from core.db.migrate import Owner
from core.db.types import UtcDateTime, UuidKey
from core.db.work import connect

_FILE = '''"""{message}"""

{imports}

revision = "{revision}"
down_revision = {down!r}


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


def revision(owner: Owner, message: str, *, plugins: Iterable[Owner]) -> Path | None:
    """Write the next revision of an owner's history; None when the models and the migrations agree already.

    Args:
        owner: whose history.
        message: why, one sentence; it becomes the docstring.
        plugins: all installed ones: their tables may be referred to.
    """
    database = connect("sqlite://", poolclass=sa.StaticPool)
    migrate.upgrade(database, plugins)
    with database.looking() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*expression-based index")
        context = migrate._context(connection, owner)  # noqa: SLF001 - the other half of the same module
        script = produce_migrations(context, Base.metadata)
        assert script.upgrade_ops is not None
        assert script.downgrade_ops is not None
        if script.upgrade_ops.is_empty():
            return None
        imports: set[str] = {"import sqlalchemy as sa", "from alembic import op"}
        up, down = (_render(part, context, imports) for part in (script.upgrade_ops, script.downgrade_ops))
        head = migrate._script(owner).get_current_head()  # noqa: SLF001
    database.close()
    return _write(owner, message, head, up=up, down=down, imports=imports)


def _write(owner: Owner, message: str, head: str | None, *, up: str, down: str, imports: set[str]) -> Path:
    number = f"{int(head or 0) + 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40].strip("_") or "change"
    path = migrate.versions_of(owner) / f"{number}_{slug}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    types = sorted(name.removeprefix("type ") for name in imports if name.startswith("type "))
    lines = sorted((line for line in imports if not line.startswith("type ")), reverse=True)
    own = [f"\nfrom core.db.types import {', '.join(types)}"] if types else []
    text = _FILE.format(
        message=message if message.endswith((".", "。")) else f"{message}.",
        imports="\n".join([*lines, *own]),
        revision=number,
        down=head,
        upgrade=up,
        downgrade=down,
    )
    path.write_text("\n".join(line.rstrip() for line in text.split("\n")), encoding="utf-8")
    return path


def _render(operations: OpContainer, context: Any, imports: set[str]) -> str:
    """The code of operations; tables that are made or dropped here need no batch for their indexes."""
    whole = {op.table_name for op in operations.ops if isinstance(op, CreateTableOp | DropTableOp)}
    flat: list[MigrateOperation] = []
    for op in operations.ops:
        flat += op.ops if isinstance(op, ModifyTableOps) and op.table_name in whole else [op]
    batched = [op for op in flat if isinstance(op, ModifyTableOps)]
    plain = [op for op in flat if not isinstance(op, ModifyTableOps)]
    parts = [
        render_python_code(
            UpgradeOps(ops),
            render_as_batch=as_batch,
            render_item=lambda kind, item, _context: _render_type(kind, item, imports),
            migration_context=context,
        )
        for ops, as_batch in ((batched, True), (plain, False))
        if ops
    ]
    lines = "\n".join(parts).split("\n")
    return "\n".join(line for line in lines if not line.strip().startswith("# ")).strip()


def _render_type(kind: str, item: Any, imports: set[str]) -> str | Literal[False]:
    """A migration must not change with the code: only the types that convert values stay ours, all others become plain ones."""
    if kind != "type":
        return False
    if isinstance(item, UuidKey | UtcDateTime):
        name = type(item).__name__
        imports.add(f"type {name}")
        return f"{name}()"
    if isinstance(item, sa.Enum):
        return f"sa.String({item.length})"
    if isinstance(item, TypeDecorator):
        return "sa.JSON()" if isinstance(item.impl, sa.JSON) else f"sa.{item.impl!r}"
    return "sa.JSON()" if isinstance(item, sa.JSON) else False

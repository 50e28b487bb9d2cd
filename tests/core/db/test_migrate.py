"""Migrations: forth and back with what is in the tables, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import Engine, text

from core.communities.models import Community
from core.contract import HolderKind
from core.db import Base, Database, connect, migrate, revise, session, unit
from core.db.migrate import BadHistory, Core
from core.db.types import UuidKey
from core.people.models import Holder, Resident
from core.plugins import enter
from core.web.request import linli_of
from tests import kit, services

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Owner:
    """Somebody with a history."""

    name: str
    folder: Path


GARDEN = Owner("garden", Path(__file__).parent / "garden")


@pytest.fixture
def empty_address(engine_name: str, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """Where a database without tables is."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite"
        return
    server = services.require_postgres()
    services.drop_database(server, name := f"linli_empty_{worker_id}")
    yield services.create_database(server, name)
    services.drop_database(server, name)


@pytest.fixture
def empty(empty_address: str) -> Iterator[Database]:
    """A database without tables."""
    database = connect(empty_address)
    yield database
    engine(database).dispose()


def engine(database: Database) -> Engine:
    assert isinstance(database.writer, Engine)
    return database.writer


def run(database: Database, statement: str, **values: Any) -> list[Any]:
    with engine(database).begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result.all()) if result.returns_rows else []


def tables(database: Database) -> set[str]:
    with engine(database).connect() as connection:
        return set(sa.inspect(connection).get_table_names())


@pytest.fixture
def no_core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Owner:
    """The core with an empty history."""
    core = Owner("core", tmp_path / "core")
    core.folder.mkdir()
    monkeypatch.setattr(migrate, "CORE", core)
    return core


def test_up_down_and_up_again_keeps_what_can_be_kept(empty: Database, no_core: Owner) -> None:
    assert no_core.name == "core"
    assert migrate.pending(empty, [GARDEN]) == ["garden"]
    assert migrate.upgrade(empty, [GARDEN]) == ["garden: nothing → 0003"]
    assert migrate.upgrade(empty, [GARDEN]) == []
    assert migrate.pending(empty, [GARDEN]) == []
    run(empty, "INSERT INTO garden_bed (id, name, square_metres) VALUES (1, 'roses', 4), (2, 'herbs', 2)")
    run(empty, "INSERT INTO garden_plant (id, bed_id, name) VALUES (1, 1, 'Gloire de Dijon'), (2, 2, 'thyme')")
    assert migrate.downgrade(empty, GARDEN, "0001") == ["garden: 0003 → 0001"]
    assert run(empty, "SELECT id, name FROM garden_bed ORDER BY id") == [(1, "roses"), (2, "herbs")]
    assert run(empty, "SELECT id, bed_id FROM garden_plant ORDER BY id") == [(1, 1), (2, 2)]
    migrate.upgrade(empty, [GARDEN])
    assert run(empty, "SELECT name, square_metres FROM garden_bed ORDER BY id") == [("roses", 1), ("herbs", 1)]
    assert run(empty, "SELECT count(*) FROM garden_plant") == [(2,)]
    migrate.downgrade(empty, GARDEN)
    assert tables(empty) <= {"linli_version_garden"}
    migrate.upgrade(empty, [GARDEN])
    assert {"garden_bed", "garden_plant"} <= tables(empty)


def test_a_batch_change_keeps_checks_indexes_and_the_form_of_a_table(empty: Database, no_core: Owner) -> None:
    migrate.upgrade(empty, [GARDEN])
    assert no_core.name == "core"
    with engine(empty).connect() as connection:
        inspector = sa.inspect(connection)
        assert {rule["name"] for rule in inspector.get_check_constraints("garden_bed")} == {
            "ck_garden_bed_named",
            "ck_garden_bed_square_metres",
        }
        assert [index["name"] for index in inspector.get_indexes("garden_plant")] == ["ix_garden_plant_bed_id"]
        if connection.dialect.name == "sqlite":
            made = str(connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'garden_bed'")))
            assert "WITHOUT ROWID" in made


def test_all_histories_move_or_none(empty: Database, no_core: Owner, tmp_path: Path) -> None:
    broken = Owner("broken", tmp_path / "broken")
    versions = broken.folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_broken.py").write_text(
        "revision, down_revision = '0001', None\n\n\ndef upgrade():\n    raise RuntimeError('no')\n", encoding="utf-8"
    )
    with pytest.raises(RuntimeError, match="no"):
        migrate.upgrade(empty, [GARDEN, broken])
    assert tables(empty) == set()
    assert migrate.upgrade(empty, [GARDEN]) == ["garden: nothing → 0003"]
    assert no_core.name == "core"


def test_what_would_leave_rows_that_point_nowhere_is_undone(empty: Database, no_core: Owner, tmp_path: Path) -> None:
    migrate.upgrade(empty, [GARDEN])
    run(empty, "INSERT INTO garden_bed (id, name, square_metres) VALUES (1, 'roses', 4)")
    run(empty, "INSERT INTO garden_plant (id, bed_id, name) VALUES (1, 1, 'Gloire de Dijon')")
    weeds = Owner("weeds", tmp_path / "weeds")
    versions = weeds.folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_weeds.py").write_text(
        "from alembic import op\n\nrevision, down_revision = '0001', None\n\n\n"
        "def upgrade():\n    op.execute('DELETE FROM garden_bed')\n",
        encoding="utf-8",
    )
    with pytest.raises((BadHistory, sa.exc.IntegrityError)):
        migrate.upgrade(empty, [GARDEN, weeds])
    assert run(empty, "SELECT count(*) FROM garden_bed") == [(1,)]
    with pytest.raises(sa.exc.IntegrityError):  # the references of the connection are on again
        run(empty, "DELETE FROM garden_bed")
    assert no_core.name == "core"


def test_an_unknown_revision_is_a_bad_history(empty: Database, no_core: Owner) -> None:
    migrate.upgrade(empty, [GARDEN])
    with pytest.raises(BadHistory, match="garden"):
        migrate.downgrade(empty, GARDEN, "0099")
    assert no_core.name == "core"


def test_two_names_whose_tables_could_be_confused_are_refused() -> None:
    with pytest.raises(BadHistory, match="'grid' and 'grid_x'"):
        migrate.owners([Owner("grid", Path()), Owner("grid_x", Path())])
    assert [owner.name for owner in migrate.owners([Owner("grid", Path()), Owner("gridx", Path())])] == [
        "core",
        "grid",
        "gridx",
    ]


def test_changing_a_referenced_table_of_the_core_keeps_its_children(empty: Database) -> None:
    Base.metadata.create_all(engine(empty))
    with unit(empty, write=True):
        session.add(community := Community(slug="xincheng", name="新城区社区", zone="Asia/Shanghai"))
        session.flush()
        enter(linli_of(kit.the_app()).house, community)
        session.add(holder := Holder(kind=HolderKind.RESIDENT, name="张淑芬"))
        session.flush()
        session.add(Resident(id=holder.id, telephone="13900000001"))
    with migrate._alone(empty) as connection:
        context = migrate._context(connection, migrate.CORE)
        with Operations.context(context), Operations(context).batch_alter_table("core_holder") as table:
            table.add_column(sa.Column("nickname", sa.String, nullable=False, server_default=""))
            table.alter_column("name", new_column_name="called", existing_type=sa.String, existing_nullable=False)
    assert run(empty, "SELECT called, nickname FROM core_holder") == [("张淑芬", "")]
    assert run(empty, "SELECT telephone FROM core_resident") == [("13900000001",)]
    with pytest.raises(sa.exc.IntegrityError):
        run(empty, "DELETE FROM core_holder")


def test_eight_upgrades_at_once_of_one_fresh_database_do_it_once(empty_address: str) -> None:
    program = dedent(
        """
        import sys
        from pathlib import Path
        from core.db import connect, migrate
        migrate.CORE = migrate.Core("core", Path(sys.argv[2], "migrations"))
        print(len(migrate.upgrade(connect(sys.argv[1]), [migrate.Core("garden", Path(sys.argv[2]))])))
        """
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_address, str(GARDEN.folder)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 8, [errors for _out, errors in ended]
    assert sorted(out.strip() for out, _errors in ended) == ["0"] * 7 + ["1"]


# --- models and migrations -----------------------------------------------------------------------------------------


def test_a_written_revision_makes_exactly_the_models(empty: Database, no_core: Owner) -> None:
    house = linli_of(kit.the_app()).house
    for owner in migrate.owners([]):
        path = revise.revision(owner, "The first tables", plugins=[])
        assert path is not None
        assert path.name == "0001_the_first_tables.py"
        assert revise.revision(owner, "Nothing new", plugins=[]) is None
    migrate.upgrade(empty, [])
    assert migrate.check(empty, no_core) == []
    assert migrate.ownerless(house.installed) == []
    migrate.downgrade(empty, no_core)
    assert tables(empty) == {"linli_version_core"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE core_holder ADD COLUMN nickname VARCHAR", "nickname"),
        ("DROP INDEX ix_core_audit_at", "ix_core_audit_at"),
        ("CREATE INDEX ix_core_holder_lower ON core_holder (lower(name))", "ix_core_holder_lower is not in the model"),
        ("DROP TABLE core_mail", "core_mail"),
        ("CREATE TABLE core_cellar (id INTEGER)", "core_cellar"),
        (None, "ck_core_membership_days is missing"),
    ],
)
def test_check_names_each_difference(empty: Database, change: str | None, said: str) -> None:
    Base.metadata.create_all(engine(empty))
    assert migrate.check(empty, Core()) == []
    if change is not None:
        run(empty, change)
    else:
        with migrate._alone(empty) as connection:
            context = migrate._context(connection, Core())
            with Operations.context(context), Operations(context).batch_alter_table("core_membership") as table:
                table.drop_constraint(sa.sql.elements.conv("ck_core_membership_days"), type_="check")
    assert said in "\n".join(migrate.check(empty, Core()))


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database made by the migrations as they are committed."""
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('newest')}/newest.sqlite")
    migrate.upgrade(database, linli_of(kit.the_app()).house.installed)
    return database


@pytest.mark.parametrize("name", ["core", *(plugin.name for plugin in linli_of(kit.the_app()).house.installed)])
def test_the_models_are_what_the_migrations_make(newest: Database, name: str) -> None:
    owners = {owner.name: owner for owner in migrate.owners(linli_of(kit.the_app()).house.installed)}
    assert migrate.check(newest, owners[name]) == []


def test_every_table_of_a_community_is_led_by_it_and_refers_within_it() -> None:
    for table in Base.metadata.sorted_tables:
        if "community_id" not in table.c:
            assert table.name in {"core_community", "core_lease"}
            continue
        assert next(iter(table.primary_key)).name == "community_id"
        assert "id" not in table.c or isinstance(table.c.id.type, UuidKey)
        for key in table.foreign_key_constraints:
            assert next(iter(key.columns)).name == "community_id"

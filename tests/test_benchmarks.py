"""The benchmarks in miniature, in process and on SQLite: they still measure what they say. Their bounds are `make bench`'s."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import balance, bulk, databases, measure, reservations, statement, timetable, usage, walk, world
from benchmarks.__main__ import checked
from benchmarks.databases import Place
from benchmarks.measure import Figure
from benchmarks.world import World
from core.db import Id, connect


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("benchmarks")
    return Place("sqlite", lambda name: f"sqlite:///{folder / name}.sqlite")


@pytest.fixture(scope="module")
def made(place: Place) -> Iterator[World]:
    yield (found := world.build(place.make("community"), world.Size(history=100, groups=20, racers=2)))
    databases.engine_of(found.linli.database).dispose()


@pytest.fixture(autouse=True)
def _clock_of_the_world(_still_clock: None) -> None:
    """Both stand at the same moment: the fixed cast's and the benchmarks'."""


def test_the_page_and_its_yardstick_both_answer(made: World) -> None:
    figure = timetable.run(made, "sqlite", rounds=1, each=1, warm=1)
    assert figure.ratio is not None
    assert figure.linli_ms > 0


def test_what_rooms_were_used_for_sums_up_the_same_reservations(made: World) -> None:
    figure = usage.run(made, "sqlite", rounds=1, each=1, warm=1)
    assert figure.details.startswith("100 reservations")
    assert not figure.faults


def test_the_yardstick_writes_the_rows_of_a_reservation_and_the_database_stays_whole(made: World) -> None:
    client = made.app.test_client()

    def call(method: str, path: str, body: object) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {made.token}"}
        answer = client.open(f"/api/v1/{world.SLUG}{path}", method=method, json=body, headers=headers)
        return answer.status_code, answer.json

    slots = world.slots(made)
    booker = reservations.Booker(call, slots)
    first: Id = booker()
    engine = databases.engine_of(connect(made.url))
    yardstick = reservations.Yardstick(made.url, reservations.Sample(engine, first), slots)
    reservations.same_rows(engine, booker, yardstick)
    assert checked(made) == []
    for used in (engine, yardstick.engine):
        used.dispose()


def test_ledgers_of_any_length_hold_the_same_balance(place: Place) -> None:
    figure = balance.run(place, many=400, few=100, rounds=1, each=1)
    assert figure.ratio is not None


def test_statements_of_any_length_send_as_many_lines_on_their_first_page(place: Place) -> None:
    figure = statement.run(place, many=200, few=50, rounds=1, each=1, warm=1)
    assert figure.ratio is not None
    assert figure.details.startswith("20 lines")
    assert not figure.faults


def test_a_poured_ledger_is_as_it_must_be(place: Place) -> None:
    books = balance.keep_books(place.make("books"), 200)
    with databases.engine_of(books.linli.database).connect() as connection:
        lines = connection.exec_driver_sql("select count(*), sum(points) from points_line").one()
    assert tuple(lines) == (200, 0)
    assert books.read().balance == balance.POINTS * balance.LEFT


def test_the_walk_of_a_reservation_goes_from_the_door_to_the_rule(made: World) -> None:
    found = walk.of_a_reservation(made)
    files = list(found.files)
    assert files.index("plugins/booking/reserve.py") < files.index("plugins/points/holds.py")
    assert "reserve" in found.files["plugins/booking/reserve.py"]
    assert not [name for name in files if not name.startswith(("core/", "plugins/", "app.py"))]


def test_a_bound_is_missed_only_beyond_it(tmp_path: Path) -> None:
    kept = Figure(what="page", database="sqlite", linli_ms=3, yardstick_ms=1, ratio=3.0, bound=3.0)
    missed = Figure(what="page", database="sqlite", linli_ms=4, yardstick_ms=1, ratio=4.0, bound=3.0)
    assert not kept.missed
    assert missed.missed
    assert "**missed**" in measure.table([missed])
    measure.keep([kept], tmp_path / "kept.json", about={"day": "today"})
    assert '"ratio": 3.0' in (tmp_path / "kept.json").read_text()


def test_many_contributions_and_their_yardstick_write_the_same_rows(place: Place) -> None:
    recording, crediting = bulk.run(place, many=60, rounds=1)
    for figure in (recording, crediting):
        assert figure.ratio is not None
        assert figure.linli_ms > 0

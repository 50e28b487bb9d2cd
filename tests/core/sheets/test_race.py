"""The same sheet sent several times at the same moment is taken in once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from core.accounts import access
from core.db import Conflict, Database, session, unit
from core.people.models import Group, Membership, Resident
from core.plugins import House
from core.sheets import importing
from core.sheets.judging import Report
from tests.core.sheets.build import GROUPS, RESIDENTS, csv_of
from tests.kit import SLUG, enter_slug

pytestmark = pytest.mark.race
AT_ONCE, ROWS = 6, 200


@pytest.fixture
def start() -> Barrier:
    """So that all begin together."""
    return Barrier(AT_ONCE)


def send(database: Database, house: House, kind: str, contents: list[bytes], start: Barrier) -> list[Report]:
    def run(content: bytes) -> Report:
        start.wait()
        for _try in range(10):
            try:
                return importing.run(database, house, SLUG, kind, "a.csv", content, by=access.system())
            except Conflict:
                continue
        raise AssertionError("always a conflict")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, contents))


def count(database: Database, house: House, table: type[Resident] | type[Group] | type[Membership]) -> int:
    with unit(database, write=False):
        enter_slug(house, SLUG)
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_same_residents_at_once_are_taken_in_once(real_database: Database, house: House, start: Barrier) -> None:
    before = count(real_database, house, Resident)
    rows = [(number, f"居民{number}", "", "") for number in range(ROWS)]
    reports = send(real_database, house, "residents", [csv_of(RESIDENTS, *rows)] * AT_ONCE, start)
    assert sorted(report.created for report in reports) == [0] * (AT_ONCE - 1) + [ROWS]
    assert {report.created + report.unchanged for report in reports} == {ROWS}
    assert count(real_database, house, Resident) == before + ROWS


def test_sheets_that_overlap_are_taken_in_once_together(real_database: Database, house: House, start: Barrier) -> None:
    before = count(real_database, house, Resident)
    contents = [
        csv_of(RESIDENTS, *[(number, f"居民{number}", "", "") for number in range(first, first + ROWS)])
        for first in range(0, AT_ONCE * 50, 50)
    ]
    reports = send(real_database, house, "residents", contents, start)
    together = ROWS + 50 * (AT_ONCE - 1)
    assert sum(report.created for report in reports) == together
    assert not any(report.faults for report in reports)
    assert count(real_database, house, Resident) == before + together


def test_a_new_group_named_in_several_sheets_at_once_is_made_once(
    real_database: Database, house: House, start: Barrier
) -> None:
    before = count(real_database, house, Group)
    contents = [
        csv_of(GROUPS, (place, "新队", "合唱", "", name, "", "", ""))
        for place, name in enumerate(["李主任", "孙红梅", "张淑芬", "赵国强", "陈玉兰", "陈玉兰"])
    ]
    reports = send(real_database, house, "groups", contents, start)
    assert count(real_database, house, Group) == before + 1
    assert sorted(report.created for report in reports) == [0, 1, 1, 1, 1, 1]
    assert [fault.words.code for report in reports for fault in report.faults] == ["already_member"]

"""The sheet of groups: a row for each member, residents by number or by a name that only one has."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core.accounts import access
from core.contract import Actor
from core.db import Database, session, unit
from core.people import members, queries
from core.people.models import Group, Membership
from core.plugins import House
from core.sheets import importing, judging, reading
from core.sheets.judging import Report
from core.sheets.kinds import SheetFaults
from tests.core.sheets.build import GROUPS, RESIDENTS, xlsx
from tests.kit import Cast, a_group, a_resident, enter_slug

Import = Callable[..., Report]
SYSTEM: Actor = access.system()
PEOPLE = (RESIDENTS, ("1", "甲"), ("2", "乙"), ("3", "丙"), ("4", "甲"))
GOOD = (
    GROUPS,
    ("1", "书法社", "书法", "1", "甲", "队长", date(2026, 1, 1), None),
    ("2", "书法社", None, "2", None, "成员", date(2026, 1, 1), date(2026, 6, 30)),
    ("3", "书法社", None, None, "丙", None, None, None),
    ("4", "编织组", "其他", None, None, None, None, None),
    ("5", "合唱队", None, None, "赵国强", None, None, None),
)


@pytest.fixture
def imported(database: Database, house: House, cast: Cast) -> Import:
    """`imported(*rows)`: a sheet of groups, after one of residents."""
    importing.run(database, house, cast.slug, "residents", "r.xlsx", xlsx(*PEOPLE), by=SYSTEM)

    def run(*rows: tuple[Any, ...]) -> Report:
        return importing.run(database, house, cast.slug, "groups", "g.xlsx", xlsx(*rows), by=SYSTEM)

    return run


def faults_of(report: Report) -> list[tuple[str, str]]:
    return [(fault.cell or f"row {fault.row}", fault.words.code) for fault in report.faults]


def test_groups_their_leaders_and_members_are_taken_in_once(
    imported: Import, database: Database, house: House, cast: Cast
) -> None:
    assert imported(*GOOD) == Report(rows=5, created=5, unchanged=0, faults=())
    assert imported(*GOOD) == Report(rows=5, created=0, unchanged=5, faults=())
    with unit(database, write=False):
        enter_slug(house, cast.slug)
        groups = {group.name: group for group in session.scalars(select(Group))}
        assert {name: groups[name].kind for name in ("书法社", "编织组")} == {
            "书法社": "calligraphy",
            "编织组": "other",
        }
        shown = queries.members(groups["书法社"].id, by=SYSTEM, limit=10)
        assert [(member.name, member.role.value, member.from_day) for member in shown] == [
            ("甲", "leader", date(2026, 1, 1)),
            ("丙", "member", date(2026, 11, 26)),
        ]
        assert len(members.on(groups["书法社"].id, date(2026, 6, 30))) == 2
        assert cast.zhao.resident_id in members.on(cast.choir.id, date(2026, 11, 26))


def test_a_group_may_get_more_members_later(imported: Import) -> None:
    imported(*GOOD)
    assert imported(*GOOD, ("6", "编织组", None, "4", "甲")) == Report(rows=6, created=1, unchanged=5, faults=())


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("1", None, "合唱", "1"), ("B2", "required")),
        (("1", "新队", None, "1"), ("C2", "group_kind_missing")),
        (("1", "新队", "足球", "1"), ("C2", "not_a_choice")),
        (("1", "合唱队", "舞蹈", "1"), ("C2", "group_kind_differs")),
        (("1", "长" * 61, "合唱", "1"), ("B2", "too_long_text")),
        (("1", "合唱队", None, "77"), ("D2", "resident_ref_unknown")),
        (("1", "合唱队", None, "1", "乙"), ("E2", "resident_name_differs")),
        (("1", "合唱队", None, None, "无名氏"), ("E2", "resident_unknown")),
        (("1", "合唱队", None, None, "甲"), ("E2", "resident_ambiguous")),
        (("1", "合唱队", None, None, None, "队长"), ("E2", "required")),
        (("1", "合唱队", None, "1", None, "boss"), ("F2", "not_a_choice")),
        (("1", "合唱队", None, "1", None, None, "soon"), ("G2", "not_a_day")),
        (("1", "合唱队", None, "1", None, None, "2026-02-02", "2026-02-01"), ("H2", "ends_before_it_begins")),
        (("1", "合唱队", None, None, "陈玉兰"), ("E2", "already_member")),
        (("1", "滨河合唱队", None, "1"), ("C2", "group_kind_missing")),
    ],
)
def test_what_is_wrong_is_told_by_cell(imported: Import, row: tuple[Any, ...], fault: tuple[str, str]) -> None:
    report = imported(GROUPS, row, ("2", "编织组", "其他"))
    assert faults_of(report) == [fault]
    assert report.created == 0


@pytest.mark.parametrize(
    ("row", "faults"),
    [
        (
            (None, None, "足球", "77", "无名氏", "boss", "soon", date(9999, 12, 31)),
            [
                ("A2", "required"),
                ("B2", "required"),
                ("C2", "not_a_choice"),
                ("D2", "resident_ref_unknown"),
                ("E2", "resident_unknown"),
                ("F2", "not_a_choice"),
                ("G2", "not_a_day"),
                ("H2", "impossible_day"),
            ],
        ),
        (
            ("1", "长" * 61, None, "77", None, None, "2026-02-02", "2026-02-01"),
            [
                ("B2", "too_long_text"),
                ("C2", "group_kind_missing"),
                ("D2", "resident_ref_unknown"),
                ("H2", "ends_before_it_begins"),
            ],
        ),
        (("1", "合唱队", None, "1", None, None, "soon", "2020-01-01"), [("G2", "not_a_day")]),
        (("1", "新队", "足球", None, None, "队长"), [("C2", "not_a_choice"), ("E2", "required")]),
    ],
)
def test_every_fault_of_every_cell_is_told_once(
    imported: Import, row: tuple[Any, ...], faults: list[tuple[str, str]]
) -> None:
    assert faults_of(imported(GROUPS, row)) == faults


def test_a_kind_that_cannot_be_read_is_told_where_it_stands_alone(imported: Import) -> None:
    assert faults_of(imported(GROUPS, ("1", "新队", "足球", "1"), ("2", "新队", None, "2"))) == [("C2", "not_a_choice")]


def test_a_club_of_chess_is_a_kind_with_words(imported: Import) -> None:
    assert imported(GROUPS, ("1", "棋友会", "棋牌", "1")).created == 1


def test_rows_of_one_sheet_may_not_contradict_each_other(imported: Import) -> None:
    report = imported(
        GROUPS,
        ("1", "编织组", "其他", "1", None, None, date(2026, 1, 1), date(2026, 3, 31)),
        ("2", "编织组", "合唱", "2"),
        ("3", "编织组", None, "1", None, None, date(2026, 3, 31), None),
        ("4", "编织组", None, "3", None, None, date(2026, 1, 1), date(2026, 3, 31)),
        ("5", "编织组", None, "3", None, None, date(2026, 4, 1), None),
    )
    assert faults_of(report) == [("C3", "group_kind_differs"), ("E4", "already_member")]


def test_two_groups_of_one_name_are_not_guessed(imported: Import, database: Database, house: House, cast: Cast) -> None:
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        a_group("合唱队")
    assert faults_of(imported(GROUPS, ("1", "合唱队", None, "1"))) == [("B2", "group_ambiguous")]


def test_what_others_changed_between_judging_and_writing_is_seen(
    imported: Import, database: Database, house: House, cast: Cast
) -> None:
    lines = reading.read(xlsx(GROUPS, ("1", "新队", "合唱", "1"), ("2", "合唱队", None, None, "丙")))
    with unit(database, write=False):
        enter_slug(house, cast.slug)
        checked = judging.judge("groups", lines, by=SYSTEM)
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        made = a_group("新队", kind="choir", members=[a_resident("丁")])
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        assert importing.write(checked, "g.xlsx", by=SYSTEM).created == 2
        assert len(session.scalars(select(Membership).where(Membership.group_id == made.id)).all()) == 2

    lines = reading.read(xlsx(GROUPS, ("3", "合唱队", None, None, "乙")))
    with unit(database, write=False):
        enter_slug(house, cast.slug)
        checked = judging.judge("groups", lines, by=SYSTEM)
        found = queries.residents("乙", by=SYSTEM, limit=1)[0].id
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        session.add(Membership(group_id=cast.choir.id, resident_id=found, role="member", from_day=date(2026, 1, 1)))
    with unit(database, write=True) as work:
        enter_slug(house, cast.slug)
        with pytest.raises(SheetFaults):
            importing.write(checked, "g.xlsx", by=SYSTEM)
        work.commit = False

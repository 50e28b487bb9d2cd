"""The sheet of contributions: a row each, by the rules that hold for one that is typed."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core.accounts import access
from core.communities import switching
from core.db import Database, session, unit
from core.errors import DomainError, NotFound
from core.plugins import House
from core.sheets import importing
from core.sheets.judging import Report
from plugins.points.models import Award, Contribution, State
from tests.core.sheets.build import CONTRIBUTIONS, RESIDENTS, xlsx
from tests.kit import Cast, a_group, enter_slug

Import = Callable[..., Report]
SYSTEM = access.system()
TODAY = date(2026, 11, 26)
GOOD = (
    CONTRIBUTIONS,
    ("1", "合唱队", "移风易俗宣传", TODAY, None, None, "社区广场"),
    ("2", "张淑芬", "mediation", TODAY, 3, None, None),
    ("3", "民乐团", "志愿服务时长", TODAY, None, 150, None),
)


@pytest.fixture
def imported(database: Database, house: House, cast: Cast) -> Import:
    """`imported(*rows)`: a sheet of contributions."""

    def run(*rows: tuple[Any, ...]) -> Report:
        return importing.run(database, house, cast.slug, "contributions", "c.xlsx", xlsx(*rows), by=SYSTEM)

    return run


def test_acts_of_groups_and_residents_are_recorded_once(
    imported: Import, database: Database, house: House, cast: Cast
) -> None:
    assert imported(*GOOD) == Report(rows=3, created=3, unchanged=0, faults=())
    assert imported(*GOOD) == Report(rows=3, created=0, unchanged=3, faults=())
    with unit(database, write=False):
        enter_slug(house, cast.slug)
        found = {one.key: one for one in session.scalars(select(Contribution))}
        points = {award.contribution_id: award.points for award in session.scalars(select(Award))}
        assert {key: points[one.id] for key, one in found.items()} == {"sheet:1": 20, "sheet:2": 40, "sheet:3": 2}
        assert {one.state for one in found.values()} == {State.POSTED}
        assert (found["sheet:1"].note, found["sheet:1"].source) == ("社区广场", "import")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("1", None, "演出", TODAY), ("B2", "required")),
        (("1", "无名社", "演出", TODAY), ("B2", "points_unknown_holder")),
        (("1", "滨河合唱队", "演出", TODAY), ("B2", "points_unknown_holder")),
        (("1", "合唱队", "跳伞", TODAY), ("C2", "not_a_choice")),
        (("1", "合唱队", None, TODAY), ("C2", "required")),
        (("1", "合唱队", "演出", None), ("D2", "required")),
        (("1", "合唱队", "演出", date(2026, 11, 27)), ("D2", "points_future_day")),
        (("1", "合唱队", "演出", date(2020, 1, 1)), ("C2", "points_no_rule")),
        (("1", "合唱队", "演出", date(1800, 1, 1)), ("D2", "impossible_day")),
        (("1", "合唱队", "演出", TODAY, 0), ("E2", "too_small")),
        (("1", "合唱队", "演出", TODAY, -1), ("E2", "too_small")),
        (("1", "合唱队", "演出", TODAY, 1.5), ("E2", "not_whole")),
        (("1", "合唱队", "演出", TODAY, 10**17), ("E2", "too_large")),
        (("1", "合唱队", "演出", TODAY, "10" * 300), ("E2", "not_whole")),
        (("1", "合唱队", "演出", TODAY, None, 60), ("F2", "points_wants_acts")),
        (("1", "合唱队", "志愿服务时长", TODAY, 1), ("E2", "points_wants_minutes")),
        (("1", "合唱队", "志愿服务时长", TODAY, None, "much"), ("F2", "not_whole")),
        (("1", "合唱队", "演出", TODAY, 1, 60), ("E2", "points_one_amount")),
        (("1", "合唱队", "演出", TODAY, 1, None, "长" * 30_000), ("G2", "too_long_text")),
    ],
)
def test_what_is_wrong_is_told_by_cell_and_nothing_is_recorded(
    imported: Import, row: tuple[Any, ...], fault: tuple[str, str]
) -> None:
    report = imported(CONTRIBUTIONS, row, ("2", "民乐团", "演出", TODAY))
    assert [(fault.cell, fault.words.code) for fault in report.faults] == [fault]
    assert imported(CONTRIBUTIONS, ("2", "民乐团", "演出", TODAY)).created == 1


@pytest.mark.parametrize(
    ("row", "faults"),
    [
        (("1", "无名社", "跳伞", TODAY), [("B2", "points_unknown_holder"), ("C2", "not_a_choice")]),
        (
            ("1", "合唱队", "演出", date(2026, 11, 27), 1, 60),
            [("D2", "points_future_day"), ("E2", "points_one_amount")],
        ),
        (
            (None, "无名社", None, "soon", "x", -1, "长" * 300),
            [
                ("A2", "required"),
                ("B2", "points_unknown_holder"),
                ("C2", "required"),
                ("D2", "not_a_day"),
                ("E2", "not_whole"),
                ("F2", "too_small"),
                ("G2", "too_long_text"),
            ],
        ),
        (("1", None, "演出", TODAY, 0, 60), [("B2", "required"), ("E2", "too_small")]),
        (
            ("1", "合唱队", "跳伞", date(9999, 12, 31), 1, 60, None, "beyond"),
            [
                ("C2", "not_a_choice"),
                ("D2", "impossible_day"),
                ("E2", "points_one_amount"),
                ("H2", "cell_without_column"),
            ],
        ),
        (("1", "无名社", "演出", TODAY, None, 60), [("B2", "points_unknown_holder"), ("F2", "points_wants_acts")]),
    ],
)
def test_every_fault_of_every_cell_is_told_once(
    imported: Import, row: tuple[Any, ...], faults: list[tuple[str, str]]
) -> None:
    report = imported(CONTRIBUTIONS, row)
    assert [(fault.cell, fault.words.code) for fault in report.faults] == faults


def test_a_name_that_several_have_needs_the_residents_number(
    imported: Import, database: Database, house: House, cast: Cast
) -> None:
    people = xlsx(RESIDENTS, ("7", "张淑芬"))
    importing.run(database, house, cast.slug, "residents", "r.xlsx", people, by=SYSTEM)
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        a_group("合唱队")
    report = imported(CONTRIBUTIONS, ("1", "张淑芬", "演出", TODAY), ("2", "合唱队", "演出", TODAY))
    assert [(fault.cell, fault.words.code) for fault in report.faults] == [
        ("B2", "points_several_holders"),
        ("B3", "points_several_groups"),
    ]
    header = ("编号", "团队或居民", "居民编号", "类别", "日期")
    assert imported(header, ("1", "张淑芬", "7", "演出", TODAY)).created == 1
    wrong = imported(header, ("2", "陈玉兰", "7", "演出", TODAY), ("3", None, "8", "演出", TODAY))
    assert [(fault.cell, fault.words.code) for fault in wrong.faults] == [
        ("B2", "resident_name_differs"),
        ("C3", "resident_ref_unknown"),
    ]


def test_the_daily_cap_of_a_person_falls_as_it_would_one_by_one(
    imported: Import, database: Database, house: House, cast: Cast
) -> None:
    assert imported(CONTRIBUTIONS, *[(number, "张淑芬", "演出", TODAY) for number in range(1, 4)]).created == 3
    with unit(database, write=False):
        enter_slug(house, cast.slug)
        assert sorted(award.points for award in session.scalars(select(Award))) == [0, 20, 20]


def test_where_points_is_off_there_is_no_such_sheet(
    imported: Import, database: Database, house: House, cast: Cast
) -> None:
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        switching.disable("points", by=SYSTEM)
    with pytest.raises(NotFound):
        imported(*GOOD)


def test_whoever_may_import_but_not_award_is_refused(database: Database, house: House, cast: Cast) -> None:
    with unit(database, write=False):
        enter_slug(house, cast.slug)
        sun = access.system("sun")
    limited = type(sun)(
        account_id=cast.sun.account_id, name="sun", roles=frozenset({"staff"}), scopes=frozenset({"core.import"})
    )
    with pytest.raises(DomainError) as refusal:
        importing.run(database, house, cast.slug, "contributions", "c.xlsx", xlsx(*GOOD), by=limited)
    assert refusal.value.code == "forbidden"

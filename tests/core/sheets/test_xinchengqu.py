"""The believable community: its files are made anew byte by byte, and add up to what its README says."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from core import clock
from core.accounts import access
from core.contract import HolderKind
from core.db import Database, session, unit
from core.people import members
from core.people.models import Holder
from core.plugins import House
from core.sheets import importing
from core.sheets.judging import Report
from plugins.points import ledger, posting, standing
from plugins.points import rules as rulebook
from plugins.points.models import Award
from plugins.points.requests import RuleRequest
from tests.data.xinchengqu import make
from tests.kit import SLUG, ZONE, Cast, enter_slug

SYSTEM = access.system()
FILES = ("residents.xlsx", "groups.xlsx", "contributions.xlsx", "rooms.json")
# credited, earned in the window of 2026-11-26, standing: worked out in README.md
EXPECTED = {
    "民乐团": (432, 430, "gold"),
    "合唱队": (226, 225, "silver"),
    "夕阳红舞蹈队": (101, 100, "bronze"),
    "秦腔社": (66, 64, "bronze"),
    "书法社": (78, 75, "bronze"),
    "太极队": (36, 35, "none"),
    "巧手编织组": (13, 13, "none"),
    "新芽社": (0, 0, "none"),
}


def test_the_script_makes_the_same_bytes_again(tmp_path: Path) -> None:
    make.build(tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (make.HERE / name).read_bytes(), name


def test_there_are_five_rooms_and_each_has_hours() -> None:
    rooms = json.loads((make.HERE / "rooms.json").read_text(encoding="utf-8"))
    assert [room["name"] for room in rooms] == ["排练厅", "书法室", "棋牌室", "健身室", "绘画室"]
    assert all(room["capacity"] > 0 and room["hours"] and room["spaces"] for room in rooms)


@pytest.fixture
def imported(database: Database, house: House, cast: Cast) -> Callable[[str], Report]:
    """`imported("residents")`, on the last Sunday of the season, where groups of the cast have made way."""
    clock.start_at(datetime(2026, 11, 22, 20, tzinfo=ZONE), frozen=True)
    with unit(database, write=True):
        enter_slug(house, SLUG)
        for holder in session.scalars(select(Holder).where(Holder.kind == HolderKind.GROUP)):
            holder.name = f"旧{holder.name}"
        for code, _name, per, points in rulebook.FIRST:
            rule = RuleRequest(category=code, per=per.value, points=points, valid_from=make.FIRST_MONDAY)
            rulebook.add_rule(rule, by=SYSTEM)

    def run(kind: str) -> Report:
        content = (make.HERE / f"{kind}.xlsx").read_bytes()
        return importing.run(database, house, SLUG, kind, f"{kind}.xlsx", content, by=SYSTEM)

    return run


def test_a_season_adds_up_to_what_the_readme_says(
    imported: Callable[[str], Report], database: Database, house: House
) -> None:
    for kind, rows in (("residents", 300), ("groups", 161), ("contributions", 508)):
        assert imported(kind) == Report(rows=rows, created=rows, unchanged=0, faults=())
        assert imported(kind) == Report(rows=rows, created=0, unchanged=rows, faults=())
    clock.start_at(datetime(2026, 11, 26, 9, tzinfo=ZONE), frozen=True)
    with unit(database, write=True):
        enter_slug(house, SLUG)
        assert posting.credit_due() == 508
        groups = {h.name: h.id for h in session.scalars(select(Holder).where(Holder.name.in_(EXPECTED)))}
        accounts = ledger.accounts_of(groups.values())
        found = standing.of(groups.values(), day=date(2026, 11, 26))
        got = {name: (accounts[i].balance, found[i].earned, found[i].tier) for name, i in groups.items()}
        assert got == EXPECTED
        assert not list(ledger.faults())
        assert len(members.on(groups["太极队"], date(2026, 8, 31))) == 22
        assert len(members.on(groups["太极队"], date(2026, 9, 1))) == 21
        capped = session.scalars(select(Award).where(Award.day == date(2026, 9, 12))).all()
        assert [award.points for award in capped if award.reason.code == "award_resident_cap"] == [40]

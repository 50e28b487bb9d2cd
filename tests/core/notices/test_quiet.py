"""Quiet hours: when they end, in any zone and on the days on which clocks are set."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.audit.models import Entry
from core.db import session
from core.errors import Forbidden
from core.notices import quiet
from core.notices.quiet import Hours
from tests.kit import ZONE, BrowserOf, Cast, actor_of

ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")]
# Clocks are set forward or back within these days, in one zone or another.
DAYS = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 8), (3, 29), (4, 4), (10, 3), (10, 25), (11, 1))]


def end(text: str, hours: Hours | None = None) -> str | None:
    found = (hours or Hours()).end_of(datetime.fromisoformat(text).replace(tzinfo=ZONE), ZONE)
    return None if found is None else f"{found:%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-11-26 20:59:59", None),
        ("2026-11-26 21:00", "11-27 07:00"),
        ("2026-11-26 23:59:59", "11-27 07:00"),
        ("2026-11-27 00:00", "11-27 07:00"),
        ("2026-11-27 06:59:59", "11-27 07:00"),
        ("2026-11-27 07:00", None),
        ("2026-12-31 22:00", "01-01 07:00"),
    ],
)
def test_from_nine_in_the_evening_to_seven_nothing_leaves(moment: str, ends: str | None) -> None:
    assert end(moment) == ends


def test_they_may_lie_within_a_day_or_not_be_there() -> None:
    noon = Hours(begins=12 * 60, ends=14 * 60)
    assert [end(f"2026-11-26 {at}", noon) for at in ("11:59", "12:00", "13:59", "14:00")] == [
        None,
        "11-26 14:00",
        "11-26 14:00",
        None,
    ]
    assert end("2026-11-26 12:00", Hours(begins=12 * 60, ends=12 * 60)) is None


@settings(max_examples=25, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    day=st.sampled_from(DAYS),
    second=st.integers(-24 * 3600, 48 * 3600),
    begins=st.integers(0, 1439),
    ends=st.integers(0, 1439),
)
def test_the_end_is_after_the_moment_and_all_before_it_is_quiet_by_the_wall_clock(
    zone: ZoneInfo, day: datetime, second: int, begins: int, ends: int
) -> None:
    moment, hours = day + timedelta(seconds=second), Hours(begins=begins, ends=ends)
    found = hours.end_of(moment, zone)
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    quiet_now = begins <= minute < ends if begins <= ends else not ends <= minute < begins
    assert (found is not None) == quiet_now
    if found is not None:
        after = found.astimezone(UTC)
        assert timedelta(0) < after - moment <= timedelta(hours=26)
        wall = found.astimezone(UTC).astimezone(zone)  # later where the clocks jump over the end
        assert 0 <= (wall.hour * 60 + wall.minute - ends) % 1440 <= 60


def test_the_manager_sets_them_and_it_is_written_down(inside: Cast) -> None:
    manager = actor_of("li")
    assert quiet.hours() == Hours()
    for new in (Hours(begins=0, ends=360), Hours(begins=1320, ends=420)):
        quiet.put(new, by=manager)
        session.flush()
        assert quiet.hours() == new
    quiet.put(quiet.hours(), by=manager)
    written = session.scalars(select(Entry).where(Entry.act == "core.quiet_hours").order_by(Entry.id)).all()
    assert [one.after for one in written] == [{"begins": "0:00", "ends": "6:00"}, {"begins": "22:00", "ends": "7:00"}]
    with pytest.raises(Forbidden):
        quiet.put(Hours(), by=actor_of("sun"))


def test_the_page_shows_them_and_takes_others(browser_of: BrowserOf) -> None:
    browser = browser_of("li")
    page = browser.get("/quiet-hours").text
    assert 'value="21:00"' in page
    assert 'value="07:00"' in page
    assert browser.post("/quiet-hours", {"begins": "22:30", "ends": "06:00"}).status_code == 303
    assert 'value="22:30"' in browser.get("/quiet-hours").text
    wrong = browser.post("/quiet-hours", {"begins": "late", "ends": ""})
    assert wrong.status_code == 422
    assert "This must be a time like 08:00." in wrong.text
    assert browser_of("sun").get("/quiet-hours").status_code == 403
    assert "Quiet hours" in browser.get("/settings").text

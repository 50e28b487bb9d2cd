"""Rules of recurrence: RFC 5545's own examples, what is refused, the clock on the wall, a plain model, the words."""

import time as timing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g
from hypothesis import given, settings
from hypothesis import strategies as st

from core.db import Database, unit
from core.errors import DomainError, Invalid
from core.web.request import linli_of
from core.web.words import say_error
from plugins.booking import recurrence, wording
from plugins.booking.recurrence import EndlessRecurrence, Kind, Rule, TooManyDates
from tests.kit import SLUG, ZONE, enter_slug

NEW_YORK = ZoneInfo("America/New_York")


def nine(day: str) -> datetime:
    """9:00 of a day like 19970902 in New York, as the examples of RFC 5545 have it."""
    return datetime.fromisoformat(day).replace(hour=9, tzinfo=NEW_YORK)


def dates(text: str, first: str = "19970902") -> list[str]:
    """The dates of a rule, like 1997-09-02."""
    starts_at = nine(first)
    rule = recurrence.read(text, starts_at=starts_at, zone=NEW_YORK)
    return [day.isoformat() for day in recurrence.moments(rule, starts_at, NEW_YORK)]


def listed(*months: str) -> list[str]:
    """1997-09: 2 4 9 … as dates."""
    pairs = (month.split(": ") for month in months)
    return [f"{month}-{int(day):02}" for month, days in pairs for day in days.split()]


def span(first: date, last: date) -> list[str]:
    """Every day, both inclusive."""
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


TUESDAYS = ("1997-09: 2 9 16 23 30", "1997-10: 7 14 21 28")
TEN = ("1997-09: 2 4 9 11 16 18 23 25 30", "1997-10: 2")
EXAMPLES: list[tuple[str, str, list[str]]] = [
    ("19970902", "FREQ=DAILY;COUNT=10", span(date(1997, 9, 2), date(1997, 9, 11))),
    ("19970902", "FREQ=DAILY;UNTIL=19971224T000000Z", span(date(1997, 9, 2), date(1997, 12, 23))),
    ("19970902", "FREQ=DAILY;INTERVAL=10;COUNT=5", listed("1997-09: 2 12 22", "1997-10: 2 12")),
    ("19970902", "FREQ=WEEKLY;COUNT=10", listed(*TUESDAYS, "1997-11: 4")),
    (
        "19970902",
        "FREQ=WEEKLY;UNTIL=19971224T000000Z",
        listed(*TUESDAYS, "1997-11: 4 11 18 25", "1997-12: 2 9 16 23"),
    ),
    ("19970902", "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", listed(*TEN)),
    ("19970902", "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", listed(*TEN)),
    (
        "19970901",
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
        listed(
            "1997-09: 1 3 5 15 17 19 29",
            "1997-10: 1 3 13 15 17 27 29 31",
            "1997-11: 10 12 14 24 26 28",
            "1997-12: 8 10 12 22",
        ),
    ),
    (
        "19970902",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        listed("1997-09: 2 4 16 18 30", "1997-10: 2 14 16"),
    ),
    (
        "19970905",
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        listed(
            *("1997-09: 5", "1997-10: 3", "1997-11: 7", "1997-12: 5", "1998-01: 2"),
            *("1998-02: 6", "1998-03: 6", "1998-04: 3", "1998-05: 1", "1998-06: 5"),
        ),
    ),
    (
        "19970905",
        "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
        listed("1997-09: 5", "1997-10: 3", "1997-11: 7", "1997-12: 5"),
    ),
    (
        "19970907",
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        listed("1997-09: 7 28", "1997-11: 2 30", "1998-01: 4 25", "1998-03: 1 29", "1998-05: 3 31"),
    ),
    (
        "19970922",
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        listed("1997-09: 22", "1997-10: 20", "1997-11: 17", "1997-12: 22", "1998-01: 19", "1998-02: 16"),
    ),
    (
        "19970902",
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
        listed("1997-09: 2 15", "1997-10: 2 15", "1997-11: 2 15", "1997-12: 2 15", "1998-01: 2 15"),
    ),
    (
        "19970930",
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        listed("1997-09: 30", "1997-10: 1 31", "1997-11: 1 30", "1997-12: 1 31", "1998-01: 1 31", "1998-02: 1"),
    ),
    (
        "19970910",
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        listed("1997-09: 10 11 12 13 14 15", "1999-03: 10 11 12 13"),
    ),
    ("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", listed("1997-08: 5 10 19 24")),
    ("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", listed("1997-08: 5 17 19 31")),
    (
        "20070115",
        "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
        listed("2007-01: 15 30", "2007-02: 15", "2007-03: 15 30"),
    ),
]


@pytest.mark.parametrize(("first", "text", "expected"), EXAMPLES, ids=[text for _first, text, _days in EXAMPLES])
def test_the_examples_of_rfc_5545_give_its_dates(first: str, text: str, expected: list[str]) -> None:
    assert dates(text, first) == expected


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;INTERVAL=2",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
        "FREQ=MONTHLY;BYMONTHDAY=-3",
    ],
)
def test_the_endless_examples_of_rfc_5545_are_refused(text: str) -> None:
    with pytest.raises(EndlessRecurrence):
        dates(text)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
        "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z",
        "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
        "FREQ=MINUTELY;INTERVAL=90;COUNT=4",
        "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
        "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
    ],
)
def test_examples_of_rfc_5545_of_other_kinds_are_refused_with_what_is_not_taken(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        dates(text)
    assert [fault.code for fault in refusal.value.errors["recurrence"]] == ["unsupported_rule"]


HOSTILE = [
    "FREQ=SECONDLY;COUNT=999999999",
    "FREQ=DAILY;BYEASTER=0;COUNT=3",
    "FREQ=DAILY;INTERVAL=1000000000;COUNT=2",
    "FREQ=DAILY;INTERVAL=0;COUNT=2",
    "FREQ=DAILY;INTERVAL=-1;COUNT=2",
    "FREQ=DAILY;UNTIL=99991231T235959Z",
    "FREQ=DAILY;UNTIL=00010101",
    "FREQ=DAILY;UNTIL=00010101T000000Z",
    "FREQ=DAILY;UNTIL=20261332",
    "FREQ=DAILY;UNTIL=2026-12-24",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;COUNT=400",
    "FREQ=MONTHLY;INTERVAL=366;COUNT=400",
    "FREQ=MONTHLY;BYMONTHDAY=0;COUNT=1",
    "FREQ=MONTHLY;BYMONTHDAY=32;COUNT=1",
    "FREQ=MONTHLY;BYDAY=6MO;COUNT=1",
    "FREQ=MONTHLY;BYDAY=0MO;COUNT=1",
    "FREQ=WEEKLY;BYDAY=1MO;COUNT=1",
    "FREQ=WEEKLY;BYDAY=XX;COUNT=1",
    "FREQ=WEEKLY;BYMONTHDAY=3;COUNT=1",
    "FREQ=WEEKLY;COUNT=0",
    "FREQ=WEEKLY;COUNT=-3",
    "FREQ=WEEKLY;COUNT=٣",
    "FREQ=WEEKLY;COUNT=3;COUNT=3",
    "FREQ=WEEKLY;COUNT=3;UNTIL=19971224",
    "FREQ=WEEKLY;WKST=1;COUNT=3",
    "FREQ=WEEKLY;;COUNT=3",
    "COUNT=3",
    "",
    "every Thursday",
    "FREQ=WEEKLY;UNTIL=19970901",
    "FREQ=MONTHLY;BYDAY=" + ",".join(["1MO"] * 3000) + ";COUNT=3",
    "X" * 10_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:50] for text in HOSTILE])
def test_nonsense_and_hostile_rules_are_refused_at_once(text: str) -> None:
    begin = timing.perf_counter()
    with pytest.raises(Invalid) as refusal:
        dates(text)
    assert timing.perf_counter() - begin < 1
    assert list(refusal.value.errors) == ["recurrence"]


def test_at_most_four_hundred_dates() -> None:
    assert len(dates("FREQ=DAILY;COUNT=400")) == 400
    assert len(dates("FREQ=DAILY;UNTIL=19981006")) == 400  # 2 September 1997 and 399 days more
    for text in ("FREQ=DAILY;COUNT=401", "FREQ=DAILY;COUNT=999999999", "FREQ=DAILY;UNTIL=19981007"):
        with pytest.raises(TooManyDates) as refusal:
            dates(text)
        assert refusal.value.facts == {"most": 400}


def test_until_is_inclusive_as_a_day_a_moment_and_a_local_time() -> None:
    assert dates("FREQ=DAILY;UNTIL=19970903")[-1] == "1997-09-03"
    assert dates("FREQ=DAILY;UNTIL=19970903T090000")[-1] == "1997-09-03"
    assert dates("FREQ=DAILY;UNTIL=19970903T085959")[-1] == "1997-09-02"
    assert dates("FREQ=DAILY;UNTIL=19970903T130000Z")[-1] == "1997-09-03"  # 9:00 in New York
    assert dates("FREQ=DAILY;UNTIL=19970903T125959Z")[-1] == "1997-09-02"


def test_count_counts_excepted_dates_and_what_does_not_hit_is_nothing() -> None:
    starts_at = nine("19970902")
    rule = recurrence.read("FREQ=WEEKLY;COUNT=4", starts_at=starts_at, zone=NEW_YORK)
    without = {date(1997, 9, 9), date(1997, 9, 10)}
    found = recurrence.moments(rule, starts_at, NEW_YORK, exceptions=without)
    assert [day.day for day in found] == [2, 16, 23]
    with pytest.raises(Invalid):
        recurrence.moments(rule, starts_at, NEW_YORK, exceptions=set(rule.days(date(1997, 9, 2))))


def test_months_without_such_a_day_are_left_out() -> None:
    assert dates("FREQ=MONTHLY;COUNT=4", "20260131") == listed(
        "2026-01: 31", "2026-03: 31", "2026-05: 31", "2026-07: 31"
    )
    assert dates("FREQ=MONTHLY;BYDAY=5MO;COUNT=3", "20260101") == listed("2026-03: 30", "2026-06: 29", "2026-08: 31")


def test_a_start_that_the_rule_does_not_name_is_none_of_its_dates() -> None:
    assert dates("FREQ=WEEKLY;BYDAY=TH;COUNT=2", "19970902") == listed("1997-09: 4 11")


# --- the clock on the wall -----------------------------------------------------------------------------------------


def test_the_clock_on_the_wall_says_the_same_in_summer_and_winter() -> None:
    starts_at = nine("19971020")
    rule = recurrence.read("FREQ=WEEKLY;COUNT=2", starts_at=starts_at, zone=NEW_YORK)
    found = list(recurrence.moments(rule, starts_at, NEW_YORK).values())
    assert found == [datetime(1997, 10, 20, 13, tzinfo=UTC), datetime(1997, 10, 27, 14, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        # RFC 5545, 3.3.5: 2:30 of 11 March 2007 does not exist in New York, 1:30 of 4 November is there twice.
        ("America/New_York", date(2007, 3, 11), time(2, 30), "2007-03-11T07:30Z"),
        ("America/New_York", date(2007, 11, 4), time(1, 30), "2007-11-04T05:30Z"),
        ("Asia/Shanghai", date(1986, 5, 4), time(2, 30), "1986-05-03T18:30Z"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:45Z"),  # a gap of half an hour
        ("Asia/Shanghai", date(2026, 11, 26), time(14), "2026-11-26T06:00Z"),
    ],
)
def test_times_that_do_not_exist_or_exist_twice(zone: str, day: date, at: time, expected: str) -> None:
    wanted = datetime.fromisoformat(expected)
    for fold in (0, 1):
        assert recurrence.moment(day, at.replace(fold=fold), ZoneInfo(zone)) == wanted


# --- a plain model -------------------------------------------------------------------------------------------------


def named(rule: Rule, first: date, day: date) -> bool:
    """Whether a rule names a day, by its very words."""
    if rule.kind is Kind.DAILY:
        return (day - first).days % rule.interval == 0
    if rule.kind is Kind.WEEKLY:
        begins = [one - timedelta(days=(one.weekday() - rule.week_starts) % 7) for one in (first, day)]
        return day.weekday() in rule.weekdays and (begins[1] - begins[0]).days // 7 % rule.interval == 0
    if ((day.year - first.year) * 12 + day.month - first.month) % rule.interval:
        return False
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    left = (next_month - day).days  # 1 on the last day
    weekday = {((day.day - 1) // 7 + 1, day.weekday()), (-((left - 1) // 7 + 1), day.weekday())}
    return bool({day.day, -left} & set(rule.dates) or weekday & set(rule.nth))


ENDS = st.one_of(
    st.integers(1, 12).map(lambda n: {"count": n}),
    st.integers(0, 700).map(lambda n: {"until": date(2026, 1, 1) + timedelta(days=n)}),
)
INTERVALS = st.integers(1, 4)
RULES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(dict, kind=st.just(Kind.DAILY), interval=st.integers(2, 40)),
    st.builds(
        dict,
        kind=st.just(Kind.WEEKLY),
        interval=INTERVALS,
        week_starts=st.integers(0, 6),
        weekdays=st.sets(st.integers(0, 6), min_size=1).map(tuple),
    ),
    st.builds(
        dict,
        kind=st.just(Kind.MONTHLY),
        interval=INTERVALS,
        dates=st.sets(st.integers(-31, 31).filter(bool), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        dict,
        kind=st.just(Kind.MONTHLY),
        interval=INTERVALS,
        nth=st.sets(st.tuples(st.integers(-5, 5).filter(bool), st.integers(0, 6)), min_size=1, max_size=3).map(tuple),
    ),
)


@settings(max_examples=25)
@given(what=RULES, end=ENDS, shift=st.integers(0, 400))
def test_a_rule_names_what_a_walk_through_the_days_finds(what: dict[str, Any], end: dict[str, Any], shift: int) -> None:
    rule, first = Rule(**what, **end), date(2026, 1, 1) + timedelta(days=shift)
    days = (first + timedelta(days=n) for n in range(366 * 8))
    found: list[date] = []
    for day in days:
        if (rule.until is not None and day > rule.until) or len(found) == rule.count:
            break
        if named(rule, first, day):
            found.append(day)
    if found:
        assert rule.days(first)[: len(found)] == found
        assert rule.count is not None or len(rule.days(first)) == len(found)
    else:
        with pytest.raises(Invalid):
            rule.days(first)


@settings(max_examples=25)
@given(
    what=RULES,
    end=ENDS,
    at=st.times().map(lambda one: one.replace(microsecond=0)),
    zone=st.sampled_from([ZONE, NEW_YORK]),
)
def test_what_is_written_as_text_is_read_as_the_same_rule(
    what: dict[str, Any], end: dict[str, Any], at: time, zone: ZoneInfo
) -> None:
    rule, starts_at = Rule(**what, **end), datetime.combine(date(2026, 1, 5), at, tzinfo=zone)
    assert recurrence.read(rule.text(at, zone), starts_at=starts_at, zone=zone) == rule


# --- words ---------------------------------------------------------------------------------------------------------


@contextmanager
def speaking(app: Flask, database: Database, locale: str) -> Iterator[None]:
    """As somebody who reads that language sees it."""
    house = linli_of(app).house
    with app.test_request_context(f"/{SLUG}/", headers={"Accept-Language": locale}), unit(database, write=False):
        g.here = enter_slug(house, SLUG)
        yield


THURSDAYS = Rule(kind=Kind.WEEKLY, weekdays=(3,), until=date(2026, 12, 24))


@pytest.mark.parametrize(
    ("rule", "without", "en", "zh"),
    [
        (
            THURSDAYS,
            {date(2026, 12, 3)},
            "Every Thursday until 24 Dec, but not on 3 Dec",
            "每星期四，到12月24日为止，12月3日除外",
        ),
        (Rule(kind=Kind.DAILY, count=1), (), "Every day, 1 time", "每天，共 1 次"),
        (Rule(kind=Kind.DAILY, interval=3, count=5), (), "Every 3 days, 5 times", "每 3 天，共 5 次"),
        (
            Rule(kind=Kind.WEEKLY, interval=2, weekdays=(3, 1), count=8),
            (),
            "Every 2 weeks on Tuesday and Thursday, 8 times",
            "每 2 周的星期二和星期四，共 8 次",
        ),
        (
            Rule(kind=Kind.MONTHLY, dates=(-1, 15), count=3),
            (),
            "Every month on day 15 and the last day, 3 times",
            "每月15日和最后一天，共 3 次",
        ),
        (
            Rule(kind=Kind.MONTHLY, interval=2, nth=((1, 4), (-2, 0)), count=3),
            (),
            "Every 2 months on the first Friday and the second to last Monday, 3 times",
            "每 2 个月的第一个星期五和倒数第二个星期一，共 3 次",
        ),
    ],
    ids=range(6),
)
def test_rules_in_words(
    booking_app: Flask, database: Database, rule: Rule, without: set[date], en: str, zh: str
) -> None:
    for locale, expected in (("en", en), ("zh-CN", zh)):
        with speaking(booking_app, database, locale):
            assert wording.series(rule, without) == expected


def test_other_rules_have_other_words(booking_app: Flask, database: Database) -> None:
    found = [
        *(Rule(kind=Kind.MONTHLY, nth=((n, day),), count=2) for n in range(-5, 6) if n for day in range(7)),
        *(Rule(kind=Kind.MONTHLY, dates=(n,), count=2) for n in range(-31, 32) if n),
        *(Rule(kind=Kind.WEEKLY, weekdays=(day,), interval=n, count=2) for n in (1, 2) for day in range(7)),
        Rule(kind=Kind.DAILY, interval=2, count=2),
        Rule(kind=Kind.MONTHLY, interval=2, count=2, dates=(1,)),
    ]
    for locale in ("en", "zh-CN"):
        with speaking(booking_app, database, locale):
            assert len({wording.series(rule) for rule in found}) == len(found)


def test_every_refusal_is_a_sentence_in_both_languages(booking_app: Flask, database: Database) -> None:
    refusals = []
    for text in [*HOSTILE, "FREQ=DAILY", "FREQ=DAILY;COUNT=401"]:
        with pytest.raises(DomainError) as refusal:
            dates(text)
        refusals.append(refusal.value)
    said = []
    for locale in ("en", "zh-CN"):
        with speaking(booking_app, database, locale):
            said.append([say_error(one) for one in refusals])
    assert all(one != other for one, other in zip(*said, strict=True))

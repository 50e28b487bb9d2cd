"""The main job in a real browser: the manager at her desk, three leaders with their telephones."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from itertools import groupby
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, ViewportSize, expect

from core import clock
from tests.data import xinchengqu
from tests.end_to_end import figures
from tests.end_to_end.chromium import DESK, TELEPHONE, Person, chromium, somebody
from tests.end_to_end.figures import A_SECOND, CHOIR, HALL, LEADERS, NEW, ORCHESTRA, Purse, Standing, Wish
from tests.end_to_end.installation import MANAGER, PASSWORD, Installation, installed
from tests.kit import ZONE

SHEETS = Path(xinchengqu.__file__).parent
KINDS = {"residents": "Residents", "groups": "Groups and members", "contributions": "Contributions"}
WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TIERS = {"gold": "gold", "silver": "silver", "bronze": "bronze", "no tier yet": "none"}
HALF_AN_HOUR = 30 * 60  # seconds
Leaders = Mapping[str, Person]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture
def installation(browser: Browser, tmp_path: Path) -> Iterator[Installation]:
    """A fresh one, made on the season's first day: its rules hold since then."""
    with installed(f"sqlite:///{tmp_path}/linli.sqlite", since=figures.FOUNDED_AT) as made:
        yield made


def test_a_season_of_good_deeds_becomes_rehearsal_time_in_a_browser(
    browser: Browser, installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    clock.start_at(figures.IMPORTED_AT, frozen=True)
    with ExitStack() as stack:
        audited: set[str] = set()

        def at_a(viewport: ViewportSize) -> Person:
            return stack.enter_context(somebody(browser, installation.address, viewport, audited))

        manager = at_a(DESK)
        sign_in(manager, MANAGER)
        import_the_sheets(manager)
        open_the_rooms(manager)
        sign_up_the_leaders(manager)
        leaders = {group: at_a(TELEPHONE) for group in LEADERS}
        credit_the_season(manager, leaders, installation)
        book_as_far_as_the_window_reaches(manager, leaders)
        book_the_day_after_once_its_window_opens(manager, leaders)
        award_for_the_publicity_day(manager, installation)
        the_new_group_comes(manager, leaders)
        the_choir_misses_one_and_cancels_too_late(leaders, installation)
        the_orchestra_cancels_in_time_and_comes(leaders, installation)
        every_point_is_where_it_belongs(manager, leaders, installation)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def sign_in(person: Person, user_name: str) -> None:
    """From the address people know."""
    person.go("/")
    person.type(person.page.get_by_label("User name"), user_name)
    person.type(person.page.get_by_label("Password"), PASSWORD)
    person.audit()
    person.tap(person.button("Sign in"))
    expect(person.page).to_have_url(f"{person.address}/")
    person.audit()


# --- Sunday: an empty installation takes the season in -------------------------------------------------------------


def import_the_sheets(manager: Person) -> None:
    """Checked first, then taken in; the same sheet again changes nothing."""
    manager.tap(manager.link("Settings"))
    manager.tap(manager.page.get_by_role("link", name="Import"))
    for kind, rows in figures.ROWS.items():
        manager.tap(manager.link(KINDS[kind]))
        send(manager, kind, "Check only", f"{rows} rows, {rows} of them new, 0 known already")
        manager.audit()
        send(manager, kind, "Import", f"Imported: {rows} new rows, 0 known already.")
        send(manager, kind, "Import", f"Imported: 0 new rows, {rows} known already.")


def send(manager: Person, kind: str, act: str, says: str) -> None:
    """Choose the sheet, send it, read what came of it."""
    manager.page.locator("input[type=file]").set_input_files(SHEETS / f"{kind}.xlsx")
    manager.tap(manager.button(act))
    manager.reads(says)


def open_the_rooms(manager: Person) -> None:
    """Five rooms; each is closed until it has hours."""
    manager.tap(manager.link("Rooms"))
    manager.audit()
    for room in json.loads((SHEETS / "rooms.json").read_text(encoding="utf-8")):
        manager.go("/booking/rooms")
        manager.type(manager.page.get_by_label("Name of the room"), room["name"])
        manager.type(manager.page.get_by_label("Holds how many people"), str(room["capacity"]))
        manager.type(manager.page.get_by_label("Spaces it takes"), ", ".join(room["spaces"]))
        manager.tap(manager.button("Make the room"))
        for day, hours in groupby(room["hours"], lambda interval: int(interval["weekday"])):
            said = ", ".join(f"{interval['opens']}–{interval['closes']}" for interval in hours)
            manager.type(manager.page.get_by_label(WEEK[day]), said)
        manager.tap(manager.button("Save the hours"))
        manager.reads("The opening hours have been changed.")
    manager.audit()
    manager.go("/booking/rooms")
    assert manager.page.locator("main tbody tr").count() == 5
    expect(manager.page.locator("main")).not_to_contain_text("no hours yet")
    manager.audit()


def sign_up_the_leaders(manager: Person) -> None:
    """An account for the resident is all it takes: who leads which group came with the sheet."""
    for user_name, telephone in LEADERS.values():
        manager.go("/accounts/new")
        manager.type(manager.page.get_by_label("User name"), user_name)
        manager.type(manager.page.get_by_label("Password"), PASSWORD)
        manager.page.get_by_label("Role").select_option("resident")
        manager.type(manager.page.get_by_label("For which resident"), telephone)
        manager.tap(manager.button("Make the account"))
        manager.reads(f"{user_name} can sign in now.")


# --- what pages show -----------------------------------------------------------------------------------------------


def groups(manager: Person) -> list[list[str]]:
    """The cells of the list of groups: name, standing, earned, to spend, set aside."""
    manager.go("/points/")
    rows = manager.page.locator("main tbody tr").all()
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows]


def purses(manager: Person) -> dict[str, Purse]:
    """What each group has."""
    found = {name: (int(free), int(held or 0)) for name, _tier, _earned, free, held in groups(manager)}
    return {name: Purse(free + held, held) for name, (free, held) in found.items()}


def standings(manager: Person) -> dict[str, Standing]:
    """What each group has earned in the window, and what that makes it."""
    return {name: Standing(int(earned), TIERS[tier.lower()]) for name, tier, earned, _free, _held in groups(manager)}


def purse(leader: Person) -> Purse:
    """What her group has, as its leader's home shows it."""
    leader.start_at_home()
    card = leader.page.locator("section.card").filter(has_text="to spend").inner_text()
    free = re.search(r"to spend\s+(\d+)", card)
    held = re.search(r"(\d+) more (?:is|are) set aside", card)
    assert free is not None, card
    return Purse(int(free[1]) + int(held[1] if held else 0), int(held[1] if held else 0))


# --- Thursday: the season counts -----------------------------------------------------------------------------------


def credit_the_season(manager: Person, leaders: Leaders, installation: Installation) -> None:
    """Three days in public, then all of it at once."""
    installation.sweep(figures.CREDITED_AT - A_SECOND)
    assert set(purses(manager).values()) == {Purse(0)}
    assert set(standings(manager).values()) == {Standing(0, "none")}
    assert installation.sweep(figures.CREDITED_AT)["points.credits"] == figures.ROWS["contributions"]
    assert purses(manager) == figures.SEASON
    assert standings(manager) == figures.STANDINGS
    manager.audit()
    for group, leader in leaders.items():
        sign_in(leader, LEADERS[group][0])
        assert purse(leader) == figures.SEASON[group]
        leader.tap(leader.link("Statement"))
        leader.audit()


def book_as_far_as_the_window_reaches(manager: Person, leaders: Leaders) -> None:
    """21, 14 and 7 days ahead; the day after says when it opens."""
    clock.start_at(figures.THURSDAY, frozen=True)
    for wish in figures.FIRST:
        leader = leaders[wish.group]
        leader.start_at_home()
        leader.tap(leader.link("Book a room"))
        last = leader.page.locator(".house-days a").last
        expect(last).to_have_attribute("aria-label", said(wish.starts_at))
        leader.tap(last)
        leader.tap(leader.link("The day after"))
        leader.reads(f"{wish.group} can book this day from Fri 27 Nov 8:00 on.")
        expect(free_slots(leader)).to_have_count(0)
        leader.tap(leader.link("The day before"))
        choose(leader, wish)
        confirm(leader, wish)
        assert leader.typed == 0
    wish = figures.NEW_LONGER
    ask(leaders[NEW], wish)
    expect(leaders[NEW].button("Confirm the booking")).to_have_count(0)
    assert purses(manager) == figures.AFTER_THURSDAY


def said(moment: datetime) -> str:
    """Thu 17 Dec, as pages say a day."""
    return f"{moment:%a} {moment.day} {moment:%b}"


def free_slots(leader: Person) -> Locator:
    """The free stretches that a telephone lists."""
    return leader.page.locator("a.house-slot.free")


def choose(leader: Person, wish: Wish) -> None:
    """Tap the last free stretch that begins no later, go on by half hours to the start, then to the length."""
    starts = [started(wish, text) for text in free_slots(leader).locator("b").all_inner_texts()]
    at = max(place for place, start in enumerate(starts) if start <= wish.starts_at)
    leader.tap(free_slots(leader).nth(at))
    for _half_hour in range(int((wish.starts_at - starts[at]).total_seconds()) // HALF_AN_HOUR):
        leader.tap(leader.link("Later"))
    for _half_hour in range((wish.minutes - 120) // 30):
        leader.tap(leader.link("+ 30 min"))
    leader.audit()


def started(wish: Wish, text: str) -> datetime:
    """14:00–16:30 on the wish's day: when it begins."""
    hour, minute = text.partition("–")[0].split(":")
    return wish.starts_at.replace(hour=int(hour), minute=int(minute))


def confirm(leader: Person, wish: Wish) -> None:
    """The price and the reason are there before the last tap."""
    card = leader.page.locator("#confirm")
    expect(card).to_contain_text(f"{clock_of(wish.starts_at)}–{clock_of(wish.ends_at)}")
    expect(card).to_contain_text(f"{wish.price} points" if wish.price else "no charge")
    expect(card).to_contain_text("Base time" if wish.extension else "minutes")
    leader.tap(leader.button("Confirm the booking"))
    leader.reads(f"Booked: {HALL}")
    leader.audit()


def clock_of(moment: datetime) -> str:
    """8:00, 14:30."""
    local = moment.astimezone(ZONE)
    return f"{local.hour}:{local.minute:02}"


def ask(leader: Person, wish: Wish) -> None:
    """The same by an address, as of an old tab."""
    leader.go("/booking/")
    room = leader.page.locator("a.house-slot.free").first.get_attribute("href")
    assert room is not None
    [room_id] = parse_qs(urlsplit(room).query)["room"]
    start = f"start={wish.starts_at:%H:%M}&minutes={wish.minutes}"
    leader.go(f"/booking/?day={wish.starts_at:%Y-%m-%d}&room={room_id}&{start}")


def book_the_day_after_once_its_window_opens(manager: Person, leaders: Leaders) -> None:
    """Refused until eight on Friday, to the second; an hour longer for 10 points, in the peak for 20."""
    for wish in figures.SECOND:
        leader = leaders[wish.group]
        clock.start_at(figures.OPENS_AT - A_SECOND, frozen=True)
        ask(leader, wish)
        leader.reads(f"{wish.group} can book this day from Fri 27 Nov 8:00 on.")
        expect(leader.button("Confirm the booking")).to_have_count(0)
        leader.audit()
        clock.start_at(figures.OPENS_AT, frozen=True)
        leader.start_at_home()
        leader.tap(leader.link("Book a room"))
        leader.tap(leader.page.locator(".house-days a").last)
        choose(leader, wish)
        confirm(leader, wish)
    assert purses(manager) == figures.AFTER_FRIDAY


def award_for_the_publicity_day(manager: Person, installation: Installation) -> None:
    """Eight groups: at most four clicks from home, one number typed for each."""
    clock.start_at(figures.AWARDED_AT, frozen=True)
    manager.start_at_home()
    manager.audit()
    manager.tap(manager.link("Award points to groups"))
    manager.choose(manager.page.get_by_label("What was done"), "customs_publicity")
    for group, acts in figures.ACTS.items():
        manager.type(manager.page.get_by_label(f"How often, or minutes: {group}"), str(acts))
    expect(manager.page.locator("#award-sum")).to_have_text("8 lines, 180 points, counted after 3 days of posting.")
    manager.audit()
    manager.tap(manager.button("Award and post"))
    manager.reads("8 contributions recorded and posted for 3 days.")
    assert (manager.taps, manager.typed) == (4, len(figures.ACTS))
    manager.audit()
    installation.sweep(figures.PUBLICITY_CREDITED_AT - A_SECOND)
    assert purses(manager) == figures.AFTER_FRIDAY
    installation.sweep(figures.PUBLICITY_CREDITED_AT)
    assert purses(manager) == figures.AFTER_PUBLICITY


# --- December ------------------------------------------------------------------------------------------------------


def the_new_group_comes(manager: Person, leaders: Leaders) -> None:
    """From half an hour before the start, one tap from home; a quarter of an hour after it the centre still can."""
    leader = leaders[NEW]
    clock.start_at(figures.NEW_DOORS - A_SECOND, frozen=True)
    leader.start_at_home()
    leader.reads("Check-in opens at 18:30.")
    expect(leader.button("Here we are: check in")).to_have_count(0)
    clock.start_at(figures.NEW_DOORS, frozen=True)
    leader.start_at_home()
    leader.audit()
    leader.tap(leader.button("Here we are: check in"))
    leader.reads("Checked in. Have a good time.")
    assert leader.taps == 1
    the_same_again_is_three_taps(leader)
    clock.start_at(figures.NEW_FIRST.ends_at, frozen=True)
    leader.go("/booking/reservations")
    leader.reads("attended")
    leader.audit()
    clock.start_at(figures.NEW_LAST_CALL, frozen=True)
    manager.start_at_home()
    manager.audit()
    manager.tap(manager.link("Rooms"))
    manager.audit()
    manager.tap(manager.page.locator("a.tt-block").filter(has_text=NEW))
    manager.audit()
    manager.tap(manager.button("Here we are: check in"))
    manager.reads("Checked in. Have a good time.")
    assert purses(manager) == figures.AFTER_PUBLICITY


def the_same_again_is_three_taps(leader: Person) -> None:
    """Next week at the same time: with a change of it two taps and the last one; longer it cannot be, for the hall closes."""
    leader.start_at_home()
    leader.tap(leader.link("Same time next week"))
    expect(leader.button("Confirm the booking")).to_be_visible()
    expect(leader.page.locator("#confirm")).to_contain_text("no charge")
    expect(leader.button("+ 30 min")).to_be_disabled()
    leader.tap(leader.link("− 30 min"))
    expect(leader.button("Confirm the booking")).to_be_visible()
    assert (leader.taps, leader.typed) == (2, 0)


def the_choir_misses_one_and_cancels_too_late(leaders: Leaders, installation: Installation) -> None:
    """A missed session is missed by time: others may have the rest of it before any sweep has run."""
    choir, new = leaders[CHOIR], leaders[NEW]
    clock.start_at(figures.CHOIR_MISSED_AT, frozen=True)
    new.go("/booking/")
    expect(new.page.locator(".house-slot.taken")).to_contain_text(CHOIR)
    clock.start_at(figures.CHOIR_MISSED_AT + A_SECOND, frozen=True)
    new.start_at_home()
    new.tap(new.link("Book a room"))
    new.tap(free_slots(new).first)
    confirm(new, figures.NEW_THIRD)
    assert (new.taps, new.typed) == (3, 0)
    new.tap(new.button("Here we are: check in"))
    new.reads("Checked in. Have a good time.")
    assert purse(choir) == figures.BEFORE_SWEEP
    choir.go("/booking/reservations")
    choir.reads("missed")
    installation.sweep(figures.at(12, 10, 15))
    assert purse(choir) == figures.AFTER_SWEEP
    clock.start_at(figures.CHOIR_CANCELS_AT, frozen=True)
    cancel(choir, "It is too late to get points back: the 20 points are taken")
    assert purse(choir) == figures.AFTER_LATE_CANCELLATION


def cancel(leader: Person, warning: str) -> None:
    """From home: it asks once, saying what will be lost."""
    leader.start_at_home()
    asks = leader.page.locator("details.house-confirm").first
    leader.tap(asks.locator("summary"))
    expect(asks).to_contain_text(warning)
    leader.audit()
    leader.tap(asks.get_by_role("button", name="Cancel"))
    leader.reads("Cancelled. The room is free for others.")
    leader.audit()


def the_orchestra_cancels_in_time_and_comes(leaders: Leaders, installation: Installation) -> None:
    """Exactly 24 hours before, the points come back; at check-in they are taken."""
    leader = leaders[ORCHESTRA]
    clock.start_at(figures.ORCHESTRA_CANCELS_AT, frozen=True)
    cancel(leader, "The room is free for others at once; the 10 points come back.")
    assert purse(leader) == figures.AFTER_CANCELLATION
    clock.start_at(figures.ORCHESTRA_COMES_AT, frozen=True)
    leader.start_at_home()
    leader.tap(leader.button("Here we are: check in"))
    leader.reads("Checked in; 10 points have been taken.")
    assert purse(leader) == figures.AFTER_CHECK_IN
    installation.sweep(figures.THE_END)
    leader.go("/booking/reservations")
    leader.reads("attended")


def every_point_is_where_it_belongs(manager: Person, leaders: Leaders, installation: Installation) -> None:
    """Balances, standings, the choir's statement, a home in large print and Chinese, and what the operator's check says."""
    assert purses(manager) == figures.BALANCES
    assert standings(manager) == figures.LAST_STANDINGS
    choir = leaders[CHOIR]
    assert purse(choir) == figures.BALANCES[CHOIR]
    choir.tap(choir.link("Statement"))
    choir.audit()
    rows = choir.page.locator("main tbody tr")
    for place, (_when, points, balance) in enumerate(reversed(figures.STATEMENT)):
        cells = rows.nth(place).locator("td")
        expect(cells.nth(2)).to_have_text(f"−{-points}")
        expect(cells.nth(3)).to_have_text(str(balance))
    choir.tap(choir.button("Large print"))
    choir.audit()
    choir.tap(choir.page.locator(".house-menu summary"))
    choir.tap(choir.button("中文"))
    expect(choir.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    for path in ("/", "/booking/", "/booking/reservations"):
        choir.go(path)
        choir.audit()
    assert installation.linli("check") == "ok"

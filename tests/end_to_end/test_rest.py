"""The main job over REST, on both databases: a season of good deeds becomes rehearsal time, to the last point."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core import clock
from tests import services
from tests.data import xinchengqu
from tests.end_to_end import figures
from tests.end_to_end.figures import A_SECOND, CHOIR, GROUPS, HALL, LEADERS, NEW, ORCHESTRA, Purse, Standing, Wish
from tests.end_to_end.installation import MANAGER, PASSWORD, SLUG, Answer, Installation, Program, installed

SHEETS = Path(xinchengqu.__file__).parent
FIRST_DAY = "2026-05-25"  # of the season; the installation is younger

pytestmark = pytest.mark.slow


@pytest.fixture
def installation(engine_name: str, tmp_path: Path, worker_id: str) -> Iterator[Installation]:
    """A fresh one, made on the Sunday evening of the import."""
    if engine_name == "sqlite":
        url = f"sqlite:///{tmp_path}/linli.sqlite"
    else:
        server = services.require_postgres()
        services.drop_database(server, name := f"linli_end_to_end_{worker_id}")
        url = services.create_database(server, name)
    with installed(url, since=figures.IMPORTED_AT) as made:
        yield made


@dataclass
class Town:
    """Who speaks to the server, and the ids of what they speak of."""

    installation: Installation
    manager: Program
    groups: dict[str, str] = field(default_factory=dict)
    leaders: dict[str, Program] = field(default_factory=dict)
    hall: str = ""

    def purses(self) -> dict[str, Purse]:
        """What each group has, as the list of accounts shows it."""
        return {name: Purse(account["balance"], account["held"]) for name, account in self._accounts().items()}

    def standings(self) -> dict[str, Standing]:
        """What each group has earned in the window, and what that makes it."""
        found = {name: account["standing"] for name, account in self._accounts().items()}
        return {name: Standing(standing["earned"], standing["tier"]) for name, standing in found.items()}

    def _accounts(self) -> dict[str, Any]:
        found = self.manager.items("/points/accounts", kind="group")
        for account in found:
            assert account["available"] == account["balance"] - account["held"]
            assert sum(lot["remaining"] for lot in account["lots"]) == account["balance"]
        return {account["holder"]["name"]: account for account in found}

    def purse(self, group: str) -> Purse:
        """What a group has, as its leader sees it."""
        account = self.leaders[group].get(f"/points/accounts/{self.groups[group]}")
        return Purse(account["balance"], account["held"])

    def body(self, wish: Wish) -> dict[str, Any]:
        """A wish as REST takes it."""
        return {
            "room_id": self.hall,
            "holder_id": self.groups[wish.group],
            "starts_at": wish.starts_at.isoformat(),
            "ends_at": wish.ends_at.isoformat(),
        }

    def ask(self, wish: Wish) -> Answer:
        """Ask for a room, whatever the answer."""
        return self.leaders[wish.group].ask("POST", "/booking/reservations", self.body(wish))

    def book(self, wish: Wish) -> str:
        """Book what the quote says can be had, for the price it says; the id."""
        quote = self.leaders[wish.group].get("/booking/quote", **self.body(wish))
        assert quote["allowed"], quote
        made = self.leaders[wish.group].act("/booking/reservations", self.body(wish))
        assert made["state"] == "confirmed"
        for figure in ("base_minutes", "extension_minutes", "price_points", "tier"):
            assert made[figure] == quote[figure]
        assert (made["base_minutes"], made["extension_minutes"]) == (wish.base, wish.extension)
        assert made["price_points"] == wish.price
        assert made["explanation"]
        assert all(rule["text"] for rule in made["explanation"])
        return str(made["id"])

    def act(self, group: str, reservation: str, act: str) -> Answer:
        """What a leader does about a reservation."""
        return self.leaders[group].ask("POST", f"/booking/reservations/{reservation}/{act}", {})

    def state(self, reservation: str) -> str:
        """What has become of a reservation."""
        return str(self.manager.get(f"/booking/reservations/{reservation}")["state"])


def test_a_season_of_good_deeds_becomes_rehearsal_time_over_rest(installation: Installation) -> None:
    token = installation.linli("token", "create", "--community", SLUG, "--user", MANAGER)
    town = Town(installation, Program(installation, token))
    give_rules_to_the_season(town.manager)
    import_the_sheets(town.manager)
    open_the_rooms(town)
    sign_up_the_leaders(town)
    credit_the_season(town)
    first = book_as_far_as_the_window_reaches(town)
    second = book_the_day_after_once_its_window_opens(town)
    award_for_the_publicity_day(town)
    the_new_group_comes(town, first[NEW], second[NEW])
    the_choir_misses_one_and_cancels_too_late(town, first[CHOIR], second[CHOIR])
    the_orchestra_cancels_in_time_and_comes(town, first[ORCHESTRA], second[ORCHESTRA])
    every_point_is_where_it_belongs(town)


# --- Sunday: an empty installation takes the season in -------------------------------------------------------------


def give_rules_to_the_season(manager: Program) -> None:
    """The rules of a new community hold from its first day on; the sheet is older."""
    for rule in manager.items("/points/rules"):
        assert rule["valid_from"] == "2026-11-22"
        manager.act(
            "/points/rules", {key: rule[key] for key in ("category", "per", "points")} | {"valid_from": FIRST_DAY}
        )


def import_the_sheets(manager: Program) -> None:
    """Checked first, then taken in; the same sheet again changes nothing."""
    early = manager.upload("contributions", SHEETS / "contributions.xlsx", dry_run="1")
    # Nobody is known yet: 508 names in the second column, and in the third the numbers of 313 residents.
    assert (early.status, early.body["created"], len(early.body["faults"])) == (200, 0, 508 + 313)
    for kind, rows in figures.ROWS.items():
        file = SHEETS / f"{kind}.xlsx"
        new = {"rows": rows, "created": rows, "unchanged": 0, "faults": []}
        assert manager.upload(kind, file, dry_run="1") == Answer(200, new)
        assert manager.upload(kind, file) == Answer(200, new)
        assert manager.upload(kind, file) == Answer(200, new | {"created": 0, "unchanged": rows})


def open_the_rooms(town: Town) -> None:
    """Five rooms; each is closed until it has hours."""
    for room in json.loads((SHEETS / "rooms.json").read_text(encoding="utf-8")):
        hours = {"hours": room.pop("hours")}
        made = town.manager.act("/booking/rooms", room)
        assert town.manager.put(f"/booking/rooms/{made['id']}/hours", hours) == hours
    rooms = {room["name"]: room["id"] for room in town.manager.items("/booking/rooms")}
    assert len(rooms) == 5
    town.hall = rooms[HALL]


def sign_up_the_leaders(town: Town) -> None:
    """Leading comes with the sheet: an account for the resident is all it takes."""
    town.groups = {group["name"]: group["id"] for group in town.manager.items("/groups")}
    assert sorted(town.groups) == sorted(GROUPS)
    for group, (user_name, telephone) in LEADERS.items():
        [resident] = town.manager.items("/residents", q=telephone)
        account = {"user_name": user_name, "password": PASSWORD, "role": "resident", "resident_id": resident["id"]}
        town.manager.act("/accounts", account)
        token = town.installation.linli("token", "create", "--community", SLUG, "--user", user_name)
        leader = town.leaders[group] = Program(town.installation, token)
        holders = {holder["name"]: holder["kind"] for holder in leader.get("/me")["holders"]}
        assert holders == {resident["name"]: "resident", group: "group"}


# --- Thursday: the season counts -----------------------------------------------------------------------------------


def credit_the_season(town: Town) -> None:
    """Three days in public, then all of it at once, dated midnight."""
    assert town.installation.sweep(figures.CREDITED_AT - A_SECOND)["points.credits"] == 0
    assert set(town.purses().values()) == {Purse(0)}
    assert set(town.standings().values()) == {Standing(0, "none")}
    assert town.installation.sweep(figures.CREDITED_AT)["points.credits"] == figures.ROWS["contributions"]
    assert town.installation.sweep(figures.CREDITED_AT)["points.credits"] == 0
    assert town.purses() == figures.SEASON
    assert town.standings() == figures.STANDINGS
    of_orchestra = town.leaders[ORCHESTRA].get(f"/points/accounts/{town.groups[ORCHESTRA]}")
    on, earned, tier = figures.NEXT_CHANGE
    assert of_orchestra["standing"]["next"] == {"on": on.isoformat(), "earned": earned, "tier": tier}
    assert {lot["expires_on"] for lot in of_orchestra["lots"]} == {figures.CREDIT_EXPIRES.isoformat()}
    number, capped = figures.MEDIATOR
    residents = [account["balance"] for account in accounts_of_residents(town.manager)]
    assert sum(residents) == figures.VOLUNTEERS + capped
    [mediator] = town.manager.items("/residents", q=f"1390000{number:04}")
    assert town.manager.get(f"/points/accounts/{mediator['id']}")["balance"] == capped


def accounts_of_residents(manager: Program) -> Iterator[Mapping[str, Any]]:
    """All pages of the list."""
    page = manager.get("/points/accounts", kind="resident", limit="200")
    yield from page["items"]
    while page["next"]:
        page = manager.get("/points/accounts", kind="resident", limit="200", cursor=page["next"])
        yield from page["items"]


def book_as_far_as_the_window_reaches(town: Town) -> dict[str, str]:
    """21, 14 and 7 days ahead, and not a day further; nothing longer for whom has no standing."""
    clock.start_at(figures.THURSDAY, frozen=True)
    booked = {}
    for wish in figures.FIRST:
        assert (figures.day_of(wish.starts_at) - figures.day_of(figures.THURSDAY)).days == figures.DAYS_AHEAD[
            wish.group
        ]
        refused(town.ask(wish.tomorrow), "too_early", 403, opens_at=figures.OPENS_AT)
        booked[wish.group] = town.book(wish)
    refused(town.ask(figures.NEW_LONGER), "extension_not_available", 422)
    refused(town.ask(figures.NEW_IN_THE_WAY), "room_taken", 409)
    assert town.purses() == figures.AFTER_THURSDAY
    return booked


def refused(answer: Answer, code: str, status: int, *, opens_at: datetime | None = None) -> None:
    """Why not, and from when on."""
    assert (answer.status, answer.body["code"]) == (status, code), answer
    assert answer.body["detail"]
    if opens_at is not None:
        assert datetime.fromisoformat(answer.body["opens_at"]) == opens_at


def book_the_day_after_once_its_window_opens(town: Town) -> dict[str, str]:
    """Refused until eight on Friday, to the second; an hour longer for 10 points, in the peak for 20."""
    booked = {}
    for wish in figures.SECOND:
        clock.start_at(figures.OPENS_AT - A_SECOND, frozen=True)
        refused(town.ask(wish), "too_early", 403, opens_at=figures.OPENS_AT)
        clock.start_at(figures.OPENS_AT, frozen=True)
        booked[wish.group] = town.book(wish)
    assert town.purses() == figures.AFTER_FRIDAY
    return booked


def award_for_the_publicity_day(town: Town) -> None:
    """Eight groups at once; posted like everything else."""
    clock.start_at(figures.AWARDED_AT, frozen=True)
    day = figures.PUBLICITY_DAY.isoformat()
    items = [
        {"holder_id": town.groups[group], "category": "customs_publicity", "occurred_on": day, "acts": acts}
        for group, acts in figures.ACTS.items()
    ]
    made = town.manager.act("/points/contributions/batch", {"items": items})["items"]
    assert {one["state"] for one in made} == {"posted"}
    awards = {award["holder"]["name"]: award["points"] for one in made for award in one["awards"]}
    assert awards == {group: 20 * acts for group, acts in figures.ACTS.items()}
    assert town.installation.sweep(figures.PUBLICITY_CREDITED_AT - A_SECOND)["points.credits"] == 0
    assert town.installation.sweep(figures.PUBLICITY_CREDITED_AT)["points.credits"] == len(GROUPS)
    assert town.purses() == figures.AFTER_PUBLICITY


# --- December ------------------------------------------------------------------------------------------------------


def the_new_group_comes(town: Town, thursday: str, friday: str) -> None:
    """From half an hour before the start to a quarter of an hour after it, to the second."""
    clock.start_at(figures.NEW_DOORS - A_SECOND, frozen=True)
    refused(town.act(NEW, thursday, "check-in"), "too_early", 403, opens_at=figures.NEW_DOORS)
    clock.start_at(figures.NEW_DOORS, frozen=True)
    assert town.act(NEW, thursday, "check-in").body["state"] == "checked_in"
    refused(town.act(NEW, thursday, "check-in"), "wrong_state", 409)
    refused(town.act(NEW, thursday, "cancellation"), "wrong_state", 409)
    clock.start_at(figures.NEW_FIRST.ends_at, frozen=True)
    assert town.state(thursday) == "attended"
    clock.start_at(figures.NEW_LAST_CALL, frozen=True)
    assert town.manager.act(f"/booking/reservations/{friday}/check-in")["state"] == "checked_in"
    assert town.purses() == figures.AFTER_PUBLICITY


def the_choir_misses_one_and_cancels_too_late(town: Town, thursday: str, friday: str) -> None:
    """A missed session is missed by time: others may have the rest of it before any sweep has run."""
    clock.start_at(figures.CHOIR_MISSED_AT, frozen=True)
    refused(town.ask(figures.NEW_THIRD), "room_taken", 409)
    clock.start_at(figures.CHOIR_MISSED_AT + A_SECOND, frozen=True)
    assert town.state(thursday) == "missed"
    refused(town.act(CHOIR, thursday, "check-in"), "too_late", 422)
    third = town.book(figures.NEW_THIRD)
    assert town.purse(CHOIR) == figures.BEFORE_SWEEP
    assert town.act(NEW, third, "check-in").body["state"] == "checked_in"
    town.installation.sweep(figures.at(12, 10, 15))
    assert town.purse(CHOIR) == figures.AFTER_SWEEP
    assert town.state(third) == "checked_in"
    clock.start_at(figures.CHOIR_CANCELS_AT, frozen=True)
    assert town.act(CHOIR, friday, "cancellation").body["state"] == "cancelled"
    assert town.purse(CHOIR) == figures.AFTER_LATE_CANCELLATION
    refused(town.act(CHOIR, thursday, "cancellation"), "too_late", 422)


def the_orchestra_cancels_in_time_and_comes(town: Town, thursday: str, friday: str) -> None:
    """Exactly 24 hours before, the points come back; at check-in they are taken."""
    clock.start_at(figures.ORCHESTRA_CANCELS_AT, frozen=True)
    assert town.act(ORCHESTRA, thursday, "cancellation").body["state"] == "cancelled"
    assert town.purse(ORCHESTRA) == figures.AFTER_CANCELLATION
    refused(town.act(ORCHESTRA, thursday, "cancellation"), "wrong_state", 409)
    clock.start_at(figures.ORCHESTRA_COMES_AT, frozen=True)
    assert town.act(ORCHESTRA, friday, "check-in").body["state"] == "checked_in"
    assert town.purse(ORCHESTRA) == figures.AFTER_CHECK_IN
    town.installation.sweep(figures.THE_END)
    assert town.state(friday) == "attended"


def every_point_is_where_it_belongs(town: Town) -> None:
    """Balances, standings, a statement that adds up, the sheet once more, and what the operator's check says."""
    assert town.purses() == figures.BALANCES
    assert town.standings() == figures.LAST_STANDINGS
    statement = town.leaders[CHOIR].get(
        f"/points/accounts/{town.groups[CHOIR]}/statement", from_=figures.STATEMENT_FROM
    )
    lines = [(datetime.fromisoformat(line["at"]), line["points"], line["balance"]) for line in statement["lines"]]
    assert (statement["opening"], tuple(lines), statement["closing"]) == (266, figures.STATEMENT, 236)
    assert all(line["paid_by"] for line in statement["lines"])
    left = town.manager.items("/booking/timetable", from_=figures.STATEMENT_FROM, to=figures.day_of(figures.THE_END))
    assert [entry["starts_at"] for entry in left] == [wish.starts_at.isoformat() for wish in figures.TOOK_PLACE]
    rows = figures.ROWS["contributions"]
    again = {"rows": rows, "created": 0, "unchanged": rows, "faults": []}
    assert town.manager.upload("contributions", SHEETS / "contributions.xlsx") == Answer(200, again)
    assert town.installation.linli("check") == "ok"

"""E-mail: who gets which, when it is due, later again when it fails, given up after some days, one sender at a time."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.message import EmailMessage
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select

from core import clock
from core.accounts.models import Account, AccountRole
from core.db import Database, Id, session, unit
from core.db.work import is_open
from core.explanations import explain
from core.notices import letters, mails, outbox, quiet
from core.notices.mails import GIVE_UP, HOLD
from core.notices.models import Mail, MailState, NoticeKind, Outbox
from core.notices.outbox import About
from core.notices.quiet import Hours
from core.notices.senders import NotSent, Unreachable
from core.plugins import House
from core.upkeep import mailing, sweeps
from core.web.request import linli_of
from tests import kit
from tests.core.notices.kit import REAL, Keeping, states, with_address
from tests.kit import NOW, OTHER_SLUG, SLUG, ZONE, Cast, actor_of, an_account

WAITING, SENT, DROPPED, GIVEN_UP = MailState.WAITING, MailState.SENT, MailState.DROPPED, MailState.GIVEN_UP


def tell(cast: Cast, kind: NoticeKind = NoticeKind.NEWS, begins_at: datetime | None = None, who: str = "zhang") -> None:
    """Somebody is told, and the sweep hands it on."""
    resident_id = cast.people[who].resident_id
    assert resident_id is not None
    outbox.notify(resident_id, REAL, about=About(kind=kind, begins_at=begins_at))
    mails.sweep()


def at(text: str) -> datetime:
    """Of 2026, in Shanghai; the clock stands there from now on."""
    moment = datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)
    clock.start_at(moment, frozen=True)
    return moment


# --- who ----------------------------------------------------------------------------------------------------------


def test_every_account_of_the_reader_with_an_address_that_wants_this_kind_gets_one(inside: Cast) -> None:
    with_address("zhang", kinds=(NoticeKind.REMINDER,))
    second = an_account("zhang2", AccountRole.RESIDENT)
    second.resident_id, second.email = inside.zhang.resident_id, "second@example.org"
    with_address("chen")
    tell(inside, NoticeKind.NEWS)
    tell(inside, NoticeKind.REMINDER)
    tell(inside, who="zhao")  # has no address
    outbox.notify_account(second.id, REAL)
    outbox.notify_account(inside.chen.account_id, REAL, about=About(kind=NoticeKind.INSIDE))
    assert mails.sweep() == 2
    assert mails.sweep() == 0
    names = session.scalars(select(Account.user_name).join(Mail, Mail.account_id == Account.id)).all()
    assert Counter(names) == {"zhang": 1, "zhang2": 3}
    assert set(session.scalars(select(Outbox.sent_at))) == {clock.now()}


def test_what_is_not_wanted_any_more_when_it_is_due_is_dropped(inside: Cast) -> None:
    with_address("zhang")
    tell(inside)
    tell(inside, NoticeKind.CHANGE)
    tell(inside, NoticeKind.REMINDER)
    with_address("zhang", "new@example.org", kinds=(NoticeKind.REMINDER,))
    taken = mails.take()
    assert taken is not None
    assert taken.address == "new@example.org"
    assert mails.take() is None
    assert states() == [DROPPED, DROPPED, WAITING]


# --- when ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "begins", "due"),
    [
        (NoticeKind.NEWS, None, "11-27 07:00"),
        (NoticeKind.REMINDER, "11-27 09:00", "11-27 07:00"),
        (NoticeKind.REMINDER, "11-27 07:00", None),  # would come when it has begun: the inbox said it
        (NoticeKind.CHANGE, None, "11-27 07:00"),
        (NoticeKind.CHANGE, "11-27 07:01", "11-27 07:00"),
        (NoticeKind.CHANGE, "11-27 07:00", "11-26 21:00"),
        (NoticeKind.CHANGE, "11-26 22:00", "11-26 21:00"),
        (NoticeKind.REQUEST, "11-26 22:00", "11-26 21:00"),
    ],
)
def test_in_the_quiet_hours_only_what_cannot_wait_leaves(
    inside: Cast, kind: NoticeKind, begins: str | None, due: str | None
) -> None:
    with_address("zhang")
    begins_at = at(begins) if begins else None
    at("11-26 21:00")
    tell(inside, kind, begins_at)
    left = None
    for moment in ("11-26 21:00", "11-26 23:59", "11-27 06:59:59", "11-27 07:00"):
        at(moment)
        if left is None and mails.take() is not None:
            left = moment
    assert left == due
    mails.sweep()
    assert states() == [WAITING if due else DROPPED]


def test_an_evening_mail_that_failed_waits_for_the_morning_too(inside: Cast) -> None:
    with_address("zhang")
    at("11-26 20:59")
    tell(inside)
    taken = mails.take()
    assert taken is not None
    mails.failed(taken, "busy", final=False)
    at("11-26 21:04")
    assert mails.take() is None
    quiet.put(Hours(begins=0, ends=0), by=actor_of("li"))  # no quiet hours
    assert mails.take() is not None


def test_what_was_withdrawn_before_it_left_never_leaves(inside: Cast) -> None:
    with_address("zhang")
    assert inside.zhang.resident_id is not None
    outbox.notify(inside.zhang.resident_id, REAL, "k", About(kind=NoticeKind.REMINDER, id=inside.choir.id))
    mails.sweep()
    taken = mails.take()
    assert taken is not None
    outbox.withdraw(inside.choir.id, NoticeKind.REMINDER)
    mails.sent(taken)  # it had left already: nothing to settle
    assert states() == []
    outbox.notify(inside.zhang.resident_id, REAL, "k")  # the key is free again
    assert mails.sweep() == 1


# --- failing ------------------------------------------------------------------------------------------------------


def test_a_mail_that_fails_comes_again_after_growing_pauses_and_is_given_up_after_three_days(inside: Cast) -> None:
    quiet.put(Hours(begins=0, ends=0), by=actor_of("li"))
    with_address("zhang")
    tell(inside)
    tries: list[int] = []
    for minute in range(int(GIVE_UP.total_seconds()) // 60 + 240):
        clock.start_at(NOW + timedelta(minutes=minute), frozen=True)
        if minute % 5 == 0 and (taken := mails.take()) is not None:
            tries.append(minute)
            assert mails.take() is None
            mails.failed(taken, "451 try again", final=False)
    assert tries[:6] == [0, 5, 20, 65, 185, 305]
    assert tries[-2] < 3 * 24 * 60 <= tries[-1]
    assert states() == [GIVEN_UP]
    told = session.scalars(select(Outbox).where(Outbox.resident_id == inside.li.resident_id)).one()
    assert (told.kind, told.words) == (
        NoticeKind.INSIDE,
        explain("mail_given_up", name="张淑芬", address="zhang@example.org", error="451 try again"),
    )


def test_an_address_that_is_none_is_given_up_at_once_and_managers_read_of_it_once_a_day(inside: Cast) -> None:
    with_address("zhang")
    with_address("li")
    for day in range(2):
        for _time in range(2):
            tell(inside)
            taken = mails.take()
            assert taken is not None
            mails.failed(taken, "5.1.1 no such user", final=True)
        assert len(session.scalars(select(Outbox).where(Outbox.kind == NoticeKind.INSIDE)).all()) == day + 1
        clock.advance(timedelta(days=1))
    mails.sweep()
    assert states() == [GIVEN_UP] * 4  # what managers read of it is no mail itself: that would never end


def test_who_comes_back_too_late_settles_nothing(inside: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with_address("zhang")
    tell(inside)
    real = clock.real_now()
    slow = mails.take()
    assert slow is not None
    assert mails.take() is None
    monkeypatch.setattr(clock, "real_now", lambda: real + HOLD + timedelta(minutes=1))
    quick = mails.take()
    assert quick is not None
    assert (quick.id, quick.tries) == (slow.id, slow.tries + 1)
    mails.failed(slow, "too late", final=True)
    assert states() == [WAITING]
    mails.sent(quick)
    mails.failed(quick, "twice", final=True)
    assert states() == [SENT]


# --- leaving ------------------------------------------------------------------------------------------------------


@pytest.fixture
def post(app: Flask, database: Database, cast: Cast) -> Callable[..., list[Any]]:
    """`post(sender)`: a whole round of sweeps and mail, as the child of `linli run` makes it."""

    def run(sender: Keeping) -> list[Any]:
        with app.app_context():
            return sweeps.run_all(database, linli_of(app).house, sender)

    return run


@pytest.fixture
def keep(database: Database, house: House) -> Callable[..., Any]:
    def do(act: Callable[[], Any], slug: str = SLUG) -> Any:
        with unit(database, write=True):
            kit.enter_slug(house, slug)
            return act()

    return do


def test_letters_are_in_the_readers_language_with_the_community_and_a_link(
    post: Callable[..., Any], keep: Callable[..., Any], cast: Cast
) -> None:
    def told() -> Id:
        with_address("zhang").locale = "en"
        with_address("chen", "Chen.Y@example.org")
        tell(cast)
        tell(cast, who="chen")
        zhangs = select(Outbox.id).where(Outbox.resident_id == cast.zhang.resident_id)
        return session.scalars(zhangs).one()

    notice_id = keep(told)
    sender = Keeping()
    done = post(sender)
    assert next(one for one in done if one.sweep == "core.mail").things == 2
    assert sender.closed == 1
    english, chinese = sender.letters
    assert english["To"] == "zhang@example.org"
    assert english["From"].addresses[0].display_name == "新城区社区"
    assert english["Subject"] == "新城区社区: This must be an e-mail address like zhang@example.org, in Lati…"
    assert english["Auto-Submitted"] == "auto-generated"
    assert english.get_content_type() == "text/plain"
    assert english.get_content().split("\n\n") == [
        "Hello 张淑芬,",
        "This must be an e-mail address like zhang@example.org, in Latin letters.",
        f"Look at it: http://127.0.0.1:8000/{SLUG}/notices/{notice_id}",
        "新城区社区, telephone 0931-000 0000",
        f"What comes to you by e-mail you choose here: http://127.0.0.1:8000/{SLUG}/notices/by-mail\n",
    ]
    assert chinese["To"] == "Chen.Y@example.org"
    assert chinese["Subject"].startswith("新城区社区：请填写像")
    assert "陈玉兰，您好：" in chinese.get_content()
    assert keep(states) == [SENT, SENT]
    post(again := Keeping())
    assert again.letters == []


def test_a_server_that_fails_stops_no_sweep_and_the_round_ends_with_the_first_letter(
    post: Callable[..., Any], keep: Callable[..., Any], cast: Cast
) -> None:
    def told(who: str) -> None:
        with_address(who)
        tell(cast, who=who)

    keep(lambda: told("zhang"))
    keep(lambda: told("chen"))
    keep(lambda: told("wang"), OTHER_SLUG)

    def down(_letter: EmailMessage) -> None:
        raise Unreachable("nobody is there")

    done = post(Keeping(down))
    assert {one.sweep for one in done if not one.error} >= {"core.notices", "core.replay"}
    assert {one.community for one in done} == {SLUG, OTHER_SLUG}
    assert [(one.community, one.error) for one in done if one.error] == [(SLUG, "nobody is there")]
    assert keep(lambda: session.scalars(select(Mail.tries).order_by(Mail.id)).all()) == [1, 0]
    post(up := Keeping())
    assert {one["To"] for one in up.letters} == {"chen@example.org", "wang@example.org"}
    clock.advance(timedelta(minutes=5))
    post(up)
    assert {one["To"] for one in up.letters} >= {"zhang@example.org"}


def test_one_letter_that_is_refused_or_cannot_be_written_stops_no_other(
    post: Callable[..., Any], keep: Callable[..., Any], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> None:
        for who in ("zhang", "chen", "zhao"):
            with_address(who)
            tell(cast, who=who)

    keep(told)
    write = letters.write

    def write_some(taken: mails.Taken) -> EmailMessage:
        if taken.address.startswith("chen"):
            raise ValueError("a fault\nof ours")
        return write(taken)

    def refuse_some(letter: EmailMessage) -> None:
        assert not is_open(), "a unit is open while the network is waited for"
        if "zhang" in letter["To"]:
            raise NotSent("552 full")

    monkeypatch.setattr(letters, "write", write_some)
    post(sender := Keeping(refuse_some))
    assert [one["To"] for one in sender.letters] == ["zhao@example.org"]
    assert keep(states) == [WAITING, WAITING, SENT]
    errors = keep(lambda: session.scalars(select(Mail.error).order_by(Mail.id)).all())
    assert errors == ["552 full", "ValueError: a fault of ours", ""]


def test_a_round_is_over_after_its_time_and_the_rest_goes_in_the_next(
    post: Callable[..., Any], keep: Callable[..., Any], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> None:
        with_address("zhang")
        for _time in range(3):
            tell(cast)

    keep(told)
    seconds = iter(range(0, 10_000, mailing.A_ROUND // 2))
    monkeypatch.setattr("core.upkeep.mailing.time.monotonic", lambda: next(seconds))
    post(sender := Keeping())
    assert len(sender.letters) == 1
    post(sender)
    assert len(sender.letters) == 2


def test_whoever_dies_after_sending_leaves_it_to_the_next_with_the_same_number(
    post: Callable[..., Any], keep: Callable[..., Any], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> None:
        with_address("zhang")
        tell(cast)

    keep(told)
    sender = Keeping()

    def die(taken: mails.Taken) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mails, "sent", die)
        with pytest.raises(KeyboardInterrupt):
            post(sender)
    post(sender)
    assert len(sender.letters) == 1  # it is held for a while
    real = clock.real_now()
    monkeypatch.setattr(clock, "real_now", lambda: real + HOLD + timedelta(minutes=1))
    post(sender)
    first, second = sender.letters
    assert first["Message-ID"] == second["Message-ID"]
    assert keep(states) == [SENT]


@pytest.mark.race
def test_of_six_senders_at_once_each_letter_has_one(real_database: Database, house: House, app: Flask) -> None:
    cast, start = kit.find_cast(real_database), Barrier(6)
    with unit(real_database, write=True):
        kit.enter_slug(house, SLUG)
        with_address("zhang")
        for _time in range(25):
            outbox.notify(cast.zhang.resident_id or cast.zhang.account_id, REAL)
        mails.sweep()
    lock, together, most = threading.Lock(), Counter[str](), Counter[str]()

    def slowly(letter: EmailMessage) -> None:
        number = str(letter["Message-ID"])
        with lock:
            together[number] += 1
            most[number] = max(most[number], together[number])
        time.sleep(0.005)
        with lock:
            together[number] -= 1

    def work(_number: int) -> list[EmailMessage]:
        sender = Keeping(slowly)
        start.wait()
        for _round in range(30):  # others in the way, or quicker: the next round goes on
            with app.app_context():
                mailing.send_due(real_database, house, [SLUG], sender)
        return sender.letters

    with ThreadPoolExecutor(6) as pool:
        letters_sent = [letter for found in pool.map(work, range(6)) for letter in found]
    assert Counter(letter["Message-ID"] for letter in letters_sent) == Counter(dict.fromkeys(most, 1))
    assert len(letters_sent) == 25
    assert set(most.values()) == {1}
    with unit(real_database, write=True):
        kit.enter_slug(house, SLUG)
        assert set(states()) == {SENT}
        session.execute(delete(Mail))

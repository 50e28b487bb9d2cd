"""Code → sentence, for refusals, explanations, notices and the audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time
from functools import reduce
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.plugins import here
from core.web.words import minutes
from plugins.booking import recurrence, wording


def _closed(facts: Mapping[str, Any]) -> str:
    if facts.get("why"):
        return _("The room is closed then: %(why)s. Choose another time or another room.", why=facts["why"])
    return _("The room is not open on that day. Choose another day or another room.")


def _too_early(facts: Mapping[str, Any]) -> str:
    if facts.get("what") == "check_in":
        return _("It is too early to check in. You can from %(opens_at)s on.", opens_at=facts["opens_at"])
    return _("That day cannot be booked yet. It opens on %(opens_at)s.", opens_at=facts["opens_at"])


def _too_late(facts: Mapping[str, Any]) -> str:
    if facts.get("what") == "check_in":
        return _("It is too late to check in: the session counts as missed. Ask the centre if something came up.")
    if facts.get("what") == "cancel":
        return _("The session has begun; it can no longer be cancelled.")
    if facts.get("what") == "end":
        return _("That time has passed. Choose an end that is still to come.")
    if facts.get("what") == "confirm":
        return _("Nobody answered in time; the date was freed for others. Book another one.")
    if facts.get("what") == "notice":
        return _(
            "This room must be booked %(ahead)s ahead. Choose a later time, or ask the centre.",
            ahead=minutes(facts["minutes"]),
        )
    return _("That time has passed. Choose one that has not begun yet.")


def _too_long(facts: Mapping[str, Any]) -> str:
    most, asked = minutes(facts["most"]), minutes(facts["minutes"])
    return _(
        "A session in this room has at most %(most)s, this has %(asked)s. Choose a shorter time.",
        most=most,
        asked=asked,
    )


def _shortened(facts: Mapping[str, Any]) -> str:
    if facts["back"]:
        return _("Shortened to end at %(ends_at)s; %(back)d points came back.", **facts)
    if facts["stays"]:
        return _(
            "Shortened to end at %(ends_at)s, too late for points to come back: it costs %(stays)d as before.", **facts
        )
    return _("Shortened to end at %(ends_at)s.", **facts)


def _longer(facts: Mapping[str, Any]) -> str:
    if facts["price"]:
        return _("Made longer while it ran, up to %(ends_at)s, for %(price)d points more.", **facts)
    return _("Made longer while it ran, up to %(ends_at)s.", **facts)


def _extension(facts: Mapping[str, Any]) -> str:
    if not facts["most"]:
        return _(
            "This is %(minutes)d minutes more than the base time you have, and longer is not open to you. Choose a shorter time.",
            minutes=facts["minutes"],
        )
    return _(
        "This is %(minutes)d minutes more than the base time you have; at most %(most)d more can be had for points. "
        "Choose a shorter time.",
        minutes=facts["minutes"],
        most=facts["most"],
    )


def _repeats(facts: Mapping[str, Any]) -> str:
    """A rule of recurrence in words. Its end is read as of midnight: the day counts, not the time of day."""
    zone = here().zone
    midnight = datetime.combine(here().today(), time.min, tzinfo=zone)
    return wording.series(recurrence.read(facts["value"], starts_at=midnight, zone=zone))


def _sentences(first: Any, *more: tuple[str, Any]) -> Callable[[Mapping[str, Any]], str]:
    """Several sentences after one another; each but the first only where its fact is there and not empty or 0."""

    def say(facts: Mapping[str, Any]) -> str:
        found = [first, *(words for name, words in more if facts.get(name))]
        return reduce(
            lambda one, other: _("%(one)s %(other)s", one=one, other=other), (str(one) % facts for one in found)
        )

    return say


_REASON = ("reason", _l("Reason: %(reason)s"))
_SET_ASIDE = ("price", _l("%(price)d points are set aside for it."))
_TAKEN = ("taken", _l("%(taken)d points were taken for it."))
_BACK = ("back", _l("The %(back)d points come back."))
_MISSED = _l("Nobody checked in for %(holder)s in %(room)s on %(day)s, %(times)s: the session counts as missed.")

SENTENCES: Mapping[str, Any] = {
    # refusals, in the order in which the first one broken decides
    "off_grid": _l("Begin and end on a quarter of an hour, like 9:00, 9:15, 9:30 or 9:45."),
    "closed": _closed,
    "outside_hours": _l("That is outside the opening hours of that day (%(hours)s). Choose a time within them."),
    "too_late": _too_late,
    "too_early": _too_early,
    "too_long": _too_long,
    "too_many_people": _l("The room holds %(capacity)d people, not %(people)d. Choose a larger one."),
    "extension_not_available": _extension,
    "room_taken": _l("Somebody else has the room in that time. Choose another time or another room."),
    "too_many_dates": _l("A series has at most %(most)d dates. Let it end earlier, and make another one later."),
    "endless_recurrence": _l("Say when it ends: with a last day, or with a number of times."),
    "wrong_room": _l("This session is in another room: %(room)s. Go there and scan the sheet at that door."),
    "reservations_in_the_way": _l("There are %(count)d reservations in that time. Move or cancel them first."),
    # the facts of `forbidden`
    "why.groups_only": _l("This room is for groups. Choose another room, or book it for a group that you lead."),
    "why.staff_only": _l("Only the centre's staff book this room. Ask them, or choose another room."),
    # faults of fields
    "closure_over": _l("That time is over already. Choose an end that is still to come."),
    "closure_too_long": _l("A room is closed for at most %(most)d days at once."),
    "off_minute": _l("Give the time in whole minutes, without seconds."),
    "ends_before_start": _l("The end must be after the beginning."),
    "not_shorter": _l("The session ends at %(ends_at)s. Choose an earlier end."),
    "not_longer": _l("The session ends at %(ends_at)s. Choose a later end."),
    "room_exists": _l("There is a room called %(name)s already. Choose another name."),
    "wrong_number_of_spaces": _l("A room has 1 to %(most)d spaces."),
    "spaces_stay": _l("The spaces of a room stay as they were made. Make another room with these spaces."),
    "not_quarters": _l("Give whole quarters of an hour, like 15, 30 or 45 minutes."),
    "session_above_week": _l("At most %(most)d, the minutes of a whole week. Lower this, or raise the week."),
    "shortening_above_cancelling": _l(
        "At most %(most)d, the hours for cancelling: else points come back to who cancels, but not to who shortens."
    ),
    "no_time_to_check_in": _l("Nobody could check in. Allow some minutes before the start or after it."),
    "check_in_after_session": _l("At most %(most)d, as long as a session without points lasts: later it is over."),
    "too_many_items": _l("At most %(most)d kinds of equipment."),
    "impossible_count": _l("There are 1 to %(most)d of a kind."),
    "not_a_code": _l("A code of a space has small letters a–z, digits, - and _, at most 40."),
    "too_many_intervals": _l("At most %(most)d intervals a week."),
    "impossible_hours": _l("Opening hours go from 0:00 to 24:00 of one day, the end after the beginning."),
    "hours_off_grid": _l("Opening hours begin and end on a quarter of an hour."),
    "hours_overlap": _l("These hours overlap with others of the same day."),
    "hours_unreadable": _l("Write it like 8:00–12:00, 14:00–21:00, or leave it empty when the room is closed."),
    "too_many_days": _l("At most %(most)d days at once."),
    # what a room serves
    "purpose.service": _l("service"),
    "purpose.office": _l("offices"),
    # faults of recurrence
    "unreadable_rule": _l("“%(part)s” cannot be read. Write it like FREQ=WEEKLY;BYDAY=TH;UNTIL=20261224."),
    "unsupported_rule": _l(
        "“%(part)s” is not taken. A room repeats daily (FREQ=DAILY), weekly on weekdays (FREQ=WEEKLY;BYDAY=TU,TH), or "
        "monthly by date (FREQ=MONTHLY;BYMONTHDAY=15) or by the nth weekday (FREQ=MONTHLY;BYDAY=1FR)."
    ),
    "rule_of_other_kind": _l(
        "Choose weekdays for weeks, and either dates or nth weekdays for months; nothing for days."
    ),
    "no_day_of_month": _l("A day of a month is 1 to 31, or −1 to −31 counted from its end."),
    "no_nth_weekday": _l("A weekday of a month is its first to fifth, or counted from its end as −1 to −5."),
    "count_and_until": _l("It ends either after a number of times or on a last day, not both."),
    "too_many_exceptions": _l("At most %(most)d days may be left out."),
    "other_day_of_series": _l(
        "Several dates at once stay on their own days. Change the time or the room, or move one date by itself."
    ),
    "no_dates": _l("Not one date is left. Choose a later end, or leave out fewer days."),
    # why it is as it is
    "booking.why.centre": _l("The centre's own reservation: no window, no price, no check-in."),
    "booking.why.window": _l("Everyone may book %(days)d days ahead: this day opened on %(opens_at)s."),
    "booking.why.window_early": _l(
        "Standing %(tier)s: %(days)d days ahead may be booked; this day opened on %(opens_at)s."
    ),
    "booking.why.window_closed": _l(
        "After %(count)d missed sessions the early window is closed until the end of %(until)s."
    ),
    "booking.why.base": _l(
        "Base time: %(minutes)d minutes. A session has at most %(most)d; %(left)d were left of its week."
    ),
    "booking.why.extension": _l(
        "%(minutes)d minutes longer for %(price)d points. Standing %(tier)s: at most %(most)d minutes longer."
    ),
    "booking.why.steps": _l("Each started %(step)d minutes cost %(off_peak)d points, at peak times %(peak)d."),
    "booking.why.paid": _l(
        "%(available)d points are there to spend. They are taken at check-in and come back when you cancel "
        "%(hours)d hours before."
    ),
    "booking.why.buffers": _l(
        "The room is held for %(setup)d minutes before to set up and %(clearup)d after to clear up; they cost nothing."
    ),
    "booking.why.override": _l("The manager set a rule aside: %(reason)s"),
    "booking.why.shortened": _shortened,
    "booking.why.longer": _longer,
    "booking.why.freed": _l(
        "Nobody came last time, and nobody said until %(until)s that you would come: it was freed."
    ),
    "booking.why.moved_late": _l("It is too late for points to come back: it costs %(price)d points as before."),
    "booking.longer": _l("%(minutes)d minutes longer in %(room)s, %(starts_at)s"),
    # notices
    "booking.series_asked": _l(
        "Nobody came last time. Will %(holder)s come to %(room)s on %(day)s, %(times)s? Say yes by %(until)s, or the room is "
        "freed for others."
    ),
    "booking.series_freed": _sentences(
        _l("Nobody said that %(holder)s will come to %(room)s on %(day)s, %(times)s: the room is free for others."),
        _BACK,
    ),
    "booking.day_before": _sentences(
        _l("%(holder)s has %(room)s on %(day)s, %(times)s."),
        ("until", _l("If nobody can come: cancelled by %(until)s, the %(points)d points come back.")),
    ),
    "booking.soon": _l(
        "%(holder)s has %(room)s soon: %(day)s, %(times)s. Check in from %(opens)s to %(closes)s; later it counts as missed."
    ),
    "booking.booked": _sentences(_l("The centre has booked %(room)s for %(holder)s: %(day)s, %(times)s."), _SET_ASIDE),
    "booking.booked_several": _sentences(
        _l("The centre has booked %(room)s for %(holder)s %(count)d times, the first on %(day)s, %(times)s."),
        _SET_ASIDE,
    ),
    "booking.cancelled_by_centre": _sentences(
        _l("The centre has cancelled the session of %(holder)s in %(room)s on %(day)s, %(times)s."), _BACK, _REASON
    ),
    "booking.cancelled_by_centre_several": _sentences(
        _l("The centre has cancelled %(count)d sessions of %(holder)s, the first in %(room)s on %(day)s, %(times)s."),
        _BACK,
        _REASON,
    ),
    "booking.cancelled_for_you": _sentences(
        _l("At the centre the session of %(holder)s in %(room)s on %(day)s, %(times)s, was cancelled for you."),
        _BACK,
        _TAKEN,
        _REASON,
    ),
    "booking.cancelled_for_you_several": _sentences(
        _l(
            "At the centre %(count)d sessions of %(holder)s were cancelled for you, the first in %(room)s on %(day)s, "
            "%(times)s."
        ),
        _BACK,
        _TAKEN,
        _REASON,
    ),
    "booking.moved": _sentences(
        _l(
            "The centre has moved the session of %(holder)s in %(was_room)s on %(was_day)s, %(was_times)s: it is now in "
            "%(room)s on %(day)s, %(times)s."
        ),
        _SET_ASIDE,
    ),
    "booking.moved_several": _sentences(
        _l(
            "The centre has moved %(count)d sessions of %(holder)s: the first is now in %(room)s on %(day)s, %(times)s."
        ),
        _SET_ASIDE,
    ),
    "booking.shortened": _l(
        "The centre has shortened the session of %(holder)s in %(room)s on %(day)s: it is now %(times)s."
    ),
    "booking.no_show": _sentences(_MISSED, _TAKEN),
    "booking.no_show_warning": _sentences(
        _MISSED, _TAKEN, ("days", _l("Once more, and the early window is closed for %(days)d days."))
    ),
    "booking.no_show_closed": _sentences(
        _MISSED, _TAKEN, ("until", _l("The early window is closed until the end of %(until)s."))
    ),
    # states
    "state.confirmed": _l("booked"),
    "state.pending": _l("waiting for approval"),
    "state.checked_in": _l("checked in"),
    "state.attended": _l("attended"),
    "state.missed": _l("missed"),
    "state.cancelled": _l("cancelled"),
    # when a session on the board is
    "board.now": _l("on now"),
    "board.next": _l("coming next"),
    "board.morning": _l("morning"),
    "board.afternoon": _l("afternoon"),
    "board.evening": _l("evening"),
    # acts of the audit
    "act.booking.room": _l("Made a room"),
    "act.booking.room_change": _l("Changed a room"),
    "act.booking.hours": _l("Changed opening hours"),
    "act.booking.close": _l("Closed a room for a time"),
    "act.booking.reopen": _l("Took a closure back"),
    "act.booking.reserve": _l("Booked a room"),
    "act.booking.cancel": _l("Cancelled a reservation"),
    "act.booking.shorten": _l("Shortened a session"),
    "act.booking.extend": _l("Made a running session longer"),
    "act.booking.change": _l("Changed a reservation"),
    "act.booking.series": _l("Booked a series"),
    "act.booking.series_change": _l("Changed dates of a series"),
    "act.booking.series_cancel": _l("Cancelled dates of a series"),
    "act.booking.confirm": _l("Confirmed a date of a series"),
    "act.booking.freed": _l("Freed a date that nobody confirmed"),
    "act.booking.check_in": _l("Checked in"),
    "act.booking.forgive": _l("Forgave a no-show"),
    "act.booking.policy": _l("Changed the rules of booking"),
    "act.booking.policy_taken_back": _l("Took back planned rules of booking"),
    "act.booking.board": _l("Showed or hid the board for everybody"),
    # what the audit calls things
    "fact.room": _l("room"),
    "fact.title": _l("what for"),
    "fact.people": _l("how many people"),
    "fact.floor_area": _l("floor area"),
    "fact.setup_minutes": _l("minutes to set up"),
    "fact.clearup_minutes": _l("minutes to clear up"),
    "fact.longest_minutes": _l("longest session, in minutes"),
    "fact.notice_minutes": _l("booked at least so many minutes before"),
    "fact.who": _l("who may book"),
    "who.anyone": _l("groups and residents"),
    "who.groups": _l("groups only"),
    "who.staff": _l("the staff only"),
    "fact.equipment": _l("equipment"),
    "by.group": _l("by the group"),
    "by.centre": _l("by the centre"),
    "fact.weekday_0": _l("Monday"),
    "fact.weekday_1": _l("Tuesday"),
    "fact.weekday_2": _l("Wednesday"),
    "fact.weekday_3": _l("Thursday"),
    "fact.weekday_4": _l("Friday"),
    "fact.weekday_5": _l("Saturday"),
    "fact.weekday_6": _l("Sunday"),
    "fact.base_session_minutes": _l("base time of a session, in minutes"),
    "fact.base_week_minutes": _l("base time of a week, in minutes"),
    "fact.base_early_days": _l("days booked ahead without standing"),
    "fact.window_opens": _l("the window opens at"),
    "value.window_opens": lambda facts: "{}:{:02}".format(*divmod(int(facts["value"]), 60)),
    "fact.cancel_hours": _l("hours to cancel without cost"),
    "fact.shorten_hours": _l("hours to shorten without cost"),
    "fact.check_in_before": _l("check-in from so many minutes before"),
    "fact.check_in_after": _l("check-in until so many minutes after"),
    "fact.series_confirm_days": _l("an unused series is confirmed so many days ahead"),
    "fact.recurrence": _l("repeats"),
    "value.recurrence": _repeats,
    "fact.exceptions": _l("days left out"),
    "fact.dates": _l("dates"),
    "fact.skipped": _l("could not be had"),
    "fact.public_board": _l("board shown to everybody"),
    "fact.no_shows": _l("no-shows, within days, window closed for days"),
    # what linli check finds
    "booking.bad_claim": _l("The reservation %(reservation)s does not hold exactly its quarters of an hour."),
    "booking.loose_claim": _l("The claim %(claim)s holds a room for nobody."),
    "booking.bad_series": _l("The series %(series)s has skipped %(day)s and booked it, too."),
    "booking.bad_charge": _l(
        "The charge of reservation %(reservation)s is %(charge_state)s, the reservation is %(state)s."
    ),
}

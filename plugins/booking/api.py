"""REST of booking: load, call one rule, dump."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask import Blueprint

from core import clock
from core.db import Id
from core.explanations import explain
from core.web.api import operation, page_of
from core.web.request import actor
from core.web.transactions import runs_in
from plugins.booking import (
    attendance,
    calendar,
    closures,
    hours,
    keeping,
    lengths,
    listing,
    queries,
    quote,
    reserve,
    rooms,
    rules,
    scopes,
    series,
    usage,
)
from plugins.booking import room_schemas as r
from plugins.booking import schemas as s
from plugins.booking import series_schemas as t
from plugins.booking import usage_schemas as u
from plugins.booking.models import Closure, Hours, Reservation, Room
from plugins.booking.policy import BookingPolicy
from plugins.booking.requests import (
    Between,
    CancellationRequest,
    ChangeRequest,
    ClosureRequest,
    EndRequest,
    ForgivenessRequest,
    HoursRequest,
    Listing,
    PolicyChange,
    ReservationRequest,
    RoomRequest,
    SeriesRequest,
)

api = Blueprint("booking_api", __name__)


# --- rooms ---------------------------------------------------------------------------------------------------------


@api.get("/rooms")
@operation(needs="booking.read", gives=r.RoomOut, lists=True)
def list_rooms() -> list[dict[str, Any]]:
    """All rooms, in the order in which they were made."""
    codes = queries.space_codes()
    return [_room(room, codes.get(room.id, ())) for room in queries.rooms()]


@api.post("/rooms")
@operation(needs="booking.rooms", body=r.RoomIn, gives=r.RoomOut, status=201)
def create_room(body: RoomRequest) -> dict[str, Any]:
    """Make a room. It is closed until it has hours."""
    room = rooms.create(body, by=actor())
    return _room(room, queries.space_codes()[room.id])


@api.get("/rooms/<id:room_id>")
@operation(needs="booking.read", gives=r.RoomOut)
def get_room(room_id: Id) -> dict[str, Any]:
    """One room and its rules."""
    return _room(queries.room(room_id), queries.space_codes()[room_id])


@api.put("/rooms/<id:room_id>")
@operation(needs="booking.rooms", body=r.RoomPut, gives=r.RoomOut)
def put_room(room_id: Id, body: RoomRequest) -> dict[str, Any]:
    """Change a room and its rules; what is left out is as for a new one. Reservations made already stand."""
    return _room(rooms.change(room_id, body, by=actor()), queries.space_codes()[room_id])


def _room(room: Room, codes: Sequence[str]) -> dict[str, Any]:
    return {
        "id": room.id,
        "name": room.name,
        "capacity": room.capacity,
        "spaces": codes,
        "equipment": room.equipment,
        "floor_area": room.floor_area,
        "purpose": room.purpose.value,
        "who": room.who.value,
        "setup_minutes": room.setup_minutes,
        "clearup_minutes": room.clearup_minutes,
        "longest_minutes": room.longest_minutes,
        "notice_minutes": room.notice_minutes,
    }


@api.get("/rooms/<id:room_id>/hours")
@operation(needs="booking.read", gives=r.HoursSchema)
def get_hours(room_id: Id) -> Mapping[str, Sequence[Hours]]:
    """The week of a room."""
    queries.room(room_id)
    return {"hours": queries.hours(room_id)}


@api.put("/rooms/<id:room_id>/hours")
@operation(needs="booking.rooms", body=r.HoursSchema, gives=r.HoursSchema)
def put_hours(room_id: Id, body: HoursRequest) -> Mapping[str, Sequence[Hours]]:
    """Replace the week of a room."""
    return {"hours": hours.put(room_id, body, by=actor())}


@api.get("/rooms/<id:room_id>/closures")
@operation(needs="booking.read", gives=r.ClosureOut, lists=True)
def list_closures(room_id: Id) -> Sequence[Closure]:
    """Closures of a room that have not ended, the soonest first."""
    queries.room(room_id)
    return queries.closures(clock.now(), room_id=room_id)


@api.post("/rooms/<id:room_id>/closures")
@operation(needs="booking.rooms", body=r.ClosureIn, gives=r.ClosureOut, status=201)
def close_room(room_id: Id, body: ClosureRequest) -> Closure:
    """Close a room for a time."""
    return closures.close(room_id, body, by=actor())


@api.delete("/closures/<id:closure_id>")
@operation(needs="booking.rooms")
def reopen_room(closure_id: Id) -> None:
    """Take a closure back."""
    closures.reopen(closure_id, by=actor())


@api.get("/rooms/<id:room_id>/free")
@operation(needs="booking.read", query=r.FreeQuery, gives=r.StretchOut, lists=True)
def list_free(room_id: Id, query: tuple[Between, int]) -> Sequence[calendar.Stretch]:
    """Where a room is free for at least so many minutes, from now on, in order."""
    between, minutes = query
    return calendar.free(room_id, between.starts_at, between.ends_at, minutes=minutes, by=actor())


# --- reservations --------------------------------------------------------------------------------------------------


@api.get("/quote")
@operation(needs="booking.reserve", query=s.QuoteQuery, gives=s.QuoteOut)
def get_quote(query: Mapping[str, Any]) -> quote.Quote:
    """What a wish would cost and what stands in its way, without booking it."""
    room_id, holder_id = query["room_id"], query["holder_id"]
    starts_at: datetime = query["starts_at"]
    return quote.quote_of(
        room_id=room_id, holder_id=holder_id, starts_at=starts_at, ends_at=query["ends_at"], by=actor()
    )


@api.get("/reservations")
@operation(needs="booking.read", query=s.ReservationsQuery, gives=s.ReservationOut, lists=True)
def list_reservations(query: Listing) -> Mapping[str, Any]:
    """Reservations you may see, in the order of booking."""
    found = listing.listed(query, by=actor())
    return page_of(found, query.limit, lambda one: str(one.id))


@api.post("/reservations")
@operation(needs="booking.reserve", body=t.ReservationIn, gives=t.BookedOut, status=201)
def create_reservation(body: ReservationRequest | SeriesRequest) -> series.Booked:
    """Reserve a room, once or, with `recurrence`, on many days in one act; the holder's terms apply, whoever calls."""
    if isinstance(body, SeriesRequest):
        return series.make(body, by=actor())
    made = reserve.reserve(body, by=actor())
    return series.Booked(first=made, dates=[made])


@api.get("/reservations/<id:reservation_id>")
@operation(needs="booking.read", gives=s.ReservationOut)
def get_reservation(reservation_id: Id) -> Reservation:
    """One reservation."""
    return listing.reservation(reservation_id, by=actor())


@api.patch("/reservations/<id:reservation_id>")
@operation(needs="booking.reserve", body=s.ChangeIn, gives=t.BookedOut)
def change_reservation(reservation_id: Id, body: ChangeRequest) -> series.Booked:
    """Move a reservation that has not begun, or change its title or number of people; the whole is judged as of now."""
    return scopes.change(reservation_id, body, by=actor())


@api.post("/reservations/<id:reservation_id>/shortening")
@operation(needs="booking.reserve", body=s.EndIn, gives=s.ReservationOut, status=201)
def shorten(reservation_id: Id, body: EndRequest) -> Reservation:
    """Let a session end earlier; early enough, the points for the rest come back."""
    return lengths.shorten(reservation_id, body, by=actor())


@api.post("/reservations/<id:reservation_id>/extension")
@operation(needs="booking.reserve", body=s.EndIn, gives=s.ReservationOut, status=201)
def extend(reservation_id: Id, body: EndRequest) -> Reservation:
    """Let a running session go on; what it costs more is taken at once."""
    return lengths.extend(reservation_id, body, by=actor())


@api.post("/reservations/<id:reservation_id>/check-in")
@operation(needs="booking.check_in", gives=s.ReservationOut, status=201)
def check_in(reservation_id: Id) -> Reservation:
    """They came."""
    return attendance.check_in(reservation_id, by=actor())


@api.post("/reservations/<id:reservation_id>/cancellation")
@operation(needs="booking.cancel", body=s.CancellationIn, gives=t.BookedOut, status=201)
def cancel(reservation_id: Id, body: CancellationRequest) -> series.Booked:
    """Give a reservation up."""
    return scopes.cancel(reservation_id, body, by=actor())


@api.post("/reservations/<id:reservation_id>/confirmation")
@operation(needs="booking.reserve", gives=s.ReservationOut, status=201)
def confirm(reservation_id: Id) -> Reservation:
    """They will come to the next date of a series whose last one went unused."""
    return keeping.confirm(reservation_id, by=actor())


@api.post("/reservations/<id:reservation_id>/forgiveness")
@operation(needs="booking.forgive", body=s.ForgivenessIn, gives=s.ReservationOut, status=201)
def forgive(reservation_id: Id, body: ForgivenessRequest) -> Reservation:
    """Let a no-show not count."""
    return attendance.forgive(reservation_id, body, by=actor())


# --- series --------------------------------------------------------------------------------------------------------


@api.post("/series/preview")
@runs_in("read")
@operation(needs="booking.reserve", body=t.SeriesIn, gives=t.PreviewOut)
def preview_series(body: SeriesRequest) -> Mapping[str, Any]:
    """What each date would come to, without booking any."""
    dates = series.preview(body, by=actor())
    price = sum(one.answer.quote.price_points for one in dates if one.allowed)
    return {"allowed": all(one.allowed for one in dates), "price_points": price, "dates": dates}


@api.get("/series/<id:series_id>")
@operation(needs="booking.read", gives=t.SeriesOut)
def get_series(series_id: Id) -> series.Look:
    """One series: its rule, its dates and what became of them."""
    return series.look(series_id, by=actor())


# --- the timetable -------------------------------------------------------------------------------------------------


@api.get("/timetable")
@operation(needs="booking.read", query=s.BetweenQuery, gives=s.EntryOut, lists=True)
def get_timetable(query: Between) -> Sequence[listing.Entry]:
    """What stands in the rooms, by start; cancelled and missed sessions left out."""
    return listing.timetable(query, by=actor())


# --- what rooms were used for --------------------------------------------------------------------------------------


@api.get("/statistics")
@operation(needs=usage.READ, query=u.UsageQuery, gives=u.UsageOut)
def get_usage(query: tuple[date, date]) -> dict[str, Any]:
    """Occupancy by room and by weekday and hour, hours and no-shows by holder, floor area by what it serves."""
    found = usage.of(*query, by=actor())
    return {
        "first": found.first,
        "last": found.last,
        "share": found.share,
        "rooms": found.rooms,
        "hours": found.hours,
        "holders": found.holders,
        "areas": found.purposes,
    }


# --- policy --------------------------------------------------------------------------------------------------------


@api.get("/policy")
@operation(needs="booking.read", query=s.PolicyQuery, gives=s.PolicyOut)
def get_policy(query: Mapping[str, Any]) -> dict[str, Any]:
    """The figures in force on a day (today)."""
    return _policy(rules.at(query["on"]))


@api.put("/policy")
@operation(needs="booking.policy", body=s.PolicyIn, gives=s.PolicyKeptOut)
def put_policy(body: PolicyChange) -> dict[str, Any]:
    """Change the figures, from a day on. What holds on that day already makes no version; `explanation` says so."""
    kept = rules.put(body, by=actor())
    return _policy(kept) | ({} if kept.made else {"explanation": [explain("policy_unchanged")]})


@api.delete("/policy")
@operation(needs="booking.policy", query=s.PlanQuery)
def take_back_policy(query: Mapping[str, Any]) -> None:
    """Take back figures that were to take effect on a day to come; twice is once. 409 once they are in force."""
    rules.take_back(query["valid_from"], by=actor())


def _policy(found: PolicyChange) -> dict[str, Any]:
    figures = {name: getattr(found.policy, name) for name in BookingPolicy.__dataclass_fields__}
    return {**figures, "valid_from": found.valid_from}

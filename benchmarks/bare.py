"""The yardstick of the timetable: the page as a short Flask program would make it, with five of its queries and its cells.

Plain SQLAlchemy ORM and a plain template: no tenants, permissions, plugins, languages, rules or prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from flask import session as cookie
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload, load_only, registry, relationship

from benchmarks.databases import plain
from benchmarks.world import ZONE
from core.db import Id

HALF_HOUR = timedelta(minutes=30)


_REGISTRY = registry()


def _mapped(table: str, **related: Any) -> Any:
    """A class whose objects are rows; `related`: rows they point at, by name."""
    row: type[Any] = type(table, (), {})
    links = {name: relationship(other, viewonly=True) for name, other in related.items()}
    _REGISTRY.map_imperatively(row, plain(table), properties=links)
    return row


Community = _mapped("core_community")
Account = _mapped("core_account", community=Community)
Room = _mapped("booking_room")
Hours = _mapped("booking_hours")
Holder = _mapped("core_holder")
Reservation = _mapped("booking_reservation", room=Room, holder=Holder)
Award = _mapped("points_award")


def create_app(engine: Engine, secret: str, choir: Id) -> Flask:
    """An app of one page, `/<slug>/<day>`, for whoever carries a signed cookie and leads the choir."""
    app = Flask("bare", template_folder=str(Path(__file__).parent / "templates"))
    app.config.update(SECRET_KEY=secret)

    @app.get("/<slug>/<day>")
    def timetable(slug: str, day: str) -> str:
        shown = date.fromisoformat(day)
        with Session(engine) as session:
            me = _me(session, slug, Id(cookie["_user_id"].split("|")[1]))
            here = me.community_id
            rooms = session.scalars(select(Room).filter_by(community_id=here).order_by(Room.created_at)).all()
            hours = session.scalars(select(Hours).filter_by(community_id=here, weekday=shown.weekday())).all()
            taken = _reservations(session, here, shown)
            points = session.scalar(select(func.sum(Award.points)).filter_by(community_id=here, holder_id=choir))
            times, rows = _cells(shown, rooms, hours, taken)
            return render_template("bare.html", me=me, day=day, rooms=rooms, times=times, rows=rows, points=points)

    return app


def _me(session: Session, slug: str, account_id: Id) -> Any:
    """The account, with its community."""
    wanted = select(Account).join(Account.community).options(contains_eager(Account.community))
    return session.scalars(wanted.where(Community.slug == slug, Account.id == account_id)).one()


def _reservations(session: Session, here: int, day: date) -> Sequence[Any]:
    """What stands in the rooms, with the names of rooms and holders; the columns that are drawn."""
    drawn = ("room_id", "holder_id", "starts_at", "ends_at", "title", "extension_minutes")
    wanted = select(Reservation).options(
        load_only(*(getattr(Reservation, name) for name in drawn)),
        joinedload(Reservation.room, innerjoin=True),
        joinedload(Reservation.holder, innerjoin=True),
    )
    where = (Reservation.community_id == here, Reservation.day.between(day, day), Reservation.status != "cancelled")
    return session.scalars(wanted.where(*where).order_by(Reservation.starts_at, Reservation.id)).all()


def _cells(
    day: date, rooms: Sequence[Any], hours: Sequence[Any], taken: Sequence[Any]
) -> tuple[list[str], list[list[Any]]]:
    """One row for each half hour, one cell for each room: what is there, or None where it is free."""
    opens, closes = min(one.opens for one in hours), max(one.closes for one in hours)
    midnight = datetime.combine(day, time(), tzinfo=ZONE)
    there = {}
    for one in taken:
        at = one.starts_at
        while at < one.ends_at:
            there[one.room_id, at] = one
            at += HALF_HOUR
    times, rows = [], []
    for minute in range(opens, closes, 30):
        at = (midnight + timedelta(minutes=minute)).astimezone(UTC)
        times.append(f"{minute // 60}:{minute % 60:02}")
        rows.append([there.get((room.id, at)) for room in rooms])
    return times, rows

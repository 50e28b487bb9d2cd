"""The yardstick of the timetable: the page as the shortest Flask program would make it, with the same queries and cells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, render_template, session
from sqlalchemy import Connection, Engine, func, select

from benchmarks.databases import plain
from benchmarks.world import ZONE
from core.db import Id


def create_app(engine: Engine, secret: str) -> Flask:
    """An app of one page, `/<slug>/<day>`, for whoever carries a signed cookie."""
    app = Flask("bare", template_folder=str(Path(__file__).parent / "templates"))
    app.config.update(SECRET_KEY=secret)

    @app.get("/<slug>/<day>")
    def timetable(slug: str, day: str) -> str:
        account_id = Id(session["_user_id"].split("|")[1])
        with engine.connect() as connection:
            me = _me(connection, slug, account_id)
            rooms = _rooms(connection)
            hours = _hours(connection, date.fromisoformat(day).weekday())
            taken = _reservations(connection, date.fromisoformat(day))
            points = _points(connection)
        times, rows = _cells(date.fromisoformat(day), rooms, hours, taken)
        return render_template("bare.html", me=me, day=day, rooms=rooms, times=times, rows=rows, points=points)

    return app


def _me(connection: Connection, slug: str, account_id: Id) -> Any:
    community, account = plain("core_community"), plain("core_account")
    joined = select(community.c.name, community.c.plugins, account.c.user_name, account.c.role)
    return connection.execute(
        joined.join(account, account.c.community_id == community.c.id).where(
            community.c.slug == slug, account.c.id == account_id
        )
    ).one()


def _rooms(connection: Connection) -> Sequence[Any]:
    room = plain("booking_room")
    return connection.execute(select(room.c.id, room.c.name, room.c.capacity).order_by(room.c.created_at)).all()


def _hours(connection: Connection, weekday: int) -> dict[Id, tuple[int, int]]:
    hours = plain("booking_hours")
    rows = connection.execute(select(hours.c.room_id, hours.c.opens, hours.c.closes).where(hours.c.weekday == weekday))
    return {room_id: (opens, closes) for room_id, opens, closes in rows}


def _reservations(connection: Connection, day: date) -> Sequence[Any]:
    reservation, holder = plain("booking_reservation"), plain("core_holder")
    return connection.execute(
        select(
            reservation.c.room_id, reservation.c.starts_at, reservation.c.ends_at, reservation.c.title, holder.c.name
        )
        .join(holder, holder.c.id == reservation.c.holder_id)
        .where(reservation.c.day == day, reservation.c.status != "cancelled")
    ).all()


def _points(connection: Connection) -> int:
    account = plain("points_account")
    return int(connection.execute(select(func.sum(account.c.held)).where(account.c.kind == "own")).scalar_one())


def _cells(
    day: date, rooms: Sequence[Any], hours: dict[Id, tuple[int, int]], taken: Sequence[Any]
) -> tuple[list[str], list[list[Any]]]:
    """One row for each half hour, one cell for each room: who is there, or None where it is free."""
    opens, closes = min(first for first, _last in hours.values()), max(last for _first, last in hours.values())
    midnight = datetime.combine(day, time(), tzinfo=ZONE)
    there = {room.id: [one for one in taken if one.room_id == room.id] for room in rooms}
    times, rows = [], []
    for minute in range(opens, closes, 30):
        at = midnight + timedelta(minutes=minute)
        times.append(f"{minute // 60}:{minute % 60:02}")
        rows.append([_who(there[room.id], at) for room in rooms])
    return times, rows


def _who(taken: Sequence[Any], at: datetime) -> Any:
    return next((one for one in taken if one.starts_at <= at < one.ends_at), None)

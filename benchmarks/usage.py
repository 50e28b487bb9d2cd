"""What rooms were used for in more than a year against a bare GROUP BY of the same reservations, by room: how many, how long."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from benchmarks import databases, measure
from benchmarks.databases import plain
from benchmarks.measure import Figure
from benchmarks.world import BY, NOW, TODAY, World, enter_slug
from core.db import connect, session, unit
from plugins.booking import usage
from plugins.booking.models import Room
from plugins.booking.usage import Usage

BOUND = 10.0
ROUNDS, EACH, WARM = 9, 5, 2
FIRST, LAST = TODAY - timedelta(days=usage.LONGEST // 3), TODAY + timedelta(days=30)  # all that the world has


def run(made: World, engine_name: str, *, rounds: int = ROUNDS, each: int = EACH, warm: int = WARM) -> Figure:
    """Compare them in turns."""
    with unit(made.linli.database, write=True):  # as old as their history
        enter_slug(made.linli.house)
        session.execute(update(Room).values(created_at=NOW - timedelta(days=usage.LONGEST)))

    def ours() -> Usage:
        with unit(made.linli.database, write=False):
            enter_slug(made.linli.house)
            return usage.of(FIRST, LAST, by=BY)

    engine = databases.engine_of(connect(made.url))
    rows = plain("booking_reservation").c
    bare = (
        select(rows.room_id, func.count(), func.sum(rows.base_minutes + rows.extension_minutes))
        .where(rows.community_id == 1, rows.day.between(FIRST, LAST), rows.status != "cancelled")
        .group_by(rows.room_id)
    )

    def theirs() -> int:
        with engine.connect() as connection:
            return sum(minutes for _room, _count, minutes in connection.execute(bare))

    found, minutes = ours(), theirs()
    for _number in range(warm):
        ours()
        theirs()
    times = measure.compare(ours, theirs, rounds=rounds, each=each)
    engine.dispose()
    counted, sessions = sum(one.minutes for one in found.rooms), sum(one.sessions for one in found.rooms)
    return Figure(
        what="What rooms were used for in a year against a bare GROUP BY",
        database=engine_name,
        linli_ms=times.ours,
        yardstick_ms=times.theirs,
        ratio=times.ratio,
        bound=BOUND,
        details=f"{sessions:,} reservations, {times.ratio:.1f} times",
        faults=() if counted == minutes else (f"{counted} minutes against {minutes}",),
    )

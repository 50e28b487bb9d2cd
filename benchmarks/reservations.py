"""A reservation over HTTP against a transaction of SQLAlchemy Core that writes the very same rows, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import fmean
from typing import Any

from sqlalchemy import Engine, func, insert, select, update
from uuid_utils.compat import uuid7

from benchmarks import databases, measure, server, world
from benchmarks.databases import plain
from benchmarks.measure import Figure
from benchmarks.world import Slot, World
from core.db import Base, Id, connect
from plugins.booking.occupancy import quarters

BOUNDS = {"sqlite": 16.0, "postgresql": 8.0}  # 1/16 and 1/8 of the rate
ROUNDS, EACH, WARM = 7, 40, 20

Row = dict[str, Any]
Call = Callable[[str, str, object], tuple[int, Any]]  # method, path, body → status, answer


class OtherRows(AssertionError):
    """The yardstick does not write the rows that a reservation over HTTP writes."""


class Sample:
    """The rows that one reservation wrote, to be written again under other keys."""

    def __init__(self, engine: Engine, reservation_id: Id) -> None:
        with engine.connect() as connection:

            def one(name: str, column: str, value: object) -> Row:
                table = plain(name)
                found = connection.execute(select(table).where(table.c[column] == value)).mappings().one()
                return dict(found)

            self.reservation = one("booking_reservation", "id", reservation_id)
            self.claim = one("booking_claim", "reservation_id", reservation_id)
            self.charge = one("booking_charge", "reservation_id", reservation_id)
            self.hold = one("points_hold", "id", self.charge["hold_id"])
            self.set_aside = one("points_set_aside", "hold_id", self.hold["id"])
            self.audit = one("core_audit", "subject_id", reservation_id)


class Yardstick:
    """Writes reservations with SQLAlchemy Core, each in a transaction, nothing checked."""

    def __init__(self, url: str, sample: Sample, slots: Iterator[Slot]) -> None:
        self.engine = databases.engine_of(connect(url))
        self.sample, self.slots = sample, slots
        self.community = sample.reservation["community_id"]
        with self.engine.connect() as connection:
            account, lot, part = plain("points_account"), plain("points_lot"), plain("booking_room_space")
            lots = select(account.c.holder_id, account.c.id, lot.c.id).join(lot, lot.c.account_id == account.c.id)
            self.lots = {holder: (account_id, lot_id) for holder, account_id, lot_id in connection.execute(lots)}
            self.spaces = dict(connection.execute(select(part.c.room_id, part.c.space_id)).all())

    def __call__(self) -> None:
        """One reservation: eight INSERTs and two UPDATEs."""
        slot, sample = next(self.slots), self.sample
        reservation_id, claim_id, hold_id = uuid7(), uuid7(), uuid7()
        account_id, lot_id = self.lots[slot.holder_id]
        points = sample.charge["points"]
        when = {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
        day = slot.starts_at.date()
        who = {"room_id": slot.room_id, "holder_id": slot.holder_id}
        reservation = sample.reservation | when | who
        reservation |= {"id": reservation_id, "day": day, "week": day - timedelta(days=day.weekday())}
        hold = sample.hold | {"id": hold_id, "holder_id": slot.holder_id, "account_id": account_id}
        hold["key"] = f"booking:{reservation_id}"
        claim = sample.claim | when | {"id": claim_id, "room_id": slot.room_id, "reservation_id": reservation_id}
        space = {"community_id": self.community, "space_id": self.spaces[slot.room_id], "claim_id": claim_id}
        occupied = [space | {"quarter": quarter} for quarter in quarters(slot.starts_at, slot.ends_at)]
        charge = sample.charge | {"id": uuid7(), "reservation_id": reservation_id, "hold_id": hold_id}
        audit = sample.audit | {"id": uuid7(), "subject_id": reservation_id}
        with self.engine.begin() as connection:
            connection.execute(insert(plain("booking_reservation")), reservation)
            connection.execute(insert(plain("points_hold")), hold)
            for name, row_id in (("points_account", account_id), ("points_lot", lot_id)):
                table = plain(name)
                key = (table.c.community_id == self.community, table.c.id == row_id)
                connection.execute(update(table).where(*key).values(held=table.c.held + points))
            connection.execute(
                insert(plain("points_set_aside")), sample.set_aside | {"hold_id": hold_id, "lot_id": lot_id}
            )
            connection.execute(insert(plain("booking_charge")), charge)
            connection.execute(insert(plain("booking_claim")), claim)
            connection.execute(insert(plain("booking_occupancy")), occupied)
            connection.execute(insert(plain("core_audit")), audit)


class Booker:
    """Reserves over HTTP, one request after the other."""

    def __init__(self, call: Call, slots: Iterator[Slot]) -> None:
        self.call, self.slots = call, slots

    def __call__(self) -> Id:
        """One reservation of a price.

        Raises:
            OtherRows: it was refused, or cost nothing.
        """
        status, answer = self.call("POST", "/booking/reservations", next(self.slots).body())
        if status != 201 or not answer["price_points"]:
            raise OtherRows(f"a reservation was answered {status}: {answer}")
        return Id(answer["id"])


def run(made: World, engine_name: str, *, rounds: int = ROUNDS, each: int = EACH, warm: int = WARM) -> Figure:
    """Compare them in turns on one database; its reservations are half the one's, half the other's."""
    free = world.slots(made)
    with server.serving(made.url, processes=1) as port:
        program = server.Program(port, made.token)
        booker = Booker(program.call, free)
        for _number in range(max(1, warm)):
            last = booker()
        yardstick = Yardstick(made.url, Sample(databases.engine_of(made.linli.database), last), free)
        for _number in range(warm):
            yardstick()
        same_rows(yardstick.engine, booker, yardstick)
        found = measure.compare(booker, yardstick, rounds=rounds, each=each, of_round=fmean)
        program.close()
    yardstick.engine.dispose()
    return Figure(
        what="A reservation over HTTP against its rows alone",
        database=engine_name,
        linli_ms=found.ours,
        yardstick_ms=found.theirs,
        ratio=found.ratio,
        bound=BOUNDS[engine_name],
        details=f"{measure.MS / found.ours:.0f} reservations a second; 1/{found.ratio:.1f} of the yardstick's rate",
    )


def same_rows(engine: Engine, booker: Booker, yardstick: Yardstick) -> None:
    """See that both add the same number of rows to the same tables.

    Raises:
        OtherRows: they do not.
    """
    before = _counts(engine)
    booker()
    between = _counts(engine)
    yardstick()
    after = _counts(engine)
    ours = {name: between[name] - count for name, count in before.items() if between[name] != count}
    theirs = {name: after[name] - count for name, count in between.items() if after[name] != count}
    if ours != theirs:
        raise OtherRows(f"over HTTP {ours}, the yardstick {theirs}")


def _counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(plain(name))).scalar_one()
            for name in Base.metadata.tables
        }

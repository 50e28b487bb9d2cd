"""Charges: the points of a reservation, from the hold to its settlement. Who sells settles: only these functions do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from core import clock
from core.contract import Holder
from core.db import Id, locked, session
from core.explanations import Explanation, explain
from core.hookspecs import Offers
from core.people import holders
from core.plugins import here
from plugins.booking import queries
from plugins.booking.models import Charge, ChargeState, Reservation, Status


def hold(reservation: Reservation, holder: Holder, *, room_name: str) -> Charge | None:
    """Set the price of a reservation aside, once for each reservation; None when it costs nothing.

    Raises:
        NotEnoughPoints: the holder cannot pay.
    """
    points = reservation.price_points
    if not points:
        return None
    reason = explain(
        "booking.longer", room=room_name, minutes=reservation.extension_minutes, starts_at=reservation.starts_at
    )
    key = f"booking:{reservation.id}"
    found = here().relay.ask(Offers.hold_points, holder=holder, points=points, reason=reason, key=key, until=None)
    if found is None:  # terms with a price came from a plugin that sells nothing
        raise RuntimeError("there are venue terms with a price, and nobody who holds points")
    charge = Charge(reservation_id=reservation.id, hold_id=found.id, points=points)
    session.add(charge)
    return charge


def fall_due(reservation_id: Id, state: ChargeState, at: datetime) -> None:
    """A charge is to be captured or released, dated `at`; done at once unless points is off, once whatever happens."""
    charge = session.scalar(locked(select(Charge).where(Charge.reservation_id == reservation_id)))
    # What happened first decides: a charge falls due once.
    if charge is None or charge.state is not ChargeState.HELD:
        return
    charge.state, charge.due_at = state, at
    _settle(charge)


def settle_due() -> int:
    """Settle what is due, in the order in which it fell due; answers how many. With points off it stays due."""
    due = queries.charges_due()
    holders.lock(holder_id for _charge_id, holder_id in due)
    charges = select(Charge).where(Charge.id.in_([charge_id for charge_id, _holder_id in due]), Charge.state.in_(DUE))
    return sum(_settle(charge) for charge in session.scalars(locked(charges.order_by(Charge.due_at, Charge.id))).all())


def _settle(charge: Charge) -> bool:
    at = charge.due_at or clock.now()
    if charge.state is ChargeState.CAPTURE_DUE:
        done = here().relay.ask(Offers.capture_points, hold_id=charge.hold_id, points=charge.points, at=at)
        state = ChargeState.CAPTURED
    else:
        done = here().relay.ask(Offers.release_points, hold_id=charge.hold_id, points=charge.points, at=at)
        state = ChargeState.RELEASED
    if done is None:
        return False
    charge.state = state
    return True


DUE = (ChargeState.CAPTURE_DUE, ChargeState.RELEASE_DUE)
GIVEN_BACK = frozenset({ChargeState.RELEASE_DUE, ChargeState.RELEASED})
TAKEN = frozenset({ChargeState.CAPTURE_DUE, ChargeState.CAPTURED})


def broken() -> Iterator[Explanation]:
    """Charges that do not fit what became of their reservation, and prices that nobody holds."""
    pairs = select(Reservation, Charge.state).outerjoin(Charge, Charge.reservation_id == Reservation.id)
    for reservation, state in session.execute(pairs.where(Reservation.price_points > 0)):
        if state not in _fitting(reservation):
            said = getattr(state, "value", "none")  # an outer join may find none
            status = reservation.status.value
            yield explain("booking.bad_charge", reservation=reservation.id, charge_state=said, state=status)


def _fitting(reservation: Reservation) -> frozenset[ChargeState]:
    if reservation.excused:
        return GIVEN_BACK
    if reservation.status is Status.CONFIRMED:
        return frozenset({ChargeState.HELD})
    if reservation.status is Status.CANCELLED and not reservation.cancelled_late:
        return GIVEN_BACK
    return TAKEN

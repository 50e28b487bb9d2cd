"""Charges: the points of a reservation, from the hold to its settlement. Who sells settles: only these functions do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select

from core import clock
from core.contract import Holder
from core.db import Id, locked, session
from core.explanations import Explanation, explain
from core.hookspecs import Offers
from core.people import holders
from core.plugins import here
from plugins.booking import queries
from plugins.booking.models import Charge, ChargeState, Reservation, Status


def hold(
    reservation: Reservation, holder: Holder, *, points: int, minutes: int, room_name: str, again: bool = False
) -> Charge | None:
    """Set points for so many minutes of extension aside, once for each time of asking; None when they cost nothing.

    Args:
        reservation: the reservation they pay for.
        holder: who pays.
        points: the price.
        minutes: how much longer than its base time that is.
        room_name: where.
        again: the reservation is not new; what was set aside for it before is another matter.

    Raises:
        NotEnoughPoints: the holder cannot pay.
    """
    if not points:
        return None
    reason = explain("booking.longer", room=room_name, minutes=minutes, starts_at=reservation.starts_at)
    key = f"booking:{reservation.id}"
    if again:
        key = f"{key}:{queries.number_of_charges(reservation.id)}"
    found = here().relay.ask(Offers.hold_points, holder=holder, points=points, reason=reason, key=key, until=None)
    if found is None:  # terms with a price came from a plugin that sells nothing
        raise RuntimeError("there are venue terms with a price, and nobody who holds points")
    charge = Charge(reservation_id=reservation.id, hold_id=found.id, points=points, state=ChargeState.HELD)
    session.add(charge)
    return charge


def fall_due(reservation_id: Id, state: ChargeState, at: datetime) -> None:
    """What is held is to be captured or released, dated `at`; done at once unless points is off, once whatever happens."""
    # What happened first decides: a charge falls due once, and what fell due is held no longer.
    for charge in _held(reservation_id):
        charge.state, charge.due_at = state, at
        _settle(charge)


def give_back(reservation_id: Id, points: int, at: datetime) -> None:
    """Release a part of what is held, dated `at`, what was held last first; the rest stays held."""
    for charge in reversed(_held(reservation_id)):
        if not points:
            return
        part = min(points, charge.points)
        points -= part
        if part < charge.points:
            charge.points -= part
            charge = Charge(reservation_id=reservation_id, hold_id=charge.hold_id, points=part)  # noqa: PLW2901 - a part
            session.add(charge)
        charge.state, charge.due_at = ChargeState.RELEASE_DUE, at
        _settle(charge)


def _held(reservation_id: Id) -> Sequence[Charge]:
    """Charges of a reservation that nothing has become of yet, locked, in the order in which they were made."""
    session.flush()
    held = select(Charge).where(Charge.reservation_id == reservation_id, Charge.state == ChargeState.HELD)
    return session.scalars(locked(held.order_by(Charge.id))).all()


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
    summed = select(Charge.reservation_id, Charge.state, func.sum(Charge.points))
    found: dict[Id, dict[ChargeState, int]] = defaultdict(dict)
    for reservation_id, state, points in session.execute(summed.group_by(Charge.reservation_id, Charge.state)):
        found[reservation_id][state] = points
    charged = select(Charge.reservation_id)
    priced = select(Reservation).where(or_(Reservation.price_points > 0, Reservation.id.in_(charged)))
    for reservation in session.scalars(priced):
        sums = found[reservation.id]
        fitting = _fitting(reservation)
        # What was given back of a session that was shortened or moved fits whatever became of it.
        kept = {state: points for state, points in sums.items() if state not in GIVEN_BACK}
        if fitting is GIVEN_BACK:
            good = not kept and sum(sums.values()) >= reservation.price_points
        else:
            good = kept.keys() <= fitting and sum(kept.values()) == reservation.price_points
        if not good:
            said = ", ".join(sorted(sums)) or "none"
            yield explain(
                "booking.bad_charge", reservation=reservation.id, charge_state=said, state=reservation.status.value
            )


def _fitting(reservation: Reservation) -> frozenset[ChargeState]:
    if reservation.excused:
        return GIVEN_BACK
    if reservation.status is Status.CONFIRMED:
        return frozenset({ChargeState.HELD})
    if reservation.status is Status.CANCELLED and not reservation.cancelled_late:
        return GIVEN_BACK
    return TAKEN

"""Terms and prices: what standing and balance give a holder, what extension costs, and the prices a session keeps."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.contract import Holder, HolderKind, Tariff, VenueTerms, WeeklyHours
from core.hookspecs import Offers
from core.plugins import here
from plugins.booking.models import Reservation


def terms_of(holder: Holder, now: datetime) -> VenueTerms | None:
    """What standing and balance give, if anyone knows; None for the centre and with points off."""
    if holder.kind is HolderKind.CENTRE:
        return None
    found = here().relay.ask(Offers.venue_terms, holders=[holder], at=now)
    return None if found is None else found.get(holder.id)


def price_of(starts_at: datetime, minutes: int, tariff: Tariff, zone: ZoneInfo) -> int:
    """Points for so many minutes of extension: each started step costs what its own start costs."""
    step = timedelta(minutes=tariff.step_minutes)
    # Rounded up: a step that is begun is paid whole.
    starts = (starts_at + step * number for number in range(-(-minutes // tariff.step_minutes)))
    return sum(tariff.peak if _is_peak(start.astimezone(zone), tariff) else tariff.off_peak for start in starts)


def _is_peak(local: datetime, tariff: Tariff) -> bool:
    minute = local.hour * 60 + local.minute
    return any(at.weekday == local.weekday() and at.opens <= minute < at.closes for at in tariff.peak_hours)


def kept(tariff: Tariff) -> dict[str, Any]:
    """Prices as a reservation keeps them."""
    return {**asdict(tariff), "peak_hours": [asdict(peak) for peak in tariff.peak_hours]}


def tariff_of(reservation: Reservation, holder: Holder) -> Tariff | None:
    """The prices a reservation was booked under; None when nobody had any."""
    if (found := reservation.tariff) is not None:
        return Tariff(**{**found, "peak_hours": tuple(WeeklyHours(**peak) for peak in found["peak_hours"])})
    if not reservation.price_points:
        return None
    # With a price and no prices it was booked before they were kept: then those of that day.
    terms = terms_of(holder, reservation.booked_at)
    return None if terms is None else terms.tariff

"""Periods that an address asks for: `?from=` and `?to=`, days that are both inclusive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext as _

from core.faults import could_be_meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that the address asks for, inclusive; what cannot be meant is left out, and `problem` says so."""

    first: date | None = None
    last: date | None = None
    problem: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        """As the address says it."""
        return between(self.first, self.last)


def between(first: date | None, last: date | None) -> dict[str, Any]:
    """A period as addresses say it: `from` and `to`."""
    return {name: bound.isoformat() for name, bound in (("from", first), ("to", last)) if bound}


def asked_period() -> Period:
    """Of this request."""
    try:
        first, last = _day(request.args.get("from")), _day(request.args.get("to"))
    except ValueError:
        return Period(problem=_("This must be a day like 2026-03-02."))
    if first and last and last < first:
        return Period(problem=_("The last day lies before the first. Change one of them."))
    return Period(first=first, last=last)


def _day(text: str | None) -> date | None:
    found = date.fromisoformat(text) if text else None
    if found is not None and not could_be_meant(found):
        raise ValueError(text)
    return found

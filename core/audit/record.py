"""Audit is explicit: one row an act, written by the rule that acts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import clock
from core.audit.models import Entry
from core.contract import Actor
from core.db import Id, session
from core.errors import NotFound
from core.explanations import plain
from core.people.models import Holder


def record(
    act: str, *, by: Actor, subject: str, subject_id: Id | None = None, before: Any = None, after: Any = None
) -> Entry:
    """Write down an act.

    Args:
        act: a code that has a sentence "act.<code>", such as "points.award".
        by: who acts; whom staff act for is kept with both names.
        subject: what it was done to, in words that stay readable when it is gone.
        subject_id: its id, for looking it up.
        before: the state before as plain values, None for something new.
        after: the state after.

    Raises:
        NotFound: whom staff act for does not live here.
    """
    behalf = None
    if by.on_behalf_of is not None:
        behalf = session.scalar(select(Holder.name).where(Holder.id == by.on_behalf_of))
        if behalf is None:
            raise NotFound(what="resident", id=by.on_behalf_of)
    entry = Entry(
        at=clock.now(),
        act=act,
        account_id=by.account_id,
        actor=by.name,
        on_behalf_of=by.on_behalf_of,
        on_behalf_name=behalf,
        subject=subject[:200],
        subject_id=subject_id,
        before=plain(before),
        after=plain(after),
    )
    session.add(entry)
    return entry

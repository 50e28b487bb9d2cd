"""Policy: each plugin's figures, in versions that take effect on a day and are never changed afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from sqlalchemy import func, select

from core import clock
from core.communities.models import PolicyVersion
from core.communities.switching import renew
from core.contract import Actor
from core.db import Id, session
from core.plugins import Plugin, here

P = TypeVar("P")
_Versions = list[tuple[date, int, Any]]
_CACHE: dict[tuple[int, UUID, str], _Versions] = {}
_CACHE_SIZE = 500


def _versions(plugin: Plugin) -> _Versions:
    key = (here().id, here().revision, plugin.name)
    if key not in _CACHE:
        if len(_CACHE) >= _CACHE_SIZE:
            _CACHE.clear()
        rows = session.scalars(
            select(PolicyVersion)
            .where(PolicyVersion.plugin == plugin.name)
            .order_by(PolicyVersion.valid_from, PolicyVersion.seq)
        )
        schema = plugin.policy_schema
        assert schema is not None
        _CACHE[key] = [(row.valid_from, row.seq, schema().load(row.body)) for row in rows]
    return _CACHE[key]


def at(policy: type[P], day: date) -> P:
    """The policy in force on a day; its defaults where the community never set one."""
    return version_at(policy, day)[1]


def version_at(policy: type[P], day: date) -> tuple[date | None, P]:
    """The policy in force on a day and since when; None for the defaults."""
    found: tuple[date | None, Any] = (None, policy())
    for valid_from, _seq, body in _versions(here().house.by_policy[policy]):
        if valid_from <= day:
            found = (valid_from, body)
    return cast("tuple[date | None, P]", found)


def after(policy: type[P], day: date) -> Sequence[tuple[date, P]]:
    """What takes effect after a day, the earliest first: on each day the version that will be in force."""
    coming = {valid_from: body for valid_from, _seq, body in _versions(here().house.by_policy[policy])}
    return [(valid_from, body) for valid_from, body in coming.items() if valid_from > day]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Generic[P]):
    """A policy as it was kept. Of several on one day the last is in force. `account_id`: who kept it; None: the installation."""

    valid_from: date
    seq: int
    policy: P
    account_id: Id | None
    at: datetime


def versions(policy: type[P]) -> Sequence[Version[P]]:
    """Every version there is, in the order in which they take effect, with who kept it and when; one statement."""
    plugin = here().house.by_policy[policy]
    rows = session.scalars(
        select(PolicyVersion)
        .where(PolicyVersion.plugin == plugin.name)
        .order_by(PolicyVersion.valid_from, PolicyVersion.seq)
    )
    schema = plugin.policy_schema
    assert schema is not None
    return [
        Version(
            valid_from=row.valid_from,
            seq=row.seq,
            policy=schema().load(row.body),
            account_id=row.account_id,
            at=row.at,
        )
        for row in rows
    ]


def put(new: object, *, valid_from: date | None, by: Actor) -> date:
    """Keep a new version; answers the day it takes effect.

    Args:
        new: the policy dataclass of a plugin.
        valid_from: absent or not after today means today, at once.
        by: who changed it. The caller has checked the permission and records the audit.
    """
    plugin = here().house.by_policy[type(new)]
    day = max(valid_from or here().today(), here().today())
    renew()  # locks the community's row: two changes at once get two numbers
    last = session.scalar(
        select(func.max(PolicyVersion.seq)).where(PolicyVersion.plugin == plugin.name, PolicyVersion.valid_from == day)
    )
    schema = plugin.policy_schema
    assert schema is not None
    session.add(
        PolicyVersion(
            plugin=plugin.name,
            valid_from=day,
            seq=(last or 0) + 1,
            body=schema().dump(new),
            account_id=by.account_id,
            at=clock.now(),
        )
    )
    session.flush()
    return day

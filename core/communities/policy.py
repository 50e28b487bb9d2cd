"""Policy: each plugin's figures, in versions that take effect on a day. What was in force is never changed afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from sqlalchemy import select, update

from core import clock
from core.communities.models import PolicyVersion
from core.communities.switching import lock, renew
from core.contract import Actor
from core.db import Id, session
from core.errors import NotFound, WrongState
from core.plugins import Plugin, here

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Generic[P]):
    """A policy as it was kept. Of several on one day the last is in force. `account_id`: who kept it; None: the installation.

    `taken_back_on`: the day on which it was taken back, before it took effect, by the account `taken_back_by`.
    """

    valid_from: date
    seq: int
    policy: P
    account_id: Id | None
    at: datetime
    taken_back_on: date | None
    taken_back_by: Id | None


_CACHE: dict[tuple[int, UUID, str], Sequence[Version[Any]]] = {}
_CACHE_SIZE = 500


def _versions(plugin: Plugin) -> Sequence[Version[Any]]:
    key = (here().id, here().revision, plugin.name)
    if key not in _CACHE:
        if len(_CACHE) >= _CACHE_SIZE:
            _CACHE.clear()
        _CACHE[key] = _read(plugin)
    return _CACHE[key]


def _read(plugin: Plugin) -> Sequence[Version[Any]]:
    rows = session.scalars(
        select(PolicyVersion)
        .where(PolicyVersion.plugin == plugin.name)
        .order_by(PolicyVersion.valid_from, PolicyVersion.seq)
        .execution_options(populate_existing=True)
    )
    schema = _schema(plugin)
    return [
        Version(
            valid_from=row.valid_from,
            seq=row.seq,
            policy=schema.load(row.body),
            account_id=row.account_id,
            at=row.at,
            taken_back_on=row.taken_back_on,
            taken_back_by=row.taken_back_by,
        )
        for row in rows
    ]


def _schema(plugin: Plugin) -> Any:
    assert plugin.policy_schema is not None
    return plugin.policy_schema()


# --- reading -------------------------------------------------------------------------------------------------------


def at(policy: type[P], day: date) -> P:
    """The policy in force on a day; its defaults where the community never set one."""
    return version_at(policy, day)[1]


def version_at(policy: type[P], day: date) -> tuple[date | None, P]:
    """The policy in force on a day and since when; None for the defaults."""
    found: tuple[date | None, Any] = (None, policy())
    for version in _versions(here().house.by_policy[policy]):
        if version.valid_from <= day and version.taken_back_on is None:
            found = (version.valid_from, version.policy)
    return cast("tuple[date | None, P]", found)


def after(policy: type[P], day: date) -> Sequence[tuple[date, P]]:
    """What takes effect after a day, the earliest first: on each day the version that will be in force."""
    known = [version for version in versions(policy) if version.taken_back_on is None]
    coming = {version.valid_from: version.policy for version in known if version.valid_from > day}
    return list(coming.items())


def versions(policy: type[P]) -> Sequence[Version[P]]:
    """Every version there is, those taken back too, in the order in which they take effect, with who kept it and when."""
    return _versions(here().house.by_policy[policy])


# --- changing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[P]):
    """What came of a policy that was put: the day since which it is in force, and what holds on its day without it.

    `seq` None: it holds on its day already, so no version was made.
    """

    valid_from: date
    seq: int | None
    before: P


def put(new: P, *, valid_from: date | None, by: Actor) -> Kept[P]:
    """Keep a new version, if it changes anything on the day it is to take effect.

    Until a community has decided anything it has the defaults of this release; to decide for just these is a version too.

    Args:
        new: the policy dataclass of a plugin.
        valid_from: absent or not after today means today, at once.
        by: who changed it. The caller has checked the permission and records the audit.
    """
    plugin = here().house.by_policy[type(new)]
    lock()  # two changes at once see one another and get two numbers; and waiting may have led past midnight
    today = here().today()
    day = max(valid_from or today, today)
    since, before = version_at(type(new), day)
    if since is not None and before == new:
        return Kept(valid_from=since, seq=None, before=before)
    seq = 1 + max((version.seq for version in versions(type(new)) if version.valid_from == day), default=0)
    session.add(
        PolicyVersion(
            plugin=plugin.name,
            valid_from=day,
            seq=seq,
            body=_schema(plugin).dump(new),
            account_id=by.account_id,
            at=clock.now(),
        )
    )
    session.flush()
    renew()
    return Kept(valid_from=day, seq=seq, before=before)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack(Generic[P]):
    """A version that will not take effect, and what holds on its day instead."""

    planned: P
    then: P


def take_back(policy: type[P], valid_from: date, *, by: Actor, seq: int | None = None) -> TakenBack[P] | None:
    """Take back what is to take effect on a day that has not come yet; what it replaced of the same day stays replaced.

    Answers None if it was taken back before.

    Args:
        policy: of which plugin.
        valid_from: the day.
        by: who does it. The caller has checked the permission and records the audit.
        seq: which version whoever asks has seen, if several were kept for that day.

    Raises:
        NotFound: no such version was kept.
        WrongState: it has taken effect, or another one was kept for the same day meanwhile.
    """
    lock()  # whoever keeps or takes back at the same time waits; and waiting may have led past midnight
    there = [version for version in versions(policy) if version.valid_from == valid_from]
    asked = [version for version in there if seq in {None, version.seq}]
    if not asked:
        raise NotFound(what="version", id=valid_from.isoformat())
    standing = [version for version in there if version.taken_back_on is None]
    if asked[-1].taken_back_on is not None:
        return None
    if valid_from <= here().today():
        raise WrongState(state="in_force", why="in_force")
    if asked[-1].seq != standing[-1].seq:
        raise WrongState(state="replaced", why="replaced")
    session.execute(
        update(PolicyVersion)
        .where(
            PolicyVersion.plugin == here().house.by_policy[policy].name,
            PolicyVersion.valid_from == valid_from,
            PolicyVersion.taken_back_on.is_(None),
        )
        .values(taken_back_on=here().today(), taken_back_by=by.account_id)
    )
    renew()
    return TakenBack(planned=standing[-1].policy, then=at(policy, valid_from))

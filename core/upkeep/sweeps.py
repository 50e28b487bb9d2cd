"""Sweeps: what time brings, for each community in turn, each in a unit of its own.

A sweep is idempotent and dates what it does as on time, so it may run late or twice. While one worker is at a community (its
lease), others leave it alone, so that the order holds: booking's charges, credits, expiry, the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from uuid import uuid4

from sqlalchemy import select

from core.communities.models import Community
from core.db import Conflict, Database, session, unit
from core.notices import mails
from core.notices.senders import LogSender, Sender
from core.plugins import House, Sweep, enter
from core.sheets import drafts
from core.upkeep import leases, mailing
from core.upkeep.swept import Swept
from core.web import replay

log = logging.getLogger("linli.sweeps")
TRIES = 3
CORE_SWEEPS: tuple[Sweep, ...] = (
    Sweep(name="core.notices", order=60, run=mails.sweep),
    Sweep(name="core.replay", order=70, run=replay.sweep),
    Sweep(name="core.sheets", order=75, run=drafts.sweep),
)


def run_all(database: Database, house: House, sender: Sender | None = None) -> list[Swept]:
    """Run every sweep once for every community; one that fails stops no other. Then what is due is mailed, None: to the log."""
    with unit(database, write=False):
        slugs = session.scalars(select(Community.slug).order_by(Community.id)).all()
    swept = [swept for slug in slugs for swept in run(database, house, slug)]
    return [*swept, *mailing.send_due(database, house, slugs, sender or LogSender())]


def run(database: Database, house: House, slug: str) -> list[Swept]:
    """Run every sweep once for a community; nothing while another worker is at it."""
    lease, owner = f"sweeps:{slug}", str(uuid4())
    done: list[Swept] = []
    try:
        for plugin, sweep in in_order(house):
            if not leases.take(database, lease, owner=owner):
                break
            if (swept := _sweep(database, house, slug, plugin, sweep)) is not None:
                done.append(swept)
    finally:
        leases.give_back(database, lease, owner=owner)
    return done


def in_order(house: House) -> Iterator[tuple[str | None, Sweep]]:
    """All sweeps with the plugin each belongs to (None: the core), by their order across plugins."""
    found = [(None, sweep) for sweep in CORE_SWEEPS]
    theirs = [(plugin.name, sweep) for plugin in house.installed for sweep in plugin.sweeps]
    yield from sorted([*found, *theirs], key=lambda item: (item[1].order, item[1].name))


def _sweep(database: Database, house: House, slug: str, plugin: str | None, sweep: Sweep) -> Swept | None:
    """One sweep in a unit of its own; None where its plugin is off."""
    for tried in range(TRIES):
        try:
            with unit(database, write=True):
                community = session.scalars(select(Community).where(Community.slug == slug)).one()
                place = enter(house, community)
                if plugin is not None and not place.relay.has(plugin):
                    return None
                return Swept(community=slug, sweep=sweep.name, things=sweep.run())
        except Conflict as error:
            if tried == TRIES - 1:
                return Swept(community=slug, sweep=sweep.name, error=f"Conflict: {error}")
        except Exception as error:
            log.exception("sweep %s failed for %s", sweep.name, slug)
            return Swept(community=slug, sweep=sweep.name, error=f"{type(error).__name__}: {error}")
    return None

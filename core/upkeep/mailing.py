"""What is due leaves the house by e-mail. No unit is open while the network is waited for; a server that fails ends the round."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import select

from core.communities.models import Community
from core.db import Conflict, Database, session, unit
from core.notices import letters, mails
from core.notices.mails import Taken
from core.notices.senders import NotSent, Sender, Unreachable
from core.plugins import House, enter
from core.upkeep.swept import Swept

log = logging.getLogger("linli.sweeps")
A_ROUND = 30  # seconds of real time; then the sweeps have their turn again


def send_due(database: Database, house: House, slugs: Sequence[str], sender: Sender) -> list[Swept]:
    """Send what is due in these communities; answers what came of it where there was anything.

    Several may do this at once: each mail has one sender at a time.
    """
    until, done = time.monotonic() + A_ROUND, list[Swept]()
    try:
        for slug in slugs:
            swept = _Post(database, house, slug).send(sender, until)
            if swept.things or swept.error:
                done.append(swept)
            if swept.error or time.monotonic() > until:
                break  # the rest has its turn in the next round
    finally:
        sender.close()
    return done


class _Post:
    """The mail of one community."""

    def __init__(self, database: Database, house: House, slug: str) -> None:
        self.database, self.house, self.slug = database, house, slug

    def send(self, sender: Sender, until: float) -> Swept:
        """One after the other, until there is none, or no time, or no server."""
        things, error = 0, None
        try:
            while error is None and time.monotonic() < until and (taken := self._take()) is not None:
                try:
                    self._send(taken, sender)
                except NotSent as failure:
                    log.warning("mail for %s: %s", self.slug, failure)
                    self._failed(taken, failure)
                    error = str(failure) if isinstance(failure, Unreachable) else None
                else:
                    things += 1
        except Conflict as conflict:  # whatever was taken is free again after a while
            error = f"Conflict: {conflict}"
        return Swept(community=self.slug, sweep="core.mail", things=things, error=error)

    def _take(self) -> Taken | None:
        with self._unit(write=True):
            return mails.take()

    def _send(self, taken: Taken, sender: Sender) -> None:
        try:
            with self._unit(write=False):
                letter = letters.write(taken)
        except Conflict:
            raise
        except Exception as error:  # a fault of ours in one letter must not stop all others
            log.exception("a letter of %s cannot be written", self.slug)
            raise NotSent(f"{type(error).__name__}: {error}") from error
        sender.send(letter)
        with self._unit(write=True):
            mails.sent(taken)

    def _failed(self, taken: Taken, failure: NotSent) -> None:
        with self._unit(write=True):
            mails.failed(taken, str(failure), final=failure.final)

    @contextmanager
    def _unit(self, *, write: bool) -> Iterator[None]:
        with unit(self.database, write=write):
            enter(self.house, session.scalars(select(Community).where(Community.slug == self.slug)).one())
            yield

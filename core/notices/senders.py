"""Who takes letters out of the house: a mail server, or the log where none is set. Nothing here knows the database."""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from typing import Protocol

from core.config import Config, Smtp

log = logging.getLogger("linli.notices")
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
PATIENCE = 10  # seconds for each answer of a server
_NO_SUCH_ADDRESS = re.compile(r"5\.1\.(?:1|2|3|6|10)\b")  # RFC 3463: another try would change nothing


class NotSent(Exception):
    """A letter did not go; the message is what the server said. `final`: there is no such address."""

    def __init__(self, said: str, *, final: bool = False) -> None:
        super().__init__(said)
        self.final = final


class Unreachable(NotSent):
    """The server cannot be used now, whatever the letter."""


class Sender(Protocol):
    """Takes letters, one after the other."""

    def send(self, letter: EmailMessage) -> None:
        """Hand one over.

        Raises:
            NotSent, Unreachable.
        """

    def close(self) -> None:
        """No more for now."""


class LogSender:
    """Writes them to the log, where no mail server is set."""

    def send(self, letter: EmailMessage) -> None:
        """Whom it is for and what it is about."""
        log.info("mail to %s: %s", letter["To"], letter["Subject"])

    def close(self) -> None:
        """Nothing was opened."""


class SmtpSender:
    """Hands them to a mail server, over one connection as long as it holds."""

    def __init__(self, server: Smtp, domain: str) -> None:
        """`domain`: that letters come from; the name by which servers are greeted."""
        self.server, self.domain = server, domain
        self._open: smtplib.SMTP | None = None

    def send(self, letter: EmailMessage) -> None:
        """See `Sender`."""
        try:
            self._open = self._open or self._connect()
            self._open.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            [(_code, reply)] = error.recipients.values()
            said = reply.decode(errors="replace")
            raise NotSent(said, final=_NO_SUCH_ADDRESS.match(said) is not None) from error
        except smtplib.SMTPDataError as error:
            raise NotSent(_said(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unreachable(_said(error)) from error

    def _connect(self) -> smtplib.SMTP:
        """Signed in where a password is set, and then never in clear text, save to this machine itself."""
        server, safe = self.server, ssl.create_default_context()
        opened = (
            smtplib.SMTP_SSL(server.host, server.port, self.domain, timeout=PATIENCE, context=safe)
            if server.tls
            else smtplib.SMTP(server.host, server.port, self.domain, timeout=PATIENCE)
        )
        try:
            if server.user:
                if not server.tls and server.host not in THIS_MACHINE:
                    opened.starttls(context=safe)
                opened.login(server.user, server.password)
        except (smtplib.SMTPException, OSError):
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Say good-bye, if anybody listens."""
        opened, self._open = self._open, None
        if opened is not None:
            with suppress(smtplib.SMTPException, OSError):
                opened.quit()
            opened.close()


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        return f"{error.smtp_code} {reply.decode(errors='replace') if isinstance(reply, bytes) else reply}"
    return f"{type(error).__name__}: {error}"


def of(config: Config) -> Sender:
    """The one the settings name."""
    return LogSender() if config.smtp is None else SmtpSender(config.smtp, config.mail_from.partition("@")[2])

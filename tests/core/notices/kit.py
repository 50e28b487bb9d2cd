"""What tests of notices share: words, an account with an address, a sender that keeps what it is given, a small mail server."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from sqlalchemy import select

from core.accounts.models import Account
from core.db import session
from core.explanations import explain
from core.notices.models import BY_MAIL, Mail, MailState, NoticeKind

WORDS = explain("core.test")
REAL = explain("not_an_address")  # words that have a sentence


def with_address(user_name: str, email: str | None = None, kinds: tuple[NoticeKind, ...] = BY_MAIL) -> Account:
    """Somebody of the cast who wants e-mail."""
    account = session.scalars(select(Account).where(Account.user_name == user_name)).one()
    account.email, account.mail_kinds = email or f"{user_name}@example.org", [kind.value for kind in kinds]
    session.flush()
    return account


def states() -> list[MailState]:
    """Of every mail, the first made first."""
    session.flush()
    return list(session.scalars(select(Mail.state).order_by(Mail.id)))


@dataclass
class Keeping:
    """A sender that keeps letters. `fails`: asked before each."""

    fails: Callable[[EmailMessage], None] = lambda _letter: None
    letters: list[EmailMessage] = field(default_factory=list)
    closed: int = 0

    def send(self, letter: EmailMessage) -> None:
        self.fails(letter)
        self.letters.append(letter)

    def close(self) -> None:
        self.closed += 1


# --- a mail server -------------------------------------------------------------------------------------------------


class _Talk(socketserver.StreamRequestHandler):
    """Enough of RFC 5321 for one letter after the other; the server's `answers` say otherwise by verb."""

    server: "MailServer"

    def handle(self) -> None:
        self.server.greetings += 1
        self._say(self.server.answers.get("CONNECT", "220 small"))
        sender = ""
        while line := self.rfile.readline():
            text = line.decode().strip()
            verb = text.partition(" ")[0].upper()
            self.server.verbs.append(verb)
            if verb == "EHLO":
                self.wfile.write(b"250-small\r\n250 AUTH PLAIN\r\n")
            elif verb == "AUTH":
                self.server.credentials = text.partition("PLAIN ")[2]
                self._say(self.server.answers.get("AUTH", "235 welcome"))
            elif verb == "DATA" and "DATA" not in self.server.answers:
                self._say("354 go on")
                self._take(sender)
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                sender = text if verb == "MAIL" else sender
                self._say(self.server.answers.get(verb, "250 fine"))

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _take(self, sender: str) -> None:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        letter = message_from_bytes(b"".join(lines), policy=default)
        assert isinstance(letter, EmailMessage)
        self.server.letters.append(letter)
        self._say("250 kept")


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server on this machine."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.answers: dict[str, str] = {}
        self.letters: list[EmailMessage] = []
        self.verbs: list[str] = []
        self.credentials = ""
        self.greetings = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """One that runs."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silence() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])

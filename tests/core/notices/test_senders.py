"""The sender over the wire: one connection for many letters, what a server refuses, a server that is silent or not there."""

import base64
import socket
from email.message import EmailMessage

import pytest

from core.config import Config, Smtp
from core.notices import senders
from core.notices.senders import LogSender, NotSent, SmtpSender, Unreachable
from tests.core.notices.kit import MailServer, mail_server, silence


def a_letter(to: str = "zhang@example.org") -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "linli@example.org", to, "新城区社区：提醒"
    letter.set_content("您好", cte="base64")
    return letter


def to(server: MailServer, **settings: str) -> SmtpSender:
    return SmtpSender(Smtp(host="127.0.0.1", port=server.port, **settings), "example.org")  # type: ignore[arg-type]  # texts only


def test_letters_arrive_whole_over_one_connection() -> None:
    with mail_server() as server:
        sender = to(server)
        sender.send(a_letter())
        sender.send(a_letter("chen@example.org"))
        sender.close()
        sender.close()
        assert [letter["To"] for letter in server.letters] == ["zhang@example.org", "chen@example.org"]
        assert server.letters[0]["Subject"] == "新城区社区：提醒"
        assert server.letters[0].get_content().strip() == "您好"
        assert server.greetings == 1
        assert server.verbs[-1] == "QUIT"
        sender.send(a_letter())  # the next round
        sender.close()
        assert server.greetings == 2


@pytest.mark.parametrize(
    ("verb", "answer", "kind", "final"),
    [
        ("RCPT", "550 5.1.1 no such user", NotSent, True),
        ("RCPT", "550 5.1.10 no mail there", NotSent, True),
        ("RCPT", "450 4.2.0 greylisted", NotSent, False),
        ("RCPT", "554 5.7.1 relay access denied", NotSent, False),  # the settings are wrong, not the address
        ("DATA", "552 full", NotSent, False),
        ("MAIL", "530 sign in first", Unreachable, False),
        ("CONNECT", "421 too busy", Unreachable, False),
        ("AUTH", "535 wrong password", Unreachable, False),
    ],
)
def test_what_a_server_refuses_is_told_apart(verb: str, answer: str, kind: type[NotSent], *, final: bool) -> None:
    with mail_server() as server:
        server.answers[verb] = answer
        sender = to(server, user="linli", password="secret")
        with pytest.raises(NotSent) as failure:
            sender.send(a_letter())
        assert (type(failure.value), failure.value.final) == (kind, final)
        assert answer[4:] in str(failure.value)
        server.answers.clear()
        sender.send(a_letter())  # over the same connection, or a new one
        sender.close()
        assert len(server.letters) == 1


def test_the_password_is_shown_to_this_machine_and_to_others_only_over_a_safe_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mail_server() as server:
        sender = to(server, user="linli", password="se cret")
        sender.send(a_letter())
        sender.close()
        assert base64.b64decode(server.credentials) == b"\0linli\0se cret"
        server.credentials = ""
        server.verbs.clear()
        monkeypatch.setattr(senders, "THIS_MACHINE", frozenset())  # as if it were another one
        with pytest.raises(Unreachable, match="STARTTLS"):
            to(server, user="linli", password="se cret").send(a_letter())
        assert server.credentials == ""
        assert "AUTH" not in server.verbs


def test_nobody_there_or_nobody_who_answers_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "PATIENCE", 0.2)
    with silence() as port, pytest.raises(Unreachable, match="timed out"):
        SmtpSender(Smtp(host="127.0.0.1", port=port), "example.org").send(a_letter())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        SmtpSender(Smtp(host="127.0.0.1", port=port), "example.org").send(a_letter())


def test_without_a_server_it_is_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    sender = senders.of(Config())
    assert isinstance(sender, LogSender)
    with caplog.at_level("INFO", logger="linli.notices"):
        sender.send(a_letter())
    sender.close()
    assert "mail to zhang@example.org: 新城区社区：提醒" in caplog.text
    assert isinstance(senders.of(Config(smtp=Smtp(host="x", port=25))), SmtpSender)

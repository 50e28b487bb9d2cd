"""Settings: each is explained, and a bad value is refused at start with a sentence that says what would be right."""

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import request

from app import create_app
from core import clock, config
from core.config import BadSetting, Config, Smtp, from_environ
from core.db import connect

PROJECT = Path(__file__).parents[2]
SECRET = "s" * 32
PRODUCTION = {"LINLI_ENV": "production", "LINLI_SECRET_KEY": SECRET}

MAIL = {
    "LINLI_SMTP_URL": "smtp://mail.example.org",
    "LINLI_MAIL_FROM": "linli@example.org",
    "LINLI_ADDRESS": "https://linli.example.org/a/",
}


def test_every_setting_is_explained_and_no_other() -> None:
    read = set(re.findall(r'"(LINLI_[A-Z_]+)"', Path(config.__file__).read_text(encoding="utf-8")))
    explained = set(
        re.findall(r"^\| `(LINLI_[A-Z_]+)` \|", (PROJECT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE)
    )
    assert read == explained
    assert len(read) == len(fields(Config))


def test_nothing_set_is_a_development_installation() -> None:
    found = from_environ({})
    assert (found.env, found.database_url, found.clock, found.plugins) == (
        "development",
        "sqlite:///linli.sqlite",
        None,
        None,
    )
    assert len(found.secret_key) >= 32
    assert from_environ({}).secret_key != found.secret_key


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"LINLI_ENV": "prod"}, "LINLI_ENV is 'prod'; use one of development, testing, production"),
        ({"LINLI_ENV": "production"}, "LINLI_SECRET_KEY has 0 characters; production needs at least 32"),
        (PRODUCTION | {"LINLI_SECRET_KEY": SECRET[1:]}, "LINLI_SECRET_KEY has 31 characters"),
        (PRODUCTION | {"LINLI_CLOCK": "2026-03-02T10:00+08:00"}, "are for demos and tests; remove them"),
        (PRODUCTION | {"LINLI_CLOCK_OFFSET": "60"}, "are for demos and tests; remove them"),
        (PRODUCTION | {"LINLI_CLOCK_FROZEN": "1"}, "are for demos and tests; remove them"),
        (PRODUCTION | {"LINLI_DEMO": "1"}, "LINLI_DEMO shows passwords"),
        ({"LINLI_CLOCK": "yesterday"}, "LINLI_CLOCK is 'yesterday'; write it like"),
        ({"LINLI_CLOCK": "2026-03-02T10:00"}, "it needs an offset"),
        ({"LINLI_CLOCK_FROZEN": "1"}, "LINLI_CLOCK must say where the clock stands"),
        ({"LINLI_CLOCK_FROZEN": "yes"}, "LINLI_CLOCK_FROZEN is 'yes'; use 1 or 0"),
        ({"LINLI_CLOCK_OFFSET": "a while"}, "LINLI_CLOCK_OFFSET is 'a while'; write seconds"),
        ({"LINLI_DATABASE_URL": "mysql://root@localhost/linli"}, "use sqlite:///… or postgresql+psycopg://…"),
        ({"LINLI_PROXIES": "many"}, "LINLI_PROXIES is 'many'; write how many proxies"),
        ({"LINLI_PROXIES": "-1"}, "LINLI_PROXIES is '-1'"),
        ({"LINLI_STRICT_PLUGINS": "true"}, "LINLI_STRICT_PLUGINS is 'true'; use 1 or 0"),
        (MAIL | {"LINLI_SMTP_URL": "mail.example.org:25"}, "LINLI_SMTP_URL cannot be read; write smtp://host:25"),
        (MAIL | {"LINLI_SMTP_URL": "smtp://linli:secret@mail:port"}, "LINLI_SMTP_URL cannot be read"),
        (MAIL | {"LINLI_MAIL_FROM": ""}, "LINLI_MAIL_FROM and LINLI_ADDRESS must say"),
        (MAIL | {"LINLI_ADDRESS": ""}, "LINLI_MAIL_FROM and LINLI_ADDRESS must say"),
        ({"LINLI_MAIL_FROM": "Linli <linli@example.org>"}, "write the bare address"),
        ({"LINLI_ADDRESS": "linli.example.org"}, "write it like https://linli.example.org"),
    ],
)
def test_a_bad_value_is_refused_with_what_would_be_right(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadSetting) as refused:
        from_environ(given)
    assert sentence in str(refused.value)


def test_production_starts_with_a_key_that_cannot_be_guessed() -> None:
    assert from_environ(PRODUCTION).production


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", Smtp(host="mail.example.org", port=25)),
        ("smtp://li%40x:p%3Aw@mail", Smtp(host="mail", port=587, user="li@x", password="p:w")),
        ("smtps://li:pw@mail", Smtp(host="mail", port=465, tls=True, user="li", password="pw")),
        ("smtp://[::1]:2525", Smtp(host="::1", port=2525)),
    ],
)
def test_a_mail_server_is_read_with_its_usual_port_and_its_password_is_never_shown(url: str, server: Smtp) -> None:
    found = from_environ(MAIL | {"LINLI_SMTP_URL": url})
    assert found.smtp == server
    assert found.address == "https://linli.example.org/a"
    assert "pw" not in repr(found)
    with pytest.raises(BadSetting) as refused:
        from_environ(MAIL | {"LINLI_SMTP_URL": url.replace("smtp", "http")})
    assert "pw" not in str(refused.value)


def test_lists_and_flags_are_read() -> None:
    found = from_environ({"LINLI_PLUGINS": "points, booking,", "LINLI_STRICT_PLUGINS": "1", "LINLI_DEMO": "0"})
    assert (found.plugins, found.strict_plugins, found.demo) == (("points", "booking"), True, False)


def test_the_clock_runs_from_the_moment_set_or_stands_there_or_is_off_by_seconds() -> None:
    moment = datetime(2031, 5, 5, 2, tzinfo=UTC)

    def at_start(given: dict[str, str]) -> datetime:
        create_app(from_environ({"LINLI_ENV": "testing", **given}), database=connect("sqlite://"), plugins=[])
        return clock.now()

    assert at_start({"LINLI_CLOCK": "2031-05-05T10:00+08:00", "LINLI_CLOCK_FROZEN": "1"}) == moment
    assert clock.now() == moment
    assert moment < at_start({"LINLI_CLOCK": "2031-05-05T10:00+08:00"}) < moment + timedelta(minutes=1)
    ahead = at_start({"LINLI_CLOCK_OFFSET": "86400", "LINLI_CLOCK": "2031-05-05T10:00+08:00"}) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < ahead <= timedelta(days=1)


@pytest.mark.parametrize(("proxies", "address"), [(None, "127.0.0.1"), ("1", "203.0.113.9"), ("2", "198.51.100.1")])
def test_as_many_proxies_as_are_set_say_who_asks(proxies: str | None, address: str) -> None:
    given = {"LINLI_PROXIES": proxies} if proxies else {}
    app = create_app(from_environ(given), database=connect("sqlite://"), plugins=[])
    seen: list[str | None] = []
    app.before_request(lambda: seen.append(request.remote_addr))
    app.test_client().get("/static/none", headers={"X-Forwarded-For": "192.0.2.7, 198.51.100.1, 203.0.113.9"})
    assert seen == [address]

"""All settings, from the environment, in one typed object that refuses a bad value at start. Explained in docs/settings.md."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

Env = Literal["development", "testing", "production"]
LEAST_SECRET = 32  # characters; below that a signing key can be guessed


class BadSetting(Exception):
    """A setting has a value the installation must not start with."""


@dataclass(frozen=True, kw_only=True)
class Smtp:
    """A mail server. `tls`: from the first byte on; else a password goes over a connection made safe first."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one installation."""

    database_url: str = "sqlite:///linli.sqlite"
    env: Env = "development"
    secret_key: str = ""
    clock: datetime | None = None
    clock_frozen: bool = False
    clock_offset: timedelta | None = None  # set by `linli run`, so that all its workers have one time
    plugins: tuple[str, ...] | None = None  # None: every one installed
    strict_plugins: bool = False
    limiter_url: str = "memory://"
    proxies: int = 0  # that stand in front of this installation and say who asks
    demo: bool = False  # offers the demo accounts on the sign-in page
    smtp: Smtp | None = None  # None: e-mail is written to the log
    mail_from: str = "linli@localhost"
    address: str = "http://127.0.0.1:8000"  # how this installation is reached from outside, without a slash at the end

    @property
    def production(self) -> bool:
        """Whether real people use this installation: everything unsafe is refused then."""
        return self.env == "production"


def from_environ(environ: Mapping[str, str] | None = None) -> Config:
    """Read the settings.

    Raises:
        BadSetting: names the setting, what is wrong with it and what would be right.
    """
    given = os.environ if environ is None else environ
    env = given.get("LINLI_ENV", "development")
    if env not in get_args(Env):
        raise BadSetting(f"LINLI_ENV is {env!r}; use one of {', '.join(get_args(Env))}")
    production = env == "production"
    config = Config(
        database_url=given.get("LINLI_DATABASE_URL") or Config.database_url,
        env=env,  # type: ignore[arg-type]  # one of Env, checked above
        secret_key=_secret(given.get("LINLI_SECRET_KEY", ""), production=production),
        clock=_moment(given.get("LINLI_CLOCK")),
        clock_frozen=_flag(given, "LINLI_CLOCK_FROZEN"),
        clock_offset=_seconds(given.get("LINLI_CLOCK_OFFSET")),
        plugins=_names(given.get("LINLI_PLUGINS")),
        strict_plugins=_flag(given, "LINLI_STRICT_PLUGINS"),
        limiter_url=given.get("LINLI_LIMITER_URL") or Config.limiter_url,
        proxies=_proxies(given.get("LINLI_PROXIES")),
        demo=_flag(given, "LINLI_DEMO"),
        smtp=_smtp(given.get("LINLI_SMTP_URL")),
        mail_from=_mail_from(given.get("LINLI_MAIL_FROM")),
        address=_address(given.get("LINLI_ADDRESS")),
    )
    if config.smtp and not (given.get("LINLI_MAIL_FROM") and given.get("LINLI_ADDRESS")):
        raise BadSetting("LINLI_SMTP_URL is set; LINLI_MAIL_FROM and LINLI_ADDRESS must say from whom and from where")
    if production and (config.clock or config.clock_frozen or config.clock_offset):
        raise BadSetting("LINLI_CLOCK, LINLI_CLOCK_FROZEN and LINLI_CLOCK_OFFSET are for demos and tests; remove them")
    if config.clock_frozen and config.clock is None:
        raise BadSetting("LINLI_CLOCK_FROZEN is 1; LINLI_CLOCK must say where the clock stands")
    if production and config.demo:
        raise BadSetting("LINLI_DEMO shows passwords on the sign-in page; remove it in production")
    if not config.database_url.startswith(("sqlite://", "postgresql+psycopg://")):
        raise BadSetting(f"LINLI_DATABASE_URL is {config.database_url!r}; use sqlite:///… or postgresql+psycopg://…")
    return config


def _secret(value: str, *, production: bool) -> str:
    if production and len(value) < LEAST_SECRET:
        raise BadSetting(f"LINLI_SECRET_KEY has {len(value)} characters; production needs at least {LEAST_SECRET}")
    return value or secrets.token_hex(LEAST_SECRET)


def _moment(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadSetting(f"LINLI_CLOCK is {value!r}; write it like 2026-03-02T10:00+08:00") from error
    if moment.tzinfo is None:
        raise BadSetting(f"LINLI_CLOCK is {value!r}; it needs an offset, like 2026-03-02T10:00+08:00")
    return moment


def _seconds(value: str | None) -> timedelta | None:
    if not value:
        return None
    try:
        return timedelta(seconds=float(value))
    except (ValueError, OverflowError) as error:
        raise BadSetting(f"LINLI_CLOCK_OFFSET is {value!r}; write seconds, like 86400") from error


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "")
    if value not in {"", "0", "1"}:
        raise BadSetting(f"{name} is {value!r}; use 1 or 0")
    return value == "1"


def _proxies(value: str | None) -> int:
    if not re.fullmatch(r"[0-9]?", value or ""):
        raise BadSetting(
            f"LINLI_PROXIES is {value!r}; write how many proxies stand in front of this installation, like 1"
        )
    return int(value or 0)


def _smtp(value: str | None) -> Smtp | None:
    if not value:
        return None
    wrong = "LINLI_SMTP_URL cannot be read; write smtp://host:25, smtp://user:password@host:587 or smtps://…"  # no secret in it
    try:
        parts = urlsplit(value)
        tls, port = parts.scheme == "smtps", parts.port
    except ValueError as error:
        raise BadSetting(wrong) from error
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise BadSetting(wrong)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Smtp(
        host=parts.hostname, port=port or (465 if tls else 587 if user else 25), tls=tls, user=user, password=password
    )


def _mail_from(value: str | None) -> str:
    if not value:
        return Config.mail_from
    name, address = parseaddr(value)
    if name or address != value or value.count("@") != 1 or not value.isascii():
        raise BadSetting(f"LINLI_MAIL_FROM is {value!r}; write the bare address, like linli@example.org")
    return value


def _address(value: str | None) -> str:
    if not value:
        return Config.address
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise BadSetting(f"LINLI_ADDRESS is {value!r}; write it like https://linli.example.org")
    return value.rstrip("/")


def _names(value: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if value else None

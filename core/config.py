"""All settings, from the environment, in one typed object that refuses a bad value at start. Explained in docs/settings.md."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

Env = Literal["development", "testing", "production"]
LEAST_SECRET = 32  # characters; below that a signing key can be guessed


class BadSetting(Exception):
    """A setting has a value the installation must not start with."""


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
    demo: bool = False  # offers the demo accounts on the sign-in page

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
        demo=_flag(given, "LINLI_DEMO"),
    )
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


def _names(value: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if value else None

"""What commands share: the installation, a unit in a community, and refusals as one sentence in the terminal's language."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

import click
from flask import Flask, g
from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app import create_app
from core.communities.models import Community
from core.config import BadSetting
from core.db import Conflict, migrate, session, unit
from core.errors import DomainError, Invalid
from core.plugins import BadPlugin, Here, enter
from core.web.request import Linli, linli_of
from core.web.words import LOCALES, say, say_error


def language(environ: Mapping[str, str]) -> str:
    """`zh-Hans` or `en`, as the terminal's locale says."""
    said = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh-Hans" if said.startswith("zh") else "en"


@lru_cache(maxsize=1)
def app() -> Flask:
    """The installation of the environment.

    Raises:
        ClickException: a setting or a plugin makes it impossible.
    """
    try:
        return create_app()
    except (BadSetting, BadPlugin) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def speaking(place: Here | None = None) -> Iterator[Linli]:
    """The installation, with words in the terminal's language; what rules and database refuse becomes one sentence.

    Args:
        place: the community in whose zone days and times are said, where any are.

    Raises:
        ClickException: the sentence.
    """
    code = language(os.environ)
    with app().app_context(), force_locale(LOCALES[code]):
        g.locale_code = code
        if place is not None:
            g.here = place
        try:
            yield linli_of(app())
        except DomainError as error:
            raise click.ClickException(_refusal(error)) from error
        except Conflict as error:
            raise click.ClickException(
                gettext("Another process was in the way. Nothing was changed; try again.")
            ) from error
        except SQLAlchemyError as error:
            told = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
            raise click.ClickException(gettext("The database cannot be used: %(why)s", why=told)) from error


@contextmanager
def acting(slug: str) -> Iterator[Here]:
    """A command that writes is one unit in a community; a normal end keeps it.

    Raises:
        ClickException: there is no such community, or what `speaking` says.
    """
    with in_community(slug, write=True) as place:
        yield place


@contextmanager
def in_community(slug: str, *, write: bool) -> Iterator[Here]:
    """A unit in a community."""
    with speaking() as linli:
        require_upgraded(linli)
        with unit(linli.database, write=write):
            community = session.scalar(select(Community).where(Community.slug == slug))
            if community is None:
                raise click.ClickException(gettext("There is no community %(slug)s here.", slug=slug))
            g.here = enter(linli.house, community)
            yield g.here


def require_upgraded(linli: Linli) -> None:
    """Refuse tables that are older or newer than the code.

    Raises:
        ClickException: says what to do.
    """
    if behind := migrate.pending(linli.database, linli.house.installed):
        names = ", ".join(behind)
        raise click.ClickException(
            gettext("The tables of %(names)s are not up to date: run linli upgrade.", names=names)
        )


def _refusal(error: DomainError) -> str:
    """All faults of an invalid request, each with its field; of other refusals the sentence."""
    if isinstance(error, Invalid):
        return "\n".join(
            f"{field}: {say(fault)}" if field else say(fault)
            for field, faults in error.errors.items()
            for fault in faults
        )
    return say_error(error)

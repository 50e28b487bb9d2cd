"""The whole assembly on one screen. `flask --app app run` works."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_login import LoginManager
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import UUIDConverter

import core
from core import clock
from core.accounts import api as accounts_api
from core.accounts import limits
from core.accounts import sentences as accounts_sentences
from core.accounts import views as accounts_pages
from core.accounts.permissions import PERMISSIONS
from core.audit import api as audit_api
from core.audit import sentences as audit_sentences
from core.audit import views as audit_pages
from core.communities import api as communities_api
from core.communities import sentences as communities_sentences
from core.communities import views as communities_pages
from core.config import Config, from_environ
from core.db import Database, connect
from core.discovery import build, discover
from core.notices import sentences as notices_sentences
from core.notices import views as notices_pages
from core.people import api as people_api
from core.people import sentences as people_sentences
from core.people import views as people_pages
from core.plugins import Plugin, Quarantined
from core.sheets import api as sheets_api
from core.sheets import sentences as sheets_sentences
from core.sheets import views as sheets_pages
from core.upkeep import tables
from core.web import assets, behalf, csrf, headers, openapi_pages, pieces, problems, replay, request, words
from core.web.sentences import SENTENCES
from core.web.transactions import LARGEST_BODY, Transactions

CORE_PAGES = (
    communities_pages.pages,
    communities_pages.settings_pages,
    people_pages.pages,
    accounts_pages.pages,
    accounts_pages.management,
    audit_pages.pages,
    sheets_pages.pages,
    notices_pages.pages,
    notices_pages.settings_pages,
)
CORE_API = (communities_api.api, people_api.api, accounts_api.api, audit_api.api, sheets_api.api)
CORE_SENTENCES = {
    **SENTENCES,
    **accounts_sentences.SENTENCES,
    **audit_sentences.SENTENCES,
    **communities_sentences.SENTENCES,
    **notices_sentences.SENTENCES,
    **people_sentences.SENTENCES,
    **sheets_sentences.SENTENCES,
}
CORE_TABLES = tables.TABLES
PAGES, API = "/<community>", "/api/v1/<community>"


def create_app(
    config: Config | None = None, *, database: Database | None = None, plugins: Sequence[Plugin] | None = None
) -> Flask:
    """Put an installation together.

    Args:
        config: the settings; None reads the environment.
        database: an open one; None connects to the configured.
        plugins: exactly these; None discovers the installed ones.
    """
    config = config or from_environ()
    if config.clock_offset is not None:
        clock.set_offset(config.clock_offset)
    elif config.clock is not None:
        clock.start_at(config.clock, frozen=config.clock_frozen)
    found, aside = (list(plugins), []) if plugins is not None else _discover(config)
    house = build(
        found,
        quarantined=aside,
        sentences=CORE_SENTENCES,
        permissions=PERMISSIONS,
        strict=config.strict_plugins or plugins is not None,
    )

    app = Flask("core", root_path=str(Path(core.__file__).parent), static_folder=None)
    app.config.update(
        SECRET_KEY=config.secret_key,
        TESTING=config.env == "testing",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.production,
        PERMANENT_SESSION_LIFETIME=timedelta(days=90),
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # of Flask's default provider
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.url_map.converters["id"] = UUIDConverter
    app.extensions["linli"] = request.Linli(
        config=config, database=database or connect(config.database_url), house=house
    )
    _hang(app)
    for core_pages in CORE_PAGES:
        app.register_blueprint(core_pages, url_prefix=PAGES)
    for core_api in CORE_API:
        app.register_blueprint(core_api, url_prefix=API)
    for plugin in house.installed:
        if plugin.pages is not None:
            app.register_blueprint(plugin.pages, url_prefix=f"{PAGES}/{plugin.name}")
        if plugin.api is not None:
            app.register_blueprint(plugin.api, url_prefix=f"{API}/{plugin.name}")
    app.wsgi_app = Transactions(app, lambda: request.linli_of(app).database)  # type: ignore[method-assign]  # how Flask wants it
    if count := config.proxies:  # else throttles would take everybody for the proxy
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # the same
    return app


def _hang(app: Flask) -> None:
    """The floors, in the order in which a request crosses them (and leaves them the other way round)."""
    login = LoginManager(app)
    login.user_loader(request.load_visitor)
    login.request_loader(request.load_program)
    request.init(app)
    words.init(app, [str(folder) for folder in _translations(app)])
    problems.init(app)
    limits.init(app)
    headers.init(app)
    csrf.init(app)
    behalf.init(app)
    replay.init(app)
    app.after_request(request.last_flush)  # registered last, so it runs first: the others see what the database says
    app.register_blueprint(assets.static_pages)
    app.register_blueprint(openapi_pages.pages)
    app.register_blueprint(communities_pages.front)
    app.jinja_env.globals["asset"] = assets.asset_url
    app.context_processor(pieces.context)


def _translations(app: Flask) -> list[Path]:
    folders = [Path(core.__file__).parent, *(plugin.folder for plugin in request.linli_of(app).house.installed)]
    return [folder / "translations" for folder in folders if (folder / "translations").is_dir()]


def _discover(config: Config) -> tuple[list[Plugin], list[Quarantined]]:
    return discover(allowed=config.plugins, strict=config.strict_plugins)

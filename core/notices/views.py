"""Pages: one's inbox, what of it comes by e-mail; for managers the quiet hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.routing import BuildError

from core.db import Id
from core.notices import addresses, inbox, quiet
from core.notices.forms import MailForm, QuietForm
from core.notices.models import Outbox
from core.plugins import here
from core.web.forms import ActForm
from core.web.guard import requires
from core.web.request import actor, linli
from core.web.transactions import runs_in
from core.web.words import say_kept

pages = Blueprint("notices", __name__)
settings_pages = Blueprint("quiet_hours", __name__)
A_PAGE = 30  # notices


# --- the inbox -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A notice in the reader's words. `url`: None where there is nothing to look at."""

    id: Id
    text: str
    at: datetime
    new: bool
    url: str | None


@pages.get("/notices")
@requires(None)
def index() -> ResponseReturnValue:
    """What one was told, the newest first."""
    cursor = request.args.get("cursor")
    found = inbox.notices(by=actor(), limit=A_PAGE, cursor=cursor)
    shown = [_shown(one) for one in found[:A_PAGE]]
    more = url_for(".index", cursor=shown[-1].id) if len(found) > A_PAGE else None
    return render_template("notices/inbox.html", notices=shown, more=more, cursor=cursor)


def _shown(one: Outbox) -> Shown:
    url = _url(one)
    new = one.read_at is None
    opens = url_for(".look", notice_id=one.id) if new and url else url
    return Shown(id=one.id, text=say_kept(one.words), at=one.at, new=new, url=opens)


def _url(one: Outbox) -> str | None:
    """Where the thing is that a notice speaks of; None where there is no such page, or its plugin is off."""
    if one.page is None or one.page not in current_app.view_functions:
        return None
    plugin, rule = one.page.partition(".")[0], next(current_app.url_map.iter_rules(one.page))
    if plugin in here().house.by_name and not here().relay.has(plugin):
        return None
    values: dict[str, Any] = dict.fromkeys(rule.arguments - {"community"}, one.about_id)
    try:
        return url_for(one.page, **values)
    except BuildError:
        return None


@pages.get("/notices/<id:notice_id>")
@requires(None)
@runs_in("write")
def look(notice_id: Id) -> ResponseReturnValue:
    """To what a notice speaks of; it is read from then on. Letters lead here too."""
    return redirect(_url(inbox.read(notice_id, by=actor())) or url_for(".index"), code=302)


@pages.post("/notices/<id:notice_id>/reading")
@requires(None)
def read(notice_id: Id) -> ResponseReturnValue:
    """One that needs no look."""
    if ActForm().submitted():
        inbox.read(notice_id, by=actor())
    return redirect(url_for(".index", cursor=request.form.get("cursor") or None), code=303)


@pages.post("/notices/<id:notice_id>/reading-all")
@requires(None)
def read_all(notice_id: Id) -> ResponseReturnValue:
    """All up to this one, the newest on the page that was shown."""
    if ActForm().submitted():
        inbox.read_all(notice_id, by=actor())
    return redirect(url_for(".index"), code=303)


@pages.route("/notices/by-mail", methods=["GET", "POST"])
@requires(None)
def by_mail() -> ResponseReturnValue:
    """Where one reads mail, and what of."""
    wanted = addresses.of(actor())
    form = MailForm(email=wanted.email, **dict.fromkeys(wanted.kinds, True))
    if form.submitted():
        with form.refusing():
            addresses.put(form.to_request(), by=actor())
            flash(_("This holds from now on.") if form.email.data else _("Nothing is sent to you any more."), "success")
            return redirect(url_for(".by_mail"), code=303)
    page = render_template("notices/by_mail.html", form=form, wanted=wanted, sends=linli().config.smtp is not None)
    return page, form.status


# --- for managers --------------------------------------------------------------------------------------------------


@settings_pages.route("/quiet-hours", methods=["GET", "POST"])
@requires(quiet.QUIET_HOURS)
def quiet_hours() -> ResponseReturnValue:
    """When no e-mail leaves."""
    form = QuietForm.of(quiet.hours())
    if form.submitted():
        with form.refusing():
            quiet.put(form.to_request(), by=actor())
            flash(_("This holds from now on."), "success")
            return redirect(url_for(".quiet_hours"), code=303)
    return render_template("notices/quiet_hours.html", form=form), form.status

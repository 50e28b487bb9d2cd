"""The policy: all its figures in one form, changed in two steps; and every version there was, is and will be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts import accounts
from core.communities import policy
from core.communities.policy import Version
from core.errors import DomainError, NotFound
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.transactions import runs_in
from core.web.words import day
from plugins.points import changes, proposals, rules, wording
from plugins.points.changes import Change
from plugins.points.policy import PointsPolicy
from plugins.points.proposals import PolicyChange
from plugins.points.rule_forms import PolicyForm, policy_values
from plugins.points.views.base import pages
from plugins.points.views.rulebook import CHANGE


@pages.get("/policy")
@requires(CHANGE)
def edit_policy() -> ResponseReturnValue:
    """The form, filled with the figures of today."""
    return _policy_page(PolicyForm(data=policy_values(policy.at(PointsPolicy, here().today()))), None)


@pages.post("/policy/look")
@requires(CHANGE)
@runs_in("read")
def look_at_policy() -> ResponseReturnValue:
    """The new figures beside those they replace, and whose tier would be another. Nothing is kept."""
    form = PolicyForm()
    change = _change(form)
    if change is not None:
        form.show(change.day, change.before, change.after)
    return _policy_page(form, change)


@pages.get("/policy/look")
@requires(CHANGE)
def leave_policy() -> ResponseReturnValue:
    """Whoever loads the page of the first step again begins anew."""
    return redirect(url_for(".edit_policy"))


@pages.post("/policy")
@requires(CHANGE)
def save_policy() -> ResponseReturnValue:
    """Keep the policy, if this very change was looked at."""
    form = PolicyForm()
    change = _change(form)
    if change is not None and form.shown(change.day, change.before, change.after):
        with form.refusing():
            on = rules.put_policy(change.after, valid_from=form.valid_from.data, by=actor())
            flash(
                _("The rules are kept; they hold from %(day)s on. The leaders of all groups are told.", day=day(on)),
                "success",
            )
            return redirect(url_for(".policy_versions"), code=303)
    return _policy_page(form, change)


def _change(form: PolicyForm) -> PolicyChange | None:
    if form.submitted():
        try:
            return proposals.of_policy(form.to_policy(), form.valid_from.data)
        except DomainError as error:
            form.refuse(error)
    return None


def _policy_page(form: PolicyForm, change: PolicyChange | None) -> ResponseReturnValue:
    return render_template(
        "points/policy.html", form=form, change=change, today=here().today(), words=wording
    ), form.status


# --- versions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A version as the page tells it: what it changed in the one before, and how it stands today."""

    version: Version[PointsPolicy]
    changes: list[Change]
    by: str | None
    state: str  # "coming", "now", "past", or "replaced": another one was kept for the same day


@pages.get("/policy/versions")
@requires(None)
def policy_versions() -> ResponseReturnValue:
    """Every version, the latest first: what it changes, from which day, who kept it and when."""
    return render_template("points/policy_versions.html", versions=_told()[::-1], words=wording)


@pages.get("/policy/versions/<valid_from>/<int:seq>")
@requires(None)
def policy_version(valid_from: str, seq: int) -> ResponseReturnValue:
    """One version, whole, in the words of the page of rules."""
    for told in _told():
        if (told.version.valid_from.isoformat(), told.version.seq) == (valid_from, seq):
            return render_template(
                "points/policy_version.html",
                told=told,
                policy=told.version.policy,
                peak=wording.busy(told.version.policy.peak),
                words=wording,
            )
    raise NotFound(what="version", id=valid_from)


def _told() -> list[Told]:
    """All versions in the order in which they take effect, in two statements."""
    found = policy.versions(PointsPolicy)
    names = accounts.names(version.account_id for version in found)
    last = {version.valid_from: version.seq for version in found}
    now = max((on for on in last if on <= here().today()), default=None)
    told, before = [], PointsPolicy()
    for version in found:
        told.append(
            Told(
                version=version,
                changes=changes.between(changes.figures(before), changes.figures(version.policy)),
                by=names.get(version.account_id),
                state="replaced" if version.seq < last[version.valid_from] else _state(version.valid_from, now),
            )
        )
        before = version.policy
    return told


def _state(on: date, now: date | None) -> str:
    if on == now:
        return "now"
    return "coming" if on > here().today() else "past"

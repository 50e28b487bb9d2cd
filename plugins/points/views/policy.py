"""The policy: all its figures in one form, changed in two steps; and every version there was, is and will be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts import accounts
from core.communities import policy
from core.communities.policy import Version
from core.errors import DomainError, NotFound
from core.faults import seen
from core.plugins import here
from core.web.forms import ActForm
from core.web.guard import requires
from core.web.request import actor
from core.web.transactions import runs_in
from core.web.words import day
from plugins.points import changes, proposals, rules, wording
from plugins.points.changes import Change
from plugins.points.policy import PointsPolicy
from plugins.points.proposals import PolicyChange
from plugins.points.rule_forms import PolicyForm, policy_values
from plugins.points.views.base import MOVEMENTS, pages
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
        form.show(*_print(change))
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
    if change is not None and form.shown(*_print(change)):
        with form.refusing():
            kept = rules.put_policy(change.after, valid_from=form.valid_from.data, by=actor())
            flash(
                _kept(change) if kept.changes else _("Nothing is changed: these are the rules of that day already."),
                "success",
            )
            return redirect(url_for(".policy_versions"), code=303)
    return _policy_page(form, change)


def _print(change: PolicyChange) -> tuple[object, ...]:
    """What has been looked at: if any of it is another when it is to be saved, it is shown anew."""
    return change.day, change.before, change.after, change.ends


def _kept(change: PolicyChange) -> str:
    return _("The rules are kept; they hold from %(day)s on. The leaders of all groups are told.", day=day(change.day))


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
    changes: Sequence[Change]
    by: str | None
    state: str  # "coming", "now", "past", "replaced": another one was kept for the same day; or "taken_back"
    back_by: str | None  # who took it back
    stays: Sequence[Change]  # what holds on its day instead, if it is taken back


@pages.get("/policy/versions")
@requires(None)
def policy_versions() -> ResponseReturnValue:
    """Every version, the latest first: what it changes, from which day, who kept it and when."""
    return _versions_page(ActForm())


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


@pages.post("/policy/versions/<valid_from>/<int:seq>/taking-back")
@requires(CHANGE)
def take_back_policy(valid_from: str, seq: int) -> ResponseReturnValue:
    """Take back a version that has not yet taken effect."""
    form = ActForm()
    if form.submitted():
        with form.refusing():
            on = _day_of(valid_from)
            rules.take_back_policy(on, seq=seq, by=actor())
            flash(_("Taken back. The leaders of all groups are told that it does not happen."), "success")
            return redirect(url_for(".policy_versions"), code=303)
    return _versions_page(form)


def _day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound(what="version", id=text) from None


def _versions_page(form: ActForm) -> ResponseReturnValue:
    begins, told = seen(request.args.get("cursor")), _told()[::-1]
    page = render_template(
        "points/policy_versions.html",
        form=form,
        versions=told[begins : begins + MOVEMENTS],
        next_url=url_for(".policy_versions", cursor=begins + MOVEMENTS) if len(told) > begins + MOVEMENTS else None,
        latest_url=url_for(".policy_versions") if begins else None,
        words=wording,
    )
    return page, form.status


def _told() -> list[Told]:
    """All versions in the order in which they take effect, in one statement where the policy is known."""
    found = policy.versions(PointsPolicy)
    names = accounts.names(account for one in found for account in (one.account_id, one.taken_back_by))
    last = {version.valid_from: version.seq for version in found if version.taken_back_on is None}
    now = max((on for on in last if on <= here().today()), default=None)
    told, before = [], PointsPolicy()
    for version in found:
        state = _state(version, last, now)
        told.append(
            Told(
                version=version,
                changes=changes.between(changes.figures(before), changes.figures(version.policy)),
                by=names.get(version.account_id),
                state=state,
                back_by=names.get(version.taken_back_by),
                stays=_without(version) if state == "coming" else (),
            )
        )
        before = version.policy if version.taken_back_on is None else before
    return told


def _without(version: Version[PointsPolicy]) -> Sequence[Change]:
    then = policy.at(PointsPolicy, version.valid_from - timedelta(days=1))
    return changes.between(changes.figures(version.policy), changes.figures(then))


def _state(version: Version[PointsPolicy], last: Mapping[date, int], now: date | None) -> str:
    if version.taken_back_on is not None:
        return "taken_back"
    if version.seq < last[version.valid_from]:
        return "replaced"
    if version.valid_from == now:
        return "now"
    return "coming" if version.valid_from > here().today() else "past"

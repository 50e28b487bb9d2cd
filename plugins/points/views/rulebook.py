"""The rules: as they stand, for everybody and for the wall; of each category all versions; and changing them in two steps."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts import accounts
from core.communities import policy
from core.db import Id
from core.errors import DomainError, NotFound
from core.faults import seen
from core.plugins import here
from core.web.forms import ActForm
from core.web.guard import public, requires
from core.web.request import actor
from core.web.transactions import runs_in
from core.web.words import day
from plugins.points import changes, proposals, queries, rules, wording
from plugins.points.models import Category, Rule
from plugins.points.policy import PointsPolicy
from plugins.points.proposals import RuleChange
from plugins.points.rule_forms import CategoryForm, RuleForm, rule_values
from plugins.points.rules import Book
from plugins.points.views.base import MOVEMENTS, check_open, pages

CHANGE = "points.policy"


@pages.get("/rules")
@public
def rulebook() -> ResponseReturnValue:
    """How points are earned and what they give, in plain words; printed it is a sheet for the wall."""
    check_open("public_rules")
    today, book = here().today(), rules.book()
    in_force = [(category, _parts(book.on(category, today))) for category in book.categories.values()]
    since, figures = policy.version_at(PointsPolicy, today)
    return render_template(
        "points/rules.html",
        in_force=in_force,
        coming=_coming(book, figures),
        since=since,
        today=today,
        policy=figures,
        peak=wording.busy(figures.peak),
    )


def _parts(rule: Rule | None) -> list[str]:
    """What a rule gives, and its limits; nothing of none."""
    return wording.rule_parts(changes.rule_figures(rule)) if rule else []


def _coming(book: Book, figures: PointsPolicy) -> list[dict[str, object]]:
    """What will change: rules and policies kept for days to come, the earliest first."""
    today = here().today()
    found: list[dict[str, object]] = [
        {
            "day": rule.valid_from,
            "title": rule.category.name,
            "words": wording.rule(changes.rule_figures(rule)),
            "url": url_for(".rule_versions", code=rule.category.code),
        }
        for versions in book.versions.values()
        for rule in {rule.valid_from: rule for rule in versions if rule.valid_from > today}.values()
    ]
    before = figures
    for valid_from, after in policy.after(PointsPolicy, today):
        for change in changes.between(changes.figures(before), changes.figures(after)):
            words = f"{wording.said(change.name, change.before)} → {wording.said(change.name, change.after)}"
            found.append(
                {
                    "day": valid_from,
                    "title": wording.label(change.name),
                    "words": words,
                    "url": url_for(".policy_versions"),
                }
            )
        before = after
    return sorted(found, key=lambda one: str(one["day"]))


# --- one category --------------------------------------------------------------------------------------------------


@pages.get("/rules/<code>")
@requires(None)
def rule_versions(code: str) -> ResponseReturnValue:
    """A category's rule in all its versions, past, present and to come, the latest first, with who recorded each and when."""
    return _versions_page(code, ActForm())


@pages.post("/rules/<code>/<id:rule_id>/taking-back")
@requires(CHANGE)
def take_back_rule(code: str, rule_id: Id) -> ResponseReturnValue:
    """Take back a version that has not yet taken effect."""
    form = ActForm()
    if form.submitted():
        with form.refusing():
            rules.take_back_rule(rule_id, by=actor())
            flash(_("Taken back. The leaders of all groups are told that it does not happen."), "success")
            return redirect(url_for(".rule_versions", code=code), code=303)
    return _versions_page(code, form)


def _versions_page(code: str, form: ActForm) -> ResponseReturnValue:
    book, begins = rules.book(), seen(request.args.get("cursor"))
    category = _category(book, code)
    found = queries.rules(category=code, limit=MOVEMENTS, seen=begins, taken_back=True)
    shown, known = found[:MOVEMENTS], book.versions.get(category.id, [])
    page = render_template(
        "points/rule_versions.html",
        form=form,
        category=category,
        versions=shown,
        standing={rule.valid_from: rule for rule in known},  # of several on one day the last
        stays={rule.id: _parts(book.on(category, rule.valid_from - timedelta(days=1))) for rule in shown},
        in_force=book.on(category, here().today()),
        today=here().today(),
        names=accounts.names(account for rule in shown for account in (rule.account_id, rule.taken_back_by)),
        next_url=url_for(".rule_versions", code=code, cursor=begins + MOVEMENTS) if len(found) > MOVEMENTS else None,
        latest_url=url_for(".rule_versions", code=code) if begins else None,
        words=wording,
        figures=changes.rule_figures,
    )
    return page, form.status


def _category(book: Book, code: str) -> Category:
    if (found := book.categories.get(code)) is None:
        raise NotFound(what="category", id=code)
    return found


# --- a new version of its rule, in two steps -----------------------------------------------------------------------


@pages.get("/rules/<code>/new")
@requires(CHANGE)
def new_rule(code: str) -> ResponseReturnValue:
    """The form for a new version, filled with the one in force."""
    book = rules.book()
    category = _category(book, code)
    known = book.on(category, here().today()) or next(iter(book.versions.get(category.id, [])), None)
    return _rule_page(RuleForm(data=rule_values(known)), category, None)


@pages.post("/rules/<code>/look")
@requires(CHANGE)
@runs_in("read")
def look_at_rule(code: str) -> ResponseReturnValue:
    """The new version beside the one it replaces. Nothing is kept."""
    book, form = rules.book(), RuleForm()
    category = _category(book, code)
    change = _rule_change(form, category, book)
    if change is not None:
        form.show(change.category, change.day, change.changes)
    return _rule_page(form, category, change)


@pages.get("/rules/<code>/look")
@requires(CHANGE)
def leave_rule(code: str) -> ResponseReturnValue:
    """Whoever loads the page of the first step again begins anew."""
    return redirect(url_for(".new_rule", code=code))


@pages.post("/rules/<code>/new")
@requires(CHANGE)
def save_rule(code: str) -> ResponseReturnValue:
    """Keep the version, if this very change was looked at."""
    book, form = rules.book(), RuleForm()
    category = _category(book, code)
    change = _rule_change(form, category, book)
    if change is not None and form.shown(change.category, change.day, change.changes):
        with form.refusing():
            rules.add_rule(form.to_request(code), by=actor())
            flash(_kept(change), "success")
            return redirect(url_for(".rule_versions", code=code), code=303)
    return _rule_page(form, category, change)


def _rule_change(form: RuleForm, category: Category, book: Book) -> RuleChange | None:
    if form.submitted():
        try:
            versions = book.versions.get(category.id, [])
            return proposals.of_rule(form.to_request(category.code), category=category.name, versions=versions)
        except DomainError as error:
            form.refuse(error)
    return None


def _kept(change: RuleChange) -> str:
    return _("The rule is kept; it holds from %(day)s on. The leaders of all groups are told.", day=day(change.day))


def _rule_page(form: RuleForm, category: Category | None, change: RuleChange | None) -> ResponseReturnValue:
    return render_template(
        "points/rule_form.html",
        form=form,
        category=category,
        change=change,
        today=here().today(),
        words=wording,
    ), form.status


# --- a new category with its first rule, in two steps --------------------------------------------------------------


@pages.get("/categories/new")
@requires(CHANGE)
def new_category() -> ResponseReturnValue:
    """The form for a category and what it gives."""
    return _rule_page(CategoryForm(data=rule_values(None)), None, None)


@pages.post("/categories/look")
@requires(CHANGE)
@runs_in("read")
def look_at_category() -> ResponseReturnValue:
    """The category and its rule in words. Nothing is kept."""
    form = CategoryForm()
    change = _new_rule(form)
    if change is not None:
        form.show(change.category, change.day, change.changes)
    return _rule_page(form, None, change)


@pages.get("/categories/look")
@requires(CHANGE)
def leave_category() -> ResponseReturnValue:
    """Whoever loads the page of the first step again begins anew."""
    return redirect(url_for(".new_category"))


@pages.post("/categories/new")
@requires(CHANGE)
def save_category() -> ResponseReturnValue:
    """Keep the category and its rule, if they were looked at."""
    form = CategoryForm()
    change = _new_rule(form)
    if change is not None and form.shown(change.category, change.day, change.changes):
        with form.refusing():
            made = rules.add_category(form.to_category(rules.book().categories), by=actor())
            rules.add_rule(form.to_request(made.code), by=actor())
            flash(_kept(change), "success")
            return redirect(url_for(".rule_versions", code=made.code), code=303)
    return _rule_page(form, None, change)


def _new_rule(form: CategoryForm) -> RuleChange | None:
    if form.submitted():
        try:
            known = rules.book().categories
            asked = form.to_category(known)
            rules.refuse_taken(asked, known.values())
            return proposals.of_rule(form.to_request(asked.code), category=asked.name, versions=())
        except DomainError as error:
            form.refuse(error)
    return None

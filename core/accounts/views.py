"""Pages: signing in and out, how pages look, one's own account, acting for somebody; for managers accounts and permissions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import login_user, logout_user

from core.accounts import accounts, grants, knock, limits, passwords, signin
from core.accounts.access import NOBODY
from core.accounts.forms import AccountForm, PasswordForm, ResetForm, SignInForm, grants_form
from core.db import Id
from core.errors import DomainError, Invalid
from core.explanations import explain
from core.people import queries as people
from core.web import behalf, replay
from core.web.forms import ActForm
from core.web.guard import public, requires
from core.web.pieces import me
from core.web.request import Visitor, account_id, actor, linli, own_path, reading, writing
from core.web.transactions import runs_in
from core.web.words import LARGE_COOKIE, LOCALE_COOKIE, LOCALES

pages = Blueprint("accounts", __name__)
management = Blueprint("access", __name__)
A_PAGE = 50  # accounts
A_YEAR = 365 * 24 * 3600  # seconds
FOUND_AT_ONCE = 20


def _next() -> str:
    """Where to go after an act that has no page of its own."""
    return own_path(request.form.get("next") or request.args.get("next")) or url_for("home.home")


# --- in and out ----------------------------------------------------------------------------------------------------


@pages.route("/sign-in", methods=["GET", "POST"])
@limits.sign_in
@public
@runs_in("own")
def sign_in() -> ResponseReturnValue:
    """Sign in with user name and password."""
    form = SignInForm()
    if form.submitted():
        try:
            _enter(_verified(form))
        except DomainError as error:
            form.refuse(error)
        else:
            return redirect(_next(), code=303)
    with reading():
        offered = accounts.for_demo() if linli().config.demo else ()
        page = render_template("accounts/sign_in.html", form=form, offered=offered, password=passwords.DEMO)
    return page, form.status


def _verified(form: SignInForm) -> signin.SignedIn:
    with reading():
        asked = knock.find(form.user_name.data or "")
    good = passwords.matches(form.password.data or "", asked.password_hash)
    locale, large = request.cookies.get(LOCALE_COOKIE), request.cookies.get(LARGE_COOKIE)
    with writing():
        found = knock.settle(asked, good=good)
        if found is not None and found.actor.account_id is not None:  # what was chosen on this device goes with them
            chosen = locale if locale in LOCALES else None
            accounts.remember(
                found.actor.account_id, locale=chosen, large_print=None if large is None else large == "1"
            )
    if found is None:  # said only now: the failure has been counted and kept
        raise knock.WrongPassword
    return found


def _enter(found: signin.SignedIn) -> None:
    """A session of its own: nothing of whoever used this browser before goes with it."""
    browser.clear()
    browser.permanent = True
    login_user(Visitor(found))


@pages.post("/sign-out")
@public
@runs_in("own")
def sign_out() -> ResponseReturnValue:
    """Sign out."""
    if ActForm().submitted():
        logout_user()
        browser.clear()
    return redirect(url_for("accounts.sign_in"), code=303)


# --- how pages look ------------------------------------------------------------------------------------------------


@pages.post("/large-print")
@public
def large_print() -> ResponseReturnValue:
    """Large print on or off."""
    large = not me().large
    if ActForm().submitted() and (account := account_id()):
        accounts.remember(account, large_print=large)
    return _with_cookie(LARGE_COOKIE, "1" if large else "0")


@pages.post("/language")
@public
def language() -> ResponseReturnValue:
    """The language of pages."""
    chosen = request.form.get("lang")
    if chosen not in LOCALES:
        return redirect(_next(), code=303)
    if ActForm().submitted() and (account := account_id()):
        accounts.remember(account, locale=chosen)
    return _with_cookie(LOCALE_COOKIE, chosen)


def _with_cookie(name: str, value: str) -> Response:
    answer = make_response(redirect(_next(), code=303))
    answer.set_cookie(name, value, max_age=A_YEAR, samesite="Lax", httponly=True, secure=linli().config.production)
    return answer


# --- one's own account ---------------------------------------------------------------------------------------------


@pages.route("/account", methods=["GET", "POST"])
@requires(None)
@runs_in("own")
def account() -> ResponseReturnValue:
    """Who one is here, and a new password."""
    form = PasswordForm()
    if form.submitted():
        try:
            _change_password(form)
        except DomainError as error:
            form.refuse(error)
        else:
            flash(_("Your new password holds from now on."), "success")
            return redirect(url_for("accounts.account"), code=303)
    with reading():
        mine, holders = accounts.own(_own_id()), people.holders([*actor().holders])
        page = render_template("accounts/account.html", form=form, account=mine, holders=holders.values())
    return page, form.status


def _own_id() -> Id:
    found = account_id()
    assert found is not None  # `requires` let nobody else in
    return found


def _change_password(form: PasswordForm) -> None:
    wanted = form.to_request()
    with reading():
        present = accounts.own(_own_id()).password_hash
    if not passwords.matches(form.present.data or "", present):
        raise Invalid({"present": [explain("wrong_own_password")]})
    made = passwords.hashed(wanted.password)
    with writing():
        by = replace(actor(), on_behalf_of=None)
        changed = signin.signed_in(accounts.set_password(_own_id(), password_hash=made, by=by))
    _enter(changed)  # this session goes on; every other one of the account has ended


# --- for somebody else ---------------------------------------------------------------------------------------------


@pages.get("/behalf")
@requires("core.on_behalf")
def on_behalf() -> ResponseReturnValue:
    """Whom to act for: search, then choose."""
    words = request.args.get("q", "")
    found = people.residents(words, by=replace(actor(), on_behalf_of=None), limit=FOUND_AT_ONCE) if words else ()
    return render_template(
        "accounts/behalf.html", words=words, found=found[:FOUND_AT_ONCE], more=len(found) > FOUND_AT_ONCE
    )


@pages.post("/behalf/<id:resident_id>")
@requires("core.on_behalf")
def begin_behalf(resident_id: Id) -> ResponseReturnValue:
    """Act for a resident from here on."""
    if ActForm().submitted():
        name = behalf.begin(resident_id)
        flash(_("From here on you act for %(name)s. Both names go on record.", name=name), "success")
    return redirect(_next(), code=303)


@pages.post("/behalf/stop")
@public
def stop_behalf() -> ResponseReturnValue:
    """Act for oneself again."""
    if ActForm().submitted() and actor() is not NOBODY:
        behalf.stop()
    return redirect(_next(), code=303)


# --- accounts and permissions, for managers ------------------------------------------------------------------------


@management.get("/accounts")
@requires("core.accounts")
def list_accounts() -> ResponseReturnValue:
    """Who can sign in here."""
    words, after = request.args.get("q", ""), request.args.get("after", "")
    found = accounts.listed(words, by=actor(), limit=A_PAGE, after=after)
    shown = found[:A_PAGE]
    more = url_for("access.list_accounts", q=words, after=shown[-1].user_name) if len(found) > A_PAGE else None
    return render_template("accounts/accounts.html", accounts=shown, words=words, more=more)


@management.route("/accounts/new", methods=["GET", "POST"])
@requires("core.accounts")
@runs_in("own")
def new_account() -> ResponseReturnValue:
    """Make an account."""
    form = AccountForm(resident=request.args.get("resident", ""))
    if form.submitted():
        try:
            return _make_account(form)
        except DomainError as error:
            form.refuse(error)
    with reading():
        return render_template("accounts/new.html", form=form), form.status


def _make_account(form: AccountForm) -> Response:
    with reading():
        resident_id = accounts.resident_named(form.resident.data or "", by=actor())
        wanted = form.to_request(resident_id)
    made = passwords.hashed(wanted.password)

    def act() -> str:
        accounts.create(wanted, password_hash=made, by=actor())
        return _("%(user_name)s can sign in now.", user_name=wanted.user_name)

    return _done_once(act)


def _done_once(act: Callable[[], str]) -> Response:
    """Do what a form asks for once, however often it is sent, and say on the list what it came to.

    Passwords are hashed before: that takes long, and nobody shall wait for the database meanwhile.
    """

    def answer() -> Response:
        flash(act(), "success")
        return make_response(redirect(url_for("access.list_accounts"), code=303))

    with writing():
        return replay.once(answer)


@management.route("/accounts/<id:other_id>/password", methods=["GET", "POST"])
@requires("core.accounts")
@runs_in("own")
def reset_password(other_id: Id) -> ResponseReturnValue:
    """Set a new password for somebody who forgot theirs."""
    form = ResetForm()
    with reading():
        user_name = accounts.known(other_id, by=actor()).user_name
    if form.submitted():
        try:
            return _reset(form, other_id)
        except DomainError as error:
            form.refuse(error)
    with reading():
        return render_template("accounts/password.html", form=form, user_name=user_name), form.status


def _reset(form: ResetForm, other_id: Id) -> Response:
    made = passwords.hashed(form.to_request().password)

    def act() -> str:
        changed = accounts.set_password(other_id, password_hash=made, by=actor())
        return _("The new password of %(user_name)s holds from now on.", user_name=changed.user_name)

    return _done_once(act)


@management.route("/permissions", methods=["GET", "POST"])
@requires("core.grants")
def permissions() -> ResponseReturnValue:
    """Who may do what."""
    sections = grants.sections()
    form = grants_form([right for section in sections for right in section.rights])
    if form.submitted():
        with form.refusing():
            wanted = {(name, role): reach for field, reach in form.data.items() for name, role in [field.split()]}
            changed = grants.change(wanted, by=actor())
            flash(ngettext("%(num)d permission changed.", "%(num)d permissions changed.", changed), "success")
            return redirect(url_for("access.permissions"), code=303)
    return render_template("accounts/permissions.html", form=form, sections=sections), form.status

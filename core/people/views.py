"""Pages of people: residents, groups, who is in them, search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts import access
from core.contract import NavItem
from core.db import Id
from core.errors import DomainError
from core.people import closed, dissolving, groups, members, merging, queries, residents
from core.people.forms import DissolutionForm, GroupForm, MemberForm, MergingForm, ResidentForm, kind_name
from core.people.models import Group
from core.people.queries import READ
from core.plugins import here
from core.web.forms import Form
from core.web.guard import requires
from core.web.pieces import CORE_MENU, holder_panels
from core.web.request import actor

pages = Blueprint("people", __name__)
EDIT = "core.people.edit"
LINES = 50  # of a list on one page
FOUND = 20  # of each kind on the search page


def menu_entry() -> NavItem | None:
    """The entry of the main menu, for those who may see everybody."""
    if access.reach(actor(), READ) != "all":
        return None
    return NavItem(label=_("Residents and groups"), endpoint="people.list_groups", order=30, icon="users")


CORE_MENU.append(menu_entry)


def _more(found: Sequence[Any], limit: int = LINES) -> str | None:
    """The address of what follows, if something does."""
    if len(found) <= limit:
        return None
    return url_for(str(request.endpoint), q=request.args.get("q", ""), cursor=found[limit - 1].id)


# --- residents -----------------------------------------------------------------------------------------------------


@pages.get("/residents")
@requires(READ)
def list_residents() -> str:
    """Residents by their initials, with a search."""
    words = request.args.get("q", "")
    found = queries.residents(words, by=actor(), limit=LINES, cursor=request.args.get("cursor"))
    return render_template("people/residents.html", residents=found[:LINES], words=words, next_url=_more(found))


@pages.route("/residents/new", methods=["GET", "POST"])
@requires(EDIT)
def new_resident() -> ResponseReturnValue:
    """Enter a resident."""
    form = ResidentForm()
    if form.submitted():
        with form.refusing():
            resident = residents.create(form.to_request(), by=actor())
            flash(_("%(name)s has been entered.", name=resident.name), "success")
            return redirect(url_for(".resident", resident_id=resident.id), code=303)
    return render_template("people/resident_form.html", form=form, resident=None), form.status


@pages.get("/residents/<id:resident_id>")
@requires(READ)
def resident(resident_id: Id) -> str:
    """What is known of a resident: facts, groups, and what plugins know."""
    found = queries.resident(resident_id, by=actor())
    return render_template(
        "people/resident.html",
        resident=found,
        belongings=queries.belongings(resident_id),
        today=here().today(),
        panels=holder_panels(found.holder.value()),
    )


@pages.route("/residents/<id:resident_id>/edit", methods=["GET", "POST"])
@requires(EDIT)
def edit_resident(resident_id: Id) -> ResponseReturnValue:
    """Change what is known of a resident."""
    found = queries.resident(resident_id, by=actor())
    form = ResidentForm(data={"name": found.name, "telephone": found.telephone, "born_on": found.born_on})
    if form.submitted():
        with form.refusing():
            residents.edit(resident_id, form.to_request(), by=actor())
            flash(_("The changes have been kept."), "success")
            return redirect(url_for(".resident", resident_id=resident_id), code=303)
    return render_template("people/resident_form.html", form=form, resident=found), form.status


# --- groups --------------------------------------------------------------------------------------------------------


@pages.get("/groups")
@requires(READ)
def list_groups() -> str:
    """Groups with how many are in them and who leads."""
    words = request.args.get("q", "")
    found = queries.groups(words, by=actor(), limit=LINES, cursor=request.args.get("cursor"))
    shown = found[:LINES]
    people = queries.people_of([group.id for group in shown])
    return render_template(
        "people/groups.html", groups=shown, people=people, kind_name=kind_name, words=words, next_url=_more(found)
    )


@pages.route("/groups/new", methods=["GET", "POST"])
@requires(EDIT)
def new_group() -> ResponseReturnValue:
    """Enter a group."""
    form = GroupForm.of()
    if form.submitted():
        with form.refusing():
            group = groups.create(form.to_request(), by=actor())
            flash(_("%(name)s has been entered. Now say who is in it.", name=group.name), "success")
            return redirect(url_for(".group", group_id=group.id), code=303)
    return render_template("people/group_form.html", form=form, group=None), form.status


@pages.get("/groups/<id:group_id>")
@requires(READ)
def group(group_id: Id) -> str:
    """A group: who is in it, and what plugins know."""
    found = queries.group(group_id, by=actor())
    seen = request.args.get("cursor")
    in_it = queries.members(group_id, by=actor(), limit=LINES, cursor=seen)
    more = url_for(".group", group_id=group_id, cursor=int(seen or 0) + LINES) if len(in_it) > LINES else None
    return render_template(
        "people/group.html",
        group=found,
        members=in_it[:LINES],
        count=queries.people_of([group_id])[group_id].count,
        kind=kind_name(found.kind),
        today=here().today(),
        next_url=more,
        gone=closed.words([group_id]).get(group_id),
        panels=holder_panels(found.holder.value()),
    )


@pages.route("/groups/<id:group_id>/edit", methods=["GET", "POST"])
@requires(EDIT)
def edit_group(group_id: Id) -> ResponseReturnValue:
    """Change a group's name and kind."""
    found = queries.group(group_id, by=actor())
    form = GroupForm.of(found)
    if form.submitted():
        with form.refusing():
            groups.edit(group_id, form.to_request(), by=actor())
            flash(_("The changes have been kept."), "success")
            return redirect(url_for(".group", group_id=group_id), code=303)
    return render_template("people/group_form.html", form=form, group=found), form.status


@pages.route("/groups/<id:group_id>/members/new", methods=["GET", "POST"])
@requires(EDIT)
def new_member(group_id: Id) -> ResponseReturnValue:
    """Find a resident and take them into a group, or change what they are in it."""
    found = queries.group(group_id, by=actor())
    words = request.values.get("q", "")
    form = MemberForm(data={"q": words, "from_day": here().today(), "role": "member"})
    offered = queries.residents(words, by=actor(), limit=FOUND)
    form.offer(offered[:FOUND])
    if form.submitted():
        with form.refusing():
            member = members.add(group_id, form.to_request(), by=actor())
            flash(_("%(name)s is in %(group)s now.", name=member.name, group=found.name), "success")
            return redirect(url_for(".group", group_id=group_id), code=303)
    more = len(offered) > FOUND
    return render_template("people/member_form.html", form=form, group=found, words=words, more=more), form.status


@pages.post("/groups/<id:group_id>/members/<id:resident_id>/removal")
@requires(EDIT)
def remove_member(group_id: Id, resident_id: Id) -> ResponseReturnValue:
    """Let a resident leave a group."""
    members.remove(group_id, resident_id, by=actor())
    flash(_("Not in the group any more from today on."), "success")
    return redirect(url_for(".group", group_id=group_id), code=303)


@pages.route("/groups/<id:group_id>/merging", methods=["GET", "POST"])
@requires(merging.CLOSE)
def merge_group(group_id: Id) -> ResponseReturnValue:
    """Choose the group that goes on (`?q=`, `?into=`), see what moves, and merge."""
    found = queries.group(group_id, by=actor())
    words = request.values.get("q", "")
    form = MergingForm(data={"into_id": request.args.get("into", "")})
    if form.submitted():
        with form.refusing():
            wish = form.to_request()
            merging.merge(group_id, wish, by=actor())
            flash(_("%(name)s has been merged: this group goes on.", name=found.name), "success")
            return redirect(url_for(".group", group_id=wish.into_id), code=303)
    others = [group for group in queries.groups(words, by=actor(), limit=FOUND + 1) if group.id != group_id]
    return _closing_page(
        "people/group_merging.html",
        found,
        form,
        kept=_chosen(form),
        words=words,
        others=others[:FOUND],
        more=len(others) > FOUND,
        kind_name=kind_name,
    )


def _chosen(form: MergingForm) -> Group | None:
    """The group that is to go on; None as long as none is chosen."""
    try:
        return queries.group(form.to_request().into_id, by=actor())
    except DomainError:
        return None


@pages.route("/groups/<id:group_id>/dissolution", methods=["GET", "POST"])
@requires(merging.CLOSE)
def dissolve_group(group_id: Id) -> ResponseReturnValue:
    """See what dissolving takes away, and dissolve."""
    found = queries.group(group_id, by=actor())
    form = DissolutionForm()
    if form.submitted():
        with form.refusing():
            dissolving.dissolve(group_id, form.to_request(), by=actor())
            flash(_("%(name)s has been dissolved.", name=found.name), "success")
            return redirect(url_for(".group", group_id=group_id), code=303)
    return _closing_page("people/group_dissolution.html", found, form)


def _closing_page(template: str, group: Group, form: Form, **more: Any) -> ResponseReturnValue:
    """What a group is and has, before it is no more."""
    page = render_template(
        template,
        group=group,
        form=form,
        count=queries.people_of([group.id])[group.id].count,
        gone=closed.words([group.id]).get(group.id),
        panels=holder_panels(group.holder.value()),
        **more,
    )
    return page, form.status


# --- search --------------------------------------------------------------------------------------------------------


@pages.get("/search")
@requires(READ)
def search() -> str:
    """Residents and groups by words, initials in pinyin, or the end of a telephone number."""
    words = request.args.get("q", "").strip()
    found: dict[str, Callable[..., Sequence[Any]]] = {"groups": queries.groups, "residents": queries.residents}
    lists = {name: look(words, by=actor(), limit=FOUND) if words else [] for name, look in found.items()}
    return render_template("people/search.html", words=words, most=FOUND, kind_name=kind_name, **lists)

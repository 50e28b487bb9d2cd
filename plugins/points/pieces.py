"""What points adds to other pages: an entry of the menu, cards of the home page, a panel about a holder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _

from core.accounts import access
from core.accounts.signin import is_staff
from core.communities import policy
from core.contract import Actor, Holder, HolderKind, NavItem, Piece
from core.plugins import here
from core.web.periods import between
from core.web.words import say_code
from plugins.points import figures, queries, standing, terms
from plugins.points.policy import PointsPolicy

GIVE = "points.give"
SHOWN = 3  # groups on the home page of the staff
MENU, GROUP_CARD, MONTH_CARD, PANEL, OBJECTED, POSTED = 20, 20, 10, 20, 1, 2


def navigation(actor: Actor) -> Sequence[NavItem]:
    """The entry of the main menu; for strangers it leads to what everybody may read."""
    if actor is access.NOBODY:
        rules = policy.at(PointsPolicy, here().today())
        pages = {
            "posting": rules.public_posting,
            "ranking": rules.public_ranking,
            "rulebook": rules.public_rules,
        }
        shown = next((page for page, is_open in pages.items() if is_open), None)
        if shown is None:
            return []
        return [NavItem(label=_("Points in public"), endpoint=f"points.{shown}", order=MENU, icon="star")]
    if access.reach(actor, queries.READ) is None:
        return []
    return [NavItem(label=_("Points"), endpoint="points.overview", order=MENU, icon="star")]


def home_cards(actor: Actor) -> Iterator[Piece]:
    """For staff this month's points; for residents those of the groups they are in."""
    if is_staff(actor) and access.reach(actor, queries.READ) == "all":
        yield _month()
        yield from _posted()
    elif actor.resident_id is not None:
        found = queries.groups_with_offers(actor.resident_id)
        groups = [holder.value() for holder, _offers in found]
        may_read = access.reach(actor, queries.READ) is not None
        for number, card in enumerate(_cards(groups)):
            card["may_read"] = may_read
            card["offers"] = found[number][1] if access.allows(actor, GIVE, groups[number].id) else 0
            yield Piece(template="points/home_group.html", context=card, order=GROUP_CARD + number)


def holder_panels(holder: Holder, actor: Actor) -> Iterator[Piece]:
    """What a group or resident has, for those who may see it."""
    if queries.may_read(actor, holder.id):
        [card] = _cards([holder])
        yield Piece(template="points/home_group.html", context=card, order=PANEL, aside=True)


def _month() -> Piece:
    today = here().today()
    first = today.replace(day=1)
    earned = queries.earned_between(first, today)
    _groups, moved = figures.together(first, today, HolderKind.GROUP)
    others = earned[SHOWN:]
    context = {
        "month": between(first, today),
        "earned": sum(points for _id, _name, points in earned),
        "spent": -moved.spent,
        "top": earned[:SHOWN],
        "others": others,
        "others_points": sum(points for _id, _name, points in others),
    }
    return Piece(template="points/home_month.html", context=context, order=MONTH_CARD, aside=True)


def _posted() -> Iterator[Piece]:
    posted, next_on, objected = queries.waiting()
    if objected:
        yield Piece(template="points/home_objected.html", context={"objected": objected}, order=OBJECTED, waits=1)
    if posted:
        context: dict[str, object] = {"posted": posted, "next_on": max(next_on or here().today(), here().today())}
        yield Piece(template="points/home_posted.html", context=context, order=POSTED, waits=1)


def _cards(holders: Sequence[Holder]) -> list[dict[str, object]]:
    """The context of a card for each holder, in two statements for all of them."""
    ids = [holder.id for holder in holders]
    if not ids:
        return []
    today = here().today()
    found, stood, rules = queries.figures(ids), standing.of(ids, day=today), policy.at(PointsPolicy, today)
    return [_card(holder, found[holder.id], stood[holder.id], rules) for holder in holders]


def _card(holder: Holder, found: queries.Figures, stood: standing.Standing, rules: PointsPolicy) -> dict[str, object]:
    group = holder.kind is HolderKind.GROUP
    goal = (rules.standing.above(stood.earned) or rules.standing.of(stood.earned)) if group else None
    why = terms.why(stood, rules) if group else ()
    return {
        "holder": holder,
        "may_read": True,
        "offers": 0,
        "figures": found,
        "standing": stood,
        "goal": goal and goal.points,
        "goal_tier": goal and say_code(f"tier.{goal.tier}"),
        "why": [reason for reason in why if reason.code != "points_tier_gives"],
        "gives": next((reason for reason in why if reason.code == "points_tier_gives"), None),
    }

"""The words of points: code → sentence, for refusals, reasons and lines of a statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from core.web.words import minutes
from plugins.points import changes, wording


def _earned(facts: Mapping[str, Any]) -> str:
    return gettext("%(category)s, %(day)s", category=facts["category"], day=facts["day"])


def _gives(facts: Mapping[str, Any]) -> str:
    days = ngettext("%(num)d day", "%(num)d days", facts["early_days"])
    return gettext(
        "Tier %(tier)s: book %(days)s ahead, stay up to %(minutes)d minutes longer for points.",
        tier=facts["tier"],
        days=days,
        minutes=facts["minutes"],
    )


def _not_enough(facts: Mapping[str, Any]) -> str:
    """Said of prices, gifts, corrections and whatever else takes points."""
    price, available = facts["price"], facts["available"]
    if available < 0:
        return ngettext(
            "This takes %(num)d point, but %(owed)d are owed: what is earned next repays that first.",
            "This takes %(num)d points, but %(owed)d are owed: what is earned next repays that first.",
            price,
            owed=-available,
        )
    return ngettext(
        "This takes %(num)d point; %(available)d are there to spend.",
        "This takes %(num)d points; %(available)d are there to spend.",
        price,
        available=available,
    )


def _recorded_before(facts: Mapping[str, Any]) -> str:
    acts = facts["acts"]
    return gettext(
        "Already recorded on %(at)s by %(name)s: %(category)s, %(day)s, %(amount)s.",
        at=facts["at"],
        name=facts["name"],
        category=facts["category"],
        day=facts["day"],
        amount=ngettext("%(num)d time", "%(num)d times", acts) if acts else minutes(facts["minutes"]),
    )


def _expire_soon(facts: Mapping[str, Any]) -> str:
    return ngettext(
        "At the end of %(day)s %(num)d point of %(holder)s expires unless it is spent before.",
        "At the end of %(day)s %(num)d points of %(holder)s expire unless they are spent before.",
        facts["points"],
        day=facts["day"],
        holder=facts["holder"],
    )


def _figure(name: str) -> Callable[[Mapping[str, Any]], str]:
    """A figure of the policy or of a rule as the audit keeps it, which is text, in words."""

    def said(facts: Mapping[str, Any]) -> str:
        kept = facts["value"]
        return wording.said(name, {"yes": True, "no": False}.get(kept, int(kept) if kept.isdecimal() else kept))

    return said


SENTENCES: Mapping[str, Any] = {
    **wording.SENTENCES,
    # refusals
    "not_enough_points": _not_enough,
    "points_category_named": _l("There is a category called %(name)s already. Take another name."),
    "points_category_exists": _l("There is a category %(category)s already. Take another code."),
    # faults of fields
    "points_one_amount": _l("Give the number of acts or the minutes, not both."),
    "points_recorded_before": _recorded_before,
    "points_same_line": _l("Line %(line)d says the same."),
    "points_no_number": _l("Enter a number for at least one of them."),
    "points_how_many": _l("Send at least one, at most %(most)d at once."),
    "points_bad_code": _l("A code is small letters, digits and _, beginning with a letter, at most 40."),
    "points_not_quarters": _l("Take a multiple of 15 minutes."),
    "points_tiers_order": _l("Bronze, silver and gold come in this order, each once."),
    "points_weekday": _l("A weekday is a number from 0 (Monday) to 6 (Sunday)."),
    "points_hours_order": _l("The end must be later than the beginning, at most 24:00."),
    "points_hold_past": _l("This moment is over. Choose one that is still to come."),
    "points_centre_earns_nothing": _l("The centre itself earns no points. Choose a group or a resident."),
    "points_future_day": _l("%(day)s is still to come. Record what has happened."),
    "points_unknown_category": _l("There is no category %(category)s."),
    "points_no_rule": _l(
        "%(category)s has no award rule on %(day)s. Choose another day, or let the manager make a rule."
    ),
    "points_wants_acts": _l("%(category)s is counted per act: give a number of acts, not minutes."),
    "points_wants_minutes": _l("%(category)s is counted per hour: give minutes, not acts."),
    "points_unknown_holder": _l(
        "Neither a group nor a resident is called %(name)s. Enter them first, or look at the spelling."
    ),
    "points_several_holders": _l("Several residents are called %(name)s. Give the number of one."),
    "points_several_groups": _l(
        "A group and others are called %(name)s. For a resident, give the resident's number; "
        "a group can be told apart once it has a name of its own."
    ),
    "points_only_groups_share": _l("Only what a group did can be shared among members. Leave the members out."),
    "points_no_member": _l(
        "%(name)s was no member of %(group)s on %(day)s. Leave this name out, or mend the membership."
    ),
    "points_wants_evidence": _l(
        "This was more than %(days)d days ago. Enter the number of the paper on which it was written down."
    ),
    "points_not_zero": _l("Enter how many points to add, or with a minus sign how many to take away."),
    "points_gift_to_itself": _l("A group cannot give points to itself. Choose another group."),
    "points_not_a_moment": _l("Enter a day like 2026-03-02 and, if you want, a time like 14:30."),
    "points_future_moment": _l("This moment is still to come. Choose one that is over, or leave it out."),
    # objections, corrections, gifts
    "points_too_late_to_object": _l("These points count already, so it is too late to object. Speak to the staff."),
    "points_objected_before": _l("You have objected to this already. The staff will decide."),
    "points_gifts_not_allowed": _l("Groups give one another no points here. The manager may allow it in the policy."),
    "points_gift_cap": _l(
        "A group may give at most %(cap)d points a month; %(given)d were given, so %(points)d more are too many."
    ),
    "points_gift_needs_two": _l(
        "You offered this gift, so you cannot accept it too. The other group's leader accepts, or somebody for them."
    ),
    "points_final": _l("This takes something back already, and stays. If it was wrong, correct the account."),
    "points_gift_not_a_group": _l("Only groups that exist give and get points. Choose a group."),
    "points_gift_offered": _l("%(giver)s offers %(receiver)s %(points)d points. They move when you accept them."),
    "points_gift_accepted": _l("%(receiver)s has accepted %(points)d points."),
    "points_objection_upheld": _l(
        "Your objection to %(category)s of %(name)s on %(day)s was right: it is withdrawn. %(note)s"
    ),
    "points_objection_dismissed": _l(
        "Your objection to %(category)s of %(name)s on %(day)s was looked at; it was right as recorded. %(note)s"
    ),
    # what an award comes from
    "award_acts": _l("%(acts)d × %(each)d points = %(points)d."),
    "award_minutes": _l("%(minutes)d minutes, %(each)d points an hour, rounded down = %(points)d."),
    "award_day_cap": _l("At most %(cap)d points a day for this, %(used)d are there: %(points)d instead of %(wanted)d."),
    "award_month_cap": _l(
        "At most %(cap)d points a month for this, %(used)d are there: %(points)d instead of %(wanted)d."
    ),
    "award_resident_cap": _l(
        "At most %(cap)d points a day for one resident, %(used)d are there: %(points)d instead of %(wanted)d."
    ),
    "award_share": _l("A member's share, %(percent)d %% of %(whole)d points = %(points)d."),
    "award_no_rule": _l("%(category)s had no award rule on %(day)s: no points."),
    # lines of a statement
    "points_earned": _earned,
    "points_earned_note": _l("%(category)s, %(day)s: %(note)s"),
    "points_withdrawn": _l("Withdrawn: %(category)s, %(day)s. %(why)s"),
    "points_reversed": _l("Taken back, “%(points_kind)s” of %(day)s: %(why)s"),
    "points_corrected": _l("Correction by %(name)s: %(why)s"),
    "points_gift": _l("A gift of %(giver)s to %(receiver)s"),
    "points_gift_why": _l("A gift of %(giver)s to %(receiver)s: %(why)s"),
    "points_moved_on": _l("%(merged)s goes on as %(kept)s: all its points move"),
    "points_moved_treasury": _l("%(name)s was dissolved: what it had goes to the centre"),
    "points_expired": _l("Expired at the end of %(day)s"),
    "points_typed": _l("%(words)s"),
    "points_kind.earned": _l("earned"),
    "points_kind.spent": _l("spent"),
    "points_kind.expired": _l("expired"),
    "points_kind.withdrawn": _l("withdrawn"),
    "points_kind.reversed": _l("taken back"),
    "points_kind.corrected": _l("corrected"),
    "points_kind.given": _l("given"),
    "points_kind.moved": _l("moved"),
    "points_too_many_lines": _l("More than %(most)d lines at once. Choose a shorter period."),
    "points_period_order": _l("The last day lies before the first. Change one of them."),
    # signed copies
    "points_copy_too_large": _l("This is larger than %(most_mb)d MB: no copy of a statement is."),
    "points_copy_unreadable": _l(
        "This is no signed copy: it cannot be read. Send the file as it was taken, or paste everything that stands in it."
    ),
    "points_copy_no_statement": _l("This is not a signed copy of a statement of points."),
    "points_copy_elsewhere": _l(
        "This names another community as the one that issued it. Check it on that community's own page."
    ),
    "points_copy_changed": _l(
        "Not genuine: this was not issued here as it stands. Something in it was changed after it was issued, "
        "or it is older than the key with which the centre signs now. Ask its holder for a fresh copy."
    ),
    "points_copy_genuine": _l("Genuine: this was issued here, and nothing in it has been changed since."),
    # standing
    "points_tier": _l("Tier %(tier)s needs %(needed)d points earned in %(days)d days; %(earned)d were earned."),
    "points_tier_per_member": _l(
        "Tier %(tier)s needs %(needed)d points per member earned in %(days)d days; %(earned)d were earned."
    ),
    "points_no_tier": _l(
        "No tier yet: tier %(tier)s needs %(needed)d points earned in %(days)d days; %(earned)d were earned."
    ),
    "points_no_tier_per_member": _l(
        "No tier yet: tier %(tier)s needs %(needed)d points per member earned in %(days)d days; %(earned)d were earned."
    ),
    "points_tier_gives": _gives,
    # what will change by itself: on the account's page, and as notices
    "points_grow_old": _l(
        "On %(day)s, %(leave)d points of %(holder)s are older than %(days)d days: %(earned)d remain, %(tier)s."
    ),
    "points_grow_old_unless": _l(
        "On %(day)s, %(leave)d points of %(holder)s are older than %(days)d days: %(earned)d remain, %(tier)s, "
        "unless %(missing)d more are earned."
    ),
    "points_per_member_change": _l("On %(day)s the points per member of %(holder)s become %(earned)d: %(tier)s."),
    "points_per_member_change_unless": _l(
        "On %(day)s the points per member of %(holder)s become %(earned)d: %(tier)s, "
        "unless %(missing)d more per member are earned."
    ),
    "points_expire_soon": _expire_soon,
    "tier.none": _l("no tier"),
    "tier.bronze": _l("bronze"),
    "tier.silver": _l("silver"),
    "tier.gold": _l("gold"),
    # states
    "contribution.posted": _l("posted"),
    "contribution.objected": _l("objected to"),
    "contribution.credited": _l("credited"),
    "contribution.withdrawn": _l("withdrawn"),
    "state.posted": _l("posted"),
    "state.objected": _l("objected to"),
    "state.credited": _l("credited"),
    "state.withdrawn": _l("withdrawn"),
    "points_account.issue": _l("The community gives"),
    "points_account.spent": _l("Spent on rooms"),
    "points_account.expired": _l("Expired"),
    "points_gift_state.offered": _l("waits for an answer"),
    "points_gift_state.accepted": _l("accepted"),
    "points_gift_state.declined": _l("declined"),
    "points_gift_state.taken_back": _l("offer taken back"),
    # acts of the audit
    "act.points.award": _l("Recorded contributions"),
    "act.points.withdraw": _l("Withdrew a contribution"),
    "act.points.object": _l("Objected to a contribution"),
    "act.points.decide": _l("Decided on objections"),
    "act.points.reverse": _l("Took back a transfer"),
    "act.points.correct": _l("Corrected an account"),
    "act.points.gift_offered": _l("Offered points to another group"),
    "act.points.gift_accepted": _l("Accepted points of another group"),
    "act.points.gift_declined": _l("Declined points of another group"),
    "act.points.gift_taken_back": _l("Took back an offer of points"),
    "act.points.hold": _l("Set points aside"),
    "act.points.capture": _l("Took points that were set aside"),
    "act.points.release": _l("Gave back points that were set aside"),
    "act.points.category": _l("Made a category"),
    "act.points.rule": _l("Changed an award rule"),
    "act.points.policy": _l("Changed the policy of points"),
    "act.points.rule_taken_back": _l("Took back a planned award rule"),
    "act.points.policy_taken_back": _l("Took back a planned policy of points"),
    **{f"value.{name}": _figure(name) for name in (*changes.ORDER, "per", "member_share", "daily_cap", "monthly_cap")},
    # what `linli check` finds
    "points_check_l1": _l("L1: the lines of transfer %(transfer)s sum to %(points)d, not 0."),
    "points_check_l2": _l("L2: account %(account)s says %(balance)d, its lines %(lines)d."),
    "points_check_l3": _l("L3: account %(account)s has %(available)d to spend, and nothing of it was withdrawn."),
    "points_check_l5": _l("L5: account %(account)s says %(held)d held, its holds %(holds)d."),
    "points_check_hold": _l("L5: hold %(hold)s has more set aside than it holds."),
    "points_check_spent": _l("L5: holds say %(captured)d captured, the ledger %(spent)d."),
    "points_check_l6": _l("L6: of transfer %(transfer)s %(points)d points were taken back; it moved %(whole)d."),
    "points_check_l6_again": _l("L6: transfer %(transfer)s takes back what was itself a taking back."),
    "points_check_l7": _l("L7: account %(account)s says %(balance)d, its lots %(lots)d."),
    "points_check_lot": _l("L7: lot %(lot)s does not add up."),
    "points_check_aside": _l("L7: account %(account)s says %(held)d held, its lots %(aside)d set aside."),
    "points_check_uses": _l("L7: transfer %(transfer)s does not fit the lots it used and made."),
    "points_check_dates": _l("Transfer %(transfer)s and its lines have different moments."),
    "points_check_parts": _l("L5: the captures and releases of hold %(hold)s do not sum to what it says."),
    "points_check_award": _l("L6: an award of contribution %(contribution)s is not what was moved for it."),
    "points_check_gift": _l("Gift %(gift)s is not what was moved for it."),
    "points_check_given": _l("Transfer %(transfer)s moved a gift that nobody agreed to."),
    "points_check_states": _l("Contribution %(contribution)s and its awards are in different states."),
}

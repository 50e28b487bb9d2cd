"""REST of points: each operation loads, calls the rule that the page calls too, and dumps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint

from core.accounts import accounts, limits
from core.communities import policy
from core.db import Id
from core.faults import seen
from core.plugins import here
from core.web.api import ListQuery, operation, page_of
from core.web.request import actor, linli
from core.web.transactions import runs_in
from core.web.words import say
from plugins.points import (
    awards,
    copies,
    corrections,
    gifts,
    holds,
    ledger,
    objections,
    past,
    queries,
    reversals,
    rules,
    statements,
    terms,
    transfers,
    withdrawal,
)
from plugins.points.act_schemas import (
    AccountQuery,
    CorrectionIn,
    DecisionIn,
    GiftIn,
    GiftOut,
    GiftsQuery,
    ObjectionIn,
    ObjectionOut,
    ReversalIn,
    TransferOut,
)
from plugins.points.models import Category, Contribution, Gift, Hold, Kind, Objection, Rule
from plugins.points.policy import PointsPolicy
from plugins.points.requests import (
    CategoryRequest,
    ContributionRequest,
    CorrectionRequest,
    DecisionRequest,
    GiftRequest,
    HoldRequest,
    ObjectionRequest,
    PartRequest,
    PolicyRequest,
    ReversalRequest,
    RuleRequest,
    WithdrawalRequest,
)
from plugins.points.schemas import (
    AccountOut,
    AccountsQuery,
    BatchIn,
    BatchOut,
    CategorySchema,
    ContributionIn,
    ContributionOut,
    ContributionsQuery,
    HoldIn,
    HoldOut,
    PartIn,
    PeriodQuery,
    PlanQuery,
    PolicyIn,
    PolicyKeptOut,
    PolicyOut,
    PolicyQuery,
    RuleIn,
    RuleOut,
    RulesQuery,
    WithdrawalIn,
)
from plugins.points.statement_schemas import CopyOut, StatementOut, StatementQuery, VerdictOut, VerificationIn
from plugins.points.statements import Wanted

api = Blueprint("points_api", __name__)
READ, AWARD, HOLD, POLICY = "points.read", "points.award", "points.hold", "points.policy"


# --- categories, rules, policy -------------------------------------------------------------------------------------


@api.get("/categories")
@operation(query=ListQuery, gives=CategorySchema, lists=True)
def list_categories(query: dict[str, Any]) -> dict[str, Any]:
    """Categories by code."""
    begins = seen(query["cursor"])
    found = queries.categories(limit=query["limit"], seen=begins)
    return page_of(found, query["limit"], lambda _item: str(begins + query["limit"]))


@api.post("/categories")
@operation(needs=POLICY, body=CategorySchema, gives=CategorySchema, status=201)
def create_category(body: CategoryRequest) -> Category:
    """Make a category; it earns nothing until it has a rule."""
    return rules.add_category(body, by=actor())


@api.get("/rules")
@operation(query=RulesQuery, gives=RuleOut, lists=True)
def list_rules(query: dict[str, Any]) -> dict[str, Any]:
    """Versions of award rules but those taken back, by category and then the latest first."""
    begins = seen(query["cursor"])
    found = queries.rules(category=query["category"], limit=query["limit"], seen=begins)
    page = page_of(found, query["limit"], lambda _item: str(begins + query["limit"]))
    return page | {"items": _rules(page["items"])}


@api.post("/rules")
@operation(needs=POLICY, body=RuleIn, gives=RuleOut, status=201)
def create_rule(body: RuleRequest) -> dict[str, Any]:
    """A new version of a category's rule, in force from its day on for what is recorded afterwards."""
    return _rules([rules.add_rule(body, by=actor())])[0]


@api.delete("/rules/<id:rule_id>")
@operation(needs=POLICY)
def take_back_rule(rule_id: Id) -> None:
    """Take back a version before its day comes; twice is once. 409 once it is in force."""
    rules.take_back_rule(rule_id, by=actor())


def _rules(found: Sequence[Rule]) -> list[dict[str, Any]]:
    """Rules with the names of those who recorded them."""
    names = accounts.names(rule.account_id for rule in found)
    told = set(RuleOut().fields) - {"recorded_at", "recorded_by"}
    return [
        {name: getattr(rule, name) for name in told}
        | {"recorded_at": rule.at, "recorded_by": names.get(rule.account_id)}
        for rule in found
    ]


@api.get("/policy")
@operation(query=PolicyQuery, gives=PolicyOut)
def get_policy(query: dict[str, Any]) -> dict[str, Any]:
    """The policy of today, or of the day `on`."""
    valid_from, found = policy.version_at(PointsPolicy, query["on"] or here().today())
    return _policy(found, valid_from)


@api.put("/policy")
@operation(needs=POLICY, body=PolicyIn, gives=PolicyKeptOut)
def put_policy(body: PolicyRequest) -> dict[str, Any]:
    """A new version of the policy; with `valid_from` absent or not after today in force at once.

    What holds on that day already makes no version; `explanation` says so, and which changes a later version ends.
    """
    new = rules.completed(body)
    kept = rules.put_policy(new, valid_from=body.valid_from, by=actor())
    said = {"explanation": kept.explanation} if kept.explanation else {}
    return _policy(kept.policy, kept.valid_from) | said


@api.delete("/policy")
@operation(needs=POLICY, query=PlanQuery)
def take_back_policy(query: dict[str, Any]) -> None:
    """Take back what is to take effect on a day to come; twice is once. 409 once it is in force."""
    rules.take_back_policy(query["valid_from"], by=actor())


def _policy(found: PointsPolicy, valid_from: date | None) -> dict[str, Any]:
    return {name: getattr(found, name) for name in PointsPolicy.__dataclass_fields__} | {"valid_from": valid_from}


# --- contributions -------------------------------------------------------------------------------------------------


@api.get("/contributions")
@operation(needs=READ, query=ContributionsQuery, gives=ContributionOut, lists=True)
def list_contributions(query: dict[str, Any]) -> dict[str, Any]:
    """Contributions, the latest day first; those who may only see their own get their own."""
    limit, cursor, state = query.pop("limit"), query.pop("cursor"), query.pop("state")
    wanted = queries.ContributionFilter(**query, states=[state] if state else ())
    found = queries.contributions(wanted, by=actor(), limit=limit, cursor=cursor)
    return page_of(found, limit, lambda contribution: str(contribution.id))


@api.post("/contributions")
@operation(needs=AWARD, body=ContributionIn, gives=ContributionOut, status=201)
def create_contribution(body: ContributionRequest) -> Contribution:
    """Record a contribution. The same twice is two, for it may have happened twice: send an `Idempotency-Key`, or look before."""
    return awards.record(body, by=actor())


@api.post("/contributions/batch")
@operation(needs=AWARD, body=BatchIn, gives=BatchOut, status=201)
def create_contributions(body: list[ContributionRequest]) -> dict[str, Any]:
    """Record many contributions, all or none; faults are keyed `items.3.acts`."""
    made = awards.record_many(body, by=actor())
    return {"items": queries.with_awards(made.ids)}


@api.get("/contributions/<id:contribution_id>")
@operation(needs=READ, gives=ContributionOut)
def get_contribution(contribution_id: Id) -> Contribution:
    """One contribution."""
    return queries.contribution(contribution_id, by=actor())


@api.post("/contributions/<id:contribution_id>/withdrawal")
@operation(needs="points.withdraw", body=WithdrawalIn, gives=ContributionOut, status=201)
def withdraw(contribution_id: Id, body: WithdrawalRequest) -> Contribution:
    """Take a contribution back, with everything it gave."""
    return withdrawal.withdraw(contribution_id, body, by=actor())


@api.get("/contributions/<id:contribution_id>/objections")
@operation(needs=READ, query=ListQuery, gives=ObjectionOut, lists=True)
def list_objections(contribution_id: Id, query: dict[str, Any]) -> dict[str, Any]:
    """What was said against a contribution, and the answers, the first first."""
    queries.contribution(contribution_id, by=actor())
    begins = seen(query["cursor"])
    found = objections.of(contribution_id)[begins : begins + query["limit"] + 1]
    return page_of(found, query["limit"], lambda _item: str(begins + query["limit"]))


@api.post("/contributions/<id:contribution_id>/objection")
@operation(needs="points.object", body=ObjectionIn, gives=ObjectionOut, status=201)
def object_to(contribution_id: Id, body: ObjectionRequest) -> Objection:
    """Object to a contribution that is posted, once a person."""
    return objections.object_to(contribution_id, body, by=actor())


@api.post("/contributions/<id:contribution_id>/decision")
@operation(needs="points.decide", body=DecisionIn, gives=ContributionOut, status=201)
def decide(contribution_id: Id, body: DecisionRequest) -> Contribution:
    """Decide on the objections to a contribution."""
    return objections.decide(contribution_id, body, by=actor())


# --- accounts ------------------------------------------------------------------------------------------------------


@api.get("/accounts")
@operation(needs=READ, query=AccountsQuery, gives=AccountOut, lists=True)
def list_accounts(query: dict[str, Any]) -> dict[str, Any]:
    """What holders have, by their names; those who may only see their own get their own."""
    limit = query["limit"]
    found = queries.holders(by=actor(), kind=query["kind"], limit=limit, cursor=query["cursor"])
    page = page_of(found, limit, lambda holder: str(holder.id))
    return {"items": terms.accounts([holder.value() for holder in page["items"]]), "next": page["next"]}


@api.get("/accounts/<id:holder_id>")
@operation(needs=READ, query=AccountQuery, gives=AccountOut)
def get_account(holder_id: Id, query: dict[str, Any]) -> terms.AccountView | past.PastAccount:
    """What a holder has, or had at a past moment."""
    holder = queries.holder(holder_id, by=actor()).value()
    if query["at"] is not None:
        return past.account(holder, at=query["at"])
    return terms.accounts([holder])[0]


@api.get("/accounts/<id:holder_id>/statement")
@operation(needs=READ, query=StatementQuery, gives=StatementOut)
def get_statement(holder_id: Id, query: dict[str, Any]) -> dict[str, Any]:
    """The movements of a holder's points: days inclusive, moments half-open; a `kind` leaves lines out, no balance changes."""
    queries.holder(holder_id, by=actor())
    after = None if query["cursor"] is None else queries.id_of(query["cursor"])
    wanted = _period(query, kind=query["kind"])
    found = statements.portion(holder_id, wanted, most=query["limit"], after=after)
    following = str(found.lines[-1].transfer_id) if found.more else None
    return {"opening": found.opening, "lines": found.lines, "closing": found.closing, "next": following}


@api.get("/accounts/<id:holder_id>/statement/copy")
@operation(needs=READ, query=PeriodQuery, gives=CopyOut)
def get_statement_copy(holder_id: Id, query: dict[str, Any]) -> copies.Copy:
    """A signed copy of the statement, to show elsewhere: `POST …/points/verification` says whether one is genuine."""
    holder = queries.holder(holder_id, by=actor()).value()
    found = statements.whole(holder_id, _period(query))
    secret = linli().config.secret_key
    return copies.issue(holder, found, first=query["first"], last=query["last"], say=say, secret=secret)


@api.post("/verification")
@runs_in("read")
@limits.public_form
@operation(body=VerificationIn, gives=VerdictOut, public=True)
def verify_copy(body: dict[str, Any]) -> copies.Verdict:
    """Whether a signed copy of a statement is genuine and unchanged. Anybody may ask; nothing is kept."""
    return copies.check(body["document"], secret=linli().config.secret_key)


def _period(query: dict[str, Any], *, kind: Kind | None = None) -> Wanted:
    kinds = () if kind is None else (kind,)
    return Wanted(begins=_moment(query["first"]), ends=_moment(query["last"], end=True), kinds=kinds)


def _moment(value: date | datetime | None, *, end: bool = False) -> datetime | None:
    """Where a period begins, or (`end`) ends: a day is meant whole."""
    if value is None or isinstance(value, datetime):
        return value
    return ledger.start_of(value + timedelta(days=1) if end else value)


# --- holds ---------------------------------------------------------------------------------------------------------


@api.post("/holds")
@operation(needs=HOLD, body=HoldIn, gives=HoldOut, status=201)
def create_hold(body: HoldRequest) -> Hold:
    """Set points aside until `expires_at`."""
    return holds.hold_for(body, by=actor())


@api.post("/holds/<id:hold_id>/capture")
@operation(needs=HOLD, body=PartIn, gives=HoldOut, status=201)
def capture(hold_id: Id, body: PartRequest) -> Hold:
    """Take points that are set aside; the rest stays held."""
    return holds.capture_for(hold_id, body, by=actor())


@api.post("/holds/<id:hold_id>/release")
@operation(needs=HOLD, body=PartIn, gives=HoldOut, status=201)
def release(hold_id: Id, body: PartRequest) -> Hold:
    """Give back points that are set aside; the rest stays held."""
    return holds.release_for(hold_id, body, by=actor())


# --- corrections, reversals, gifts ---------------------------------------------------------------------------------


@api.get("/transfers/<id:transfer_id>")
@operation(needs=READ, gives=TransferOut)
def get_transfer(transfer_id: Id) -> transfers.View:
    """One movement of points, and how much of it was taken back."""
    return transfers.view(transfer_id, by=actor())


@api.post("/transfers/<id:transfer_id>/reversal")
@operation(needs="points.correct", body=ReversalIn, gives=TransferOut, status=201)
def reverse(transfer_id: Id, body: ReversalRequest) -> transfers.View:
    """Take back a transfer, or some of it; parts sum to the original at most, and a reversal is not reversed."""
    return transfers.view(reversals.reverse(transfer_id, body, by=actor()).id, by=actor())


@api.post("/corrections")
@operation(needs="points.correct", body=CorrectionIn, gives=TransferOut, status=201)
def correct(body: CorrectionRequest) -> transfers.View:
    """Add points to an account or take some away; never counted in standing."""
    return transfers.view(corrections.correct(body, by=actor()).id, by=actor())


@api.get("/gifts")
@operation(needs=READ, query=GiftsQuery, gives=GiftOut, lists=True)
def list_gifts(query: dict[str, Any]) -> dict[str, Any]:
    """Offers of points between groups, the latest first; those who may only see their own get their own."""
    begins = seen(query["cursor"])
    found = gifts.listed(query["holder_id"], by=actor(), limit=query["limit"], seen=begins)
    return page_of(found, query["limit"], lambda _item: str(begins + query["limit"]))


@api.post("/gifts")
@operation(needs=gifts.GIVE, body=GiftIn, gives=GiftOut, status=201)
def offer_gift(body: GiftRequest) -> Gift:
    """Offer points to another group; they move when its leader accepts."""
    return gifts.offer(body, by=actor())


@api.post("/gifts/<id:gift_id>/acceptance")
@operation(needs=gifts.GIVE, gives=GiftOut, status=201)
def accept_gift(gift_id: Id) -> Gift:
    """Accept points of another group."""
    return gifts.accept(gift_id, by=actor())


@api.post("/gifts/<id:gift_id>/refusal")
@operation(needs=gifts.GIVE, gives=GiftOut, status=201)
def decline_gift(gift_id: Id) -> Gift:
    """Decline points of another group."""
    return gifts.decline(gift_id, by=actor())


@api.post("/gifts/<id:gift_id>/cancellation")
@operation(needs=gifts.GIVE, gives=GiftOut, status=201)
def take_back_gift(gift_id: Id) -> Gift:
    """Take an offer back that nobody has answered."""
    return gifts.take_back(gift_id, by=actor())

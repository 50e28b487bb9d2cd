"""What a program may send and gets; the shape here, the limits in requests.py and policy.py."""

from __future__ import annotations

from datetime import time
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from core.contract import HolderKind, HoldState, WeeklyHours
from core.web.api import Day, DayOrMoment, Explanations, HolderOut, IdField, ListQuery, Moment, Truth
from plugins.points.models import Per, State
from plugins.points.policy import DAY_MINUTES, PointsPolicy, Standing, Tier
from plugins.points.requests import (
    CategoryRequest,
    ContributionRequest,
    HoldRequest,
    PartRequest,
    PolicyRequest,
    RuleRequest,
    WithdrawalRequest,
    contributions,
)

_DEFAULT = PointsPolicy()


class ClockTime(fields.Field[int]):
    """A time of day as "18:00", kept as minutes from midnight; "24:00" is the end of the day."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **_kwargs: Any) -> str:  # noqa: ARG002
        hours, minutes = divmod(value or 0, 60)
        return f"{hours:02}:{minutes:02}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_kwargs: Any) -> int:  # noqa: ARG002
        if value == "24:00":
            return DAY_MINUTES
        try:
            found = time.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("Not a valid time.") from None
        return found.hour * 60 + found.minute


class TierSchema(Schema):
    """What standing gives from so many points on."""

    tier = fields.String(required=True)
    points = fields.Integer(strict=True, required=True)
    early_days = fields.Integer(strict=True, required=True)
    extension_minutes = fields.Integer(strict=True, required=True)

    @post_load
    def to_tier(self, data: dict[str, Any], **_kwargs: object) -> Tier:
        return Tier(**data)


class StandingSchema(Schema):
    """How standing is reckoned."""

    window_days = fields.Integer(strict=True, required=True)
    mode = fields.String(required=True)
    tiers = fields.List(fields.Nested(TierSchema), required=True)

    @post_load
    def to_standing(self, data: dict[str, Any], **_kwargs: object) -> Standing:
        return Standing(**{**data, "tiers": tuple(data["tiers"])})


class PeakSchema(Schema):
    """An interval of one weekday, 0 Monday to 6 Sunday, half-open."""

    weekday = fields.Integer(strict=True, required=True)
    opens = ClockTime(required=True)
    closes = ClockTime(required=True)

    @post_load
    def to_hours(self, data: dict[str, Any], **_kwargs: object) -> WeeklyHours:
        return WeeklyHours(**data)


class PolicySchema(Schema):
    """The policy of points, whole."""

    posting_days = fields.Integer(strict=True, required=True)
    standing = fields.Nested(StandingSchema, required=True)
    step_minutes = fields.Integer(strict=True, required=True)
    price_off_peak = fields.Integer(strict=True, required=True)
    price_peak = fields.Integer(strict=True, required=True)
    peak = fields.List(fields.Nested(PeakSchema), required=True)
    expiry_days = fields.Integer(strict=True, required=True)
    resident_daily_cap = fields.Integer(strict=True, required=True)
    allow_debt = Truth(required=True)
    evidence_after_days = fields.Integer(strict=True, load_default=_DEFAULT.evidence_after_days)
    gift_monthly_cap = fields.Integer(strict=True, load_default=_DEFAULT.gift_monthly_cap)
    public_posting = Truth(load_default=True)
    public_ranking = Truth(load_default=True)
    public_rules = Truth(load_default=True)

    @post_load
    def to_policy(self, data: dict[str, Any], **_kwargs: object) -> PointsPolicy:
        return PointsPolicy(**{**data, "peak": tuple(data["peak"])})


# --- queries -------------------------------------------------------------------------------------------------------


class PeriodQuery(Schema):
    """A period: days inclusive; moments half-open."""

    first = DayOrMoment(data_key="from", load_default=None)
    last = DayOrMoment(data_key="to", load_default=None)


class AccountsQuery(ListQuery):
    """Whose accounts."""

    kind = fields.Enum(HolderKind, by_value=True, load_default=None)


class RulesQuery(ListQuery):
    """Which rules."""

    category = fields.String(load_default=None)


class ContributionsQuery(ListQuery):
    """Which contributions; days inclusive."""

    holder_id = IdField(load_default=None)
    category = fields.String(load_default=None)
    state = fields.Enum(State, by_value=True, load_default=None)
    first = Day(data_key="from", load_default=None)
    last = Day(data_key="to", load_default=None)


class PolicyQuery(Schema):
    """The policy of which day; today's where none is said."""

    on = Day(load_default=None)


# --- categories, rules, policy -------------------------------------------------------------------------------------


class CategorySchema(Schema):
    """A kind of civic act."""

    code = fields.String(required=True)
    name = fields.String(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> CategoryRequest:
        return CategoryRequest(**data)


class RuleIn(Schema):
    """A version of a category's award rule; caps left out are none."""

    category = fields.String(required=True)
    per = fields.String(required=True)
    points = fields.Integer(strict=True, required=True)
    member_share = fields.Integer(
        strict=True,
        load_default=0,
        metadata={"description": "Percent of the group's points that each member named gets."},
    )
    daily_cap = fields.Integer(strict=True, load_default=None, allow_none=True)
    monthly_cap = fields.Integer(strict=True, load_default=None, allow_none=True)
    valid_from = fields.Date(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> RuleRequest:
        return RuleRequest(**data)


class RuleOut(Schema):
    """A version of a category's award rule."""

    id = IdField()
    category = fields.Pluck(CategorySchema, "code")
    per = fields.Enum(Per, by_value=True)
    points = fields.Integer()
    member_share = fields.Integer()
    daily_cap = fields.Integer()
    monthly_cap = fields.Integer()
    valid_from = fields.Date()
    recorded_at = Moment()
    recorded_by = fields.String(metadata={"description": "Null: the installation itself."})


class PlanQuery(Schema):
    """The day on which what is taken back was to take effect."""

    valid_from = Day(required=True)


class PolicyIn(PolicySchema):
    """The policy, and from when on: absent or not after today means at once. What may be left out stays as it is."""

    evidence_after_days = fields.Integer(strict=True)
    gift_monthly_cap = fields.Integer(strict=True)
    public_posting = Truth()
    public_ranking = Truth()
    public_rules = Truth()
    valid_from = fields.Date(load_default=None, allow_none=True)
    explanation = Explanations(dump_only=True)  # what a PUT answered may be put back

    @post_load
    def to_policy(self, data: dict[str, Any], **_kwargs: object) -> Any:  # not a policy yet: the rule completes it
        valid_from = data.pop("valid_from")
        return PolicyRequest(figures=data | {"peak": tuple(data["peak"])}, valid_from=valid_from)


class PolicyOut(PolicySchema):
    """The policy in force; `valid_from` null: the defaults, which nobody has changed."""

    valid_from = fields.Date()


class PolicyKeptOut(PolicyOut):
    """The policy as it will be; `explanation`, if there is one: that nothing was changed, or what a later version ends."""

    explanation = Explanations()


# --- contributions -------------------------------------------------------------------------------------------------


class ContributionFields(Schema):
    """A civic act: `minutes` or `acts`; neither means one act."""

    holder_id = IdField(required=True)
    category = fields.String(required=True)
    occurred_on = fields.Date(required=True)
    minutes = fields.Integer(strict=True)
    acts = fields.Integer(strict=True)
    member_ids = fields.List(IdField(), metadata={"description": "Members of the group that day, who share in it."})
    note = fields.String()
    evidence = fields.String(metadata={"description": "The number of the paper it stands on."})


class ContributionIn(ContributionFields):
    """A civic act to record."""

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> ContributionRequest:
        return ContributionRequest(**{**data, "member_ids": tuple(data.get("member_ids", ()))})


class BatchIn(Schema):
    """Contributions to record, all or none."""

    items = fields.List(fields.Nested(ContributionFields), required=True)

    @post_load
    def to_requests(self, data: dict[str, Any], **_kwargs: object) -> list[ContributionRequest]:
        return contributions(data["items"])


class AwardOut(Schema):
    """What a contribution gives one holder; `reason` names the rule or the cap that decided."""

    holder = fields.Nested(HolderOut)
    points = fields.Integer()
    reason = Explanations()
    state = fields.Enum(State, by_value=True)
    transfer_id = IdField()


class ContributionOut(Schema):
    """A civic act and what it gives. Posted until `credits_on`."""

    id = IdField()
    holder = fields.Nested(HolderOut)
    category = fields.Pluck(CategorySchema, "code")
    occurred_on = fields.Date()
    minutes = fields.Integer()
    acts = fields.Integer()
    note = fields.String()
    evidence = fields.String()
    source = fields.String()
    state = fields.Enum(State, by_value=True)
    recorded_at = Moment()
    credits_on = fields.Date()
    withdrawn_at = Moment()
    withdrawn_reason = fields.String()
    awards = fields.List(fields.Nested(AwardOut))


class BatchOut(Schema):
    """What was recorded, in the order sent."""

    items = fields.List(fields.Nested(ContributionOut))


class WithdrawalIn(Schema):
    """Why it is withdrawn."""

    reason = fields.String(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> WithdrawalRequest:
        return WithdrawalRequest(**data)


# --- accounts ------------------------------------------------------------------------------------------------------


class ChangeOut(Schema):
    """The next day on which `earned` changes by itself, and what it is then."""

    on = fields.Date()
    earned = fields.Integer()
    tier = fields.String()


class StandingOut(Schema):
    """Standing today."""

    tier = fields.String()
    earned = fields.Integer()
    window_days = fields.Integer()
    next = fields.Nested(ChangeOut)


class LotOut(Schema):
    """Points that expire together, at the end of `expires_on`."""

    expires_on = fields.Date()
    remaining = fields.Integer()
    held = fields.Integer()


class AccountOut(Schema):
    """What a holder has; zeros and "none" if nothing was ever earned."""

    holder = fields.Nested(HolderOut)
    balance = fields.Integer()
    held = fields.Integer()
    available = fields.Integer()
    standing = fields.Nested(StandingOut)
    lots = fields.List(fields.Nested(LotOut))


# --- holds ---------------------------------------------------------------------------------------------------------


class HoldIn(Schema):
    """Points to set aside; released at `expires_at` unless captured before."""

    holder_id = IdField(required=True)
    points = fields.Integer(strict=True, required=True)
    reason = fields.String(required=True)
    expires_at = Moment(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> HoldRequest:
        return HoldRequest(**data)


class PartIn(Schema):
    """How much of what is still held; left out: all of it."""

    points = fields.Integer(strict=True, load_default=None, allow_none=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> PartRequest:
        return PartRequest(**data)


class HoldOut(Schema):
    """Points set aside: captured + released ≤ points."""

    id = IdField()
    holder = fields.Nested(HolderOut)
    points = fields.Integer()
    captured = fields.Integer()
    released = fields.Integer()
    state = fields.Enum(HoldState, by_value=True)
    reason = Explanations()
    expires_at = Moment(attribute="until")

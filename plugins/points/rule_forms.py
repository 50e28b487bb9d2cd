"""What a manager may type about rules: a category's rule, a new category, and the policy with all its figures."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Optional

from core.contract import WeeklyHours
from core.errors import DomainError, Invalid
from core.explanations import Explanation, explain
from core.people.initials import initials
from core.plugins import here
from core.web.forms import REQUIRED, DayField, Form
from plugins.points.changes import GIVEN, PLAIN, PRICES, SWITCHES, clock
from plugins.points.forms import WholeField
from plugins.points.models import Category, Rule
from plugins.points.policy import TIERS, PointsPolicy, Standing, Tier
from plugins.points.requests import CategoryRequest, RuleRequest
from plugins.points.wording import LABELS

_INTERVAL = re.compile(r"(\d{1,2})(?::(\d{2}))? ?- ?(\d{1,2})(?::(\d{2}))?")
_SAME = str.maketrans(
    {
        "：": ":",
        "，": ",",
        "、": ",",
        "；": ",",
        ";": ",",
        "–": "-",
        "—": "-",
        "～": "-",
        "~": "-",
        "至": "-",
        "到": "-",
    }
)
_CODE_SIGNS = re.compile(r"[^a-z0-9]+")


class TwoSteps(Form):
    """A form whose change is looked at before it is kept: `seen` says which change that was."""

    seen = HiddenField()

    def show(self, *change: object) -> None:
        """Remember what is shown beside the form."""
        self.seen.data = _print_of(change)

    def shown(self, *change: object) -> bool:
        """Whether this very change was shown; if not, the form says so, and it is shown now."""
        if self.seen.data == _print_of(change):
            return True
        self.problems.append(gettext("Look at the change below. If it is right, save it."))
        self.show(*change)
        return False


def _print_of(change: object) -> str:
    return hashlib.sha256(repr(change).encode()).hexdigest()[:16]


# --- rules ---------------------------------------------------------------------------------------------------------


class RuleForm(TwoSteps):
    """A version of a category's rule."""

    per = RadioField(_l("What is counted"), default="act", validate_choice=False)
    points = WholeField(_l("Points each time, or each hour"), validators=[InputRequired(REQUIRED)])
    member_share = WholeField(_l("Share of each member named, in percent"), validators=[Optional()])
    daily_cap = WholeField(_l("At most a day"), validators=[Optional()])
    monthly_cap = WholeField(_l("At most a month"), validators=[Optional()])
    valid_from = DayField(_l("From which day on"), validators=[InputRequired(REQUIRED)])

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.per.choices = [
            SelectChoice("act", gettext("how often it was done")),
            SelectChoice("hour", gettext("the hours it took")),
        ]

    def to_request(self, category: str) -> RuleRequest:
        """Limits are checked there."""
        return RuleRequest(
            category=category,
            per=self.per.data or "",
            points=self.points.data,
            member_share=self.member_share.data or 0,
            daily_cap=self.daily_cap.data,
            monthly_cap=self.monthly_cap.data,
            valid_from=self.valid_from.data,
        )


def rule_values(rule: Rule | None) -> dict[str, Any]:
    """What a fresh form holds: the figures of a rule, from today on."""
    values: dict[str, Any] = {"valid_from": here().today()}
    if rule is not None:
        values |= {"per": rule.per.value, "points": rule.points, "daily_cap": rule.daily_cap}
        values |= {"member_share": rule.member_share or None, "monthly_cap": rule.monthly_cap}
    return values


class CategoryForm(RuleForm):
    """A new category with its first rule."""

    name = StringField(_l("What it is called"), validators=[InputRequired(REQUIRED)])
    code = StringField(_l("Short name for sheets and programs"), validators=[Optional()])

    def to_category(self, known: Mapping[str, Category]) -> CategoryRequest:
        """The category; a short name is made from the first letters where none is given."""
        code = (self.code.data or "").strip() or _code_of(self.name.data or "", known)
        return CategoryRequest(code=code, name=self.name.data or "")


def _code_of(name: str, known: Mapping[str, Category]) -> str:
    plain = _CODE_SIGNS.sub("_", name.lower()).strip("_") if name.isascii() else initials(name).lower()
    code = plain[:30] if re.fullmatch(r"[a-z][a-z0-9_]*", plain) else "category"
    numbered = (f"{code}_{number}" for number in range(2, len(known) + 3))
    return code if code not in known else next(one for one in numbered if one not in known)


# --- the policy ----------------------------------------------------------------------------------------------------


def _number(name: str) -> Any:
    return WholeField(LABELS[name], validators=[InputRequired(REQUIRED)])


def _of_tier(name: str) -> Any:
    return WholeField(LABELS[name], validators=[Optional()])


class PolicyForm(TwoSteps):
    """Every figure of the policy, tiers and weekdays each in fields of their own, and the day from which it holds."""

    posting_days, evidence_after_days = _number("posting_days"), _number("evidence_after_days")
    resident_daily_cap, expiry_days = _number("resident_daily_cap"), _number("expiry_days")
    gift_monthly_cap, window_days = _number("gift_monthly_cap"), _number("window_days")
    allow_debt = BooleanField(_l("Take points back also when they are spent; new ones repay that first"))
    mode = RadioField(LABELS["mode"], validate_choice=False)
    bronze_points, bronze_early_days = _of_tier("bronze_points"), _of_tier("bronze_early_days")
    silver_points, silver_early_days = _of_tier("silver_points"), _of_tier("silver_early_days")
    gold_points, gold_early_days = _of_tier("gold_points"), _of_tier("gold_early_days")
    bronze_extension_minutes = _of_tier("bronze_extension_minutes")
    silver_extension_minutes = _of_tier("silver_extension_minutes")
    gold_extension_minutes = _of_tier("gold_extension_minutes")
    step_minutes, price_peak, price_off_peak = _number("step_minutes"), _number("price_peak"), _number("price_off_peak")
    day0 = StringField(_l("Monday"), validators=[Optional()])
    day1 = StringField(_l("Tuesday"), validators=[Optional()])
    day2 = StringField(_l("Wednesday"), validators=[Optional()])
    day3 = StringField(_l("Thursday"), validators=[Optional()])
    day4 = StringField(_l("Friday"), validators=[Optional()])
    day5 = StringField(_l("Saturday"), validators=[Optional()])
    day6 = StringField(_l("Sunday"), validators=[Optional()])
    public_posting = BooleanField(_l("the list of posted awards"))
    public_ranking = BooleanField(_l("the ranking of groups"))
    public_rules = BooleanField(_l("the rules"))
    valid_from = DayField(_l("From which day on"), validators=[InputRequired(REQUIRED)])

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.mode.choices = [
            SelectChoice("total", gettext("of the whole group")),
            SelectChoice("per_member", gettext("for each member, so that large groups have no advantage")),
        ]

    @property
    def days(self) -> list[Field]:
        """The seven fields of busy times, Monday first."""
        return [self[f"day{weekday}"] for weekday in range(7)]

    @property
    def tiers(self) -> list[tuple[str, list[Field]]]:
        """The tiers, the lowest first, each with its three fields."""
        return [(tier, [self[f"{tier}_{given}"] for given in GIVEN]) for tier in TIERS]

    def to_policy(self) -> PointsPolicy:
        """The policy that was typed; what REST refuses is refused here in the same words, on the field it is typed in.

        Raises:
            Invalid: by the names of this form.
        """
        faults: dict[str, list[Explanation]] = {}
        tiers, peak = self._tiers(faults), self._peak(faults)
        plain = {name: self[name].data for name in (*PLAIN, *PRICES, *SWITCHES)}
        try:
            standing = Standing(window_days=self.window_days.data, mode=self.mode.data or "", tiers=tuple(tiers))
            made = PointsPolicy(standing=standing, peak=tuple(peak), **plain)
        except Invalid as refusal:
            given = [tier.tier for tier in tiers]
            found = {_field_of(name, given, peak): list(fault) for name, fault in refusal.errors.items()}
            raise Invalid(found | faults) from None
        if faults:
            raise Invalid(faults)
        return made

    def refuse(self, error: DomainError) -> None:
        """Show faults where they belong, also those the rule finds later."""
        if isinstance(error, Invalid):
            given = [tier for tier, boxes in self.tiers if any(box.data is not None for box in boxes)]
            peak = self._peak({})
            error = Invalid({_field_of(name, given, peak): faults for name, faults in error.errors.items()})
        super().refuse(error)

    def _tiers(self, faults: dict[str, list[Explanation]]) -> list[Tier]:
        """Those of which anything was typed."""
        found = []
        for name, boxes in self.tiers:
            given = {box.short_name.removeprefix(f"{name}_"): box.data for box in boxes if box.data is not None}
            if len(given) == len(GIVEN):
                found.append(Tier(tier=name, **given))
            elif given:
                missing = [box for box in boxes if box.data is None]
                faults |= {box.short_name: [explain("required")] for box in missing}
        return found

    def _peak(self, faults: dict[str, list[Explanation]]) -> list[WeeklyHours]:
        found = []
        for weekday, box in enumerate(self.days):
            for part in (box.data or "").translate(_SAME).split(","):
                if not part.strip():
                    continue
                if (hours := _interval(weekday, part.strip())) is None:
                    faults[box.short_name] = [explain("points_hours_unreadable")]
                else:
                    found.append(hours)
        return found


def _interval(weekday: int, text: str) -> WeeklyHours | None:
    """18:00-21:00, 18-21; None for what nobody can read."""
    match = _INTERVAL.fullmatch(text)
    if match is None:
        return None
    hour, minute, end_hour, end_minute = (int(number or 0) for number in match.groups())
    if minute > 59 or end_minute > 59:
        return None
    return WeeklyHours(weekday=weekday, opens=hour * 60 + minute, closes=end_hour * 60 + end_minute)


def _field_of(name: str, tiers: Sequence[str], peak: Sequence[WeeklyHours]) -> str:
    """The field of the form for a field of the policy: standing.tiers.1.points → silver_points, peak.0.closes → day0."""
    if name.startswith("peak."):
        return f"day{peak[int(name.split('.')[1])].weekday}"
    place = name.removeprefix("standing.")
    if not place.startswith("tiers."):
        return place
    _tiers, number, given = place.split(".")
    return f"{tiers[int(number)]}_{'points' if given == 'tier' else given}"


def policy_values(policy: PointsPolicy) -> dict[str, Any]:
    """What a fresh form holds: the figures of a policy, from today on."""
    values: dict[str, Any] = {name: getattr(policy, name) for name in (*PLAIN, *PRICES, *SWITCHES)}
    values |= {"window_days": policy.standing.window_days, "mode": policy.standing.mode, "valid_from": here().today()}
    for tier in policy.standing.tiers:
        values |= {f"{tier.tier}_{given}": getattr(tier, given) for given in GIVEN}
    for weekday in range(7):
        hours = sorted((one.opens, one.closes) for one in policy.peak if one.weekday == weekday)
        values[f"day{weekday}"] = ", ".join(f"{clock(opens)}–{clock(closes)}" for opens, closes in hours)
    return values

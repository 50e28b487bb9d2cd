"""Recording contributions: the rule of the day, the caps, posting, and who may."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from core.audit.models import Entry
from core.contract import Contribution as Told
from core.contract import Holder
from core.db import savepoint, session
from core.errors import Forbidden, Invalid, NotFound
from core.hookspecs import Happened
from core.plugins import here
from plugins.points import awards, ledger, posting, queries
from plugins.points.models import Award, Contribution, State, Transfer
from plugins.points.requests import ContributionRequest
from tests.kit import SYSTEM, Cast, a_resident, actor_of
from tests.plugins.points.kit import TODAY, a_policy, a_rule, after, an_act, assert_sound, figures, on, withdraw


def award_of(contribution: Contribution) -> Award:
    return contribution.awards[0]


def outcome(contribution: Contribution) -> tuple[int, str]:
    """Points, and the code of the reason."""
    return award_of(contribution).points, award_of(contribution).reason.code


def test_points_per_act_and_per_hour_rounded_down_once_at_the_total(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=20)
    a_rule("hours", points=3, per="hour")
    assert outcome(an_act(inside.choir, 2)) == (40, "award_acts")
    assert outcome(an_act(inside.choir, category="hours", minutes=110)) == (5, "award_minutes")  # 5.5
    assert figures(inside.choir) == (45, 0)


def test_a_new_community_has_six_categories_with_rules_from_the_day_points_was_switched_on(inside: Cast) -> None:
    assert outcome(an_act(inside.choir, category="customs_publicity")) == (20, "award_acts")
    assert outcome(an_act(inside.choir, category="hazard_report")) == (5, "award_acts")
    with pytest.raises(Invalid) as refusal:
        an_act(inside.choir, category="customs_publicity", day=TODAY - timedelta(days=1))
    assert refusal.value.errors["category"][0].code == "points_no_rule"


def test_l11_an_act_of_an_earlier_day_counts_what_the_month_gave_later(inside: Cast) -> None:
    a_policy(posting_days=3)
    a_rule("song", points=10, monthly_cap=60)
    an_act(inside.choir, 5, day=date(2026, 11, 20))
    assert outcome(an_act(inside.choir, 3, day=date(2026, 11, 2))) == (10, "award_month_cap")
    assert outcome(an_act(inside.choir, 3, day=date(2026, 10, 31))) == (30, "award_acts")


def test_l11_day_month_and_resident_caps_bind_and_the_reason_names_the_tightest(inside: Cast) -> None:
    a_policy(resident_daily_cap=40)
    a_rule("song", points=10, daily_cap=25, monthly_cap=60)
    first = date(2026, 11, 1)
    assert outcome(an_act(inside.choir, 2, day=first)) == (20, "award_acts")
    assert outcome(an_act(inside.choir, 2, day=first)) == (5, "award_day_cap")
    assert outcome(an_act(inside.choir, 1, day=first)) == (0, "award_day_cap")
    assert outcome(an_act(inside.choir, 3, day=date(2026, 11, 2))) == (25, "award_day_cap")
    assert outcome(an_act(inside.choir, 3, day=date(2026, 11, 3))) == (10, "award_month_cap")
    assert outcome(an_act(inside.choir, 3, day=date(2026, 10, 31))) == (25, "award_day_cap")
    facts = award_of(an_act(inside.choir, 3, day=date(2026, 11, 4))).reason.facts
    assert facts == {"cap": 60, "used": 60, "wanted": 30, "points": 0}


def test_l11_residents_have_a_cap_over_all_rules_and_groups_do_not(inside: Cast) -> None:
    a_policy(resident_daily_cap=40)
    a_rule("song", points=30)
    a_rule("dance", points=30)
    chen = a_resident("陈某")
    assert outcome(an_act(chen)) == (30, "award_acts")
    assert outcome(an_act(chen, category="dance")) == (10, "award_resident_cap")
    assert outcome(an_act(inside.choir, 2)) == (60, "award_acts")


def test_l11_a_back_dated_act_uses_its_own_days_cap(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=10, daily_cap=10)
    assert outcome(an_act(inside.choir))[0] == 10
    assert outcome(an_act(inside.choir, day=after(-1)))[0] == 10
    assert outcome(an_act(inside.choir, day=after(-1)))[0] == 0


def test_a_withdrawal_frees_caps_for_later_awards_only(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=10, daily_cap=15)
    first, second = an_act(inside.choir), an_act(inside.choir)
    assert outcome(second)[0] == 5
    withdraw(first)
    assert outcome(second)[0] == 5
    assert outcome(an_act(inside.choir))[0] == 10


def test_caps_count_posted_awards_and_those_of_older_rule_versions(inside: Cast) -> None:
    a_policy(posting_days=3)
    a_rule("song", points=10)
    an_act(inside.choir)
    a_rule("song", points=10, daily_cap=15)
    assert outcome(an_act(inside.choir)) == (5, "award_day_cap")


def test_an_award_of_nothing_is_kept_with_its_reason_and_makes_no_line(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=10, daily_cap=10)
    an_act(inside.choir)
    nothing = an_act(inside.choir)
    assert (nothing.state, award_of(nothing).transfer_id) == (State.CREDITED, None)
    assert figures(inside.choir) == (10, 0)
    assert_sound()


def test_the_rule_of_the_contributions_own_day_counts_and_the_later_recorded_wins(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=1, valid_from=date(2026, 1, 1))
    a_rule("song", points=2, valid_from=date(2026, 6, 1))
    a_rule("song", points=3, valid_from=date(2026, 6, 1))
    assert outcome(an_act(inside.choir, day=date(2026, 5, 31)))[0] == 1
    assert outcome(an_act(inside.choir, day=date(2026, 6, 1)))[0] == 3
    a_rule("song", points=4, valid_from=date(2026, 3, 1))
    assert outcome(an_act(inside.choir, day=date(2026, 5, 31)))[0] == 4
    assert outcome(an_act(inside.choir, day=date(2026, 6, 1)))[0] == 3


@pytest.mark.parametrize(
    ("fields", "name", "code"),
    [
        ({"occurred_on": after(1)}, "occurred_on", "points_future_day"),
        ({"minutes": 60}, "minutes", "points_wants_acts"),
        ({"category": "hours", "acts": 2}, "acts", "points_wants_minutes"),
        ({"category": "hours"}, "acts", "points_wants_minutes"),
        ({"category": "nonsense"}, "category", "points_unknown_category"),
        ({"acts": 0}, "acts", "too_small"),
        ({"acts": -1}, "acts", "too_small"),
        ({"acts": 10**30}, "acts", "too_large"),
        ({"acts": 1, "minutes": 1}, "acts", "points_one_amount"),
        ({"note": "x" * 201}, "note", "too_long_text"),
        ({"occurred_on": date(1800, 1, 1)}, "occurred_on", "impossible_day"),
    ],
)
def test_l15_what_makes_no_sense_is_refused_by_field(
    inside: Cast, fields: dict[str, Any], name: str, code: str
) -> None:
    a_rule("song")
    a_rule("hours", per="hour")
    given: dict[str, Any] = {"holder_id": inside.choir.id, "category": "song", "occurred_on": TODAY} | fields
    with pytest.raises(Invalid) as refusal:
        awards.record(ContributionRequest(**given), by=SYSTEM)
    assert [fault.code for fault in refusal.value.errors[name]] == [code]
    assert session.scalars(select(Contribution)).all() == []


def test_the_centre_earns_nothing_and_an_unknown_holder_is_not_found(inside: Cast) -> None:
    a_rule("song")
    with pytest.raises(Invalid) as refusal:
        an_act(inside.centre)
    assert refusal.value.errors["holder_id"][0].code == "points_centre_earns_nothing"
    with pytest.raises(NotFound):
        an_act(Holder(id=uuid7(), kind=inside.choir.kind, name="nobody"))


def test_many_at_once_are_all_or_nothing_with_all_faults_by_place(inside: Cast) -> None:
    a_policy()
    a_rule("song", daily_cap=3)

    def request(**fields: Any) -> ContributionRequest:
        given: dict[str, Any] = {"holder_id": inside.choir.id, "category": "song", "occurred_on": TODAY}
        return ContributionRequest(**given | fields)

    with pytest.raises(Invalid) as refusal, savepoint():
        awards.record_many([request(), request(minutes=5), request(category="x", occurred_on=after(2))], by=SYSTEM)
    assert set(refusal.value.errors) == {"items.1.minutes", "items.2.category", "items.2.occurred_on"}
    assert session.scalars(select(Contribution)).all() == []
    made = awards.record_many([request(acts=2), request(acts=2), request(holder_id=inside.orchestra.id)], by=SYSTEM)
    assert [outcome(contribution)[0] for contribution in queries.with_awards(made.ids)] == [2, 1, 1]
    assert (figures(inside.choir), figures(inside.orchestra)) == ((3, 0), (1, 0))


def test_a_preview_says_what_recording_would_give_and_keeps_nothing(inside: Cast) -> None:
    a_rule("song", points=10, daily_cap=15)
    requests = [ContributionRequest(holder_id=inside.choir.id, category="song", occurred_on=TODAY) for _ in range(2)]
    assert [verdict.points for verdict in awards.preview(requests)] == [10, 5]
    assert session.scalar(select(func.count(Contribution.id))) == 0


def test_it_needs_the_permission_and_is_written_down_once_an_act(inside: Cast) -> None:
    a_rule("song")
    request = ContributionRequest(holder_id=inside.choir.id, category="song", occurred_on=TODAY)
    with pytest.raises(Forbidden):
        awards.record(request, by=actor_of("zhang"))
    awards.record_many([request, request], by=actor_of("sun"))
    entry = session.scalars(select(Entry).where(Entry.act == "points.award")).one()
    assert (entry.actor, entry.after["contributions"], entry.after["points"]) == ("孙红梅", 2, 2)


# --- posting -------------------------------------------------------------------------------------------------------


def test_an_award_is_posted_for_its_days_and_credited_as_of_midnight_however_late(inside: Cast) -> None:
    a_policy(posting_days=3)
    a_rule("song")
    contribution = an_act(inside.choir, 5)
    assert contribution.state is State.POSTED
    on(after(3), hour=23)
    assert posting.credit_due() == 0
    on(after(9))
    assert posting.credit_due() == 1
    assert posting.credit_due() == 0
    assert (contribution.state, award_of(contribution).state) == (State.CREDITED, State.CREDITED)
    credited = session.scalars(select(Transfer.at).where(Transfer.id == award_of(contribution).transfer_id)).one()
    assert ledger.start_of(after(4)) == credited
    assert figures(inside.choir) == (5, 0)
    assert_sound()


def test_the_posting_days_are_those_in_force_when_recording(inside: Cast) -> None:
    a_policy(posting_days=3)
    a_rule("song")
    contribution = an_act(inside.choir)
    a_policy(posting_days=0)
    assert (contribution.state, contribution.credits_on) == (State.POSTED, after(4))
    assert an_act(inside.choir).state is State.CREDITED


# --- told by another plugin ----------------------------------------------------------------------------------------


def tell(holder: Holder, **fields: Any) -> None:
    facts: dict[str, Any] = {"key": "shift:1", "source": "volunteers", "category": "song", "acts": 1}
    here().relay.tell(
        Happened.contribution_recorded,
        contribution=Told(holder=holder, occurred_on=TODAY, by=SYSTEM, **(facts | fields)),
    )


def test_l4_told_twice_awards_once(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=5)
    tell(inside.choir)
    tell(inside.choir)
    tell(inside.choir, key="shift:2")
    assert figures(inside.choir) == (10, 0)


def test_told_without_a_rule_earns_nothing_and_says_why(inside: Cast) -> None:
    tell(inside.choir, category="knitting")
    contribution = session.scalars(select(Contribution)).one()
    assert outcome(contribution) == (0, "award_no_rule")
    assert contribution.category.code == "knitting"


def test_told_of_a_day_to_come_or_in_the_wrong_measure_is_refused(inside: Cast) -> None:
    a_rule("song")
    with pytest.raises(Invalid):
        tell(inside.choir, minutes=5, acts=None)

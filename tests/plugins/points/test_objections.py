"""Objections to what is posted: anyone signed in, once each, until the points count; then the staff decide, in words."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from core.accounts.signin import on_behalf
from core.contract import Actor, Holder
from core.db import session
from core.errors import Forbidden, Invalid, NotFound, WrongState
from plugins.points import ledger, objections, queries, withdrawal
from plugins.points.models import Contribution, Objection, State, Transfer
from plugins.points.objections import ObjectedBefore, TooLateToObject
from plugins.points.requests import DecisionRequest, ObjectionRequest, WithdrawalRequest
from tests.kit import NOW, SYSTEM, Cast, a_group, a_resident, actor_of
from tests.plugins.points.kit import a_policy, a_rule, after, an_act, assert_sound, figures, lots_of, on, sweep


@pytest.fixture
def posted(inside: Cast) -> Contribution:
    """Five points of the choir, posted for three days."""
    a_policy(posting_days=3)
    a_rule()
    return an_act(inside.choir, 5)


def object_to(contribution: Contribution, who: str | Actor, reason: str = "they sang to nobody") -> Objection:
    by = actor_of(who) if isinstance(who, str) else who
    return objections.object_to(contribution.id, ObjectionRequest(reason=reason), by=by)


def decide(contribution: Contribution, *, upheld: bool, note: str = "we asked", who: str = "sun") -> Contribution:
    return objections.decide(contribution.id, DecisionRequest(upheld=upheld, note=note), by=actor_of(who))


def credited_at() -> list[datetime]:
    return list(session.scalars(select(Transfer.at).order_by(Transfer.at)))


def test_anyone_signed_in_objects_once_also_after_a_dismissal(posted: Contribution) -> None:
    made = object_to(posted, "chen")
    assert (made.name, made.reason, made.upheld) == ("陈玉兰", "they sang to nobody", None)
    assert posted.state is State.OBJECTED
    with pytest.raises(ObjectedBefore):
        object_to(posted, "chen", "again")
    decide(posted, upheld=False)
    with pytest.raises(ObjectedBefore):
        object_to(posted, "chen", "and again")
    assert posted.awards[0].state is State.POSTED
    object_to(posted, "zhao", "I was there")
    assert [posted.state, posted.awards[0].state] == [State.OBJECTED] * 2
    assert [one.reason for one in objections.of(posted.id)] == ["they sang to nobody", "I was there"]


def test_staff_object_for_somebody_whose_name_is_kept_and_who_has_objected_then(posted: Contribution) -> None:
    elder = a_resident("老人")
    for_elder = on_behalf(actor_of("sun"), elder.id)
    made = object_to(posted, for_elder)
    assert (made.name, made.account_id) == ("老人", for_elder.account_id)
    with pytest.raises(ObjectedBefore):
        object_to(posted, on_behalf(actor_of("li"), elder.id))
    object_to(posted, "sun")  # for herself


def test_chen_cannot_object_again_through_the_staff(inside: Cast, posted: Contribution) -> None:
    object_to(posted, "chen")
    assert inside.chen.resident_id is not None
    with pytest.raises(ObjectedBefore):
        object_to(posted, on_behalf(actor_of("sun"), inside.chen.resident_id))


def test_it_is_too_late_by_time_and_not_by_sweep(posted: Contribution) -> None:
    on(after(3), hour=23)
    object_to(posted, "chen")
    decide(posted, upheld=False)
    on(after(4), hour=0)
    with pytest.raises(TooLateToObject):
        object_to(posted, "zhao")
    assert posted.state is State.POSTED  # the sweep has not run
    sweep()
    with pytest.raises(TooLateToObject):
        object_to(posted, "zhao")
    assert_sound()


def test_while_one_objection_waits_another_is_never_too_late(posted: Contribution) -> None:
    object_to(posted, "chen")
    on(after(30))
    sweep()
    object_to(posted, "zhao")
    assert posted.state is State.OBJECTED


def test_without_posting_days_nobody_can_object(inside: Cast) -> None:
    a_policy()
    a_rule()
    with pytest.raises(TooLateToObject):
        object_to(an_act(inside.choir), "chen")


def test_it_stops_the_members_shares_too(inside: Cast) -> None:
    a_policy(posting_days=3)
    a_rule(points=10, member_share=50)
    mei = a_resident("梅")
    duo = a_group("二重唱", members=[mei])
    made = an_act(duo, member_ids=(mei.id,))
    object_to(made, "chen")
    on(after(10))
    sweep()
    assert [award.state for award in made.awards] == [State.OBJECTED] * 2
    assert (_balance(duo), _balance(mei)) == (0, 0)
    decide(made, upheld=False)
    assert (_balance(duo), _balance(mei)) == (10, 5)
    assert_sound()


def _balance(holder: Holder) -> int:
    return ledger.account_of(holder.id).balance


def test_dismissed_before_posting_ends_it_is_credited_then(inside: Cast, posted: Contribution) -> None:
    object_to(posted, "chen")
    on(after(1))
    decide(posted, upheld=False)
    on(after(3))
    sweep()
    assert _balance(inside.choir) == 0
    on(after(6))
    sweep()
    assert figures(inside.choir) == (5, 0)
    assert lots_of(inside.choir) == [(after(4 + 365), 5, 0)]
    assert credited_at() == [ledger.start_of(after(4))]
    assert_sound()


def test_dismissed_when_posting_is_over_it_is_credited_at_once_and_lasts_from_then(
    inside: Cast, posted: Contribution
) -> None:
    object_to(posted, "chen")
    on(after(9), hour=15)
    sweep()
    decide(posted, upheld=False)
    assert posted.state is State.CREDITED
    assert lots_of(inside.choir) == [(after(9 + 365), 5, 0)]
    assert credited_at() == [NOW + timedelta(days=9, hours=6)]
    sweep()
    assert figures(inside.choir) == (5, 0)
    assert_sound()


def test_upheld_it_is_withdrawn_and_both_sides_words_are_kept(inside: Cast, posted: Contribution) -> None:
    words = "They sang.\n" + "But on the day before, at another place. " * 10
    object_to(posted, "chen", "no song\nno dance")
    object_to(posted, "zhao", "no")
    decide(posted, upheld=True, note=words)
    assert posted.state is State.WITHDRAWN
    assert [award.state for award in posted.awards] == [State.WITHDRAWN]
    said = objections.of(posted.id)
    assert [(one.reason, one.upheld, one.note, one.decided_by) for one in said] == [
        ("no song\nno dance", True, words.strip(), "孙红梅"),
        ("no", True, words.strip(), "孙红梅"),
    ]
    assert posted.withdrawn_reason is not None
    assert posted.withdrawn_reason.startswith("They sang. But on")
    on(after(10))
    sweep()
    assert _balance(inside.choir) == 0
    assert_sound()


def test_a_later_objection_is_decided_apart_and_what_was_said_before_stays(posted: Contribution) -> None:
    object_to(posted, "chen")
    decide(posted, upheld=False, note="it was so")
    object_to(posted, "zhao")
    decide(posted, upheld=True, note="you are right", who="li")
    assert [(one.upheld, one.note) for one in objections.of(posted.id)] == [
        (False, "it was so"),
        (True, "you are right"),
    ]
    assert_sound()


def test_deciding_twice_or_where_nobody_objected_is_a_wrong_state(posted: Contribution) -> None:
    with pytest.raises(WrongState):
        decide(posted, upheld=True)
    object_to(posted, "chen")
    decide(posted, upheld=True)
    with pytest.raises(WrongState):
        decide(posted, upheld=False)
    with pytest.raises(WrongState):
        object_to(posted, "zhao")


def test_withdrawing_what_is_objected_to_answers_the_objections(posted: Contribution) -> None:
    object_to(posted, "chen")
    withdrawal.withdraw(posted.id, WithdrawalRequest(reason="it was a slip"), by=actor_of("sun"))
    [said] = objections.of(posted.id)
    assert (said.upheld, said.note, said.decided_by) == (True, "it was a slip", "孙红梅")
    assert queries.waiting()[2] == 0
    assert_sound()


def test_an_award_of_nothing_can_be_objected_to_and_counts_when_dismissed(inside: Cast) -> None:
    a_policy(posting_days=3)
    a_rule(daily_cap=1)
    an_act(inside.choir)
    nothing = an_act(inside.choir)
    object_to(nothing, "chen")
    on(after(5))
    sweep()
    decide(nothing, upheld=False)
    assert nothing.state is State.CREDITED
    assert figures(inside.choir) == (1, 0)
    assert_sound()


def test_who_may_and_what_is_refused(posted: Contribution) -> None:
    object_to(posted, "chen")
    with pytest.raises(Forbidden):
        decide(posted, upheld=True, who="zhang")
    with pytest.raises(Invalid):
        ObjectionRequest(reason=" \n ")
    with pytest.raises(Invalid):
        DecisionRequest(upheld=True, note="")
    with pytest.raises(NotFound):
        objections.object_to(uuid7(), ObjectionRequest(reason="no"), by=SYSTEM)
    with pytest.raises(NotFound):
        objections.decide(uuid7(), DecisionRequest(upheld=True, note="no"), by=SYSTEM)
    assert objections.may_object(posted, objections.of(posted.id), by=actor_of("zhao"))
    assert not objections.may_object(posted, objections.of(posted.id), by=actor_of("chen"))

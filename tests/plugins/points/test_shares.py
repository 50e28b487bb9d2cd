"""Shares of members: each named member gets a part of what the group gets, under caps of their own."""

import pytest

from core.contract import Contribution as Told
from core.errors import Invalid
from core.hookspecs import Happened
from core.plugins import here
from plugins.points import queries
from plugins.points.models import Contribution
from tests.kit import SYSTEM, Cast, a_group, a_resident
from tests.plugins.points.kit import TODAY, a_policy, a_rule, an_act, assert_sound, figures


def given(contribution: Contribution) -> list[tuple[str, int, str]]:
    """Who got what, by which rule, the group first."""
    [found] = queries.with_awards([contribution.id])
    return [(award.holder.name, award.points, award.reason.code) for award in found.awards]


def test_each_member_named_gets_the_share_of_the_points_before_caps_rounded_down(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=7, member_share=30, daily_cap=10)
    mei, lan = a_resident("梅"), a_resident("兰")
    duo = a_group("二重唱", members=[mei, lan])
    made = an_act(duo, 3, member_ids=(mei.id, lan.id, mei.id))  # 21 before caps; named twice is named once
    assert given(made) == [("二重唱", 10, "award_day_cap"), ("梅", 6, "award_share"), ("兰", 6, "award_share")]
    assert (figures(duo), figures(mei), figures(lan)) == ((10, 0), (6, 0), (6, 0))
    assert_sound()


def test_l11_a_member_has_caps_of_its_own_and_the_residents_day_cap_counts_shares(inside: Cast) -> None:
    a_policy(resident_daily_cap=12)
    a_rule("song", points=10, member_share=50, daily_cap=100)
    a_rule("help", points=10)
    mei = a_resident("梅")
    duo = a_group("二重唱", members=[mei])
    an_act(mei, category="help")
    assert given(an_act(duo, member_ids=(mei.id,)))[1] == ("梅", 2, "award_resident_cap")
    assert given(an_act(duo, member_ids=(mei.id,)))[1] == ("梅", 0, "award_resident_cap")
    assert figures(mei) == (12, 0)
    assert figures(duo) == (20, 0)


def test_without_a_share_in_the_rule_the_names_are_kept_and_get_nothing(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=10)
    mei = a_resident("梅")
    duo = a_group("二重唱", members=[mei])
    assert given(an_act(duo, member_ids=(mei.id,))) == [("二重唱", 10, "award_acts"), ("梅", 0, "award_share")]


def test_only_members_of_that_day_share_and_only_in_what_a_group_did(inside: Cast) -> None:
    a_rule("song", member_share=10)
    mei, stranger = a_resident("梅"), a_resident("客")
    duo = a_group("二重唱", members=[mei])
    with pytest.raises(Invalid) as refusal:
        an_act(duo, member_ids=(mei.id, stranger.id))
    [fault] = refusal.value.errors["member_ids"]
    assert (fault.code, fault.facts["name"]) == ("points_no_member", "客")
    with pytest.raises(Invalid) as refusal:
        an_act(mei, member_ids=(stranger.id,))
    assert refusal.value.errors["member_ids"][0].code == "points_only_groups_share"


def test_a_plugin_names_members_and_takes_back_what_it_told_once(inside: Cast) -> None:
    a_policy()
    a_rule("song", points=10, member_share=50)
    mei = a_resident("梅")
    duo = a_group("二重唱", members=[mei])
    told = Told(
        key="shift:1", source="test", category="song", holder=duo, occurred_on=TODAY, member_ids=(mei.id,), by=SYSTEM
    )
    here().relay.tell(Happened.contribution_recorded, contribution=told)
    assert (figures(duo), figures(mei)) == ((10, 0), (5, 0))
    for _twice in range(2):
        here().relay.tell(Happened.contribution_withdrawn, key="shift:1", reason="nobody came", by=SYSTEM)
    here().relay.tell(Happened.contribution_withdrawn, key="never told", reason="nobody came", by=SYSTEM)
    assert (figures(duo), figures(mei)) == ((0, 0), (0, 0))
    assert_sound()

"""The words of points: one for each thing, and none of them a code."""

import re
from html import unescape

import pytest

from core.contract import WeeklyHours
from core.db import Database, unit
from core.people import dissolving, merging
from core.people.requests import DissolutionRequest, MergingRequest
from core.plugins import House
from core.upkeep import i18n
from core.web.words import LOCALES
from plugins.points import corrections, gifts, holds, objections, reversals, rules, withdrawal
from plugins.points.policy import PointsPolicy
from plugins.points.requests import (
    CorrectionRequest,
    DecisionRequest,
    GiftRequest,
    HoldRequest,
    ObjectionRequest,
    PartRequest,
    ReversalRequest,
    WithdrawalRequest,
)
from tests.kit import NOW, SLUG, BrowserOf, Cast, a_group, actor_of, enter_slug
from tests.plugins.points.kit import a_policy, a_rule, after, an_act

OTHER_WORDS = {
    "挣": "获得",
    "到期": "过期",
    "冲回": "冲销",
    "收回": "撤回, 冲销",
    "书面材料": "凭证",
}
"""What must not stand for a thing → the word that does: earned, expired, reversed, withdrawn, the paper."""


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_a_thing_has_one_word(word: str) -> None:
    [folder] = [folder for folder in i18n.folders() if folder.name == "points"]
    said = [message.string for message in i18n.read(i18n.po_file(folder, LOCALES["zh-Hans"]), LOCALES["zh-Hans"])]
    assert [words for words in said if word in str(words)] == []


def test_the_audit_shows_a_person_no_code(database: Database, house: House, cast: Cast, browser_of: BrowserOf) -> None:
    with unit(database, write=True):
        enter_slug(house, SLUG)
        li = actor_of("li")
        a_rule("song", points=10, daily_cap=90)
        a_policy(posting_days=0, gift_monthly_cap=50)
        wrong = an_act(cast.choir, 3)
        withdrawal.withdraw(wrong.id, WithdrawalRequest(reason="写错了"), by=li)
        [award] = an_act(cast.choir, 4, day=after(-1)).awards
        assert award.transfer_id is not None
        reversals.reverse(award.transfer_id, ReversalRequest(points=5, reason="多记"), by=li)
        corrections.correct(CorrectionRequest(holder_id=cast.choir.id, points=3, reason="更正"), by=li)
        held = HoldRequest(holder_id=cast.choir.id, points=4, reason="用场地", expires_at=NOW.replace(hour=20))
        hold = holds.hold_for(held, by=li)
        holds.capture_for(hold.id, PartRequest(points=2), by=li)
        gifts.offer(GiftRequest(giver_id=cast.choir.id, receiver_id=cast.orchestra.id, points=2), by=li)
        a_policy(posting_days=3)
        said = ObjectionRequest(reason="没来")
        contribution = objections.object_to(an_act(cast.orchestra).id, said, by=actor_of("chen")).contribution_id
        objections.decide(contribution, DecisionRequest(upheld=True, note="属实"), by=li)
        busy = (WeeklyHours(weekday=5, opens=9 * 60, closes=12 * 60),)
        rules.put_policy(PointsPolicy(peak=busy, public_rules=False), valid_from=after(30), by=li)
        twin, few = a_group("合唱二队"), a_group("小队")
        merging.merge(twin.id, MergingRequest(into_id=cast.choir.id, reason="登记重了"), by=li)
        dissolving.dissolve(few.id, DissolutionRequest(reason="散了"), by=li)
    page = browser_of("li", locale="zh-Hans").get("/audit").text
    told = re.findall(r"<d[td]>(.*?)</d[td]>", page.partition("<main")[2], flags=re.DOTALL)
    words = [unescape(re.sub("<[^>]*>", " ", one)) for one in told]
    assert len(words) > 80
    assert [one for one in words if re.search("[a-z]", one.replace("song", "").replace("name of", ""))] == []
    assert "周六" in page or "星期六" in page
    assert "已到账" in page or "公示中" in page

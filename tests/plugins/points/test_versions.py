"""Versions of the policy and of rules: what ends when, what changes nothing, and what is taken back before its day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from core import clock
from core.audit.models import Entry
from core.communities import policy
from core.communities.models import PolicyVersion
from core.db import Database, session, unit
from core.errors import WrongState
from core.notices.models import Outbox
from core.people.models import Membership
from core.plugins import House, here
from plugins.points import proposals, rules
from plugins.points.changes import figures
from plugins.points.models import Category, Rule
from plugins.points.policy import PointsPolicy
from plugins.points.requests import RuleRequest
from tests import kit
from tests.kit import NOW, SLUG, SYSTEM, BrowserOf, Cast, ProgramOf, actor_of, enter_slug
from tests.plugins.points.kit import LONG_AGO, TODAY, a_rule, after, on
from tests.plugins.points.rules_kit import Scene, keep, seen_on, typed_policy, typed_rule
from tests.plugins.points.test_races import at_once

FEW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
SPAN = 8  # days that the properties look at
DAYS = st.integers(0, SPAN - 1)
FIGURES = st.fixed_dictionaries({"price_peak": st.integers(10, 12), "posting_days": st.integers(0, 2)})
PLANS = st.lists(st.tuples(DAYS, FIGURES), max_size=5)


def put(days: int, **given: Any) -> rules.PolicyKept:
    return rules.put_policy(PointsPolicy(**given), valid_from=after(days), by=SYSTEM)


def kept() -> int:
    return session.scalars(select(func.count()).select_from(PolicyVersion)).one()


# --- properties ----------------------------------------------------------------------------------------------------


@FEW
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("put"), DAYS, FIGURES),
            st.tuples(st.just("back"), DAYS, st.none()),
            st.tuples(st.just("forward"), st.integers(1, 2), st.none()),
        ),
        max_size=12,
    )
)
def test_what_is_kept_and_taken_back_in_any_order_is_in_force_as_a_list_of_days_says(
    database: Database, house: House, cast: Cast, steps: list[tuple[str, int, Any]]
) -> None:
    plan: dict[date, PointsPolicy] = {}  # what takes effect on each day
    made = 0

    def holds(day: date) -> PointsPolicy:
        return plan[max(known)] if (known := [one for one in plan if one <= day]) else PointsPolicy()

    with unit(database, write=True) as work:
        enter_slug(house, cast.slug)
        on(TODAY)
        for act, days, figures_ in steps:
            today, day = here().today(), after(days)
            if act == "forward":
                clock.advance(timedelta(days=days))
            elif act == "put":
                new, day = PointsPolicy(**figures_), max(day, today)
                changed = new != holds(day) or min(plan, default=date.max) > day  # the first one is a decision
                assert rules.put_policy(new, valid_from=after(days), by=SYSTEM).made == changed
                if changed:
                    plan[day], made = new, made + 1
            elif day in plan and day <= today:
                with pytest.raises(WrongState):
                    rules.take_back_policy(day, by=SYSTEM)
            elif day in plan or any(one.valid_from == day for one in policy.versions(PointsPolicy)):
                rules.take_back_policy(day, by=SYSTEM)
                plan.pop(day, None)
            found = [policy.at(PointsPolicy, after(number)) for number in range(2 * SPAN)]
            assert found == [holds(after(number)) for number in range(2 * SPAN)]
            assert kept() == made
        work.commit = False


@FEW
@given(plans=PLANS, day=DAYS, new=FIGURES)
def test_each_change_holds_until_the_day_that_is_shown_and_no_longer(
    database: Database, house: House, cast: Cast, plans: list[tuple[int, Any]], day: int, new: dict[str, Any]
) -> None:
    with unit(database, write=True) as work:
        enter_slug(house, cast.slug)
        for days, given_ in plans:
            put(days, **given_)
        shown = proposals.of_policy(PointsPolicy(**new), after(day)).changes
        put(day, **new)
        for change in shown:
            course = [(after(n), figures(policy.at(PointsPolicy, after(n)))[change.name]) for n in range(day, SPAN)]
            other = next(((when, value) for when, value in course if value != change.after), (None, None))
            assert (change.until, change.then) == other
        work.commit = False


@FEW
@given(
    plans=st.lists(st.tuples(DAYS, st.integers(1, 3)), min_size=1, max_size=5),
    backs=st.lists(st.integers(0, 4), max_size=4),
)
def test_rules_taken_back_leave_the_others_as_they_were(
    database: Database, house: House, cast: Cast, plans: list[tuple[int, int]], backs: list[int]
) -> None:
    with unit(database, write=True) as work:
        enter_slug(house, cast.slug)
        a_rule("song", points=9)
        category = session.scalars(select(Category).where(Category.code == "song")).one()
        made = [_song(days, points) for days, points in plans]
        plan = {LONG_AGO: 9} | {rule.valid_from: rule.points for rule in made}
        for number in backs:
            rule = made[number % len(made)]
            replaced = rule.seq < max(one.seq for one in made if one.valid_from == rule.valid_from)
            if rule.taken_back_on is None and (replaced or rule.valid_from <= TODAY):
                with pytest.raises(WrongState):
                    rules.take_back_rule(rule.id, by=SYSTEM)
            else:
                rules.take_back_rule(rule.id, by=SYSTEM)
                plan.pop(rule.valid_from, None)
        book = rules.book()
        for day in map(after, range(SPAN)):
            found = book.on(category, day)
            assert found is not None
            assert found.points == plan[max(one for one in plan if one <= day)]
        work.commit = False


def _song(days: int, points: int) -> Rule:
    request = RuleRequest(category="song", per="act", points=points, valid_from=after(days))
    return rules.add_rule(request, by=SYSTEM)


# --- what ends, on the pages ---------------------------------------------------------------------------------------


def test_looking_names_each_change_that_a_later_version_ends_and_the_day(
    browser_of: BrowserOf,
    scene: Scene,
) -> None:
    li = browser_of("li")
    keep(li, "/points/policy", typed_policy(posting_days=5, bronze_points=70, valid_from=after(5)))
    keep(li, "/points/policy", typed_policy(posting_days=5, price_peak=12, bronze_points=70, valid_from=after(9)))
    page = li.post("/points/policy/look", typed_policy(posting_days=4, price_peak=12, bronze_points=70)).text
    said = " ".join(unescape(page).split())
    assert "2 of these changes do not last" in said
    assert "ends on Tue 1 Dec: 5 days from then on" in said
    assert "ends on Tue 1 Dec: 10 points from then on" in said
    assert said.count("from then on") == 2  # what bronze needs stays
    page = li.post("/points/policy/look", typed_policy(bronze_points=70)).text
    assert "What you change now stays as it is then, too." in page
    assert "ends on" not in page
    told = browser_of("li", locale="zh").post("/points/policy/look", typed_policy(price_peak=12)).text
    assert "12月1日 星期二" in told


def test_what_would_end_is_looked_at_again_when_that_changed_meanwhile(
    browser_of: BrowserOf,
    scene: Scene,
) -> None:
    li, typed = browser_of("li"), typed_policy(price_peak=12)
    seen = seen_on(li.post("/points/policy/look", typed).text)
    scene.do(lambda: rules.put_policy(PointsPolicy(posting_days=5), valid_from=after(3), by=actor_of("li")))
    late = li.post("/points/policy", typed | {"seen": seen})
    assert late.status_code == 422
    assert "ends on" in late.text
    assert li.post("/points/policy", typed | {"seen": seen_on(late.text)}).status_code == 303


def test_a_rule_too_names_what_ends_and_leaders_are_told_of_it(
    app: Any,
    browser_of: BrowserOf,
    scene: Scene,
) -> None:
    li = browser_of("li")
    scene.do(lambda: _song(6, 14))
    page = li.post("/points/rules/song/look", typed_rule(points="12", daily_cap="24")).text
    said = " ".join(page.split())
    assert "ends on Wed 2 Dec: 14 points from then on" in said
    assert "ends on Wed 2 Dec: no limit from then on" in said
    assert "3 of these changes" not in said  # the cap of the month is as it was
    scene.do(lambda: put(6, posting_days=5))
    scene.do(lambda: session.execute(delete(Outbox)))
    scene.do(lambda: put(0, price_peak=12))
    assert _said(app, scene) == (
        "The rules of points change on Thu 26 Nov. "
        "A step at busy times costs: 10 points → 12 points, from Wed 2 Dec on 10 points"
    )


def _said(app: Any, scene: Scene) -> str:
    """The last notice, in English."""
    from flask import g

    from core.web.words import say

    def last() -> str:
        g.here = here()
        return say(session.scalars(select(Outbox.words).order_by(Outbox.id.desc()).limit(1)).one())

    with app.test_request_context(f"/{SLUG}/", headers={"Accept-Language": "en"}):
        return str(scene.do(last))


# --- taking back, over REST ----------------------------------------------------------------------------------------


def test_a_planned_policy_is_taken_back_once_kept_in_the_audit_and_told(
    app: Any,
    program_of: ProgramOf,
    scene: Scene,
) -> None:
    li, path = program_of("li"), f"/points/policy?valid_from={after(5)}"
    whole = li.get("/points/policy").get_json()
    li.put("/points/policy", whole | {"price_peak": 12, "valid_from": str(after(5))})
    scene.do(_zhang_leads_no_more)
    for _time in range(2):
        assert li.call("DELETE", path).status_code == 204
        assert li.get(f"/points/policy?on={after(5)}").get_json() == whole
    assert _said(app, scene) == (
        "What was to change in the rules of points on Tue 1 Dec is taken back: it does not happen. "
        "A step at busy times costs: 12 points → 10 points"
    )
    told = [who for who, words in scene.notices() if words.code == "points_policy_taken_back"]
    leaders = {scene.cast.zhang.resident_id, scene.cast.zhao.resident_id}  # who leads no more was told of the plan
    assert (set(told), len(told)) == (leaders, 2)

    def audit() -> list[tuple[str, Any, Any]]:
        found = select(Entry).where(Entry.act == "points.policy_taken_back")
        return [(one.actor, one.before, one.after) for one in session.scalars(found)]

    plan, then = {"price_peak": 12}, {"price_peak": 10, "valid_from": str(after(5))}
    assert scene.do(audit) == [("李主任", plan, then)]
    assert li.put("/points/policy", whole | {"price_peak": 13, "valid_from": str(after(5))}).status_code == 200
    assert li.get(f"/points/policy?on={after(5)}").get_json()["price_peak"] == 13


def _zhang_leads_no_more() -> None:
    zhang = session.scalars(select(Membership).where(Membership.role == "leader")).first()
    assert zhang is not None
    zhang.to_day = TODAY - timedelta(days=1)


def test_a_planned_rule_is_taken_back_once_and_left_out_of_the_list(program_of: ProgramOf, scene: Scene) -> None:
    li = program_of("li")
    body = {"category": "song", "per": "act", "points": 12, "valid_from": str(after(2))}
    rule_id = li.post("/points/rules", body).get_json()["id"]
    for _time in range(2):
        assert li.call("DELETE", f"/points/rules/{rule_id}").status_code == 204
    assert [one["points"] for one in li.get("/points/rules?category=song").get_json()["items"]] == [10]
    told = [words.code for _who, words in scene.notices()]
    assert [told.count(code) for code in ("points_rule_changed", "points_rule_taken_back")] == [2, 2]
    again = li.post("/points/rules", body).get_json()
    assert again["id"] != rule_id


def test_what_is_in_force_or_was_replaced_cannot_be_taken_back(program_of: ProgramOf, scene: Scene) -> None:
    li = program_of("li")
    whole = li.get("/points/policy").get_json()
    li.put("/points/policy", whole | {"price_peak": 12})
    body = {"category": "song", "per": "act", "points": 12, "valid_from": str(after(2))}
    first, second = (li.post("/points/rules", body | more).get_json()["id"] for more in ({}, {"points": 13}))
    [old] = scene.do(lambda: session.scalars(select(Rule.id).where(Rule.valid_from == LONG_AGO)).all())
    for path in f"/points/policy?valid_from={TODAY}", f"/points/rules/{old}", f"/points/rules/{first}":
        refused = li.call("DELETE", path)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "wrong_state")
    assert "Another version was kept for the same day" in refused.get_json()["detail"]
    assert li.call("DELETE", f"/points/rules/{second}").status_code == 204  # and what it replaced does not come back
    assert [one["points"] for one in li.get("/points/rules?category=song").get_json()["items"]] == [10]
    assert li.call("DELETE", f"/points/policy?valid_from={after(1)}").status_code == 404
    assert li.call("DELETE", f"/points/rules/{scene.cast.choir.id}").status_code == 404
    assert li.call("DELETE", "/points/policy").status_code == 422


def test_only_who_may_change_them_takes_them_back_and_nobody_from_elsewhere(
    program_of: ProgramOf,
    browser_of: BrowserOf,
    scene: Scene,
) -> None:
    rule = scene.do(lambda: str(_song(2, 12).id))
    scene.do(lambda: put(2, price_peak=12))
    policy_path = f"/points/policy?valid_from={after(2)}"
    for path in policy_path, f"/points/rules/{rule}":
        for who, status in ("sun", 403), ("zhang", 403), ("wang", 404):
            assert program_of(who).call("DELETE", path).status_code == status
        assert program_of(None).call("DELETE", path).status_code == 401
    for page in f"/points/policy/versions/{after(2)}/1/taking-back", f"/points/rules/song/{rule}/taking-back":
        assert browser_of("zhang").post(page).status_code == 403
        assert browser_of("wang").post(page).status_code == 404
    assert scene.do(lambda: policy.at(PointsPolicy, after(2)).price_peak) == 12


def test_a_version_that_takes_effect_at_midnight_is_taken_back_before_it_alone(
    browser_of: BrowserOf,
    scene: Scene,
) -> None:
    li = browser_of("li")
    scene.do(lambda: put(1, price_peak=12))
    midnight = NOW.replace(hour=0) + timedelta(days=1)
    clock.start_at(midnight, frozen=True)
    late = li.post(f"/points/policy/versions/{after(1)}/1/taking-back")
    assert late.status_code == 409
    assert "It has taken effect" in late.text
    clock.start_at(midnight - timedelta(seconds=1), frozen=True)
    assert li.post(f"/points/policy/versions/{after(1)}/1/taking-back").status_code == 303


def test_the_table_itself_refuses_to_take_back_what_was_in_force(inside: Cast) -> None:
    put(0, price_peak=12)
    a_rule("song")
    for table in PolicyVersion, Rule:
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(update(table).values(taken_back_on=TODAY))


# --- taking back, on the pages -------------------------------------------------------------------------------------


def test_the_page_asks_once_and_says_what_holds_then(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    scene.do(lambda: put(0, price_peak=11))
    scene.do(lambda: put(5, price_peak=12, posting_days=4))
    for path in "/points/policy/versions", f"/points/policy/versions/{after(5)}/1":
        page = unescape(li.get(path).text)
        assert (
            "On Tue 1 Dec it stays as before: Awards are posted for: 3 days; A step at busy times costs: 11 points."
            in page
        )
        assert page.count("/taking-back") == 1
        assert "/taking-back" not in browser_of("zhang").get(path).text
    scene.do(lambda: put(5, price_peak=13))
    stale = li.post(f"/points/policy/versions/{after(5)}/1/taking-back")
    assert stale.status_code == 409
    assert "Another version was kept for the same day" in stale.text
    for _time in range(2):
        answer = li.post(f"/points/policy/versions/{after(5)}/2/taking-back")
        assert answer.headers["Location"] == f"/{SLUG}/points/policy/versions"
    page = browser_of("zhang").get("/points/policy/versions").text
    assert page.count("taken back before it began") == 2
    assert "taken back by 李主任 on Thu 26 Nov" in page
    assert scene.do(lambda: policy.at(PointsPolicy, after(6)).price_peak) == 11
    for wrong in f"{after(5)}/9", "soon/1":
        assert li.post(f"/points/policy/versions/{wrong}/taking-back").status_code == 404


def test_a_rule_is_taken_back_on_its_page(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    rule = scene.do(lambda: _song(3, 12).id)
    page = unescape(li.get("/points/rules/song").text)
    assert "On Sun 29 Nov it stays as before: 10 points each time; at most 60 a month." in page
    assert li.post(f"/points/rules/song/{rule}/taking-back").status_code == 303
    page = li.get("/points/rules/song").text
    assert "taken back before it began" in page
    assert "12 points each time" in page
    assert "/taking-back" not in page
    assert "12 points" not in li.get("/points/rules").text


def test_a_long_history_is_read_page_by_page(browser_of: BrowserOf, scene: Scene) -> None:
    def long() -> None:
        for number in range(23):
            _song(-number, number + 1)
            rules.put_policy(PointsPolicy(price_peak=20 + number), valid_from=after(number), by=SYSTEM)

    scene.do(long)
    for path, mark, most in ("/points/rules/song", "each time", 20), ("/points/policy/versions", "Read it whole", 20):
        first = browser_of("zhang").get(path).text
        assert first.count(mark) == most
        more = f"{path}?cursor=20"
        assert more in first
        last = browser_of("zhang").get(more).text
        assert last.count(mark) == (4 if "song" in path else 3)  # the category's first version is there too
        assert 'rel="next"' not in last
        assert browser_of("zhang").get(f"{path}?cursor=x").status_code == 422


# --- the same policy again -----------------------------------------------------------------------------------------


def test_saving_what_holds_already_keeps_no_version_and_says_so(browser_of: BrowserOf, scene: Scene) -> None:
    li, typed = browser_of("li"), typed_policy(price_peak=12)
    seen = seen_on(li.post("/points/policy/look", typed).text)
    assert li.post("/points/policy", typed | {"seen": seen}).status_code == 303
    shown = li.post("/points/policy/look", typed | {"valid_from": str(after(3))}).text
    assert "Nothing would change" in shown
    answer = li.post("/points/policy", typed | {"valid_from": str(after(3)), "seen": seen_on(shown)})
    assert answer.status_code == 303
    assert "Nothing is changed: these are the rules of that day already." in unescape(
        li.get("/points/policy/versions").text
    )
    assert scene.versions() == 1


def test_the_same_hours_in_another_order_are_the_same_policy(program_of: ProgramOf, scene: Scene) -> None:
    li = program_of("li")
    whole = li.put("/points/policy", li.get("/points/policy").get_json()).get_json()
    again = li.put("/points/policy", whole | {"peak": whole["peak"][::-1]}).get_json()
    assert [one["code"] for one in again.pop("explanation")] == ["policy_unchanged"]
    assert (again, scene.versions(), scene.notices()) == (whole, 1, [])


# --- at the same moment --------------------------------------------------------------------------------------------


@pytest.fixture
def place(real_database: Database, house: House) -> tuple[Database, House, Cast]:
    """A database whose commits are real, with a rule and a policy that are planned."""
    with unit(real_database, write=True):
        enter_slug(house, SLUG)
        a_rule("song", points=10)
        _song(2, 12)
        put(2, price_peak=12)
        session.execute(delete(Outbox))
    return real_database, house, kit.find_cast(real_database)


@pytest.mark.race
def test_many_who_keep_the_same_policy_make_one_version_and_many_who_take_back_tell_once(
    place: tuple[Database, House, Cast],
) -> None:
    database, house, _cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        rule = session.scalars(select(Rule.id).where(Rule.valid_from == after(2))).one()
    at_once(place, [lambda: put(5, price_peak=14).made] * 4)
    backs: list[Callable[[], object]] = [
        partial(rules.take_back_policy, after(2), by=SYSTEM),
        partial(rules.take_back_rule, rule, by=SYSTEM),
    ]
    at_once(place, backs * 3)
    with unit(database, write=False):
        enter_slug(house, SLUG)
        prices = [(one.valid_from, one.policy.price_peak) for one in policy.versions(PointsPolicy)]
        assert prices == [(after(2), 12), (after(5), 14)]
        told = [words.code for words in session.scalars(select(Outbox.words))]
        assert {code: told.count(code) for code in set(told)} == {
            "points_policy_changed": 2,  # each of the two leaders once
            "points_policy_taken_back": 2,
            "points_rule_taken_back": 2,
        }


@pytest.mark.race
def test_whoever_keeps_another_version_and_whoever_takes_the_old_one_back_see_one_another(
    place: tuple[Database, House, Cast],
) -> None:
    database, house, _cast = place
    acts: list[Callable[[], object]] = [
        lambda: put(2, price_peak=15).made,
        partial(rules.take_back_policy, after(2), by=SYSTEM, seq=1),
    ]
    answers = at_once(place, acts * 2)
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert policy.at(PointsPolicy, after(2)) == replace(PointsPolicy(), price_peak=15)
    assert set(answers[1::2]) <= {None, "wrong_state"}

"""Rules and policy: changed in two steps, refused by field at both doors, kept in versions, announced; and read by anyone."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.audit.models import Entry
from core.communities import policy
from core.db import session
from core.people.models import Group, Resident
from core.plugins import here
from core.web.words import say
from plugins.points import rules
from plugins.points.models import Category
from plugins.points.policy import PointsPolicy
from plugins.points.requests import RuleRequest
from tests.kit import SLUG, BrowserOf, ProgramOf, a_group, a_resident, actor_of
from tests.plugins.points.kit import LONG_AGO, TODAY, a_policy, a_rule, after, an_act
from tests.plugins.points.rules_kit import Scene, keep, keep_rule, seen_on, typed_policy, typed_rule
from tests.statements import statements

# --- who may -------------------------------------------------------------------------------------------------------

FORMS = ["/points/policy", "/points/rules/song/new", "/points/categories/new"]


@pytest.mark.parametrize("path", FORMS)
def test_only_who_may_change_rules_gets_the_forms(browser_of: BrowserOf, scene: Scene, path: str) -> None:
    assert browser_of("li").get(path).status_code == 200
    for who in "sun", "zhang":
        assert browser_of(who).get(path).status_code == 403
        assert browser_of(who).post(path, typed_policy()).status_code == 403
    assert browser_of(None).get(path).status_code == 302


def test_another_community_changes_nothing_here(browser_of: BrowserOf, scene: Scene) -> None:
    assert browser_of("wang").get("/points/rules/song").status_code == 404
    assert browser_of("wang").get("/points/rules/song/new").status_code == 404
    keep(browser_of("wang"), "/points/policy", typed_policy(price_peak=99))
    assert scene.versions() == 0
    assert scene.notices() == []


# --- two steps -----------------------------------------------------------------------------------------------------


def test_looking_shows_before_and_after_keeps_what_was_typed_and_saves_nothing(
    browser_of: BrowserOf, scene: Scene
) -> None:
    page = browser_of("li").post("/points/policy/look", typed_policy(price_peak=12, day5="9-12, 14:00–21:00")).text
    said = re.sub(r"<[^>]+>|\s+", " ", unescape(page))
    assert re.search(r"A step at busy times costs +10 points +12 points", said)
    assert "Saturday 9:00–12:00; Saturday 14:00–21:00" in said
    assert 'value="12"' in page
    assert 'value="9-12, 14:00–21:00"' in page
    assert scene.versions() == 0
    assert scene.notices() == []


def test_looking_names_the_groups_whose_tier_would_be_another_today(browser_of: BrowserOf, scene: Scene) -> None:
    def live() -> None:
        a_policy()
        an_act(scene.cast.choir, 6)  # 60: bronze
        a_rule("dance", points=30)
        an_act(scene.cast.orchestra, 2, category="dance")

    scene.do(live)
    page = browser_of("li").post("/points/policy/look", typed_policy(posting_days=0, bronze_points=70)).text
    moved = page[page.index("Whose standing") :]
    assert "合唱队" in moved
    assert moved.index("bronze") < moved.index("no tier yet")
    page = browser_of("li").post("/points/policy/look", typed_policy(posting_days=0, bronze_points=50)).text
    assert "Whose standing" not in page
    assert "No group's standing would be another today." in unescape(page)
    page = browser_of("li").post("/points/policy/look", typed_policy(posting_days=0, mode="per_member")).text
    moved = page[page.index("Whose standing") :]  # two in the choir: 30 each; the orchestra has one: 60
    assert "合唱队" in moved
    assert "民乐团" not in moved


def test_a_change_that_was_not_shown_is_shown_and_not_kept(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    first = li.post("/points/policy", typed_policy(price_peak=12))
    assert first.status_code == 422
    assert "Look at the change below." in first.text
    other = li.post("/points/policy", typed_policy(price_peak=13, seen=seen_on(first.text)))
    assert (other.status_code, scene.versions()) == (422, 0)
    assert li.post("/points/policy", typed_policy(price_peak=13, seen=seen_on(other.text))).status_code == 303
    scene.do(lambda: rules.put_policy(PointsPolicy(price_peak=7), valid_from=None, by=actor_of("li")))
    late = li.post("/points/policy", typed_policy(price_peak=13, seen=seen_on(other.text)))
    assert late.status_code == 422  # meanwhile it would replace another one
    assert li.post("/points/rules/song/new", typed_rule(points="11")).status_code == 422
    assert scene.rules_of("song") == [(10, LONG_AGO)]


def test_loading_the_page_of_the_first_step_again_begins_anew(browser_of: BrowserOf, scene: Scene) -> None:
    for path, to in (
        ("/points/policy/look", "/points/policy"),
        ("/points/rules/song/look", "/points/rules/song/new"),
        ("/points/categories/look", "/points/categories/new"),
    ):
        assert browser_of("li").get(path).headers["Location"] == f"/{SLUG}{to}"


def test_a_policy_is_kept_from_its_day_on(browser_of: BrowserOf, scene: Scene) -> None:
    changed = typed_policy(price_peak=12, gold_points=None, gold_early_days=None, gold_extension_minutes=None)
    answer = keep(browser_of("li"), "/points/policy", changed | {"valid_from": str(after(5)), "public_posting": ""})
    assert answer.headers["Location"] == f"/{SLUG}/points/policy/versions"

    def on(days: int) -> PointsPolicy:
        return policy.at(PointsPolicy, after(days))

    now, then = scene.do(lambda: (on(4), on(5)))
    assert now == PointsPolicy()
    assert (then.price_peak, [tier.tier for tier in then.standing.tiers]) == (12, ["bronze", "silver"])
    assert then.peak == PointsPolicy().peak
    assert not then.public_posting

    def audit() -> tuple[str, Any, Any]:
        entry = session.scalars(select(Entry).where(Entry.act == "points.policy")).one()
        return entry.actor, entry.before, entry.after

    who, before, after_ = scene.do(audit)
    assert (who, before["price_peak"], after_["price_peak"]) == ("李主任", 10, 12)


def test_what_changes_nothing_cannot_be_saved_and_the_same_again_changes_nothing(
    browser_of: BrowserOf, program_of: ProgramOf, scene: Scene
) -> None:
    li, program = browser_of("li"), program_of("li")
    page = li.post("/points/policy/look", typed_policy()).text
    assert "Nothing would change" in page
    assert ">Save<" not in page
    assert "Nothing would change" in li.post("/points/rules/song/look", typed_rule()).text
    figures = program.get("/points/policy").get_json() | {"price_peak": 12, "valid_from": str(after(3))}
    said = [program.put("/points/policy", figures).get_json() for _ in range(2)]
    assert said[0] == figures
    [why] = said[1].pop("explanation")
    assert (said[1], why["code"]) == (figures, "policy_unchanged")
    rule = {"category": "song", "per": "act", "points": 12, "valid_from": str(TODAY)}
    first, second = (program.post("/points/rules", rule).get_json() for _ in range(2))
    assert first["id"] == second["id"]
    assert (scene.versions(), len(scene.rules_of("song")), len(scene.notices())) == (1, 2, 4)  # two leaders, told twice


# --- what makes no sense, at both doors ----------------------------------------------------------------------------

SENSELESS = [  # what is typed; where REST finds it; where the page marks it
    ({"price_peak": -1}, {"price_peak": "price_peak"}),
    ({"price_off_peak": 100_001}, {"price_off_peak": "price_off_peak"}),
    ({"step_minutes": 40}, {"step_minutes": "step_minutes"}),
    ({"posting_days": 61}, {"posting_days": "posting_days"}),
    ({"expiry_days": 0}, {"expiry_days": "expiry_days"}),
    ({"window_days": 0}, {"standing.window_days": "window_days"}),
    ({"mode": "best"}, {"standing.mode": "mode"}),
    ({"bronze_points": 200}, {"standing.tiers.1.points": "silver_points"}),
    ({"gold_points": 150}, {"standing.tiers.2.points": "gold_points"}),
    ({"silver_early_days": 9}, {"standing.tiers.1.early_days": "silver_early_days"}),
    ({"gold_extension_minutes": 60}, {"standing.tiers.2.extension_minutes": "gold_extension_minutes"}),
    ({"price_peak": 4}, {"price_peak": "price_peak"}),  # less than at other times
    ({"silver_extension_minutes": 70}, {"standing.tiers.1.extension_minutes": "silver_extension_minutes"}),
    ({"bronze_points": 0}, {"standing.tiers.0.points": "bronze_points"}),
    ({"bronze_early_days": -1}, {"standing.tiers.0.early_days": "bronze_early_days"}),
    ({"gold_extension_minutes": 1455}, {"standing.tiers.2.extension_minutes": "gold_extension_minutes"}),
    ({"window_days": 10**20}, {"standing.window_days": "window_days"}),
    ({"resident_daily_cap": 10**9}, {"resident_daily_cap": "resident_daily_cap"}),
    ({"day2": "18:00–21:00, 20:00–22:00"}, {"peak.3.opens": "day2"}),
    ({"day6": "12:00–13:00, 0:00–24:00"}, {"peak.6.opens": "day6"}),
    ({"day2": "21:00–18:00"}, {"peak.2.closes": "day2"}),
    ({"day6": "0:00–25:00"}, {"peak.6.closes": "day6"}),
    (
        {"gift_monthly_cap": -5, "evidence_after_days": -1},
        {name: name for name in ("gift_monthly_cap", "evidence_after_days")},
    ),
]


def as_body(fields: dict[str, Any]) -> dict[str, Any]:
    """The body of REST for what is typed into the form."""
    whole = typed_policy(**fields)
    number = {name: int(text) for name, text in whole.items() if text.lstrip("-").isdecimal()}
    tiers = [
        {"tier": tier} | {name: number[f"{tier}_{name}"] for name in ("points", "early_days", "extension_minutes")}
        for tier in ("bronze", "silver", "gold")
    ]
    peak = []
    for weekday in range(7):
        for span in whole[f"day{weekday}"].split(", "):
            opens, closes = re.split("[–-]", span)
            peak.append({"weekday": weekday, "opens": f"{opens:0>5}", "closes": closes})
    names = ("posting_days", "evidence_after_days", "resident_daily_cap", "expiry_days", "gift_monthly_cap")
    return {
        **{name: number[name] for name in (*names, "step_minutes", "price_peak", "price_off_peak")},
        "standing": {"window_days": number["window_days"], "mode": whole["mode"], "tiers": tiers},
        "peak": peak,
        "allow_debt": True,
    }


@pytest.mark.parametrize(
    ("fields", "marks"), SENSELESS, ids=lambda value: "-".join(map(str, next(iter(value.items()))))
)
def test_a_policy_that_makes_no_sense_is_refused_in_the_same_words_at_both_doors(
    browser_of: BrowserOf, program_of: ProgramOf, scene: Scene, fields: dict[str, Any], marks: dict[str, str]
) -> None:
    answer = program_of("li").put("/points/policy", as_body(fields))
    assert answer.status_code == 422, answer.text
    errors = answer.get_json()["errors"]
    if fields.get("day6") != "0:00–25:00":  # REST cannot even read such a time
        assert set(errors) == set(marks)
    li = browser_of("li")
    for path in "/points/policy/look", "/points/policy":
        page = li.post(path, typed_policy(**fields))
        assert page.status_code == 422
        for at, name in marks.items():
            marked = re.search(rf'<div class="house-error" id="{name}-errors">(.*?)</div>', page.text, re.DOTALL)
            assert marked is not None, (path, name)
            for sentence in errors.get(at, []):
                assert sentence in unescape(marked[1]) or fields.get("day6") == "0:00–25:00"
        for name, value in fields.items():
            assert name == "mode" or f'value="{value}"' in page.text
    assert scene.versions() == 0


@pytest.mark.parametrize(
    ("fields", "name", "sentence"),
    [
        ({"day1": "evening"}, "day1", "Write it like 18:00–21:00"),
        ({"day1": "18:00–21:60"}, "day1", "Write it like 18:00–21:00"),
        ({"silver_points": None}, "silver_points", "Fill this in."),
        ({"price_peak": None}, "price_peak", "Fill this in."),
        ({"price_peak": "ten"}, "price_peak", "This must be a whole number."),
        ({"valid_from": "soon"}, "valid_from", "This must be a day"),
    ],
)
def test_what_nobody_can_read_is_marked(
    browser_of: BrowserOf, scene: Scene, fields: dict[str, Any], name: str, sentence: str
) -> None:
    page = browser_of("li").post("/points/policy/look", typed_policy(**fields))
    assert page.status_code == 422
    marked = re.search(rf'id="{name}-errors">(.*?)</div>', page.text, re.DOTALL)
    assert marked is not None
    assert sentence in marked[1]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"points": 0}, "points"),
        ({"points": 1001}, "points"),
        ({"member_share": 101}, "member_share"),
        ({"daily_cap": 0}, "daily_cap"),
        ({"monthly_cap": -1}, "monthly_cap"),
        ({"monthly_cap": 10**20}, "monthly_cap"),
        ({"daily_cap": 61, "monthly_cap": 60}, "daily_cap"),  # a day above its month
        ({"valid_from": "1800-01-01"}, "valid_from"),
        ({"per": "year"}, "per"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_the_same_words_at_both_doors(
    browser_of: BrowserOf, program_of: ProgramOf, scene: Scene, fields: dict[str, Any], name: str
) -> None:
    body = {"category": "song", "per": "act", "points": 10, "valid_from": str(TODAY)} | fields
    errors = program_of("li").post("/points/rules", body).get_json()["errors"]
    assert set(errors) == {name}
    for path in "/points/rules/song/look", "/points/rules/song/new":
        page = browser_of("li").post(path, typed_rule(**{key: str(value) for key, value in fields.items()}))
        assert page.status_code == 422
        marked = re.search(rf'id="{name}-errors">(.*?)</div>', page.text, re.DOTALL)
        assert marked is not None
        if name != "valid_from":  # a form reads days by itself
            assert errors[name][0] in unescape(marked[1])
    assert len(scene.rules_of("song")) == 1


# --- rules ---------------------------------------------------------------------------------------------------------


def test_a_new_version_of_a_rule_is_looked_at_kept_and_stays_readable(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    new = typed_rule(points="12", member_share="10", daily_cap="24", valid_from=str(after(4)))
    shown = re.sub(r"<[^>]+>|\s+", " ", li.post("/points/rules/song/look", new).text)
    assert re.search(r"Points +10 points +12 points", shown)
    assert re.search(r"Each member named gets +none +10 % of the group", shown)
    assert re.search(r"At most a day +no limit +24 points", shown)
    assert len(scene.rules_of("song")) == 1
    answer = keep_rule(li, new)
    assert answer.headers["Location"] == f"/{SLUG}/points/rules/song"
    for who in "li", "zhang":
        page = browser_of(who).get("/points/rules/song").text
        assert "12 points each time; each member named gets 10 % of them; at most 24 a day; at most 60 a month" in page
        assert "10 points each time; at most 60 a month" in page
        assert "recorded by 李主任 on Thu 26 Nov 9:00" in page
        assert page.index("to come") < page.index("in force")
        assert ("/points/rules/song/new" in page) == (who == "li")
    assert "12 points each time" in browser_of("zhang").get("/points/rules").text  # what will change


def test_a_rule_of_the_past_says_for_what_it_holds(browser_of: BrowserOf, scene: Scene) -> None:
    page = browser_of("li").post("/points/rules/song/look", typed_rule(points="9", valid_from=str(after(-9)))).text
    assert "also for acts since that day" in page


def test_a_category_is_made_with_its_first_rule_and_a_short_name(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    new = typed_rule(name="茶话会", monthly_cap="", points="3")
    page = li.post("/points/categories/look", new)
    assert "Save" in page.text
    assert scene.do(lambda: session.scalar(select(Category.id).where(Category.name == "茶话会"))) is None
    answer = keep(li, "/points/categories/new", new, look="/points/categories/look")
    assert answer.headers["Location"] == f"/{SLUG}/points/rules/chh"
    assert scene.rules_of("chh") == [(3, TODAY)]
    named = li.post("/points/categories/look", new)
    assert named.status_code == 422
    assert "There is a category called 茶话会 already." in named.text
    other = new | {"name": "茶会话"}
    again = keep(li, "/points/categories/new", other, look="/points/categories/look")
    assert again.headers["Location"] == f"/{SLUG}/points/rules/chh_2"
    taken = li.post("/points/categories/look", other | {"code": "chh"})
    assert taken.status_code == 409
    assert "There is a category chh already." in taken.text
    assert li.post("/points/categories/look", new | {"code": "Tea!"}).status_code == 422


def test_programs_read_who_recorded_a_rule_and_when(program_of: ProgramOf, scene: Scene) -> None:
    li = program_of("li")
    rule = {"category": "song", "per": "act", "points": 12, "member_share": 5, "valid_from": str(TODAY)}
    made = li.post("/points/rules", rule).get_json()
    assert (made["recorded_by"], made["recorded_at"][:16]) == ("李主任", "2026-11-26T09:00")
    newest, older = li.get("/points/rules?category=song").get_json()["items"]
    assert newest == made
    assert older["recorded_by"] is None


# --- the policy over REST ------------------------------------------------------------------------------------------


def test_what_a_body_leaves_out_stays_as_it_is_on_the_day_it_takes_effect(program_of: ProgramOf, scene: Scene) -> None:
    li = program_of("li")
    whole = li.get("/points/policy").get_json()
    newer = {"evidence_after_days": 3, "gift_monthly_cap": 50, "public_rules": False}
    later = {"gift_monthly_cap": 70, "valid_from": str(after(7))}
    assert li.put("/points/policy", whole | newer).status_code == 200
    assert li.put("/points/policy", whole | newer | later).status_code == 200
    old = {name: value for name, value in whole.items() if name not in newer and not name.startswith("public")}
    found = li.put("/points/policy", old | {"price_peak": 12}).get_json()
    [ends] = found.pop("explanation")  # the version of next week has the old price
    assert (ends["figure"], ends["after"], ends["day"], ends["then"]) == ("price_peak", 12, str(after(7)), 10)
    assert ends["text"].startswith("A step at busy times costs: 12 points; from Thu 3 Dec on 10 points")
    assert found == whole | newer | {"price_peak": 12, "valid_from": str(TODAY)}
    found = li.put("/points/policy", old | {"price_peak": 12, "valid_from": str(after(8))}).get_json()
    assert found["gift_monthly_cap"] == 70
    assert li.get(f"/points/policy?on={after(8)}").get_json() == found


def test_a_policy_kept_before_a_higher_tier_had_to_give_no_less_stays_readable(
    browser_of: BrowserOf, scene: Scene
) -> None:
    standing = PointsPolicy().standing
    tiers = (
        standing.tiers[0],
        *(standing.tiers[1:2]),
        type(standing.tiers[2])(tier="gold", points=300, early_days=1, extension_minutes=0),
    )
    scene.do(lambda: a_policy(standing=type(standing)(tiers=tiers)))
    assert browser_of("li").get("/points/rules").status_code == 200
    assert browser_of("li").get("/points/policy").status_code == 200


# --- announced -----------------------------------------------------------------------------------------------------


def test_every_leader_is_told_once_what_changes_and_from_which_day(
    app: Any, browser_of: BrowserOf, scene: Scene
) -> None:
    zhang, zhao = scene.cast.zhang.resident_id, scene.cast.zhao.resident_id

    def more() -> Any:
        both = [session.get_one(Resident, (here().id, one)).holder.value() for one in (zhang, zhao)]
        gone = a_group("散了的队", leaders=[a_resident("没人")])
        session.scalars(select(Group).where(Group.id == gone.id)).one().dissolved_on = TODAY
        a_group("舞蹈队", leaders=both)

    scene.do(more)
    keep(browser_of("li"), "/points/policy", typed_policy(price_peak=12, bronze_points=70, valid_from=after(5)))
    told = scene.notices()
    assert sorted(str(one) for one, _words in told) == sorted(map(str, (zhang, zhao)))
    with app.test_request_context(f"/{SLUG}/", headers={"Accept-Language": "en"}):
        words = scene.do(lambda: _say(told[0][1]))
    assert words == (
        "The rules of points change on Tue 1 Dec. Bronze needs: 60 points → 70 points; "
        "A step at busy times costs: 10 points → 12 points"
    )
    keep_rule(browser_of("li"), typed_rule(points="12"))
    with app.test_request_context(f"/{SLUG}/", headers={"Accept-Language": "en"}):
        [*_two, third, _fourth] = scene.notices()
        words = scene.do(lambda: _say(third[1]))
    assert words == (
        "name of song gives something else from Thu 26 Nov on: 12 points each time; at most 60 a month. "
        "Before: 10 points each time; at most 60 a month."
    )


def _say(words: Any) -> str:
    from flask import g

    g.here = here()
    return say(words)


# --- versions of the policy ----------------------------------------------------------------------------------------


def test_every_version_of_the_policy_stays_readable_with_what_it_changed(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    assert "Nobody has changed the rules yet." in li.get("/points/policy/versions").text
    keep(li, "/points/policy", typed_policy(price_peak=11))
    keep(li, "/points/policy", typed_policy(price_peak=12))
    keep(li, "/points/policy", typed_policy(price_peak=12, posting_days=5, valid_from=after(5)))
    clock.start_at(clock.now() + timedelta(days=1), frozen=True)
    keep(li, "/points/policy", typed_policy(price_peak=14))
    page = browser_of("zhang").get("/points/policy/versions").text
    said = re.sub(r"<[^>]+>|\s+", " ", page)
    assert [said.count(word) for word in ("to come", "in force", "replaced the same day", " past ")] == [1, 1, 1, 1]
    assert re.search(r"Awards are posted for +3 days +5 days", said)
    assert re.search(
        r"A step at busy times costs +14 points +12 points", said
    )  # what was kept for that day still comes
    assert "recorded by 李主任 on Thu 26 Nov 9:00" in said
    links = re.findall(r'href="(/[^"]+/points/policy/versions/[^"]+)"', page)
    assert len(links) == 4
    whole = browser_of("zhang").get(links[-1].removeprefix(f"/{SLUG}")).text
    assert "11 points at busy times" in whole
    assert browser_of("zhang").get("/points/policy/versions/2026-11-26/9").status_code == 404
    assert browser_of("zhang").get("/points/policy/versions/soon/1").status_code == 404
    for path in "/points/policy/versions", links[-1].removeprefix(f"/{SLUG}"), "/points/rules/song":
        assert browser_of(None).get(path).status_code == 302


# --- anyone --------------------------------------------------------------------------------------------------------


def test_anyone_reads_the_rules_until_a_manager_switches_that_off(browser_of: BrowserOf, scene: Scene) -> None:
    page = browser_of(None).get("/points/rules")
    assert page.status_code == 200
    assert "name of song" in page.text
    assert "10 points each time" in page.text
    for path in "/points/policy", "/points/rules/song", "/points/contributions":
        assert path not in page.text
    assert "/points/policy" in browser_of("li").get("/points/rules").text
    keep(browser_of("li"), "/points/policy", typed_policy(public_rules=False))
    assert browser_of(None).get("/points/rules").status_code == 404
    assert browser_of("wang", slug=SLUG).get("/points/rules").status_code == 404
    for who in "li", "zhang", "chen":
        assert browser_of(who).get("/points/rules").status_code == 200


# --- statements ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "who", "sent"),
    [
        ("/points/rules", None, 3),
        ("/points/rules", "li", 4),
        ("/points/rules/song", "li", 6),
        ("/points/policy", "li", 2),
        ("/points/policy/versions", "li", 3),
        ("/points/policy/look", "li", 5),
        ("/points/rules/song/look", "li", 4),
    ],
)
def test_pages_send_as_many_statements_however_much_there_is(
    browser_of: BrowserOf, scene: Scene, path: str, who: str | None, sent: int
) -> None:
    browser = browser_of(who)

    def ask() -> int:
        browser.get("/points/rules")  # the caches of the policy and the grants are filled
        with statements(scene.database.writer) as found:
            if path.endswith("look"):
                answer = browser.post(path, typed_policy(bronze_points=61) | typed_rule(points="3"))
            else:
                answer = browser.get(path)
        assert answer.status_code == 200
        return len(found)

    one = RuleRequest(category="song", per="act", points=11, valid_from=TODAY)
    scene.do(lambda: rules.add_rule(one, by=actor_of("li")))
    scene.do(lambda: rules.put_policy(PointsPolicy(price_peak=9), valid_from=None, by=actor_of("li")))
    few = ask()

    def more() -> None:
        for number in range(6):
            a_rule("song", points=20 + number, valid_from=after(number))
            a_rule(f"other{number}", points=3)
            rules.put_policy(PointsPolicy(price_peak=20 + number), valid_from=after(number), by=actor_of("li"))
            an_act(a_group(f"队{number}"), 1)

    scene.do(more)
    assert (few, ask()) == (sent, sent)

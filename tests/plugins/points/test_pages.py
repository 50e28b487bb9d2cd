"""The pages of points: who may see them, what stands on them, what their forms do, how many statements they send."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.db import Database, session, unit
from core.people.models import Holder, Membership, Role
from core.plugins import House
from plugins.points import holds
from plugins.points.models import Contribution
from tests.kit import SLUG, BrowserOf, Cast, ProgramOf, a_group, enter_slug
from tests.plugins.points.kit import TODAY, a_hold, a_policy, a_rule, after, an_act, figures
from tests.statements import statements

PAGES = ["/points/", "/points/contributions", "/points/rules", "/points/?kind=resident", "/points/award"]


class Scene:
    """A community the tests fill, in units of their own."""

    def __init__(self, database: Database, house: House, cast: Cast) -> None:
        self.database, self.house, self.cast = database, house, cast

    def do(self, act: Any) -> Any:
        with unit(self.database, write=True):
            enter_slug(self.house, SLUG)
            return act()

    def box(self, holder: Any) -> str:
        return f"n_{holder.id.hex}"


@pytest.fixture
def scene(database: Database, house: House, cast: Cast) -> Scene:
    """Points count at once; the rule "song" gives 10 an act, at most 60 a month."""
    found = Scene(database, house, cast)

    def fill() -> None:
        a_policy()
        a_rule("song", points=10, monthly_cap=60)
        a_rule("hours", points=2, per="hour")

    found.do(fill)
    return found


def typed(scene: Scene, **fields: Any) -> dict[str, Any]:
    return {"category": "song", "day": str(TODAY), "note": "square"} | fields


# --- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
def test_every_page_opens_empty_for_the_manager_in_both_languages(
    browser_of: BrowserOf, path: str, locale: str
) -> None:
    answer = browser_of("li", locale=locale).get(path)
    assert answer.status_code == 200, answer.text


def test_residents_see_their_own_and_nobody_sees_without_signing_in(browser_of: BrowserOf, scene: Scene) -> None:
    made = scene.do(lambda: an_act(scene.cast.choir, 2).id)
    zhang = browser_of("zhang")
    assert "合唱队" in zhang.get("/points/").text
    assert "民乐团" not in zhang.get("/points/").text
    assert zhang.get(f"/points/accounts/{scene.cast.choir.id}").status_code == 200
    assert zhang.get(f"/points/contributions/{made}").status_code == 200
    assert "Withdraw" not in zhang.get(f"/points/contributions/{made}").text
    assert zhang.get(f"/points/accounts/{scene.cast.orchestra.id}").status_code == 403
    assert zhang.get("/points/award").status_code == 403
    assert zhang.post("/points/award", typed(scene)).status_code == 403
    assert zhang.post(f"/points/contributions/{made}/withdrawal", {"reason": "x"}).status_code == 403
    for path in PAGES:
        assert browser_of(None).get(path).status_code == (200 if path == "/points/rules" else 302)


def test_members_read_the_points_of_the_groups_they_are_in_today_through_both_doors(
    browser_of: BrowserOf, program_of: ProgramOf, scene: Scene
) -> None:
    choir, orchestra = scene.cast.choir, scene.cast.orchestra
    made, other = scene.do(lambda: (an_act(choir, 2).id, an_act(orchestra, 2).id))
    chen, program = browser_of("chen"), program_of("chen")
    for path in "/points/", "/points/contributions", f"/groups/{choir.id}":
        assert "合唱队" in chen.get(path).text, path
        assert f"/points/accounts/{orchestra.id}" not in chen.get(path).text
    assert f"/points/accounts/{choir.id}" in chen.get("/points/").text
    for path in f"/points/accounts/{choir.id}", f"/points/contributions/{made}":
        assert chen.get(path).status_code == 200
        assert program.get(path).status_code == 200
    for path in f"/points/accounts/{orchestra.id}", f"/points/contributions/{other}":
        assert chen.get(path).status_code == 403
        assert program.get(path).status_code == 403
    assert program.get(f"/points/accounts/{choir.id}/statement").status_code == 200

    def leave() -> None:
        for stay in session.scalars(
            select(Membership).where(Membership.group_id == choir.id, Membership.role == Role.MEMBER)
        ):
            stay.to_day = after(-1)

    scene.do(leave)
    assert chen.get(f"/points/accounts/{choir.id}").status_code == 403
    assert program.get(f"/points/contributions/{made}").status_code == 403
    assert "合唱队" not in chen.get("/points/").text


def test_another_community_sees_nothing(browser_of: BrowserOf, scene: Scene) -> None:
    made = scene.do(lambda: an_act(scene.cast.orchestra, 2).id)
    wang = browser_of("wang")
    for path in f"/points/accounts/{scene.cast.orchestra.id}", f"/points/contributions/{made}":
        assert wang.get(path).status_code == 404
    assert wang.post(f"/points/contributions/{made}/withdrawal", {"reason": "x"}).status_code == 404
    for path in PAGES:
        assert "民乐团" not in wang.get(path).text


# --- awarding ------------------------------------------------------------------------------------------------------


def test_one_number_for_each_group_and_one_submit(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    assert scene.box(scene.cast.choir) in li.get("/points/award").text
    answer = li.post(
        "/points/award", typed(scene, **{scene.box(scene.cast.choir): "2", scene.box(scene.cast.orchestra): "1"})
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/{SLUG}/points/contributions")
    assert scene.do(lambda: (figures(scene.cast.choir), figures(scene.cast.orchestra))) == ((20, 0), (10, 0))
    page = li.get("/points/contributions").text
    assert "square" in page
    assert "2 contributions recorded" in page


def test_l4_a_form_sent_twice_awards_once(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    sent = typed(scene, **{scene.box(scene.cast.choir): "2", "_key": "one"})
    assert [li.post("/points/award", sent).status_code for _ in range(2)] == [303, 303]
    assert scene.do(lambda: figures(scene.cast.choir)) == (20, 0)


def test_minutes_where_the_rule_counts_hours(browser_of: BrowserOf, scene: Scene) -> None:
    browser_of("li").post("/points/award", typed(scene, category="hours", **{scene.box(scene.cast.choir): "90"}))
    assert scene.do(lambda: figures(scene.cast.choir)) == (3, 0)


def test_the_preview_shows_points_afterwards_and_caps_and_keeps_nothing(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    scene.do(lambda: an_act(scene.cast.choir, 5))
    sent = typed(scene, **{scene.box(scene.cast.choir): "3", scene.box(scene.cast.orchestra): "6"})
    answer = li.post("/points/award/preview", sent)
    assert answer.status_code == 200
    assert "50 → 60" in answer.text
    assert "At most 60 points a month for this, 50 are there: 10 instead of 30." in answer.text
    assert "0 → 60" in answer.text
    assert "2 lines, 70 points, counted at once." in answer.text
    assert 'value="6"' in answer.text  # nothing typed is lost
    assert scene.do(lambda: len(session.scalars(select(Contribution)).all())) == 1


def test_the_live_preview_is_only_what_changes(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    sent = typed(scene, csrf_token=li.csrf_token(), **{scene.box(scene.cast.choir): "1"})
    answer = li.client.post(
        f"/{SLUG}/points/award/preview", data=sent, headers={"HX-Request": "true", "Accept-Language": "en"}
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert f'id="gives-{scene.cast.choir.id.hex}" hx-swap-oob="true"' in answer.text
    wrong = sent | {scene.box(scene.cast.choir): "x"}
    answer = li.client.post(
        f"/{SLUG}/points/award/preview", data=wrong, headers={"HX-Request": "true", "Accept-Language": "en"}
    )
    assert answer.status_code == 200
    assert "This must be a whole number." in answer.text


# One table of bad inputs through both doors: the same sentence.
BAD = [
    ({"acts": "0"}, "At least 1."),
    ({"acts": "-2"}, "At least 1."),
    ({"acts": "1.5"}, "This must be a whole number."),
    ({"acts": "1001"}, "At most 1000."),
    ({"acts": "9" * 30}, "At most 1000."),
    ({"category": "nonsense"}, "There is no category nonsense."),
    ({"occurred_on": str(after(1))}, "Fri 27 Nov is still to come. Record what has happened."),
    ({"occurred_on": "1800-01-01"}, "This day cannot be meant."),
    ({"occurred_on": "soon"}, "This must be a day like 2026-03-02."),
    ({"note": "x" * 201}, "At most 200 characters; this has 201."),
    ({"category": "knitting"}, "name of knitting has no award rule on Thu 26 Nov."),
]


@pytest.mark.parametrize(("fields", "sentence"), BAD)
def test_both_doors_refuse_with_the_same_sentence(
    browser_of: BrowserOf, program_of: ProgramOf, scene: Scene, fields: dict[str, str], sentence: str
) -> None:
    scene.do(lambda: a_rule("knitting", valid_from=after(9)))
    good = {"category": "song", "occurred_on": str(TODAY), "acts": "1", "note": "square"} | fields
    form = {
        "category": good["category"],
        "day": good["occurred_on"],
        "note": good["note"],
        scene.box(scene.cast.choir): good["acts"],
    }
    page = browser_of("li").post("/points/award", form)
    assert page.status_code == 422
    assert sentence in page.text
    for value in form.values():
        assert f'value="{value}"' in page.text or f">{value}" in page.text or value == "nonsense"
    number: Any = float(good["acts"]) if "." in good["acts"] else int(good["acts"])
    body = good | {"acts": number, "holder_id": str(scene.cast.choir.id)}
    answer = program_of("li").post("/points/contributions", body)
    assert answer.status_code == 422
    refusal: Any = answer.json
    [[found]] = refusal["errors"].values()
    assert found.startswith(sentence)
    assert scene.do(lambda: session.scalars(select(Contribution)).all()) == []


def test_a_page_without_numbers_or_from_elsewhere_changes_nothing(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    assert "Enter a number for at least one of them." in li.post("/points/award", typed(scene)).text
    stale = li.post("/points/award", typed(scene, csrf_token="x", **{scene.box(scene.cast.choir): "1"}))
    assert stale.status_code == 400
    assert 'value="1"' in stale.text
    assert scene.do(lambda: session.scalars(select(Contribution)).all()) == []
    assert li.get("/points/award?holder=odd").status_code == 404


# --- contributions and statement -----------------------------------------------------------------------------------


def test_a_contribution_is_withdrawn_with_a_reason(browser_of: BrowserOf, scene: Scene) -> None:
    made = scene.do(lambda: an_act(scene.cast.choir, 2, note="square").id)
    li = browser_of("li")
    page = li.get(f"/points/contributions/{made}")
    assert "2 × 10 points = 20." in page.text
    path = f"/points/contributions/{made}/withdrawal"
    assert "Fill this in." in li.post(path, {"reason": ""}).text
    assert li.post(path, {"reason": "a slip"}).status_code == 303
    again = li.post(path, {"reason": "again"})
    assert again.status_code == 409
    assert "a slip" in li.get(f"/points/contributions/{made}").text
    assert scene.do(lambda: figures(scene.cast.choir)) == (0, 0)


def test_a_statement_shows_figures_lines_posted_ones_and_what_will_change(browser_of: BrowserOf, scene: Scene) -> None:
    def fill() -> None:
        a_rule("gift", points=70)
        an_act(scene.cast.choir, category="gift", day=after(-100), note="square")
        hold = a_hold(scene.cast.choir, 8)
        holds.capture(hold.id, 5, at=clock.now() - timedelta(days=1))
        a_policy(posting_days=3)
        an_act(scene.cast.choir, 2, note="soon")

    scene.do(fill)
    page = browser_of("zhang").get(f"/points/accounts/{scene.cast.choir.id}").text
    for words in (
        "62",  # to spend
        "Tier bronze needs 60 points earned in 180 days; 70 were earned.",
        "name of gift, Tue 18 Aug: square",
        "posted, 3 days left",
        "On Sun 14 Feb 2027, 70 points of 合唱队 are older than 180 days: 0 remain, no tier, unless 60 more are earned.",
    ):
        assert words in page, words


def test_a_long_statement_is_read_page_by_page_and_its_balances_run_through(
    browser_of: BrowserOf, scene: Scene
) -> None:
    scene.do(lambda: [an_act(scene.cast.choir, category="hours", minutes=30 * number) for number in range(2, 47)])
    zhang, path = browser_of("zhang"), f"/points/accounts/{scene.cast.choir.id}"
    balances: list[int] = []
    pages = 0
    while path:
        page = zhang.get(path).text
        balances += [int(text) for text in re.findall(r'data-label="Balance" class="house-end"><span>(\d+)', page)]
        pages += 1
        assert ("Latest lines" in page) == (pages > 1)
        link = re.search(rf'href="/{SLUG}([^"]*before=[^"]*)"', page)
        path = link[1] if link else ""
    sums = [sum(range(2, number + 1)) for number in range(2, 47)]
    assert (pages, sorted(balances), balances) == (3, sums, sums[::-1])
    for odd in "never", str(scene.cast.choir.id):
        assert zhang.get(f"/points/accounts/{scene.cast.choir.id}/statement?before={odd}").status_code == 200


def test_contributions_stand_twenty_on_a_page(browser_of: BrowserOf, scene: Scene) -> None:
    scene.do(lambda: [an_act(scene.cast.choir, note=f"verse {number}") for number in range(25)])
    li = browser_of("li")
    first = li.get("/points/contributions").text
    link = re.search(rf'href="/{SLUG}([^"]*cursor=[^"]*)"', first)
    assert link
    second = li.get(unescape(link[1])).text
    assert [page.count("verse ") for page in (first, second)] == [20, 5]
    assert "Latest lines" in second
    assert "Earlier lines" not in second


def test_the_highest_tier_says_what_was_earned_and_the_meter_is_full(browser_of: BrowserOf, scene: Scene) -> None:
    def earn() -> None:
        a_rule("gift", points=350)
        an_act(scene.cast.choir, category="gift")

    scene.do(earn)
    home = browser_of("zhang").get("/").text
    assert "350 points; gold needs 300" in home
    assert "350 of 300" not in home
    assert 'value="300" max="300"' in home
    scene.do(lambda: an_act(scene.cast.orchestra, 6))
    assert "60 of 150 points for silver" in browser_of("zhao").get("/").text


def test_the_statement_of_whom_never_earned_says_so(browser_of: BrowserOf, scene: Scene) -> None:
    answer = browser_of("zhao").get(f"/points/accounts/{scene.cast.orchestra.id}")
    assert answer.status_code == 200
    assert "nothing expires" in answer.text


def test_what_expires_next_is_all_that_expires_that_day(browser_of: BrowserOf, scene: Scene) -> None:
    scene.do(lambda: [an_act(scene.cast.orchestra, category="song", acts=acts) for acts in (1, 2)])
    answer = browser_of("zhao").get(f"/points/accounts/{scene.cast.orchestra.id}")
    assert re.search(r'expire next</div><div class="house-figure"><a [^>]+>30<', answer.text)


def test_what_is_set_aside_does_not_expire_next(browser_of: BrowserOf, scene: Scene) -> None:
    def earn_and_set_aside() -> None:
        an_act(scene.cast.orchestra, category="song")
        a_hold(scene.cast.orchestra, 8)

    scene.do(earn_and_set_aside)
    answer = browser_of("zhao").get(f"/points/accounts/{scene.cast.orchestra.id}")
    assert re.search(r'expire next</div><div class="house-figure"><a [^>]+>2<', answer.text)


def test_the_home_pages_show_what_matters_to_each(browser_of: BrowserOf, scene: Scene) -> None:
    scene.do(lambda: an_act(scene.cast.choir, 6))
    for name in "zhang", "chen":  # leader and member
        home = browser_of(name).get("/").text
        assert "Points of 合唱队" in home
        assert "Tier bronze: book 10 days ahead" in home
        assert f"/points/accounts/{scene.cast.choir.id}" in home
    scene.do(lambda: a_policy(posting_days=3))
    scene.do(lambda: an_act(scene.cast.orchestra))
    staff = browser_of("li").get("/").text
    assert staff.index("Waiting for you") < staff.index("1 contribution is posted") < staff.index("Points this month")
    assert "the next count from Mon 30 Nov" in staff
    assert "Points this month" in staff
    assert "/points/award" in staff
    assert "Points of 合唱队" in browser_of("li").get(f"/groups/{scene.cast.choir.id}").text


def test_lists_are_searched_filtered_and_sorted(browser_of: BrowserOf, scene: Scene) -> None:
    scene.do(lambda: (an_act(scene.cast.orchestra, 6, note="square"), an_act(scene.cast.choir, 1)))
    li = browser_of("li")
    page = li.get("/points/").text
    assert page.index("民乐团") < page.index("合唱队")
    page = li.get("/points/?sort=name").text
    assert page.index("合唱队") < page.index("民乐团")
    assert "合唱队" not in li.get("/points/?tier=bronze").text
    assert "民乐团" not in li.get("/points/?q=合唱").text
    assert "合唱队" not in li.get("/points/contributions?q=square").text
    assert "民乐团" not in li.get("/points/contributions?q=合唱&state=credited&category=song").text
    assert li.get("/points/contributions?state=odd&cursor=x").status_code == 422


# --- statements of the database ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/points/", "/points/award", "/points/contributions", "/points/rules", "/points/accounts/{choir}", "/"]
)
def test_a_page_sends_as_many_statements_with_many_rows_as_with_few(
    browser_of: BrowserOf, scene: Scene, database: Database, path: str
) -> None:
    path = path.format(choir=scene.cast.choir.id)
    li = browser_of("li")

    def some(groups: int) -> None:
        for number in range(groups):
            group = a_group(f"team {groups} {number}")
            an_act(group, 1)
            an_act(scene.cast.choir, 1, category="hours", minutes=30 + number)

    def count() -> int:
        with statements(database.writer) as sent:
            assert li.get(path).status_code == 200
        return len(sent)

    scene.do(lambda: some(1))
    count()  # fills the caches of the process
    few = count()
    scene.do(lambda: some(12))
    assert count() == few
    assert scene.do(lambda: len(session.scalars(select(Holder)).all())) > 13


@pytest.mark.parametrize("name", ["li", "zhang"])
def test_pieces_of_the_home_page_send_at_most_three_statements(
    browser_of: BrowserOf, scene: Scene, database: Database, name: str
) -> None:
    scene.do(lambda: an_act(scene.cast.choir, 6))
    browser = browser_of(name)
    with statements(database.writer) as sent:
        browser.get("/")
    assert sum(1 for statement in sent if " points_" in statement) <= 3

"""Why: every figure of the pages leads to lines that add up to it, and these say what each is worth now."""

import io
import re
from html import unescape

import pytest
from openpyxl.reader.excel import load_workbook
from sqlalchemy import select

from core import clock
from core.db import Database, session
from plugins.points import holds, reversals
from plugins.points.models import Kind, Transfer
from plugins.points.requests import ReversalRequest
from tests.kit import SLUG, SYSTEM, Browser, BrowserOf, Cast
from tests.plugins.points.kit import TODAY, a_hold, a_policy, a_rule, after, an_act, figures, on, withdraw
from tests.statements import statements


@pytest.fixture
def lived(inside: Cast) -> Cast:
    """The choir: 40, 20 (15 of it taken back), 10 withdrawn, 6 spent, 8 set aside; its member Chen has half of the 40."""
    a_policy()
    a_rule("song", points=20, member_share=50)
    a_rule("help", points=10)
    an_act(inside.choir, 2, note="shared", member_ids=(inside.chen.resident_id,))
    slip = an_act(inside.choir, 1, note="slip")
    withdraw(an_act(inside.choir, 1, category="help", note="never"))
    transfer_id = slip.awards[0].transfer_id
    assert transfer_id
    reversals.reverse(transfer_id, ReversalRequest(reason="less", points=15), by=SYSTEM)
    on(after(1))
    held = a_hold(inside.choir, 6)
    holds.capture(held.id, None, at=clock.now())
    a_hold(inside.choir, 8, key="later")
    on(after(2))
    session.flush()
    return inside


def shown(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.text)


def why(page: str, number: int | str, label: str = "") -> str:
    """The address that a number leads to, the first after its label."""
    found = re.search(rf'href="/{SLUG}([^"]+)">{number}<', page[page.index(label) :])
    assert found, (label, number)
    return found[1]


def worth(page: str) -> list[int]:
    """What the lines of a list of contributions are worth."""
    return [int(text.replace("−", "-")) for text in re.findall(r'house-signed \w+">([+−]\d+)<', page)]


def test_the_figures_of_an_account_lead_to_lines_that_add_up_to_them(lived: Cast, browser_of: BrowserOf) -> None:
    zhang, choir = browser_of("zhang"), lived.choir.id
    assert figures(lived.choir) == (39, 8)
    for path in (f"/points/accounts/{choir}", "/points/", "/"):
        page = shown(zhang, path)
        lots = shown(zhang, why(page, 31))
        left = [int(text) for text in re.findall(r'data-label="Left" class="house-end"><span>(\d+)', lots)]
        assert (sum(left), why(lots, 39)) == (39, f"/points/accounts/{choir}/statement"), path
        earned = shown(zhang, why(page, 45, "" if path == "/points/" else "earned in"))
        assert sorted(worth(earned)) == [5, 40], path
        assert "2 contributions, 45 points together" in earned
        assert "20 →" in earned
        if path != "/":
            assert "8 points set aside" in shown(zhang, why(page, 8)), path
    assert f'href="/{SLUG}/points/accounts/{choir}/holds">8 more are set aside<' in page
    everything = shown(zhang, f"/points/contributions?holder={choir}")
    assert '<s class="house-soft">+10</s>' in everything
    assert "3 contributions, 45 points together" in everything


def test_a_member_who_shared_sees_where_the_points_come_from(lived: Cast, browser_of: BrowserOf) -> None:
    page = shown(browser_of("li"), f"/points/accounts/{lived.chen.resident_id}")
    listed = shown(browser_of("li"), why(page, 20, "earned in"))
    assert worth(listed) == [20]  # the share, not the group's
    assert "合唱队" in listed


def test_the_months_figures_on_the_home_of_the_staff_lead_to_their_lines(lived: Cast, browser_of: BrowserOf) -> None:
    li = browser_of("li")
    home = shown(li, "/")
    assert sum(worth(shown(li, why(home, 45, "awarded")))) == 45
    assert "−6" in shown(li, why(home, 6, "turned into time").partition("#")[0]).split('id="holders"')[1]
    assert sum(worth(shown(li, why(home, 45, "合唱队")))) == 45


def test_the_ranking_leads_from_each_part_to_its_contributions(lived: Cast, browser_of: BrowserOf) -> None:
    page = shown(browser_of("zhang"), "/points/ranking")
    listed = why(page, 45, "name of song")
    assert "category=song" in listed
    assert sum(worth(shown(browser_of("zhang"), listed))) == 45


def test_figures_of_categories_lead_to_contributions_with_the_shares(lived: Cast, browser_of: BrowserOf) -> None:
    li = browser_of("li")
    an_act(lived.choir, 1)
    a_policy(posting_days=3)
    an_act(lived.orchestra, 3)
    session.flush()
    page = shown(li, "/points/figures")
    counted = shown(li, why(page, 85, 'id="categories"'))
    assert "3 contributions, 85 points together" in counted  # 40 + 20 of Chen, 5, 20
    assert worth(shown(li, why(page, 60, 'id="categories"'))) == [60]


def test_the_past_says_what_its_figures_sum_up(lived: Cast, browser_of: BrowserOf) -> None:
    zhang = browser_of("zhang")
    day = after(1).isoformat()
    page = shown(zhang, f"/points/accounts/{lived.choir.id}/past?day={day}")
    until = shown(zhang, why(page, 39, "balance"))
    assert re.search(r'balance after</div><div class="house-figure">39<', until)
    assert "What was set aside" in page
    assert re.search(r'end house-soft">8 points<', page)
    earned = page.split("Where the standing came from")[-1]
    assert sum(int(text) for text in re.findall(r'data-label="Points" class="house-end"><span>(\d+)', earned)) == 45
    at = shown(zhang, f"/points/accounts/{lived.choir.id}/past?day={day}&at=09:30")
    assert f"from={day}&to={day}" in why(at, 39, "balance")
    assert re.search(r'class="text-nowrap">9:00<', shown(zhang, why(at, 39, "balance")))  # the lines say their time


def test_a_contribution_leads_to_the_version_of_the_rule_that_valued_it_and_to_what_its_cap_counted(
    inside: Cast, browser_of: BrowserOf
) -> None:
    a_policy()
    a_rule("song", points=10, monthly_cap=25)
    old = an_act(inside.choir, 2)
    on(TODAY, 10)
    a_rule("song", points=30, monthly_cap=25, valid_from=after(-3))  # of the past: for what is recorded from now on
    on(TODAY, 11)
    new = an_act(inside.choir, 1)
    session.flush()
    li = browser_of("li")
    before, then = (shown(li, f"/points/contributions/{one.id}") for one in (old, new))
    link = r'href="/xincheng(/points/rules/song#(\w+))">([^<]+)<'
    versions = [re.search(link, page) for page in (before, then)]
    assert [found and found[3] for found in versions] == [
        "10 points each time; at most 25 a month",
        "30 points each time; at most 25 a month",
    ]
    rules = shown(li, "/points/rules/song")
    for found in versions:
        assert found
        assert f'id="{found[2]}"' in rules
    counted = re.search(r'href="/xincheng([^"]+)">What counts for this limit<', then)
    assert counted
    assert sum(worth(shown(li, counted[1]))) == 25
    assert "What counts for this limit" not in before


def test_a_transfer_names_whose_points_it_took_and_what_of_it_is_owed(lived: Cast, browser_of: BrowserOf) -> None:
    zhang = browser_of("zhang")
    spent = shown(zhang, f"/points/accounts/{lived.choir.id}/statement?kind=spent")
    page = shown(zhang, re.findall(rf'href="/{SLUG}(/points/transfers/[^"]+)"', spent)[0])
    took = page.split("Whose points it took")[1]
    assert "name of song" in took
    assert re.search(r'end house-soft">6 points<', took)
    assert "made a debt" not in page
    song = an_act(lived.orchestra, 1)  # 20; 15 of them are spent when it is withdrawn
    held = a_hold(lived.orchestra, 15, key="gone")
    holds.capture(held.id, None, at=clock.now())
    withdraw(song)
    session.flush()
    li = browser_of("li")
    last = session.scalars(
        select(Transfer.id).where(Transfer.kind == Kind.WITHDRAWN).order_by(Transfer.id.desc())
    ).first()
    taken = shown(li, f"/points/transfers/{last}").split("Whose points it took")[1]
    assert [int(text) for text in re.findall(r'end house-soft">(\d+) points<', taken)] == [5, 15]
    assert "this made a debt" in taken


@pytest.mark.parametrize(
    "path",
    [
        "/points/accounts/{}/holds",
        "/points/accounts/{}/lots",
        "/points/accounts/{}/past",
        "/points/contributions?holder={}",
    ],
)
def test_pages_of_whys_send_as_many_statements_with_many_lines_as_with_few(
    lived: Cast, browser_of: BrowserOf, database: Database, path: str
) -> None:
    zhang, counts = browser_of("zhang"), []
    for number in range(2):
        shown(zhang, path.format(lived.choir.id))
        with statements(database.writer) as sent:
            shown(zhang, path.format(lived.choir.id))
        counts.append(len(sent))
        for one in range(6):
            an_act(lived.choir)
            a_hold(lived.choir, 1, key=f"{number} {one}")
        session.flush()
    assert counts[0] == counts[1]


def test_the_list_of_contributions_is_a_sheet_that_says_why(lived: Cast, browser_of: BrowserOf) -> None:
    answer = browser_of("zhang").get(f"/points/contributions.xlsx?holder={lived.choir.id}")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    head, *rows = sheet.iter_rows(values_only=True)
    assert head[-3:] == ("Worth now", "State", "Why")
    assert sorted(row[2:3] + row[5:] for row in rows) == [
        ("never", 10, 0, "withdrawn", "1 × 10 points = 10."),
        ("shared", 40, 40, "credited", "2 × 20 points = 40."),
        ("slip", 20, 5, "credited", "1 × 20 points = 20."),
    ]
    other = browser_of("zhang").get(f"/points/contributions.xlsx?holder={lived.orchestra.id}")
    assert other.status_code == 403


def test_what_was_taken_back_leads_to_withdrawals_and_reversals_alone(lived: Cast, browser_of: BrowserOf) -> None:
    li = browser_of("li")
    holders = shown(li, "/points/figures").split('id="holders"')[1]
    assert worth(shown(li, why(holders, "−25"))) == [-15, -10]

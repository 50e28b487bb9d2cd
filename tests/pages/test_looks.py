"""Every page in a browser: desk and telephone, normal and large print, and nothing too small, cut off or grave for axe."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import BrowserContext, Page, ViewportSize
from sqlalchemy import select

from core import clock
from core.db import Id, session, unit
from core.people.models import Holder
from core.plugins import here
from core.web.request import linli_of
from plugins.points import rules
from plugins.points.policy import PointsPolicy
from tests import kit
from tests.contract.test_subsets import DAYS
from tests.end_to_end.chromium import DESK, GRAVE, IDS, PATIENCE, TELEPHONE, chromium
from tests.end_to_end.installation import served
from tests.kit import a_group
from tests.pages.walking import addresses, samples_of
from tests.plugins.points.kit import a_policy, a_rule, an_act

WHO = [("li", "en"), ("li", "zh-CN"), ("zhang", "en"), (None, "en")]
LOOKS = [(DESK, False), (TELEPHONE, False), (DESK, True), (TELEPHONE, True)]
ASKED = [(DESK, False), (TELEPHONE, True)]  # axe is slow: the two looks that differ most
ALSO = ["/search?q=z", "/import/groups", "/booking/?day=2026-11-30&start=10:00&minutes=150", "/no/such/page"]
# In large print nothing is smaller than 24 px, and what is tapped is 60 px high; else 44 (WCAG 2.2 asks for 24).
MEASURE = """(large) => {
  const shown = (one) => { const box = one.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && getComputedStyle(one).visibility !== "hidden"; };
  const all = (which) => [...document.querySelectorAll(which)].filter(shown);
  const said = (ones) => ones.map((one) => (one.innerText || one.name || one.tagName).trim().slice(0, 30)).join(" | ");
  const found = [];
  const note = (what, ones) => { if (ones.length) found.push(what + ": " + said(ones)); };
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth + 1) found.push("is " + wide + " px wide");
  note("two lines in the bar", all(".house-community")
    .filter((one) => one.getBoundingClientRect().height > 1.8 * parseFloat(getComputedStyle(one).fontSize)));
  note("low", all("button, a.btn, summary.btn, input:not([type=hidden]), select")
    .filter((one) => one.getBoundingClientRect().height < (large ? 60 : 44) - 0.5));
  note("cut", all("button, .btn, th, td, .house-badge, .house-tier, h1, h2")
    .filter((one) => one.scrollWidth > one.clientWidth + 2 && getComputedStyle(one).overflowX === "visible"));
  if (large) note("small", all("main *")
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 23.5));
  return found;
}"""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def looks_wrong(page: Page, *, ask_axe: bool) -> list[str]:
    """What is wrong with a page in any of its looks; it is loaded once."""
    found = []
    for viewport, large in LOOKS:
        look(page, viewport, large=large)
        at = f"{viewport['width']} px{', large' if large else ''}"
        found += [f"{at}: {fault}" for fault in page.evaluate(MEASURE, large)]
        if ask_axe and (viewport, large) in ASKED:
            violations = Axe().run(page).response["violations"]
            found += [
                f"{at}: axe {one['id']}: {one['nodes'][0]['html']}" for one in violations if one["impact"] in GRAVE
            ]
    return found


def look(page: Page, viewport: ViewportSize, *, large: bool) -> None:
    """Show the page in another width and print, as the server would for who has chosen it."""
    page.set_viewport_size(viewport)
    page.evaluate("large => document.documentElement.classList.toggle('large', large)", large)


def sign_in(context: BrowserContext, browser: kit.Browser, address: str) -> None:
    """Let Chromium be who the browser of the kit is."""
    cookie = browser.client.get_cookie("session")
    if cookie is not None:
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])


@pytest.mark.parametrize(("who", "locale"), WHO, ids=str)
def test_every_page_can_be_read_and_used_in_every_look(lived: Flask, who: str | None, locale: str) -> None:
    clock.start_at(kit.NOW + timedelta(days=DAYS), frozen=True)
    database = linli_of(lived).database
    browser_of = kit.BrowserOf(lived, kit.find_cast(database))
    browser, first = browser_of(who, locale=locale), browser_of(WHO[0][0], locale=WHO[0][1])
    with lived.app_context(), unit(database, write=False):
        kit.enter_slug(linli_of(lived).house, kit.SLUG)
        some = {name: values[:1] for name, values in samples_of().items()}
    some["holder_id"] = some["group_id"]
    paths = [*addresses(lived, "GET", some), *(f"/{kit.SLUG}{path}" for path in ALSO), "/api/v1/"]
    wrong: list[str] = []
    seen: set[str] = set()
    lost: set[str] = set()  # styles, scripts, icons that were not there
    asked: set[str] = set()  # kinds of pages of which axe was asked
    with served(lived) as port, chromium() as program:
        address = f"http://127.0.0.1:{port}"
        context = program.new_context(locale=locale, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        sign_in(context, browser, address)
        page = context.new_page()
        page.on("response", lambda answer: lost.add(answer.url) if "/static/" in answer.url and not answer.ok else None)
        for path in paths:
            answer = browser.client.get(path, headers={"Accept-Language": locale})
            if answer.mimetype != "text/html" or answer.status_code not in {200, 403, 404}:
                continue
            if answer.status_code != 200 and str(answer.status_code) in seen:
                continue  # refusals look alike
            seen.add(path if answer.status_code == 200 else str(answer.status_code))
            page.goto(f"{address}{path}")
            kind = IDS.sub("", path)
            # To axe a page is the same for whoever has signed in: of what the first can read it is asked there.
            elsewhere = who is not None and (who, locale) != WHO[0] and first.client.get(path).status_code == 200
            wrong += [f"{path} {fault}" for fault in looks_wrong(page, ask_axe=kind not in asked and not elsewhere)]
            asked.add(kind)
        context.close()
    assert not lost
    assert not wrong, "\n".join(wrong)
    assert len(seen) > (3 if who is None else 12)


# --- paper ---------------------------------------------------------------------------------------------------------

LINES = 90
SHEETS = 3  # 31 rows on the first, 38 on the others
# Measured before a chart could be drawn anew: printing does not wait for that.
ON_PAPER = """(width) => {
  document.body.style.width = width + "px";
  return [...document.querySelectorAll("canvas")].map((one) => one.getBoundingClientRect().right);
}"""
A4_INSIDE: ViewportSize = {"width": 680, "height": 1000}  # 180 mm between the margins


def sheets(page: Page) -> int:
    """On how many sheets of paper the page is printed."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


def fill_for_paper() -> Id:
    """A group with many movements, and six changes of the rules to come."""
    group = a_group("长城乐队")
    a_policy()
    a_rule("parade")
    for number in range(LINES):
        an_act(group, category="parade", note=f"第{number}次巡演")
    today = here().today()
    for number, points in enumerate((25, 30, 35), 1):
        a_rule("parade", points=points, daily_cap=90, member_share=10, valid_from=today + timedelta(days=number))
    coming = (PointsPolicy(posting_days=5), PointsPolicy(price_peak=12), PointsPolicy(gift_monthly_cap=50))
    for number, figures in enumerate(coming, 4):
        rules.put_policy(figures, valid_from=today + timedelta(days=number), by=kit.SYSTEM)
    return group.id


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_what_is_printed_fits_its_paper(lived: Flask, locale: str) -> None:
    clock.start_at(kit.NOW + timedelta(days=DAYS), frozen=True)
    linli = linli_of(lived)
    with lived.app_context(), unit(linli.database, write=True):
        kit.enter_slug(linli.house, kit.SLUG)
        found = session.scalar(select(Holder.id).where(Holder.name == "长城乐队")) or fill_for_paper()
    browser = kit.BrowserOf(lived, kit.find_cast(linli.database))("li", locale=locale)
    with served(lived) as port, chromium() as program:
        address = f"http://127.0.0.1:{port}"
        context = program.new_context(locale=locale, viewport=A4_INSIDE)
        sign_in(context, browser, address)
        page = context.new_page()
        page.goto(f"{address}/{kit.SLUG}/points/accounts/{found}/statement/print")
        assert sheets(page) == SHEETS
        page.goto(f"{address}/{kit.SLUG}/points/rules")
        assert sheets(page) == 1
        page.set_viewport_size(DESK)  # the charts are drawn for a screen, then printed
        page.goto(f"{address}/{kit.SLUG}/points/figures")
        page.locator("canvas").first.wait_for()
        page.emulate_media(media="print")
        wide = page.evaluate(ON_PAPER, A4_INSIDE["width"])
        assert wide
        assert max(wide) <= A4_INSIDE["width"]
        context.close()

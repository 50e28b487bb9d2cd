"""What the tests of rules and policy have in common: a scene of units of their own, and the forms as a browser sends them."""

import re
from typing import Any

from sqlalchemy import select

from core.communities.models import PolicyVersion
from core.db import Database, session, unit
from core.notices.models import Outbox
from core.plugins import House
from plugins.points.models import Category, Rule
from tests.kit import SLUG, Browser, Cast, enter_slug
from tests.plugins.points.kit import TODAY


class Scene:
    """A community the tests fill, in units of their own."""

    def __init__(self, database: Database, house: House, cast: Cast) -> None:
        self.database, self.house, self.cast = database, house, cast

    def do(self, act: Any) -> Any:
        with unit(self.database, write=True):
            enter_slug(self.house, SLUG)
            return act()

    def notices(self) -> list[tuple[Any, Any]]:
        """Who was told what."""
        in_order = select(Outbox).order_by(Outbox.id)
        return self.do(lambda: [(one.resident_id, one.words) for one in session.scalars(in_order)])  # type: ignore[no-any-return]

    def versions(self) -> int:
        return self.do(lambda: len(session.scalars(select(PolicyVersion)).all()))  # type: ignore[no-any-return]

    def rules_of(self, code: str) -> list[tuple[int, Any]]:
        of = select(Rule).join(Category, Category.id == Rule.category_id).where(Category.code == code)
        return self.do(lambda: [(one.points, one.valid_from) for one in session.scalars(of.order_by(Rule.id))])  # type: ignore[no-any-return]


def typed_policy(**fields: Any) -> dict[str, Any]:
    """The form of the policy as a browser sends it, with the defaults; None leaves a box empty, False leaves a tick out."""
    filled: dict[str, Any] = {
        "posting_days": 3,
        "evidence_after_days": 14,
        "resident_daily_cap": 40,
        "expiry_days": 365,
        "gift_monthly_cap": 0,
        "window_days": 180,
        "mode": "total",
        "step_minutes": 30,
        "price_peak": 10,
        "price_off_peak": 5,
        "valid_from": TODAY,
    }
    for tier, figures in {"bronze": (60, 10, 60), "silver": (150, 14, 90), "gold": (300, 21, 120)}.items():
        names = ("points", "early_days", "extension_minutes")
        filled |= {f"{tier}_{name}": number for name, number in zip(names, figures, strict=True)}
    filled |= {f"day{weekday}": "18:00–21:00" for weekday in range(5)} | {"day5": "0:00-24:00", "day6": "0:00-24:00"}
    filled |= dict.fromkeys(("allow_debt", "public_posting", "public_ranking", "public_rules"), "y")
    return {
        name: "" if value is None else str(value) for name, value in (filled | fields).items() if value is not False
    }


def typed_rule(**fields: Any) -> dict[str, Any]:
    return {"per": "act", "points": "10", "daily_cap": "", "monthly_cap": "60", "valid_from": str(TODAY)} | fields


def seen_on(page: str) -> str:
    found = re.search(r'name="seen"[^>]*value="(\w*)"', page)
    assert found is not None
    return found[1]


def keep(browser: Browser, path: str, data: dict[str, Any], look: str | None = None) -> Any:
    """Both steps: look, then save what was shown."""
    page = browser.post(look or f"{path}/look", data)
    assert page.status_code == 200, page.text
    return browser.post(path, data | {"seen": seen_on(page.text)})


def keep_rule(browser: Browser, data: dict[str, Any], code: str = "song") -> Any:
    return keep(browser, f"/points/rules/{code}/new", data, look=f"/points/rules/{code}/look")

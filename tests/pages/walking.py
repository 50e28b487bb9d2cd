"""Where the pages are: an address for every rule, with ids of what lives in the open community."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import BuildError, Rule

from core import clock
from core.accounts.models import Account
from core.db import Id, session
from core.notices.models import Outbox
from core.people.models import Group, Holder, Resident
from core.sheets.models import SheetDraft
from plugins.booking.models import Reservation, Room, Series
from plugins.points.models import Contribution, Gift, Transfer
from plugins.points.models import Rule as AwardRule
from tests import kit

FEW = 3  # addresses of one view with the same words in the query
NO_SUCH_ID = "0198c0de-0000-7000-8000-000000000000"


def samples_of() -> dict[str, list[str]]:
    """Some ids of each kind in the open community: of each state one, of each kind one, and one that is none."""

    def ids(model: Any, *, by: Any = None) -> list[str]:
        rows: dict[Any, Id] = {}
        for number, row in enumerate(session.scalars(select(model).order_by(model.id))):
            rows.setdefault(number < FEW if by is None else by(row), row.id)
        return [*map(str, rows.values()), NO_SUCH_ID]

    now = clock.now()
    return {
        "resident_id": ids(Resident),
        "group_id": ids(Group),
        "holder_id": ids(Holder, by=lambda row: row.kind),
        "other_id": ids(Account),
        "reservation_id": ids(Reservation, by=lambda row: (row.state(now), row.price_points > 0)),
        "series_id": ids(Series),
        "room_id": ids(Room),
        "contribution_id": ids(Contribution, by=lambda row: row.state),
        "transfer_id": ids(Transfer),
        "draft_id": ids(SheetDraft),
        "gift_id": ids(Gift),
        "rule_id": ids(AwardRule),
        "notice_id": ids(Outbox),
        "kind": ["residents", "groups", "contributions", "nothing"],
        "closure_id": [NO_SUCH_ID],
        "name": ["points", "nothing"],
        "wanted": ["on"],
        "shown": ["public"],
        "code": ["customs_publicity", "nothing"],
        "table": ["groups"],
        "valid_from": ["2026-11-26"],
        "seq": ["1"],
    }


def addresses(app: Flask, method: str, some: dict[str, list[str]]) -> list[str]:
    """Every page that answers a method, with some values for each argument."""
    adapter = app.url_map.bind("localhost")
    found = ["/"] if method == "GET" else []
    for rule in pages(app, method):
        names = sorted(rule.arguments - {"community"})
        longest = max((len(some[name]) for name in names), default=1)
        for number in range(longest):
            values = {name: some[name][min(number, len(some[name]) - 1)] for name in names}
            try:
                found.append(adapter.build(rule.endpoint, values | {"community": kit.SLUG}, method=method))
            except BuildError:
                pytest.fail(f"no address for {rule}")
    return list(dict.fromkeys(found))


def pages(app: Flask, method: str) -> list[Rule]:
    """The rules of a community that answer a method."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or set()) and rule.rule.startswith("/<community>/")
    ]

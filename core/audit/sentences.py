"""The words of the audit: what the things are called that an act changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

SENTENCES: Mapping[str, Any] = {
    "fact_is.yes": _l("yes"),
    "fact_is.no": _l("no"),
    "fact.": _l("content"),
    "fact.name": _l("name"),
    "fact.role": _l("role"),
    "fact.resident_id": _l("resident's number"),
    "fact.kind": _l("kind"),
    "fact.telephone": _l("telephone"),
    "fact.born_on": _l("born on"),
    "fact.from": _l("from"),
    "fact.to": _l("to"),
    "fact.starts_at": _l("from"),
    "fact.ends_at": _l("until"),
    "fact.valid_from": _l("valid from"),
    "fact.expires_at": _l("expires"),
    "fact.state": _l("state"),
    "fact.status": _l("state"),
    "fact.reason": _l("reason"),
    "fact.note": _l("note"),
    "fact.by": _l("by whom"),
    "fact.late": _l("too late"),
    "fact.overridden": _l("against the rule"),
    "fact.changed": _l("changed"),
    "fact.points": _l("points"),
    "fact.price_points": _l("price in points"),
    "fact.captured": _l("taken"),
    "fact.released": _l("given back"),
    "fact.minutes": _l("minutes"),
    "fact.capacity": _l("places"),
    "fact.rows": _l("rows"),
    "fact.created": _l("newly entered"),
    "fact.contributions": _l("contributions"),
    "fact.category": _l("category"),
    "fact.code": _l("short name"),
    "fact.per": _l("counted by"),
    "fact.member_share": _l("share of members (percent)"),
    "fact.daily_cap": _l("most a day"),
    "fact.monthly_cap": _l("most a month"),
    "kind.orchestra": _l("orchestra"),
    "kind.choir": _l("choir"),
    "kind.dance": _l("dance team"),
    "kind.opera": _l("opera"),
    "kind.calligraphy": _l("calligraphy"),
    "kind.sport": _l("sport"),
    "kind.other": _l("other"),
    "kind.residents": _l("residents"),
    "kind.groups": _l("groups"),
    "kind.contributions": _l("contributions"),
}

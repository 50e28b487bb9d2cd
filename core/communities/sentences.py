"""The words of communities: refusals, faults of fields, acts of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

SENTENCES: Mapping[str, Any] = {
    "slug_letters": _l("Small Latin letters, digits and hyphens, beginning with a letter: for example xincheng"),
    "slug_reserved": _l("These words begin other addresses: %(reserved)s. Choose another."),
    "slug_taken": _l("There is a community %(slug)s already. Choose another short name."),
    "not_a_zone": _l("%(zone)s is no time zone. Write it like Asia/Shanghai."),
    "not_a_phone": _l("Digits, with spaces or hyphens between and perhaps a + before them: for example 0931-000 0000"),
    "policy_unchanged": _l("Nothing is changed: these are the figures of that day already."),
    "why.in_force": _l("It has taken effect, and what was in force stays. Keep a new version from today on instead."),
    "why.replaced": _l("Another version was kept for the same day meanwhile. Look again, and take that one back."),
    "act.core.community_created": _l("Made the community"),
    "act.core.community_changed": _l("Changed the community's name or telephone number"),
}

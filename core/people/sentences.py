"""The words of people: refusals, faults of fields, acts of the audit, kinds of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

SENTENCES: Mapping[str, Any] = {
    "not_a_telephone": _l(
        "A telephone number has 3 to 20 digits, perhaps with a + before them, and blanks, - or brackets between them."
    ),
    "born_in_the_future": _l("Nobody is born after today. Look at the year."),
    "not_a_group_kind": _l("The kind is one of the list, or a word of small letters a to z."),
    "group_exists": _l("There is a group called %(name)s already. Give this one another name."),
    "ends_before_it_begins": _l("The last day comes before the first. Change one of the two."),
    "already_member": _l("%(name)s is in %(group)s already, from %(from_day)s. Let that end first."),
    "group_dissolved": _l("%(group)s was dissolved on %(day)s: nothing new can be done for it."),
    "group_merged": _l("%(group)s goes on as %(into)s since %(day)s. Choose %(into)s instead."),
    "group_into_itself": _l("A group cannot be merged into itself. Choose the other one."),
    "not_a_group": _l("This is no group. Choose a group."),
    "not_a_cursor": _l("This list cannot go on from there. Read it again from its beginning."),
    # kinds of groups
    "group_kind.orchestra": _l("orchestra"),
    "group_kind.choir": _l("choir"),
    "group_kind.dance": _l("dance team"),
    "group_kind.opera": _l("opera"),
    "group_kind.calligraphy": _l("calligraphy"),
    "group_kind.chess": _l("chess and cards"),
    "group_kind.sport": _l("sport"),
    "group_kind.other": _l("other"),
    # acts of the audit
    "act.core.resident_created": _l("Entered a resident"),
    "act.core.resident_changed": _l("Changed a resident"),
    "act.core.group_created": _l("Entered a group"),
    "act.core.group_changed": _l("Changed a group"),
    "act.core.group_merged": _l("Merged a group into another"),
    "act.core.group_dissolved": _l("Dissolved a group"),
    "act.core.member_added": _l("Took somebody into a group"),
    "act.core.member_removed": _l("Let somebody leave a group"),
}

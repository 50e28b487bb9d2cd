"""The core's sentences: refusals, faults of fields, acts of the audit. Code → lazy words, or a function of the facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

# What marshmallow says of a field, by its own English words.
FIELD_MESSAGES = {
    "Missing data for required field.": _l("This is missing."),
    "Field may not be null.": _l("This may not be empty."),
    "Unknown field.": _l("There is no such field; take it out."),
    "Not a valid string.": _l("This must be text."),
    "Not a valid integer.": _l("This must be a whole number."),
    "Not a valid boolean.": _l("This must be true or false."),
    "Not a valid date.": _l("This must be a day like 2026-03-02."),
    "Not a valid datetime.": _l("This must be a moment with its offset, like 2026-03-02T10:00+08:00."),
    "Not a valid aware datetime.": _l("This must be a moment with its offset, like 2026-03-02T10:00+08:00."),
    "Not a valid time.": _l("This must be a time like 08:00."),
    "Not a valid utf-8 string.": _l("This must be text."),
    "Number too large.": _l("This number is too large."),
    "Invalid value.": _l("This value cannot be right."),
    "Invalid type.": _l("This must be a JSON object."),
    "Not a valid list.": _l("This must be a list."),
    "Invalid input type.": _l("This must be a JSON object with the fields of the document."),
    "Not a valid mapping type.": _l("This must be a JSON object."),
    "impossible_day": _l("This day cannot be meant."),
    "not_a_limit": _l("The limit is a number from 1 to 200."),
}

_CHOICES = "Must be one of: "


def _field_message(facts: Mapping[str, Any]) -> str:
    message = str(facts["message"])
    if message.startswith(_CHOICES):
        return gettext("Choose one of: %(choices)s.", choices=message.removeprefix(_CHOICES).removesuffix("."))
    known = FIELD_MESSAGES.get(message)
    return str(known) if known is not None else gettext("This cannot be right: %(message)s", message=message)


def _forbidden(facts: Mapping[str, Any]) -> str:
    """A plugin may say why, by a sentence `why.<fact>` of its own."""
    return str(facts["why"]) if "why" in facts else gettext("You may not do this. Ask the centre's manager.")


def _wrong_state(facts: Mapping[str, Any]) -> str:
    """As `_forbidden`."""
    if "why" in facts:
        return str(facts["why"])
    return gettext("That is no longer possible: things have moved on. Look again.")


SENTENCES: Mapping[str, Any] = {
    # refusals
    "not_found": _l("There is nothing here. Perhaps the address is wrong, or the thing is no longer there."),
    "unauthorized": _l("Sign in first, or send a token."),
    "forbidden": _forbidden,
    "wrong_state": _wrong_state,
    "conflict": _l(
        "Somebody else changed the same thing at this moment. Look again and repeat it if it is still needed."
    ),
    "key_reused": _l("This key was used before for something else. Take a new one."),
    "invalid": _l("Something in this cannot be right. Look at the fields that are marked."),
    "unreadable": _l("One of the values is too large or has characters that cannot be kept."),
    "still_required": _l("%(plugin)s cannot be switched off while %(needed_by)s needs it."),
    "requires_others": _l("%(plugin)s needs %(requires)s: switch that on first."),
    "offers_clash": _l("%(plugin)s does the same as %(other)s. Switch that off first."),
    # faults of fields
    "unreadable_field": _field_message,
    "required": _l("Fill this in."),
    "too_long_text": _l("At most %(most)d characters; this has %(length)d."),
    "not_whole": _l("This must be a whole number."),
    "too_small": _l("At least %(least)d."),
    "too_large": _l("At most %(most)d."),
    "impossible_day": _l("This day cannot be meant."),
    "not_a_choice": _l("Choose one of: %(choices)s."),
    # what `linli check` finds
    "check.centres": _l("There are %(count)d centres; there must be one."),
    "check.kind": _l("%(name)s is kept as another kind of holder than its rows say."),
    "check.overlapping": _l("%(resident)s is in %(group)s twice on the same day."),
    "check.requires": _l("The plugin %(plugin)s is on, but %(requires)s is off."),
    "check.plugin_failed": _l("The plugin %(plugin)s could not be checked: its check failed."),
    # roles
    "role.manager": _l("manager"),
    "role.staff": _l("staff"),
    "role.resident": _l("resident"),
    "role.member": _l("member"),
    "role.leader": _l("leader"),
    # acts of the audit
    "act.core.plugin_enabled": _l("Switched on a plugin"),
    "act.core.plugin_disabled": _l("Switched off a plugin"),
}

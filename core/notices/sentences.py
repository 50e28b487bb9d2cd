"""The words of notices: faults of fields, acts of the audit, and what managers read of e-mail that did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

SENTENCES: Mapping[str, Any] = {
    "not_an_address": _l("This must be an e-mail address like zhang@example.org, in Latin letters."),
    "mail_given_up": _l(
        "Notices for %(name)s could not be delivered to %(address)s and were given up. Ask for the right address, or tell "
        "the operator if others miss theirs too. The mail server said: %(error)s"
    ),
    # acts of the audit
    "act.core.mail_chosen": _l("Chose what comes by e-mail"),
    "act.core.quiet_hours": _l("Changed the quiet hours"),
    "fact.mail_kinds": _l("By e-mail"),
    "fact.begins": _l("From"),
    "fact.ends": _l("Until"),
}

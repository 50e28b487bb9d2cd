"""The words of accounts: refusals, faults of fields, acts of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

SENTENCES: Mapping[str, Any] = {
    "wrong_password": _l(
        "This user name and this password do not belong together. After five wrong tries in a row nobody is let in for"
        " 15 minutes; the centre's manager can set a new password."
    ),
    "wrong_own_password": _l("This is not your present password."),
    "passwords_differ": _l("The two new passwords are not the same. Type the new one twice."),
    "user_name_taken": _l("There is an account %(user_name)s already. Choose another user name."),
    "user_name_letters": _l("Only Latin letters, digits, dots, hyphens and underscores: for example zhang.sf"),
    "too_short_text": _l("At least %(least)d characters."),
    "nobody_found": _l("No resident is found by “%(words)s”. Look at the spelling, or leave this empty."),
    "several_found": _l("Several residents are found by “%(words)s”. Add the end of the telephone number."),
    "locked_out": _l(
        "Managers must keep the right to decide who may do what; otherwise nobody could change this back."
    ),
    # how far a permission reaches
    "reach.none": _l("nobody"),
    "reach.own": _l("own and led groups"),
    "reach.all": _l("for everyone"),
    # acts of the audit
    "act.core.account_created": _l("Made an account"),
    "act.core.account_locked": _l("Locked an account for 15 minutes after five wrong passwords"),
    "act.core.password_changed": _l("Set a new password"),
    "act.core.grants_changed": _l("Changed who may do what"),
}

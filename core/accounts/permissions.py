"""The core's permissions."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.plugins import Permission

PERMISSIONS = (
    Permission(
        name="core.people.read",
        label=_l("See residents and groups"),
        grants={"manager": "all", "staff": "all", "resident": "own"},
    ),
    Permission(
        name="core.people.edit",
        label=_l("Enter residents, groups and members"),
        grants={"manager": "all", "staff": "all"},
    ),
    Permission(name="core.people.close", label=_l("Merge and dissolve groups"), grants={"manager": "all"}),
    Permission(name="core.import", label=_l("Import sheets"), grants={"manager": "all", "staff": "all"}),
    Permission(name="core.on_behalf", label=_l("Act for a resident"), grants={"manager": "all", "staff": "all"}),
    Permission(name="core.accounts", label=_l("Make accounts"), grants={"manager": "all"}),
    Permission(
        name="core.community", label=_l("Change the community's name and telephone number"), grants={"manager": "all"}
    ),
    Permission(name="core.plugins", label=_l("Switch plugins on and off"), grants={"manager": "all"}),
    Permission(name="core.quiet_hours", label=_l("Set the quiet hours"), grants={"manager": "all"}),
    Permission(name="core.audit", label=_l("Read the audit"), grants={"manager": "all"}),
    Permission(name="core.grants", label=_l("Decide who may do what"), grants={"manager": "all"}),
)

"""Every table of the core, met once, so that whoever makes or compares tables knows them all."""

from __future__ import annotations

from core import plugin_faults
from core.accounts import models as accounts
from core.audit import models as audit
from core.communities import models as communities
from core.notices import models as notices
from core.people import models as people
from core.sheets import models as sheets
from core.upkeep import models as upkeep
from core.web import models as web

TABLES = (accounts, audit, communities, notices, people, plugin_faults, sheets, upkeep, web)

"""REST of sheets."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g

from core.errors import DomainError
from core.sheets import importing
from core.sheets.importing import Report
from core.sheets.schemas import FaultOut, ReportOut, UploadIn, UploadQuery
from core.web.api import operation
from core.web.request import actor, linli, reading
from core.web.transactions import runs_in

api = Blueprint("sheets_api", __name__)


class SheetRefused(DomainError):
    """The sheet has faults, and nothing was imported. Facts: rows, created (0), unchanged, faults, count."""

    code = "sheet_faults"


@api.post("/imports/<kind>")
@runs_in("own")
@operation(needs="core.import", query=UploadQuery, files=UploadIn, gives=ReportOut)
def import_sheet(kind: str, query: dict[str, Any], files: dict[str, Any]) -> Report:
    """Import a sheet (residents, groups, contributions, …): all of it or, with any fault, nothing.

    Every row has a number of its own (`ref`, 编号): known with equal content it is unchanged, with other content a fault. So
    the same file twice changes nothing. A dry run answers 200 with what would come of it; faults otherwise answer 422.
    """
    file = files["file"]
    dry_run = query["dry_run"]
    report = importing.run(
        linli().database, linli().house, g.slug, kind, file.filename or "", file.read(), by=actor(), dry_run=dry_run
    )
    if report.faults and not dry_run:
        with reading():
            faults = FaultOut(many=True).dump(report.faults)
        raise SheetRefused(
            rows=report.rows, created=0, unchanged=report.unchanged, faults=faults, count=len(report.faults)
        )
    return report

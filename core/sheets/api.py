"""REST of sheets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint

from core.errors import DomainError
from core.sheets import importing, judging, reading
from core.sheets.judging import Checked, Report
from core.sheets.kinds import SheetFaults
from core.sheets.schemas import ReportOut, UploadIn, UploadQuery
from core.web.api import operation
from core.web.request import actor
from core.web.request import reading as web_reading

api = Blueprint("sheets_api", __name__)


class SheetRefused(DomainError):
    """The sheet has faults, and nothing was imported. Facts: rows, created (0), unchanged, faults, count."""

    code = "sheet_faults"


def _judge(kind: str, query: dict[str, Any], files: dict[str, Any]) -> Checked:
    """Read and judge: what is slow, before the unit that writes."""
    del query
    file = files["file"]
    lines = reading.read(file.read())
    file.seek(0)  # whoever remembers the key of this request looks at the file too
    with web_reading():
        return judging.judge(kind, lines, by=actor())


@api.post("/imports/<kind>")
@operation(needs="core.import", query=UploadQuery, files=UploadIn, gives=ReportOut, before=_judge)
def import_sheet(kind: str, query: dict[str, Any], files: dict[str, Any], prepared: Checked) -> Report:
    """Import a sheet (residents, groups, contributions, …): all of it or, with any fault, nothing.

    Every row has a number of its own (`ref`, 编号): known with equal content it is unchanged, with other content a fault. So
    the same file twice changes nothing. A dry run answers 200 with what would come of it; faults otherwise answer 422.
    """
    del kind
    if query["dry_run"]:
        return prepared.report()
    if prepared.faults:
        raise _refused(prepared)
    try:
        return importing.write(prepared, files["file"].filename or "", by=actor())
    except SheetFaults as refusal:
        raise _refused(replace(prepared, faults=refusal.faults)) from None


def _refused(checked: Checked) -> SheetRefused:
    report = ReportOut().dump(checked.report())
    return SheetRefused(**report, count=len(checked.faults))

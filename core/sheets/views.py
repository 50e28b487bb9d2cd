"""Pages of sheets: choose a kind, take the template, send the sheet, read what is wrong with it."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.errors import DomainError
from core.sheets import importing, judging
from core.sheets.forms import UploadForm
from core.sheets.header import columns_of
from core.sheets.judging import Report
from core.web.guard import requires
from core.web.request import actor, linli, reading
from core.web.transactions import runs_in

pages = Blueprint("sheets", __name__)
SHOWN = 200  # faults on one page
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages.get("/import")
@requires("core.import")
def index() -> ResponseReturnValue:
    """To the first kind of sheet."""
    return redirect(url_for(".upload", kind=judging.kinds()[0].name))


@pages.get("/import/<kind>")
@requires("core.import")
def upload(kind: str) -> ResponseReturnValue:
    """Send a sheet of a kind."""
    return _page(kind, UploadForm(), None)


@pages.post("/import/<kind>")
@requires("core.import")
@runs_in("own")
def send(kind: str) -> ResponseReturnValue:
    """Check a sheet, or import it."""
    form, report = UploadForm(), None
    if form.submitted():
        dry_run = request.form.get("act") != "import"
        file = form.file.data
        try:
            report = importing.run(
                linli().database, linli().house, g.slug, kind, file.filename, file.read(), by=actor(), dry_run=dry_run
            )
        except DomainError as error:
            with reading():
                form.refuse(error)
        else:
            if not report.faults and not dry_run:
                with reading():
                    flash(
                        _(
                            "Imported: %(created)d new rows, %(unchanged)d known already.",
                            created=report.created,
                            unchanged=report.unchanged,
                        ),
                        "success",
                    )
                    return redirect(url_for(".upload", kind=kind), code=303)
    with reading():
        return _page(kind, form, report)


def _page(kind_name: str, form: UploadForm, report: Report | None) -> ResponseReturnValue:
    kind = judging.kind_of(kind_name)
    columns = columns_of(kind)
    page = render_template(
        "sheets/upload.html",
        kind=kind,
        kinds=judging.kinds(),
        columns=columns,
        labels={column.name: column.label for column in columns},
        form=form,
        report=report,
        shown=SHOWN,
    )
    return page, 422 if report and report.faults else form.status


@pages.get("/import/<kind>/template.xlsx")
@requires("core.import")
def get_template(kind: str) -> Response:
    """The template of a kind, in the reader's language."""
    from core.sheets import template  # 0.1 s, for openpyxl: only whoever asks for a template waits for it

    found = judging.kind_of(kind)
    name = f"{found.name}-template.xlsx"
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(template.workbook(found), content_type=XLSX, headers=headers)

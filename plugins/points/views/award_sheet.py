"""Contributions from a sheet: pasted or sent, looked through and mended line by line, then recorded all or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from core.communities import policy
from core.db import Id
from core.errors import DomainError
from core.plugins import here
from core.sheets import drafts, looking, progress, reading
from core.sheets.forms import PasteForm, UploadForm, mending_of, version_of
from core.sheets.header import columns_of
from core.sheets.judging import Checked
from core.sheets.kinds import SheetFaults, SheetRepeats
from core.sheets.models import SheetDraft
from core.sheets.progress import Stage
from core.web import downloads, replay
from core.web.forms import ActForm
from core.web.guard import requires
from core.web.request import actor, writing
from core.web.request import reading as web_reading
from core.web.transactions import runs_in
from plugins.points import queries, sheet
from plugins.points.policy import PointsPolicy
from plugins.points.views.award import AWARD, recorded
from plugins.points.views.base import pages

KIND = sheet.CONTRIBUTIONS.name


@pages.get("/award/sheet")
@requires(AWARD)
def award_sheet() -> ResponseReturnValue:
    """Paste lines, or choose a file."""
    return _start_page(PasteForm(), UploadForm())


@pages.get("/award/sheet/template.xlsx")
@requires(AWARD)
def award_template() -> Response:
    """The sheet to fill in, with the groups and categories to choose from."""
    from core.sheets import template  # 0.1 s, for openpyxl: only whoever asks for a template waits for it

    return downloads.download(
        template.workbook(sheet.CONTRIBUTIONS, numbered=False), _("contributions.xlsx"), downloads.XLSX
    )


@pages.post("/award/sheet")
@requires(AWARD)
@runs_in("own")
def take_sheet() -> ResponseReturnValue:
    """Read what was pasted or sent, and lead to the page where it is looked through."""
    paste, upload = PasteForm(), UploadForm()
    sent = upload if "file" in request.files else paste
    if sent.submitted():
        try:
            content, title = _read(paste, upload.file.data if sent is upload else None)
            with writing():
                return replay.once(lambda: _to(drafts.begin(KIND, content, title, by=actor())))
        except DomainError as error:
            with web_reading():
                sent.refuse(error)
    with web_reading():
        return _start_page(paste, upload)


def _read(paste: PasteForm, file: FileStorage | None) -> tuple[reading.Sheet, str]:
    if file is None:
        return reading.Sheet(reading.pasted(paste.text.data)), ""
    return reading.opened(file.read()), file.filename or ""


def _to(draft: SheetDraft) -> Response:
    return make_response(redirect(url_for(".award_draft", draft_id=draft.id), code=303))


def _start_page(paste: PasteForm, upload: UploadForm) -> ResponseReturnValue:
    return render_template(
        "points/award_sheet.html",
        paste=paste,
        upload=upload,
        columns=columns_of(sheet.CONTRIBUTIONS)[1:],
        waiting=drafts.waiting(KIND, by=actor()),
    ), max(paste.status, upload.status)


# --- a draft -------------------------------------------------------------------------------------------------------


@pages.get("/award/sheet/<id:draft_id>")
@requires(AWARD)
def award_draft(draft_id: Id) -> ResponseReturnValue:
    """What was read: what its columns are, how far checking is, what is wrong, or what it would give."""
    return _draft_page(drafts.of(draft_id, KIND, by=actor()), ActForm())


@pages.post("/award/sheet/<id:draft_id>/step")
@requires(AWARD)
@runs_in("own")
def check_lines(draft_id: Id) -> ResponseReturnValue:
    """Check the lines that come next."""
    if ActForm().submitted():
        with web_reading():
            step = progress.next_step(drafts.of(draft_id, KIND, by=actor()), by=actor())
        if step is not None:
            with writing():
                progress.keep(drafts.of(draft_id, KIND, by=actor(), lock=True), step)
    with web_reading():
        draft = drafts.of(draft_id, KIND, by=actor())
        if not request.headers.get("HX-Request"):
            return _to(draft)
        if progress.stage(draft) is Stage.CHECKING:
            return render_template("points/_sheet_progress.html", draft=draft)
        return Response(headers={"HX-Redirect": url_for(".award_draft", draft_id=draft_id)})


@pages.post("/award/sheet/<id:draft_id>/mend")
@requires(AWARD)
def mend_lines(draft_id: Id) -> ResponseReturnValue:
    """Keep what was mended, and check again."""
    return _change(draft_id, lambda draft: drafts.mend(draft, mending_of(request.form), by=actor()))


@pages.post("/award/sheet/<id:draft_id>/discard")
@requires(AWARD)
def discard_lines(draft_id: Id) -> ResponseReturnValue:
    """Throw the sheet away."""
    form = ActForm()
    draft = drafts.of(draft_id, KIND, by=actor(), lock=True)
    if form.submitted():
        drafts.discard(draft)
        flash(_("The sheet is thrown away. Nothing of it was recorded."), "success")
        return redirect(url_for(".award_sheet"), code=303)
    return _draft_page(draft, form)


@pages.post("/award/sheet/<id:draft_id>/leave-out")
@requires(AWARD)
def leave_out_repeats(draft_id: Id) -> ResponseReturnValue:
    """Leave out the lines that seem to be recorded already."""
    version = version_of(request.form)
    return _change(draft_id, lambda draft: drafts.leave_out_repeats(draft, version, by=actor()))


def _change(draft_id: Id, change: Callable[[SheetDraft], None]) -> ResponseReturnValue:
    form = ActForm()
    draft = drafts.of(draft_id, KIND, by=actor(), lock=True)
    if form.submitted():
        with form.refusing():
            change(draft)
            return _to(draft)
    return _draft_page(draft, form)


@pages.post("/award/sheet/<id:draft_id>/record")
@requires(AWARD)
@runs_in("own")
def record_lines(draft_id: Id) -> ResponseReturnValue:
    """Record all lines, or none: judged once more in a unit that reads, then written in a short one."""
    form, told = ActForm(), 0
    if form.submitted():
        version, meant = version_of(request.form), "once_more" in request.form
        try:
            with web_reading():
                draft = drafts.of(draft_id, KIND, by=actor())
                told = looking.counts(draft).again
                checked = None if draft.recorded_at else drafts.judge_whole(draft, once_more=meant, by=actor())
            with writing():
                return replay.once(lambda: _recorded(draft_id, checked, version))
        except DomainError as refusal:
            if isinstance(refusal, SheetFaults) or (
                isinstance(refusal, SheetRepeats) and refusal.facts["count"] != told
            ):  # others have changed something meanwhile
                with writing():
                    drafts.judge_again(drafts.of(draft_id, KIND, by=actor(), lock=True), by=actor())
            with web_reading():
                form.refuse(refusal)
    with web_reading():
        return _draft_page(drafts.of(draft_id, KIND, by=actor()), form)


def _recorded(draft_id: Id, checked: Checked | None, version: int) -> Response:
    draft = drafts.of(draft_id, KIND, by=actor(), lock=True)
    report = drafts.record(draft, checked, version, by=actor())
    today = here().today()
    days = policy.at(PointsPolicy, today).posting_days
    flash(recorded(report.created, today + timedelta(days=days + 1) if days else today), "success")
    return _to(draft)


# --- its page ------------------------------------------------------------------------------------------------------


def _draft_page(draft: SheetDraft, form: ActForm) -> ResponseReturnValue:
    stage = progress.stage(draft)
    every = request.args.get("lines") == "all" or stage is not Stage.WRONG or draft.total <= looking.MOST_WRONG
    first = min(max(0, request.args.get("first", 0, type=int)), draft.total - 1)
    if stage is Stage.COLUMNS:
        rows = looking.lines(draft, most=5)
    elif stage is Stage.CHECKING:
        rows = []
    elif every:
        rows = looking.lines(draft, first=first)
    else:
        rows = looking.to_mend(draft)
    more = first + looking.MOST_LINES
    return render_template(
        "points/award_draft.html",
        form=form,
        draft=draft,
        stage=stage,
        counts=looking.counts(draft),
        places=looking.places(draft),
        column_faults=progress.column_faults(draft),
        absent=progress.absent(draft),
        kinds=columns_of(sheet.CONTRIBUTIONS),
        rows=rows,
        every=every,
        next_first=more if every and more < draft.total else None,
        previous_first=max(0, first - looking.MOST_LINES) if every and first else None,
        came=_came_of(rows) if stage is Stage.RECORDED else {},
        first=first,
        typed=mending_of(request.form),
        groups=sheet.group_names(),
        today=here().today(),
        posting_days=policy.at(PointsPolicy, here().today()).posting_days,
    ), form.status


def _came_of(rows: list[looking.Row]) -> Mapping[int, tuple[Id, int]]:
    """Number of a line → the contribution that came of it, and its points."""
    found = queries.of_keys([sheet.key_of(row.ref) for row in rows])
    return {row.number: found[key] for row in rows if (key := sheet.key_of(row.ref)) in found}

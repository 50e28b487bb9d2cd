"""What a person may send."""

from __future__ import annotations

import re

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import MultiDict
from wtforms import TextAreaField
from wtforms.validators import InputRequired

from core.sheets.drafts import Mending
from core.web.forms import Form

_CELL, _LINE, _COLUMN = re.compile(r"c-(\d{1,6})-(\d{1,2})"), re.compile(r"line-(\d{1,6})"), re.compile(r"at-(\d{1,2})")
_FILL = "all-"


class UploadForm(Form):
    """A sheet; which of the two buttons was pressed stands in `act`."""

    file = FileField(_l("File (.xlsx or .csv)"), validators=[FileRequired(_l("Choose a file."))])


class PasteForm(Form):
    """Lines copied from a sheet."""

    text = TextAreaField(_l("Lines from Excel"), validators=[InputRequired(_l("Paste the lines here."))])


def version_of(sent: MultiDict[str, str]) -> int:
    """Of the draft that was seen; 0, which none has, when it cannot be read."""
    text = sent.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def mending_of(sent: MultiDict[str, str]) -> Mending:
    """What was changed on the page of a draft.

    `c-12-3`: a cell. `line-12`: a line that was shown with a tick, `out-12`: its tick, it is left out. `at-3`: what a column
    is. `all-note`: the same in all lines, for a column that is not there.
    """
    cells = {(int(m[1]), int(m[2])): text for name, text in sent.items() if (m := _CELL.fullmatch(name))}
    lines = [int(m[1]) for name in sent if (m := _LINE.fullmatch(name))]
    return Mending(
        version=version_of(sent),
        cells=cells,
        left_out={number: f"out-{number}" in sent for number in lines},
        columns={int(m[1]): text for name, text in sent.items() if (m := _COLUMN.fullmatch(name))},
        fill={name.removeprefix(_FILL): text for name, text in sent.items() if name.startswith(_FILL)},
    )

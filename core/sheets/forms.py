"""What a person may send."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired

from core.web.forms import Form


class UploadForm(Form):
    """A sheet; which of the two buttons was pressed stands in `act`."""

    file = FileField(_l("File (.xlsx or .csv)"), validators=[FileRequired(_l("Choose a file."))])

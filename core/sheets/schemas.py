"""What a program may send and gets."""

from __future__ import annotations

from marshmallow import Schema, fields

from core.web.words import say


class UploadIn(Schema):
    """A sheet, as multipart/form-data."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class UploadQuery(Schema):
    """Whether only to judge."""

    dry_run = fields.Boolean(load_default=False)


class FaultOut(Schema):
    """What is wrong with a cell; `row` counts from 1, the header included, as Excel does."""

    row = fields.Integer()
    column = fields.String()
    cell = fields.String()
    text = fields.Function(lambda fault: say(fault.words), metadata={"type": "string"})


class ReportOut(Schema):
    """What came of a sheet; in a dry run, what would. With faults nothing is created."""

    rows = fields.Integer()
    created = fields.Integer()
    unchanged = fields.Integer()
    faults = fields.List(fields.Nested(FaultOut))

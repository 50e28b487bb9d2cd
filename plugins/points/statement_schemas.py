"""What a program may ask and gets of statements and their signed copies."""

from __future__ import annotations

from marshmallow import Schema, fields

from core.web.api import Explanations, IdField, Moment, check_limit
from plugins.points.models import Kind
from plugins.points.schemas import PeriodQuery

MOST_LINES = 1_000  # of one answer that asks for no `limit`: a season comes whole


class StatementQuery(PeriodQuery):
    """A period, and which kind of movements; which part of a long one."""

    kind = fields.Enum(Kind, by_value=True, load_default=None)
    limit = fields.Integer(load_default=MOST_LINES, validate=check_limit)
    cursor = fields.String(load_default=None)


class LineOut(Schema):
    """One movement and the balance after it, also of what a `kind` leaves out.

    `contribution_id`: what it credits or takes back; `paid_by`: the contributions whose points it took.
    """

    at = Moment()
    kind = fields.Enum(Kind, by_value=True)
    points = fields.Integer()
    reason = Explanations()
    balance = fields.Integer()
    transfer_id = IdField()
    contribution_id = IdField()
    paid_by = fields.List(IdField())


class StatementOut(Schema):
    """The movements of a period, the earliest first; `closing` is the `opening` of the next period.

    Of a long one a part, `limit` lines or 1,000: `next` goes back as `cursor`, null after the last. `opening` and `closing` are
    those of the period, whichever part it is.
    """

    opening = fields.Integer()
    lines = fields.List(fields.Nested(LineOut))
    closing = fields.Integer()
    next = fields.String()


class CopyLineOut(Schema):
    """A line of a signed copy; `text` in the language in which the copy was asked for."""

    at = fields.String()
    kind = fields.String()
    points = fields.Integer()
    text = fields.String()
    balance = fields.Integer()
    transfer_id = fields.String()


class CopyCommunityOut(Schema):
    """Where a copy was issued."""

    slug = fields.String()
    name = fields.String()


class CopyHolderOut(Schema):
    """Whose points a copy is about."""

    id = fields.String()
    kind = fields.String()
    name = fields.String()


class CopyOut(Schema):
    """A signed copy of a statement. Keep it as it is: every member counts for the signature."""

    document = fields.String()
    version = fields.Integer()
    community = fields.Nested(CopyCommunityOut)
    holder = fields.Nested(CopyHolderOut)
    first = fields.String(data_key="from", attribute="from")
    last = fields.String(data_key="to", attribute="to")
    opening = fields.Integer()
    lines = fields.List(fields.Nested(CopyLineOut))
    closing = fields.Integer()
    issued_at = fields.String()
    signature = fields.String()


class VerificationIn(Schema):
    """A signed copy, as it was got."""

    document = fields.Raw(required=True)


class VerdictOut(Schema):
    """Whether a copy is genuine, and why; what it says only if it is."""

    genuine = fields.Boolean()
    explanation = Explanations()
    statement = fields.Nested(CopyOut, attribute="copy")

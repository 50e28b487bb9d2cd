"""What a program sends and gets of objections, corrections, reversals, gifts and the past; the limits stand in requests.py."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from core.web.api import Explanations, HolderOut, IdField, ListQuery, Moment, Truth
from plugins.points.models import GiftState, Kind
from plugins.points.requests import (
    CorrectionRequest,
    DecisionRequest,
    GiftRequest,
    ObjectionRequest,
    ReversalRequest,
)


class ObjectionIn(Schema):
    """What is said against a contribution."""

    reason = fields.String(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> ObjectionRequest:
        return ObjectionRequest(**data)


class DecisionIn(Schema):
    """What the staff say to the objections that wait: upheld withdraws the contribution."""

    upheld = Truth(required=True)
    note = fields.String(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> DecisionRequest:
        return DecisionRequest(**data)


class ObjectionOut(Schema):
    """An objection and the answer to it; `upheld` null: not decided yet."""

    id = IdField()
    contribution_id = IdField()
    name = fields.String()
    reason = fields.String()
    at = Moment()
    upheld = fields.Boolean()
    note = fields.String()
    decided_at = Moment()
    decided_by = fields.String()


class ReversalIn(Schema):
    """How much of a transfer is taken back, and why; `points` left out: all that is left of it."""

    points = fields.Integer(strict=True, load_default=None, allow_none=True)
    reason = fields.String(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> ReversalRequest:
        return ReversalRequest(**data)


class CorrectionIn(Schema):
    """Points to add to an account or, below zero, to take away, and why."""

    holder_id = IdField(required=True)
    points = fields.Integer(strict=True, required=True)
    reason = fields.String(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> CorrectionRequest:
        return CorrectionRequest(**data)


class MoveOut(Schema):
    """What a transfer does to one account. `account`: own, or of the centre: issue, spent, expired."""

    holder = fields.Nested(HolderOut)
    account = fields.String()
    points = fields.Integer()


class TransferOut(Schema):
    """A movement of points. `reverses_id`: the transfer it takes back; `reversed`: how much of it was taken back."""

    id = IdField()
    kind = fields.Enum(Kind, by_value=True)
    reason = Explanations()
    at = Moment()
    reverses_id = IdField()
    reversed = fields.Integer()
    moves = fields.List(fields.Nested(MoveOut))


class GiftIn(Schema):
    """Points that one group offers another."""

    giver_id = IdField(required=True)
    receiver_id = IdField(required=True)
    points = fields.Integer(strict=True, required=True)
    reason = fields.String(load_default="")

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> GiftRequest:
        return GiftRequest(**data)


class GiftsQuery(ListQuery):
    """Which offers."""

    holder_id = IdField(load_default=None)


class GiftOut(Schema):
    """An offer of points, and what became of it."""

    id = IdField()
    giver = fields.Nested(HolderOut)
    receiver = fields.Nested(HolderOut)
    points = fields.Integer()
    reason = fields.String()
    state = fields.Enum(GiftState, by_value=True)
    offered_at = Moment()
    offered_by = fields.String()
    answered_at = Moment()
    answered_by = fields.String()
    transfer_id = IdField()


class AccountQuery(Schema):
    """As of which moment; left out: now."""

    at = Moment(load_default=None)

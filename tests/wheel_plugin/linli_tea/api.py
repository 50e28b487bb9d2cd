"""REST: cups."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, post_load

from core.web.api import IdField, operation
from core.web.request import actor

from . import pouring
from .models import Cup
from .pouring import PourRequest

resources = Blueprint("tea_api", __name__)


class CupsIn(Schema):
    """Cups to pour."""

    holder_id = IdField(required=True)
    cups = fields.Integer(required=True, strict=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> PourRequest:
        return PourRequest(**data)


class CupsOut(Schema):
    """Cups that were poured."""

    id = IdField()
    holder_id = IdField()
    cups = fields.Integer()


@resources.post("/cups")
@operation(needs="tea.pour", body=CupsIn, gives=CupsOut, status=201)
def pour(body: PourRequest) -> Cup:
    """Pour tea."""
    return pouring.pour(body, by=actor())

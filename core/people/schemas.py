"""What a program may send and gets."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from core.errors import Invalid
from core.people.models import Role
from core.people.requests import DissolutionRequest, GroupRequest, MemberRequest, MergingRequest, ResidentRequest
from core.web.api import IdField, ListQuery


class PeopleQuery(ListQuery):
    """Search words, and how much of a list."""

    q = fields.String(
        load_default="",
        metadata={
            "description": "Words: of the name, initials in pinyin (zsf), end of the telephone; "
            "at most 5, within 200 characters."
        },
    )


class ResidentIn(Schema):
    """Somebody who lives here."""

    id = IdField(dump_only=True)
    name = fields.String(required=True)
    telephone = fields.String(load_default="")
    born_on = fields.Date(load_default=None, allow_none=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> ResidentRequest:
        """Limits are checked there."""
        return ResidentRequest(**data)


class ResidentOut(Schema):
    """A resident; the id is also the holder's."""

    id = IdField()
    name = fields.String()
    telephone = fields.String()
    born_on = fields.Date()


class GroupIn(Schema):
    """Residents who do something together."""

    id = IdField(dump_only=True)
    dissolved_on = fields.Date(dump_only=True)
    merged_into = IdField(dump_only=True)
    name = fields.String(required=True)
    kind = fields.String(
        required=True,
        metadata={
            "description": "orchestra, choir, dance, opera, calligraphy, chess, sport, other, or any code of a–z."
        },
    )

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> GroupRequest:
        """Limits are checked there."""
        return GroupRequest(**data)


class GroupOut(Schema):
    """A group; the id is also the holder's."""

    id = IdField()
    name = fields.String()
    kind = fields.String()
    dissolved_on = fields.Date(metadata={"description": "The day from which it is no more; null while it lives."})
    merged_into = IdField(metadata={"description": "The group that goes on, where it was entered twice."})


class MergingIn(Schema):
    """A group that was entered twice: the other one goes on."""

    into_id = IdField(required=True)
    reason = fields.String(load_default="")

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> MergingRequest:
        """Limits are checked there."""
        return MergingRequest(**data)


class DissolutionIn(Schema):
    """A group is no more."""

    reason = fields.String(load_default="")

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> DissolutionRequest:
        """Limits are checked there."""
        return DissolutionRequest(**data)


class MemberIn(Schema):
    """Who joins: from today unless said otherwise, until further notice."""

    resident_id = IdField(required=True)
    role = fields.String(load_default=Role.MEMBER.value, metadata={"enum": [role.value for role in Role]})
    from_day = fields.Date(data_key="from", load_default=None, allow_none=True)
    to_day = fields.Date(data_key="to", load_default=None, allow_none=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> MemberRequest:
        """Limits are checked there; faults come back under the names that programs use."""
        try:
            return MemberRequest(**data)
        except Invalid as error:
            raise Invalid({name.removesuffix("_day"): faults for name, faults in error.errors.items()}) from None


class MemberOut(Schema):
    """Somebody in a group."""

    resident_id = IdField()
    name = fields.String()
    role = fields.String()
    from_day = fields.Date(data_key="from")
    to_day = fields.Date(data_key="to")

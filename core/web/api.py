"""REST: one decorator, one document. webargs reads, the rule acts, marshmallow writes, apispec describes.

@api.post("/reservations")
@operation(needs="booking.reserve", body=ReservationIn, gives=ReservationOut, status=201)
def reserve(body: ReservationRequest) -> Reservation:
    '''Reserve a room.'''
    return reserving.reserve(body, by=actor())
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from flask import Response, request
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from core.accounts import access
from core.db import Id
from core.errors import Forbidden, Invalid, NotFound, Unauthorized
from core.explanations import explain
from core.faults import seen
from core.web import replay
from core.web.fields import (
    UNKNOWN_ID,
    Day,
    DayOrMoment,
    Explanations,
    HolderOut,
    IdField,
    ListQuery,
    Moment,
    Truth,
    check_limit,
)
from core.web.request import act_for, actor, some_unit, writing
from core.web.transactions import READS

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "Day",
    "DayOrMoment",
    "Explanations",
    "HolderOut",
    "IdField",
    "ListQuery",
    "Moment",
    "Truth",
    "check_limit",
    "operation",
    "page_of",
]


def page_of(items: Sequence[Any], limit: int, cursor_of: Callable[[Any], str]) -> dict[str, Any]:
    """`{"items", "next"}` of a query that asked for one row more than `limit`."""
    more = len(items) > limit
    return {"items": list(items[:limit]), "next": cursor_of(items[limit - 1]) if more else None}


def _cut(items: Sequence[Any], page: dict[str, Any]) -> dict[str, Any]:
    """A page of a short list that was read whole."""
    begins, limit = seen(page["cursor"]), page["limit"]
    return page_of(items[begins : begins + limit + 1], limit, lambda _item: str(begins + limit))


# --- reading -------------------------------------------------------------------------------------------------------


class Parser(FlaskParser):
    """Unknown fields are refused by name, wherever they stand."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE, "form": RAISE, "files": RAISE}

    def handle_error(self, error: ValidationError, req: Any, schema: Schema, **_options: Any) -> Any:  # noqa: ARG002
        """Refuse as every door refuses."""
        raise to_refusal(error)


parser = Parser()


def to_refusal(error: ValidationError) -> Exception:
    """Marshmallow's findings as ours: an id that is none is not found, the rest is `invalid` with sentences."""
    found = error.normalized_messages()  # type: ignore[no-untyped-call]  # of marshmallow
    flat: dict[str, list[str]] = {}
    _flatten(found, "", flat)
    for name, texts in flat.items():
        if UNKNOWN_ID in texts:
            return NotFound(what=name)
    return InvalidFields(flat)


def _flatten(found: Any, path: str, into: dict[str, list[str]]) -> None:
    if isinstance(found, dict):
        for name, inner in found.items():
            if name in {"json", "query", "form", "files", "_schema"}:
                _flatten(inner, path, into)
            else:
                _flatten(inner, f"{path}.{name}" if path else str(name), into)
    elif isinstance(found, list | tuple):
        into.setdefault(path, []).extend(str(item) for item in found)
    else:
        into.setdefault(path, []).append(str(found))


class InvalidFields(Invalid):
    """Fields that could not even be read."""

    def __init__(self, found: dict[str, list[str]]) -> None:
        super().__init__(
            {name: [explain("unreadable_field", message=text) for text in texts] for name, texts in found.items()}
        )


class JsonEncoder(json.JSONEncoder):
    """Ids and moments as text, lazy words as words."""

    def default(self, value: Any) -> Any:
        """What JSON has no form for, as text."""
        if isinstance(value, datetime | date):
            return value.isoformat()
        if isinstance(value, UUID):
            return str(value)
        return str(value)


# --- the decorator -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What the document says of one operation."""

    needs: str | None
    body: type[Schema] | None
    query: type[Schema] | None
    gives: type[Schema] | None
    status: int
    lists: bool
    files: type[Schema] | None
    public: bool

    @property
    def cuts(self) -> bool:
        """Whether the function returns a list whole, of which a page is answered."""
        return self.lists and not (self.query is not None and issubclass(self.query, ListQuery))


def operation(  # noqa: PLR0913 - the marks of an operation, each with a default
    *,
    needs: str | None = None,
    body: type[Schema] | None = None,
    query: type[Schema] | None = None,
    files: type[Schema] | None = None,
    gives: type[Schema] | None = None,
    lists: bool = False,
    status: int = 200,
    public: bool = False,
    before: Callable[..., Any] | None = None,
) -> Callable[[F], Callable[..., Response]]:
    """Make a REST operation of a function.

    Args:
        needs: the permission; None: any account. The rule checks again for the holder.
        body: schema of the JSON body, handed over as `body`.
        query: schema of the query, handed over as `query`.
        files: schema of a multipart upload, handed over as `files`.
        gives: schema of the answer; None answers without a body.
        lists: `gives` describes one item. With a ListQuery the function returns `{"items", "next"}` (see `page_of`);
            without, the whole short list, and what `limit` and `cursor` ask for is cut out of it here.
        status: of success.
        public: no token needed.
        before: what is slow (hashing, reading a sheet), with the same arguments; it runs while no unit is open, and what it
            makes is handed over as `prepared`.
    """
    marks = Operation(
        needs=needs, body=body, query=query, gives=gives, status=status, lists=lists, files=files, public=public
    )

    def decorate(function: F) -> Callable[..., Response]:
        @wraps(function)
        def view(**values: Any) -> Response:
            if not public:
                _guard(needs)
            page = _read(marks, values)
            if before is None:
                return _answer(function(**values), marks, page)
            values["prepared"] = before(**values)
            with writing():
                return replay.once(lambda: _answer(function(**values), marks, page))

        if before is not None:
            view.unit = "own"  # type: ignore[attr-defined]  # core.web.transactions reads it
        view.operation = marks  # type: ignore[attr-defined]  # core.web.openapi reads it
        view.permission = needs  # type: ignore[attr-defined]
        return view

    return decorate


def _read(marks: Operation, values: dict[str, Any]) -> dict[str, Any]:
    """Put what was sent into the arguments of the operation; answers which page of a list read whole is wanted."""
    if marks.body is not None:
        values["body"] = _read_body(marks.body)
    elif marks.files is not None:
        _take_behalf(request.form.get("on_behalf_of"))
        values["files"] = parser.parse(marks.files(), request, location="files")
    elif request.method not in READS:
        _read_body(Nothing)
    asked, page = request.args, {}
    if marks.cuts:
        names = ListQuery().fields
        page = _read_query(ListQuery, MultiDict(item for item in asked.items(multi=True) if item[0] in names))
        asked = MultiDict(item for item in asked.items(multi=True) if item[0] not in names)
    query = _read_query(marks.query or Nothing, asked)
    if marks.query is not None:
        values["query"] = query
    return page


def _read_query(schema: type[Schema], asked: MultiDict[str, str]) -> Any:
    reader = schema()
    try:
        return reader.load(MultiDictProxy(asked, reader), unknown=RAISE)
    except ValidationError as error:
        raise to_refusal(error) from error


def _guard(needs: str | None) -> None:
    who = actor()
    if who is access.NOBODY:
        raise Unauthorized
    with some_unit():
        if needs is not None and access.reach(who, needs) is None:
            raise Forbidden(permission=needs)


class Nothing(Schema):
    """The body of an act that needs no words, the query of what has nothing to choose."""


def _read_body(schema: type[Schema]) -> Any:
    sent = _json_sent()
    if isinstance(sent, dict):
        _take_behalf(sent.pop("on_behalf_of", None))
    reader = schema()
    if isinstance(sent, dict):
        read_only = {name for name, field in reader.fields.items() if field.dump_only}
        sent = {name: value for name, value in sent.items() if name not in read_only}
    try:
        return reader.load(sent, unknown=RAISE)
    except ValidationError as error:
        raise to_refusal(error) from error


def _json_sent() -> Any:
    if not request.get_data():  # an act that needs no words may be sent without any
        return {}
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        return request.get_json()
    except (BadRequest, RecursionError):
        raise BadRequest from None


def _take_behalf(behalf: Any) -> None:
    """`on_behalf_of` may stand in any act: staff act for a resident, both are recorded."""
    if behalf is None:
        return
    try:
        act_for(Id(str(behalf)))
    except ValueError:
        raise NotFound(what="on_behalf_of") from None


def _answer(result: Any, marks: Operation, page: dict[str, Any]) -> Response:
    if marks.gives is None:
        return Response(status=204 if marks.status == 200 else marks.status)
    writer = marks.gives(unknown=EXCLUDE)
    if marks.lists:
        paged = _cut(result, page) if marks.cuts else result
        body: Any = {"items": writer.dump(paged["items"], many=True), "next": paged["next"]}
    else:
        body = writer.dump(result)
    text = json.dumps(body, cls=JsonEncoder, ensure_ascii=False)
    return Response(text, status=marks.status, content_type="application/json")

"""Whatever goes wrong, said once: a page for people, `application/problem+json` for programs, in the reader's language."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import DataError, IntegrityError
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from core.db import Conflict
from core.errors import Collision, DomainError, Invalid
from core.explanations import explain
from core.web.api import JsonEncoder
from core.web.request import Stale, is_api, undo
from core.web.transactions import note_conflict
from core.web.words import as_json, say, say_error

HTTP_SENTENCES = {
    400: ("bad_request", _l("This request cannot be read. Go back and try again.")),
    401: ("unauthorized", _l("Sign in first, or send a token.")),
    403: ("forbidden", _l("You may not do this. Ask the centre's manager.")),
    404: ("not_found", _l("There is nothing here. Perhaps the address is wrong, or the thing is no longer there.")),
    405: ("method_not_allowed", _l("This address does not take that kind of request.")),
    409: (
        "conflict",
        _l("Somebody else changed the same thing at this moment. Look again and repeat it if it is still needed."),
    ),
    413: ("too_large", _l("This is too large. Send at most 16 MB.")),
    415: ("unsupported_media_type", _l("Send this as JSON (Content-Type: application/json).")),
    422: ("invalid", _l("Something in this cannot be right.")),
    429: ("too_many_requests", _l("That was too often in a short time. Wait a little and try again.")),
    500: ("fault", _l("Something went wrong on our side. It has been written down; nothing was changed.")),
    503: ("busy", _l("Too much is going on right now. Nothing was changed; try again in a moment.")),
}
TITLE = _l("That did not work")
WHAT_TO_DO = {
    401: _l("Sign in, and try it again."),
    403: _l("Go back, or choose something else on the home page."),
    404: _l("Go back, or look for it from the home page."),
    409: _l("Go back, load the page again and look at what has changed."),
    422: _l("Go back and correct it."),
    429: _l("Try it again in a few minutes."),
}
TRY_AGAIN = _l("Go back, load the page again and try once more. If it happens again, tell the centre.")


def problem(error: DomainError) -> Response:
    """The JSON of a refusal: its facts at top level, faulty fields under `errors`."""
    facts = as_json(error.explanation()) if error.facts else {}
    for own in "code", "text", "status", "title", "type", "detail", "errors":
        facts.pop(own, None)
    body: dict[str, Any] = {**facts, **_head(error.status, error.code, say_error(error))}
    if isinstance(error, Invalid):
        body["errors"] = {name: [say(fault) for fault in faults] for name, faults in error.errors.items()}
    return _json(body, error.status)


def _head(status: int, code: str, detail: str) -> dict[str, Any]:
    return {"type": f"urn:linli:problem:{code}", "title": str(TITLE), "status": status, "code": code, "detail": detail}


def _json(body: dict[str, Any], status: int) -> Response:
    text = json.dumps(body, cls=JsonEncoder, ensure_ascii=False)
    answer = Response(text, status=status, content_type="application/problem+json")
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _page(status: int, sentence: str) -> Response:
    page = render_template(
        "errors/problem.html", title=TITLE, sentence=sentence, what_to_do=WHAT_TO_DO.get(status, TRY_AGAIN)
    )
    return make_response(page, status)


def on_refusal(error: DomainError) -> Response:
    """A rule refused and no form caught it."""
    return problem(error) if is_api() else _page(error.status, say_error(error))


def on_http(error: HTTPException) -> Response:
    """What Flask itself refuses: no such page, wrong method, too large."""
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    code, sentence = HTTP_SENTENCES.get(error.code, HTTP_SENTENCES[400 if error.code < 500 else 500])
    stale: Stale | None = g.get("stale")
    said = str(stale.lost if stale and stale.status == error.code else sentence)
    answer = _json(_head(error.code, code, said), error.code) if is_api() else _page(error.code, said)
    for name, value in error.get_headers():
        if name in {"Retry-After", "Allow"}:
            answer.headers[name] = value
    if isinstance(error, ServiceUnavailable):
        answer.headers["Retry-After"] = "1"
    return answer


def on_conflict(_error: Conflict) -> Response:
    """Another unit was in the way; `Transactions` runs the request again."""
    note_conflict(request.environ)
    return make_response("", 503)


def on_unkeepable(_error: Exception) -> Response:
    """What no column can hold was sent and no check saw it: a number beyond 64 bits, a NUL, half a character."""
    undo()
    return on_refusal(Invalid({"": [explain("unreadable")]}))


def on_collision(error: IntegrityError) -> Response:
    """The database refused what no check had foreseen."""
    current_app.logger.error("refused by the database at %s %s", request.method, request.path, exc_info=error)
    undo()
    return on_refusal(Collision())


def on_fault(error: Exception) -> Response:
    """A fault of ours: written down, nothing kept, no stack trace shown."""
    current_app.logger.error("fault at %s %s", request.method, request.path, exc_info=error)
    undo()
    return on_http(InternalServerError())


def init(app: Flask) -> None:
    """Hang the handlers on the app."""
    app.register_error_handler(DomainError, on_refusal)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Conflict, on_conflict)
    app.register_error_handler(IntegrityError, on_collision)
    for unkeepable in DataError, OverflowError, UnicodeEncodeError:
        app.register_error_handler(unkeepable, on_unkeepable)
    app.register_error_handler(Exception, on_fault)

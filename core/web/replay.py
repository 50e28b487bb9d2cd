"""Repeats: the `Idempotency-Key` of REST and the hidden key of every form. The row comes first, so twins wait for each other."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import timedelta

from flask import Flask, Response, g, make_response, redirect, request
from flask_babel import gettext
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import BadRequest

from core import clock
from core.db import current, savepoint, session
from core.db.work import is_open
from core.errors import Invalid, KeyReused
from core.explanations import explain
from core.web.models import Replay
from core.web.request import Stale, account_id, hold_back, is_api

KEEP = timedelta(days=30)
LONGEST_KEY = 200  # characters
FORM_KEY = "_key"


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key") if is_api() else request.form.get(FORM_KEY)
    if not key:
        return None
    if len(key) > LONGEST_KEY:
        raise Invalid({"Idempotency-Key": [explain("too_long_text", most=LONGEST_KEY, length=len(key))]})
    if not key.isprintable():
        raise Invalid({"Idempotency-Key": [explain("unreadable")]})
    return key


def _number(text: str) -> int | float:
    """1.0 and 1 are the same number of JSON."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _fingerprint() -> str:
    """Of the content: JSON compared as values, forms by their fields, sheets by their bytes."""
    asked = sorted(request.args.items(multi=True))
    if request.is_json:
        try:
            sent = json.loads(request.get_data() or b"null", parse_float=_number)
        except (ValueError, RecursionError) as error:
            raise BadRequest from error
        content = json.dumps([sent, asked], sort_keys=True)
    else:
        fields = sorted(item for item in request.form.items(multi=True) if item[0] not in {"csrf_token", FORM_KEY})
        content = json.dumps([fields, asked, _sheets()])
    return hashlib.sha256(content.encode()).hexdigest()


def _sheets() -> list[tuple[str, str]]:
    found = []
    for name, sheet in sorted(request.files.items(multi=True)):
        found.append((name, hashlib.sha256(sheet.read()).hexdigest()))
        sheet.seek(0)
    return found


def begin() -> Response | None:
    """At the start of a unit that writes: take the key, or answer as the first time."""
    if request.method != "POST" or not is_open() or not current().write or g.get("stale"):
        return None
    key, account = _key(), account_id()
    if key is None or account is None:
        return None
    row = {"account_id": account, "method": request.method, "path": request.path, "key": key}
    fingerprint = _fingerprint()
    try:
        # Of two that come at once the second waits at this key until the first has ended, and then answers as the
        # first did.
        with savepoint():
            session.execute(insert(Replay).values(**row, fingerprint=fingerprint, at=clock.now()))
    except IntegrityError:
        return _again(row, fingerprint)
    g.replay = row
    return None


def _again(row: dict[str, object], fingerprint: str) -> Response | None:
    first = session.scalars(select(Replay).filter_by(**row)).one()
    if first.fingerprint != fingerprint or first.answer is None:
        _refuse_other(str(row["key"]))
        return None
    if location := first.answer.get("location"):
        return make_response(redirect(location, code=303))
    answer = make_response(first.answer["body"], first.status or 200)
    if first.answer["body"]:
        answer.content_type = "application/json"
    answer.headers["Idempotent-Replay"] = "true"
    return answer


def _refuse_other(key: str) -> None:
    """Another content under a key that is taken: for a program a conflict; a form is shown again under a new key."""
    if is_api():
        raise KeyReused(key=key[:40])
    shown = gettext(
        "This form was sent before with other content. Everything is still here: send it again if it is meant."
    )
    lost = gettext("This was sent before with other content, and this time nothing was done. Go back and look again.")
    hold_back(Stale(409, shown, lost))


def end(response: Response) -> Response:
    """After the act: keep the answer. A refusal rolls the row back with everything else, and so frees the key."""
    row = g.pop("replay", None)
    if row is None or response.status_code >= 400:
        return response
    answer = {"body": response.get_data(as_text=True)} if is_api() else {"location": response.headers.get("Location")}
    if not is_api() and response.status_code != 303:  # a page that was only shown again
        session.execute(delete(Replay).filter_by(**row))
        return response
    session.execute(update(Replay).filter_by(**row).values(status=response.status_code, answer=answer))
    return response


def once(act: Callable[[], Response]) -> Response:
    """In the writing unit of a view that opens its own: answer as the first time, or act and keep the answer."""
    return begin() or end(act())


def sweep() -> int:
    """Forget answers older than 30 days."""
    gone = session.execute(delete(Replay).where(Replay.at < clock.now() - KEEP).returning(Replay.key))
    return len(gone.all())


def init(app: Flask) -> None:
    """Hang this on the app, after the CSRF check."""
    app.before_request(begin)
    app.after_request(end)
    app.jinja_env.globals["request_key"] = lambda: str(uuid.uuid4())

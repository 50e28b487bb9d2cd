"""Repeats: the `Idempotency-Key` of REST and the hidden key of every form. The row comes first, so twins wait for each other."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import timedelta

from flask import Flask, Response, g, make_response, redirect, request
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import BadRequest

from core import clock
from core.db import current, savepoint, session
from core.db.work import is_open
from core.errors import Invalid, KeyReused
from core.explanations import explain
from core.web.models import Replay
from core.web.request import account_id, is_api

KEEP = timedelta(days=30)
LONGEST_KEY = 200  # characters
FORM_KEY = "_key"


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key") if is_api() else request.form.get(FORM_KEY)
    if key and (len(key) > LONGEST_KEY or not key.isprintable()):
        raise Invalid({"Idempotency-Key": [explain("too_long_text", most=LONGEST_KEY, length=len(key))]})
    return key or None


def _fingerprint() -> str:
    """Of the content: JSON compared as values, forms by their fields, sheets by their bytes."""
    if request.is_json:
        try:
            content = json.dumps(json.loads(request.get_data() or b"null"), sort_keys=True)
        except ValueError as error:
            raise BadRequest from error
    else:
        fields = sorted(
            (name, value) for name, value in request.form.items(multi=True) if name not in {"csrf_token", FORM_KEY}
        )
        content = json.dumps([fields, sorted(request.args.items(multi=True))])
    return hashlib.sha256(content.encode()).hexdigest()


def begin() -> Response | None:
    """Before a view that writes: take the key, or answer as the first time."""
    if request.method != "POST" or not is_open() or not current().write or g.get("csrf_problem"):
        return None
    key, account = _key(), account_id()
    if key is None or account is None:
        return None
    row = {"account_id": account, "method": request.method, "path": request.path, "key": key}
    fingerprint = _fingerprint()
    try:
        with savepoint():
            session.execute(insert(Replay).values(**row, fingerprint=fingerprint, at=clock.now()))
    except IntegrityError:
        return _again(row, fingerprint)
    g.replay = row
    return None


def _again(row: dict[str, object], fingerprint: str) -> Response:
    first = session.scalars(select(Replay).filter_by(**row)).one()
    if first.fingerprint != fingerprint or first.answer is None:
        raise KeyReused(key=str(row["key"])[:40])
    if location := first.answer.get("location"):
        return make_response(redirect(location, code=303))
    answer = make_response(first.answer["body"], first.status or 200)
    answer.content_type = "application/json"
    answer.headers["Idempotent-Replay"] = "true"
    return answer


def end(response: Response) -> Response:
    """After the view: keep the answer. A refusal rolls the row back with everything else, and so frees the key."""
    row = g.pop("replay", None)
    if row is None or response.status_code >= 400:
        return response
    answer = {"body": response.get_data(as_text=True)} if is_api() else {"location": response.headers.get("Location")}
    if not is_api() and response.status_code != 303:  # a page that was only shown again
        session.execute(delete(Replay).filter_by(**row))
        return response
    session.execute(update(Replay).filter_by(**row).values(status=response.status_code, answer=answer))
    return response


def sweep() -> int:
    """Forget answers older than 30 days."""
    gone = session.execute(delete(Replay).where(Replay.at < clock.now() - KEEP).returning(Replay.key))
    return len(gone.all())


def init(app: Flask) -> None:
    """Hang this on the app, after the CSRF check."""
    app.before_request(begin)
    app.after_request(end)
    app.jinja_env.globals["request_key"] = lambda: str(uuid.uuid4())

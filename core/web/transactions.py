"""Each request is one unit of work, known before it begins, and run again when another was in the way.

read   GET, HEAD: a read-only transaction
write  everything else: its locks are taken before its first read
own    the view opens its own units (`core.web.request.reading`, `writing`): what is slow stands between them
none   nothing is read or written (assets)
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from flask import Flask
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, ServiceUnavailable
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import get_input_stream

from core.db import Conflict, Database, unit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Unit = Literal["read", "write", "own", "none"]
V = TypeVar("V", bound=Callable[..., Any])
READS = frozenset({"GET", "HEAD", "OPTIONS"})
TRIES = 3
LARGEST_BODY = 16 * 2**20  # bytes; sheets of 10,000 rows are a tenth of it
_CONFLICT = "linli.conflict"


def runs_in(kind: Unit) -> Callable[[V], V]:
    """Mark a view with the unit it runs in, where the method does not tell."""

    def mark(view: V) -> V:
        view.unit = kind  # type: ignore[attr-defined]  # read by Transactions
        return view

    return mark


def note_conflict(environ: dict[str, Any]) -> None:
    """Called by the handler of Conflict: the request is to be run again, whatever answer was made of it."""
    environ[_CONFLICT].append(True)


class Transactions:
    """WSGI: `app.wsgi_app = Transactions(app, lambda: database)`."""

    def __init__(self, app: Flask, database: Callable[[], Database]) -> None:
        self.flask = app
        self.app: WSGIApplication = app.wsgi_app
        self.database = database

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: WSGIEnvironment) -> Response:
        kind = self._unit(environ)
        try:
            # Read whole before the first try: the second must be given the same bytes.
            body = get_input_stream(environ, max_content_length=LARGEST_BODY).read()
        except RequestEntityTooLarge as error:
            return self._fault(environ, error)
        for tried in range(TRIES):
            if tried:  # the first goes at once: even a sleep of 0 gives the processor away
                time.sleep(random.uniform(0, 0.02) * tried)  # noqa: S311 - spreads retries, guards nothing
            try:
                return self._try(environ | {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}, kind)
            except Conflict:
                continue
        return self._fault(environ, ServiceUnavailable(retry_after=1))

    def _unit(self, environ: WSGIEnvironment) -> Unit:
        default: Unit = "read" if environ["REQUEST_METHOD"] in READS else "write"
        try:
            endpoint, _arguments = self.flask.url_map.bind_to_environ(environ).match()
        except HTTPException:
            return "read"  # the page that says so
        found: Unit = getattr(self.flask.view_functions.get(endpoint), "unit", default)
        return found

    def _try(self, environ: WSGIEnvironment, kind: Unit) -> Response:
        if kind in {"own", "none"}:
            return self._respond(environ)
        with unit(self.database(), write=kind == "write") as work:
            response = self._respond(environ)
            if work.conflict:  # even if some handler made an answer of it
                response.close()
                raise Conflict
            # A refusal keeps nothing, not even what was done before it was noticed.
            work.commit = work.commit and response.status_code < 400
        return response

    def _respond(self, environ: WSGIEnvironment) -> Response:
        conflicts: list[bool] = []  # a list, for the app is given a copy of its surroundings
        response = Response.from_app(self.app, environ | {_CONFLICT: conflicts}, buffered=True)
        if conflicts:
            response.close()
            raise Conflict
        return response

    def _fault(self, environ: WSGIEnvironment, error: HTTPException) -> Response:
        """The app's own page or problem for what went wrong outside of it."""
        # The unit that failed is closed; the page that says so needs one of its own, for the community and the
        # language.
        with unit(self.database(), write=False), self.flask.request_context(environ | {"wsgi.input": BytesIO()}):
            answer = self.flask.make_response(self.flask.handle_user_exception(error))
            return Response.force_type(self.flask.process_response(answer), Request(environ).environ)

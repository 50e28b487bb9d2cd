"""The OpenAPI document and a page to read it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, json, render_template

from core.web.guard import public
from core.web.openapi import document
from core.web.transactions import runs_in

pages = Blueprint("openapi", __name__, url_prefix="/api/v1")


@pages.get("/openapi.json")
@public
@runs_in("none")
def openapi_json() -> Response:
    """The document, for programs; no token needed."""
    return Response(json.dumps(_document()), content_type="application/json")


@pages.get("/")
@public
def read() -> str:
    """The document, for people."""
    return render_template("openapi.html", document=_document())


def _document() -> dict[str, Any]:
    kept = current_app.extensions
    if "linli_openapi" not in kept:
        kept["linli_openapi"] = document(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
    made: dict[str, Any] = kept["linli_openapi"]
    return made

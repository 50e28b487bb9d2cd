"""Headers of every answer: nothing from elsewhere is loaded, nothing is framed, pages of people are not kept by caches."""

from __future__ import annotations

from flask import Flask, Response, request

from core.web.words import locale_code

POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "object-src 'none'"
)


def add(response: Response) -> Response:
    """Set what a browser must know."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Content-Language", locale_code())
    return response


def init(app: Flask) -> None:
    """Hang this on the app."""
    app.after_request(add)

"""Throttles for doors that strangers may knock at: sign-in and public forms. In real time, by address."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from core.web.request import linli, linli_of

SIGN_IN = PUBLIC_FORM = "30 per minute"


def _testing() -> bool:
    return linli().config.env == "testing"


limiter = Limiter(key_func=get_remote_address, headers_enabled=True)
sign_in = limiter.limit(SIGN_IN, methods=["POST"], exempt_when=_testing)
public_form = limiter.limit(PUBLIC_FORM, methods=["POST"], exempt_when=_testing)
"""Put on a view: its POSTs are counted; too many are answered 429 with Retry-After."""


def init(app: Flask) -> None:
    """Hang this on the app."""
    app.config.update(RATELIMIT_STORAGE_URI=linli_of(app).config.limiter_url)
    limiter.init_app(app)

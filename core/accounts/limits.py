"""Throttles for doors that strangers may knock at: sign-in and public forms. In real time, by address."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from core.web.request import linli_of

limiter = Limiter(key_func=get_remote_address, headers_enabled=True)
SIGN_IN = "30 per minute"


def init(app: Flask) -> None:
    """Hang this on the app."""
    config = linli_of(app).config
    app.config.update(RATELIMIT_STORAGE_URI=config.limiter_url, RATELIMIT_ENABLED=config.env != "testing")
    limiter.init_app(app)

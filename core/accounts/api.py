"""REST of accounts: who asks, and new accounts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from core.accounts import access, accounts, passwords
from core.accounts.models import Account
from core.accounts.requests import AccountRequest
from core.accounts.schemas import AccountIn, AccountOut, MeOut
from core.people.queries import holders
from core.plugins import here
from core.web.api import operation
from core.web.request import account_id, actor

api = Blueprint("accounts_api", __name__)


@api.get("/me")
@operation(gives=MeOut)
def me() -> dict[str, Any]:
    """Who this token stands for, and what it may do."""
    who, asks = actor(), account_id()
    assert asks is not None  # a token was needed
    reaches = {name: access.reach(who, name) for name in sorted(here().house.permissions)}
    return {
        "user_name": accounts.own(asks).user_name,
        "name": who.name,
        "roles": sorted(who.roles),
        "resident_id": who.resident_id,
        "holders": list(holders(sorted(who.holders)).values()),
        "permissions": {name: reach for name, reach in reaches.items() if reach},
    }


def _hash(body: AccountRequest) -> str:
    return passwords.hashed(body.password)


@api.post("/accounts")
@operation(needs="core.accounts", body=AccountIn, gives=AccountOut, status=201, before=_hash)
def create(body: AccountRequest, prepared: str) -> Account:
    """Make an account: for staff, or for a resident who wants to sign in."""
    return accounts.create(body, password_hash=prepared, by=actor())

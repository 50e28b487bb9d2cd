"""Signed copies: a statement as a document that shows elsewhere what stood here, and whether anybody changed it since.

The signature is the HMAC-SHA256 of the document without it, as JSON with sorted keys, no blanks, UTF-8, under a key derived
from the installation's secret and the community's name in addresses. Who changes a character, or the secret, ends it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from itsdangerous import Signer

from core import clock
from core.contract import Holder, HolderKind
from core.db import Id
from core.errors import DomainError
from core.explanations import Explanation, explain
from core.plugins import here
from plugins.points.statements import Statement, StatementLine

DOCUMENT, VERSION = "linli.statement", 1
LARGEST = 8 * 2**20  # bytes; a line takes some 250


class CopyTooLarge(DomainError):
    """What was handed in is longer than any copy."""

    code, status = "points_copy_too_large", 413


class NoCopy(DomainError):
    """What was handed in is not a document at all."""

    code, status = "points_copy_unreadable", 422


Bound = date | datetime | None
Copy = dict[str, Any]


def issue(
    holder: Holder, statement: Statement, *, first: Bound, last: Bound, say: Callable[[Explanation], str], secret: str
) -> Copy:
    """A signed copy of a whole statement, of all kinds, so that its lines add up.

    Args:
        holder: whose.
        statement: of the period, the earliest line first.
        first: where the period begins, as it was asked; None: with the first movement.
        last: its last day, or the moment before which it ends; None: when the copy was made.
        say: the sentence of a reason, in the language the copy shall have.
        secret: of the installation.
    """
    made: Copy = {
        "document": DOCUMENT,
        "version": VERSION,
        "community": {"slug": here().slug, "name": here().name},
        "holder": {"id": str(holder.id), "kind": holder.kind.value, "name": holder.name},
        "from": _told(first),
        "to": _told(last),
        "opening": statement.opening,
        "lines": [_line(line, say) for line in statement.lines],
        "closing": statement.closing,
        "issued_at": _told(clock.now()),
    }
    return made | {"signature": _signer(secret).get_signature(canonical(made)).decode("ascii")}


def text(made: Copy) -> str:
    """A copy as a file that people may open and read."""
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _line(line: StatementLine, say: Callable[[Explanation], str]) -> dict[str, Any]:
    return {
        "at": _told(line.at),
        "kind": line.kind.value,
        "points": line.points,
        "text": say(line.reason),
        "balance": line.balance,
        "transfer_id": str(line.transfer_id),
    }


def _told(bound: Bound) -> str | None:
    if isinstance(bound, datetime):
        return bound.astimezone(here().zone).isoformat()
    return None if bound is None else bound.isoformat()


def _signer(secret: str) -> Signer:
    """The derived key serves nothing else: its salt names the document and the community."""
    salt = f"{DOCUMENT}:{here().slug}"
    return Signer(secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)


def canonical(document: Mapping[str, Any]) -> bytes:
    """What is signed: the same bytes however the file is indented or its members are ordered.

    >>> canonical({"to": None, "name": "合唱队", "signature": "x"}).decode()
    '{"name":"合唱队","to":null}'

    Raises:
        ValueError: it holds what JSON has no form for.
    """
    signed = {name: value for name, value in document.items() if name != "signature"}
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


# --- checking ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a document is a copy made here and unchanged, in words; what it says only if it is."""

    genuine: bool
    explanation: Explanation
    copy: Copy | None = None


def read(content: bytes) -> object:
    """The document in a file or in pasted text.

    Raises:
        CopyTooLarge, NoCopy.
    """
    if len(content) > LARGEST:
        raise CopyTooLarge(most_mb=LARGEST // 2**20)
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError):  # ValueError: also UnicodeDecodeError and a number without end
        raise NoCopy from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice would show a reader one value and the check another."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def check(document: object, *, secret: str) -> Verdict:
    """Whether a document was made in the present community and is unchanged."""
    if not isinstance(document, dict) or (document.get("document"), document.get("version")) != (DOCUMENT, VERSION):
        return Verdict(genuine=False, explanation=explain("points_copy_no_statement"))
    signature, community = document.get("signature"), document.get("community")
    slug = community.get("slug") if isinstance(community, dict) else None
    if isinstance(slug, str) and slug != here().slug:
        return Verdict(genuine=False, explanation=explain("points_copy_elsewhere"))
    try:
        unchanged = _signer(secret).verify_signature(canonical(document), str(signature).encode("utf-8"))
    except (ValueError, RecursionError):  # it holds what no copy of ours does
        unchanged = False
    if not unchanged:
        return Verdict(genuine=False, explanation=explain("points_copy_changed"))
    return Verdict(genuine=True, explanation=explain("points_copy_genuine"), copy=document)


# --- what a genuine copy says --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidLine:
    """A line of a copy."""

    at: datetime
    text: str
    points: int
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a genuine copy says."""

    holder: Holder
    first: Bound
    last: Bound
    opening: int
    closing: int
    issued_at: datetime
    lines: Sequence[SaidLine]


def said(copy: Copy) -> Said:
    """A genuine copy, which was made here and so has its form."""
    holder = copy["holder"]
    return Said(
        holder=Holder(id=Id(holder["id"]), kind=HolderKind(holder["kind"]), name=holder["name"]),
        first=_bound(copy["from"]),
        last=_bound(copy["to"]),
        opening=copy["opening"],
        closing=copy["closing"],
        issued_at=datetime.fromisoformat(copy["issued_at"]),
        lines=[
            SaidLine(
                at=datetime.fromisoformat(line["at"]), text=line["text"], points=line["points"], balance=line["balance"]
            )
            for line in copy["lines"]
        ],
    )


def _bound(text: str | None) -> Bound:
    if text is None:
        return None
    return date.fromisoformat(text) if len(text) == len("2026-03-02") else datetime.fromisoformat(text)

"""The OpenAPI document and a page to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, json, render_template
from flask_babel import gettext as _

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
    return render_template("openapi.html", document=_document(), groups=_groups(_document()))


def _document() -> dict[str, Any]:
    kept = current_app.extensions
    if "linli_openapi" not in kept:
        kept["linli_openapi"] = document(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
    made: dict[str, Any] = kept["linli_openapi"]
    return made


# --- the document as a list ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One field or parameter."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked, sent or answered."""

    title: str
    fields: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Act:
    """One method of one address."""

    method: str
    path: str
    summary: str
    description: str
    permission: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Group:
    """The acts of the core's feature or the plugin of this name."""

    name: str
    operations: Sequence[Act]


def _groups(whole: dict[str, Any]) -> Sequence[Group]:
    acts: dict[str, list[Act]] = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            acts.setdefault(operation["tags"][0], []).append(_act(whole, method, path, operation))
    return [Group(name, found) for name, found in sorted(acts.items())]


def _act(whole: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Act:
    needs = [name for security in operation.get("security", []) for name in security.get("token", [])]
    parts = [
        Part(_("In address and headers"), [_parameter(whole, one) for one in operation["parameters"]]),
        Part(_("Body"), list(_fields(whole, operation.get("requestBody", {}).get("content", {})))),
        *(
            Part(_("Answer %(status)s", status=status), list(_fields(whole, answer.get("content", {}))))
            for status, answer in operation["responses"].items()
            if status != "default"
        ),
    ]
    shown = [part for part in parts if part.fields]
    return Act(method.upper(), path, operation["summary"], operation["description"], ", ".join(needs), shown)


def _parameter(whole: dict[str, Any], parameter: dict[str, Any]) -> Line:
    kind = _kind(whole, parameter.get("schema", {}))
    return Line(parameter["name"], kind, parameter.get("required", False), parameter.get("description", ""))


def _fields(whole: dict[str, Any], content: dict[str, Any]) -> Iterator[Line]:
    for media in content.values():
        schema = _resolved(whole, media["schema"])
        needed = schema.get("required", [])
        for name, field in schema.get("properties", {}).items():
            yield Line(name, _kind(whole, field), name in needed, field.get("description", ""))


def _resolved(whole: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _kind(whole: dict[str, Any], schema: dict[str, Any]) -> str:
    """`string`, `integer or null`, `[{id, name}]`: what a value looks like, in one line."""
    if "enum" in schema:
        return " | ".join(str(choice) for choice in schema["enum"])
    if "$ref" in schema:
        return "{" + ", ".join(_resolved(whole, schema).get("properties", {})) + "}"
    kinds = schema.get("type", "")
    if kinds == "array":
        return f"[{_kind(whole, schema.get('items', {}))}]"
    said = " | ".join(kinds) if isinstance(kinds, list) else kinds
    return f"{said} ({schema['format']})" if "format" in schema else said

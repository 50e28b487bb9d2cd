"""The OpenAPI document, made from the marks that `@operation` leaves: the truth about every path and field."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask
from marshmallow import Schema

from core.web.api import ListQuery, Operation

PREFIX = "/api/v1"
_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")


ON_BEHALF_OF = {
    "type": ["string", "null"],
    "format": "uuid",
    "writeOnly": True,
    "description": "The resident staff act for; both are on record.",
}


class _Names:
    """What schemas are called: `points.AccountOut`. Two plugins may both have an AccountOut."""

    def __init__(self) -> None:
        self.schemas: dict[str, type[Schema]] = {}

    def __call__(self, schema: Any) -> str:
        resolved = resolve_schema_cls(schema)
        found: type[Schema] = resolved[0] if isinstance(resolved, list) else resolved
        *_above, room, _module = found.__module__.split(".")
        name = found.__name__ if room == "web" else f"{room}.{found.__name__}"
        self.schemas[name] = found
        return name


def document(app: Flask) -> dict[str, Any]:
    """The whole document of the installed plugins."""
    names = _Names()
    reader = MarshmallowPlugin(schema_name_resolver=names)
    spec = APISpec(
        title="Linli",
        version="1",
        openapi_version="3.1.0",
        plugins=[reader],
        info={
            "description": "Residents, groups, points and rooms of a community. Lists are in the order their operation states."
        },
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        marks: Operation | None = getattr(view, "operation", None)
        if marks is None or not rule.rule.startswith(PREFIX):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = _ARGUMENT.sub(r"{\2}", rule.rule)
            spec.path(path, operations={method.lower(): _operation(view, rule.endpoint, method, marks, rule.rule)})
    made: dict[str, Any] = spec.to_dict()
    _finish(made, names.schemas)
    return made


def _finish(made: dict[str, Any], schemas: dict[str, type[Schema]]) -> None:
    """Say what each schema is; only what is sent is closed to other fields (answers may grow), and open to on_behalf_of."""
    sent = {
        media["schema"]["$ref"].rpartition("/")[2]
        for methods in made["paths"].values()
        for operation in methods.values()
        for media in operation.get("requestBody", {"content": {}})["content"].values()
    }
    for name, component in made.get("components", {}).get("schemas", {}).items():
        if name in schemas:
            component["description"] = (schemas[name].__doc__ or "").strip().partition("\n")[0]
        if name in sent:
            component.setdefault("properties", {})["on_behalf_of"] = ON_BEHALF_OF
        else:
            component.pop("additionalProperties", None)


def _operation(view: Any, endpoint: str, method: str, marks: Operation, rule: str) -> dict[str, Any]:
    summary, _break, rest = (view.__doc__ or "").strip().partition("\n")
    arguments = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for _kind, name in _ARGUMENT.findall(rule)
    ]
    found: dict[str, Any] = {
        "operationId": f"{endpoint.replace('.', '_')}_{method.lower()}",
        "tags": [endpoint.partition(".")[0].removesuffix("_api")],
        "summary": summary,
        "description": " ".join(rest.split()),
        "parameters": arguments + [{"in": "query", "schema": schema} for schema in _queries(marks)],
        "responses": {
            str(204 if marks.gives is None and marks.status == 200 else marks.status): _answer(marks),
            "default": PROBLEM,
        },
    }
    if not marks.public:
        found["security"] = [{"token": [marks.needs] if marks.needs else []}]
    if method == "POST":
        found["parameters"].append(
            {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "maxLength": 200}}
        )
    if marks.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": marks.body}}}
    if marks.files is not None:
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": marks.files}}}
    return found


def _queries(marks: Operation) -> list[type[Schema]]:
    """What may stand behind the question mark."""
    return [schema for schema in (marks.query, ListQuery if marks.cuts else None) if schema is not None]


PROBLEM = {
    "description": "A problem: what went wrong, with a stable code.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "errors": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    },
                },
                "additionalProperties": True,
            }
        }
    },
}


def _answer(marks: Operation) -> dict[str, Any]:
    if marks.gives is None:
        return {"description": "Done."}
    if not marks.lists:
        return {"description": "The thing itself.", "content": {"application/json": {"schema": marks.gives}}}
    return {
        "description": "A page of the list.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["items", "next"],
                    "properties": {
                        "items": {"type": "array", "items": marks.gives},
                        "next": {"type": ["string", "null"]},
                    },
                }
            }
        },
    }

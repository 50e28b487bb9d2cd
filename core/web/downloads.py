"""Answers that a browser keeps as a file."""

from __future__ import annotations

from flask import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(content: bytes | str, name: str, content_type: str) -> Response:
    """A file to keep, with its name in any script; never shown in the page's place, never kept by whoever passes it on."""
    answer = Response(content, content_type=content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name.replace("/", "-"))
    answer.headers["Cache-Control"] = "no-store"
    return answer

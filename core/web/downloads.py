"""Answers that a browser keeps as a file."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote

from flask import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(content: bytes | str, name: str, content_type: str) -> Response:
    """A file to keep, with its name in any script; never shown in the page's place, never kept by whoever passes it on."""
    answer = Response(content, content_type=content_type)
    plain = name.replace("/", "-")
    simple = plain.encode("ascii", "ignore").decode("ascii").strip()
    names = {"filename": simple if simple == plain else f"linli{PurePath(plain).suffix}"}
    if simple != plain:
        names["filename*"] = f"UTF-8''{quote(plain, safe='')}"
    answer.headers.set("Content-Disposition", "attachment", **names)
    answer.headers["Cache-Control"] = "no-store"
    return answer

"""A fresh installation as its operator makes one: its own database, `linli` in the shell, a server that answers over HTTP.

The server runs in threads of the test, so that the test moves the one clock both read. Sweeps run when the test says so.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from core import clock
from core.config import Config
from core.upkeep import sweeps
from core.web.request import linli_of

SLUG, NAME = "xincheng", "新城区社区"
PASSWORD = "rehearsal-time"
MANAGER = "li"


class Quiet(WSGIRequestHandler):
    """Writes nothing of requests that went well."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Installation:
    """One database, its commands, its server."""

    database_url: str
    port: int
    app: Flask

    @property
    def address(self) -> str:
        """Where people find it."""
        return f"http://127.0.0.1:{self.port}/{SLUG}"

    def sweep(self, moment: datetime) -> dict[str, int]:
        """Let it be a moment, and let the sweeps run then; answers how many things each of them did."""
        clock.start_at(moment, frozen=True)
        linli = linli_of(self.app)
        with self.app.app_context():
            done = sweeps.run_all(linli.database, linli.house)
        assert [swept for swept in done if swept.error] == []
        return {swept.sweep: swept.things for swept in done}

    def linli(self, *words: str) -> str:
        """What a command prints, run in a shell of its own at the test's moment."""
        return command(self.database_url, *words)


def command(database_url: str, *words: str) -> str:
    """What `linli` prints on a database, at the test's moment."""
    settings = {
        "LINLI_DATABASE_URL": database_url,
        "LINLI_CLOCK": clock.now().isoformat(),
        "LINLI_CLOCK_FROZEN": "1",
        "LANG": "C.UTF-8",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LINLI_", "LC_"))}
    done = subprocess.run(
        [sys.executable, "-m", "core.upkeep.cli", *words],
        env=kept | settings, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def installed(database_url: str, *, since: datetime) -> Iterator[Installation]:
    """Make an installation with a community and its manager as of a moment, and serve it."""
    clock.start_at(since, frozen=True)
    command(database_url, "upgrade")
    command(database_url, "community", "create", SLUG, "--name", NAME)
    command(
        database_url, "user", "create", MANAGER, "--community", SLUG, "--role", "manager", "--password", PASSWORD
    )  # fmt: skip
    app = create_app(Config(database_url=database_url, secret_key="of a test"))
    try:
        with served(app) as port:
            yield Installation(database_url, port, app)
    finally:
        linli_of(app).database.close()


@contextmanager
def served(app: Flask) -> Iterator[int]:
    """Serve it over HTTP meanwhile; answers the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- REST ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: Any


@dataclass(frozen=True)
class Program:
    """A client of REST with a token. Paths are below the community's: `program.get("/points/accounts", kind="group")`."""

    installation: Installation
    token: str

    def get(self, path: str, **query: str | date | datetime) -> Any:
        """What is there; `from_` stands for `from`."""
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, answer
        return answer.body

    def items(self, path: str, **query: str | date) -> list[Any]:
        """All items of a list that fits on one page."""
        found = self.get(path, **query)
        assert found["next"] is None
        return list(found["items"])

    def ask(self, method: str, path: str, body: Any = None, **query: str | date | datetime) -> Answer:
        """Send a request with JSON, or with nothing."""
        sent = b"" if body is None else json.dumps(body).encode()
        return self._send(method, path, sent, "application/json", query)

    def act(self, path: str, body: Any = None) -> Any:
        """Do something that must succeed."""
        answer = self.ask("POST", path, body if body is not None else {})
        assert answer.status == 201, answer
        return answer.body

    def put(self, path: str, body: Any) -> Any:
        """Replace something."""
        answer = self.ask("PUT", path, body)
        assert answer.status == 200, answer
        return answer.body

    def upload(self, kind: str, file: Path, **query: str) -> Answer:
        """Send a sheet, as a form does."""
        border = uuid4().hex
        head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
        content = head.encode() + file.read_bytes() + f"\r\n--{border}--\r\n".encode()
        return self._send("POST", f"/imports/{kind}", content, f"multipart/form-data; boundary={border}", query)

    def _send(self, method: str, path: str, content: bytes, kind: str, query: dict[str, Any]) -> Answer:
        asked = urlencode({name.removesuffix("_"): _said(value) for name, value in query.items()})
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "Accept-Language": "en"}
        connection = HTTPConnection("127.0.0.1", self.installation.port, timeout=60)
        try:
            connection.request(method, f"/api/v1/{SLUG}{path}{'?' if asked else ''}{asked}", content, headers)
            answer = connection.getresponse()
            read = answer.read()
        finally:
            connection.close()
        assert answer.status < 500, read.decode()
        return Answer(answer.status, json.loads(read) if read else None)


def _said(value: str | date | datetime) -> str:
    return value if isinstance(value, str) else value.isoformat()

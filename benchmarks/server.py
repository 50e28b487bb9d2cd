"""A server as in production, `linli run` on the loopback, and clients that keep their connections."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from benchmarks.world import NOW, SECRET, SLUG

HOST = "127.0.0.1"
PORTS = range(8170, 8180)
START_SECONDS = 30
PATIENCE_SECONDS = 60  # of a client


class Program:
    """A client of REST with a token and one connection."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
        self.connection.connect()
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept-Language": "en"}

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request below the community's API: its status and what it answers."""
        sent = None if body is None else json.dumps(body).encode()
        self.connection.request(method, f"/api/v1/{SLUG}{path}", sent, self.headers)
        response = self.connection.getresponse()
        text = response.read()
        return response.status, json.loads(text or b"null")

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


@contextmanager
def serving(url: str, *, processes: int) -> Iterator[int]:
    """Serve a database under a clock that stands at NOW; answers the port.

    Raises:
        RuntimeError: it did not start, or did not end when told to.
    """
    port = _free_port()
    given = {
        "LINLI_DATABASE_URL": url,
        "LINLI_SECRET_KEY": SECRET,
        "LINLI_CLOCK": NOW.isoformat(),
        "LINLI_CLOCK_FROZEN": "1",
        "LINLI_ENV": "development",
    }
    words = ["run", "--port", str(port), "--processes", str(processes)]
    server = subprocess.Popen(
        [sys.executable, "-m", "core.upkeep.cli", *words], env=os.environ | given, stdout=subprocess.DEVNULL
    )
    try:
        _await(server, port)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) != 0:
                return port
    raise RuntimeError(f"all ports {PORTS.start}–{PORTS.stop - 1} are taken")


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            program = Program(port, "")
            program.call("GET", "/community")
        except OSError:
            time.sleep(0.1)
        else:
            program.close()
            return
    raise RuntimeError("the server did not start; what it said stands above")

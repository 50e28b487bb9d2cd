"""`linli run`: a real server, told apart from the outside only."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from sqlalchemy import select

from core.communities import creation
from core.communities.requests import CommunityRequest
from core.db import connect, migrate, session, unit
from core.upkeep import serve, sweeps
from core.upkeep.models import Lease
from core.web.request import linli_of
from tests import kit

PROJECT = Path(__file__).parents[3]


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server in a process of its own."""

    def __init__(self, url: str, port: int, command: str = "run --processes 2", **settings: str) -> None:
        self.port = port
        environ = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core.upkeep.cli", *command.split(), "--port", str(port)],
            env={**environ, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "LINLI_DATABASE_URL": url, **settings},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def get(self, path: str) -> str:
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                    return str(answer.read().decode())
            except HTTPError:
                raise
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in tasks.read_text(encoding="utf-8").split()]

    def end(self, how: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(how)
        out, errors = self.process.communicate(timeout=20)
        return self.process.returncode, out, errors


@pytest.fixture
def started() -> Iterator[list[Server]]:
    servers: list[Server] = []
    yield servers
    for server in servers:
        if server.process.poll() is None:
            server.end(signal.SIGTERM)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with the cast: which engine it has is all the same to what serves it."""
    database = connect(found := f"sqlite:///{tmp_path}/served.sqlite")
    kit.prepare(database, linli_of(kit.the_app()).house)
    database.close()
    return found


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_it_prints_its_address_serves_sweeps_and_ends_cleanly_with_one_clock_for_all(
    url: str, started: list[Server]
) -> None:
    started.append(server := Server(url, a_port(), LINLI_CLOCK="2031-05-05T10:00+08:00"))
    assert server.process.stdout is not None
    assert server.process.stdout.readline() == f"http://127.0.0.1:{server.port}/\n"
    for _ in range(12):  # both workers have their turn
        assert re.search(r"5月5日 星期一 10:0\d|Mon 5 May 10:0\d", server.get("/xincheng/sign-in"))
    children = server.children()
    assert len(children) == 3  # two workers and the one that sweeps
    code, _out, errors = server.end(signal.SIGTERM)
    assert (code, errors) == (0, "")
    assert not [pid for pid in children if is_alive(pid)]
    database = connect(url)
    with unit(database, write=False):
        assert session.scalars(select(Lease.name)).all() == []
    database.close()


@pytest.mark.slow
def test_under_a_clock_that_stands_still_nothing_sweeps_and_ctrl_c_ends_it(url: str, started: list[Server]) -> None:
    started.append(server := Server(url, a_port(), LINLI_CLOCK="2031-05-05T10:00+08:00", LINLI_CLOCK_FROZEN="1"))
    assert "新城区社区" in server.get("/")
    assert len(children := server.children()) == 2
    code, _out, errors = server.end(signal.SIGINT)
    assert (code, errors) == (0, "")
    assert not [pid for pid in children if is_alive(pid)]


@pytest.mark.slow
def test_a_port_that_is_taken_is_one_sentence(url: str, started: list[Server]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        started.append(server := Server(url, int(other.getsockname()[1])))
        _out, errors = server.process.communicate(timeout=20)
    assert (server.process.returncode, errors.count("\n")) == (1, 1)
    assert "is taken. Choose another one: --port." in errors


@pytest.mark.slow
def test_the_sweeper_ends_when_its_server_is_killed(url: str, started: list[Server]) -> None:
    started.append(server := Server(url, a_port()))
    server.get("/")
    children = server.children()
    server.process.kill()
    deadline = time.monotonic() + 10
    sweeping = children[0]  # it is started before the workers
    while is_alive(sweeping) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in children[1:]:
        os.kill(pid, signal.SIGKILL)
    server.process.communicate(timeout=20)
    assert not is_alive(sweeping)


def test_the_sweeper_outlives_a_round_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[str] = []

    def run_all(*_database: object) -> None:
        rounds.append("begun")
        if len(rounds) == 1:
            raise ConnectionError("the database is away")
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(sweeps, "run_all", run_all)
    monkeypatch.setattr(serve, "create_app", kit.the_app)
    monkeypatch.setattr(serve, "SWEEP_SECONDS", 0)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit):
            serve.keep_sweeping(os.getppid())
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert len(rounds) == 2


@pytest.mark.slow
def test_a_demo_is_made_and_served_by_one_command(tmp_path: Path, started: list[Server]) -> None:
    url = f"sqlite:///{tmp_path}/demo.sqlite"
    database = connect(url)
    house = linli_of(kit.the_app()).house
    migrate.upgrade(database, house.installed)
    with unit(database, write=True):
        creation.create(house, CommunityRequest(slug="xincheng", name="新城区社区"))  # or else a season must be lived
    database.close()
    started.append(server := Server(url, a_port(), command="demo --run"))
    assert server.process.stdout is not None
    printed = [server.process.stdout.readline().rstrip() for _line in range(16)]
    assert printed[0] == "The demo community 新城区社区 is there already."
    assert printed[-2:] == [f"export LINLI_DATABASE_URL={url}", f"http://127.0.0.1:{server.port}/"]
    assert "新城区社区" in server.get("/xincheng/sign-in")
    assert server.end(signal.SIGTERM)[0] == 0

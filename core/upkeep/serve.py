"""`linli run`: one process a core, each with one thread, and one child that runs the sweeps each minute."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from types import FrameType

import click
from flask_babel import gettext
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from app import create_app
from core import clock
from core.config import Config, from_environ
from core.notices import senders
from core.upkeep import sweeps
from core.web.request import linli_of

SWEEP_SECONDS = 60
log = logging.getLogger("linli.sweeps")


def serve(*, host: str, port: int, processes: int) -> None:
    """Serve until SIGTERM or SIGINT; prints the address before it listens.

    Raises:
        ClickException: the port is taken.
    """
    config = from_environ()
    _share(config)
    _refuse_taken(host, port)
    click.echo(f"http://{host}:{port}/")
    server = Granian(
        "app:create_app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=1,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
    )
    with _sweeping(config):
        server.serve()


def _share(config: Config) -> None:
    """What all workers must agree on goes through the environment: the key of sessions, and one clock."""
    os.environ["LINLI_SECRET_KEY"] = config.secret_key
    if config.clock is not None and not config.clock_frozen and config.clock_offset is None:
        offset = config.clock - clock.real_now()
        os.environ["LINLI_CLOCK_OFFSET"] = str(offset.total_seconds())


def _refuse_taken(host: str, port: int) -> None:
    """Two servers could share a port unawares: the workers of one must be able to."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sentence = gettext("Port %(port)d of %(host)s is taken. Choose another one: --port.", port=port, host=host)
            raise click.ClickException(sentence) from error


@contextmanager
def _sweeping(config: Config) -> Iterator[None]:
    """Meanwhile a child runs the sweeps; under a clock that stands still there is nothing to do."""
    if config.clock_frozen:
        yield
        return
    child = get_context("fork").Process(target=keep_sweeping, args=(os.getpid(),))  # all is loaded already
    child.start()
    try:
        yield
    finally:
        child.terminate()
        child.join()


def keep_sweeping(server: int) -> None:
    """Run the sweeps each minute, until SIGTERM or the process `server`, whose child this is, is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server ends this one
    told: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        told.append(number)  # an exception out of here is swallowed where it falls into what the collector calls
        sys.exit(0)  # gives back what it holds on its way out

    signal.signal(signal.SIGTERM, end)
    app = create_app()
    linli = linli_of(app)
    sender = senders.of(linli.config)
    while not told and os.getppid() == server:
        try:
            with app.app_context():
                sweeps.run_all(linli.database, linli.house, sender)
        except Exception:  # the database went away for a while: the next round finds it again
            log.exception("the sweeps could not run")
        until = time.monotonic() + SWEEP_SECONDS
        while not told and time.monotonic() < until and os.getppid() == server:
            time.sleep(1)

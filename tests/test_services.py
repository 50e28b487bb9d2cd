"""The throwaway PostgreSQL of a test run."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import services

KILLED = """
import os, signal, sys
from pathlib import Path
from tests.services import Postgres
server = Postgres(programs=Path(sys.argv[1])).start()
print(server.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def all_programs() -> list[Path]:
    """What a machine may have: the system's, where it has them, and the wheel's."""
    found = {services.find_programs(), services.wheel_programs() or services.find_programs()}
    return sorted(found)


@pytest.mark.parametrize("programs", all_programs(), ids=str)
def test_a_run_that_is_killed_leaves_no_server_and_no_file(programs: Path) -> None:
    run = subprocess.run([sys.executable, "-c", KILLED, programs], capture_output=True, text=True, check=False)
    folder = Path(run.stdout.strip())
    assert folder.name.startswith("linli-postgres-"), run.stderr
    deadline = time.monotonic() + 15
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not folder.exists()


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_postgresql_a_test_says_why_it_is_skipped_and_fails_on_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, ends: type[BaseException]
) -> None:
    def none() -> str:
        raise services.NoPostgresError("there is no PostgreSQL")

    monkeypatch.setattr(services, "server_url", none)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ends, match="there is no PostgreSQL"):
        services.require_postgres()

"""A third party's plugin, built as a wheel and installed beside Linli in an environment of its own; no file of Linli changes."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests import services
from tests.contract.wheel_story import STEPS

PROJECT = Path(__file__).parents[2]


def wheel_of(source: Path, folder: Path) -> Path:
    """Build a wheel from a copy of the sources, with their catalogues compiled."""
    copy = folder / source.name
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for path in copy.rglob("*.po"):
        with path.open("rb") as words, path.with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, read_po(words))
    built = folder / "wheels" / source.name
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", str(built), str(copy))
    return next(built.glob("*.whl"))


def pip(*words: str, python: str = sys.executable) -> None:
    command = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with everything that is installed here, and the two plugins."""
    folder = tmp_path_factory.mktemp("wheels")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    Path(site, "linli-here.pth").write_text(f"{PROJECT}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    for source in ("wheel_plugin", "wheel_broken"):
        pip("install", "--no-deps", "--no-index", str(wheel_of(PROJECT / "tests" / source, folder)), python=str(python))
    return python


@pytest.fixture
def url(engine_name: str, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """A database without tables."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path}/wheel.sqlite"
        return
    server = services.require_postgres()
    services.drop_database(server, name := f"linli_wheel_{worker_id}")
    yield services.create_database(server, name)
    services.drop_database(server, name)


def run(python: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    return subprocess.run(
        [str(python), *words],
        env={**environ, "LANG": "C.UTF-8", **settings},
        cwd=python.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_it_is_found_migrated_switched_on_used_and_off(environment: Path, url: str) -> None:
    told = run(environment, "-m", "tests.contract.wheel_story", url)
    assert told.stdout.split() == [step.__name__ for step in STEPS], told.stderr
    assert told.returncode == 0


@pytest.mark.slow
def test_the_operator_sees_it_and_may_leave_it_out(environment: Path, tmp_path: Path) -> None:
    settings = {"LINLI_DATABASE_URL": f"sqlite:///{tmp_path}/linli.sqlite"}
    linli = ("-m", "core.upkeep.cli")
    assert "tea: nothing → 0001" in run(environment, *linli, "upgrade", **settings).stdout
    assert run(environment, *linli, "community", "create", "dongjie", "--name", "东街", **settings).returncode == 0
    listed = run(environment, *linli, "plugin", "list", "--community", "dongjie", **settings).stdout
    assert "tea 1.2 on Tea" in listed
    assert "broken cannot be used: RuntimeError: made for a core of long ago" in listed
    assert run(environment, *linli, "check", **settings).stdout == "ok\n"
    fewer = {**settings, "LINLI_PLUGINS": "points"}
    assert (
        run(environment, *linli, "plugin", "list", "--community", "dongjie", **fewer).stdout == "points 0.1 on Points\n"
    )
    strict = run(environment, *linli, "check", LINLI_STRICT_PLUGINS="1", **settings)
    assert (strict.returncode, strict.stdout) == (1, "")
    assert strict.stderr == "Error: plugin 'broken' cannot be used: RuntimeError: made for a core of long ago\n"

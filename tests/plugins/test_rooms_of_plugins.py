"""The same rooms in each plugin: whoever knows one knows them all. Fails when a room is missing, or stands in no contract."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/plugin.py"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONTRACTS = {contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
LAYERS = CONTRACTS["Doors, rules, tables"]["layers"]
RULES = next(number for number, layer in enumerate(LAYERS) if "(ledger)" in layer)
# A room, and those it does not stand without.
NEEDS = {
    "plugin.py": ["__init__.py"],
    "models.py": ["migrations/versions", "queries.py"],
    "views": ["templates/{name}", "forms.py", "requests.py", "sentences.py", "translations/zh_Hans_CN/LC_MESSAGES/messages.po"],
    "api.py": ["schemas.py", "requests.py", "sentences.py"],
    "policy.py": ["schemas.py"],
    "migrations/versions": ["models.py"],
}  # fmt: skip
WEB = {"flask", "flask_babel", "flask_login", "flask_wtf", "wtforms", "marshmallow", "webargs"}
DOORS = {"views", "api", "forms", "schemas", "sentences", "letters", "plugin", "pieces", "limits"}
WORDS = {"flask_babel"}  # a right or a kind of sheet brings its own label
CORE_FEATURES = ["accounts", "audit", "communities", "notices", "people", "sheets"]


def named(layer: str) -> set[str]:
    """The rooms of a layer of the contract."""
    return {room.strip(" ()\n") for room in layer.split(":")}


def rooms(folder: Path) -> set[str]:
    """Modules and packages of a plugin."""
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return packages | {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}


def stands(folder: Path, room: str) -> bool:
    """Whether a plugin has a room, as a module or a folder of its name."""
    path = folder / room.format(name=folder.name)
    return path.exists() or path.with_suffix(".py").exists() or (path.with_suffix("") / "__init__.py").exists()


def imports(path: Path) -> Iterator[str]:
    """The first names of what a module imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def missing(folder: Path) -> list[str]:
    """Rooms that others of the plugin do not stand without."""
    return sorted(
        f"{room} without {needed.format(name=folder.name)}"
        for room, all_needed in NEEDS.items()
        for needed in all_needed
        if stands(folder, room) and not stands(folder, needed)
    )


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_lacks_no_room_that_its_others_need(folder: Path) -> None:
    assert missing(folder) == []
    assert PROJECT["project"]["entry-points"]["linli.plugins"][folder.name] == f"plugins.{folder.name}.plugin:plugin"
    assert list((ROOT / "tests" / "plugins" / folder.name).glob("test_*.py"))


def test_a_missing_room_is_named(tmp_path: Path) -> None:
    for room in ("plugin.py", "models.py", "queries.py", "api.py", "schemas.py"):
        (tmp_path / room).touch()
    assert missing(tmp_path) == [
        "api.py without requests.py",
        "api.py without sentences.py",
        "models.py without migrations/versions",
        "plugin.py without __init__.py",
    ]


def test_no_plugin_stands_in_the_project_without_its_folder() -> None:
    assert set(PROJECT["project"]["entry-points"]["linli.plugins"]) == {folder.name for folder in PLUGINS}


def test_the_contracts_know_every_room_and_no_other() -> None:
    listed = set().union(*map(named, LAYERS))
    built = set().union(*map(rooms, PLUGINS))
    assert listed == built - set(CONTRACTS["Doors, rules, tables"]["exhaustive_ignores"])


def test_every_rule_is_kept_from_the_web() -> None:
    kept = {name.rpartition(".")[2] for name in CONTRACTS["Rules and tables know no web"]["source_modules"]}
    assert named(LAYERS[RULES]) | {"queries", "requests", "policy", "models"} <= kept


def test_the_rules_of_the_core_import_no_web() -> None:
    wrong = {
        str(path.relative_to(ROOT)): found
        for feature in CORE_FEATURES
        for path in (ROOT / "core" / feature).rglob("*.py")
        if path.stem not in DOORS and (found := (WEB - WORDS) & set(imports(path)))
    }
    assert wrong == {}


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_to_import_a_rule_pulls_in_nothing_else(folder: Path) -> None:
    [docstring] = ast.parse((folder / "__init__.py").read_text("utf-8")).body
    assert isinstance(docstring, ast.Expr)


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_templates_and_tables_carry_the_name_of_their_plugin(folder: Path) -> None:
    assert [path.name for path in (folder / "templates").iterdir()] == [folder.name]
    tables = [
        str(node.value.value)
        for node in ast.walk(ast.parse((folder / "models.py").read_text("utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "__tablename__"
        and isinstance(node.value, ast.Constant)
    ]
    assert tables
    assert [name for name in tables if not name.startswith(f"{folder.name}_")] == []

"""Catalogues: one for the core and one for each plugin, made from the code and compared with it.

    python -m core.upkeep.i18n update    # take new sentences into every .po, drop those that are gone
    python -m core.upkeep.i18n check     # name every sentence that is missing, fuzzy, empty or has other placeholders

English stands in the code; the committed .po files hold the other languages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ("zh_Hans_CN",)
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"silent": "false"}}  # a template that cannot be read is a fault, not a silence
KEYWORDS = DEFAULT_KEYWORDS | {"_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
WIDTH = 120
_PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]?[\d.]*[a-zA-Z]")


def folders(root: Path = ROOT) -> list[Path]:
    """Those that have sentences of their own: the core and each plugin."""
    return [root / "core", *sorted(path.parent for path in root.glob("plugins/*/plugin.py"))]


def extract(folder: Path) -> Catalog:
    """Every sentence in the code and the templates of a folder, with where it stands."""
    template = Catalog(project="Linli", charset="utf-8")
    place = folder.name if folder.name == "core" else f"{folder.parent.name}/{folder.name}"
    for name, line, words, comments, context in extract_from_dir(
        folder, METHODS, OPTIONS, keywords=KEYWORDS, strip_comment_tags=True
    ):
        template.add(words, None, [(f"{place}/{name}", line)], auto_comments=comments, context=context)
    return template


def po_file(folder: Path, locale: str) -> Path:
    """Where the catalogue of a folder in a language is."""
    return folder / "translations" / locale / "LC_MESSAGES" / "messages.po"


def read(path: Path, locale: str) -> Catalog:
    """A catalogue; an empty one where there is no file."""
    if not path.exists():
        return Catalog(locale=locale, project="Linli", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def update(root: Path = ROOT) -> None:
    """Bring every catalogue up to what the code says; translations stay, new sentences are empty."""
    for folder in folders(root):
        template = extract(folder)
        for locale in LOCALES:
            path = po_file(folder, locale)
            catalogue = read(path, locale)
            catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
            catalogue.obsolete.clear()
            if len(catalogue):
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    write_po(file, catalogue, width=WIDTH, sort_by_file=True, include_lineno=False)


def check(root: Path = ROOT) -> list[str]:
    """Everything that is wrong with the catalogues; empty when all is well."""
    found: list[str] = []
    for locale in LOCALES:
        said: dict[object, tuple[str, object]] = {}
        for folder in folders(root):
            template, catalogue = extract(folder), read(po_file(folder, locale), locale)
            found += (f"{folder.name} {locale}: {fault}" for fault in _faults(template, catalogue))
            for message in catalogue:
                if not message.id:
                    continue
                home, words = said.setdefault(message.id, (folder.name, message.string))
                if words != message.string:
                    found.append(f"{folder.name} {locale}: {message.id!r} is said otherwise in {home}")
    return found


def _faults(template: Catalog, catalogue: Catalog) -> Iterator[str]:
    wanted = {message.id for message in template if message.id}
    there = {message.id for message in catalogue if message.id}
    if catalogue.fuzzy:
        yield "its head is marked fuzzy: it would not be compiled"
    yield from (f"missing: {words!r}" for words in _in_order(wanted - there))
    yield from (f"no longer in the code: {words!r}" for words in _in_order(there - wanted))
    for message in catalogue:
        if message.id:
            yield from _message_faults(message)


def _in_order(words: Iterable[object]) -> list[object]:
    return sorted(words, key=str)


def _message_faults(message: Message) -> Iterator[str]:
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if message.fuzzy:
        yield f"fuzzy: {message.id!r}"
    if not all(strings):
        yield f"not translated: {message.id!r}"
        return
    needed, allowed = placeholders(ids[-1]), {name for words in ids for name in placeholders(words)}
    for words in strings:
        if not needed <= placeholders(words) <= allowed:
            yield f"other placeholders: {message.id!r} – {words!r}"


def placeholders(words: str) -> set[str]:
    """`%(points)d` and its like in a sentence.

    >>> sorted(placeholders("%(points)d points, %(share)s %%"))
    ['%(points)d', '%(share)s']
    """
    return set(_PLACEHOLDER.findall(words.replace("%%", "")))


@click.group()
def main() -> None:
    """Catalogues of the core and the plugins."""


@main.command("update")
def update_command() -> None:
    """Take new sentences into every catalogue, drop those that are gone."""
    update()


@main.command("check")
def check_command() -> None:
    """Name every sentence that is missing, fuzzy, empty or has other placeholders."""
    found = check()
    click.echo("\n".join(found) or "catalogues: ok", err=bool(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

"""Every page of the house in both languages: no sentence of the other one, and what every page must have."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from core import clock
from core.db import Base, session, unit
from core.upkeep import i18n
from core.web.request import linli_of
from tests import kit
from tests.contract.test_subsets import DAYS
from tests.kit import Browser, Cast
from tests.pages.reading import Page, read
from tests.pages.walking import FEW, addresses, pages, samples_of

LANG = {"zh": "zh-Hans", "en": "en"}
WHO = ["li", "sun", "zhang", "chen", None]
HAN = re.compile(r"[\u3400-\u9fff]+")
LINK = re.compile(r"""\b(?:href|hx-get)="([^"]*)\"""")
SWITCH = {"中文", "English"}  # the switch names each language in itself
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]?[\d.]*[a-zA-Z]")


# --- what may be said in either language ---------------------------------------------------------------------------


@lru_cache(maxsize=1)
def english() -> dict[str, re.Pattern[str]]:
    """What the catalogues translate: msgid → how it would look on a page. Short words may stand in any name."""
    found = {}
    for folder in i18n.folders():
        for message in i18n.read(i18n.po_file(folder, "zh_Hans_CN"), "zh_Hans_CN"):
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            said = message.string if isinstance(message.string, str) else " ".join(message.string or ())
            for words in ids:
                parts = [part.replace("%%", "%") for part in PLACEHOLDER.split(words)]
                letters = max((sum(letter.isalpha() for letter in part) for part in parts), default=0)
                if letters > 3 and words not in said:
                    look = ".+?".join(re.escape(re.sub(r"\s+", " ", part)) for part in parts)
                    found[words] = re.compile(rf"(?<![A-Za-z0-9_@.:/-]){look}(?![A-Za-z0-9_@:/-])")
    return found


def strings_in(value: Any) -> Iterator[str]:
    """Every text inside a column's value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings_in(inner)
    elif hasattr(value, "facts"):
        yield from strings_in(dict(value.facts))


def data() -> list[str]:
    """Every text with Chinese in it that the open community's rows hold, the longest first."""
    found: set[str] = set()
    for mapper in Base.registry.mappers:
        for row in session.scalars(select(mapper.class_)):
            for column in mapper.column_attrs:
                for text in strings_in(getattr(row, column.key)):
                    found.update(HAN.findall(text))
    return sorted(found, key=len, reverse=True)


def said_in_english(page: Page) -> list[str]:
    """Sentences of ours that stand on a page in English."""
    text = "\n".join(words for words in page.words if words not in SWITCH)
    latin = {word.lower() for word in re.findall(r"[A-Za-z]+", text)}
    return [
        words
        for words, look in english().items()
        if set(re.findall(r"[a-z]+", PLACEHOLDER.sub(" ", words).lower())) <= latin and look.search(text)
    ]


def said_in_chinese(page: Page, names: list[str]) -> list[str]:
    """Chinese on a page that is not in anybody's data."""
    left = []
    for words in page.words:
        if words in SWITCH:
            continue
        rest = words
        for name in names:
            rest = rest.replace(name, " ")
        if HAN.search(rest):
            left.append(words)
    return left


def faults_of(html: str, language: str, names: list[str]) -> list[str]:
    """What is wrong with a page."""
    page = read(html)
    found = [f"untranslated: {words}" for words in said_in_english(page)] if language == "zh" else []
    found += [f"not English: {words}" for words in said_in_chinese(page, names)] if language == "en" else []
    if not page.title.strip(" ·"):
        found.append("no title")
    if page.lang != LANG[language]:
        found.append(f"lang is {page.lang!r}")
    if page.h1 != 1:
        found.append(f"{page.h1} h1")
    return found + [f"no label: {look}" for look in page.without_label]


# --- all pages -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def samples(lived: Flask) -> tuple[dict[str, list[str]], list[str]]:
    """Values for the arguments of addresses, and the texts of the data."""
    linli = linli_of(lived)
    with lived.app_context(), unit(linli.database, write=False):
        kit.enter_slug(linli.house, kit.SLUG)
        some = samples_of()
        names = data()
    with unit(linli.database, write=False):
        kit.enter_slug(linli.house, kit.OTHER_SLUG)
        return some, sorted({*names, *data()}, key=len, reverse=True)


def with_links(app: Flask, browser: Browser, typed: list[str]) -> Iterator[tuple[str, int, str]]:
    """Pages at these addresses and those that links on them lead to: address, status, HTML."""
    adapter = app.url_map.bind("localhost")
    seen: set[str] = set()
    visits: Counter[tuple[str, ...]] = Counter()
    waiting = deque((address, True) for address in typed)
    while waiting:
        address, must = waiting.popleft()
        parts = urlsplit(address)
        if address in seen or not (parts.path == "/" or parts.path.startswith(f"/{browser.slug}/")):
            continue
        endpoint, _values = adapter.match(parts.path, method="GET")
        kind = (endpoint, *sorted(piece.partition("=")[0] for piece in parts.query.split("&")))
        visits[kind] += 1
        if not must and visits[kind] > FEW:
            continue
        seen.add(address)
        answer = browser.client.get(address, headers={"Accept-Language": browser.locale})
        html = answer.text if answer.mimetype == "text/html" else ""
        yield address, answer.status_code, html
        waiting.extend((unescape(link).partition("#")[0], False) for link in LINK.findall(html) if link[:1] == "/")
        if answer.status_code in {302, 303}:
            waiting.append((answer.headers["Location"], False))
        answer.close()


@pytest.mark.slow
@pytest.mark.parametrize("who", WHO, ids=str)
@pytest.mark.parametrize("language", list(LANG))
def test_every_page_speaks_one_language_and_is_complete(
    lived: Flask, samples: tuple[dict[str, list[str]], list[str]], language: str, who: str | None
) -> None:
    some, names = samples
    clock.start_at(kit.NOW + timedelta(days=DAYS), frozen=True)
    browser = kit.BrowserOf(lived, kit.find_cast(linli_of(lived).database))(who, locale=language)
    wrong, shown = [], 0
    for address, status, html in with_links(lived, browser, addresses(lived, "GET", some)):
        if status not in {200, 302, 303, 403, 404}:
            wrong.append(f"{address}: {status}")
        if html and status not in {302, 303}:
            shown += 1
            wrong += [f"{address}: {fault}" for fault in faults_of(html, language, names)]
    assert not wrong, "\n".join(wrong[:60])
    assert shown > (3 if who is None else 20)


@pytest.mark.parametrize("language", list(LANG))
def test_every_form_that_is_sent_empty_answers_in_one_language(
    app: Flask, cast: Cast, browser_of: kit.BrowserOf, language: str
) -> None:
    with app.app_context(), unit(linli_of(app).database, write=False):
        kit.enter_slug(linli_of(app).house, kit.SLUG)
        some, names = samples_of(), data()
    browser = browser_of("li", locale=language)
    leave = {"accounts.sign_out", "accounts.language", "accounts.begin_behalf", "settings.switch"}  # change who asks
    stay = {rule.endpoint for rule in pages(app, "POST")} - leave
    adapter, wrong, refused = app.url_map.bind("localhost"), [], 0
    for address in addresses(app, "POST", some):
        if adapter.match(address, method="POST")[0] not in stay:
            continue
        answer = browser.post(address.removeprefix(f"/{kit.SLUG}"))
        if answer.status_code not in {200, 303, 403, 404, 409, 422}:
            wrong.append(f"{address}: {answer.status_code}")
        if answer.status_code >= 400 and "<html" in answer.text:
            refused += 1
            wrong += [f"{address}: {fault}" for fault in faults_of(answer.text, language, names)]
    assert not wrong, "\n".join(wrong[:60])
    assert refused > 5


def test_the_reader_of_pages_sees_what_it_must() -> None:
    page = read(
        '<html lang="en"><title>T · L</title><svg><title>x</title></svg><h1>Book a room</h1><script>Cancel</script>'
        '<label for="a">A</label><input id="a"><label>B <input name="b"></label><input name="c"><input type="hidden">'
        '<input aria-label="Word"><select id="d"></select><a title="预约">x</a>'
    )
    assert (page.title, page.lang, page.h1) == ("T · L", "en", 1)
    assert page.without_label == ["<input name='c'>", "<select name=None>"]
    assert said_in_chinese(page, []) == ["预约"]
    assert said_in_chinese(page, ["预约"]) == []
    assert "Cancel" not in page.words


def test_english_is_seen_among_chinese() -> None:
    for sentence in ("Main menu", "Skip to the content"):
        assert sentence in english()
        assert sentence in said_in_english(read(f"<p>中文 {sentence}</p>"))

"""What a page says and how it is built, read from its HTML: words people see, its title, its headings, its fields."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSEEN = {"script", "style", "template"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SAID = ("placeholder", "title", "aria-label", "alt", "data-confirm")  # attributes that are read out or shown
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}  # what needs no label beside its own words


@dataclass
class Page(HTMLParser):
    """A page that has been read."""

    words: list[str] = field(default_factory=list)
    title: str = ""
    lang: str = ""
    h1: int = 0
    labelled: set[str] = field(default_factory=set)  # ids that a <label for> names
    bare: list[tuple[str, str]] = field(default_factory=list)  # fields without words of their own: id, how it looks
    inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @property
    def text(self) -> str:
        """All the words, one piece a line."""
        return "\n".join(self.words)

    @property
    def without_label(self) -> list[str]:
        """Fields that nothing names."""
        return [look for id_, look in self.bare if id_ not in self.labelled]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.words += [given[name].strip() for name in SAID if given.get(name, "").strip()]
        self.h1 += tag == "h1"
        if tag == "html":
            self.lang = given.get("lang", "")
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        if tag == "input" and given.get("type") in {"submit", "button"}:
            self.words.append(given.get("value", ""))
        if tag in {"input", "select", "textarea"} and given.get("type") not in UNLABELLED:
            named = given.get("aria-label") or given.get("aria-labelledby") or "label" in self.inside
            if not named:
                self.bare.append((given.get("id", ""), f"<{tag} name={given.get('name')!r}>"))
        if tag not in VOID:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        words = re.sub(r"\s+", " ", data).strip()
        if not words or UNSEEN & set(self.inside):
            return
        if "title" in self.inside and "svg" not in self.inside:
            self.title += words
        self.words.append(words)


def read(html: str) -> Page:
    """Read a page."""
    page = Page()
    page.feed(html)
    page.close()
    return page

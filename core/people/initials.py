"""Initials of names in pinyin, as people type them to search: zsf finds 张淑芬."""

from __future__ import annotations

# Surnames that begin otherwise than the same character in common words.
_SURNAMES = {
    "单": "s",
    "解": "x",
    "查": "z",
    "仇": "q",
    "覃": "q",
    "区": "o",
    "乐": "y",
    "翟": "z",
    "曾": "z",
    "尉": "y",
}


def initials(name: str, *, person: bool = False) -> str:
    """The first letters of a name, small; words in Latin letters give theirs, everything else nothing.

    Args:
        name: of a resident or a group.
        person: the name begins with a surname.

    >>> initials("张淑芬"), initials("单小红", person=True), initials("Anna 李"), initials("😀")
    ('zsf', 'sxh', 'al', '')
    """
    from pypinyin import Style, lazy_pinyin  # 0.3 s: only whoever enters people waits for its dictionaries

    parts = [part for syllable in lazy_pinyin(name, style=Style.FIRST_LETTER) for part in syllable.split()]
    letters = "".join(part[0] for part in parts if part[0].isascii() and part[0].isalnum()).lower()
    if person and name[:1] in _SURNAMES:
        letters = _SURNAMES[name[0]] + letters[1:]
    return letters

"""Catalogues: what is compared with the code, and how it is brought up to date."""

from pathlib import Path

import pytest

from core.upkeep import i18n

CODE = '''"""A plugin."""
from flask_babel import gettext as _, lazy_gettext as _l, ngettext
NAME = _l("Tea")
def cups(count): return ngettext("%(num)d cup", "%(num)d cups", count)
def poured(who): return _("%(who)s poured at 100 %%.", who=who)
'''
PAGE = '<h1>{{ _("Tea time") }}</h1>'
COMPLETE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=1; plural=0;\\n"

msgid "Tea"
msgstr "茶"

msgid "%(num)d cup"
msgid_plural "%(num)d cups"
msgstr[0] "%(num)d 杯"

msgid "%(who)s poured at 100 %%."
msgstr "%(who)s 倒了茶，100 %%。"

msgid "Tea time"
msgstr "茶点"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A house with one plugin."""
    tea = tmp_path / "plugins" / "tea"
    (tea / "templates" / "tea").mkdir(parents=True)
    (tmp_path / "core").mkdir()
    (tea / "plugin.py").write_text(CODE, encoding="utf-8")
    (tea / "templates" / "tea" / "tea.html").write_text(PAGE, encoding="utf-8")
    write(tmp_path, COMPLETE)
    return tmp_path


def write(root: Path, words: str) -> None:
    path = i18n.po_file(root / "plugins" / "tea", "zh_Hans_CN")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words, encoding="utf-8")


def test_a_complete_catalogue_has_no_fault(root: Path) -> None:
    assert i18n.check(root) == []


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ('msgid "Tea time"\nmsgstr "茶点"\n', "", "missing: 'Tea time'"),
        ('msgstr "茶点"', 'msgstr ""', "not translated: 'Tea time'"),
        ('msgid "Tea time"', '#, fuzzy\nmsgid "Tea time"', "fuzzy: 'Tea time'"),
        ("%(who)s 倒", "倒", "other placeholders: '%(who)s poured at 100 %%.' – '倒了茶，100 %%。'"),
        ("%(who)s 倒", "%(how)s 倒", "other placeholders"),
        ("%(num)d 杯", "一杯", "other placeholders"),
        ('msgid "Tea time"', 'msgid "Coffee time"', "no longer in the code: 'Coffee time'"),
    ],
)
def test_each_fault_is_named(root: Path, right: str, wrong: str, fault: str) -> None:
    assert COMPLETE.count(right) == 1
    write(root, COMPLETE.replace(right, wrong))
    assert any(fault in found for found in i18n.check(root)), i18n.check(root)


def test_one_sentence_is_said_one_way_in_the_whole_house(root: Path) -> None:
    (root / "core" / "words.py").write_text('from flask_babel import gettext as _\n_("Tea")\n', encoding="utf-8")
    path = i18n.po_file(root / "core", "zh_Hans_CN")
    path.parent.mkdir(parents=True)
    path.write_text(COMPLETE.split("\n\n")[0] + '\n\nmsgid "Tea"\nmsgstr "茶水"\n', encoding="utf-8")
    assert i18n.check(root) == ["tea zh_Hans_CN: 'Tea' is said otherwise in core"]


def test_an_update_takes_new_sentences_in_and_keeps_what_was_translated(root: Path) -> None:
    write(root, COMPLETE.replace('msgid "Tea time"\nmsgstr "茶点"\n', 'msgid "Gone"\nmsgstr "没了"\n'))
    i18n.update(root)
    assert i18n.check(root) == ["tea zh_Hans_CN: not translated: 'Tea time'"]
    path = i18n.po_file(root / "plugins" / "tea", "zh_Hans_CN")
    once = path.read_bytes()
    i18n.update(root)
    assert path.read_bytes() == once
    assert "Gone" not in once.decode()

"""`linli` from the shell: what each command does, and that a refusal is one sentence and an exit code."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from core.accounts.models import Account, AccountRole
from core.communities.models import Community
from core.config import Smtp
from core.contract import HolderKind
from core.db import Database, session, unit
from core.notices import outbox
from core.people.models import Group, Holder, Resident
from core.plugins import House
from core.upkeep import terminal
from core.web.request import linli_of
from tests import kit
from tests.core.notices.kit import REAL, mail_server, with_address
from tests.core.upkeep.conftest import Linli
from tests.kit import Cast

STRANGE = ("--resident", "01890000-0000-7000-8000-000000000000")


def test_a_community_is_made_with_its_centre_and_every_plugin(linli: Linli, database: Database, house: House) -> None:
    made = linli("community", "create", "dongjie", "--name", "东街社区")
    assert made.exit_code == 0, made.output
    assert made.output == "The community 东街社区 is at /dongjie/.\n"
    with unit(database, write=False):
        place = kit.enter_slug(house, "dongjie")
        assert place.enabled == tuple(sorted(house.by_name))
        assert str(place.zone) == "Asia/Shanghai"
        assert session.scalars(select(Holder.kind)).all() == [HolderKind.CENTRE]


def test_a_community_has_the_plugins_asked_for(linli: Linli, database: Database, house: House) -> None:
    assert linli("community", "create", "dongjie", "--name", "东街社区", "--plugins", "points").exit_code == 0
    with unit(database, write=False):
        assert kit.enter_slug(house, "dongjie").enabled == ("points",)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("community", "create", "xincheng", "--name", "x"), "xincheng"),
        (("community", "create", "api", "--name", "x"), "slug"),
        (("community", "create", "UPPER CASE", "--name", "x"), "slug"),
        (("community", "create", "mars", "--name", "x", "--zone", "Mars/Olympus"), "Mars/Olympus"),
        (
            ("community", "create", "mars", "--name", "x", "--plugins", "nope"),
            "no plugin nope; there are: booking, points",
        ),
        (("user", "create", "wu", "--community", "nowhere", "--role", "staff", "--password", "12345678"), "nowhere"),
        (("user", "create", "wu", "--community", "xincheng", "--role", "staff", "--password", "short"), "password"),
        (("user", "create", "li", "--community", "xincheng", "--role", "staff", "--password", "12345678"), "li"),
        (("token", "create", "--community", "xincheng", "--user", "nobody"), "nobody"),
        (("token", "create", "--community", "xincheng", "--user", "li", "--scope", "nope.nope"), "nope.nope"),
        (
            ("user", "create", "wu", "--community", "xincheng", "--role", "staff", "--password", "12345678", *STRANGE),
            "no resident with the id 01890000-0000-7000-8000-000000000000 in xincheng",
        ),
        (("plugin", "enable", "nope", "--community", "xincheng"), "no plugin nope; there are: booking, points"),
        (("plugin", "disable", "nope", "--community", "xincheng"), "no plugin nope; there are: booking, points"),
        (("plugin", "list", "--community", "nowhere"), "nowhere"),
        (
            ("import", "wishes", __file__, "--community", "xincheng"),
            "wishes cannot be imported in xincheng; there are: residents, groups, contributions.",
        ),
        (("import", "residents", __file__, "--community", "nowhere"), "nowhere"),
        (("revision", "nope", "why"), "no plugin nope; there are: booking, core, points"),
    ],
)
def test_a_refusal_is_a_sentence_and_changes_nothing(
    linli: Linli, database: Database, words: tuple[str, ...], sentence: str
) -> None:
    before = counts(database)
    refused = linli(*words)
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert sentence in refused.output
    assert "Traceback" not in refused.output
    assert counts(database) == before


def counts(database: Database) -> tuple[int | None, ...]:
    with unit(database, write=False) as work:
        work.enter(1)
        return tuple(session.scalar(select(func.count()).select_from(model)) for model in (Community, Account, Holder))


def test_a_refusal_is_said_in_the_language_of_the_terminal(linli: Linli) -> None:
    refused = linli("plugin", "enable", "nope", "--community", "xincheng", lang="zh_CN.UTF-8")
    assert refused.exit_code == 1
    assert not refused.output.removeprefix("Error: ").isascii()


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-Hans"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh-Hans"),
    ],
)
def test_the_language_follows_the_locale(environ: dict[str, str], language: str) -> None:
    assert terminal.language(environ) == language


def test_an_account_is_made_and_can_be_tied_to_a_resident(linli: Linli, database: Database, house: House) -> None:
    with unit(database, write=True):
        kit.enter_slug(house, "xincheng")
        resident = kit.a_resident("吴小梅")
    words = ("--community", "xincheng", "--role", "resident", "--password", "rose-garden")
    assert linli("user", "create", "Wu", *words, "--resident", str(resident.id)).exit_code == 0
    with unit(database, write=False):
        kit.enter_slug(house, "xincheng")
        account = session.scalars(select(Account).where(Account.user_name == "wu")).one()
        assert (account.role, account.resident_id) == (AccountRole.RESIDENT, resident.id)
        assert "rose-garden" not in account.password_hash
    strange = linli("user", "create", "wu2", *words, "--resident", str(uuid4()))
    assert (strange.exit_code, strange.output[:7]) == (1, "Error: ")


def test_a_token_is_printed_alone_and_opens_what_its_scopes_allow(linli: Linli, app: Flask, cast: Cast) -> None:
    made = linli("token", "create", "--community", "xincheng", "--user", "li", "--scope", "core.people.read")
    token = made.output.strip()
    assert made.output == f"{token}\n"
    assert token.startswith("xincheng.")
    program = kit.Client(app.test_client(), cast.slug, token)
    assert program.get("/residents").status_code == 200
    assert program.get("/audit").status_code in {403, 404}


def test_plugins_are_switched_off_and_on_again(linli: Linli) -> None:
    assert linli("plugin", "disable", "points", "--community", "xincheng").exit_code == 0
    assert linli("plugin", "disable", "points", "--community", "xincheng").exit_code == 0
    assert "points 0.1 off Points" in linli("plugin", "list", "--community", "xincheng").output
    assert "points 0.1 on Points" in linli("plugin", "list", "--community", "binhe").output
    assert linli("plugin", "enable", "points", "--community", "xincheng").exit_code == 0
    assert "points 0.1 on Points" in linli("plugin", "list", "--community", "xincheng").output


def test_a_sheet_of_a_plugin_that_is_off_is_named_with_those_there_are(linli: Linli) -> None:
    assert linli("plugin", "disable", "points", "--community", "xincheng").exit_code == 0
    refused = linli("import", "contributions", __file__, "--community", "xincheng")
    assert refused.exit_code == 1
    assert "contributions cannot be imported in xincheng; there are: residents, groups." in refused.output


def test_check_prints_ok_alone(linli: Linli) -> None:
    checked = linli("check")
    assert (checked.output, checked.exit_code) == ("ok\n", 0)


def test_check_names_what_is_wrong(linli: Linli, database: Database, house: House) -> None:
    with unit(database, write=True):
        kit.enter_slug(house, "xincheng")
        kit.a_centre("zweites")
        session.add(Group(id=kit.a_resident("张冠李戴").id, kind="choir"))
    checked = linli("check")
    assert checked.exit_code == 1
    assert "xincheng: There are 2 centres; there must be one." in checked.output
    assert "张冠李戴" in checked.output
    assert "binhe" not in checked.output


def test_sweep_says_what_it_did_for_each_community(linli: Linli) -> None:
    swept = linli("sweep")
    assert swept.exit_code == 0
    assert "xincheng core.replay 0" in swept.output.splitlines()
    assert "binhe core.replay 0" in swept.output.splitlines()


def test_sweep_hands_letters_to_the_mail_server_of_the_settings_and_fails_when_there_is_none(
    linli: Linli, app: Flask, database: Database, house: House, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell() -> None:
        with unit(database, write=True):
            kit.enter_slug(house, cast.slug)
            with_address("zhang")
            outbox.notify_account(cast.zhang.account_id, REAL)

    before = linli_of(app)
    with mail_server() as server:
        smtp = Smtp(host="127.0.0.1", port=server.port)
        config = replace(before.config, smtp=smtp, mail_from="linli@example.org", address="https://linli.example.org/a")
        monkeypatch.setitem(app.extensions, "linli", replace(before, config=config))
        tell()
        assert f"{cast.slug} core.mail 1" in linli("sweep").output.splitlines()
    [letter] = server.letters
    assert letter["From"].addresses[0].addr_spec == "linli@example.org"
    assert f"https://linli.example.org/a/{cast.slug}/notices/" in letter.get_content()
    tell()
    failed = linli("sweep")  # the server is gone
    assert failed.exit_code == 1
    assert f"{cast.slug} core.mail ConnectionRefusedError" in failed.output


def test_a_sheet_is_tried_then_imported_then_known(
    linli: Linli, database: Database, house: House, tmp_path: Path
) -> None:
    sheet = tmp_path / "residents.csv"
    sheet.write_text("编号,姓名\n1,孙悟空\n2,猪八戒\n", encoding="utf-8")
    words = ("import", "residents", str(sheet), "--community", "xincheng")
    assert linli(*words, "--dry-run").output == "2 rows: 2 would be new, 0 are known already.\n"
    assert linli(*words).output == "2 rows: 2 are new, 0 were known already.\n"
    assert linli(*words).output == "2 rows: 0 are new, 2 were known already.\n"
    with unit(database, write=False):
        kit.enter_slug(house, "xincheng")
        found = session.scalars(
            select(Holder.name).join(Resident, Resident.id == Holder.id).where(Holder.name.in_(["孙悟空", "猪八戒"]))
        )
        assert len(found.all()) == 2


def test_a_faulty_sheet_names_every_cell_and_imports_nothing(linli: Linli, tmp_path: Path) -> None:
    sheet = tmp_path / "residents.csv"
    sheet.write_text("编号,姓名\n1,孙悟空\n2,\n2,沙悟净\n", encoding="utf-8")
    refused = linli("import", "residents", str(sheet), "--community", "xincheng")
    assert refused.exit_code == 1
    assert "B3: " in refused.output
    assert "nothing was imported" in refused.output
    sheet.write_text("编号,姓名\n1,孙悟空\n", encoding="utf-8")
    assert "1 are new" in linli("import", "residents", str(sheet), "--community", "xincheng").output


def test_a_fault_that_speaks_of_a_day_says_it_as_people_do(linli: Linli, tmp_path: Path) -> None:
    sheet = tmp_path / "contributions.csv"
    sheet.write_text("编号,团队或居民,类别,日期,次数\n1,合唱队,移风易俗宣传,2026-11-30,1\n", encoding="utf-8")
    refused = linli("import", "contributions", str(sheet), "--community", "xincheng")
    assert refused.exit_code == 1
    assert "Mon 30 Nov" in refused.output


def test_a_bad_setting_or_database_is_one_sentence(tmp_path: Path) -> None:
    for settings, sentence in (
        ({"LINLI_ENV": "holiday"}, "LINLI_ENV is 'holiday'; use one of development, testing, production"),
        ({"LINLI_DATABASE_URL": f"sqlite:///{tmp_path}/none/none.sqlite"}, "The database cannot be used"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "core.upkeep.cli", "sweep"],
            env={"PATH": "/usr/bin", "LANG": "C.UTF-8", **settings},
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[3],
        )
        assert ended.returncode == 1
        assert ended.stderr.startswith(f"Error: {sentence}")
        assert ended.stderr.count("\n") == 1

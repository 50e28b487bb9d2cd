"""Fixtures of upkeep: commands on the test's database."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from core.upkeep import cli, terminal

Linli = Callable[..., Result]


@pytest.fixture
def linli(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Linli:
    """`linli("check")`: a command on the test's database, in English; `lang="zh_CN.UTF-8"` in Chinese."""
    monkeypatch.setattr(terminal, "app", lambda: app)
    monkeypatch.setattr(cli, "app", lambda: app)

    def run(*words: str, lang: str = "C.UTF-8") -> Result:
        result = CliRunner(env={"LANG": lang, "LC_ALL": "", "LC_MESSAGES": ""}).invoke(cli.main, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run

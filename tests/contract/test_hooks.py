"""The contract's one page is honest: every hook is documented, implemented by somebody, called by somebody, heard as sent."""

import inspect
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints
from uuid import uuid4

import pytest

from core import hookspecs
from core.contract import Contribution
from core.discovery import build
from core.explanations import explain
from core.plugins import SECTIONS, Relay
from tests import kit
from tests.contract.everything import Everything
from tests.kit import Cast

PROJECT = Path(__file__).parents[2]
HOOKS: dict[str, Callable[..., Any]] = {
    f"{section.__name__}.{name}": hook
    for section in SECTIONS
    for name, hook in vars(section).items()
    if inspect.isfunction(hook) and hasattr(hook, "linli_spec")
}
CALLED_LATER = {
    "Happened.contribution_recorded",
    "Happened.contribution_withdrawn",
}  # points listens; volunteers will tell


def arguments(hook: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(hook).parameters if name != "self"]


def test_every_section_of_the_page_is_known_to_the_relay() -> None:
    sections = {
        name
        for name, item in vars(hookspecs).items()
        if inspect.isclass(item) and item.__module__ == hookspecs.__name__
    }
    assert sections == {section.__name__ for section in SECTIONS}
    assert len(HOOKS) >= 10


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_arguments_and_has_no_default(name: str) -> None:
    hook = HOOKS[name]
    words = inspect.getdoc(hook)
    assert words
    missing = [argument for argument in arguments(hook) if f"`{argument}`" not in words]
    assert not missing
    parameters = inspect.signature(hook).parameters.values()
    assert not [parameter.name for parameter in parameters if parameter.default is not inspect.Parameter.empty]
    assert set(get_type_hints(hook)) == {*arguments(hook), "return"}


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_caller_and_an_implementer(name: str) -> None:
    """Born together: none in advance."""
    sources = [
        path.read_text(encoding="utf-8") for folder in ("core", "plugins") for path in (PROJECT / folder).rglob("*.py")
    ]
    implemented = [source for source in sources if f"@implements({name})" in source]
    called = [source for source in sources if re.search(rf"(?<!implements\(){re.escape(name)}\b", source)]
    assert implemented
    assert called or name in CALLED_LATER


FACTS: dict[str, Any] = {
    "actor": kit.SYSTEM,
    "seed": 7,
    "day": kit.NOW.date(),
    "until": kit.NOW + timedelta(days=1),
    "name": "everything",
    "why": "first",
    "at": kit.NOW,
    "points": 30,
    "reason": explain("why"),
    "key": "k1",
    "hold_id": uuid4(),
    "hold_ids": [uuid4()],
    "by": kit.SYSTEM,
}


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_reaches_a_plugin_as_it_was_sent(name: str, inside: Cast) -> None:
    plugin, hook = Everything(), HOOKS[name]
    relay = Relay([plugin], [plugin])
    own = {"holder": inside.choir, "holders": [inside.choir], "contribution": a_contribution(inside)}
    own |= {"kept": inside.choir, "merged": inside.orchestra}
    facts = {argument: (FACTS | own)[argument] for argument in arguments(hook)}
    speak: dict[str, Callable[..., Any]] = {
        "Adds": lambda found, **sent: relay.gather(found, lambda item: item, **sent),
        "Keeps": relay.collect if name == "Keeps.invariants" else relay.tell,
        "Demo": relay.tell,
        "Happened": relay.tell,
        "Offers": relay.ask,
    }
    speak[name.partition(".")[0]](hook, **facts)
    assert plugin.heard == [(hook.__name__, facts)]


def a_contribution(cast: Cast, key: str = "c1") -> Contribution:
    return Contribution(
        key=key,
        source="test",
        category="performance",
        holder=cast.choir,
        occurred_on=kit.NOW.date(),
        acts=1,
        by=kit.SYSTEM,
    )


def test_the_plugin_of_this_test_implements_all_of_them() -> None:
    marked = {getattr(item, "linli_impl", {}).get("specname") for item in vars(Everything).values()}
    assert {hook.__name__ for hook in HOOKS.values()} <= marked
    build([Everything()], sentences={}, permissions=[])

"""What a plugin is refused for at start, always with its name and the reason; and what is refused when it is switched on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
from marshmallow import Schema

from core.communities import switching
from core.contract import Actor, NavItem
from core.db import Database, unit
from core.discovery import build
from core.hookspecs import hookimpl
from core.plugins import BadPlugin, Here, House, Permission, Plugin, here
from tests import kit
from tests.contract.everything import Everything


def a_plugin(name: str = "tea", /, **attributes: Any) -> Plugin:
    """A plugin of these attributes."""
    made = {"name": name, "label": name.title(), "summary": "Tea.", **attributes}
    return cast("Plugin", type("APlugin", (Plugin,), made)())


def house_of(*plugins: Plugin) -> House:
    return build(plugins, sentences={"known": "Known."}, permissions=[])


def navigation_of_somebody(self: Plugin, person: Actor) -> Sequence[NavItem]:
    return []


def navigations(self: Plugin, actor: Actor) -> Sequence[NavItem]:
    return []


@dataclass(frozen=True)
class Policy:
    """Figures."""

    cups: int = 3


MARK = cast("Callable[[Any], Any]", hookimpl)


@pytest.mark.parametrize(
    ("plugins", "reason"),
    [
        ([a_plugin(navigations=MARK(navigations))], "navigations"),
        ([a_plugin(navigation=MARK(navigation_of_somebody))], "person"),
        ([a_plugin(label="")], "has no label"),
        ([a_plugin(summary="")], "has no summary"),
        ([a_plugin(name="")], "has no name"),
        ([a_plugin("Tea")], "its name must be"),
        ([a_plugin("tea_time")], "its name must be"),  # its tables could be taken for those of `tea`
        ([a_plugin("core")], "its name must be"),
        ([a_plugin("api")], "its name must be"),
        ([a_plugin(contract=(99,))], "speaks contract [99], this core 1"),
        ([a_plugin(requires=("milk",))], "requires ['milk'], which is not installed"),
        ([a_plugin(requires=("milk",)), a_plugin("milk", requires=("tea",))], "require one another in a circle"),
        ([a_plugin(requires=("tea",))], "require one another in a circle"),
        ([a_plugin(policy=Policy)], "a policy and its policy_schema come together"),
        ([a_plugin(policy_schema=Schema)], "a policy and its policy_schema come together"),
        (
            [a_plugin(permissions=(Permission(name="milk.pour", label="Pour", grants={}),))],
            "must begin with 'tea' and a dot",
        ),
        ([a_plugin(sentences={"known": "Again."})], "['known'] have a home already"),
        ([a_plugin(sentences={"a": "A."}), a_plugin("milk", sentences={"a": "A."})], "['a'] have a home already"),
        ([a_plugin(), a_plugin()], "tea"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_refused_by_name_and_reason(plugins: list[Plugin], reason: str) -> None:
    with pytest.raises(BadPlugin) as refused:
        house_of(*plugins)
    assert reason in str(refused.value)
    assert any(plugin.name in str(refused.value) for plugin in plugins)


def test_plugins_stand_in_order_of_what_they_require_and_then_by_name() -> None:
    plugins = [
        a_plugin("zoo"),
        a_plugin("milk", requires=("zoo",)),
        a_plugin("ant"),
        a_plugin("bee", requires=("milk",)),
    ]
    for found in (plugins, plugins[::-1]):
        assert [plugin.name for plugin in house_of(*found).installed] == ["ant", "zoo", "milk", "bee"]


# --- together ------------------------------------------------------------------------------------------------------


def test_one_of_a_third_party_that_does_not_fit_is_set_aside_and_the_others_stay(house: House) -> None:
    """Else a wheel could stop the whole installation; `LINLI_STRICT_PLUGINS=1` lets it."""
    misfits = [
        a_plugin("tea", requires=("milk",)),
        a_plugin("jam", requires=("tea",)),  # its ground is gone with tea
        a_plugin("ape", sentences={"not_enough_points": "No."}),  # a code that has a home in points
    ]
    found = build([*misfits, *house.installed, a_plugin("bee")], sentences={}, permissions=[], strict=False)
    assert {plugin.name for plugin in found.installed} == {*house.by_name, "bee"}
    assert {aside.name: aside.error for aside in found.quarantined} == {
        "tea": "plugin 'tea': requires ['milk'], which is not installed",
        "jam": "plugin 'jam': requires ['tea'], which is not installed",
        "ape": "plugin 'ape': the sentences ['not_enough_points'] have a home already",
    }


def test_a_bundled_one_that_does_not_fit_is_never_set_aside(house: House) -> None:
    class Bundled(Plugin):
        name, label, summary, requires = "tea", "Tea", "Tea.", ("milk",)
        strict = True

    with pytest.raises(BadPlugin, match="milk"):
        build([*house.installed, Bundled()], sentences={}, permissions=[], strict=False)


# --- switching on and off ------------------------------------------------------------------------------------------


@pytest.fixture
def larger(house: House) -> House:
    """The bundled plugins, one that offers what points offers, and two of which one requires the other."""
    more = [Everything("rival"), a_plugin("milk"), a_plugin("tea", requires=("milk",))]
    return build([*house.installed, *more], sentences=core_sentences(house), permissions=house.permissions.values())


def core_sentences(house: House) -> dict[str, Any]:
    theirs = {code for plugin in house.installed for code in plugin.sentences}
    return {code: words for code, words in house.sentences.items() if code not in theirs}


@pytest.fixture
def entered(database: Database, larger: House) -> Iterator[Here]:
    with unit(database, write=True) as work:
        yield kit.enter_slug(larger, kit.SLUG)
        work.commit = False


def test_the_second_offerer_of_the_same_is_refused_with_both_names(entered: Here) -> None:
    with pytest.raises(switching.OffersClash) as refused:
        switching.enable("rival", by=kit.SYSTEM)
    assert refused.value.facts == {"plugin": "Everything", "other": str(entered.house.by_name["points"].label)}
    switching.disable("points", by=kit.SYSTEM)
    switching.enable("rival", by=kit.SYSTEM)
    with pytest.raises(switching.OffersClash):
        switching.enable("points", by=kit.SYSTEM)


def test_requires_is_honoured_both_ways(entered: Here) -> None:
    with pytest.raises(switching.RequiresOthers) as refused:
        switching.enable("tea", by=kit.SYSTEM)
    assert refused.value.facts == {"plugin": "Tea", "requires": "Milk"}
    switching.enable("milk", by=kit.SYSTEM)
    switching.enable("tea", by=kit.SYSTEM)
    with pytest.raises(switching.StillRequired) as kept:
        switching.disable("milk", by=kit.SYSTEM)
    assert kept.value.facts == {"plugin": "Milk", "needed_by": "Tea"}
    assert entered.house.by_name.keys() >= {"milk", "tea"}


def test_enabled_is_told_as_first_and_then_as_again(entered: Here) -> None:
    heard = cast("Everything", entered.house.by_name["rival"]).heard
    switching.disable("points", by=kit.SYSTEM)
    switching.enable("rival", by=kit.SYSTEM)
    switching.enable("rival", by=kit.SYSTEM)  # twice is once
    switching.disable("rival", by=kit.SYSTEM)
    switching.enable("rival", by=kit.SYSTEM)
    assert heard == [("plugin_enabled", {"name": "rival", "why": why}) for why in ("first", "again")]


def test_each_change_renews_the_revision_that_every_cache_is_keyed_by(entered: Here) -> None:
    before = here().revision
    switching.disable("points", by=kit.SYSTEM)
    off = here().revision
    switching.enable("points", by=kit.SYSTEM)
    assert len({before, off, here().revision}) == 3
    assert entered.revision == before

"""Which plugins are installed: found, checked against the contract and one another, and set aside if they do not fit."""

from __future__ import annotations

import importlib.metadata
import logging
import re
from collections.abc import Iterable, Mapping, Sequence

from core.plugins import CONTRACT, BadPlugin, House, Permission, Plugin, Quarantined, Sentence, manager_of, ordered

ENTRY_POINTS = "linli.plugins"
log = logging.getLogger("linli.plugins")
_NAME = re.compile(r"[a-z][a-z0-9]{1,30}")


def discover(*, allowed: Sequence[str] | None = None, strict: bool = False) -> tuple[list[Plugin], list[Quarantined]]:
    """Import every installed plugin; one that cannot be is quarantined, or with `strict` fatal.

    Args:
        allowed: names to take; None takes all.
        strict: raise instead of setting aside.

    Raises:
        BadPlugin: names the plugin and why it cannot be used.
    """
    found: list[Plugin] = []
    aside: list[Quarantined] = []
    for point in sorted(importlib.metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        if allowed is not None and point.name not in allowed:
            continue
        try:
            plugin = point.load()
            if not isinstance(plugin, Plugin):
                raise BadPlugin(f"{point.value} is no Plugin")
            _check(plugin)
            found.append(plugin)
        except Exception as error:
            if strict or point.value.startswith("plugins."):
                raise BadPlugin(f"plugin {point.name!r} cannot be used: {type(error).__name__}: {error}") from error
            log.exception("plugin %s cannot be used", point.name)
            aside.append(Quarantined(point.name, f"{type(error).__name__}: {error}"))
    return found, aside


def build(
    found: Iterable[Plugin],
    *,
    quarantined: Sequence[Quarantined] = (),
    sentences: Mapping[str, Sentence],
    permissions: Iterable[Permission],
    strict: bool = True,
) -> House:
    """Check the plugins against the contract and one another and take them in.

    Args:
        found: the plugins.
        quarantined: those that were set aside before.
        sentences: the core's.
        permissions: the core's.
        strict: raise for a third party's plugin too that does not fit, instead of setting it aside.

    Raises:
        BadPlugin: names the plugin and what is wrong.
    """
    fitting, aside, own = list(found), list(quarantined), tuple(permissions)
    while True:
        try:
            return _together(fitting, aside, sentences, own)
        except BadPlugin as error:
            misfits = [plugin for plugin in error.culprits if not plugin.strict]
            if strict or not misfits:
                raise
            log.exception("plugins do not fit together")
            aside += [Quarantined(plugin.name, str(error)) for plugin in misfits]
            fitting = [plugin for plugin in fitting if plugin not in misfits]


def _together(
    found: Sequence[Plugin],
    quarantined: Sequence[Quarantined],
    sentences: Mapping[str, Sentence],
    permissions: Sequence[Permission],
) -> House:
    words, rights = dict(sentences), {permission.name: permission for permission in permissions}
    names = [getattr(plugin, "name", "") for plugin in found]
    for plugin in sorted(found, key=lambda plugin: not plugin.strict):  # bundled ones first: theirs is the elder right
        _check(plugin)
        if names.count(plugin.name) > 1:
            twins = [other for other in found if other.name == plugin.name]
            raise BadPlugin(f"plugin {plugin.name!r}: there are {len(twins)} of that name", *twins)
        if missing := set(plugin.requires) - set(names):
            raise BadPlugin(f"plugin {plugin.name!r}: requires {sorted(missing)}, which is not installed", plugin)
        if twice := words.keys() & plugin.sentences.keys():
            raise BadPlugin(f"plugin {plugin.name!r}: the sentences {sorted(twice)} have a home already", plugin)
        words |= plugin.sentences
        rights |= {permission.name: permission for permission in plugin.permissions}
    return House(installed=ordered(found), quarantined=tuple(quarantined), sentences=words, permissions=rights)


def _check(plugin: Plugin) -> None:
    """What can be said of one plugin by itself."""

    def refuse(why: str) -> BadPlugin:
        return BadPlugin(f"plugin {getattr(plugin, 'name', plugin)!r}: {why}", plugin)

    for attribute in "name", "label", "summary":
        if not getattr(plugin, attribute, None):
            raise refuse(f"has no {attribute}")
    if not _NAME.fullmatch(plugin.name) or plugin.name in {"api", "core", "linli"}:
        raise refuse("its name must be 2 to 31 small letters and digits, beginning with a letter")
    if CONTRACT not in plugin.contract:
        raise refuse(f"speaks contract {list(plugin.contract)}, this core {CONTRACT}")
    if (plugin.policy is None) != (plugin.policy_schema is None):
        raise refuse("a policy and its policy_schema come together")
    for permission in plugin.permissions:
        if not permission.name.startswith(f"{plugin.name}."):
            raise refuse(f"its permission {permission.name!r} must begin with {plugin.name!r} and a dot")
    manager_of([plugin])  # its hooks are known, with their own arguments

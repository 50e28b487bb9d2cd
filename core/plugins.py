"""Plugins: what one is, which are installed, and the relay through which a community's enabled ones are spoken to."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import pluggy

from core import clock, hookspecs
from core.db.work import Conflict, current, savepoint, session
from core.plugin_faults import PluginFault

if TYPE_CHECKING:
    import click
    from flask import Blueprint
    from marshmallow import Schema

    from core.communities.models import Community
    from core.sheets.kinds import ImportKind

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")

CONTRACT = 1  # the version of core.hookspecs and core.contract this core speaks
SECTIONS = (hookspecs.Adds, hookspecs.Keeps, hookspecs.Demo, hookspecs.Happened, hookspecs.Offers)
log = logging.getLogger("linli.plugins")

Reach = Literal["own", "all"]
Sentence = Any  # a lazy translated string, or a function from facts to one


class BadPlugin(Exception):
    """A plugin breaks the contract; the message names it and what is wrong. `culprits`: without them the others would do."""

    def __init__(self, message: str, *culprits: Plugin) -> None:
        super().__init__(message)
        self.culprits = culprits


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Something an account may be allowed to do, and which roles may at first. `own`: for oneself and groups one leads."""

    name: str
    label: Any  # lazy translated
    grants: Mapping[str, Reach]  # role ("manager", "staff", "resident") → reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Work that time brings: run for each community in a unit of its own. Idempotent; may run late or twice.

    `order`: booking's charges 10, credits 20, expiry 30, the rest 50 and more. `run` answers how many things it did.
    """

    name: str
    order: int
    run: Callable[[], int]


class Plugin:
    """A plugin: its constants as attributes, its behaviour as hook implementations (`@implements`)."""

    name: str
    label: Any
    summary: Any
    version: str = "0.1"
    contract: Sequence[int] = (CONTRACT,)
    requires: Sequence[str] = ()
    pages: Blueprint | None = None  # mounted at /<community>/<name>
    api: Blueprint | None = None  # mounted at /api/v1/<community>/<name>
    permissions: Sequence[Permission] = ()
    policy: type[Any] | None = None  # one frozen dataclass, with defaults
    policy_schema: type[Schema] | None = None
    sweeps: Sequence[Sweep] = ()
    commands: Sequence[click.Command] = ()
    sentences: Mapping[str, Sentence] = {}
    imports: Sequence[ImportKind] = ()  # kinds of sheets that can be imported

    @property
    def strict(self) -> bool:
        """Whether a listener of it that fails undoes the act. Only bundled plugins may."""
        return type(self).__module__.startswith("plugins.")

    @property
    def package(self) -> str:
        """The package its templates, translations and migrations lie in."""
        return type(self).__module__.rpartition(".")[0]

    @property
    def folder(self) -> Path:
        """Where that package lies."""
        return Path(cast("str", importlib.import_module(self.package).__file__)).parent


def implements(
    hook: Callable[Concatenate[Any, P], R],
) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]]:
    """Mark a method as a plugin's implementation of a hook; name, arguments and result are compared by mypy."""
    marked: Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]] = hookspecs.hookimpl(
        specname=hook.__name__
    )
    return marked


def _section(hook: Callable[..., Any]) -> str:
    return hook.__qualname__.partition(".")[0]


def ordered(plugins: Iterable[Plugin]) -> tuple[Plugin, ...]:
    """In order of `requires`, then by name: never in the order of discovery."""
    waiting = {plugin.name: plugin for plugin in sorted(plugins, key=lambda plugin: plugin.name)}
    placed: dict[str, Plugin] = {}
    while waiting:
        ready = [p for p in waiting.values() if not any(need in waiting for need in p.requires)]
        if not ready:
            raise BadPlugin(f"these require one another in a circle: {', '.join(waiting)}", *waiting.values())
        placed[ready[0].name] = waiting.pop(ready[0].name)
    return tuple(placed.values())


def manager_of(plugins: Sequence[Plugin]) -> pluggy.PluginManager:
    """The manager that asks these plugins, in this order.

    Raises:
        BadPlugin: one answers a hook that does not exist, or with other arguments.
    """
    manager = pluggy.PluginManager("linli")
    for section in SECTIONS:
        manager.add_hookspecs(section)
    for plugin in plugins:
        try:
            manager.register(plugin, name=plugin.name)
            manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise BadPlugin(f"plugin {plugin.name!r}: {error}", plugin) from error
    return manager


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Stands where a plugin's piece would have been, had it not failed."""

    plugin: str


_telling: ContextVar[tuple[tuple[str, object], ...]] = ContextVar("telling", default=())


class Relay:
    """The enabled plugins of one community, spoken to through the hooks' own types."""

    def __init__(self, enabled: Iterable[Plugin], installed: Sequence[Plugin]) -> None:
        self.enabled = ordered(enabled)
        self.installed = installed
        self._managers = {True: manager_of(self.enabled), False: manager_of(installed)}

    def has(self, name: str) -> bool:
        """Whether the plugin is enabled."""
        return any(plugin.name == name for plugin in self.enabled)

    def _implementations(self, hook: Callable[..., Any]) -> Iterator[tuple[Plugin, Callable[..., Any]]]:
        """Ours, not pluggy's, order; Keeps go to all installed plugins, the rest to the enabled ones."""
        keeps = _section(hook) == "Keeps"
        caller = getattr(self._managers[not keeps].hook, hook.__name__)
        found = {id(implementation.plugin): implementation.function for implementation in caller.get_hookimpls()}
        for plugin in self.installed if keeps else self.enabled:
            if id(plugin) in found:
                yield plugin, found[id(plugin)]

    def gather(
        self,
        hook: Callable[Concatenate[Any, P], Iterable[R]],
        then: Callable[[R], T],
        /,
        *args: P.args,
        **facts: P.kwargs,
    ) -> list[T | Unavailable]:
        """Ask each plugin and do `then` (render) with what it gives, both inside one guard and one savepoint."""
        assert not args, "hooks take keyword arguments"
        gathered: list[T | Unavailable] = []
        for plugin, function in self._implementations(hook):
            try:
                with savepoint():
                    gathered += [then(item) for item in function(**facts)]
            except Conflict:
                raise
            except Exception:
                log.exception("plugin %s failed in %s", plugin.name, hook.__name__)
                gathered.append(Unavailable(plugin.name))
        return gathered

    def tell(self, hook: Callable[Concatenate[Any, P], None], *args: P.args, **facts: P.kwargs) -> None:
        """Tell what happened, as the last statement of an act.

        A bundled plugin that fails undoes the act; another's failure is undone, logged and noted for the plugins page.
        """
        assert not args, "hooks take keyword arguments"
        subject = next(iter(facts.values()))
        event = (hook.__name__, getattr(subject, "key", None) or getattr(subject, "id", None) or subject)
        if event in _telling.get():
            raise RuntimeError(f"{event} is being told already: a listener told what it heard")
        session.flush()
        token = _telling.set((*_telling.get(), event))
        try:
            for plugin, function in self._implementations(hook):
                if plugin.strict:
                    function(**facts)
                else:
                    self._tell_guarded(plugin, hook.__name__, partial(function, **facts))
        finally:
            _telling.reset(token)

    def _tell_guarded(self, plugin: Plugin, hook: str, call: Callable[[], object]) -> None:
        try:
            with savepoint():
                call()
        except Conflict:
            raise
        except Exception as error:
            log.exception("plugin %s failed in %s", plugin.name, hook)
            session.add(
                PluginFault(
                    plugin=plugin.name, hook=hook, error=f"{type(error).__name__}: {error}"[:500], at=clock.now()
                )
            )

    def ask(self, hook: Callable[Concatenate[Any, P], R], *args: P.args, **facts: P.kwargs) -> R:
        """Ask the one plugin that offers it; `None` when nobody does here."""
        assert not args, "hooks take keyword arguments"
        for _plugin, function in self._implementations(hook):
            return cast("R", function(**facts))
        return cast("R", None)

    def collect(self, hook: Callable[Concatenate[Any, P], Iterable[R]], *args: P.args, **facts: P.kwargs) -> list[R]:
        """What all plugins concerned answer, one after the other; a failure is not guarded."""
        assert not args, "hooks take keyword arguments"
        return [item for _plugin, function in self._implementations(hook) for item in function(**facts)]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A plugin that could not be taken in, and why."""

    name: str
    error: str


@dataclass(frozen=True)
class House:
    """All installed plugins of one installation, and what is known of them at start."""

    installed: tuple[Plugin, ...]
    quarantined: tuple[Quarantined, ...] = ()
    sentences: Mapping[str, Sentence] = field(default_factory=dict)
    permissions: Mapping[str, Permission] = field(default_factory=dict)
    _relays: dict[tuple[str, ...], Relay] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[str, Plugin]:
        """Each installed plugin by its name."""
        return {plugin.name: plugin for plugin in self.installed}

    @cached_property
    def by_policy(self) -> Mapping[type[Any], Plugin]:
        """Each installed plugin by the class of its figures."""
        return {plugin.policy: plugin for plugin in self.installed if plugin.policy is not None}

    def relay(self, enabled: Iterable[str]) -> Relay:
        """The relay of a set of enabled plugins; names that are not installed here are left out."""
        names = tuple(sorted(set(enabled) & self.by_name.keys()))
        if names not in self._relays:
            self._relays[names] = Relay([self.by_name[name] for name in names], self.installed)
        return self._relays[names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The community this unit of work is for."""

    id: int
    slug: str
    name: str
    phone: str
    zone: ZoneInfo
    revision: UUID
    enabled: tuple[str, ...]
    relay: Relay
    house: House

    def today(self) -> date:
        """The present day of the community."""
        return clock.today(self.zone)


def enter(house: House, community: Community) -> Here:
    """Begin work for a community, in a request, a sweep or a command; again after its revision was renewed."""
    current().enter(community.id)
    found = Here(
        id=community.id,
        slug=community.slug,
        name=community.name,
        phone=community.phone,
        zone=ZoneInfo(community.zone),
        revision=community.revision,
        enabled=tuple(sorted(community.plugins)),
        relay=house.relay(community.plugins),
        house=house,
    )
    current().here = found
    return found


def here() -> Here:
    """The community this unit of work is for.

    Raises:
        RuntimeError: none was entered.
    """
    place = current().here
    if not isinstance(place, Here):
        raise RuntimeError("this unit of work has entered no community")
    return place

"""`linli`: what the installation's operator does from the shell. Each command is one unit; a refusal is one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from flask_babel import gettext, ngettext
from sqlalchemy import select

from core.accounts import access, accounts, passwords, signin
from core.accounts.models import Account, AccountRole
from core.accounts.requests import AccountRequest
from core.communities import creation, switching
from core.communities.requests import CommunityRequest
from core.db import Id, migrate, revise, session, unit
from core.notices import senders
from core.people.models import Resident
from core.plugins import House, here
from core.sheets import importing, judging
from core.upkeep import check as checks
from core.upkeep import demo as demonstration
from core.upkeep import serve as server
from core.upkeep import sweeps
from core.upkeep.terminal import acting, app, in_community, require_upgraded, speaking
from core.web.request import Linli, linli_of
from core.web.words import say

community_option = click.option("--community", "slug", required=True, metavar="SLUG", help="Of which community.")


class Commands(click.Group):
    """The core's commands, and those of the installed plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, for `--help`."""
        return sorted([*super().list_commands(ctx), *_of_plugins()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name; the core's come first."""
        return super().get_command(ctx, cmd_name) or _of_plugins().get(cmd_name)


def _of_plugins() -> dict[str, click.Command]:
    found = [command for plugin in linli_of(app()).house.installed for command in plugin.commands]
    return {str(command.name): command for command in found}


@click.group(cls=Commands)
def main() -> None:
    """Linli: points and rooms for a residential community."""


# --- the installation ----------------------------------------------------------------------------------------------


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 256), help="One for each core.")
def run(host: str, port: int, processes: int) -> None:
    """Serve pages and REST, and run the sweeps each minute."""
    with speaking() as linli:
        require_upgraded(linli)
        _serve(linli, host=host, port=port, processes=processes)


def _serve(linli: Linli, *, host: str, port: int, processes: int) -> None:
    linli.database.close()  # no connection may cross the fork into the workers
    server.serve(host=host, port=port, processes=processes)


@main.command()
def upgrade() -> None:
    """Bring the tables of the core and of every plugin up to date."""
    with speaking() as linli:
        click.echo("\n".join(_upgraded(linli)) or gettext("Everything is up to date."))


def _upgraded(linli: Linli) -> list[str]:
    try:
        return list(migrate.upgrade(linli.database, linli.house.installed))
    except migrate.BadHistory as error:
        raise click.ClickException(str(error)) from error


@main.command()
def sweep() -> None:
    """Run every sweep once for every community, for cron."""
    with speaking() as linli:
        require_upgraded(linli)
        done = sweeps.run_all(linli.database, linli.house, senders.of(linli.config))
    for swept in done:
        click.echo(f"{swept.community} {swept.sweep} {swept.error or swept.things}")
    if any(swept.error for swept in done):
        raise click.exceptions.Exit(1)


@main.command()
def check() -> None:
    """Print `ok` when all that a database can show is as it must be; else name what is wrong."""
    with speaking() as linli:
        found = list(checks.faults(linli.database, linli.house))
    click.echo("\n".join(found) or "ok")
    if found:
        raise click.exceptions.Exit(1)


@main.command()
@click.option("--run", "then_run", is_flag=True, help="Make the tables first, and serve it afterwards.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Where to serve it.")
def demo(port: int, *, then_run: bool) -> None:
    """Make a community with a season of history and accounts to sign in with."""
    with speaking() as linli:
        if then_run:
            _upgraded(linli)
        else:
            require_upgraded(linli)
        click.echo(demonstration.make(linli))
        if then_run:  # in one process: a start of Python is most of what the second `make demo` takes
            _serve(linli, host="127.0.0.1", port=port, processes=1)


@main.command()
@click.argument("name")
@click.argument("message")
def revision(name: str, message: str) -> None:
    """For developers: write what the models of NAME (core or a plugin) say and its migrations do not yet."""
    with speaking() as linli:
        installed = linli.house.installed
        owner = next((found for found in migrate.owners(installed) if found.name == name), None)
        if owner is None:
            raise _no_plugin(name, [found.name for found in migrate.owners(installed)])
        path = revise.revision(owner, message, plugins=installed)
        click.echo(path or gettext("The models and the migrations agree; there is nothing to write."))


# --- communities, accounts, tokens ---------------------------------------------------------------------------------


@main.group()
def community() -> None:
    """Communities."""


@community.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="As people call it.")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Its time zone.")
@click.option("--phone", default="", help="Telephone number of the centre; it stands below every page.")
@click.option("--plugins", help="Names, with commas between; all that are installed if absent.")
def create_community(slug: str, name: str, zone: str, phone: str, plugins: str | None) -> None:
    """Make a community with its centre; SLUG begins its addresses and never changes."""
    names = None if plugins is None else tuple(part.strip() for part in plugins.split(",") if part.strip())
    with speaking() as linli:
        require_upgraded(linli)
        request = CommunityRequest(slug=slug, name=name, zone=zone, phone=phone, plugins=names)
        for asked in request.plugins or ():
            _require_plugin(linli.house, asked)
        with unit(linli.database, write=True):
            creation.create(linli.house, request)
        click.echo(gettext("The community %(name)s is at /%(slug)s/.", name=request.name, slug=request.slug))


@main.group()
def user() -> None:
    """Accounts."""


@user.command("create")
@click.argument("name")
@community_option
@click.option("--role", required=True, type=click.Choice([role.value for role in AccountRole]))
@click.option("--password", required=True)
@click.option("--resident", type=click.UUID, help="The id of the resident whose account it is.")
def create_user(name: str, slug: str, role: str, password: str, resident: Id | None) -> None:
    """Make an account; NAME is what one signs in with."""
    with speaking():
        request = AccountRequest(user_name=name, password=password, role=role, resident_id=resident)
    password_hash = passwords.hashed(request.password)  # slow on purpose: not while the database is locked
    with acting(slug):
        if resident is not None and session.get(Resident, (here().id, resident)) is None:
            raise click.ClickException(
                gettext("There is no resident with the id %(id)s in %(slug)s.", id=resident, slug=slug)
            )
        accounts.create(request, password_hash=password_hash, by=access.system())
        click.echo(gettext("%(name)s can sign in at /%(slug)s/sign-in.", name=request.user_name, slug=slug))


@main.group()
def token() -> None:
    """Tokens of programs."""


@token.command("create")
@community_option
@click.option("--user", "user_name", required=True, metavar="NAME", help="Whose token it is.")
@click.option("--scope", "scopes", multiple=True, help="A permission it is limited to; may be given several times.")
def create_token(slug: str, user_name: str, scopes: tuple[str, ...]) -> None:
    """Print a new token, and nothing else; it is shown this once."""
    with acting(slug) as place:
        account = session.scalar(select(Account).where(Account.user_name == user_name.lower()))
        if account is None:
            raise click.ClickException(gettext("There is no account %(name)s in %(slug)s.", name=user_name, slug=slug))
        if unknown := sorted(set(scopes) - place.house.permissions.keys()):
            known = ", ".join(sorted(place.house.permissions))
            raise click.ClickException(
                gettext("There is no permission %(name)s; there are: %(known)s.", name=unknown[0], known=known)
            )
        made = signin.create_token(account, scopes=list(scopes) or None)
    click.echo(made)  # only once it is kept


# --- plugins -------------------------------------------------------------------------------------------------------


@main.group()
def plugin() -> None:
    """Plugins of a community."""


@plugin.command("list")
@community_option
def list_plugins(slug: str) -> None:
    """The installed plugins, and which are on."""
    with in_community(slug, write=False) as place:
        for found in place.house.installed:
            state = gettext("on") if place.relay.has(found.name) else gettext("off")
            click.echo(f"{found.name} {found.version} {state} {found.label}")
        for aside in place.house.quarantined:
            click.echo(gettext("%(name)s cannot be used: %(why)s", name=aside.name, why=aside.error))


@plugin.command("enable")
@click.argument("name")
@community_option
def enable(name: str, slug: str) -> None:
    """Switch a plugin on."""
    with acting(slug) as place:
        _require_plugin(place.house, name)
        switching.enable(name, by=access.system())


@plugin.command("disable")
@click.argument("name")
@community_option
def disable(name: str, slug: str) -> None:
    """Switch a plugin off; its data stays."""
    with acting(slug) as place:
        _require_plugin(place.house, name)
        switching.disable(name, by=access.system())


def _require_plugin(house: House, name: str) -> None:
    if name not in house.by_name:
        raise _no_plugin(name, house.by_name)


def _no_plugin(name: str, known: Iterable[str]) -> click.ClickException:
    listed = ", ".join(sorted(known))
    return click.ClickException(gettext("There is no plugin %(name)s; there are: %(known)s.", name=name, known=listed))


# --- sheets --------------------------------------------------------------------------------------------------------


@main.command("import")
@click.argument("kind")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@community_option
@click.option("--dry-run", is_flag=True, help="Only say what is wrong and what would happen.")
def import_sheet(kind: str, file: Path, slug: str, *, dry_run: bool) -> None:
    """Import a sheet (.xlsx, .csv) of a KIND: residents, groups, contributions. All of it, or nothing."""
    content = file.read_bytes()
    with in_community(slug, write=False) as place:
        known = [one.name for one in judging.kinds()]
        if kind not in known:
            listed = ", ".join(known)
            raise click.ClickException(
                gettext(
                    "%(kind)s cannot be imported in %(slug)s; there are: %(known)s. Plugins that are on bring more.",
                    kind=kind,
                    slug=slug,
                    known=listed,
                )
            )
    with speaking(place) as linli:
        report = importing.run(
            linli.database, linli.house, slug, kind, file.name, content, by=access.system(), dry_run=dry_run
        )
        for fault in report.faults:
            click.echo(f"{fault.cell or fault.row}: {say(fault.words)}", err=True)
        if report.faults:
            raise click.ClickException(
                ngettext(
                    "%(num)d fault; nothing was imported.", "%(num)d faults; nothing was imported.", len(report.faults)
                )
            )
        facts = {"rows": report.rows, "new": report.created, "known": report.unchanged}
        if dry_run:
            click.echo(gettext("%(rows)d rows: %(new)d would be new, %(known)d are known already.", **facts))
        else:
            click.echo(gettext("%(rows)d rows: %(new)d are new, %(known)d were known already.", **facts))


if __name__ == "__main__":
    main()

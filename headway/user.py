"""`headway user`: the people who sign in, for whoever has the keys of the store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engage.access.admin import DAY, Admin
from engage.access.names import role, welcome_link
from engage.settings import EngageSettings
from headway.datadir import ENDPOINTS
from headway.door import accounts, me, note
from headway.installed import settings_of
from headway.options import config_option, data_option


@dataclass(frozen=True)
class _Place:
    """Settings as engage has them: of `up`, of a file, or, in a container, of the environment."""

    data: Path
    config: Path | None
    url: str | None

    def settings(self) -> EngageSettings:
        return settings_of(self.data, self.config)

    def base(self) -> str:
        """The address of the page, as far as can be known here."""
        own = self.settings().engage
        if given := self.url or own.public_url:
            return given.rstrip("/")
        try:
            return str(json.loads((self.data.expanduser() / ENDPOINTS).read_bytes())["web"]["url"])
        except (OSError, ValueError, KeyError, TypeError):
            return f"http://{own.host}:{own.port}"

    @contextmanager
    def admin(self) -> Iterator[Admin]:
        with accounts(self.settings().store) as admin:
            yield admin


@click.group()
@data_option
@config_option
@click.option("--url", help="The address people reach the page by, for links.")
@click.pass_context
def user(context: click.Context, data: Path, config: Path | None, url: str | None) -> None:
    """The people who sign in, and tokens for other systems."""
    context.obj = _Place(data, config, url)


@user.command("list")
@click.pass_obj
def show(place: _Place) -> None:
    """Show who has an account."""
    table = Table("name", "role", "sites", "open", "since", box=None, header_style="dim")
    with place.admin() as admin:
        for found in admin.users():
            sites = "all" if found.sites is None else ", ".join(sorted(found.sites))
            since = f"{datetime.fromtimestamp(found.created, UTC):%Y-%m-%d}"
            table.add_row(
                Text(found.name), found.role.word, Text(sites), "no" if found.disabled else "yes", since
            )
    if table.row_count:
        Console().print(table)
    else:
        click.echo("Nobody has an account yet: headway user invite --role admin")


@user.command()
@click.option("--role", "word", type=click.Choice(["viewer", "operator", "admin"]), required=True)
@click.option("--site", "sites", multiple=True, metavar="SITE", help="See this site only. May be repeated.")
@click.option(
    "--days", type=click.FloatRange(0.01, 30), default=3.0, show_default=True, help="How long it works."
)
@click.pass_obj
def invite(place: _Place, word: str, sites: tuple[str, ...], days: float) -> None:
    """Print a link with which somebody makes an account; it works once."""
    with place.admin() as admin:
        secret, _ = admin.invite(role(word), frozenset(sites) or None, days * DAY, me())
        note(admin, "invite", "", role=word, sites=", ".join(sites) or "all")
        click.echo(welcome_link(place.base(), secret))


@user.command()
@click.argument("name")
@click.pass_obj
def remove(place: _Place, name: str) -> None:
    """Remove an account; whoever uses it is signed out within seconds."""
    with place.admin() as admin:
        admin.remove(name)
        note(admin, "remove user", name)


@user.command()
@click.argument("name")
@click.pass_obj
def reset(place: _Place, name: str) -> None:
    """Sign somebody out everywhere, and print a link for a new password."""
    with place.admin() as admin:
        secret, _ = admin.reset(name, DAY, me())
        note(admin, "reset password", name)
        click.echo(welcome_link(place.base(), secret))


@user.command()
@click.argument("name")
@click.option(
    "--role", "word", type=click.Choice(["viewer", "operator", "admin"]), default="viewer", show_default=True
)
@click.option("--site", "sites", multiple=True, metavar="SITE", help="See this site only. May be repeated.")
@click.option(
    "--days", type=click.FloatRange(0.01, 3650), default=365.0, show_default=True, help="How long it works."
)
@click.pass_obj
def token(place: _Place, name: str, word: str, sites: tuple[str, ...], days: float) -> None:
    """Print a token for another system, which sends it as `Authorization: Bearer`. It is shown once."""
    with place.admin() as admin:
        secret, made = admin.issue(name, role(word), frozenset(sites) or None, days * DAY, me())
        note(admin, "issue token", made.id, name=name, role=word, sites=", ".join(sites) or "all")
        click.echo(secret.text)

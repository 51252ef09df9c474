"""`headway user`: the people who sign in, for whoever has the keys of the store."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engage.access.admin import DAY, Admin, Fate, link_id
from engage.access.names import role, welcome_link
from engage.access.records import Sites
from engage.settings import EngageSettings
from headway.datadir import ENDPOINTS
from headway.door import accounts, note, shell
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
    with place.admin() as admin:
        rows = [
            (one.name, one.role.word, _words(one.sites), "no" if one.disabled else "yes", _day(one.created))
            for one in admin.users()
        ]
    _print(
        ("name", "role", "sites", "open", "since"),
        rows,
        "Nobody has an account yet: headway user invite --role admin",
    )


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
        secret, _ = admin.invite(role(word), frozenset(sites) or None, days * DAY, shell())
        note(admin, "invite", link_id(secret), role=word, sites=", ".join(sites) or "all")
        click.echo(welcome_link(place.base(), secret))


@user.command()
@click.pass_obj
def invitations(place: _Place) -> None:
    """Show the links that work: of invitations, and for new passwords."""
    with place.admin() as admin:
        rows = [
            (id_, one.name or "a new one", one.role.word, _words(one.sites), _minute(one.expires), one.by)
            for id_, one in admin.invitations()
        ]
    _print(("id", "account", "role", "sites", "until (UTC)", "by"), rows, "No link works.")


@user.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def uninvite(place: _Place, id_: str) -> None:
    """Take back a link that `invitations` shows; it works no longer."""
    with place.admin() as admin:
        link = admin.uninvite(id_)
        note(admin, "take back invitation", id_, role=link.role.word, sites=_words(link.sites), by=link.by)


@user.command()
@click.argument("name")
@click.option(
    "--tokens",
    type=click.Choice(["keep", "revoke"]),
    help="What becomes of the tokens that the user made; kept ones are then yours.",
)
@click.pass_obj
def remove(place: _Place, name: str, tokens: Fate | None) -> None:
    """Remove an account; whoever uses it is signed out within seconds."""
    with place.admin() as admin:
        made = admin.remove(name, shell(), tokens)
        note(admin, "remove user", name, **({str(tokens): ", ".join(t.name for t in made)} if made else {}))


@user.command()
@click.argument("name")
@click.pass_obj
def reset(place: _Place, name: str) -> None:
    """Sign somebody out everywhere, and print a link for a new password."""
    with place.admin() as admin:
        secret, _ = admin.reset(name, DAY, shell())
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
        secret, made = admin.issue(name, role(word), frozenset(sites) or None, days * DAY, shell())
        note(admin, "issue token", made.id, name=name, role=word, sites=", ".join(sites) or "all")
        click.echo(secret.text)


@user.command()
@click.pass_obj
def tokens(place: _Place) -> None:
    """Show the tokens of other systems, who made them, and what they may do now."""
    with place.admin() as admin:
        rows = []
        for found in admin.tokens():
            until = "revoked" if found.expires is None else _minute(found.expires)
            may = admin.rights(found)
            rights = (may.role.word, _words(may.sites)) if may else ("nothing", "")
            rows.append((found.id, found.name, *rights, until, found.by))
    _print(("id", "name", "may", "sites", "until (UTC)", "by"), rows, "There is no token: headway user token")


@user.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def revoke(place: _Place, id_: str) -> None:
    """Revoke a token that `tokens` shows; it works no longer within seconds."""
    with place.admin() as admin:
        note(admin, "revoke token", id_, name=admin.revoke(id_).name)


def _print(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], nothing: str) -> None:
    table = Table(*heads, box=None, header_style="dim")
    for row in rows:
        table.add_row(*map(Text, row))
    if table.row_count:
        Console().print(table)
    else:
        click.echo(nothing)


def _words(sites: Sites) -> str:
    return "all" if sites is None else ", ".join(sorted(sites))


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _minute(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"

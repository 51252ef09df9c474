"""The first admin and `headway user`, with a real `headway up` and a real engage."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import socketio  # type: ignore[import-untyped]
from click.testing import CliRunner

from common.adapters.memory import MemoryStore
from common.ports.clock import SystemClock
from engage.access.admin import Admin
from engage.access.maker import Maker
from engage.access.records import Credential, Invitation, User
from engage.access.roles import Role
from engage.access.secret import TokenSecret, digest
from engage.access.vault import Vault
from headway.door import open_door
from headway.errors import UserError
from headway.installed import settings_of
from headway.user import user
from tests.engage.service import Client
from tests.eventually import PATIENCE, eventually
from tests.headway.test_up import Up, running

PASSWORD = "tall green tea kettle"


class KeptStore(MemoryStore):
    def close(self) -> None:
        """As the real one has it; what lies in it stays."""


def headway(up: Up, *arguments: str) -> str:
    done = CliRunner().invoke(user, ["--data", str(up.data), *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout.strip()


def accept(up: Up, link: str, name: str, password: str = PASSWORD) -> requests.Session:
    address, _, secret = link.partition("/#/welcome/")
    assert address == up.web
    session = requests.Session()
    body = {"token": secret, "name": name, "password": password}
    answer = session.post(f"{up.web}/api/v1/invitations/accept", json=body, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return session


def test_the_first_admin_comes_by_the_link_on_the_screen_and_a_lost_one_by_the_shell(tmp_path: Path) -> None:
    with running(tmp_path) as up:
        (line,) = (line for line in up.said().splitlines() if "welcome" in line)
        admin = accept(up, line.split()[-1], "ann")
        assert requests.get(f"{up.web}/api/v1/devices", timeout=PATIENCE).status_code == 401
        assert admin.get(f"{up.web}/api/v1/devices", timeout=PATIENCE).status_code == 200
        cookie = f"headway_session={admin.cookies['headway_session']}"
        live = Client()
        live.join(up.web, "/live", headers={"Cookie": cookie}, transports=["websocket"])
        with pytest.raises(socketio.exceptions.ConnectionError):
            Client(reconnection=False).join(up.web, "/live", transports=["websocket"])
        headway(up, "reset", "ann")
        link = headway(up, "reset", "ann")
        eventually(lambda: admin.get(f"{up.web}/api/v1/devices", timeout=PATIENCE).status_code == 401)
        eventually(lambda: not live.connected or "/live" not in live.namespaces)
        live.shutdown()
        accept(up, link, "", "seven quiet brown owls")
        bob = accept(up, headway(up, "invite", "--role", "viewer", "--site", "north"), "bob")
        ann, *others = [line.split() for line in headway(up, "list").splitlines()][1:]
        assert ann[:-1] == ["ann", "admin", "all", "yes"]
        assert others == [["bob", "viewer", "north", "yes", ann[-1]]]
        headers = {"Authorization": f"Bearer {headway(up, 'token', 'prometheus')}"}
        assert "headway_devices" in requests.get(f"{up.web}/metrics", headers=headers, timeout=PATIENCE).text
        headway(up, "remove", "bob")
        eventually(lambda: bob.get(f"{up.web}/api/v1/devices", timeout=PATIENCE).status_code == 401)
        assert _actions(up) >= {"invite", "issue token", "reset password", "remove user", "accept invitation"}
        log = (up.data / "logs" / "engage.log").read_text()
        assert not [secret for secret in (PASSWORD, link, cookie, str(up.token())) if secret in log]


def test_of_the_links_that_up_printed_only_the_last_one_works_and_with_an_account_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admin = Admin(Vault(MemoryStore(), SystemClock()), SystemClock())
    monkeypatch.setattr("headway.door.accounts", lambda _: nullcontext(admin))
    memory = SimpleNamespace(web_token=TokenSecret.new().text)
    installation: Any = SimpleNamespace(auth=True, memory=memory, settings=SimpleNamespace(store=None))
    links = [open_door(installation, "http://127.0.0.1") for _ in range(3)]
    secrets = [str(link).rpartition("/")[2] for link in links]
    own = admin.bearer(memory.web_token)
    assert own
    assert (own.role, own.sites) == (Role.VIEWER, None)
    kept = [admin.vault.get_now(Invitation, digest(secret)) is not None for secret in secrets]
    admin.vault.put(User(name="ann", uid="u1", role=Role.ADMIN, created=1.0, by="x"), "ann")
    last = open_door(installation, "http://127.0.0.1")
    admin.vault.close()
    assert (kept, last) == ([False, False, True], None)


class Shell:
    """`headway user` on a store in memory, where the admin `ann` has made a token."""

    def __init__(self, data: Path, store: MemoryStore) -> None:
        self._data = data
        self.admin = Admin(Vault(store, SystemClock()), SystemClock())
        now = SystemClock().wall()
        self.admin.vault.put(User(name="ann", uid="u1", role=Role.ADMIN, created=now, by="x"), "ann")
        self.admin.vault.put(User(name="boss", uid="u2", role=Role.ADMIN, created=now, by="x"), "boss")
        self.admin.vault.put(Credential(name="ann", generation="g", changed=now), "u1")
        self.token, _ = self.admin.issue("board", Role.OPERATOR, None, None, Maker("ann", "u1"))

    def says(self, *words: str) -> list[list[str]]:
        """The words of each line."""
        command = ["--data", str(self._data), "--url", "https://yard.example", *words]
        told = CliRunner().invoke(user, command, catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return [line.split() for line in told.output.splitlines()]

    def is_good(self) -> bool:
        return self.admin.bearer(self.token.text) is not None


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Shell]:
    store = KeptStore()
    monkeypatch.setenv("HEADWAY_STORE__ENDPOINT", "store:8333")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("headway.door.S3Store", lambda _: store)
    monkeypatch.setattr("headway.door.getpass.getuser", lambda: "sam")
    shell = Shell(tmp_path, store)
    yield shell
    shell.admin.vault.close()


@pytest.mark.parametrize(
    ("words", "what", "command"),
    [
        (["reset", "bob"], "account 'bob'", "list"),
        (["remove", "bob"], "account 'bob'", "list"),
        (["uninvite", "0123456789abcdef"], "invitation '0123456789abcdef'", "invitations"),
        (["revoke", "bob"], "token 'bob'", "tokens"),
    ],
)
def test_of_what_there_is_not_the_shell_says_what_lists_it(
    shell: Shell, words: list[str], what: str, command: str
) -> None:
    with pytest.raises(UserError) as told:
        shell.says(*words)
    assert str(told.value) == f"There is no {what}; `headway user {command}` shows those there are"


def test_links_are_listed_and_taken_back_one_by_one(shell: Shell) -> None:
    assert shell.says("invitations") == [["No", "link", "works."]]
    for role in ("viewer", "admin"):
        ((link,),) = shell.says("invite", "--role", role, "--days", "1")
        assert link.startswith("https://yard.example/#/welcome/")
    shell.says("reset", "ann")
    heads, *rows = shell.says("invitations")
    assert heads == ["id", "account", "role", "sites", "until", "(UTC)", "by"]
    assert [" ".join([*row[1:-3], row[-1]]) for row in rows] == [
        "a new one viewer all sam",
        "a new one admin all sam",
        "ann admin all sam",
    ]
    assert shell.says("uninvite", rows[1][0]) == []
    assert shell.says("invitations")[1:] == [rows[0], rows[2]]


def test_tokens_are_listed_with_what_they_may_and_revoked(shell: Shell) -> None:
    (_, board) = shell.says("tokens")
    assert board == [shell.token.id, "board", "operator", "all", "revoked", "ann"]
    shell.admin.change("ann", role=None, sites=None, all_sites=False, disabled=True)
    assert shell.says("tokens")[1] == [shell.token.id, "board", "nothing", "revoked", "ann"]
    assert shell.says("revoke", shell.token.id) == []
    assert shell.says("tokens")[0][:4] == ["There", "is", "no", "token:"]


def test_whoever_removes_a_maker_says_what_becomes_of_the_tokens(shell: Shell) -> None:
    with pytest.raises(UserError, match=r"'ann' made tokens.*'board'.*`keep`.*`revoke`"):
        shell.says("remove", "ann")
    assert shell.says("remove", "ann", "--tokens", "keep") == []
    assert shell.is_good()
    assert shell.says("tokens")[1][-1] == "sam"
    assert [row[0] for row in shell.says("list")] == ["name", "boss"]


def test_or_revokes_them(shell: Shell) -> None:
    assert shell.says("remove", "ann", "--tokens", "revoke") == []
    assert not shell.is_good()


def test_without_a_sign_in_everybody_on_this_machine_is_let_in(tmp_path: Path) -> None:
    with running(tmp_path, "--no-auth") as up:
        assert "welcome" not in up.said()
        state = requests.get(f"{up.web}/api/v1/session", timeout=PATIENCE).json()
        assert (state["auth"], state["principal"]["role"]) == (False, "admin")
        foreign = {"Origin": "https://evil.example"}
        assert requests.post(f"{up.web}/api/v1/tokens", headers=foreign, timeout=PATIENCE).status_code == 403


def _actions(up: Up) -> set[str]:
    headers = {"Authorization": f"Bearer {headway(up, 'token', 'auditor', '--role', 'admin')}"}
    answer = requests.get(f"{up.web}/api/v1/audit", headers=headers, timeout=PATIENCE)
    return {entry["action"] for entry in json.loads(answer.text)["entries"]}


def test_in_a_container_the_environment_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="--data"):
        settings_of(tmp_path, None)
    monkeypatch.setenv("HEADWAY_STORE__ENDPOINT", "store:8333")
    assert settings_of(tmp_path, None).store.endpoint == "store:8333"

"""The accounts of the web service, for programs on its machine."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from common.adapters.s3 import S3Store
from common.ports.clock import SystemClock
from common.settings import StoreSettings
from engage.access.admin import DAY, Admin
from engage.access.audit import Audit
from engage.access.failures import RefusedError, UnknownError
from engage.access.maker import Maker
from engage.access.names import welcome_link
from engage.access.records import AuditEntry
from engage.access.roles import Role
from engage.access.secret import TokenSecret
from engage.access.vault import Vault, VaultAwayError
from headway.errors import UserError
from headway.installation import Installation

NAME = "headway up"
UP = Maker(NAME)
_LISTS = {"/api/v1/users": "list", "/api/v1/invitations": "invitations", "/api/v1/tokens": "tokens"}
"""The commands that show what REST lists."""


@contextmanager
def accounts(settings: StoreSettings) -> Iterator[Admin]:
    """UserError where the store does not answer, or what is asked for is not possible."""
    store = S3Store(settings)
    vault = Vault(store, SystemClock())
    try:
        yield Admin(vault, SystemClock())
    except VaultAwayError as error:
        raise UserError(f"The accounts cannot be reached: {error}") from error
    except UnknownError as error:
        command = f"headway user {_LISTS[error.path]}"
        raise UserError(f"There is no {error.what}; `{command}` shows those there are") from error
    except RefusedError as error:
        raise UserError(str(error)) from error
    finally:
        vault.close()
        store.close()


def open_door(installation: Installation, web: str) -> str | None:
    """Let `up` itself in, to look on; the link for the first admin, where nobody has an account.

    Those of earlier starts work no longer.
    """
    if not installation.auth:
        return None
    with accounts(installation.settings.store) as admin:
        own = TokenSecret.parse(installation.memory.web_token)
        admin.issue(NAME, Role.VIEWER, None, None, UP, own)
        admin.withdraw(UP)
        if not admin.nobody_yet():
            return None
        secret, _ = admin.invite(Role.ADMIN, None, DAY, UP)
        return welcome_link(web, secret)


def shell() -> Maker:
    """Whoever has the keys of the store: no account of ours answers for what they make."""
    return Maker(me())


def me() -> str:
    """Who is at the keyboard."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "shell"


def note(admin: Admin, action: str, target: str, **detail: str) -> None:
    """Into the audit log."""
    now = admin.clock.wall()
    entry = AuditEntry(at=now, who=me(), kind="shell", action=action, target=target, detail=detail)
    Audit(admin.vault, admin.clock).record(entry)

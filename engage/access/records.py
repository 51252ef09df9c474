"""What is kept about people, tokens and changes, and under which key of the store.

The store writes no object conditionally, so every object has one kind of writer and a record that a race
brings back is worth nothing: a user without a credential cannot sign in, a session is of one generation
of it.

users/<name>          who somebody is: written by admins
credentials/<uid>     how they prove it: written by themselves. It names its user: of two accounts made of one
                      invitation at the same moment, only the last one works
sessions/<digest>     never written again; `renewals/<digest>` says that it is in use
"""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engage.access.roles import Principal, Role
from engage.settings import LARGEST_BODY

FOLDER = "access/"
NAME = r"^[a-z0-9][a-z0-9._@+-]{0,63}$"
MAX_BYTES = LARGEST_BODY + 8 * 1024
"""Of a record: what is sent of it, and what we add."""

UserName = Annotated[str, StringConstraints(pattern=NAME)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
Sites = frozenset[str] | None


class Record(BaseModel):
    """One object. A field that a later version added is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


R = TypeVar("R", bound=Record)


class User(Record):
    name: UserName
    uid: Id
    role: Role
    sites: Sites = None
    disabled: bool = False
    created: float
    by: str
    outside: bool = False
    """Known to the OpenID provider; has no password here."""

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.role, self.sites, "user", self.name, self.uid)


class Credential(Record):
    """`generation` is new whenever every session of the user shall end."""

    name: UserName
    generation: Id
    password: str | None = Field(None, repr=False)
    changed: float


class Session(Record):
    name: UserName
    uid: Id
    generation: Id
    created: float
    expires: float


class Renewal(Record):
    """The session was in use."""

    at: float


class Invitation(Record):
    """Makes one account, or lets the owner of one choose a new password. `maker` as that of a token."""

    uid: Id
    name: UserName | None = None
    generation: Id | None = None
    """Of the credential that it replaces; it is worth nothing once there is another."""

    role: Role
    sites: Sites = None
    created: float
    expires: float
    by: str
    maker: Id | None = None

    @property
    def resets(self) -> bool:
        return self.name is not None


class Token(Record):
    """`maker`: the uid of the user who answers for it; None where the keys of the store do."""

    id: Id
    name: str
    digest: Digest = Field(repr=False)
    role: Role
    sites: Sites = None
    created: float
    expires: float | None
    by: str
    maker: Id | None = None


class KnownDevice(Record):
    """A browser that this user has signed in with."""

    name: UserName
    created: float


class Epoch(Record):
    """Another one after every change of what replicas remember."""

    id: Id


class AuditEntry(Record):
    at: float
    who: str
    kind: Literal["user", "token", "nobody", "local", "shell"]
    action: str
    target: str = ""
    detail: dict[str, str] = Field(default_factory=dict)
    address: str = ""


FOLDERS: dict[type[Record], str] = {
    User: "users",
    Credential: "credentials",
    Session: "sessions",
    Renewal: "renewals",
    Invitation: "invitations",
    Token: "tokens",
    KnownDevice: "known",
    AuditEntry: "audit",
    Epoch: "",
}
REMEMBERED = frozenset({User, Credential, Session, Token})
"""What may not be believed for long after somebody changed it."""


def key(model: type[Record], name: str) -> str:
    return f"{folder(model)}{name}.json"


def folder(model: type[Record]) -> str:
    return f"{FOLDER}{FOLDERS[model]}/" if FOLDERS[model] else FOLDER

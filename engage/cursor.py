"""Where somebody is in the stream of changes, in words that every replica understands."""

import re
from dataclasses import dataclass
from typing import Self

from engage.board import TOMBSTONES, Board

PATTERN = r"^[0-9A-Za-z.-]{1,120}$"
OVERLAP = 2.0
"""Seconds by which two replicas may differ in their clocks and in what they know."""

_FORM = re.compile(r"([0-9a-f]{0,32})\.([0-9a-f]{1,15})\.([0-9a-f]{1,13})\.([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Since:
    """What is known already: up to a revision of this replica, or up to a moment of another one."""

    revision: int | None
    at: float

    def before(self, revision: int, at: float) -> bool:
        """Whether what happened with that revision, at that moment, is news."""
        return at >= self.at if self.revision is None else revision > self.revision


@dataclass(frozen=True, slots=True)
class Cursor:
    """`question` is a digest of what was asked and of who asked; `at` is unix seconds."""

    replica: str
    revision: int
    at: float
    question: str

    def __str__(self) -> str:
        return f"{self.replica}.{self.revision:x}.{int(self.at * 1000):x}.{self.question}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what is no cursor, or that of another version of this service."""
        if (match := _FORM.fullmatch(text)) is None:
            return None
        replica, revision, at, question = match.groups()
        return cls(replica, int(revision, 16), int(at, 16) / 1000, question)

    def since(self, board: Board, question: str) -> Since | None:
        """None where only a full answer will do: asked otherwise, or from before what this replica knows."""
        if self.question != question:
            return None
        if self.replica == board.replica:
            found = Since(self.revision, self.at) if self.revision <= board.revision else None
        else:
            found = Since(None, self.at - OVERLAP) if self.at - OVERLAP > board.started_at else None
        forgotten = board.tombstones[0] if len(board.tombstones) == TOMBSTONES else None
        if found and forgotten and found.before(forgotten.revision, forgotten.at):
            return None
        return found

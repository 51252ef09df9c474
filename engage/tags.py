"""What a board shows, as one number that says nothing of the sites that somebody may not see."""

from functools import reduce
from operator import xor

from engage.board import Board

_MOST = 1000


class Tags:
    """Of the latest boards, by sites. Called by many threads: every step is one operation on a dict."""

    def __init__(self) -> None:
        self._kept: dict[frozenset[str], tuple[int, int]] = {}

    def of(self, board: Board, sites: frozenset[str] | None) -> int:
        """64 bits, the same on every replica that shows the same of these sites; None: of all."""
        if sites is None:
            return board.tag
        kept = self._kept.get(sites)
        if kept is None or kept[0] != board.revision:
            seen = (entry.tag for entry in board.entries.values() if entry.site in sites)
            if len(self._kept) >= _MOST:
                self._kept.clear()
            kept = self._kept[sites] = board.revision, reduce(xor, seen, 0)
        return kept[1]

"""Who sees which device."""

import pytest

from engage.board import Entry, Shown
from engage.scope import EVERYTHING, Scope
from engage.value import value_of
from tests.engage.samples import WALL, result

SHOWN = Shown(value_of(result("cam", 1, WALL), "trial", WALL, live=True), "live")
HERE = Entry("cam", "live", SHOWN, {"trial": SHOWN}, site="yard", group="north")
NOWHERE = Entry("new", "unknown")


@pytest.mark.parametrize(
    ("scope", "here", "nowhere"),
    [
        (EVERYTHING, True, True),
        (Scope(sites=frozenset({"yard", "depot"})), True, False),
        (Scope(sites=frozenset({"depot"})), False, False),
        (Scope(sites=frozenset()), False, False),
        (Scope(flow="trial"), True, False),
        (Scope(flow="production"), False, False),
        (Scope(devices=frozenset({"new"})), False, True),
        (Scope(group="north"), True, False),
        (Scope(group="south"), False, False),
        (Scope(frozenset({"yard"}), "trial", frozenset({"cam"}), "north"), True, False),
        (Scope(frozenset({"yard"}), "trial", frozenset({"new"}), "north"), False, False),
    ],
)
def test_admits(scope: Scope, *, here: bool, nowhere: bool) -> None:
    assert (scope.admits(HERE), scope.admits(NOWHERE)) == (here, nowhere)

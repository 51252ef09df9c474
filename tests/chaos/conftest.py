"""What the chaos tests counted, in one table at the end."""

from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.table import Table

from tests.chaos.audience import Audience
from tests.chaos.trouble import Report

_COLUMNS = (
    "broker",
    "phase",
    "captures",
    "lost",
    "twice downstream",
    "double work",
    "unseen",
    "oldest",
    "messages a batch",
)


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """Lost: neither answered, nor kept as a result, nor still in the store. Downstream: what engage's rule
    took twice. Double work: results beyond the first of a capture. Unseen: superseded or shed.
    """
    table = Table(*_COLUMNS)

    def add(kind: str, phase: str, audience: Audience) -> None:
        books = audience.books
        counts = (
            f"{len(books.sent)}",
            f"{len(audience.lost())}",
            f"{books.downstream}",
            f"{books.double_work:.3%}",
        )
        more = f"{len(books.unseen())}", f"{books.oldest:.1f} s", f"{books.messages_per_batch:.2f}"
        table.add_row(kind, phase, *counts, *more)

    yield add
    capturing = request.config.pluginmanager.getplugin("capturemanager")
    with capturing.global_and_fixture_disabled():
        Console(width=120).print("\n", table)

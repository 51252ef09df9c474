"""`make bench`: measure, print a table, write build/bench.json; arguments name the benches to run."""

import importlib
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.row import Row

BENCHES = (
    "model",
    "batch",
    "latency",
    "pipeline",
    "overload",
    "ownership",
    "rebuild",
    "fleet",
    "fanout",
    "rest",
)
OUTPUT = Path("build/bench.json")


def main() -> int:
    chosen = sys.argv[1:] or list(BENCHES)
    if unknown := set(chosen) - set(BENCHES):
        sys.exit(f"no bench called {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    rows: list[Row] = []
    for name in chosen:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += importlib.import_module(f"bench.{name}").rows()
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps([row.json() for row in rows], indent=2) + "\n")
    Console().print(_table(rows))
    print(f"written to {OUTPUT}")
    return 0


def _table(rows: list[Row]) -> Table:
    table = Table("name", "value", "unit", "reference", "ratio")
    for row in rows:
        ratio = row.json()["ratio"]
        table.add_row(
            row.name,
            f"{row.value:g}",
            row.unit,
            *("" if x is None else f"{x:g}" for x in (row.reference, ratio)),
        )
    return table


if __name__ == "__main__":
    sys.exit(main())

"""An agent that gives cameras a minute to answer: what waits for one that hangs does so for long."""

import sys

from ingest import __main__ as ingest
from ingest.cameras import live, snapshot

if __name__ == "__main__":
    live.TIMEOUT = snapshot.TIMEOUT = live._ANSWER = 60.0
    sys.exit(ingest.main())

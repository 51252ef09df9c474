"""Browsers in a process of their own: python -m bench.browsers PORTS SCOPES SETTLE SECONDS.

PORTS is a JSON list, SCOPES is a JSON list of [how many, scope]. Prints `shown` once all have a snapshot,
then, after SETTLE seconds, `start`, and after SECONDS more a line of JSON: what came in that time.
"""

import json
import sys
import time
from statistics import quantiles

from tests.crowd import Crowd


def main() -> None:
    ports, groups = json.loads(sys.argv[1]), json.loads(sys.argv[2])
    settle, seconds = map(float, sys.argv[3:])
    scopes = [scope for count, scope in groups for _ in range(count)]
    with Crowd(ports, scopes) as crowd:
        crowd.until(lambda: crowd.shown == len(scopes), 60)
        print("shown", flush=True)
        crowd.during(settle)
        before, busy = crowd.bytes, time.process_time()
        del crowd.delays[:]
        print("start", flush=True)
        crowd.during(seconds)
        hundredths = quantiles(crowd.delays, n=100) if len(crowd.delays) > 1 else [0.0] * 99
        told = {
            "messages": len(crowd.delays),
            "bytes": crowd.bytes - before,
            "p50_ms": round(hundredths[49] * 1e3, 2),
            "p99_ms": round(hundredths[98] * 1e3, 2),
            "cpu": round(time.process_time() - busy, 3),
        }
        print(json.dumps(told | crowd.summary()), flush=True)


if __name__ == "__main__":
    main()

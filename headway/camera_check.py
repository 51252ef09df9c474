"""Whether a camera can work, asked in a process of its own, for decoders crash and talk.

What names the camera comes on standard input, for it may hold a password. With exit status 1, standard output
says why not.
"""

import sys

from common.settings import TelemetrySettings
from common.telemetry import configure_logs
from ingest.cameras import CameraError, check


def main() -> int:
    configure_logs(TelemetrySettings(), __name__)
    try:
        check(sys.stdin.read())
    except CameraError as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Free ports on loopback."""

import errno
import secrets
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

LOOPBACK = "127.0.0.1"
MAX_PORT = 65_535
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST = 12_000
_ROOM = 15_000
_USUAL_END = 32_768


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def lasting() -> range:
    """Ports that no outgoing connection is given: such a one could take a server's while that is restarted.

    All above 12,000 where the system leaves too few of them.
    """
    try:
        end = int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        end = _USUAL_END
    return range(_FIRST, end if end >= _FIRST + _ROOM else MAX_PORT + 1)


def assign(
    names: Iterable[str],
    last: Mapping[str, int],
    avoid: Collection[int] = (),
    fits: Callable[[str, int], bool] = lambda _name, _port: True,
) -> dict[str, int]:
    """A free, lasting port that fits for each name: the last one where it is still free, else another."""
    chosen: dict[str, int] = {}
    choice = lasting()
    for name in names:
        port = last.get(name, 0)
        taken = {*chosen.values(), *avoid}
        while port not in choice or port in taken or not is_free(port) or not fits(name, port):
            port = secrets.choice(choice)
        chosen[name] = port
    return chosen

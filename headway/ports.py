"""Free ports on loopback."""

import errno
import socket
from collections.abc import Callable, Collection, Iterable, Mapping

LOOPBACK = "127.0.0.1"
MAX_PORT = 65_535


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


def assign(
    names: Iterable[str],
    last: Mapping[str, int],
    avoid: Collection[int] = (),
    fits: Callable[[str, int], bool] = lambda _name, _port: True,
) -> dict[str, int]:
    """A free port that fits for each name: the last one where it is still free, else one from the system."""
    chosen: dict[str, int] = {}
    for name in names:
        port = last.get(name)
        taken = {*chosen.values(), *avoid}
        while port is None or port in taken or not is_free(port) or not fits(name, port):
            port = _any_port()
        chosen[name] = port
    return chosen


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port

"""A load balancer in front of several replicas."""

import re
import socket
from pathlib import Path

from tests.servers import Server, binary, free_ports

_DOCUMENT = Path(__file__).parents[1] / "docs" / "replicas.md"
_AROUND = """
daemon off; master_process off; pid {folder}/pid; error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{documented}
}}
"""


def documented(port: int, ports: list[int]) -> str:
    """The file of docs/replicas.md, on this machine and without TLS."""
    (text,) = re.findall(r"```nginx\n(.+?)```", _DOCUMENT.read_text(), re.DOTALL)
    servers = iter(ports)
    text = re.sub(r"server 10\.0\.0\.\d+:8080;", lambda _: f"server 127.0.0.1:{next(servers)};", text)
    text = re.sub(r"ssl_certificate\w* .+;", "", text)
    return re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", text)


class Nginx(Server):
    """Without sticky sessions: each connection goes to the next of three `ports`."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        super().__init__(folder)
        (self.port,) = free_ports(1)
        self._ports = ports

    def command(self) -> list[str]:
        file = self.folder / "nginx.conf"
        file.write_text(_AROUND.format(folder=self.folder, documented=documented(self.port, self._ports)))
        return [binary("nginx", "run `make setup`"), "-c", str(file), "-e", "stderr"]

    def ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

"""A load balancer in front of several replicas."""

import socket
from pathlib import Path

from tests.servers import Server, binary, free_ports

_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream engage {{ {servers} }}
  map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://engage;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_connect_timeout 1s;
    }}
  }}
}}
"""


class Nginx(Server):
    """Without sticky sessions: each connection goes to the next of `ports`."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        super().__init__(folder)
        (self.port,) = free_ports(1)
        self._ports = ports

    def command(self) -> list[str]:
        servers = " ".join(f"server 127.0.0.1:{port};" for port in self._ports)
        file = self.folder / "nginx.conf"
        file.write_text(_NGINX.format(folder=self.folder, servers=servers, port=self.port))
        return [binary("nginx", "run `make setup`"), "-c", str(file), "-e", "stderr"]

    def ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

"""Whom we trust over TLS, and how a refusal reads."""

import ssl
from pathlib import Path


class _Socket(ssl.SSLSocket):
    """Paho drops a socket whose handshake failed; this one is then closed."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 -- as it is declared there
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def client_context(
    ca_file: Path | None, cert_file: Path | None = None, key_file: Path | None = None
) -> ssl.SSLContext:
    """Certificates and host names are checked, against `ca_file` or the system's authorities."""
    context = ssl.create_default_context(cafile=ca_file)
    context.sslsocket_class = _Socket
    if cert_file:
        context.load_cert_chain(cert_file, key_file, password="")
    return context


def cause(error: BaseException | None) -> str:
    """Why a connection failed, in words without numbers and file names."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted, {error.verify_message}"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

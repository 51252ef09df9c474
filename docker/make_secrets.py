"""Random secrets for compose.yaml, made once into a folder; what is there already stays."""

import secrets
import sys
from pathlib import Path

from headway.broker import USERNAME, password_entry


def main(folder: Path) -> None:
    password = _once(folder / "mqtt_password", secrets.token_urlsafe(24))
    _once(folder / "mqtt_passwords", password_entry(USERNAME, password))
    _once(folder / "s3_secret_key", secrets.token_urlsafe(30))


def _once(file: Path, content: str) -> str:
    """The file's content, written now if it is new; readable for all, as containers have their own users."""
    if not file.exists():
        file.write_text(content)
        file.chmod(0o644)
    return file.read_text()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

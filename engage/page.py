"""The built page."""

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, send_from_directory

from engage.compression import is_text, takes_gzip

STATIC = Path(__file__).parent / "static"
_YEAR = 365 * 86_400
_MISSING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Headway</title>
<h1>The page is not built</h1>
<p>Run <code>make web</code> and reload.
The numbers are at <a href="api/v1/devices">api/v1/devices</a> meanwhile.</p>
</html>
"""


@lru_cache(maxsize=256)
def _packed(file: Path, _changed: int) -> bytes:
    """In gzip, as small as it gets; packed anew when the file changes."""
    return gzip.compress(file.read_bytes(), mtime=0)


def _small(response: Response, file: Path) -> Response:
    """The same answer in gzip, where that is understood; a 304 says the same of either."""
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or not takes_gzip():  # noqa: PLR2004
        return response
    data = _packed(file, file.stat().st_mtime_ns)
    response.close()
    response.direct_passthrough = False
    response.set_data(data)
    response.headers["Content-Encoding"] = "gzip"
    response.set_etag(response.get_etag()[0] or "", weak=True)
    return response


def add_page(app: Flask, folder: Path = STATIC) -> None:
    """`/` is the page; names under /assets carry a digest, so browsers keep them for ever."""

    def index() -> Response:
        if not (folder / "index.html").is_file():
            return Response(_MISSING, 503, {"Cache-Control": "no-store"}, mimetype="text/html")
        return _file("index.html")

    def asset(name: str) -> Response:
        response = _file(f"assets/{name}")
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        return response

    def _file(name: str) -> Response:
        response = send_from_directory(folder, name)
        response.headers["Cache-Control"] = "no-cache"
        return _small(response, folder / name) if is_text(response.mimetype) else response

    app.add_url_rule("/", "page", index)
    app.add_url_rule("/assets/<path:name>", "asset", asset)
    app.add_url_rule("/<name>", "file", _file)

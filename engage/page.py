"""The built page."""

from pathlib import Path

from flask import Flask, Response, send_from_directory

STATIC = Path(__file__).parent / "static"
_YEAR = 365 * 86_400
_MISSING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Headway</title>
<h1>The page is not built</h1>
<p>Run <code>make web</code> and reload.
The numbers are at <a href="api/v1/devices">api/v1/devices</a> meanwhile.</p>
</html>
"""


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
        return response

    app.add_url_rule("/", "page", index)
    app.add_url_rule("/assets/<path:name>", "asset", asset)
    app.add_url_rule("/<name>", "file", _file)

"""Answers in gzip, for those who take it and where it pays."""

import gzip

from flask import Flask, Response, request

_LEAST = 1000
"""Bytes; what is smaller fits a packet or two anyhow."""

_FASTEST = 1
_TEXTS = frozenset(
    {
        "application/json",
        "application/manifest+json",
        "application/problem+json",
        "image/svg+xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/javascript",
        "text/plain",
    }
)


def takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def is_text(media_type: str | None) -> bool:
    return media_type in _TEXTS


def add_compression(app: Flask) -> None:
    @app.after_request
    def compress(response: Response) -> Response:
        """Files are left as they are: `engage.page` keeps small copies of them."""
        if response.direct_passthrough or not is_text(response.mimetype):
            return response
        response.vary.add("Accept-Encoding")
        data = response.get_data()
        if len(data) >= _LEAST and takes_gzip() and "Content-Encoding" not in response.headers:
            response.set_data(gzip.compress(data, _FASTEST, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response

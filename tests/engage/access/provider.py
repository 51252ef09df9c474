"""A small OpenID provider in a thread: discovery, keys, the authorisation code flow with PKCE."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe
from time import time
from typing import Any

from flask import Flask, Response, abort, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as Wsgi

CLIENT, SECRET = "headway", "the client's secret"


class Provider:
    """`claims` are of whoever signs in next; `spoil` may change the ID token's before it is signed."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "1", "preferred_username": "Ann"}
        self.spoiled: dict[str, Any] = {}
        self.signed_by = self.key = RSAKey.generate_key(2048, {"kid": "1"})
        self.codes: dict[str, dict[str, str]] = {}
        self.app = Flask("provider")
        self.app.add_url_rule("/.well-known/openid-configuration", view_func=self.describe)
        self.app.add_url_rule("/keys", view_func=self.keys)
        self.app.add_url_rule("/authorize", view_func=self.authorize)
        self.app.add_url_rule("/token", view_func=self.token, methods=["POST"])
        self.issuer = ""

    def describe(self) -> Response:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return jsonify(
            {"issuer": self.issuer, **{name: f"{self.issuer}/{end}" for name, end in ends.items()}}
        )

    def keys(self) -> Response:
        return jsonify({"keys": [self.key.as_dict(private=False)]})

    def authorize(self) -> Wsgi:
        asked = request.args
        if (
            asked["client_id"] != CLIENT
            or asked["response_type"] != "code"
            or asked["code_challenge_method"] != "S256"
        ):
            abort(400)
        code = token_urlsafe(16)
        self.codes[code] = asked.to_dict()
        return redirect(f"{asked['redirect_uri']}?code={code}&state={asked['state']}")

    def token(self) -> Response:
        given, who = request.form, request.authorization
        asked = self.codes.pop(given["code"], None)
        verifier = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if not who or (who.username, who.password) != (CLIENT, SECRET) or asked is None:
            abort(401)
        if proof != asked["code_challenge"] or given["redirect_uri"] != asked["redirect_uri"]:
            abort(400)
        now = int(time())
        token = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        claims = {**token, **self.claims, **self.spoiled}
        claims = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signed_by)
        return jsonify({"access_token": "x", "token_type": "Bearer", "id_token": signed})


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider.app, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="provider")
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

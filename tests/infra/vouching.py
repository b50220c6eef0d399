"""A strict OpenID Connect provider, with a GitHub beside it, on 127.0.0.1: keys are made at start, codes work once, PKCE is checked.

`people` are whom it knows; `lies` lets it misbehave in one named way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "opsflux", "a secret between the two"


class Vouching:
    """The provider. `person` is who sits before its sign-in page."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, parameters={"kid": "first", "use": "sig"})
        self.other = RSAKey.generate_key(2048, parameters={"kid": "first"})
        self.person: dict[str, Any] = {"sub": "s-1", "email": "ben@home.example", "email_verified": True, "name": "Ben Home"}
        self.lies = ""
        self.claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.heard: list[str] = []
        self.server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, address: str) -> str:
        """What the browser is sent back to by the sign-in page of the provider: the address with code and state."""
        assert address.startswith(self.url)
        opener = urllib.request.build_opener(_Stay)
        with pytest.raises(urllib.error.HTTPError) as sent:
            opener.open(address, timeout=10)
        assert sent.value.code == 302, sent.value.read()
        return str(sent.value.headers["Location"])

    def _app(self) -> Flask:
        app = Flask("vouching")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self._discovery)
        app.add_url_rule("/keys", view_func=self._keys)
        for prefix in ("", "/login/oauth"):
            app.add_url_rule(f"{prefix}/authorize", f"authorize{prefix}", self._authorize)
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        app.add_url_rule("/login/oauth/access_token", view_func=self._github_token, methods=["POST"])
        app.add_url_rule("/userinfo", view_func=self._userinfo)
        app.add_url_rule("/api/v3/user", view_func=self._github_user)
        app.add_url_rule("/api/v3/user/emails", view_func=self._github_emails)
        return app

    def _discovery(self) -> Response:
        self.heard.append("discovery")
        issuer = "http://127.0.0.1:1" if self.lies == "other issuer" else self.url
        return jsonify(issuer=issuer, authorization_endpoint=f"{self.url}/authorize", token_endpoint=f"{self.url}/token",
                       jwks_uri=f"{self.url}/keys", userinfo_endpoint=f"{self.url}/userinfo")

    def _keys(self) -> Response:
        self.heard.append("keys")
        return jsonify(keys=[self.key.as_dict(private=False)])

    def _authorize(self) -> Any:
        asked = request.args
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = {"challenge": asked["code_challenge"], "back": asked["redirect_uri"], "nonce": asked.get("nonce"),
                            "person": dict(self.person)}
        said = {"error": "access_denied"} if self.lies == "denied" else {"code": code}
        return redirect(f"{asked['redirect_uri']}?{urlencode({**said, 'state': asked['state']})}")

    def _spent(self) -> dict[str, Any] | None:
        """The code that is sent, with the right verifier, for the right place: once."""
        kept = self.codes.pop(request.form.get("code", ""), None)
        made = base64.urlsafe_b64encode(hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        fits = kept and hmac.compare_digest(made, kept["challenge"]) and request.form.get("redirect_uri") == kept["back"]
        return kept if fits else None

    def _token(self) -> Any:
        self.heard.append("token")
        if self.lies == "down":
            return "out of order", 503
        given = request.authorization
        if given is None or (given.username, given.password) != (CLIENT, SECRET):
            return jsonify(error="invalid_client"), 401
        kept = self._spent()
        if kept is None or request.form.get("grant_type") != "authorization_code":
            return jsonify(error="invalid_grant"), 400
        access = secrets.token_urlsafe(16)
        self.tokens[access] = kept["person"]
        return jsonify(access_token=access, token_type="Bearer", id_token=self._id_token(kept))

    def _id_token(self, kept: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": kept["nonce"], **kept["person"], **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.lies == "alg none":
            return f"{_coded({'alg': 'none'})}.{_coded(claims)}."
        if self.lies == "public key as secret":
            public = self.key.as_pem(private=False)
            head = f"{_coded({'alg': 'HS256', 'kid': 'first'})}.{_coded(claims)}"
            return f"{head}.{_plain(hmac.digest(public, head.encode(), 'sha256'))}"
        key = self.other if self.lies == "other key" else self.key
        token = jwt.encode({"alg": "RS256", "kid": "unknown" if self.lies == "unknown key" else self.key.kid}, claims, key)
        if self.lies == "tampered":
            head, _body, sign = token.split(".")
            return f"{head}.{_coded({**claims, 'sub': 's-2'})}.{sign}"
        return token

    def _bearer(self) -> dict[str, Any] | None:
        return self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))

    def _userinfo(self) -> Any:
        person = self._bearer()
        if person is None:
            return jsonify(error="invalid_token"), 401
        return jsonify({**person, **({"sub": "somebody else"} if self.lies == "other person" else {})})

    def _github_token(self) -> Any:
        kept = self._spent() if request.form.get("client_secret") == SECRET else None
        if kept is None:
            return jsonify(error="bad_verification_code")
        access = secrets.token_urlsafe(16)
        self.tokens[access] = kept["person"]
        return jsonify(access_token=access, token_type="bearer", scope="read:user,user:email")

    def _github_user(self) -> Any:
        person = self._bearer()
        return jsonify(id=4711, login="ben", name=person["name"], email="public@elsewhere.example") if person else ("", 401)

    def _github_emails(self) -> Any:
        person = self._bearer()
        if person is None:
            return "", 401
        return jsonify([{"email": "zoe@away.example", "primary": False, "verified": True},
                        {"email": person["email"], "primary": True, "verified": person["email_verified"]}])

    def stop(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not go where it is sent: that is our side."""

    def redirect_request(self, *_said: Any) -> None:
        return None


def _plain(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _coded(value: dict[str, Any]) -> str:
    return _plain(json.dumps(value).encode())


def path_of(address: str) -> str:
    """Path and query of an address of ours."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


@pytest.fixture(scope="session")
def _vouching() -> Iterator[Vouching]:
    provider = Vouching()
    yield provider
    provider.stop()


@pytest.fixture
def vouching(_vouching: Vouching) -> Vouching:
    """The provider, honest again."""
    _vouching.lies, _vouching.claims = "", {}
    _vouching.person = {"sub": "s-1", "email": "ben@home.example", "email_verified": True, "name": "Ben Home"}
    return _vouching


__all__ = ["CLIENT", "SECRET", "Vouching", "path_of", "vouching"]

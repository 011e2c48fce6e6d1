"""Two OpenID providers on loopback: a real small one as a program of its own, and one that lies as told.

The real one (oidc-provider-mock) stands behind a few lines that do what it leaves out: they compare the PKCE verifier
with the challenge (RFC 7636 §4.6). The other signs whatever claims a test gives it, with whatever key.
"""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PROGRAM = """
import os, sys, io, base64, hashlib, secrets, urllib.parse
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
from werkzeug.serving import make_server
import oidc_provider_mock

inner, challenges = oidc_provider_mock.app(require_nonce=True), {}

def asked(environ):
    size = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(size)
    environ["wsgi.input"] = io.BytesIO(body)
    return dict(urllib.parse.parse_qsl(body.decode()))

def application(environ, start_response):
    query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
    if environ["PATH_INFO"].endswith("/token"):
        form = asked(environ)
        kept = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenges.pop(form.get("code"), None) != kept.rstrip(b"=").decode():
            start_response("400 Bad Request", [("Content-Type", "application/json")])
            return [b'{"error": "invalid_grant"}']
        return inner(environ, start_response)
    if "code_challenge" in query and query.get("code_challenge_method") == "S256":
        def noting(status, headers, *rest):
            place = urllib.parse.urlsplit(dict(headers).get("Location", ""))
            code = dict(urllib.parse.parse_qsl(place.query)).get("code")
            if code:
                challenges[code] = query["code_challenge"]
            return start_response(status, headers, *rest)
        return inner(environ, noting)
    return inner(environ, start_response)

server = make_server("localhost", 0, application, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def real_provider() -> Iterator[str]:
    """Run the real provider; gives its issuer."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/"
    ) as program:
        try:
            assert program.stdout is not None
            yield f"http://localhost:{int(program.stdout.readline())}"
        finally:
            program.terminate()


@cache
def _trust() -> ssl.SSLContext:
    """Whom a browser trusts; httpx would read it anew for each question."""
    return ssl.create_default_context()


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one"})


def knows(issuer: str, subject: str, **claims: Any) -> None:
    """Let the real provider know a person."""
    httpx.put(f"{issuer}/users/{subject}", json=claims, verify=_trust()).raise_for_status()


def authorized(address: str, subject: str) -> dict[str, str]:
    """Do what a browser and its person do at the real provider; returns the query that comes back."""
    answer = httpx.post(address, data={"sub": subject}, follow_redirects=False, verify=_trust())
    assert answer.is_redirect, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


@dataclass
class Liar:
    """A provider that says what it is told to; every part can be changed by a test."""

    issuer: str = ""
    key: RSAKey = field(default_factory=_key)
    claims: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    signed: Callable[[Liar, dict[str, Any]], str] | None = None
    user: dict[str, Any] | None = None
    raw: bytes | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        places = {
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        more = {"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.user is not None else {}
        return {"issuer": self.issuer, **places, **more, **self.about}

    def token(self) -> str:
        claims = dict(self.claims)
        return self.signed(self, claims) if self.signed else self.sign(claims)

    def sign(self, claims: dict[str, Any], key: Any = None, algorithm: str = "RS256") -> str:
        return jwt.encode({"alg": algorithm, "kid": "one"}, claims, key or self.key, algorithms=[algorithm])

    def sign_with_public_key(self, claims: dict[str, Any]) -> str:
        """The confusion of algorithms: a MAC made with the public key as its secret."""
        secret = OctKey.import_key(json.dumps(self.key.as_dict(private=False)).encode())
        return self.sign(claims, secret, "HS256")

    @staticmethod
    def unsigned(claims: dict[str, Any]) -> str:
        parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."

    def answer(self, path: str) -> Any:
        if self.raw is not None:
            return self.raw
        match path:
            case "/.well-known/openid-configuration":
                return self.described()
            case "/jwks":
                return {"keys": [self.key.as_dict(private=False)]}
            case "/token":
                return {"access_token": "access", "token_type": "Bearer", "id_token": self.token()}
            case "/userinfo":
                return self.user
        return None


@contextmanager
def lying_provider() -> Iterator[Liar]:
    """Run a provider that says what it is told to."""
    # A place of its own: what a provider says of itself is remembered by its address, and ports come again.
    liar, place = Liar(), f"/{secrets.token_hex(8)}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            liar.asked.append((self.path, dict(self.headers)))
            value = liar.answer(self.path.removeprefix(place))
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            liar.asked.append((body, dict(self.headers)))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    liar.issuer = f"http://127.0.0.1:{server.server_port}{place}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield liar
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

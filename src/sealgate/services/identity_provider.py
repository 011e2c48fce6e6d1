"""An OpenID provider as its documents describe it: addresses, keys, and what it says of a person.

OpenID Connect Core 1.0, code flow with PKCE (RFC 7636, S256), state and nonce; discovery as in OpenID Connect
Discovery 1.0; the issuer named in an answer is compared (RFC 9207). Identity tokens count only with a signature by a
key of the provider in an asymmetric algorithm, for this client, in time, with our nonce. The provider's answers are
bounded in size and time, redirects are not followed, and plain HTTP is for a provider on this machine only.

Everything that goes wrong with the provider is a `ProviderFailed`, whose text holds nothing that it sent.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sealgate.model.errors import ProviderFailed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

_MOST_BYTES = 1 << 20
_SECONDS = 10.0
_LEEWAY = 60
_DESCRIBED_FOR = 300
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@dataclass(frozen=True, slots=True)
class Client:
    """This gateway as the provider knows it."""

    issuer: str
    name: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...]
    back: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What one sign-in is bound to, besides the browser."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def way_there(client: Client, secrets: Secrets) -> str:
    """Return the address at the provider to send the browser to."""
    return str(
        prepare_grant_uri(
            _discovered(client)["authorization_endpoint"],
            client_id=client.name,
            response_type="code",
            redirect_uri=client.back,
            scope=" ".join(client.scopes),
            state=secrets.state,
            nonce=secrets.nonce,
            code_challenge=create_s256_code_challenge(secrets.verifier),
            code_challenge_method="S256",
        )
    )


def claims(client: Client, secrets: Secrets, answer: Mapping[str, str], wanted: str) -> dict[str, Any]:
    """Return what the provider says of the person who came back with an answer.

    `answer` is what the browser brought, its state already compared. The claim `wanted` is asked for separately when
    the identity token has it not.
    """
    if answer.get("iss", client.issuer) != client.issuer:
        raise _failed("answered in the name of another one")
    if "error" in answer or not answer.get("code"):
        raise _failed("did not let the person in")
    about = _discovered(client)
    tokens = _tokens(client, secrets, about, answer["code"])
    said = _identity(client, secrets, about, tokens)
    if wanted not in said and "userinfo_endpoint" in about and isinstance(tokens.get("access_token"), str):
        more = _fetched(
            "GET", about["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
        if more.get("sub") != said["sub"]:
            raise _failed("spoke of two different people")
        said = {**more, **said}
    return said


def _discovered(client: Client) -> dict[str, Any]:
    return _described(client.issuer, int(time.monotonic() // _DESCRIBED_FOR))


@lru_cache(maxsize=4)
def _described(issuer: str, _period: int) -> dict[str, Any]:
    """Return how a provider describes itself; asked for once in some minutes, whatever number of people come."""
    about = _fetched("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
    if about.get("issuer") != issuer:
        raise _failed("calls itself by another name than openid_issuer in the settings")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(about.get(name), str):
            raise _failed(f"does not say its {name}")
    return about


def _tokens(client: Client, secrets: Secrets, about: Mapping[str, Any], code: str) -> dict[str, Any]:
    form = {"client_id": client.name} if not client.secret else {}
    body = prepare_token_request(
        "authorization_code", code=code, redirect_uri=client.back, code_verifier=secrets.verifier, **form
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    login = httpx.BasicAuth(client.name, client.secret) if client.secret else None
    return _fetched("POST", about["token_endpoint"], content=str(body), headers=headers, auth=login)


def _identity(client: Client, secrets: Secrets, about: Mapping[str, Any], tokens: Mapping[str, Any]) -> dict[str, Any]:
    keys = _fetched("GET", about["jwks_uri"])
    try:
        token = jwt.decode(str(tokens.get("id_token", "")), KeySet.import_key_set(keys), algorithms=list(ALGORITHMS))  # type: ignore[arg-type]
        options = {
            "iss": {"essential": True, "value": client.issuer},
            "aud": {"essential": True, "value": client.name},
        }
        params = {
            "nonce": secrets.nonce,
            "client_id": client.name,
            "access_token": tokens.get("access_token"),
        }
        said = CodeIDToken(token.claims, token.header, options, params)
        said.validate(leeway=_LEEWAY)
    except (JoseError, ValueError, KeyError, TypeError):
        raise _failed("sent an identity that cannot be trusted") from None
    if not isinstance(said.get("sub"), str) or not said["sub"]:
        raise _failed("did not say who the person is")
    return dict(said)


@cache
def _trust() -> ssl.SSLContext:
    """Return whom this process trusts; to read all authorities takes longer than to ask a provider."""
    return httpx.create_ssl_context()


def _fetched(method: str, address: str, **more: Any) -> dict[str, Any]:
    """Return the JSON object at an address."""
    _check(address)
    try:
        with (
            httpx.Client(verify=_trust(), timeout=_SECONDS, follow_redirects=False) as http,
            http.stream(method, address, **{"auth": None, **more}) as response,
        ):
            response.raise_for_status()
            value = json.loads(b"".join(_bounded(response)))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError):
        raise _failed("cannot be reached, or did not answer as it should") from None
    if not isinstance(value, dict):
        raise _failed("did not answer as it should")
    return value


def _bounded(response: httpx.Response) -> Iterator[bytes]:
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > _MOST_BYTES:
            raise _failed("answered with too much")
        yield piece


def _check(address: str) -> None:
    url = urlsplit(address)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in {"localhost", "127.0.0.1", "::1"}):
        raise _failed("names an address that is not HTTPS")


def _failed(how: str) -> ProviderFailed:
    return ProviderFailed(
        f"The OpenID provider {how}. Nobody was signed in. Try again, or sign in with a password or passkey."
    )

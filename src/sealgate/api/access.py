"""Who asks, and whether they may: an API token, or the session of a page of this very gateway.

A request with an Authorization header is the token's and never the session's, so a page elsewhere gains nothing by a
cookie. Wrong tokens are counted by the address they come from and slowed down as wrong passwords are; a right token is
always let in, so nobody can lock a program out by guessing next to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.api.problems import HttpProblem
from sealgate.services import tokens
from sealgate.services.origins import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.jobs import Jobs

REALM = 'Bearer realm="sealgate"'
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Context:
    """What the API works on: the gateway, its jobs, and who a session's cookie stands for."""

    gateway: Gateway
    jobs: Jobs
    identify: Callable[[Gateway, Request], Actor | None]


def actor_of(context: Context, request: Request) -> Actor:
    """Return who asks; HttpProblem 401 for nobody, 429 for somebody who tries too often."""
    found = known(context, request)
    if found is None:
        if "authorization" not in request.headers:
            raise _unknown("Send an API token: `Authorization: Bearer …`.")
        wait = tokens.refused(context.gateway, origin_of(request))
        if wait:
            raise HttpProblem(
                429,
                "too-many-tries",
                "Too many wrong tokens",
                f"This one was not looked at twice. Try again in {wait} seconds.",
                headers={"retry-after": str(wait)},
            )
        raise _unknown("The token is not, or no longer, one of this gateway's.", error=True)
    return found


def known(context: Context, request: Request) -> Actor | None:
    """Return who asks, as it stands at this moment, or None; counts nothing."""
    header = request.headers.get("authorization")
    if header is None:
        return context.identify(context.gateway, request)
    scheme, _blank, text = header.partition(" ")
    if scheme.lower() != "bearer" or len(text) > _LONGEST:
        return None
    return tokens.actor_of(context.gateway, text.strip(), origin_of(request))


def origin_of(request: Request) -> Origin:
    """Return where a request comes from."""
    address = request.client.host if request.client else ""
    return Origin("api", address, request.headers.get("user-agent", ""))


def _unknown(detail: str, *, error: bool = False) -> HttpProblem:
    challenge = f'{REALM}, error="invalid_token"' if error else REALM
    return HttpProblem(
        401,
        "not-signed-in",
        "Nobody is signed in",
        f"{detail} Nothing was done.",
        headers={"www-authenticate": challenge},
    )

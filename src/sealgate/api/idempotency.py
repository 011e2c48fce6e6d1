"""Idempotency-Key: an act that was sent twice is done once (IETF draft httpapi-idempotency-key-header).

The key is the person's, and good for a day. The same request again gets the answer that the first one got; another
request under the same key is refused (422), one whose first sending is still being worked at too (409). Only answers
that say something was done are kept. Where an answer holds a secret that is shown once, it is not kept: the repetition
is refused, and nothing is done twice either.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sealgate.api.problems import HttpProblem
from sealgate.services.jobs import owner_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store.answers import Answer

HEADER = "idempotency-key"
LONGEST = 200
_KEY = re.compile(rf"[!-~]{{1,{LONGEST}}}", re.ASCII)
DAY = 86400
WORKED_AT = 300
"""Seconds after which a first sending that never came to an end does not count any more."""
MOST_BYTES = 1 << 20
_KEPT_HEADERS = ("content-type", "etag", "location", "link")


async def once(
    gateway: Gateway,
    actor: Actor,
    request: Request,
    act: Callable[[Request], Awaitable[Response]],
    *,
    secret: bool,
) -> Response:
    """Do an act, unless its key says that it was done."""
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        raise _problem(422, "The key is 1 to 200 visible ASCII characters. Nothing was done.")
    name = _digest(owner_of(actor), key)
    # The key is kept nowhere: with it in the sum nobody who reads the database can try out what a body held.
    asked = _digest(key, request.method, str(request.url.path), request.url.query, (await request.body()).hex())
    known = await run_in_threadpool(_take, gateway, actor, name, asked)
    if known is not None:
        return _again(known, asked)
    try:
        answer = await act(request)
    except BaseException:
        await run_in_threadpool(_free, gateway, actor, name)
        raise
    body = getattr(answer, "body", None)
    if answer.status_code >= 400 or body is None or len(body) > MOST_BYTES:
        await run_in_threadpool(_free, gateway, actor, name)
    else:
        await run_in_threadpool(_fill, gateway, actor, name, answer, secret)
    return answer


def _again(known: Answer, asked: str) -> Response:
    if known.request != asked:
        raise _problem(422, "This key was used for another request. Nothing was done. Use a new key.")
    if known.status is None:
        raise _problem(409, "The first request with this key is being worked at. Nothing was done. Ask again later.")
    if known.status == 0:
        raise _problem(409, "This was done already. Its answer held a secret that is shown once and was not kept.")
    return Response(known.body, known.status, {**known.headers, "idempotency-replayed": "true"})


def _problem(status: int, detail: str) -> HttpProblem:
    return HttpProblem(status, "idempotency", "The Idempotency-Key does not fit", detail)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _take(gateway: Gateway, actor: Actor, name: str, asked: str) -> Answer | None:
    with gateway.writing(actor) as writer:
        return writer.take_answer(name, asked, WORKED_AT)


def _free(gateway: Gateway, actor: Actor, name: str) -> None:
    with gateway.writing(actor) as writer:
        writer.free_answer(name)


def _fill(gateway: Gateway, actor: Actor, name: str, answer: Response, secret: bool) -> None:
    headers = {header: answer.headers[header] for header in _KEPT_HEADERS if header in answer.headers}
    status, body = (0, b"") if secret else (answer.status_code, bytes(answer.body))
    with gateway.writing(actor) as writer:
        writer.fill_answer(name, status, headers={} if secret else headers, body=body, seconds=DAY)

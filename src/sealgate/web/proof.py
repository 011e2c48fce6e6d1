"""A fresh proof of who one is, asked for by what needs one, without losing what was sent.

Where an act says `ProofNeeded`, the answer is a page that asks for the password and holds everything that was sent, to
be sent again with it. Who has no password is told to sign in again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.errors import Refused, SealgateError
from sealgate.services import own_account, people
from sealgate.web import failures, sign_in
from sealgate.web.formats import address

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from sealgate.web.visit import Visit

FIELD = "proof"
"""The field of a form that holds the password, beside what is asked for."""


def page(visit: Visit, fault: SealgateError) -> Response:
    """Ask for the password, and hold what was sent; another kind of bad news is told as it is."""
    if visit.request.method != "POST" or visit.body:
        return failures.page(visit, fault)
    sent = [(name, text) for name, text in visit.form.multi_items() if name != FIELD and isinstance(text, str)]
    return visit.page(
        "proof.html",
        failures.kind_of(fault)[0],
        text=str(fault),
        where=address(visit.path, **dict(visit.request.query_params)),
        sent=sent,
        has_password=people.show(visit.gateway, visit.actor).password,
    )


def taken(visit: Visit, then: Callable[[], Response]) -> Response:
    """Take the password that came with a form, if one did; then answer, under the session's new text."""
    if not visit.given(FIELD):
        return then()
    try:
        proven = own_account.prove(visit.gateway, visit.actor, visit.given(FIELD))
    except Refused as fault:
        return page(visit, fault)
    except SealgateError as fault:
        return failures.page(visit, fault)
    answer = then()
    sign_in.keep(answer, sign_in.SESSION, proven.session)
    return answer

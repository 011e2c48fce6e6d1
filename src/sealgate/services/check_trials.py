"""Trying header, MIME header, nested header and body checks by the real Postfix, on the draft and on what is live.

A message is cut into its headers as Postfix does it (folded lines belong together), and each is looked up by itself,
with a bound on how many. The tables of one kind of check are asked in their order; the first that answers decides. A
side that cannot be asked says why in its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import NotFound, SealgateError
from sealgate.services import lookups, rows

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

CHECKS = {
    "header-check": "header_checks",
    "mime-header-check": "mime_header_checks",
    "nested-header-check": "nested_header_checks",
    "body-check": "body_checks",
}
MOST_LINES = 100
_MOST_TABLES = 20
_MOST_RULES = 10_000
_ENCODED = re.compile(r"=\?[^?\s]+\?[bq]\?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side says: the value (None: nothing), or why it could not be asked."""

    value: str | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """One header or line that was looked up: what the draft says, what is live, the rules that say so, a warning."""

    line: str
    draft: Answer
    live: Answer
    rules: tuple[str, ...] = ()
    encoded: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """All lines that were looked up; `cut`: there were more than are looked up."""

    lines: tuple[Tried, ...]
    cut: bool


def trial(gateway: Gateway, actor: Actor, noun: str, text: str) -> Trial:
    """Look up each header of a text (each line, for body checks) in one kind of check; NotFound for another kind."""
    if noun not in CHECKS:
        raise NotFound("There are no such checks. Nothing was changed.")
    lines = text.splitlines() if noun == "body-check" else headers_of(text)
    tried = tuple(_try(gateway, actor, noun, line) for line in lines[:MOST_LINES])
    return Trial(tried, len(lines) > MOST_LINES)


def headers_of(text: str) -> list[str]:
    """Return the headers of a message as one line each: folded lines are joined as Postfix joins them for a look-up."""
    found: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            if found:
                break
            continue
        if line[:1] in {" ", "\t"} and found:
            found[-1] += f" {line.strip()}"
        else:
            found.append(line.rstrip())
    return found


def key_in_both(gateway: Gateway, actor: Actor, table: str, key: str) -> Tried:
    """Look a key up in a look-up table, of the draft and of what is live."""
    return Tried(key, _ask(gateway, actor, table, key, live=False), _ask(gateway, actor, table, key, live=True))


def _try(gateway: Gateway, actor: Actor, noun: str, line: str) -> Tried:
    draft, live = (_ask_checks(gateway, actor, noun, line, live=side) for side in (False, True))
    return Tried(line, draft, live, _rules(gateway, actor, noun, draft.value), bool(_ENCODED.search(line)))


def _ask_checks(gateway: Gateway, actor: Actor, noun: str, line: str, *, live: bool) -> Answer:
    for number in range(1, _MOST_TABLES):
        name = CHECKS[noun] if number == 1 else f"{CHECKS[noun]}-{number}"
        try:
            answer = lookups.query(gateway, actor, name, line, live=live)
        except NotFound:
            return Answer()
        except SealgateError as fault:
            return Answer(fault=str(fault))
        if answer.value is not None:
            return Answer(answer.value)
    return Answer()


def _rules(gateway: Gateway, actor: Actor, noun: str, value: str | None) -> tuple[str, ...]:
    """Return the rules whose action and text are the answer (`$` parts of a text make it look different)."""
    if value is None:
        return ()
    page = rows.listing(gateway, actor, noun, limit=_MOST_RULES)
    return tuple(row.key for row in page.rows if f"{row.fields['action']} {row.fields['text']}".strip() == value)


def _ask(gateway: Gateway, actor: Actor, table: str, key: str, *, live: bool) -> Answer:
    try:
        return Answer(lookups.query(gateway, actor, table, key, live=live).value)
    except SealgateError as fault:
        return Answer(fault=str(fault))

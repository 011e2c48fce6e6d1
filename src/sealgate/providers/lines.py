"""A list as text: one network a line, as administrators and providers write them.

Blank lines and what follows a `#` are no networks; a byte order mark and every kind of line end are accepted. A line
that is neither is never skipped: the list is not taken, and the first such line is named by its number, never quoted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.providers import MOST_NETWORKS
from sealgate.providers.networks import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.network import IPNetwork
    from sealgate.providers.source import Clock

_END = re.compile(r"\r\n|\n|\r")
_LINES_A_LOOK = 1000
"""Lines between two looks at the clock."""
_REMARK = re.compile(r"(?:^|[ \t])#.*")


def networks_of_lines(body: bytes, what: str, clock: Clock) -> list[IPNetwork]:
    """Return the networks of a text; NotFetched names the first line that is none."""
    found: list[IPNetwork] = []
    for number, line in enumerate(_lines(_text(body, what)), 1):
        if number % _LINES_A_LOOK == 0:
            clock.left(what)
        word = _REMARK.sub("", line, count=1).strip(" \t")
        if not word:
            continue
        if len(found) >= MOST_NETWORKS:
            raise NotFetched(f"{what}: more than {MOST_NETWORKS:,} networks came. Ask for a shorter list.")
        try:
            found.append(read(word))
        except InvalidValue as fault:
            raise NotFetched(f"{what}, line {number}: {fault} Nothing of the list was taken.") from None
    return found


def _lines(text: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(text):
        yield text[start : end.start()]
        start = end.end()
    yield text[start:]


def _text(body: bytes, what: str) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        number = body[: fault.start].count(b"\n") + 1
        raise NotFetched(f"{what}, line {number}: this is not UTF-8 text. Check the address of the list.") from None

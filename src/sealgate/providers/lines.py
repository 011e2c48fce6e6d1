"""A list as text: one network a line, as administrators and providers write them.

Blank lines and what follows a `#` are no networks; a byte order mark and every kind of line end are accepted. A line
that is neither is never skipped: the list is not taken, and the first such line is named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.providers import MOST_NETWORKS
from sealgate.providers.networks import read

if TYPE_CHECKING:
    from sealgate.model.network import IPNetwork

_END = re.compile(r"\r\n|\n|\r")
_REMARK = re.compile(r"(?:^|[ \t])#.*")


def networks_of_lines(body: bytes, what: str) -> list[IPNetwork]:
    """Return the networks of a text; NotFetched names the first line that is none."""
    found: list[IPNetwork] = []
    lines = enumerate((_REMARK.sub("", line, count=1).strip(" \t") for line in _END.split(_text(body, what))), 1)
    words = [(number, word) for number, word in lines if word]
    if len(words) > MOST_NETWORKS:
        raise NotFetched(f"{what}: more than {MOST_NETWORKS:,} networks came. Ask for a shorter list.")
    for number, word in words:
        try:
            found.append(read(word))
        except InvalidValue as fault:
            raise NotFetched(f"{what}, line {number}: {fault} Nothing of the list was taken.") from None
    return found


def _text(body: bytes, what: str) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        number = body[: fault.start].count(b"\n") + 1
        raise NotFetched(f"{what}, line {number}: this is not UTF-8 text. Check the address of the list.") from None

"""What DNS must say for a client, sender or HELO name to be on a DNS list: names and answers.

An answer is chosen that the list's filter lets count (`127.0.0.[2..4;8]`), 127.0.0.2 where there is no filter. Sources:
RFC 5782, postconf(5) reject_rbl_client.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def listed_in(query: str, address: str) -> dict[str, Mapping[str, tuple[str, ...]]]:
    """Return the record that lists a client's address in `zone` or `zone=answers`."""
    zone, _, answers = query.partition("=")
    return {f"{reversed_name(address)}.{zone}": {"A": (answer_for(answers),), "TXT": ("listed in the rehearsal",)}}


def domain_listed_in(query: str, domain: str) -> dict[str, Mapping[str, tuple[str, ...]]]:
    """Return the record that lists a domain in `zone` or `zone=answers`."""
    zone, _, answers = query.partition("=")
    return {f"{domain}.{zone}": {"A": (answer_for(answers),), "TXT": ("listed in the rehearsal",)}}


def reversed_name(address: str) -> str:
    """Return an address as DNS lists are asked for it: octets, or nibbles, from the last to the first."""
    found = ipaddress.ip_address(address)
    if found.version == 4:
        return ".".join(reversed(str(found).split(".")))
    return ".".join(reversed(found.exploded.replace(":", "")))


def answer_for(answers: str) -> str:
    """Return an address that a filter of answers lets count."""
    if not answers:
        return "127.0.0.2"
    parts = re.findall(r"\[[^\]]*\]|[0-9]+", answers)
    return ".".join(re.match(r"\[?([0-9]+)", part)[1] for part in parts)  # type: ignore[index]

"""Where a request comes from: the face, the network address, the program at the other end.

All of it is shown and audited as text and trusted for nothing; it is cut to a bearable length and to visible
characters, since programs name themselves as they like.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from dataclasses import dataclass

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """The face (`web`, `api`, `terminal`), the address of the other end, and what its program calls itself."""

    face: str
    address: str = ""
    agent: str = ""

    def __post_init__(self) -> None:
        """Keep what can be shown on one line; an IPv4 address inside an IPv6 one (RFC 4291 §2.5.5.2) is named alone."""
        object.__setattr__(self, "address", _visible(_unmapped(self.address)))
        object.__setattr__(self, "agent", _visible(self.agent))

    @property
    def source(self) -> str:
        """The text for the audit."""
        return f"{self.face} {self.address}".strip()


def _unmapped(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    return str(getattr(address, "ipv4_mapped", None) or text)


def _visible(text: str) -> str:
    return "".join(char for char in text[:_LONGEST] if unicodedata.category(char)[0] not in {"C", "Z"} or char == " ")

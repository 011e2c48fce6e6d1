"""Where the MPA listens and re-injects: a loopback address and port, or a Unix socket, and nothing else.

Both services trust whoever can reach them, so an address that others can reach is refused when it is read. Written as
`127.0.0.1:10025`, `[::1]:10025` or `unix:/path`.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_TCP = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]{1,5})")
_MAX_PATH = 107  # octets, unix(7)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A socket address; `path` is set for a Unix socket, else `host` and `port`."""

    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Read an endpoint; raise ValueError with a sentence for people."""
        if text.startswith("unix:/") and len(text.encode()) <= _MAX_PATH + 5 and text.isprintable():
            return cls(path=text.removeprefix("unix:"))
        match = _TCP.fullmatch(text)
        port = int(match["port"]) if match else 0
        if not match or not 0 < port < 65536:
            raise ValueError(f"{text!r} is no endpoint; write 127.0.0.1:10025, [::1]:10025 or unix:/path")
        address = ipaddress.ip_address(match["six"] or match["four"])
        if not address.is_loopback:
            raise ValueError(f"{text!r} can be reached by other machines; only loopback addresses are allowed")
        return cls(str(address), port)

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

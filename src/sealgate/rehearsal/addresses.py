"""The addresses of the artificial internet: which address a name has, and which name led to an address.

`address_of` follows from the name alone: from 198.18.0.0/15 (benchmarking, RFC 2544) or 2001:db8:1::/48 (RFC 3849).
Two names of one run may meet at one IPv4 address; then `Book` gives the one that is asked for later the next free one.
So where a message arrived is told by the server's name (`Book.name_at`), never by computing addresses.
"""

from __future__ import annotations

import ipaddress
import threading
import zlib

RESOLVER = "198.18.0.53"
"""Where the artificial internet answers for names."""

_FIRST_V4 = int(ipaddress.IPv4Address("198.18.1.0"))
_COUNT_V4 = (1 << 17) - 512
_FIRST_V6 = int(ipaddress.IPv6Address("2001:db8:1::"))


def plain(name: str) -> str:
    """Return a host name as the artificial internet knows it: lower case, without the final dot."""
    return name.lower().removesuffix(".")


def address_of(name: str, family: int = 4) -> str:
    """Return the address that a name has by rule; `family` is 4 or 6."""
    return _address(_digest(name), family)


class Book:
    """Which name has which address in one run. May be used from several threads."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._addresses: dict[tuple[str, int], str] = {}
        self._lock = threading.Lock()

    def address(self, name: str, family: int = 4) -> str:
        """Return the address of a name, and remember it."""
        key = (plain(name), family)
        with self._lock:
            if key not in self._addresses:
                number = _digest(name)
                while (found := _address(number, family)) in self._names:
                    number += 1
                self._addresses[key] = found
                self._names[found] = key[0]
            return self._addresses[key]

    def learn(self, name: str, address: str) -> None:
        """Remember that a record of this name leads to the address; the first name that does stays."""
        with self._lock:
            self._names.setdefault(str(ipaddress.ip_address(address)), plain(name))

    def name_at(self, address: str) -> str:
        """Return the name that led to an address; empty when none did."""
        with self._lock:
            return self._names.get(str(ipaddress.ip_address(address)), "")


def _digest(name: str) -> int:
    """Return 64 bits that follow from a name; hashlib would load OpenSSL, which takes a tenth of a probe."""
    text = plain(name).encode("utf-8", "surrogateescape")
    return zlib.crc32(text) << 32 | zlib.crc32(text[::-1])


def _address(number: int, family: int) -> str:
    if family == 4:
        return str(ipaddress.IPv4Address(_FIRST_V4 + number % _COUNT_V4))
    return str(ipaddress.IPv6Address(_FIRST_V6 + number))

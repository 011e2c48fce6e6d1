"""How guessing is slowed down, without anybody being able to lock somebody out.

Failures in a row are counted under keys: the account's name, the address (IPv6: its /64), the browser. After some free
tries each further failure doubles the time in which no try is looked at, up to fifteen minutes: about a hundred guesses
a day against an account (NIST SP 800-63B asks for a bound of that kind). Nothing is ever locked.

A browser that signed in before carries a mark. Its tries are counted under that mark alone and not under the account's
name or the address, so strangers who guess at an account, or from behind the same address, delay each other and not its
owner. Passkeys and bad API tokens are not guessed; they are counted by address, each under a key of its own, so that
neither delays passwords. The terminal of the machine is not throttled at all.

A try is counted before it is looked at, so many at once gain nothing. Names are kept as digests: people type passwords
into name fields.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealgate.store import Reader, Writer
    from sealgate.store.people_records import Attempts

FREE = 5
FREE_OF_AN_ADDRESS = 20
LONGEST = dt.timedelta(minutes=15)
FORGOTTEN_AFTER = dt.timedelta(hours=24)
_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that tries are counted under, and how many of them are free."""

    text: str
    free: int = FREE


def account(name: str) -> Key:
    """Return the key of an account, whether there is one of this name or not."""
    return Key(_kept("account", name.casefold()))


def second_step(person: str, browser: str = "") -> Key:
    """Return the key of a person's second step, of its own for each browser that signed in before.

    It is another one than that of the password: a right password must not make the count of wrong codes begin anew.
    """
    return Key(_kept("second-step", f"{person} {browser}".strip()))


def browser(digest: str) -> Key:
    """Return the key of a browser that signed in before."""
    return Key(_kept("browser", digest))


def address(text: str, kind: str = "address") -> Key:
    """Return the key of a network address; neighbours in an IPv6 network of one customer (/64) count as one.

    Each `kind` of tries from there has a count of its own.
    """
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return Key(_kept(kind, text), FREE_OF_AN_ADDRESS)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    where = f"{ip}/64" if ip.version == 6 else str(ip)
    network = ipaddress.ip_network(where, strict=False)
    return Key(_kept(kind, str(network)), FREE_OF_AN_ADDRESS)


def left(reader: Reader, *keys: Key) -> int:
    """Return for how many seconds no try under these keys is looked at; 0: the next one is."""
    return _longest(reader, keys, dt.datetime.now(dt.UTC))


def take(writer: Writer, *keys: Key) -> int:
    """Count a try and return 0, or return for how many seconds none is looked at, and count nothing."""
    people = writer.people
    wait = _longest(writer, keys, people.now)
    if not wait:
        people.note_attempts([key.text for key in keys], people.now - FORGOTTEN_AFTER)
    return wait


def forgive(writer: Writer, which: Key, *others: Key) -> None:
    """After a success begin the count of the account or browser anew, and take this one try off the others.

    An address does not begin anew: who has one account could otherwise guess at all others from there.
    """
    writer.people.forget_attempts([which.text])
    writer.people.take_back_attempt([key.text for key in others])


def _longest(reader: Reader, keys: tuple[Key, ...], now: dt.datetime) -> int:
    found = reader.people.attempts([key.text for key in keys])
    return max((_wait(found[key.text], key, now) for key in keys if key.text in found), default=0)


def _wait(attempts: Attempts, key: Key, now: dt.datetime) -> int:
    beyond = attempts.count - key.free
    if beyond < 0:
        return 0
    delay = min(dt.timedelta(seconds=2 ** min(beyond, _MOST_DOUBLINGS)), LONGEST)
    left = (attempts.last + delay - now).total_seconds()
    return max(0, int(left) + 1) if left > 0 else 0


def _kept(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()

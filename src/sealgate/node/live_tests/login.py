"""A real login at a next hop: the password is sent as Postfix would, and nothing of it is ever shown.

The password goes out only when the settings let it: over TLS, over proven TLS where the settings want proof, in clear
text only where the settings switch TLS off for this next hop, or to this machine itself. The stricter of the two wins:
Postfix at the level `may` would send it in clear text to a server that offers no TLS, and this test does not.

What the server answers afterwards is shown with every usual spelling of the password taken out, since a server could
repeat it. Sources: RFC 4954, RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5), draft-murchison-sasl-login.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import re
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.live_tests import Result, Section
from sealgate.node.live_tests.server import LOOKS_AT_NAMES, NEEDS_TLS, Refused, Server, offers_login
from sealgate.node.live_tests.smtp import Reply, Trouble, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_TLS = ("PLAIN", "LOGIN", "CRAM-MD5")
IN_CLEAR = ("CRAM-MD5", "PLAIN", "LOGIN")
HIDDEN = "(password)"


class Mask:
    """Takes a password out of texts, in all the spellings that a server could usually give it."""

    def __init__(self, user: str, password: str) -> None:
        forms = {form for form in _spellings(user, password) if form}
        self._longest = max(map(len, forms), default=0)
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def hide(self, text: str) -> str:
        """Return a text without the password; of a text that was cut off, the end is left out."""
        kept = f"{text[: -self._longest - 1]}…" if text.endswith("…") else text
        return self._pattern.sub(HIDDEN, kept)

    def lines(self, reply: Reply) -> tuple[str, ...]:
        """Return the lines of a reply without the password."""
        return tuple(map(self.hide, reply.lines))


def _spellings(user: str, password: str) -> Iterator[str]:
    raw = password.encode()
    yield from (password, password[::-1], urllib.parse.quote(password), raw.hex(), repr(password)[1:-1])
    for whole in (raw, f"\0{user}\0{password}".encode(), f"{user}:{password}".encode()):
        yield base64.b64encode(whole).decode().rstrip("=")
    for shift in range(3):  # inside something longer that is base64
        inner = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        yield inner[(0, 2, 3)[shift] : len(inner) - 1] if len(raw) > 3 else ""


def log_in(server: Server, user: str, password: str) -> Section:
    """Log in and leave; says whether the server takes user and password."""
    mask = Mask(user, password)
    return server.course(lambda one: _logged_in(one, user, password, mask))


def _logged_in(server: Server, user: str, password: str, mask: Mask) -> tuple[Result, str, str]:
    server.open()
    server.encrypt()
    offered = offers_login(server)
    server.begin("Password")
    allowed = permission(server.way.level, server.address, encrypted=server.encrypted, proven=server.proven)
    server.note(allowed.result, allowed.text)
    if not allowed.given:
        raise Refused(allowed.text, allowed.remedy)
    mechanism = next((one for one in (IN_TLS if server.encrypted else IN_CLEAR) if one in offered), "")
    if not mechanism:
        text = "The server offers no login that a password is enough for."
        server.note(Result.BAD, text)
        raise Refused(text, "Check host and port (logins are usually taken on 587), and that it wants a login at all.")
    server.begin(f"AUTH {mechanism}")
    reply = _attempt(server, mechanism, user, password)
    result, text, remedy = _verdict(reply, mask.hide(user), mask)
    server.note(result, text, mask.lines(reply))
    server.leave()
    return result, f"{text} ({mechanism}, {'over TLS' if server.encrypted else 'in clear text'})", remedy


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a password may be sent, why, and what to do where it may not."""

    given: bool
    result: Result
    text: str
    remedy: str = ""


def permission(level: str, address: str, *, encrypted: bool, proven: bool) -> Permission:
    """Say whether the settings let a password go to a server, over the connection that there is now."""
    if encrypted and level in LOOKS_AT_NAMES | {"fingerprint"} and not proven:
        return Permission(
            False,
            Result.BAD,
            "The certificate is not proven, so the password was not sent.",
            "Have the certificate corrected, or change the TLS policy of this next hop.",
        )
    if encrypted:
        return Permission(True, Result.GOOD, "The password is sent over TLS.")
    if level in NEEDS_TLS:
        return Permission(False, Result.BAD, "There is no TLS, which the settings want, so the password was not sent.")
    if literal(address) and ipaddress.ip_address(address).is_loopback:
        return Permission(True, Result.NOTE, "The server is this machine itself: the password does not leave it.")
    if level == "none":
        return Permission(
            True, Result.DOUBT, "The settings switch TLS off there, so the password is sent in clear text."
        )
    return Permission(
        False,
        Result.BAD,
        "Without TLS anybody on the way could read the password, so it was not sent.",
        f"At the level {level} Postfix would send it. Add a TLS policy “encrypt” for this next hop, and have TLS set "
        "up there.",
    )


def _attempt(server: Server, mechanism: str, user: str, password: str) -> Reply:
    """Send user and password; the last reply is the verdict."""
    talk = server.dialogue
    if mechanism == "PLAIN":
        return talk.command(f"AUTH PLAIN {_encoded(f'{chr(0)}{user}{chr(0)}{password}')}")
    challenge = talk.command(f"AUTH {mechanism}")
    if challenge.code != 334:
        return challenge
    if mechanism == "CRAM-MD5":
        return talk.command(_encoded(f"{user} {_digest(password, challenge)}"))
    answer = talk.command(_encoded(user))
    return talk.command(_encoded(password)) if answer.code == 334 else answer


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _digest(password: str, challenge: Reply) -> str:
    try:
        nonce = base64.b64decode(challenge.texts[-1], validate=True)
    except (binascii.Error, ValueError):
        raise Trouble("The server's challenge cannot be read.") from None
    return hmac.new(password.encode(), nonce, "md5").hexdigest()


def _verdict(reply: Reply, user: str, mask: Mask) -> tuple[Result, str, str]:
    said = mask.hide(reply.last)
    if reply.code == 235:
        return Result.GOOD, f"The server takes the login of {user}", ""
    if 400 <= reply.code < 500:
        return Result.DOUBT, f"The server cannot tell now: {said}", "Try again in some minutes."
    if reply.code in {530, 538}:
        remedy = "Add a TLS policy “encrypt” for this next hop."
        return Result.BAD, f"The server wants TLS before a login: {said}", remedy
    if reply.code == 534:
        remedy = "Ask its operator: it may want a password made for programs, or another way to log in."
        return Result.BAD, f"The server does not take this way of logging in: {said}", remedy
    if reply.code == 535:
        return Result.BAD, f"The server does not take user and password: {said}", "Enter them anew in this row."
    return Result.BAD, f"The login failed: {said}", "Ask its operator what the answer means."

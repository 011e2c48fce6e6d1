"""The envelope of a message: who sent it, to whom, with what parameters, and the client it first came from.

Parsing is strict where it protects the next hop: no control character survives, so nothing in an address or a
parameter can become a command of its own at re-injection. Everything else is kept as the octets that came, and given
on as those: an address is not ours to beautify. Known parameters: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8
(RFC 6531), RET ENVID NOTIFY ORCPT (RFC 3461), XFORWARD (Postfix's XFORWARD_README).

A parse function returns the value or the `Reply` that refuses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sealgate.mpa.reply import Reply

XFORWARD_NAMES = (b"NAME", b"ADDR", b"PORT", b"PROTO", b"HELO", b"IDENT", b"SOURCE")

# The address between < and >: a quoted part may contain anything printable, the rest no blank, quote, < or >.
_PATH = rb'<((?:"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"|[^"<>\x00-\x20\x7f])*)>'
_PARAMETERS = rb"((?: +[^\x00-\x20\x7f]+)*) *"
_MAIL = re.compile(rb"MAIL FROM: ?" + _PATH + _PARAMETERS, re.IGNORECASE)
_RCPT = re.compile(rb"RCPT TO: ?" + _PATH + _PARAMETERS, re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"([A-Za-z]+)=([^\x00-\x20\x7f]*)")
_XTEXT = re.compile(rb"\+([0-9A-F]{2})")

_MAIL_VALUES = {
    b"SIZE": re.compile(rb"[0-9]{1,20}"),
    b"BODY": re.compile(rb"7BIT|8BITMIME", re.IGNORECASE),
    b"RET": re.compile(rb"FULL|HDRS", re.IGNORECASE),
    b"ENVID": re.compile(rb"[!-~]+"),
    b"SMTPUTF8": re.compile(rb""),
}
_RCPT_VALUES = {
    b"NOTIFY": re.compile(rb"[A-Z,]+", re.IGNORECASE),
    b"ORCPT": re.compile(rb"[!-~][^\x00-\x20\x7f]*"),
}

_SYNTAX = Reply(501, b"5.5.4 Syntax error in the address or a parameter")
_UNKNOWN = Reply(555, b"5.5.4 Unsupported parameter")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient: the address as it came, and its parameters as they came (`NOTIFY=… ORCPT=…`)."""

    address: bytes
    parameters: bytes = b""


@dataclass(slots=True)
class Envelope:
    """One mail transaction. `size` is what the client declared (octets, 0 when it did not)."""

    sender: bytes
    parameters: bytes = b""  # of MAIL, without SIZE, which is counted anew
    size: int = 0
    utf8: bool = False
    dsn: bool = False
    eight_bit: bool = False
    recipients: list[Recipient] = field(default_factory=list)
    xforward: dict[bytes, bytes] = field(default_factory=dict)

    def add(self, recipient: Recipient) -> None:
        """Add a recipient."""
        self.recipients.append(recipient)
        self.dsn = self.dsn or bool(recipient.parameters)

    def client(self, name: bytes) -> str:
        """Return an XFORWARD attribute decoded, empty when unknown."""
        value = self.xforward.get(name, b"")
        return "" if value in {b"[UNAVAILABLE]", b"[TEMPUNAVAIL]"} else decode_xtext(value)

    @property
    def queue_id(self) -> str:
        """The queue id of the message as Postfix handed it to us (XFORWARD IDENT), empty when unknown."""
        return self.client(b"IDENT")


def parse_mail(line: bytes) -> Envelope | Reply:
    """Parse a MAIL command (without its line end)."""
    parsed = _parse(line, _MAIL, _MAIL_VALUES)
    if isinstance(parsed, Reply):
        return parsed
    sender, values = parsed
    kept = [_join(name, value) for name, value in values.items() if name != b"SIZE"]
    return Envelope(
        sender=sender,
        parameters=b" ".join(kept),
        size=int(values.get(b"SIZE", b"0")),
        utf8=b"SMTPUTF8" in values,
        dsn=b"RET" in values or b"ENVID" in values,
        eight_bit=values.get(b"BODY", b"").upper() == b"8BITMIME",
    )


def parse_rcpt(line: bytes) -> Recipient | Reply:
    """Parse a RCPT command (without its line end)."""
    parsed = _parse(line, _RCPT, _RCPT_VALUES)
    if isinstance(parsed, Reply):
        return parsed
    address, values = parsed
    if not address:
        return _SYNTAX
    return Recipient(address, b" ".join(_join(name, value) for name, value in values.items()))


def parse_xforward(line: bytes) -> dict[bytes, bytes] | Reply:
    """Parse an XFORWARD command; the values stay encoded as they came."""
    found: dict[bytes, bytes] = {}
    for item in line.split(b" ")[1:]:
        match = _ATTRIBUTE.fullmatch(item)
        if not match or match[1].upper() not in XFORWARD_NAMES:
            return _SYNTAX
        found[match[1].upper()] = match[2]
    return found or _SYNTAX


def decode_xtext(value: bytes) -> str:
    """Decode xtext (RFC 3461 section 4); octets that are not UTF-8 are replaced."""
    return _XTEXT.sub(lambda match: bytes([int(match[1], 16)]), value).decode("utf-8", "replace")


def _parse(
    line: bytes, form: re.Pattern[bytes], known: dict[bytes, re.Pattern[bytes]]
) -> tuple[bytes, dict[bytes, bytes]] | Reply:
    match = form.fullmatch(line)
    if not match:
        return _SYNTAX
    values: dict[bytes, bytes] = {}
    for item in match[2].split():
        name, _, value = item.partition(b"=")
        name = name.upper()
        if name not in known:
            return _UNKNOWN
        if name in values or not known[name].fullmatch(value):
            return _SYNTAX
        values[name] = value
    return match[1], values


def _join(name: bytes, value: bytes) -> bytes:
    return name + b"=" + value if value else name

"""DNS lists: RBLs by client address, by domain of sender or HELO, and DNS white lists (postconf(5)).

Written `zone[=answers][ kind]`: `zen.example.net=127.0.0.[2..4;10]`. Postfix dies on a bad answer pattern only when a
client reaches it, and a bad zone makes the list silently inactive, so both are checked here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.names import DomainName
from sealgate.model.objects import Column, Kind, Noun, at, choice, known_fields
from sealgate.model.text import one_line, shown, token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.objects import Fields

LONGEST_REPLY = 400
_RANGE = re.compile(r"([0-9]{1,3})(?:\.\.([0-9]{1,3}))?", re.ASCII)
# postconf(5), default_rbl_reply: the names that a reply template may hold.
REPLY_NAMES = (
    "client", "client_address", "client_name", "helo_name", "rbl_class", "rbl_code", "rbl_domain", "rbl_reason",
    "rbl_txt", "rbl_what", "recipient", "recipient_domain", "recipient_name", "reverse_client_name", "sender",
    "sender_domain", "sender_name",
)  # fmt: skip
_DOLLAR = re.compile(r"\$(?:([a-z_]+)\b)?", re.ASCII)


class RblKind(StrEnum):
    """What is looked up in the list: the client's address, or the domain of sender or HELO; or a DNS white list."""

    CLIENT = "client"
    SENDER = "sender"
    HELO = "helo"
    WHITE = "white"


@dataclass(frozen=True, slots=True)
class Rbl:
    """A DNS list: `zone`, the answers that count (`127.0.0.2`, `127.0.0.[1..4;6]`, empty: all), kind, reply text."""

    zone: DomainName
    answers: str = ""
    kind: RblKind = RblKind.CLIENT
    reply: str = ""

    @property
    def query(self) -> str:
        """The list as a Postfix restriction names it: `zone` or `zone=answers`."""
        return f"{self.zone}={self.answers}" if self.answers else str(self.zone)


_KIND = Column(
    "kind",
    "Kind",
    "client: the client's address; sender, helo: the domain given there; white: a DNS white list of client addresses.",
    Kind.CHOICE,
    default="client",
    choices=tuple(RblKind),
)
_COLUMNS = (
    Column(
        "zone",
        "DNS list",
        "The list's zone, with the answers that count after an equals sign: zen.example.net=127.0.0.2.",
        required=True,
        argument=True,
    ),
    Column("answers", "Answers that count", "d.d.d.d, where d may be [1..4;6]; empty: any answer counts."),
    _KIND,
    Column("reply", "Reply text", "What a rejected client is told; empty: Postfix's own text with the list's reason."),
)


def parse_rbl(fields: Mapping[str, Any]) -> Rbl:
    """Read a DNS list; the answers may follow the zone after `=`."""
    given = known_fields(fields, _COLUMNS)
    with at("zone"):
        zone, equals, behind = token(given["zone"], "The DNS list").partition("=")
        if equals and given["answers"]:
            raise InvalidValue.of("The answers are given twice.", "Enter them after the zone or in their own field.")
        name = DomainName.parse(zone, "The DNS list")
    with at("zone" if equals else "answers"):
        if equals and not behind:
            raise InvalidValue.of("There is nothing after the equals sign.", "Write the answer, such as 127.0.0.2.")
        answers = parse_answers(behind or given["answers"])
    kind = RblKind(choice(given["kind"], _KIND))
    with at("reply"):
        reply = parse_reply(given["reply"])
        if reply and kind is RblKind.WHITE:
            raise InvalidValue.of("A white list rejects nothing, so it has no reply text.", "Leave it empty.")
    return Rbl(name, answers, kind, reply)


def parse_answers(text: object) -> str:
    """Read the answers that count: four parts, each a number 0-255 or `[n;n..n]` (postconf(5), reject_rbl_client)."""
    word = one_line(text, "The answer", 200)
    if not word:
        return ""
    parts = _octets(word)
    if len(parts) != 4:
        raise InvalidValue.of(f"The answer {shown(word)!r} has not four parts.", "Write it as 127.0.0.2.")
    return ".".join(_octet(part, word) for part in parts)


def _octets(word: str) -> list[str]:
    parts, depth = [""], 0
    for char in word:
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char == "." and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _octet(part: str, word: str) -> str:
    inside = part[1:-1] if part.startswith("[") and part.endswith("]") else part
    choices = inside.split(";") if inside is not part else [part]
    found = [_RANGE.fullmatch(choice) for choice in choices]
    for bounds in found:
        if bounds is None or (inside is part and bounds[2]):
            break
        low, high = int(bounds[1]), int(bounds[2] or bounds[1])
        if not low <= high <= 255:
            break
    else:
        texts = [f"{int(b[1])}..{int(b[2])}" if b[2] else f"{int(b[1])}" for b in found if b]
        return f"[{';'.join(texts)}]" if inside is not part else texts[0]
    raise InvalidValue.of(
        f"The part {shown(part)!r} of the answer {shown(word)!r} is not possible.",
        "Each of the four parts is a number 0 to 255, or [1..4;6] with ranges from low to high.",
    )


def counts(answers: str, address: str) -> bool:
    """Tell whether an answer of a list is one of those that count; empty `answers`: every one does."""
    if not answers:
        return True
    given = address.split(".")
    return len(given) == 4 and all(map(_has, _octets(answers), given))


def _has(part: str, octet: str) -> bool:
    bounds = (_RANGE.fullmatch(choice) for choice in part.strip("[]").split(";"))
    return (
        octet.isascii()
        and octet.isdigit()
        and any(one and int(one[1]) <= int(octet) <= int(one[2] or one[1]) for one in bounds)
    )


def parse_reply(text: object) -> str:
    """Read a reply text: one line of ASCII; `$rbl_domain` and the other names of default_rbl_reply are filled in."""
    line = one_line(text, "The reply text", LONGEST_REPLY)
    if not line.isascii():
        raise InvalidValue.of("The reply text has letters outside ASCII.", "SMTP replies are ASCII (RFC 5321 §4.2).")
    for name in _DOLLAR.finditer(line):
        if name[1] not in REPLY_NAMES:
            raise InvalidValue.of(
                f"The reply text has {shown(name[0])!r}, which is no name that Postfix fills in.",
                f"Possible are: {', '.join('$' + known for known in REPLY_NAMES)}.",
            )
    return line


def rbl_fields(value: Rbl) -> Fields:
    """Return the canonical form of a DNS list."""
    return {"zone": str(value.zone), "answers": value.answers, "kind": value.kind.value, "reply": value.reply}


def rbl_key(value: Rbl) -> str:
    """Return the list's name among its kind: `zone=answers`, with the kind before it where that is not `client`."""
    return value.query if value.kind is RblKind.CLIENT else f"{value.kind.value}:{value.query}"


RBL: Noun[Rbl] = Noun(
    name="rbl",
    plural="rbls",
    title="RBL",
    columns=_COLUMNS,
    parse=parse_rbl,
    fields=rbl_fields,
    key=rbl_key,
    tag=lambda value: str(value.zone),
    ordered=True,
)

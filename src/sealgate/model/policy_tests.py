"""Policy tests: an administrator's sentences "from this client, this mail must be accepted / rejected / go there".

A test is kept in the revision like any other row, and every rehearsal holds it; nothing of it reaches Postfix's files.
So its texts may have characters that mean something to Postfix (`$`, `%`, `!`): what a test tries is often just that.
Only what could make one SMTP command two is refused: line breaks, NUL, and what hides or reorders text.

The addresses are those of SMTP's MAIL and RCPT (RFC 5321 §4.1.2), and may be malformed on purpose. `policy_lines.py` is
the form on one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import idna

from sealgate.model.errors import InvalidValue
from sealgate.model.names import Address, HostName, NextHop, parse_address, parse_port
from sealgate.model.objects import Column, Kind, Noun, at, choice, is_empty, known_fields, list_of
from sealgate.model.text import flag, hidden_character, one_line, shown, token
from sealgate.model.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.objects import Fields

MOST_RECIPIENTS = 100
LONGEST_MESSAGE = 100_000
LONGEST_HEADERS = 10_000
LARGEST_SIZE = 1 << 40
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
# What one path is: perhaps a source route, then anything visible; blanks and commas only in a quoted local part.
PATH = re.compile(r'(?:@[^\s":]+:)?(?:"(?:[^"\\]|\\.)*"|[^\s,"])+')
_HEADER = re.compile(r"[!-9;-~]+[ \t]*:")
_LONGEST_PATH = 320
_LONGEST_TEXT = 400


class Expectation(StrEnum):
    """What must become of the mail."""

    ACCEPT = "accept"
    REJECT = "reject"
    DEFER = "defer"
    NEXT_HOP = "next-hop"
    ENCRYPTED = "encrypted"
    SIGNED = "signed"

    @property
    def refuses(self) -> bool:
        """Whether the gateway answers with a code other than 2xx, so that code and text can be asked for."""
        return self in {Expectation.REJECT, Expectation.DEFER}


class Protection(StrEnum):
    """How the mail must be protected on its way to the next hop."""

    ANY = ""
    NONE = "none"
    ENCRYPT = "encrypt"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """One test. The client: `client` (address), `client_name` (its DNS name), `helo`, `tls`, `login`; `port` 0: usual.

    `sender` and `recipients` are as in MAIL FROM:<> and RCPT TO:<>, the null sender is empty. `size` is announced in
    bytes. `headers` are header lines, `message` is a whole message, both with LF line ends; at most one is given.
    `code` (`554`) and `reply` (a piece of the reply; `*` stands for anything) go with a refusal, `next_hop` and
    `level` with Expectation.NEXT_HOP.
    """

    name: str
    client: Address
    recipients: tuple[str, ...]
    expect: Expectation
    client_name: HostName | None = None
    helo: str = ""
    tls: bool = False
    login: str = ""
    port: int = 0
    sender: str = ""
    size: int | None = None
    headers: str = ""
    message: str = ""
    code: str = ""
    reply: str = ""
    next_hop: NextHop | None = None
    level: Protection = Protection.ANY


_EXPECT = Column(
    "expect",
    "Expectation",
    "accept, reject (5xx), defer (4xx), next-hop (it goes there), encrypted, or signed.",
    Kind.CHOICE,
    required=True,
    choices=tuple(Expectation),
)
_LEVEL = Column(
    "level",
    "TLS to the next hop",
    "With next-hop: none (in clear), encrypt (over TLS), verify (over TLS with a verified certificate).",
    Kind.CHOICE,
    choices=tuple(level.value for level in Protection if level),
)
_COLUMNS = (
    Column("name", "Name", "Letters, digits, dots, hyphens and underscores; empty: a number.", argument=True),
    Column("client", "Client", "The address that connects.", required=True),
    Column("client_name", "Client name", "The name that DNS confirms for the client; empty: it has none."),
    Column("helo", "HELO", "What the client says in EHLO; empty: its name, or client.example.org."),
    Column("tls", "TLS", "The client says STARTTLS first.", Kind.FLAG, default=False),
    Column("login", "Login", "The user that the client has logged in as."),
    Column("port", "Port", "The gateway's port that the client connects to; empty: the first one for mail."),
    Column("sender", "Sender", "The address in MAIL FROM; empty: the null sender <>."),
    Column("recipients", "Recipients", "The addresses in RCPT TO.", Kind.LIST, required=True, default=()),
    Column("size", "Size", "The size that the client announces, such as 20 MiB.", default=None),
    Column("headers", "Headers", "Header lines of the message, as in Subject: make money fast."),
    Column("message", "Message", "A whole message, headers and body."),
    _EXPECT,
    Column("code", "Reply code", "With reject or defer: the code, such as 554; empty: any of its class."),
    Column("reply", "Reply text", "With reject or defer: a piece of the reply; * stands for anything."),
    Column("next_hop", "Next hop", "With next-hop: where it goes, as transports write it ([mx.example.com]:25)."),
    _LEVEL,
)


def parse_policy_test(fields: Mapping[str, Any]) -> PolicyTest:
    """Read a policy test from its fields."""
    given = known_fields(fields, _COLUMNS)
    with at("client"):
        client = _client(given["client"])
    with at("client_name"):
        name = None if is_empty(given["client_name"]) else HostName.parse(given["client_name"], "The client's name")
    with at("recipients"):
        recipients = tuple(parse_path(one, "The recipient") for one in _recipients(given["recipients"]))
    with at("sender"):
        sender = parse_path(given["sender"], "The sender")
    with at("port"):
        port = 0 if is_empty(given["port"]) or given["port"] in (0, "0") else parse_port(given["port"])
    with at("size"):
        size = None if is_empty(given["size"]) else parse_size(given["size"], "The size", 1, LARGEST_SIZE)
    with at("tls"):
        tls = flag(given["tls"], "TLS")
    expect = Expectation(choice(given["expect"], _EXPECT))
    return PolicyTest(
        name=_checked("name", parse_name, given),
        client=client,
        recipients=recipients,
        expect=expect,
        client_name=name,
        helo=_checked("helo", _helo, given),
        tls=tls,
        login=_checked("login", _login, given),
        port=port,
        sender=sender,
        size=size,
        **_content(given),
        **_wanted(given, expect),
    )


def _checked(field: str, read: Any, given: Mapping[str, Any]) -> Any:
    with at(field):
        return read(given[field])


def parse_name(text: object) -> str:
    """Read a test's name: one word of ASCII letters, digits, dots, hyphens and underscores."""
    name = token(text, "The test's name", 63)
    if not _NAME.fullmatch(name):
        raise InvalidValue.of(
            f"The test's name {shown(name)!r} is not possible.",
            "Use letters, digits, dots, hyphens and underscores; the comment has room for a sentence.",
        )
    return name


def _client(text: object) -> Address:
    address = parse_address(text, "The client's address")
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        raise InvalidValue.of(f"Nobody connects from {address}.", "Enter the address of one machine.")
    if address.version == 6 and address.ipv4_mapped is not None:
        raise InvalidValue.of(f"{address} is an IPv4 address in IPv6 form.", f"Enter {address.ipv4_mapped}.")
    return address


def _recipients(value: object) -> list[Any]:
    text = None
    if isinstance(value, str):
        lines = ", ".join(filter(None, map(str.strip, value.split("\n"))))
        text = one_line(lines, "The list of recipients", LONGEST_HEADERS)
    found = value if text is None else PATH.findall(text)
    if text is not None and PATH.sub("", text).strip(", \t"):
        raise InvalidValue.of(f"The list of recipients {shown(text)!r} cannot be read.", "Is a quote missing?")
    recipients = list_of(found, "The list of recipients", MOST_RECIPIENTS)
    if not recipients:
        raise InvalidValue.of("There is no recipient.", "Enter one address at least.")
    if any(not one for one in recipients) or len({str(one) for one in recipients}) != len(recipients):
        raise InvalidValue.of("A recipient is empty or comes twice.", "Enter each address once.")
    return recipients


def parse_path(text: object, what: str) -> str:
    """Read what stands between < and > in MAIL or RCPT; `<>` is the null sender. Wrong forms on purpose are taken."""
    path = one_line(text, what, _LONGEST_PATH + 2)
    if path.startswith("<") and path.endswith(">"):
        path = path[1:-1]
    if "<" in path or ">" in path:
        raise InvalidValue.of(f"{what} {shown(path)!r} has an angle bracket in it.", "Enter the address alone.")
    if path and not PATH.fullmatch(path):
        raise InvalidValue.of(
            f"{what} {shown(path)!r} is not one address.",
            "Blanks and commas can stand in a quoted local part only; a list of addresses has commas between them.",
        )
    local, sign, domain = path.rpartition("@")
    if sign and not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise InvalidValue.of(f"{what} {shown(path)!r} has no possible domain.", "Check its spelling.") from None
        path = f"{local}@{domain}"
    if not path.isascii():
        raise InvalidValue.of(
            f"{what} {shown(path)!r} has letters outside ASCII before the @.",
            "Tests speak SMTP without SMTPUTF8 (RFC 6531), as the gateway does.",
        )
    if len(path) > _LONGEST_PATH:
        raise InvalidValue.of(f"{what} has {len(path)} characters.", f"At most {_LONGEST_PATH} are possible.")
    return path


def _helo(text: object) -> str:
    word = one_line(text, "The HELO name", 255)
    if any(char == " " or not "!" <= char <= "~" for char in word):
        raise InvalidValue.of(
            f"The HELO name {shown(word)!r} is not one word of ASCII.", "Enter a name or [192.0.2.1]."
        )
    return word


def _login(text: object) -> str:
    line = one_line(text, "The login", 255)
    if not line.isascii():
        raise InvalidValue.of("The login has letters outside ASCII.", "Enter it as the client sends it.")
    return line


def _content(given: Mapping[str, Any]) -> dict[str, Any]:
    with at("headers"):
        headers = _headers(_lines(given["headers"], "The headers", LONGEST_HEADERS))
    with at("message"):
        message = _lines(given["message"], "The message", LONGEST_MESSAGE)
        if message and headers:
            raise InvalidValue.of("There are headers and a whole message.", "Put the headers into the message.")
    return {"headers": headers, "message": message}


def _lines(value: object, what: str, longest: int) -> str:
    """Return text of many lines with LF ends; control characters other than tabs are refused with their line."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidValue.of(f"{what} must be text, not {type(value).__name__}.")
    if len(value) > longest:
        raise InvalidValue.of(
            f"{what} has {len(value):,} characters.",
            f"At most {longest:,} are possible; a large mail is tested by the size that it announces.",
        )
    lines = value.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if found := hidden_character(line.replace("\t", " ")):
            raise InvalidValue.of(f"{what} has {found} of line {number}.", "Use visible characters only.")
    return "\n".join(lines)


def _headers(text: str) -> str:
    text = text.strip("\n")
    for number, line in enumerate(text.split("\n") if text else (), 1):
        if not (_HEADER.match(line) or (number > 1 and line[:1] in {" ", "\t"} and line.strip())):
            raise InvalidValue.of(
                f"Line {number} of the headers, {shown(line)!r}, is no header.", "Write it as Subject: text."
            )
    return text


def _wanted(given: Mapping[str, Any], expect: Expectation) -> dict[str, Any]:
    """Return what belongs to the expectation; what belongs to another one is a fault."""
    for field in ("code", "reply") if not expect.refuses else ():
        if not is_empty(given[field]):
            raise InvalidValue.of(f"A {field} goes with reject or defer, not with {expect}.", "Leave it empty.", field)
    for field in ("next_hop", "level") if expect is not Expectation.NEXT_HOP else ():
        if not is_empty(given[field]):
            raise InvalidValue.of(f"This goes with next-hop, not with {expect}.", "Leave it empty.", field)
    with at("code"):
        code = _code(given["code"], expect)
    with at("reply"):
        reply = one_line(given["reply"], "The reply text", _LONGEST_TEXT)
        if not reply.isascii():
            raise InvalidValue.of("The reply text has letters outside ASCII.", "SMTP replies are ASCII.")
    if expect is not Expectation.NEXT_HOP:
        return {"code": code, "reply": reply}
    with at("next_hop"):
        hop = NextHop.from_destination(given["next_hop"], "The next hop")
    level = Protection.ANY if is_empty(given["level"]) else Protection(choice(given["level"], _LEVEL))
    return {"next_hop": hop, "level": level}


def _code(value: object, expect: Expectation) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    code = one_line(value, "The reply code", 10)
    first, other = ("5", "4") if expect is Expectation.REJECT else ("4", "5")
    if not code:
        return ""
    if len(code) != 3 or not code.isascii() or not code.isdigit() or code[0] not in {"4", "5"}:
        raise InvalidValue.of(f"The reply code {shown(code)!r} is not possible.", f"Enter one such as {first}50.")
    if code[0] == other:
        word = Expectation.DEFER if other == "4" else Expectation.REJECT
        raise InvalidValue.of(f"{code} is no code of {expect}.", f"Expect {word} {code} instead.")
    return code


def policy_test_fields(value: PolicyTest) -> Fields:
    """Return the canonical form of a policy test."""
    return {
        "name": value.name,
        "client": str(value.client),
        "client_name": str(value.client_name or ""),
        "helo": value.helo,
        "tls": value.tls,
        "login": value.login,
        "port": value.port or None,
        "sender": value.sender,
        "recipients": list(value.recipients),
        "size": value.size,
        "headers": value.headers,
        "message": value.message,
        "expect": value.expect.value,
        "code": value.code,
        "reply": value.reply,
        "next_hop": "" if value.next_hop is None else value.next_hop.destination,
        "level": value.level.value,
    }


POLICY_TEST: Noun[PolicyTest] = Noun(
    name="policy-test",
    plural="policy-tests",
    title="Policy tests",
    columns=_COLUMNS,
    parse=parse_policy_test,
    fields=policy_test_fields,
    key=lambda value: value.name,
    tag=lambda value: value.expect.value,
    ordered=True,
    numbered=True,
)

"""Questions to Explain that other pages ask with one click: about a row, a queued message, or lines of the log.

Each is the address of the form with its fields filled in. What a page does not know (the client of a queued message) is
the machine itself, which may always relay, so that the answer is about the rest of the way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.web.explaining import MACHINE, question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.link.upkeep import QueueMessage
    from sealgate.store import Stored

_REFUSED = re.compile(
    r"(?:re)?ject(?:ed)?: .*?from (?P<name>[^\s\[]+)\[(?P<client>[0-9A-Fa-f.:]+)\](?::\d+)?[:;].*"
    r"from=<(?P<sender>[^>]*)> to=<(?P<recipient>[^>]+)> proto=\S+(?: helo=<(?P<helo>[^>]*)>)?"
)
_CLIENT = re.compile(r": client=(?P<name>[^\s\[]+)\[(?P<client>[0-9A-Fa-f.:]+)\]")
_SENDER = re.compile(r"qmgr\[\d+\]: \w+: from=<(?P<sender>[^>]*)>, size=(?P<size>\d+)")
_RECIPIENT = re.compile(r": (?:orig_)?to=<(?P<recipient>[^>]+)>, ")
_LONGEST = 400


def about_row(row: Stored) -> str:
    """Return the question about a row of transports, relay domains or policy tests; empty for any other."""
    fields = row.fields
    if row.noun == "transport":
        recipient = _example(str(fields["pattern"]))
        return question(client=MACHINE, recipient=recipient) if recipient else ""
    if row.noun == "relay-domain":
        return question(recipient=f"info@{fields['domain']}")
    if row.noun == "policy-test":
        return question(
            client=str(fields["client"]), recipient=", ".join(fields["recipients"]), sender=fields["sender"] or "<>",
            name=fields["client_name"], helo=fields["helo"], tls="yes" if fields["tls"] else "",
            listener=str(fields["port"] or ""), size=str(fields["size"] or ""),
        )  # fmt: skip
    return ""


def _example(pattern: str) -> str:
    """Return an address that a pattern of a transport is about; empty where it is about none."""
    if "@" in pattern:
        return pattern if not pattern.startswith("@") else f"info{pattern}"
    if pattern.startswith("."):
        return f"info@mail{pattern}"
    return f"info@{pattern}" if "." in pattern else ""


def about_message(message: QueueMessage) -> str:
    """Return the question about a queued message, to its first recipient."""
    to = message.recipients[0].address if message.recipients else ""
    return question(client=MACHINE, recipient=to, sender=message.sender or "<>", size=str(message.size), of="live")


def about_line(line: str) -> str:
    """Return the question about a line of the log that tells of a refusal; empty for any other."""
    found = _REFUSED.search(line)
    return _asked(**found.groupdict()) if found else ""


def about_lines(lines: Iterable[str]) -> str:
    """Return the question about the message that these lines are about; empty where they do not tell enough."""
    told: dict[str, str | None] = {}
    for line in lines:
        for pattern in (_CLIENT, _SENDER, _RECIPIENT):
            if found := pattern.search(line):
                told = found.groupdict() | told
    return _asked(**told) if {"client", "sender", "recipient"} <= told.keys() else ""


def _asked(**told: str | None) -> str:
    """Return the question with what a log line told; a name that Postfix could not confirm is none."""
    given = {name: text[:_LONGEST] for name, text in told.items() if text}
    name = given.pop("name", "")
    sender = given.pop("sender", "") or "<>"
    if name not in {"unknown", "localhost", ""}:
        given["name"] = name
    return question(sender=sender, of="live", **given)

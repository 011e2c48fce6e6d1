"""The access tables that restrictions ask, and example keys of theirs: what a client can claim to get another answer.

A stranger may say any HELO name, any sender and any recipient, and may have any reverse name. So whatever an access
table of a restriction list answers to such a claim, a stranger can get. `claims` gives examples of the keys, as the
client would have to say them. Tables are read here as text, as cidr, as patterns (an example is made of the pattern)
or from the look-up tables of the desired state; big ones only in part. Sources: access(5), postconf(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sealgate.rehearsal.examples import Unmade, example

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.rehearsal.subject import Subject

_CHECK = re.compile(
    r"\bcheck_(helo|sender|recipient|client|reverse_client_hostname)_access\s+"
    r"(inline:\{(?:[^{}]|\{[^{}]*\})*\}|(?:\{[^{}]*\}|[^\s,{}])+)"
)
_ENTRY = re.compile(r"\{\s*(?P<key>[^\s{}=]+)\s*=\s*(?P<result>[^{}]*)\}|(?P<bare>[^\s,{}=]+)=(?P<word>[^\s,{}]+)")
"""Entries of an inline table, `{ key = value with blanks }` or `key=value` (DATABASE_README)."""
_LISTS = re.compile(r"smtpd_(?:client|helo|sender|relay|recipient|data|end_of_data)_restrictions")
_MOST = 12


@dataclass(frozen=True, slots=True)
class Claim:
    """A key of an access table: what kind of thing it names, the key, its result, and where the table is asked."""

    kind: str
    key: str
    result: str
    table: str
    parameter: str
    service: str = ""


def claims(subject: Subject) -> tuple[Claim, ...]:
    """Return example keys of every access table that a restriction list or class of own lines asks."""
    found = (claim for service, name, value in _lists(subject) for claim in _of_list(subject, service, name, value))
    return tuple(dict.fromkeys(found))


def zones(subject: Subject, restriction: str) -> tuple[str, ...]:
    """Return the DNS zones that a restriction of some list asks (`permit_dnswl_client`), answers with them."""
    shape = re.compile(rf"\b{restriction}\s+([^\s,]+)")
    return tuple(dict.fromkeys(zone for _, _, value in _lists(subject) for zone in shape.findall(value)))


def _lists(subject: Subject) -> Iterator[tuple[str, str, str]]:
    main = subject.read.main
    classes = set(main.get("smtpd_restriction_classes", "").replace(",", " ").split())
    for name, value in main.items():
        if _LISTS.fullmatch(name) or name in classes:
            yield "", name, value
    for service, options in subject.read.overrides.items():
        for name, value in options.items():
            if _LISTS.fullmatch(name) or name in classes:
                yield service, name, value


def _of_list(subject: Subject, service: str, name: str, value: str) -> Iterator[Claim]:
    for kind, table in _CHECK.findall(value):
        for key, result in islice(_entries(subject, table), _MOST):
            yield Claim(kind, key, result, table, name, service)


def _entries(subject: Subject, table: str) -> Iterator[tuple[str, str]]:
    kind, _, rest = table.removeprefix("proxy:").partition(":")
    if kind == "inline":
        inner = rest.strip().removeprefix("{").removesuffix("}")
        yield from (
            (one["key"] or one["bare"], (one["result"] or one["word"]).strip()) for one in _ENTRY.finditer(inner)
        )
    elif kind == "static":
        yield "", rest.strip("{}")
    else:
        text = _own_table(subject, rest)
        if text is not None:
            yield from _of_text(kind, text)


def _own_table(subject: Subject, path: str) -> str | None:
    """Return the text of a named look-up table of the desired state; the generated ones hold only what pages say."""
    name = path.rpartition("/")[2]
    for row in subject.desired.rows.rows("lookup-table"):
        if row.enabled and row.value.file_name == name:
            return b"".join(islice(subject.desired.rows.chunks(row.value.content), 4)).decode("utf-8", "replace")
    return None


def _of_text(kind: str, text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if not line.strip() or line[0] in "# \t":
            continue
        if kind in {"pcre", "regexp"}:
            pattern = re.match(r"(!?)/((?:[^/\\]|\\.)*)/([A-Za-z]*)\s+(.*)", line)
            if pattern and not pattern[1]:
                try:
                    yield example(pattern[2]), pattern[4]
                except Unmade:
                    continue
        else:
            key, *result = line.split(None, 1)
            yield key, result[0].strip() if result else ""

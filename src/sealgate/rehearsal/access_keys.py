"""The access tables that restrictions ask, and example keys of theirs: what a client can claim to get another answer.

A stranger may say any HELO name, any sender and any recipient, and may have any reverse name. So whatever an access
table of a restriction list answers to such a claim, a stranger can get. `claims` gives examples of the keys, as the
client would have to say them. Tables are read here as text, as cidr, as patterns or from the look-up tables of the
desired state; big ones only in part. Of a pattern an example is made that fits it and every `if` around it; of a
negated one it is whatever does not fit. Sources: access(5), pcre_table(5), regexp_table(5), postconf(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, permutations
from typing import TYPE_CHECKING

from sealgate.model.checking.tables import logical_table_lines
from sealgate.model.pattern_rules import BLOCK, parse_rule
from sealgate.rehearsal.examples import Unmade, example, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealgate.model.pattern_rules import PatternRule
    from sealgate.rehearsal.subject import Subject

_CHECK = re.compile(
    r"\bcheck_(helo|sender|recipient|client|reverse_client_hostname)_access\s+"
    r"((?:inline|cidr|pcre|regexp):\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|(?:\{[^{}]*\}|[^\s,{}])+)"
)
_BRACED = re.compile(r"\{\s*((?:[^{}]|\{[^{}]*\})*?)\s*\}")
"""Lines of an inline table of type cidr, pcre or regexp."""
_ENTRY = re.compile(r"\{\s*(?P<key>[^\s{}=]+)\s*=\s*(?P<result>[^{}]*)\}|(?P<bare>[^\s,{}=]+)=(?P<word>[^\s,{}]+)")
"""Entries of an inline table, `{ key = value with blanks }` or `key=value` (DATABASE_README)."""
_LISTS = re.compile(r"smtpd_(?:client|helo|sender|relay|recipient|data|end_of_data)_restrictions")
_MOST = 12
_MAILBOXES = ("someone@sender.example", "x@x.example")
_NAMES = ("client.example.org", "x.example")
_LONGEST = 400


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
        usual = _MAILBOXES if kind in {"sender", "recipient"} else _NAMES
        for key, result in islice(_entries(subject, table, usual), _MOST):
            yield Claim(kind, key, result, table, name, service)


def _entries(subject: Subject, table: str, usual: Sequence[str]) -> Iterator[tuple[str, str]]:
    kind, _, rest = table.removeprefix("proxy:").partition(":")
    inner = rest.strip().removeprefix("{").removesuffix("}")
    if kind == "inline":
        yield from (
            (one["key"] or one["bare"], (one["result"] or one["word"]).strip()) for one in _ENTRY.finditer(inner)
        )
    elif kind == "static":
        yield "", rest.strip("{}")
    elif rest.startswith("{"):
        yield from _of_lines(kind, _BRACED.findall(inner), usual)
    else:
        text = _own_table(subject, rest)
        if text is not None:
            yield from _of_lines(kind, (line for _, line in logical_table_lines(text.split("\n"))), usual)


def _own_table(subject: Subject, path: str) -> str | None:
    """Return the text of a named look-up table of the desired state; the generated ones hold only what pages say."""
    name = path.rpartition("/")[2]
    for row in subject.desired.rows.rows("lookup-table"):
        if row.enabled and row.value.file_name == name:
            return b"".join(islice(subject.desired.rows.chunks(row.value.content), 4)).decode("utf-8", "replace")
    return None


def _of_lines(kind: str, lines: Iterable[str], usual: Sequence[str]) -> Iterator[tuple[str, str]]:
    if kind in {"pcre", "regexp"}:
        yield from _of_patterns(lines, usual)
        return
    for line in lines:
        key, *result = line.split(None, 1)
        yield key, result[0].strip() if result else ""


def _of_patterns(lines: Iterable[str], usual: Sequence[str]) -> Iterator[tuple[str, str]]:
    around: list[PatternRule] = []
    for line in lines:
        block = BLOCK.fullmatch(line)
        if block and block[3]:
            del around[-1:]
            continue
        rule = parse_rule(block[2] if block else line)
        if rule is None:
            continue
        if block:
            around.append(rule)
        elif (key := _fitting((rule, *around), usual)) is not None:
            yield key, rule.result


def _fitting(rules: Sequence[PatternRule], usual: Sequence[str]) -> str | None:
    """Return a key that all of these rules mean: an example of one, of two put together, or a usual one."""
    made = [text for rule in rules if not rule.negated and (text := _example(rule)) is not None]
    pairs = (f"{one}{other}" for one, other in permutations(made, 2))
    return next((key for key in (*made, *pairs, *usual) if len(key) < _LONGEST and _fits(key, rules)), None)


def _example(rule: PatternRule) -> str | None:
    try:
        return example(rule.pattern, rule.flags)
    except Unmade:
        return None


def _fits(key: str, rules: Iterable[PatternRule]) -> bool:
    try:
        return all(matches(rule.pattern, rule.flags, key) != rule.negated for rule in rules)
    except Unmade:
        return False

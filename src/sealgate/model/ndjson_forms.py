"""Lists as NDJSON, both ways: one JSON object a line with `fields`, `comment` and `enabled`, as the API shows a row.

    {"fields": {"domain": "example.com"}, "comment": "head office", "enabled": true}

Members that only say where a row stands (`noun`, `key`, `position`, `version`, `address`, `secrets`) may be there and
mean nothing. Readers give one `Read` for each row, good or bad, as `forms.py` does; passwords are never written.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.forms import Collector, Read, refusal_of
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind
from sealgate.model.text_forms import READERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.objects import Row

_MEMBERS = {"fields": dict, "comment": str, "enabled": bool}
_PASSED_OVER = frozenset({"noun", "key", "position", "version", "address", "secrets"})
_LONGEST_LINE = 5_000_000


def write_ndjson(noun: str, rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Give a line for each row."""
    described = NOUNS[noun]
    hidden = {column.name for column in described.columns if column.kind is Kind.SECRET}
    for row in rows:
        fields = {name: value for name, value in described.fields(row.value).items() if name not in hidden}
        shape = {"key": row.key, "fields": fields, "comment": row.comment, "enabled": row.enabled}
        yield json.dumps(shape, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_ndjson(noun: str, lines: Iterable[str], *, first_number: int = 1) -> Iterator[Read]:
    """Read rows; lines without anything are passed over."""
    if noun not in READERS:
        yield Read(1, None, (Problem("", refusal_of(noun)),))
        return
    collector = Collector(NOUNS[noun], first_number)
    for number, line in enumerate(lines, 1):
        if not line.strip("\ufeff \t\r\n"):
            continue
        try:
            given = _object(line)
            said, enabled = given.get("comment", ""), given.get("enabled", True)
            yield collector.read(number, dict(given["fields"]), said, enabled=enabled)
        except InvalidValue as refusal:
            yield Read(number, None, refusal.problems)


def _object(line: str) -> dict[str, Any]:
    if len(line) > _LONGEST_LINE:
        raise InvalidValue.of("The line is too long.")
    try:
        value = json.loads(line.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise InvalidValue.of("The line is no JSON.", "Write one object a line.") from None
    if not isinstance(value, dict) or "fields" not in value:
        raise InvalidValue.of("The line is no row.", 'Write an object with "fields".')
    for name, member in value.items():
        if name not in _MEMBERS and name not in _PASSED_OVER:
            raise InvalidValue.of(f"A row has no member {name[:60]!r}.", f"It has: {', '.join(_MEMBERS)}.")
        if name in _MEMBERS and type(member) is not _MEMBERS[name]:
            raise InvalidValue.of(f"{name} is no {_MEMBERS[name].__name__}.", "", name)
    return value

"""Named MTA look-up tables, edited as text, written to `maps.d/<type>-<name>.map`.

The text itself is never here: a table holds the digests of its chunks (content.py), so that a table of a million lines
is a small value. What is wrong with lines is a finding (checking/tables.py), not a refusal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.content import chunk_digest, split
from sealgate.model.errors import InvalidValue
from sealgate.model.objects import Column, Kind, Noun, at, choice, known_fields
from sealgate.model.text import shown, token, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealgate.model.objects import Fields

TYPES = ("btree", "cdb", "cidr", "hash", "lmdb", "pcre", "regexp", "texthash")
MOST_LINES = 10_000_000
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A look-up table: name (letters, digits, hyphens), type as typed (`hash`, `pcre` …), digests of its text's chunks.

    The text is in the content store; `lines` and `size` (bytes) are kept here so that lists need not read it.
    """

    name: str
    type: str
    content: tuple[str, ...]
    lines: int
    size: int

    @property
    def file_name(self) -> str:
        """The name of its file in `maps.d`."""
        return f"{self.type}-{self.name}.map"


_TYPE = Column(
    "type",
    "Type",
    "hash, btree, lmdb, cdb and texthash look up whole keys, cidr addresses, pcre and regexp patterns.",
    Kind.CHOICE,
    default="hash",
    choices=TYPES,
)
_COLUMNS = (
    Column("name", "Name", "A name for the table: letters, digits, hyphens.", required=True, argument=True),
    _TYPE,
    Column("content", "Text", "The table's lines.", Kind.LONG_TEXT, default=()),
    Column("lines", "Lines", "How many lines the text has.", Kind.NUMBER, default=0),
    Column("size", "Size", "The size of the text in bytes.", Kind.NUMBER, default=0),
)


def parse_lookup_table(fields: Mapping[str, Any]) -> LookupTable:
    """Read a look-up table; its content is the list of digests that `table_of` gives for a text."""
    given = known_fields(fields, _COLUMNS)
    with at("name"):
        name = token(given["name"], "The name")
        if not _NAME.fullmatch(name):
            raise InvalidValue.of(f"The name {shown(name)!r} is not possible.", "Use letters, digits and hyphens.")
    with at("content"):
        content = given["content"]
        if not isinstance(content, list | tuple) or not all(
            isinstance(d, str) and _DIGEST.fullmatch(d) for d in content
        ):
            raise InvalidValue.of("The content is no list of digests.", "Store the text first.")
    with at("lines"):
        lines = whole_number(given["lines"], "The number of lines", 0, MOST_LINES)
    with at("size"):
        size = whole_number(given["size"], "The size", 0, 1 << 40)
    return LookupTable(name, choice(given["type"], _TYPE), tuple(content), lines, size)


def checked_text(text: object) -> str:
    r"""Return a table's text as it is stored: LF line ends, a final one, no NUL and no lone CR."""
    if not isinstance(text, str):
        raise InvalidValue.of(f"The text must be text, not {type(text).__name__}.")
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n")
    for char, name in (("\0", "a NUL character"), ("\r", "a CR without LF")):
        if char in lines:
            raise InvalidValue.of(f"Line {lines[: lines.index(char)].count(chr(10)) + 1} has {name}.", "Remove it.")
    try:
        lines.encode()
    except UnicodeEncodeError:
        raise InvalidValue.of("The text has characters that are not Unicode.", "Save it as UTF-8.") from None
    return lines if not lines or lines.endswith("\n") else f"{lines}\n"


def table_of(name: str, type_: str, text: str) -> tuple[LookupTable, Iterable[tuple[str, bytes]]]:
    """Make a look-up table of a text, with the chunks that are to be stored, each by its digest."""
    lines = checked_text(text)
    chunks = [(chunk_digest(chunk), chunk) for chunk in split(lines)]
    fields = {
        "name": name,
        "type": type_,
        "content": [digest for digest, _ in chunks],
        "lines": lines.count("\n"),
        "size": len(lines.encode()),
    }
    return parse_lookup_table(fields), chunks


def lookup_table_fields(value: LookupTable) -> Fields:
    """Return the canonical form of a look-up table."""
    return {
        "name": value.name,
        "type": value.type,
        "content": list(value.content),
        "lines": value.lines,
        "size": value.size,
    }


LOOKUP_TABLE: Noun[LookupTable] = Noun(
    name="lookup-table",
    plural="lookup-tables",
    title="MTA look-up tables",
    columns=_COLUMNS,
    parse=parse_lookup_table,
    fields=lookup_table_fields,
    key=lambda value: value.name,
    tag=lambda value: value.type,
)

r"""Lists as YAML, both ways: the part of YAML 1.2 that a list of flat entries needs, and nothing else.

    - name: outside-cannot-relay
      client: 203.0.113.5
      recipients:
      - c@relay.example
      expect: reject
      code: 554
      comment: "asked for by the auditors"

Every value is text, a list of texts, or a text of several lines after `|`; what it means is the column's matter, so
`no` is no flag and `554` no number before the column says so. Texts may stand in double quotes (with `\"`, `\\`, `\n`,
`\t`, `\uXXXX`) or single ones. Anchors, aliases, tags, flow mappings and tabs before text are refused by name: they
have no use here, and each has been a way to make a reader do what it should not. Fields at their default are left out.

Readers give one `Read` for each entry, good or bad, as `forms.py` does.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.forms import Collector, Read, refusal_of
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind, is_empty
from sealgate.model.text import flag, shown
from sealgate.model.text_forms import READERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.objects import Row

_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)[ ]*:(?:[ ]+(.*))?$")
_PLAIN = re.compile(r"[A-Za-z0-9./_][A-Za-z0-9./@_+:=$%-]*(?: [A-Za-z0-9./@_+=$%-]+)*", re.ASCII)
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
"""Words that other readers of YAML do not take as text."""
_STOP = {
    "&": "an anchor",
    "*": "an alias",
    "!": "a tag",
    "{": "a mapping in braces",
    ">": "folded text",
    "%": "a directive",
    "@": "a reserved sign",
    "`": "a reserved sign",
}
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LONGEST_ENTRY = 5000


def write_yaml(noun: str, rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Give the text of a YAML file for rows, entry by entry."""
    described = NOUNS[noun]
    columns = [column for column in described.columns if column.kind is not Kind.SECRET]
    for row in rows:
        fields = {c.name: c.default for c in columns} | described.fields(row.value)
        given = {c.name: fields[c.name] for c in columns if c.required or _differs(fields[c.name], c.default)}
        given |= {"comment": row.comment} if row.comment else {}
        given |= {} if row.enabled else {"enabled": False}
        lines = [line for name, value in given.items() for line in _written(name, value)]
        yield "".join(f"{'- ' if not number else '  '}{line}\n" for number, line in enumerate(lines))


def _differs(value: Any, default: Any) -> bool:
    return not is_empty(value) and value != default


def _written(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield f"{name}:"
        yield from (f"- {_scalar(one)}" for one in value)
    elif isinstance(value, str) and "\n" in value and not re.search(r"^\s|[^\S\n]+$|\n\Z", value):
        yield f"{name}: |-"
        yield from (f"  {line}" for line in value.split("\n"))
    else:
        yield f"{name}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    plain = _PLAIN.fullmatch(text) and not text.endswith(":") and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def read_yaml(noun: str, lines: Iterable[str], *, first_number: int = 1) -> Iterator[Read]:
    """Read rows from YAML."""
    if noun not in READERS:
        yield Read(1, None, (Problem("", refusal_of(noun)),))
        return
    collector = Collector(NOUNS[noun], first_number)
    for start, entry in _entries(lines):
        try:
            fields = _fields(entry)
            said = fields.pop("comment", "")
            enabled = flag(fields.pop("enabled", "yes"), "The field enabled")
            yield collector.read(start, fields, said if isinstance(said, str) else " ".join(said), enabled=enabled)
        except InvalidValue as refusal:
            yield Read(start, None, refusal.problems)


def _entries(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Give each entry with the number of its first line; its first line has a blank for the hyphen."""
    start, entry = 0, list[str]()
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")
        line = line.removeprefix("\ufeff") if number == 1 else line
        if (not entry and not line.strip()) or line.startswith("#") or line in {"---", "..."}:
            continue
        if line.startswith("- ") or line == "-":
            if entry:
                yield start, entry
            start, entry = number, [" " + line[1:]]
        elif not entry:
            start, entry = number, [line]  # not indented: `_fields` says what is wrong
        elif len(entry) < _LONGEST_ENTRY:
            entry.append(line)
    if entry:
        yield start, entry


class _Lines:
    """The lines of one entry, one after the other."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0

    def peek(self) -> str | None:
        """Return the next line that says something."""
        while self._at < len(self._lines) and _is_silent(self._lines[self._at]):
            self._at += 1
        return self._lines[self._at] if self._at < len(self._lines) else None

    def take(self) -> None:
        self._at += 1

    def literal(self, deeper: int) -> list[str]:
        """Take the lines of a text: all that are empty or indented deeper."""
        found: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip() and _indent(line) <= deeper:
                break
            found.append(line)
            self._at += 1
        while found and not found[-1].strip():
            found.pop()
        width = min((_indent(line) for line in found if line.strip()), default=0)
        return [line[width:] for line in found]


def _is_silent(line: str) -> bool:
    return not line.strip() or line.lstrip(" ").startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _fields(entry: list[str]) -> dict[str, Any]:
    lines, fields = _Lines(entry), dict[str, Any]()
    first = lines.peek() or ""
    depth = _indent(first)
    while (line := lines.peek()) is not None:
        found = _KEY.match(line.strip(" "))
        if _indent(line) != depth or not depth or not found:
            _refuse(line)
        lines.take()
        name, text = found[1], (found[2] or "").strip(" ")
        if name in fields:
            raise InvalidValue.of(f"{name} comes twice in one entry.", "Say it once.", name)
        if text in {"|", "|-", "|+"}:
            fields[name] = "\n".join(lines.literal(depth)) + ("\n" if text != "|-" else "")
        elif text and not text.startswith("#"):
            fields[name] = _list(text) if text.startswith("[") else _text(text)
        else:
            fields[name] = _block(lines, depth)
    return fields


def _block(lines: _Lines, depth: int) -> Any:
    """Read the list below a field, or nothing: an empty text."""
    found: list[str] = []
    while (line := lines.peek()) is not None and _indent(line) >= depth and line.strip(" ").startswith("- "):
        found.append(_text(line.strip(" ")[2:].strip(" ")))
        lines.take()
    return found or ""


def _list(text: str) -> list[str]:
    inside = text[1:].rstrip()
    found, place = [], 0
    while place < len(inside) and inside[place] != "]":
        quoted = _DOUBLE.match(inside, place) or _SINGLE.match(inside, place)
        end = (
            quoted.end()
            if quoted
            else min(p for p in (inside.find(",", place), inside.find("]", place), len(inside)) if p >= 0)
        )
        if word := inside[place:end].strip():
            found.append(_text(word))
        place = end
        while place < len(inside) and inside[place] in ", ":
            place += 1
    if not inside.endswith("]"):
        _refuse(text)
    return found


def _text(text: str) -> str:
    for shape in (_DOUBLE, _SINGLE):
        found = shape.match(text)
        if found and (not text[found.end() :].strip() or text[found.end() :].lstrip().startswith("#")):
            return found[1].replace("''", "'") if shape is _SINGLE else _unescaped(found[0])
    if text[:1] in _STOP:
        raise InvalidValue.of(
            f"{shown(text)!r} is {_STOP[text[0]]} of YAML, which has no use here.", "Put it in quotes."
        )
    if text[:1] in {'"', "'"}:
        _refuse(text)
    return text.partition(" #")[0].rstrip()


def _unescaped(quoted: str) -> str:
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:
        raise InvalidValue.of(
            f"The text {shown(quoted)} has an escape that is not known.", r"Known are \" \\ \n \t and \uXXXX."
        ) from None


def _refuse(line: str) -> NoReturn:
    if "\t" in line[: len(line) - len(line.lstrip())]:
        raise InvalidValue.of("A tab stands before the text.", "YAML is indented with blanks.")
    raise InvalidValue.of(
        f"{shown(line.strip())!r} cannot be read here.",
        "An entry is “- name: value”, and its other fields stand below the first, “  field: value”.",
    )

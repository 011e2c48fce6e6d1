"""What the terminal shows: safe text, aligned tables, findings, JSON.

Everything that comes from the database, the log or a message may hold characters that a terminal obeys (escape
sequences, C1 controls, bidi marks). `safe` makes them visible instead, and every function here uses it; JSON is ASCII
only, which has the same effect. Colour is only for a terminal, and never when NO_COLOR is set (https://no-color.org).
"""

from __future__ import annotations

import json
import shutil
import textwrap
import unicodedata
from typing import TYPE_CHECKING, Any

from sealgate.cli.next_steps import sentence
from sealgate.model.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Control, format (bidi marks, zero width), surrogate, private use, line and paragraph separators.
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_NARROWEST = 12


def safe(text: object, keep: str = "") -> str:
    """Return `text` with every character that a terminal might obey written as an escape; `keep` names exceptions."""
    word = str(text)
    if word.isascii() and word.isprintable():
        return word
    return "".join(char if char in keep or _harmless(char) else _escaped(char) for char in word)


def safe_lines(text: str) -> str:
    """Return a text of many lines made safe; line ends and tabs stay."""
    return safe(text, keep="\n\t")


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in _OBEYED


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Return how many terminal columns a safe text takes (UAX #11: wide characters take two, combining ones none)."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def to_json(value: Any) -> str:
    """Return a value as JSON for programs: ASCII only, indented, names in the order given."""
    return json.dumps(value, ensure_ascii=True, indent=2)


def to_json_line(value: Any) -> str:
    """Return a value as JSON on one line, for streams of them."""
    return json.dumps(value, ensure_ascii=True)


def cell(value: Any) -> str:
    """Return a JSON value as people read it in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(cell(one) for one in value)
    return safe(value)


def table(titles: Sequence[str], rows: Iterable[Sequence[Any]], columns: int | None = None) -> list[str]:
    """Return the lines of an aligned table.

    With `columns` (the width of a terminal) cells too wide are continued below themselves; without, every row stays
    on one line, for grep and cut. Columns that are empty in all rows are left out.
    """
    shown = [[cell(value) for value in row] for row in rows]
    used = [number for number in range(len(titles)) if any(row[number] for row in shown)]
    if not used:
        return []
    lines = [[titles[number].upper() for number in used], *([row[number] for number in used] for row in shown)]
    widths = [max(width(line[number]) for line in lines) for number in range(len(used))]
    if columns is not None:
        widths = _fitted(widths, columns)
    return [part for line in lines for part in _row_lines(line, widths, wrap=columns is not None)]


def _fitted(widths: list[int], columns: int) -> list[int]:
    """Narrow the widest columns until the table fits, but none below a readable width."""
    widths = list(widths)
    while sum(widths) + 2 * (len(widths) - 1) > columns:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths


def _row_lines(cells: Sequence[str], widths: Sequence[int], *, wrap: bool) -> list[str]:
    parts = [_wrapped(text, size) if wrap else [text] for text, size in zip(cells, widths, strict=True)]
    lines = []
    for number in range(max(map(len, parts))):
        texts = [part[number] if number < len(part) else "" for part in parts]
        padded = [text + " " * (size - width(text)) for text, size in zip(texts, widths, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return lines


def _wrapped(text: str, size: int) -> list[str]:
    if width(text) <= size:
        return [text]
    half = size if text.isascii() else max(size // 2, 1)
    return textwrap.wrap(text, half, break_on_hyphens=False) or [""]


def terminal_columns() -> int:
    """Return the width of the terminal (COLUMNS beats the terminal's own word)."""
    return shutil.get_terminal_size().columns


def paint(text: str, code: str, *, colour: bool) -> str:
    """Return `text` in a colour (SGR code), if colours are wanted."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def finding_lines(finding: Finding, *, colour: bool) -> list[str]:
    """Return a finding as a headline and, indented, why it matters and what to do."""
    word = paint(finding.severity.value, _COLOURS[finding.severity], colour=colour)
    place = safe(str(finding.place))
    head = f"{word}: {place + ': ' if place else ''}{safe(finding.what)}"
    said = (finding.why, finding.remedy, sentence(finding.steps))
    return [head, *(f"    {safe(text)}" for text in said if text)]


def newly_lines(sentences: Iterable[str] | None, *, colour: bool) -> list[str]:
    """Return who may newly do what, one line each; nothing where it is not known."""
    mark = paint("newly possible:", "33", colour=colour)
    return [f"{mark} {safe(text)}" for text in sentences or ()]


def count_of(number: int, one: str, many: str = "") -> str:
    """Return `1 row`, `2 rows`, `1,000,000 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def findings_summary(findings: Sequence[Finding]) -> str:
    """Return `2 errors, 1 warning`, or an empty text where there is nothing to say."""
    counts = {severity: sum(f.severity is severity for f in findings) for severity in Severity}
    return ", ".join(count_of(number, severity.value) for severity, number in counts.items() if number)

r"""Own lines as Postfix reads them: logical lines, definitions of main.cf, and the words of a value.

postconf(5): a line that begins with white space continues the one before, over empty lines and comments in between; a
line whose first visible character is `#` is a comment; nothing else is one. A value is a list at blanks and commas,
where `{ … }` is one word. `$name`, `${name}` and `$(name)` stand for other parameters, `$$` for a dollar.

Everything here knows the line (counted from 1) that it comes from. Nothing is judged; faults of form are given back as
`Fault`s with a stable code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.text import hidden_character

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LONGEST_TEXT = 2_000_000
PARAMETER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
RAW = frozenset(
    {
        "command_execution_directory", "default_rbl_reply", "forward_path", "home_mailbox", "luser_relay",
        "mailbox_command", "postscreen_reject_footer", "smtpd_expansion_filter", "smtpd_reject_footer",
    }
)  # fmt: skip
"""Parameters that are not filled in when main.cf is read: a `$` in them has a meaning of its own, later or never."""
_REFERENCE = re.compile(r"\$(?:([A-Za-z0-9_]+)|[{(]\s*([A-Za-z0-9_]+)|(\$)|([{(])|())", re.ASCII)
_SPACE = " \t\n,"
_DEEPEST = 50
LONGEST_VALUE = 200_000


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One definition: its text with continuations joined by blanks, and its first and last physical line.

    `pieces` has where in the text each physical line begins, and its number.
    """

    text: str
    first: int
    last: int
    pieces: tuple[tuple[int, int], ...]

    def line_at(self, position: int) -> int:
        """Return the physical line that a character of the text stands in."""
        return self.pieces[bisect_right(self.pieces, position, key=itemgetter(0)) - 1][1]


@dataclass(frozen=True, slots=True)
class Definition:
    """`name = value` of main.cf, with the line where it begins."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of form: its line, the code of the finding, and what is wrong in words."""

    line: int
    code: str
    what: str
    remedy: str = ""


def parse_text(value: object) -> str:
    """Read own lines as typed: line ends become LF, a last one is added; control characters are refused by line."""
    if not isinstance(value, str):
        raise InvalidValue.of(f"The own lines must be text, not {type(value).__name__}.", field="text")
    if len(value) > LONGEST_TEXT:
        raise InvalidValue.of(f"The own lines have {len(value)} characters.", f"At most {LONGEST_TEXT}.", "text")
    text = value.removeprefix("\ufeff").replace("\r\n", "\n")
    problems = [
        Problem(f"line {number}", f"There is {found}.", "Remove it.")
        for number, line in enumerate(text.split("\n"), 1)
        if (found := hidden_character(line.replace("\t", " ")))
    ]
    if problems:
        raise InvalidValue(*problems[:20])
    return text if not text or text.endswith("\n") else f"{text}\n"


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Give the definitions of a file, without comments and empty lines; the first may begin with white space."""
    pieces: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if line[0].isspace() and pieces:
            pieces.append((number, bare))
            continue
        if pieces:
            yield _joined(pieces)
        pieces = [(number, line.rstrip())]
    if pieces:
        yield _joined(pieces)


def _joined(pieces: Sequence[tuple[int, str]]) -> LogicalLine:
    starts = accumulate((len(piece) + 1 for _number, piece in pieces), initial=0)
    numbers = [number for number, _piece in pieces]
    text = " ".join(piece for _number, piece in pieces)
    return LogicalLine(text, numbers[0], numbers[-1], tuple(zip(starts, numbers, strict=False)))


def parse_main(text: str) -> tuple[tuple[Definition, ...], tuple[Fault, ...]]:
    """Return the definitions of main.cf lines in their order (the last of a name wins), and the faults of form."""
    definitions: list[Definition] = []
    faults: list[Fault] = []
    for line in logical_lines(text):
        if line.text[:1].isspace():
            faults.append(
                Fault(
                    line.first,
                    "own-lines-continue-generated",
                    "The first own line begins with white space, so it would continue the generated line before it.",
                    "Begin it at the left margin.",
                )
            )
            continue
        name, equals, value = line.text.partition("=")
        if not equals or not PARAMETER_NAME.fullmatch(name.strip()):
            faults.append(
                Fault(
                    line.first,
                    "own-line-not-understood",
                    "The line is no parameter: it has no name followed by an equals sign.",
                    "Write name = value, begin a comment with #, and a continued line with a blank.",
                )
            )
            continue
        definitions.append(Definition(name.strip(), value.strip(), line.first))
        if name.strip() not in RAW:
            faults.extend(dollar_faults(value, line, len(line.text) - len(value)))
    return tuple(definitions), tuple(faults)


def dollar_faults(value: str, line: LogicalLine, start: int) -> Iterator[Fault]:
    """Give the uses of `$` that make Postfix stop: alone, before something that is no name, or never closed.

    `start` is where the value begins in the logical line that it stands in.
    """
    for found in _REFERENCE.finditer(value):
        if found[5] is not None or (found[4] and not value[found.end() :].lstrip().startswith(("{", "("))):
            yield Fault(
                line.line_at(start + found.start()),
                "own-line-dollar",
                "A $ stands before something that is no parameter name; Postfix stops on it.",
                "Write $$ for a dollar sign.",
            )
        elif value[found.start() + 1] in "{(" and not _closed(value, found.start() + 1):
            yield Fault(
                line.line_at(start + found.start()),
                "own-line-dollar",
                "A ${ is never closed; Postfix stops on it.",
                "Add the } that is missing.",
            )


def _closed(value: str, start: int) -> bool:
    opening, closing = ("{", "}") if value[start] == "{" else ("(", ")")
    depth = 0
    for char in value[start:]:
        depth += (char == opening) - (char == closing)
        if depth == 0:
            return True
    return False


def references(value: str) -> tuple[str, ...]:
    """Return the names of the parameters that a value refers to, each once."""
    return tuple(dict.fromkeys(name for found in _REFERENCE.finditer(value) if (name := found[1] or found[2])))


def expand(value: str, known: Mapping[str, str]) -> str | None:
    """Return a value with `$name`, `${name}` and `$(name)` of known parameters replaced; others are left.

    Names that refer to each other in a circle are left too: Postfix refuses them. None: the value grows beyond
    `LONGEST_VALUE`, so it cannot be judged.
    """
    done: dict[str, str] = {}
    try:
        return _expanded(value, known, done, ())
    except OverflowError:
        return None


def _expanded(value: str, known: Mapping[str, str], done: dict[str, str], inside: tuple[str, ...]) -> str:
    def replaced(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[3]
        if name not in known or name in inside:
            return found[0]
        if len(inside) > _DEEPEST:
            raise OverflowError
        if name not in done:
            done[name] = _expanded(known[name], known, done, (*inside, name))
        return done[name]

    if "$" not in value:
        return value
    pieces, length, position = [], 0, 0
    for found in _PLAIN_REFERENCE.finditer(value):
        pieces += [value[position : found.start()], replaced(found)]
        length += len(pieces[-1])
        position = found.end()
        if length > LONGEST_VALUE:
            raise OverflowError
    return "".join(pieces) + value[position:]


_PLAIN_REFERENCE = re.compile(r"\$(?:([A-Za-z0-9_]+)|\{\s*([A-Za-z0-9_]+)\s*\}|\(\s*([A-Za-z0-9_]+)\s*\))", re.ASCII)


def circles(own: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of own parameters that refer to themselves, directly or by others; Postfix stops on them."""
    return tuple(name for name in own if _reaches(name, own))


def _reaches(start: str, own: Mapping[str, str]) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in references(own.get(waiting.pop(), "")):
            if name == start:
                return True
            if name in own and name not in seen:
                seen.add(name)
                waiting.append(name)
    return False


def words(value: str) -> Iterator[str]:
    """Give the words of a value: split at blanks and commas, `{ … }` with what touches it is one word."""
    word, depth = "", 0
    for char in value:
        depth += (char == "{") - (char == "}" and depth > 0)
        if depth == 0 and char in _SPACE:
            if word:
                yield word
            word = ""
        else:
            word += char
    if word:
        yield word

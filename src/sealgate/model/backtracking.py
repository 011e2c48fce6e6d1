r"""Patterns that can backtrack catastrophically: a cautious judgement from the shape of the pattern alone.

PCRE and most POSIX engines try every way to split a text between repeated parts. Where one repetition stands inside
another and nothing between two rounds is told apart from it, `(a+)+$`, or two alternatives of a repeated group match
the same, `(\w|\d)+$`, the number of ways doubles with each character; three neighbours that match the same, `.*.*.*x`,
cost the cube of the length. Postfix then gives up on the rule after some hundred milliseconds for each header, so the
rule neither matches nor is noticed.

The pattern is parsed as far as its syntax is common (PCRE, POSIX extended). What is not understood is not judged; a
pattern that is judged slow can still be harmless, so the finding is a warning. Nothing is ever matched here.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field

MANY = 16
"""A repetition with this bound or a higher one counts as endless."""
_ALL = (1 << 256) - 1
_LONGEST = 4000
_DEEPEST = 60
_QUANTIFIER = re.compile(r"([*+?]|\{[0-9]{1,5}(?:,[0-9]{0,5})?\})([?+]?)")
_GROUP = re.compile(r"\(\?(?::|[imsxJU-]*:|P?<[A-Za-z_]\w*>|'[A-Za-z_]\w*'|\|)")
_LOOK = re.compile(r"\(\?(?:=|!|<=|<!)")
_SETTING = re.compile(r"\(\?[imsxJU^-]+\)|\(\*[A-Z_]+(?::[^)]*)?\)")


def _mask(chars: str) -> int:
    return sum({1 << ord(char) for char in chars if ord(char) < 256})


_CLASSES = {
    "d": _mask(string.digits),
    "w": _mask(string.ascii_letters + string.digits + "_"),
    "s": _mask(string.whitespace),
    "h": _mask(" \t"),
    "v": _mask("\n\r\v\f"),
}
_POSIX = {
    "alpha": _mask(string.ascii_letters), "digit": _CLASSES["d"], "alnum": _mask(string.ascii_letters + string.digits),
    "space": _CLASSES["s"], "blank": _CLASSES["h"], "upper": _mask(string.ascii_uppercase),
    "lower": _mask(string.ascii_lowercase), "punct": _mask(string.punctuation), "word": _CLASSES["w"],
    "xdigit": _mask(string.hexdigits), "print": _mask(string.printable), "graph": _mask(string.printable.strip()),
}  # fmt: skip
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}


class NotUnderstoodError(Exception):
    """The pattern has syntax that is not judged here."""


@dataclass(slots=True)
class _Part:
    """An atom or group with how often it may come; `mask` is the set of characters that it can be made of."""

    mask: int
    least: int = 1
    endless: bool = False
    possessive: bool = False
    zero_width: bool = False
    alternatives: list[list[_Part]] = field(default_factory=list)

    @property
    def may_be_empty(self) -> bool:
        if self.least == 0 or self.zero_width:
            return True
        return bool(self.alternatives) and any(all(p.may_be_empty for p in way) for way in self.alternatives)


def is_slow(pattern: str, *, extended: bool = False) -> bool:
    """Tell whether a pattern can backtrack catastrophically; False too for what is not understood."""
    if len(pattern) > _LONGEST:
        return False
    try:
        ways = _Parser(pattern, extended=extended).parse()
    except (NotUnderstoodError, RecursionError):
        return False
    return any(_slow_sequence(way, can_fail=False) for way in ways)


def _slow_sequence(parts: list[_Part], *, can_fail: bool) -> bool:
    for place, part in enumerate(parts):
        fails = can_fail or any(after.zero_width or not after.may_be_empty for after in parts[place + 1 :])
        if part.possessive:
            continue
        if part.endless and part.alternatives and fails and _ambiguous(part.alternatives):
            return True
        inside = fails or (part.endless and len(part.alternatives) > 0)
        if any(_slow_sequence(way, can_fail=inside) for way in part.alternatives):
            return True
    return can_fail_after_three(parts, can_fail=can_fail)


def can_fail_after_three(parts: list[_Part], *, can_fail: bool) -> bool:
    """Tell whether three endless neighbours match the same and something after them can fail."""
    run: list[int] = []
    for place, part in enumerate(parts):
        if part.endless and not part.possessive:
            run = [*run, part.mask]
            shared = _ALL
            for mask in run[-3:]:
                shared &= mask
            after = can_fail or any(p.zero_width or not p.may_be_empty for p in parts[place + 1 :])
            if len(run) >= 3 and shared and after:
                return True
        elif not part.may_be_empty:
            run = []
    return False


def _ambiguous(ways: list[list[_Part]]) -> bool:
    return any(_splits_many_ways(way) for way in ways) or any(
        _same_text(one, other) for place, one in enumerate(ways) for other in ways[place + 1 :]
    )


def _splits_many_ways(way: list[_Part]) -> bool:
    """Tell whether a round of a repeated group could as well be two: an endless part, and nothing marks rounds."""
    for part in way:
        inner = part.endless or any(p.endless and not p.possessive for alt in part.alternatives for p in alt)
        if not inner or part.possessive:
            continue
        if all(other is part or other.may_be_empty or other.mask & part.mask for other in way):
            return True
    return False


def _same_text(one: list[_Part], other: list[_Part]) -> bool:
    first, second = ([p for p in way if not p.zero_width] for way in (one, other))
    if not first or not second or len(first) != len(second):
        return False
    return all(a.mask & b.mask for a, b in zip(first, second, strict=True))


class _Parser:
    """A parser for the common part of PCRE and POSIX extended expressions."""

    def __init__(self, pattern: str, *, extended: bool) -> None:
        self._text = pattern
        self._at = 0
        self._extended = extended

    def parse(self) -> list[list[_Part]]:
        """Return the alternatives of the whole pattern."""
        ways = self._alternatives(0)
        if self._at != len(self._text):
            raise NotUnderstoodError
        return ways

    def _alternatives(self, depth: int) -> list[list[_Part]]:
        if depth > _DEEPEST:
            raise NotUnderstoodError
        ways: list[list[_Part]] = [[]]
        while self._at < len(self._text) and self._text[self._at] != ")":
            char = self._text[self._at]
            if char == "|":
                ways.append([])
                self._at += 1
            elif self._extended and (char.isspace() or char == "#"):
                self._skip(char)
            else:
                part = self._atom(depth)
                if part is not None:
                    ways[-1].append(self._quantified(part))
        return ways

    def _skip(self, char: str) -> None:
        end = self._text.find("\n", self._at) if char == "#" else self._at
        self._at = len(self._text) if end < 0 else end + 1

    def _quantified(self, part: _Part) -> _Part:
        while found := _QUANTIFIER.match(self._text, self._at):
            self._at = found.end()
            least, endless = _bounds(found[1], group=bool(part.alternatives))
            part = _Part(
                part.mask,
                least if part.least else 0,
                endless=endless or part.endless,
                possessive=part.possessive or found[2] == "+",
                zero_width=part.zero_width,
                alternatives=part.alternatives,
            )
            if found[2]:
                break
        return part

    def _atom(self, depth: int) -> _Part | None:
        char = self._text[self._at]
        if char == "(":
            return self._group(depth)
        if char == "[":
            return _Part(self._set())
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise NotUnderstoodError
        self._at += 1
        if char in "^$":
            return _Part(0, zero_width=True)
        return _Part(_ALL if char == "." else _letter(char))

    def _group(self, depth: int) -> _Part | None:
        if found := _SETTING.match(self._text, self._at):
            self._at = found.end()
            return None
        look, atomic = _LOOK.match(self._text, self._at), self._text.startswith("(?>", self._at)
        if self._text.startswith("(?#", self._at):
            self._at = self._text.find(")", self._at) + 1 or len(self._text)
            return None
        opening = look or _GROUP.match(self._text, self._at)
        if opening is None and not atomic and self._text.startswith("(?", self._at):
            raise NotUnderstoodError
        self._at = opening.end() if opening else self._at + (3 if atomic else 1)
        ways = self._alternatives(depth + 1)
        if self._at >= len(self._text):
            raise NotUnderstoodError
        self._at += 1
        mask = 0
        for way in ways:
            for part in way:
                mask |= part.mask
        if look:
            return _Part(0, zero_width=True)
        return _Part(mask, possessive=atomic, alternatives=ways)

    def _escape(self) -> _Part | None:
        if self._at + 1 >= len(self._text):
            raise NotUnderstoodError
        char = self._text[self._at + 1]
        self._at += 2
        if char in "bBAzZGK":
            return _Part(0, zero_width=True)
        if char in "QEgkpPXRNC" or char.isdigit():
            raise NotUnderstoodError
        if char == "x":
            found = re.compile(r"\{[0-9A-Fa-f]{1,6}\}|[0-9A-Fa-f]{0,2}").match(self._text, self._at)
            self._at = found.end() if found else self._at
            return _Part(_ALL if not found or not found[0].strip("{}") else _code(int(found[0].strip("{}"), 16)))
        return _Part(_class(char))

    def _set(self) -> int:
        end, mask = self._at + 1, 0
        negated = self._text.startswith("^", end)
        end += negated
        first = True
        while first or not self._text.startswith("]", end):
            if end >= len(self._text):
                raise NotUnderstoodError
            first = False
            low, end = self._member(end)
            if self._text.startswith("-", end) and not self._text.startswith("-]", end) and low.bit_count() == 1:
                high, end = self._member(end + 1)
                mask |= _range(low, high)
            else:
                mask |= low
        self._at = end + 1
        return _ALL & ~mask if negated else mask

    def _member(self, at: int) -> tuple[int, int]:
        if self._text.startswith("[:", at):
            end = self._text.find(":]", at)
            if end < 0:
                raise NotUnderstoodError
            return _POSIX.get(self._text[at + 2 : end].lower(), _ALL), end + 2
        if at >= len(self._text):
            raise NotUnderstoodError
        if self._text[at] == "\\" and at + 1 < len(self._text):
            char = self._text[at + 1]
            return (_ALL if char == "x" else _class(char)), at + 2
        return _letter(self._text[at]), at + 1


def _bounds(quantifier: str, *, group: bool) -> tuple[int, bool]:
    """Return the least number, and whether there are many; an exact number is many only for a group."""
    if quantifier[0] != "{":
        return (1 if quantifier == "+" else 0), quantifier != "?"
    low, comma, high = quantifier[1:-1].partition(",")
    if not comma:
        return int(low), group and int(low) >= MANY
    return int(low), not high or int(high) >= MANY


def _letter(char: str) -> int:
    """Return the set of a character in both cases: Postfix's patterns ignore case unless told otherwise."""
    return _code(ord(char.lower())) | _code(ord(char.upper()[:1] or char))


def _code(number: int) -> int:
    return 1 << number if number < 256 else _ALL


def _class(char: str) -> int:
    if char.lower() in _CLASSES:
        mask = _CLASSES[char.lower()]
        return mask if char.islower() else _ALL & ~mask
    return _letter(_CONTROL.get(char, char))


def _range(low: int, high: int) -> int:
    """Return all characters from the lowest of one set to the highest of the other."""
    if not low or not high:
        return low | high
    first, last = (low & -low).bit_length() - 1, high.bit_length() - 1
    return (1 << (last + 1)) - (1 << first) if first <= last else low | high

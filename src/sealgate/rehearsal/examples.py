"""An example of a text that a regular expression matches, so that a rule can be shown to fire.

`example` follows the expression as Python reads it (re._parser), which is the common part of PCRE and POSIX: what
only one of them has ends in `Unmade`, and so does an example that Python itself does not find matching. It is made
without chance: the same pattern gives the same text. Repetitions
are taken once, as often as they must be, or not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

sre: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

_LONGEST = 500
_CLASSES = {
    "[:alnum:]": "a-zA-Z0-9", "[:alpha:]": "a-zA-Z", "[:digit:]": "0-9", "[:lower:]": "a-z", "[:upper:]": "A-Z",
    "[:space:]": r"\s", "[:blank:]": r" \t", "[:punct:]": r"!-/:-@\[-`{-~", "[:xdigit:]": "0-9A-Fa-f",
    "[:print:]": " -~", "[:graph:]": "!-~",
}  # fmt: skip
_LIKELY = "aA1 -.:@/x_=<>\"'()[]{}!?$%&*+,;#~^|\\`\t"


class Unmade(Exception):  # noqa: N818 - it says what did not happen
    """No example could be made of the expression."""


def compiled(pattern: str, flags: str = "") -> re.Pattern[str]:
    """Compile a pattern of pcre_table(5) or regexp_table(5) as Python can; case is ignored unless `i` turns it off."""
    for name, members in _CLASSES.items():
        pattern = pattern.replace(name, members)
    options = re.NOFLAG if "i" in flags else re.IGNORECASE
    options |= re.MULTILINE if "m" in flags else re.NOFLAG
    options |= re.NOFLAG if "s" in flags else re.DOTALL
    options |= re.VERBOSE if "x" in flags else re.NOFLAG
    try:
        return re.compile(pattern, options)
    except (re.error, OverflowError, RecursionError) as failure:
        raise Unmade(str(failure)) from None


def matches(pattern: str, flags: str, text: str) -> bool:
    """Tell whether a pattern matches a text, as far as Python can tell; raises Unmade."""
    expression = compiled(pattern, flags)
    return (expression.match(text) if "A" in flags else expression.search(text)) is not None


def example(pattern: str, flags: str = "") -> str:
    """Return a text that the pattern matches; raises Unmade."""
    expression = compiled(pattern, flags)
    parts = parser.parse(expression.pattern, expression.flags & ~re.UNICODE)
    for optional, anything in _WAYS:
        text = _text(parts, _Making(optional, anything))
        if len(text) <= _LONGEST and matches(pattern, flags, text):
            return text
    raise Unmade("no example matches its own pattern")


@dataclass
class _Making:
    """How often what may be left out is taken, what stands for any character, and the groups so far."""

    optional: int
    anything: str
    groups: dict[int, str] = field(default_factory=dict)


_WAYS = ((1, "x"), (0, "x"), (1, " "), (1, "-"))


def _text(parts: Iterable[tuple[Any, Any]], making: _Making) -> str:
    return "".join(_one(operation, argument, making) for operation, argument in parts)


def _one(operation: Any, argument: Any, making: _Making) -> str:
    make: Callable[[Any, _Making], str] | None = _MAKERS.get(operation)
    if make is None:
        raise Unmade(f"{operation} has no example")
    return make(argument, making)


def _group(argument: Any, making: _Making) -> str:
    text = _text(argument[-1], making)
    if argument[0] is not None:
        making.groups[argument[0]] = text
    return text


def _repeated(argument: Any, making: _Making) -> str:
    least, most, part = argument
    return _text(part, making) * (least or min(making.optional, int(most)))


def _set(members: Any, _making: _Making) -> str:
    for char in _candidates(members):
        if bool(_fits(char, members)) != (members[0][0] is sre.NEGATE):
            return char
    raise Unmade("no character fits a set")


def _candidates(members: Any) -> Iterable[str]:
    for operation, argument in members:
        if operation is sre.LITERAL:
            yield chr(argument)
        elif operation is sre.RANGE:
            yield chr(argument[0])
    yield from _LIKELY


def _fits(char: str, members: Any) -> bool:
    return any(
        (operation is sre.LITERAL and ord(char) == argument)
        or (operation is sre.RANGE and argument[0] <= ord(char) <= argument[1])
        or (operation is sre.CATEGORY and re.match(_CATEGORIES.get(argument, r"(?!)"), char) is not None)
        for operation, argument in members
    )


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S", sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
_EMPTY = (sre.AT, sre.ASSERT_NOT)
_MAKERS: dict[Any, Any] = {
    sre.LITERAL: lambda argument, _: chr(argument),
    sre.NOT_LITERAL: lambda argument, _: next(char for char in _LIKELY if ord(char) != argument),
    sre.ANY: lambda _, making: making.anything,
    sre.IN: _set,
    sre.BRANCH: lambda argument, making: _text(argument[1][0], making),
    sre.SUBPATTERN: _group,
    sre.MAX_REPEAT: _repeated,
    sre.MIN_REPEAT: _repeated,
    sre.POSSESSIVE_REPEAT: _repeated,
    sre.ATOMIC_GROUP: _text,
    sre.ASSERT: lambda argument, making: _text(argument[1], making) if argument[0] < 0 else "",
    sre.GROUPREF: lambda argument, making: making.groups.get(argument, ""),
    **dict.fromkeys(_EMPTY, lambda _, __: ""),
}

"""What every piece of text from outside is asked before anything else.

Postfix reads lines, splits lists at blanks, commas, tabs and CR, expands `$`, and takes `/path`, `type:table`, `!` and
`{` as commands (postconf(5), "main.cf" syntax). So text that becomes part of its files is checked here once: control
characters and Unicode that hides or reorders text never get in, and lengths are bounded.
"""

from __future__ import annotations

import unicodedata

from sealgate.model.errors import InvalidValue

SHOWN = 60
# Categories: control, format (bidi marks, zero width), surrogate, private use, line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def shown(text: str) -> str:
    """Return `text` shortened and escaped so that it can stand in an error message on one line."""
    safe = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return safe if len(safe) <= SHOWN else f"{safe[:SHOWN]}… ({len(text)} characters)"


def hidden_character(text: str) -> str:
    """Return a name for the first control or invisible character in `text`, or an empty string."""
    if text.isprintable():
        return ""
    for position, char in enumerate(text, 1):
        if char in "\n\r":
            return f"a line break at character {position}"
        if unicodedata.category(char) in _HIDDEN:
            return f"the invisible character U+{ord(char):04X} at character {position}"
    return ""


def one_line(text: object, what: str, longest: int) -> str:
    """Return `text` stripped, if it is one line of visible text of at most `longest` characters (may be empty)."""
    if not isinstance(text, str):
        raise InvalidValue.of(f"{what} must be text, not {type(text).__name__}.")
    if len(text) > longest + 2:
        raise InvalidValue.of(f"{what} has {len(text)} characters.", f"At most {longest} are possible.")
    stripped = text.strip(" \t")
    if found := hidden_character(stripped):
        raise InvalidValue.of(f"{what} has {found}.", "Type it on one line, with visible characters only.")
    if len(stripped) > longest:
        raise InvalidValue.of(f"{what} has {len(stripped)} characters.", f"At most {longest} are possible.")
    return stripped


def token(text: object, what: str, longest: int = 1000) -> str:
    """Return `text` stripped, if it is one non-empty word: no blanks within, no control characters."""
    word = one_line(text, what, longest)
    if not word:
        raise InvalidValue.of(f"{what} is empty.")
    if any(char.isspace() for char in word):
        raise InvalidValue.of(f"{what} {shown(word)!r} has a blank in it.", "Enter one value without blanks.")
    return word


def comment(text: object) -> str:
    """Return an administrator's comment: one line of visible text, at most 1,000 characters."""
    return one_line("" if text is None else text, "The comment", 1000)


def flag(value: object, what: str) -> bool:
    """Return a yes or no given as JSON boolean, as 1 or 0, or as `yes/no/on/off/true/false`; null and empty mean no."""
    if isinstance(value, bool):
        return value
    if value is None or (isinstance(value, int) and value in {0, 1}):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else type(value).__name__
    if word in {"yes", "on", "true", "1"}:
        return True
    if word in {"no", "off", "false", "0", ""}:
        return False
    raise InvalidValue.of(f"{what} is {shown(word)!r}.", "Enter yes or no.")


def whole_number(value: object, what: str, least: int, most: int) -> int:
    """Return a whole number between `least` and `most`, given as number or as ASCII digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        text = value.strip() if isinstance(value, str) else type(value).__name__
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            raise InvalidValue.of(f"{what} {shown(text)!r} is not a whole number.", f"Enter {least} to {most}.")
        number = int(text)
    if not least <= number <= most:
        seen = number if -(10**18) < number < 10**18 else "given"
        raise InvalidValue.of(f"{what} {seen} is out of range.", f"Enter {least} to {most}.")
    return number

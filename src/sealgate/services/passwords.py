"""Passwords: which are good enough, and how they are kept.

The rules are those of NIST SP 800-63B: at least 15 characters (a password may be all that a person signs in with), at
most 256, every visible character of Unicode and blanks, normalised to NFC; no rules about kinds of characters, no
expiry; refused is what is common, what is made of the site's own words, and what repeats or counts.

Kept is an argon2id string (RFC 9106, second recommended parameters, a salt for each). Parameters that changed since are
brought up to date at the next sign-in. At most two are computed at a time, so that a flood of sign-ins fills neither
memory nor processor. A missing account costs the same work as a wrong password. No text here ever repeats a password.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from sealgate.model.errors import InvalidValue
from sealgate.model.text import hidden_character

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 15
LONGEST = 256
_LEAST_BESIDES = 8
_LEAST_DIFFERENT = 5
_SHORTEST_WORD = 4
_RUN = 5

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_turns = threading.BoundedSemaphore(2)

COMMON = frozenset(
    """
    access account admin administrator apple april august autumn baseball batman battery batterystaple changeme
    charlie cheese computer correct correcthorse daniel december default donald dragon dummy email february
    football freedom friday gateway george guest hallo hello horse hottie hunter iloveyou internet january
    jennifer jordan july june killer letmein login london mailserver manager march master michael monday monkey
    mustang nothing november october office passphrase passw0rd passwd password passwort pepper pokemon postfix
    postmaster princess private qazwsx ranger root samsung saturday sealgate secret september server shadow soccer
    sommer spring staple summer sunday sunshine superman support system temppass test thomas thursday tigger
    trustno1 tuesday user wednesday welcome whatever winter zaq1zaq1
    """.split()  # noqa: SIM905 - a list of two hundred literals reads worse
)
"""Words that people build bad passwords of; they count for nothing."""

_ROWS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "1234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm")


def checked(clear: object, own_words: Iterable[str] = ()) -> str:
    """Return a password in the form that is kept, if it is good enough; InvalidValue that never repeats it.

    `own_words` are those of the site and the person: host names, the login name, the mail address.
    """
    if not isinstance(clear, str):
        raise _refused("The password must be text.", "Type one.")
    text = unicodedata.normalize("NFC", clear)
    if len(text) < SHORTEST:
        raise _refused(
            f"The password has fewer than {SHORTEST} characters.", "Several words that only you put together are good."
        )
    if len(text) > LONGEST:
        raise _refused(f"The password has more than {LONGEST} characters.", "Choose a shorter one.")
    if hidden_character(text):
        raise _refused("The password has an invisible character in it.", "Type it again.")
    if _is_weak(text, own_words):
        raise _refused(
            "The password is easy to guess: it is made of common words, words of this gateway, or runs of characters.",
            "Several words that have nothing to do with each other or with this gateway are good.",
        )
    return text


def _refused(what: str, remedy: str) -> InvalidValue:
    return InvalidValue.of(what, remedy, "password")


def _is_weak(text: str, own_words: Iterable[str]) -> bool:
    """Tell whether too little is left when everything that can be foreseen is taken away."""
    left = text.casefold()
    words = COMMON | {part for word in own_words for part in _parts(word)}
    for word in sorted(words, key=lambda one: (-len(one), one)):
        left = left.replace(word, " ")
    left = _without_runs(left).replace(" ", "")
    return len(left) < _LEAST_BESIDES or len(set(left)) < _LEAST_DIFFERENT


def _parts(word: str) -> set[str]:
    lower = word.casefold()
    pieces = "".join(char if char.isalnum() else " " for char in lower).split()
    return {one for one in (lower, *pieces) if len(one) >= _SHORTEST_WORD}


def _without_runs(text: str) -> str:
    """Return a text without what repeats a character, or goes along the alphabet, the digits or a keyboard."""
    for row in _ROWS:
        for line in (row, row[::-1]):
            for start in range(len(line) - _RUN + 1):
                text = text.replace(line[start : start + _RUN], " ")
    kept: list[str] = []
    for char in text:
        if kept[-2:] != [char, char]:
            kept.append(char)
    return "".join(kept)


def kept(password: str) -> str:
    """Return what is stored of a password that `checked` gave."""
    with _turns:
        return _hasher.hash(password)


def matches(stored: str | None, clear: object) -> bool:
    """Tell whether a password is the stored one; without a stored one the same work is done for nothing."""
    text = unicodedata.normalize("NFC", clear) if isinstance(clear, str) and len(clear) <= 4 * LONGEST else ""
    with _turns:
        try:
            return _hasher.verify(stored or _nobodys(), text) and stored is not None
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False


def is_outdated(stored: str) -> bool:
    """Tell whether a stored password was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")

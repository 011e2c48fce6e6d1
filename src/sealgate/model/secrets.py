"""Secrets in the model: a reference, never the secret.

A password or private key is checked at the edge, sealed to the node group's public key, and from then on only named.
The checks of the clear text are here, so that every face asks the same; their refusals never repeat what was entered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sealgate.model.errors import InvalidValue

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The name of a sealed secret; a new secret gets a new name, so digests and diffs see that it changed."""

    id: str

    @classmethod
    def parse(cls, value: object, what: str = "The secret") -> Sealed:
        """Read the name of a secret; a refusal does not repeat the value, which could be a secret by mistake."""
        if isinstance(value, Sealed):
            return value
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise InvalidValue.of(f"{what} is not the name of a stored secret.", "Store the secret first.")
        return cls(value)


def check_password(clear: object) -> str:
    """Return a clear password that Postfix will send unchanged; the refusal never shows it.

    It is one line of printable ASCII, at most 1,000 characters, without blanks at its ends (Postfix strips those). The
    table value is `user:password`, so everything after the first colon counts and a colon within is no trouble.
    """
    if not isinstance(clear, str) or not clear:
        raise InvalidValue.of("The password is empty.", field="password")
    if len(clear) > 1000:
        raise InvalidValue.of("The password is too long.", "At most 1000 characters are possible.", "password")
    if not (clear.isascii() and clear.isprintable()):
        raise InvalidValue.of(
            "The password has a character that is not printable ASCII.",
            "Line breaks, control characters and letters outside ASCII cannot be sent reliably.",
            "password",
        )
    if clear != clear.strip():
        raise InvalidValue.of("The password begins or ends with a blank.", "Postfix would drop it.", "password")
    return clear

"""Random texts that let their bearer in: session and API tokens, links, tickets. Made here, kept as digests only.

A text is a prefix that says what it is, and 256 random bits in base64url. So a leaked one is recognised by its shape
(the log hides every text of this shape, see `sealgate.log`), and nobody guesses one: SHA-256 without salt is enough to
keep it (NIST SP 800-63B §5.1.2 asks for salt and stretching below 112 bits only).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from enum import StrEnum

_BYTES = 32
_SHAPE = re.compile(r"sg[a-z]_[A-Za-z0-9_-]{43}", re.ASCII)


class Prefix(StrEnum):
    """What a bearer text is."""

    SESSION = "sgs_"
    TOKEN = "sgt_"  # noqa: S105 - a prefix
    LINK = "sgl_"
    TICKET = "sgk_"
    BROWSER = "sgb_"


def make(prefix: Prefix) -> str:
    """Return a new text; it is shown or set once and never kept."""
    return f"{prefix}{secrets.token_urlsafe(_BYTES)}"


def digest(text: object, prefix: Prefix) -> str | None:
    """Return what a text is kept as; None for what cannot be one."""
    if not isinstance(text, str) or not text.startswith(prefix) or not _SHAPE.fullmatch(text):
        return None
    return hashlib.sha256(text.encode("ascii")).hexdigest()

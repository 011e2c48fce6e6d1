"""Right-hand sides of look-up tables that decide about clients, senders, recipients and headers.

access(5) and header_checks(5) take verbs. An unknown one answers 451 to whoever matches, or is only logged; FILTER
replaces the content filter. Which tables these are is read from the own lines that use them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.checking.restrictions import PLAIN, WITH_ARGUMENT
from sealgate.model.checks import SINCE
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.model.findings import Place

ACCESS = frozenset(
    {
        "bcc", "defer", "defer_if_permit", "defer_if_reject", "discard", "dunno", "filter", "hold", "info", "ok",
        "prepend", "redirect", "reject", "reject_silent", "warn",
    }
)  # fmt: skip
_CODE = re.compile(r"[0-9]+", re.ASCII)
_ACCESS_PARAMETER = re.compile(r"(?:.*/)?smtpd_[a-z_]*restrictions")
_CHECKS_PARAMETER = re.compile(r"(?:.*/)?(?:[a-z]+_)*(?:header|body)_checks")


def is_access_table(places: Iterable[Place]) -> bool:
    """Tell whether a table decides about access: it stands in a list of smtpd restrictions."""
    return any(_ACCESS_PARAMETER.fullmatch(place.field) for place in places)


def is_checks_table(places: Iterable[Place]) -> bool:
    """Tell whether a table holds header or body checks."""
    return any(_CHECKS_PARAMETER.fullmatch(place.field) for place in places)


def action_fault(
    value: str, *, access: bool, classes: frozenset[str], filters: frozenset[str]
) -> tuple[str, str] | None:
    """Return (code, what) of what is wrong with a right-hand side, or None."""
    verb, _, text = value.strip().partition(" ")
    if verb.lower() == "filter" and text.strip().partition(":")[0] not in filters:
        return "table-bypasses-mpa", f"FILTER {shown(text)} sends mail around the mail processing agent."
    if access:
        first = verb.rstrip(",").lower()
        known = first in ACCESS or first in PLAIN | WITH_ARGUMENT or verb.rstrip(",") in classes or _CODE.match(verb)
        if not known and ":" not in verb:
            return "table-action-unknown", f"{shown(verb)} is no action of access(5)."
    elif verb.upper() not in SINCE and verb.upper() != "OK":
        return "table-action-unknown", f"{shown(verb)} is no action of header_checks(5)."
    return None

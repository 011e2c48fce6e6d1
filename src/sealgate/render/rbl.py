"""DNS lists: their place in the restrictions and their reply texts (postconf(5), reject_rbl_client).

All kinds stand in smtpd_client_restrictions in the order of the page, after the white list, the black list, My networks
and the providers: so nobody whom one of those lets connect is refused by a DNS list, whatever it looks up. A DNS white
list ends the lists after it and does not allow to relay.

A reply text becomes a template of rbl_reply_maps: Postfix fills in the names that the model lets through
(`$rbl_domain`), and there is no other `$`. The enhanced code before it keeps a text that begins like one whole. Postfix
looks templates up by the list's name with its answers, as the restriction has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Finding, Place, warning
from sealgate.model.rbl import Rbl, RblKind
from sealgate.render.clients import enabled
from sealgate.render.part import lmdb
from sealgate.render.tree import EntrySource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.render.tree import TableFile

_RESTRICTION = {
    RblKind.CLIENT: "reject_rbl_client",
    RblKind.SENDER: "reject_rhsbl_sender",
    RblKind.HELO: "reject_rhsbl_helo",
    RblKind.WHITE: "permit_dnswl_client",
}
_CODES = "$rbl_code 5.7.1 "


def restrictions(desired: DesiredState) -> tuple[str, ...]:
    """Return the restriction for each list, in the order of the page."""
    rows: Iterator[Row[Rbl]] = enabled(desired, "rbl")
    return tuple(f"{_RESTRICTION[row.value.kind]} {row.value.query}" for row in rows)


def replies(desired: DesiredState) -> tuple[TableFile | None, tuple[Finding, ...]]:
    """Return the table of reply texts (None without any), and a finding for each text that cannot be used."""
    found: dict[str, str] = {}
    findings = []
    rows: Iterator[Row[Rbl]] = enabled(desired, "rbl")
    for row in rows:
        if not row.value.reply or row.value.kind is RblKind.WHITE:
            continue
        template = _CODES + row.value.reply
        if found.setdefault(row.value.query, template) != template:
            findings.append(_shared(row))
    table = lmdb("rbl_reply", EntrySource(tuple(sorted(found.items()))), Place("rbl")) if found else None
    return table, tuple(findings)


def _shared(row: Row[Rbl]) -> Finding:
    return warning(
        "rbl-reply-shared",
        Place("rbl", row.key, "reply"),
        f"{row.value.query} is listed more than once, with different reply texts; only the first text is used.",
        "Postfix keeps one reply text for each list.",
        "Give all rows of this list the same text.",
    )

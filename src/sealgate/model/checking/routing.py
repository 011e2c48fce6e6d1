"""Relay domains, relay hosts and transports: whether mail arrives, or comes back, or falls into nothing."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from sealgate.model.checking.routes import listening, parsed, tag_destinations, transports_with
from sealgate.model.findings import Finding, Place, error, note, warning
from sealgate.model.master_lines import parse_master
from sealgate.model.text import shown
from sealgate.model.transports import RAW_TAG, TEXT_SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.checking.routes import Listening
    from sealgate.model.context import CheckContext
    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.model.transports import Transport

MOST = 20
DELIVERY = frozenset({"smtp", "relay", "lmtp", "hold", *TEXT_SERVICES})
LOCAL = frozenset({"local", "virtual"})


def check_relay_domains(desired: DesiredState) -> Iterator[Finding]:
    """Give the findings about relay domains: none at all, or covered by another."""
    if not any(row.enabled for row in desired.rows.rows("relay-domain")):
        yield warning(
            "only-sends",
            Place("relay-domain"),
            "There is no relay domain, so this gateway only sends.",
            "Mail from outside is refused for every domain.",
            "Add the domains that it receives mail for.",
        )
    if desired.settings.match_subdomains:
        yield from limited(_covered(desired), MOST)


def _covered(desired: DesiredState) -> Iterator[Finding]:
    """Compare by hash values in two passes, so that a million domains need no million strings at once."""
    known = {hash(row.key) for row in desired.rows.rows("relay-domain") if row.enabled}
    for row in desired.rows.rows("relay-domain"):
        parent = row.key
        while row.enabled and "." in parent:
            parent = parent.partition(".")[2]
            if "." in parent and hash(parent) in known:
                yield warning(
                    "relay-domain-covered",
                    Place("relay-domain", row.key),
                    f"{row.key} is already covered by {parent}, since subdomains are matched.",
                    "",
                    "Remove one of the two, or switch Match subdomains off.",
                )
                break


def limited(findings: Iterable[Finding], most: int) -> Iterator[Finding]:
    """Give at most `most` findings of a kind, and one more that says how many were left out."""
    rest = iter(findings)
    yield from itertools.islice(rest, most)
    count, last = 0, None
    for count, last in enumerate(rest, 1):  # noqa: B007 - used after the loop
        pass
    if last is not None:
        where = Place(last.place.noun, last.place.key if last.place.line else "")
        at = f"line {last.place.line}" if last.place.line else last.place.key
        yield Finding(last.severity, last.code, where, f"There are {count} more of the same; the last is {at}.")


def check_relay_hosts(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about the two relay hosts."""
    here = listening(desired, context)
    for name in ("internal-relay-host", "external-relay-host"):
        hop = getattr(desired.settings, name.replace("-", "_"))
        if hop is not None and here.is_target_of(hop):
            yield error(
                "relay-host-is-this-gateway",
                Place("setting", name),
                f"{hop} is this gateway itself.",
                "Mail would go in a circle until it bounces.",
                "Enter the server that stands behind this gateway.",
            )
    if desired.settings.internal_relay_host is None and desired.rows.count("relay-domain"):
        yield note(
            "internal-relay-host-not-set",
            Place("setting", "internal-relay-host"),
            "Mail for relay domains without a transport goes to the MX of the domain.",
            "Where that MX is this gateway, the mail loops.",
            "Set Internal relay host, or a transport for each relay domain.",
        )


def check_transports(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about transports: back to this gateway, unknown services, raw lines, everything at once."""
    here = listening(desired, context)
    known, inner = known_services(desired), _inner(context)
    back: set[str] = set()
    odd: set[str] = set()
    raw = False
    for tag in desired.rows.tags("transport"):
        raw = raw or tag == RAW_TAG
        service = _service_of(tag)
        if service and (service not in known or service in inner):
            odd.add(tag)
        if here.may_be_target_of(tag) and any(_is_back(one, here) for one in tag_destinations(tag)):
            back.add(tag)
    yield from limited(_circles(desired, back), MOST)
    yield from limited((_service_finding(row, inner) for row in transports_with(desired, odd, 10 * MOST)), MOST)
    if raw:
        yield from limited(_raw(desired), MOST)
    everything = desired.rows.row("transport", "*")
    if everything is not None and everything.enabled:
        yield warning(
            "transport-for-everything",
            Place("transport", "*"),
            "This transport takes all mail that no other transport takes, relay domains too.",
            "Both relay hosts have no effect then.",
            "Use External relay host instead, unless this is meant.",
        )


def _is_back(destination: str, here: Listening) -> bool:
    hop = parsed(destination)
    return hop is not None and here.is_target_of(hop)


def _circles(desired: DesiredState, back: set[str]) -> Iterator[Finding]:
    for row in transports_with(desired, back, 10 * MOST):
        yield error(
            "transport-to-this-gateway",
            Place("transport", row.key),
            f"Mail for {row.key} would go to {row.value.result}, which is this gateway itself.",
            "It would go in a circle until it bounces.",
            "Enter the server that takes this mail.",
        )


def known_services(desired: DesiredState) -> frozenset[str]:
    """Return the names of services that mail can be handed to: Postfix's delivery agents and own services."""
    services, _ = parse_master(desired.master_cf.text)
    return DELIVERY | {service.name for service in services if service.type == "unix"}


def _inner(context: CheckContext) -> frozenset[str]:
    return frozenset(key.partition("/")[0] for key in context.inner_services if key.endswith("/unix"))


def _service_of(tag: str) -> str:
    """Return the service of a tag like `lmtp:…`; empty for a plain next hop, which has a host before its colon."""
    service, colon, rest = tag.partition(":")
    return "" if not colon or tag.startswith("[") or "." in service or rest.isdigit() else service


def _service_finding(row: Row[Transport], inner: frozenset[str]) -> Finding:
    service = _service_of(row.value.special)
    place = Place("transport", row.key, "special")
    if service in LOCAL:
        return error(
            "transport-local",
            place,
            f"Mail for {row.key} would be written to mailboxes of this machine ({service}).",
            "Nobody reads them there.",
            "Enter a relay host.",
        )
    if service in inner:
        return error(
            "transport-into-filter",
            place,
            f"Mail for {row.key} would go to the mail processing agent again and again.",
            "It would loop until it bounces.",
            "Enter a relay host.",
        )
    return error(
        "transport-service-unknown",
        place,
        f"Mail for {row.key} would go to the service {shown(service)}, which does not exist.",
        "It would stay in the queue.",
        "Use smtp, lmtp, error, retry, discard or hold, or add the service to your lines of master.cf.",
    )


def _raw(desired: DesiredState) -> Iterator[Finding]:
    known = known_services(desired)
    for row in transports_with(desired, {RAW_TAG}, 10 * MOST):
        service = row.value.result.partition(":")[0]
        yield warning(
            "transport-raw",
            Place("transport", row.key, "raw"),
            f"The line {shown(row.value.raw)!r} is kept as typed and not understood.",
            ""
            if service in known
            else f"There is no service {shown(service)!r}: mail that takes it stays in the queue.",
            "Check it with “explain”, or write it as domain and next hop.",
        )

"""From the desired state and the facts of a machine to its complete Postfix configuration.

`render` is pure and total: it reads and writes nothing, and the same state and facts give the same bytes, whatever the
time, the machine or the order in memory. What cannot be rendered becomes a finding in the tree.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from sealgate.render.access import access
from sealgate.render.checks import checks
from sealgate.render.clients import enabled
from sealgate.render.facts import Endpoint, NodeFacts
from sealgate.render.forwarding import forwarding
from sealgate.render.identity import identity
from sealgate.render.limits import limits, verification
from sealgate.render.lookup import lookup_tables
from sealgate.render.mail_filter import mail_filter
from sealgate.render.main_cf import main_cf, origins
from sealgate.render.master_cf import before_limit, services
from sealgate.render.own_lines import merged_master
from sealgate.render.policy import policy
from sealgate.render.routing import logins, routing
from sealgate.render.tls import tls
from sealgate.render.tree import (
    ConfigTree,
    EntrySource,
    Override,
    PerRow,
    SecretText,
    TableFile,
    TextFile,
    TextSource,
)

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState
    from sealgate.render.part import Part

__all__ = [
    "ConfigTree",
    "Endpoint",
    "EntrySource",
    "NodeFacts",
    "Override",
    "PerRow",
    "SecretText",
    "TableFile",
    "TextFile",
    "TextSource",
    "render",
    "settled",
]


def render(desired: DesiredState, node: NodeFacts) -> ConfigTree:
    """Return the configuration of one machine."""
    parts = _parts(desired, node)
    own = desired.main_cf.text
    main, main_overrides = main_cf(parts, own, node)
    generated, listener_findings = services(desired, node)
    master, master_overrides = merged_master(generated, desired.master_cf.text, node, before_limit(desired))
    texts = (TextFile("main.cf", main), TextFile("master.cf", master), policy(desired, node))
    return ConfigTree(
        texts=texts + tuple(text for part in parts for text in part.texts),
        tables=tuple(table for part in parts for table in part.tables),
        overrides=main_overrides + master_overrides,
        findings=tuple(finding for part in parts for finding in part.findings) + listener_findings,
        origins=origins(parts, own),
        generated=frozenset(one.name for part in parts for one in part.parameters),
        services=frozenset(f"{service.name}/{service.type}" for service in generated),
    )


def _parts(desired: DesiredState, node: NodeFacts) -> tuple[Part, ...]:
    return (
        identity(desired, node),
        access(desired, node),
        routing(desired, node),
        logins(desired, node),
        verification(desired),
        limits(desired),
        mail_filter(node),
        checks(desired, node),
        forwarding(desired, node),
        tls(desired, node),
        lookup_tables(desired, node),
    )


def settled(desired: DesiredState, node: NodeFacts) -> NodeFacts:
    """Return the facts with the earliest day that renders the same.

    Only the expiry of black and white rows depends on the day, so a release that is made again another day keeps its
    name unless a row has expired in between.
    """
    expired = [
        row.value.expires
        for noun in ("black", "white")
        for row in enabled(desired, noun)
        if not row.value.in_force(node.today)
    ]
    since = max(expired) + dt.timedelta(days=1) if expired else dt.date.min
    return dataclasses.replace(node, today=since)

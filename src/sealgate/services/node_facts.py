"""What control knows of the node: paths, name, addresses, and what the installed Postfix can do.

The agent is asked; its answer is kept in the store, so that checks and diffs work on while it is down. Before the first
answer there are only guesses, and `known` says so.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgate.link.codec import from_json, to_json
from sealgate.link.messages import Facts
from sealgate.model.errors import InvalidValue, NodeFailed
from sealgate.model.names import HostName
from sealgate.render import Endpoint, NodeFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.settings import Settings

FACT = "node-facts"
_USUAL_TYPES = frozenset({"btree", "cidr", "hash", "inline", "lmdb", "pcre", "regexp", "static", "texthash"})
_TEMPLATE = "0" * 16


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """Facts for rendering and checking. `known` is False while no agent has ever answered.

    `parameters` are those of the installed Postfix, with their defaults.
    """

    node: NodeFacts
    parameters: Mapping[str, str]
    known: bool


def today() -> dt.date:
    """Return the day that expiry dates are compared with (UTC)."""
    return dt.datetime.now(dt.UTC).date()


def facts(gateway: Gateway, actor: Actor) -> KnownFacts:
    """Return the node's facts, as of today."""
    answer = _asked(gateway, actor)
    if answer is None:
        return KnownFacts(guessed(gateway.settings), {}, known=False)
    node = replace(NodeFacts.from_json(answer.node), today=today())
    return KnownFacts(node, answer.parameters, known=True)


def _asked(gateway: Gateway, actor: Actor) -> Facts | None:
    """Return the agent's answer, or the last one that was kept."""
    with gateway.store.reading() as reader:
        kept = reader.fact(FACT)
    try:
        answer = gateway.node(actor).facts()
    except NodeFailed:
        return _read(kept)
    text = json.dumps(to_json(answer), sort_keys=True)
    if text != kept:
        with gateway.writing(actor) as writer:
            writer.put_fact(FACT, text)
    return answer


def _read(kept: str | None) -> Facts | None:
    """Return the answer that was kept, unless it is one that this version does not understand."""
    if kept is None:
        return None
    try:
        answer = from_json(Facts, json.loads(kept))
        NodeFacts.from_json(answer.node)
    except (InvalidValue, KeyError, TypeError, ValueError):
        return None
    return answer


def _own_name() -> HostName:
    """Return what this machine calls itself, without asking any name server."""
    own = socket.gethostname()
    for name in (own, f"{own}.localdomain"):
        try:
            return HostName.parse(name)
        except InvalidValue:
            continue
    return HostName("localhost.localdomain")


def guessed(settings: Settings) -> NodeFacts:
    """Return what the gateway's own settings say, for a node that was never reached."""
    return NodeFacts(
        machine_fqdn=_own_name(),
        config_dir=str(settings.postfix_conf),
        release_dir=str(settings.releases_directory / _TEMPLATE),
        spool_dir=str(settings.spool_directory),
        data_dir=str(settings.data_directory),
        log_file=str(settings.mail_log),
        today=today(),
        map_types=_USUAL_TYPES,
        smtp_listeners=tuple(Endpoint(*end) for end in settings.smtp_listeners),
        mpa=Endpoint(*settings.mpa_address),
        reinject=Endpoint(*settings.reinject_address),
    )

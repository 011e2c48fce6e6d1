"""What control knows of the node: paths, name, addresses, and what the installed Postfix can do.

The agent is asked; its answer is kept in the store, so that checks and diffs work on while it is down. Before the first
answer there are only guesses, and `known` says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgate.link.codec import from_json, to_json
from sealgate.link.messages import Facts
from sealgate.model.context import CheckContext
from sealgate.model.desired import DesiredState
from sealgate.model.errors import InvalidValue, NodeFailed
from sealgate.model.names import HostName
from sealgate.render import Endpoint, NodeFacts, render
from sealgate.render.own_lines import own_services

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.settings import Settings

FACT = "node-facts"
_USUAL_TYPES = frozenset({"btree", "cidr", "hash", "inline", "lmdb", "pcre", "regexp", "static", "texthash"})
_UNKNOWN_NAME = HostName("localhost.localdomain")
_TEMPLATE = "0" * 16


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """Facts for rendering and checking. `known` is False while no agent has ever answered."""

    node: NodeFacts
    parameters: frozenset[str]
    known: bool


def facts(gateway: Gateway, actor: Actor) -> KnownFacts:
    """Return the node's facts, as of today."""
    answer = _asked(gateway, actor)
    if answer is None:
        return KnownFacts(_guessed(gateway.settings, gateway), frozenset(), known=False)
    node = replace(NodeFacts.from_json(answer.node), today=gateway.today())
    return KnownFacts(node, frozenset(answer.parameters), known=True)


def context(known: KnownFacts, desired: DesiredState) -> CheckContext:
    """Return what the model's checks must know; what is not known is left empty, and not checked.

    What Sealgate generates is found by rendering the state without the administrator's own lines.
    """
    node = known.node
    tree = render(DesiredState(desired.settings, desired.rows), node)
    services = {f"{one.service.name}/{one.service.type}" for one in own_services(str(tree.text("master.cf").text))}
    return CheckContext(
        today=node.today,
        machine_fqdn=node.machine_fqdn if known.known else None,
        addresses=frozenset(node.addresses),
        smtp_port=node.smtp_port,
        map_types=node.map_types if known.known else frozenset(),
        parameters=dict.fromkeys(known.parameters, ""),
        postfix_version=_version(node.postfix_version),
        generated=frozenset(tree.origins),
        services=frozenset(services),
        inner_services=frozenset({"mpa/unix", f"{node.reinject}/inet"}),
        config_dir=node.config_dir,
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


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
    try:
        return None if kept is None else from_json(Facts, json.loads(kept))
    except (InvalidValue, ValueError):
        return None


def _guessed(settings: Settings, gateway: Gateway) -> NodeFacts:
    """Return what the gateway's own settings say, for a node that was never reached."""
    return NodeFacts(
        machine_fqdn=_UNKNOWN_NAME,
        config_dir=str(settings.postfix_conf),
        release_dir=str(settings.releases_directory / _TEMPLATE),
        spool_dir=str(settings.spool_directory),
        data_dir=str(settings.data_directory),
        log_file=str(settings.mail_log),
        today=gateway.today(),
        map_types=_USUAL_TYPES,
        smtp_listeners=tuple(Endpoint(*end) for end in settings.smtp_listeners),
        mpa=Endpoint(*settings.mpa_address),
        reinject=Endpoint(*settings.reinject_address),
    )

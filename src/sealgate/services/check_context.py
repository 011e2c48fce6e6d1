"""What the model's whole-state checks must know from outside: the node's facts, and what Sealgate generates.

Only for when the agent cannot be asked: it makes its own, and knows more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.context import CheckContext
from sealgate.model.desired import DesiredState
from sealgate.render import render
from sealgate.render.own_lines import own_services

if TYPE_CHECKING:
    from sealgate.services.node_facts import KnownFacts


def context(known: KnownFacts, desired: DesiredState) -> CheckContext:
    """Return what the model's checks must know; what is not known is left empty, and not checked.

    What Sealgate generates is found by rendering the state without the administrator's own lines. What root
    permits for own lines is known to the agent only.
    """
    node = known.node
    tree = render(DesiredState(desired.settings, desired.rows), node)
    services = {service.key for service in own_services(str(tree.text("master.cf").text))}
    return CheckContext(
        today=node.today,
        machine_fqdn=node.machine_fqdn,
        addresses=frozenset(node.addresses),
        smtp_port=node.smtp_port,
        map_types=node.map_types if known.known else frozenset(),
        parameters=known.parameters,
        postfix_version=_version(node.postfix_version),
        generated=frozenset(tree.origins),
        services=frozenset(services),
        inner_services=frozenset({"mpa/unix", f"{node.reinject}/inet"}),
        config_dir=node.config_dir,
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())

"""What the model's whole-state checks must know of this machine, and what Sealgate itself generates.

Both are found, not listed: the installed Postfix is asked, and the state is rendered without own lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.context import CheckContext, Permits
from sealgate.model.desired import DesiredState
from sealgate.render import NodeFacts, render
from sealgate.render.own_lines import own_services

if TYPE_CHECKING:
    from sealgate.postfix.parameters import Installed


def context(desired: DesiredState, facts: NodeFacts, postfix: Installed, permits: Permits) -> CheckContext:
    """Return the world around a desired state on this node.

    What Sealgate generates is found by rendering the state without the administrator's own lines.
    """
    tree = render(DesiredState(desired.settings, desired.rows), facts)
    services = {service.key for service in own_services(str(tree.text("master.cf").text))}
    return CheckContext(
        today=facts.today,
        machine_fqdn=facts.machine_fqdn,
        addresses=frozenset(facts.addresses),
        smtp_port=facts.smtp_port,
        map_types=facts.map_types,
        parameters={name: parameter.default for name, parameter in postfix.parameters.items()},
        postfix_version=tuple(int(part) for part in postfix.version.split(".") if part.isdigit()),
        generated=frozenset(tree.origins),
        services=frozenset(services),
        inner_services=frozenset({"mpa/unix", f"{facts.reinject}/inet"}),
        config_dir=facts.config_dir,
        permits=permits,
    )

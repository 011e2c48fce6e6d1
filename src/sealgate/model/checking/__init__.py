"""The whole-state check: what is wrong or doubtful about a desired state as a whole, found without running anything.

`check` is what a candidate is asked before Postfix is. Each area is a module here and gives findings one after the
other; every code is explained in `codes.py`. Lists with a million rows are streamed: what a check keeps of them is at
most a number for each row, and the places named are the first few of a kind with the number of the others.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from sealgate.model.checking.accounts import check_forwarding
from sealgate.model.checking.clients import check_networks, check_providers, check_rbls, check_static_lists
from sealgate.model.checking.codes import CODES
from sealgate.model.checking.identity import check_certificate, check_identity, check_listeners
from sealgate.model.checking.limits import check_limits
from sealgate.model.checking.logins import check_logins, check_policies
from sealgate.model.checking.own_lines import check_own_lines
from sealgate.model.checking.routing import check_relay_domains, check_relay_hosts, check_transports
from sealgate.model.checking.rules import check_rules
from sealgate.model.checking.tables import check_tables, uses_of
from sealgate.model.context import CheckContext, Permits
from sealgate.model.findings import Severity

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState
    from sealgate.model.findings import Finding

__all__ = ["CODES", "CheckContext", "Permits", "check", "uses_of"]

_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def check(desired: DesiredState, context: CheckContext) -> list[Finding]:
    """Return all findings about a desired state: errors first, then warnings, then notes."""
    found = chain(
        check_identity(desired, context),
        check_certificate(desired, context),
        check_listeners(desired, context),
        check_limits(desired),
        check_relay_domains(desired),
        check_relay_hosts(desired, context),
        check_transports(desired, context),
        check_networks(desired),
        check_providers(desired),
        check_rbls(desired),
        check_static_lists(desired, context),
        check_logins(desired),
        check_policies(desired),
        check_forwarding(desired, context),
        check_rules(desired, context),
        check_tables(desired, context),
        check_own_lines(desired, context),
    )
    return sorted(dict.fromkeys(found), key=lambda finding: _RANK[finding.severity])

"""policy.json: everything the MPA is told, rolled back with the release it belongs to.

The keys are those that `mpa/policy.py` reads, every one of them. A size or hop limit that an own line of main.cf sets
as a plain number counts here too, since both programs must agree on it; so does the process limit of an own entry for
the re-injection listener.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sealgate.render.identity import my_hostname
from sealgate.render.own_lines import own_services, parameter_values
from sealgate.render.tree import TextFile

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState
    from sealgate.render.facts import NodeFacts

PATH = "policy.json"
FORMAT = 1
HOP_LIMIT = 50
"""Postfix's default of hopcount_limit."""
OWN_HOP_LIMIT = 10


def policy(desired: DesiredState, node: NodeFacts) -> TextFile:
    """Return the policy file of the MPA."""
    own = parameter_values(desired.main_cf.text)
    content = {
        "format": FORMAT,
        "hostname": str(my_hostname(desired, node)),
        "listen": str(node.mpa),
        "reinject": str(node.reinject),
        "reinject_connections": _connections(desired, node),
        "after_filter_size_limit": _number(
            own.get("message_size_limit"), desired.settings.effective_after_filter_size_limit
        ),
        "bare_newline": desired.settings.bare_newline,
        "hop_limit": _number(own.get("hopcount_limit"), HOP_LIMIT),
        "own_hop_limit": OWN_HOP_LIMIT,
    }
    return TextFile(PATH, json.dumps(content, indent=2, sort_keys=True) + "\n")


def _connections(desired: DesiredState, node: NodeFacts) -> int:
    processes = {
        one.processes
        for one in own_services(desired.master_cf.text)
        if one.type == "inet" and (one.host, one.port) == (node.reinject.host, str(node.reinject.port))
    }
    return _number(next(iter(processes), None), 0) or node.reinject_processes


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else otherwise

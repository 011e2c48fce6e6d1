"""What to do next, as operations: how the API says the steps that errors and findings carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sealgate.model.next_steps import Act, from_json
from sealgate.model.nouns import NOUNS

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "/api/v1"
OPERATIONS: dict[Act, tuple[str, str] | None] = {
    Act.LIST: ("GET", "/rows/{noun}"),
    Act.ENABLE: ("PATCH", "/rows/{noun}/{key}"),
    Act.ADD_TEST: ("POST", "/rows/policy-test"),
    Act.COMPARE: ("GET", "/changes"),
    Act.DISCARD: ("DELETE", "/changes/{noun}/{key}"),
    Act.APPLY: ("POST", "/applications"),
    Act.CONFIRM: ("POST", "/confirmations"),
    Act.ROLL_BACK: ("POST", "/rollbacks"),
    Act.REHEARSE: ("POST", "/rehearsals"),
    Act.REHEARSE_LIVE: ("POST", "/rehearsals"),
    Act.HISTORY: ("GET", "/revisions"),
    Act.DRIFT: ("GET", "/drift"),
    Act.OVERWRITE: ("POST", "/drift/overwrite"),
    Act.STATUS: ("GET", "/status"),
    Act.START: None,
    Act.PEOPLE: ("GET", "/people"),
    Act.RESET: ("POST", "/people/{name}/reset"),
    Act.INVITE_OWNER: ("POST", "/people"),
    Act.PUT_BACK: None,
}
"""Each act with its operation, None where only the machine has it."""


def told(said: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what to do next, from what is kept of an error or finding: the act, and its operation if there is one."""
    found = []
    for step in from_json(said.get("steps")):
        operation = OPERATIONS[step.act]
        one = {"act": step.act.value}
        if operation is not None and ("/rows/{noun}" not in operation[1] or step.noun in NOUNS):
            method, path = operation
            where = path.replace("{noun}", quote(step.noun, safe="")).replace("{key}", quote(step.key, safe=""))
            one |= {"method": method, "address": f"{PREFIX}{where}"}
        found.append(one)
    return found

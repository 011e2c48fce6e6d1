"""What to do next, as commands: how the terminal says the steps that errors and findings carry."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from sealgate.model.next_steps import Act

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.model.next_steps import Step

COMMANDS: dict[Act, str] = {
    Act.LIST: "sealgate list {noun}",
    Act.ENABLE: "sealgate enable {noun} {key}",
    Act.ADD_TEST: "sealgate test add 'from … mail … to … expect …'",
    Act.COMPARE: "sealgate diff",
    Act.DISCARD: "sealgate discard {noun} {key}",
    Act.APPLY: "sealgate apply",
    Act.CONFIRM: "sealgate confirm",
    Act.ROLL_BACK: "sealgate rollback",
    Act.REHEARSE: "sealgate rehearse --full",
    Act.REHEARSE_LIVE: "sealgate rehearse --live",
    Act.HISTORY: "sealgate history",
    Act.DRIFT: "sealgate drift",
    Act.OVERWRITE: "sealgate drift --overwrite",
    Act.STATUS: "sealgate status",
    Act.START: "sealgate up",
    Act.PEOPLE: "sealgate people list",
    Act.RESET: "sealgate people reset NAME",
    Act.INVITE_OWNER: "sealgate people invite NAME --role owner",
    Act.PUT_BACK: "sealgate restore-backup FILE",
}
"""Each act with its command; the terminal has a way for all of them."""


def commands(steps: Iterable[Step]) -> list[str]:
    """Return the commands for steps."""
    return [COMMANDS[step.act].format(noun=quote(step.noun), key=quote(step.key)) for step in steps]


def sentence(steps: Iterable[Step]) -> str:
    """Return the commands for steps as a sentence of their own; empty where there are none."""
    found = commands(steps)
    return f"Next: {', '.join(found)}" if found else ""

"""The administrator's own lines of main.cf and master.cf, kept as typed, and the deny-list that guards them.

`deny_list` is asked by the agent before any tool of Postfix sees a file, and by the control half while people type. It
is the same code on both sides; the lists of what root permits are the agent's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.deny_list import judge_parameter
from sealgate.model.deny_services import judge_service
from sealgate.model.findings import Finding, Place
from sealgate.model.master_lines import parse_master
from sealgate.model.objects import Column, Kind, known_fields
from sealgate.model.own_text import parse_main, parse_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.context import CheckContext

KEYS = ("main-cf", "master-cf")
COLUMNS = (Column("text", "Own lines", "Lines of your own, kept as typed.", Kind.LONG_TEXT),)


@dataclass(frozen=True, slots=True)
class OwnLines:
    """Own lines as typed: comments, order and blank lines are kept. Empty text means there are none."""

    text: str = ""

    @classmethod
    def parse(cls, fields: Mapping[str, object]) -> OwnLines:
        """Read own lines from `{"text": …}`; faults of form are findings later, control characters are refused here."""
        return cls(parse_text(known_fields(fields, COLUMNS)["text"]))


def deny_list(main: OwnLines, master: OwnLines, context: CheckContext) -> list[Finding]:
    """Return what own lines may not say. Every finding is an error; without any, Postfix's tools may see the files."""
    definitions, _ = parse_main(main.text)
    own = {one.name: one.value for one in definitions}
    findings = [
        finding
        for one in definitions
        for finding in judge_parameter(
            one.name, one.value, own, Place("own-lines", "main-cf", one.name, one.line), context
        )
    ]
    services, _ = parse_master(master.text)
    return findings + [finding for service in services for finding in judge_service(service, own, context)]

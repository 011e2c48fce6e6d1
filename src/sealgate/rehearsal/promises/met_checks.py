"""Whether a header or body check of the pages had its say about a message of the rehearsal itself.

A rule such as `/^Subject:/ REJECT` meets every message, those of the tests too; that they do not arrive then is what
the administrator wished, and no failure of the way. Postfix logs what met a rule with the recipient; rules that take
lines away (IGNORE, STRIP) it does not log, and a message without its mark cannot be told. Source: header_checks(5).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgate.model.verdicts import Ruling, Verdict
from sealgate.render.checks import NOUNS

if TYPE_CHECKING:
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Seen

_MET = re.compile(r"cleanup\[\d+\]: \w+: (?P<action>[a-z]+): (?P<kind>header|body) .*; from=<[^>]*> to=<(?P<to>[^>]*)>")
_QUIET = {"IGNORE", "STRIP"}
_HARMLESS = {"warning", "info"}


def unless_checked(verdict: Verdict, subject: Subject, seen: Seen, recipient: str) -> Verdict:
    """Return the verdict; a failure that a check of the pages explains is not judged, and says so."""
    why = met_check(subject, seen, recipient) if verdict.ruling is Ruling.FAILED else ""
    return replace(verdict, ruling=Ruling.NOT_JUDGED, came=f"Not judged: {why}. {verdict.came}") if why else verdict


def met_check(subject: Subject, seen: Seen, recipient: str) -> str:
    """Return in words which check had its say about mail to a recipient of the rehearsal; nothing when none had."""
    for line in seen.log:
        found = _MET.search(line)
        if found and found["to"] == recipient and found["action"] not in _HARMLESS:
            return f"a {found['kind']} check met the message of the test and said {found['action'].upper()}"
    for noun in NOUNS:
        if any(row.value.action in _QUIET for row in subject.rows(noun)):
            return f"a rule of {noun} takes lines of messages away, so that this one may not be known again"
    return ""

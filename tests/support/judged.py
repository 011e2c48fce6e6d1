"""Reports, explanations, replays and drills as the agent would give them, made with the model's own classes.

`HOSTILE` stands in every text of them that a stranger could have written, `LONG` wherever a name can be long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.hostile import HOSTILE

from sealgate.link.messages import Grade, Override, Report
from sealgate.link.rehearsals import (
    Difference,
    Drilled,
    DrillReport,
    Explained,
    Fault,
    Mail,
    Opinion,
    Replayed,
    Stage,
    Widened,
)
from sealgate.model.findings import Place
from sealgate.model.verdicts import NEVER_OVERRIDDEN, Ruling, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.control_half import StandIn

    from sealgate.link.conversation import Conversation
    from sealgate.link.messages import Judge

LONG = "a-rather-long-label-of-a-name." * 6 + "example"

PASSED = Verdict("size-limits", "a message of 1 MiB is taken", Ruling.PASSED, "1 MiB", "it is taken", "250 Ok")
HELD = Verdict("policy-tests", "inside", Ruling.PASSED, "from 192.0.2.7 mail to c@example.com", "accept", "250 Ok")
FAILED = Verdict(
    "policy-tests",
    "outside",
    Ruling.FAILED,
    "from 203.0.113.5 mail a@b.example to c@d.example",
    "reject 554",
    "it was accepted: 250 2.0.0 Ok: queued",
    (f"postfix/smtpd[1]: connect from {LONG}", f"postfix/smtpd[1]: {HOSTILE}"),
    Place("policy-test", "outside"),
)
OPEN_RELAY = Verdict(
    "strangers-cannot-relay",
    f"203.0.113.9 to x@{LONG}",
    Ruling.FAILED,
    "RCPT TO:<x@y>",
    "it is refused",
    f"it was accepted {HOSTILE}",
    (),
    Place("own-lines", "main-cf", "mynetworks", 1),
)
LATER = Verdict("mail-reaches-its-next-hop", f"mail to {LONG}", Ruling.NOT_JUDGED, "", "", "outside the rehearsal")


def judging(agent: StandIn, *verdicts: Verdict, **more: Any) -> Callable[[Judge, Conversation], Report]:
    """Return an answer to `judge`: these verdicts in a full rehearsal, none in a probe; overrides let tests pass."""

    def answer(question: Judge, talk: Conversation) -> Report:
        plain = agent.on_judge(question, talk)
        if question.grade is Grade.PROBE:
            return plain
        names = {override.test for override in question.overrides}
        left = [one for one in verdicts if one.ruling is Ruling.FAILED and not _named(one, names)]
        values = {
            "judged": ("Postfix started.",),
            "not_judged": (f"Next hops of {LONG}.",),
            "widened": (f"Clients 10.9.0.0/24 may newly send mail to {HOSTILE}.",),
        } | more
        return Report(
            plain.digest, plain.release, question.grade, not left and plain.passed,
            (*(one.as_finding().to_json() for one in left), *agent.findings), 2.5,
            verdicts=tuple(one.to_json() for one in verdicts),
            overridden=tuple(Override(one.test, one.reason, one.actor) for one in question.overrides),
            **values,
        )  # fmt: skip

    return answer


def _named(verdict: Verdict, names: set[str]) -> bool:
    return verdict.promise not in NEVER_OVERRIDDEN and f"{verdict.promise}: {verdict.test}" in names


REFUSED = Explained(
    Opinion.REFUSED,
    f"554 5.7.1 <unknown[203.0.113.5]>: Client host rejected: {HOSTILE}",
    (
        Stage("listener", Opinion.PASSED, "The client connected to 192.0.2.1 port 25.", "220 gw ESMTP"),
        Stage(
            "client", Opinion.REFUSED, f"check_client_access refused the mail: {HOSTILE}.",
            f"554 5.7.1 {HOSTILE}", "smtpd_client_restrictions", "check_client_access", f"cidr:/{LONG}/black.cidr",
            "203.0.113.5", "REJECT 5.7.1 no", 3, "black", "203.0.113.0/24", (f"postfix/smtpd[1]: {HOSTILE}", LONG),
        ),
        Stage("HELO", Opinion.NOT_REACHED, "The mail did not come to this."),
        Stage("route", Opinion.NOT_REACHED, "The mail did not come to this."),
    ),
    "client",
    ("No block list lists the client.",),
    1.5,
)  # fmt: skip
ACCEPTED = Explained(
    Opinion.PERMITTED,
    "250 2.0.0 Ok: queued as 4XYZ",
    (
        Stage("listener", Opinion.PASSED, "The client connected to 192.0.2.1 port 25.", "220 gw ESMTP"),
        Stage("MPA", Opinion.PASSED, "The MPA at 127.0.0.1 took the mail."),
        Stage("route", Opinion.PASSED, f"The mail for x@y went to {LONG}[198.51.100.25]:25, with TLSv1.3."),
    ),
)
REPLAYED = Replayed(
    20,
    45,
    17,
    (
        Difference(
            f"check_client_access: 203.0.113.0/24 in {LONG}", "accepted, goes to relay:[198.51.100.25]",
            f"554 5.7.1 {HOSTILE}", 3, (Mail("203.0.113.5", HOSTILE, f"info@{LONG}", LONG),), "black", "203.0.113.0/24",
        ),
    ),
    2,
    ("Mail after a login was left out.",),
    3.5,
)  # fmt: skip
DRILLED = DrillReport(
    (
        Drilled(
            Fault.NEXT_HOP, "mail from outside", "250 2.0.0 Ok (at once)", f"It is queued: {LONG}", False,
            (f"postfix/smtp[1]: {HOSTILE}",), "the next hop cannot be reached",
        ),
        Drilled(Fault.NEXT_HOP, "mail to outside", "250 Ok", "It is gone.", True, (), "the next hop cannot be reached"),
        Drilled(Fault.MPA, "mail from outside", "250 Ok", "It is queued.", False, (), "the MPA is down"),
    ),
    (f"The table {LONG} could not be broken.",),
    7.5,
    ("Every name exists.",),
)  # fmt: skip
WIDENED = Widened(("Clients 10.9.0.0/24 may newly send mail to any domain.",))

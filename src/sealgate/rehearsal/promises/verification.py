"""Recipients are verified as set: unknown ones are refused with the code of the setting, known ones are taken.

The next hop of a relay domain says 550 to one address and takes all others. Switched off, both are taken. The answer
takes a second, since the first question to a next hop is not waited for longer (address_verify_poll_delay). Source:
ADDRESS_VERIFICATION_README.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.rehearsal.clients import Clients
from sealgate.rehearsal.next_hops import OWN_LINES, expected
from sealgate.rehearsal.promises.promise import HELO, SENDER, Case, accepted, reply_to, shown
from sealgate.rehearsal.trials import Client, Internet, Plan, Server, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Seen


class Verification:
    """See the module."""

    name = "recipient-verification"
    title = "Unknown recipients are refused with the code of the setting."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:
        """Return a session for a known and an unknown recipient, and the server that knows."""
        tries = tuple(_tries(subject))
        servers = {server: Server(replies={trial.recipients[0]: _NO}) for trial, known, server in tries if not known}
        return Plan(tuple(trial for trial, _, _ in tries), Internet(servers=servers), mpa=False)

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare the replies with the setting."""
        settings = subject.desired.settings
        code = settings.unverified_recipient_reject_code
        for trial, known, _ in _tries(subject):
            recipient = trial.recipients[0]
            case = Case(
                self.name,
                f"{'a known' if known else 'an unknown'} recipient of {recipient.rpartition('@')[2]}",
                f"A stranger sends to {recipient}, whom the next hop {'knows' if known else 'does not know'}",
                "it is accepted" if known else f"it is refused with {code}",
            )
            reply = reply_to(seen.ended.get(trial.id), recipient)
            if reply is None or reply.code == 0:
                yield case.not_judged(shown(reply))
            elif accepted(reply) if known else reply.code == code:
                yield case.passed(shown(reply))
            else:
                blame = Place(
                    "setting", f"{'reject-unverified-recipient' if known else 'unverified-recipient-reject-code'}"
                )
                yield subject.ruled(case.failed(shown(reply), blame), unless=OWN_LINES)


_NO = "550 5.1.1 no such user"


def _tries(subject: Subject) -> Iterator[tuple[Trial, bool, str]]:
    domain = subject.relay_domain
    listener = next((one for v in (4, 6) if (one := subject.page_listener(v))), None)
    if not subject.desired.settings.reject_unverified_recipient or not domain or listener is None:
        return
    route = expected(subject, f"someone@{domain}")
    strangers = Clients(subject).strangers(6 if ":" in listener.host else 4)
    if route.special or route.inside or not strangers:
        return
    for number, (name, known) in enumerate((("known", True), ("nobody-of-that-name", False))):
        client = Client(str(strangers[0] + 120 + number), HELO, HELO)
        trial = Trial(f"ver-{name}", listener.host, listener.port, client, SENDER, (f"{name}@{domain}",))
        yield trial, known, route.server

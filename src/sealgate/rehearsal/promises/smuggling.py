r"""No second message can be smuggled in behind a line end that is none: SMTP smuggling.

The end of a message is CR LF . CR LF and nothing else (RFC 5321 §4.1.1.4). Each variant (`\n.\n`, `\r\n.\r`, …) is put
into a message, followed by the commands and the header of a second one. Whether the first is taken or refused does not
matter; the second must neither be answered nor arrive. It is sent by a client that may relay, so that nothing but the
line ends decides. https://www.postfix.org/smtp-smuggling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.rehearsal.promises.promise import FOREIGN, SENDER, Case, shown
from sealgate.rehearsal.trials import TRIAL_HEADER, Client, Plan, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Seen

_ENDS = {
    "LF . LF": "\n.\n",
    "LF . CR LF": "\n.\r\n",
    "CR LF . LF": "\r\n.\n",
    "CR LF . CR": "\r\n.\r",
    "CR . CR LF": "\r.\r\n",
    "CR . CR": "\r.\r",
    "LF . CR": "\n.\r",
}


class Smuggling:
    """See the module."""

    name = "no-smuggling"
    title = "No message can be smuggled in behind wrong line ends."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:
        """Return one session for each variant."""
        return Plan(tuple(trial for _, trial in _tries(subject)), mpa=False)

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Look for a second message."""
        for what, trial in _tries(subject):
            case = Case(
                self.name,
                f"a message behind {what}",
                f"A message with {what} in it, and the commands of a second message behind that",
                "there is no second message",
            )
            ended = seen.ended.get(trial.id)
            sent = ended.reply_to("(message)") if ended else None
            if ended is None or sent is None or not sent.code:
                yield case.not_judged(f"no message was sent: {shown(ended.last)}" if ended else "it was not tried")
                continue
            queued = sum("queued as" in reply.text for reply in ended.replies)
            arrived = seen.arrived(f"{trial.id}-in")
            if queued > 1 or arrived:
                came = f"{queued} messages were taken instead of one" if queued > 1 else "the second message arrived"
                blame = subject.blame("smtpd_forbid_bare_newline")
                yield subject.ruled(case.failed(came, blame, ended.log), unless=("smtpd_forbid_bare.*",))
            else:
                yield case.passed(ended.last.text)


def _tries(subject: Subject) -> Iterator[tuple[str, Trial]]:
    listener = next((one for v in (4, 6) if (one := subject.page_listener(v))), None)
    if listener is None:
        return
    client = Client("::1" if ":" in listener.host else "127.0.0.1")
    for number, (what, end) in enumerate(_ENDS.items()):
        name = f"smu-{number}"
        message = (
            f"From: <{SENDER}>\r\nTo: <{FOREIGN}>\r\nSubject: one\r\n{TRIAL_HEADER}: {name}\r\n\r\none{end}"
            f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{FOREIGN}>\r\nDATA\r\n"
            f"From: <{SENDER}>\r\nSubject: two\r\n{TRIAL_HEADER}: {name}-in\r\n\r\ntwo\r\n.\r\n"
        )
        yield (
            what,
            Trial(
                name, listener.host, listener.port, client, SENDER, (FOREIGN,), Until.MESSAGE, message=message, raw=True
            ),
        )

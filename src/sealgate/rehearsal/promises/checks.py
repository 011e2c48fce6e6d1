"""Header and body checks fire on an example of their own, with the action of their row.

The example is made from the pattern (`examples`), put where the rule looks (header, MIME header, header of an attached
message, body), and sent by a trusted client. Which rule decides is worked out from the rows in their order; where an
earlier rule takes the example, or none can be made of the pattern, the rule is not judged, and says so. That a pattern
compiles at all is judged with the tables. Sources: header_checks(5), the log lines of cleanup(8).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.rehearsal.examples import Unmade, compiled, example
from sealgate.rehearsal.next_hops import OWN_LINES
from sealgate.rehearsal.promises.promise import FOREIGN, SENDER, Case, accepted, shown
from sealgate.rehearsal.trials import TRIAL_HEADER, Client, Plan, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.objects import Row
    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Ended, Seen

_NOUNS = ("header-check", "mime-header-check", "nested-header-check", "body-check")
_HEADER = re.compile(r"[!-9;-~]+:")
_OWN_NAMES = {"from", "to", "subject", "date", "message-id", "content-type", "mime-version", TRIAL_HEADER.lower()}
_LOGGED = {
    "WARN": "warning: ", "INFO": "info: ", "HOLD": "hold: ", "DISCARD": "discard: ", "FILTER": "filter: ",
    "REDIRECT": "redirect: ", "PREPEND": "prepend: ", "REPLACE": "replace: ", "STRIP": "strip: ", "BCC": "bcc: ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Try:
    row: Row[Any]
    text: str
    trial: Trial | None
    why_not: str = ""


class Checks:
    """See the module."""

    name = "checks-fire"
    title = "Header and body checks fire on an example of their own."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:
        """Return one message for each rule of which an example can be made."""
        return Plan(tuple(one.trial for one in _tries(subject) if one.trial), mpa=False)

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Look for the action of each rule in the reply and in the log."""
        for one in _tries(subject):
            rule = one.row.value
            case = Case(
                self.name,
                f"{one.row.noun} {one.row.key}",
                f"A message with “{one.text}” is sent, which {rule.typed_pattern} matches" if one.text else "",
                f"{rule.action} {rule.text}".strip(),
            )
            ended = seen.ended.get(one.trial.id) if one.trial else None
            if ended is None:
                yield case.not_judged(one.why_not or "it was not tried")
                continue
            reply = ended.reply_to("(message)") or ended.last
            if _fired(one.row, ended):
                yield case.passed(shown(reply))
            else:
                verdict = case.failed(shown(reply), Place(one.row.noun, one.row.key), ended.log)
                yield subject.ruled(verdict, unless=OWN_LINES)


def _fired(row: Row[Any], ended: Ended) -> bool:
    rule, where = row.value, "body" if row.noun == "body-check" else "header"
    reply = ended.reply_to("(message)")
    if rule.action == "REJECT":
        words = re.sub(r"^\d\.\d+\.\d+\s+", "", rule.text)
        return reply is not None and reply.code >= 500 and ("$" in words or words in reply.text)
    if not accepted(reply):
        return False
    mark = _LOGGED.get(rule.action)
    return mark is None or any(f": {mark}{where} " in line for line in ended.log)


def _tries(subject: Subject) -> Iterator[_Try]:
    listener = next((one for v in (4, 6) if (one := subject.page_listener(v))), None)
    for noun in _NOUNS:
        rows = subject.all_rows(noun)
        tried = {row.key for row in subject.rows(noun)}
        for row in rows or ():
            if row.key not in tried or row.value.action in {"IF", "ENDIF"}:
                continue
            text, why = _example(row, rows or (), body=noun == "body-check")
            trial = None
            if not why and listener is not None:
                name = f"chk-{noun.partition('-')[0]}-{row.key}"
                message = _message(name, noun, text)
                client = Client("::1" if ":" in listener.host else "127.0.0.1")
                trial = Trial(
                    name, listener.host, listener.port, client, SENDER, (FOREIGN,), Until.MESSAGE, message=message
                )
            yield _Try(row, text, trial, why)


def _example(row: Row[Any], rows: tuple[Row[Any], ...], *, body: bool) -> tuple[str, str]:
    """Return a line that the rule decides about, or why there is none."""
    rule = row.value
    if rule.negated:
        return "", "it fires on everything else, and no example is made of that"
    try:
        made = example(rule.pattern, rule.flags)
        lines = (made,) if body or _HEADER.match(made) else (f"X-Sealgate-Example: {made}", made)
        text = next((one for one in lines if body or _HEADER.match(one)), "")
        if not text or not text.isprintable() or not compiled(rule.pattern, rule.flags).search(text):
            return "", "no line that can stand in a message matches the pattern"
        first = _first(text, rows)
    except Unmade as failure:
        return "", f"no example can be made of the pattern: {failure}"
    return (text, "") if first == row.key else (text, f"the rule {first} before it takes the example")


def _first(text: str, rows: tuple[Row[Any], ...]) -> str:
    """Return the key of the rule that decides about a line."""
    skipping = 0
    for row in rows:
        rule = row.value
        if rule.action == "ENDIF":
            skipping = max(0, skipping - 1)
        elif skipping:
            skipping += rule.action == "IF"
        else:
            matches = bool(compiled(rule.pattern, rule.flags).search(text)) != rule.negated
            if rule.action == "IF":
                skipping = 0 if matches else 1
            elif matches:
                return str(row.key)
    return ""


def _message(name: str, noun: str, text: str) -> str:
    """Return a message that has the text where rules of this kind look for it."""
    own = text.partition(":")[0].lower() if noun == "header-check" else ""
    fields = {
        "from": f"From: <{SENDER}>", "to": f"To: <{FOREIGN}>", "subject": "Subject: an example",
        "date": "Date: Thu, 01 Jan 2026 00:00:00 +0000", "message-id": f"Message-ID: <{name}@sender.example>",
        "mime-version": "MIME-Version: 1.0", "content-type": 'Content-Type: multipart/mixed; boundary="b"',
    }  # fmt: skip
    head = [f"{TRIAL_HEADER}: {name}", *(line for field, line in fields.items() if field != own)]
    head += [text] if own else []
    mime = [text] if noun == "mime-header-check" else ["Content-Type: text/plain"]
    nested = [
        "--b",
        "Content-Type: message/rfc822",
        "",
        text if noun == "nested-header-check" else "Subject: in",
        "",
        "in",
    ]
    body = ["--b", *mime, "", text if noun == "body-check" else "an example"]
    return "\r\n".join([*head, "", *body, *nested, "--b--", ""])

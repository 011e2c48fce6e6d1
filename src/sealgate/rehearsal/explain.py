"""The way of one mail, stage by stage, and what decided: read from a run of the release, never guessed.

The release runs sealed off with smtpd's `-v`, so each restriction and each table that was asked is in the log
(`postfix/trace.py`). What follows after the queue is read from the log lines of the message and from what arrived at
the artificial internet. A refusal that no restriction made is named by the reply of the Postfix check that gives it;
one that is not known here is reported as not named, with the reply.

Sources: smtpd(8), SMTPD_ACCESS_README, smtpd_check.c and smtpd.c of Postfix 3.7 to 3.10 for the texts of replies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgate.link.rehearsals import Explained, Opinion, Stage
from sealgate.postfix.trace import sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealgate.postfix.trace import Command, Evaluation, Lookup, Session, Tried
    from sealgate.rehearsal.trials import Arrival, Ended, Seen, Trial

_STAGE_OF = {
    "smtpd_client_restrictions": "client",
    "smtpd_helo_restrictions": "HELO",
    "smtpd_sender_restrictions": "sender",
    "smtpd_relay_restrictions": "relaying",
    "smtpd_recipient_restrictions": "recipient",
    "smtpd_data_restrictions": "DATA",
    "smtpd_end_of_data_restrictions": "end of data",
}
"""The lists in the order in which a mail meets them, with the name of the stage."""

_KNOWN_REFUSALS = (
    (r"5\.3\.4|[Mm]essage size exceeds", "message_size_limit", "The mail is larger than the limit of this listener."),
    (r"User unknown", "relay_recipient_maps", "The recipient is in no table of known recipients."),
    (r"4\.3\.1 Insufficient system storage", "queue_minfree", "The disk of the queue is too full."),
    (r"send HELO/EHLO first", "smtpd_helo_required", "The client did not say HELO or EHLO."),
    (r"Must issue a STARTTLS", "smtpd_tls_security_level", "The listener takes mail over TLS only."),
    (r"need fully-qualified|Bad (?:sender|recipient) address syntax|syntax", "strict_rfc821_envelopes", "Syntax."),
    (r"too many (?:errors|connections|concurrent)|rate limit|connection count", "smtpd_client_limits",
     "The client did too much in too short a time."),
    (r"bare <?(?:LF|newline)", "smtpd_forbid_bare_newline", "A line ended in a bare newline."),
    (r"SMTPUTF8", "smtputf8_enable", "The address needs SMTPUTF8, which the client did not ask for."),
    (r"4\.3\.5|configuration (?:error|problem)", "", "Postfix cannot tell: a setting or a table is broken."),
)  # fmt: skip
_CHECKED = re.compile(
    r"cleanup\[\d+\]: [0-9A-Za-z]+: "
    r"(?P<action>reject|discard|hold|filter|redirect|warning|replace|prepend|bcc|info|strip): "
    r"(?P<kind>header|body) (?P<text>.*?) from (?P<client>\S+?\[\S+?\]|local); "
)
_STATUS = re.compile(
    r"/(?P<program>\w+)\[\d+\]: (?P<id>\w+): to=<(?P<to>[^>]*)>.*? relay=(?P<relay>\S+?),.*? dsn=(?P<dsn>[\d.]+),"
    r" status=(?P<status>\w+) \((?P<text>.*)\)$"
)
_QUEUED = re.compile(r"queued as (\w+)")
_ENVELOPE = ("MAIL", "RCPT", "DATA", "(message)")
_ENDS = frozenset({Opinion.REFUSED, Opinion.DEFERRED})
_RULED = {
    "reject": Opinion.REFUSED,
    "discard": Opinion.REFUSED,
    "hold": Opinion.DEFERRED,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a table entry stands: its line (0: unknown) in the file that people see, the page (`noun`) and row."""

    line: int = 0
    noun: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True)
class Finder:
    """How causes are found: the entry of a look-up, the rule of a header or body check, the origin of a parameter."""

    entry: Callable[[Lookup], Entry]
    rule: Callable[[str, str], tuple[str, str, Entry] | None]
    origin: Callable[[str], Entry]


def explain(
    trial: Trial, seen: Seen, finder: Finder, content_filter: str, told: Iterable[Session] | None = None
) -> Explained:
    """Return the way of the trial's mail. `content_filter` is the value in force, to tell the MPA from a next hop.

    `told` are the sessions of the run's log, for those who explain many trials and read it once.
    """
    ended = seen.ended[trial.id]
    session = _session(trial, ended, sessions(seen.log) if told is None else told)
    lists = list(_lists(session, finder)) if session else []
    refused = next((stage for stage in lists if stage.opinion in _ENDS), None)
    stages = [_listener(trial, ended, refused), *lists]
    if not any(stage.opinion in _ENDS for stage in stages):
        checked = _header_check(_about(trial, seen.log), finder)
        refusal = _refusal(ended, checked, finder)
        stages += [refusal] if refusal else _after_the_queue(trial, ended, seen, checked, content_filter)
    stages = _not_reached(stages)
    decided = next((one for one in stages if one.opinion in _ENDS), None)
    opinion = decided.opinion if decided else Opinion.PERMITTED
    reply = refused.reply if refused else ended.last.text
    return Explained(opinion, reply, tuple(stages), decided.name if decided else "")


def _session(trial: Trial, ended: Ended, told: Iterable[Session]) -> Session | None:
    """Find the trial's session: the last one of its client that named this sender, and the recipients if any did.

    Where the client was turned away before it could name a sender, it is one in which that same reply was given.
    """
    found, most = None, 0
    named = 0 < ended.last.code < 400 or any(reply.said.startswith(_ENVELOPE) for reply in ended.replies)
    for one in told:
        if one.client != trial.client.address:
            continue
        said = [command.said for command in one.commands]
        likeness = sum(any(words.startswith(wanted) for words in said) for wanted in _said_by(trial))
        at_all = any(words.startswith("MAIL FROM:") for words in said) if named else _turned_away(ended, one)
        if at_all and likeness >= most:
            found, most = one, likeness
    return found


def _turned_away(ended: Ended, session: Session) -> bool:
    reply = ended.last.text.rpartition("\n")[2]
    return any(reply in command.replies for command in session.commands)


def _said_by(trial: Trial) -> Iterator[str]:
    """Give what tells the trial's session from others of the same client."""
    yield f"MAIL FROM:<{trial.sender}>"
    yield f"EHLO {trial.client.helo}"
    for recipient in trial.recipients:
        yield f"RCPT TO:<{recipient}>"


def _listener(trial: Trial, ended: Ended, refused: Stage | None) -> Stage:
    """Return the stage of the connection; a greeting that refuses is a restriction's where `refused` tells of one.

    With `smtpd_delay_reject = no` the restrictions for clients are looked at before the greeting.
    """
    greeting = ended.reply_to("(connect)")
    where = f"{trial.host} port {trial.port}"
    if greeting is None or greeting.code == 0:
        words = f"The listener at {where} gave no greeting."
        return Stage("listener", Opinion.REFUSED, words, greeting.text if greeting else "")
    words = f"The client connected to {where}."
    if greeting.code != 220 and refused:
        return Stage("listener", Opinion.PASSED, words)
    return Stage("listener", Opinion.PASSED if greeting.code == 220 else Opinion.REFUSED, words, greeting.text)


# -- restriction lists


def _lists(session: Session, finder: Finder) -> Iterator[Stage]:
    for command in session.commands:
        for evaluation in command.evaluations:
            yield _list(evaluation, command, finder)


def _list(evaluation: Evaluation, command: Command, finder: Finder) -> Stage:
    name = _STAGE_OF.get(evaluation.parameter, evaluation.parameter)
    decided = evaluation.decided
    if decided is None:
        count = len(evaluation.tried)
        words = f"None of the {count} restrictions had an objection." if count else "No restriction is set."
        return Stage(name, Opinion.PASSED, words, parameter=evaluation.parameter)
    tried = _innermost(decided)
    lookup = _deciding(tried) or _deciding(decided)
    where = finder.entry(lookup) if lookup else Entry()
    if not where.noun:
        origin = finder.origin(evaluation.parameter)
        where = Entry(where.line, origin.noun, origin.row)
    refused = decided.opinion == "refuse"
    reply = command.reply if refused else ""
    opinion = Opinion.PERMITTED
    if refused:
        opinion = Opinion.DEFERRED if reply.startswith("4") else Opinion.REFUSED
    return Stage(
        name, opinion, _words(decided, lookup, refused=refused), reply, evaluation.parameter, tried.restriction,
        lookup.table if lookup else "", lookup.key if lookup else "", (lookup.result or "") if lookup else "",
        where.line, where.noun, where.row, command.log if refused else (),
    )  # fmt: skip


def _innermost(tried: Tried) -> Tried:
    """Follow restriction classes down to the restriction that had the opinion."""
    while inner := next((one for one in tried.inner if one.status == tried.status), None):
        tried = inner
    return tried


def _deciding(tried: Tried) -> Lookup | None:
    return next((one for one in reversed(tried.lookups) if one.result is not None), None)


def _words(decided: Tried, lookup: Lookup | None, *, refused: bool) -> str:
    did = "refused the mail" if refused else "permitted the mail"
    chain = " by ".join(dict.fromkeys((decided.restriction, _innermost(decided).restriction)))
    if lookup is None:
        return f"{chain} {did}."
    if lookup.table == "dns":
        return f"{chain} {did}: {lookup.key.removesuffix(' A')} exists."
    return f"{chain} {did}: {lookup.key} in {lookup.table.rpartition('/')[2]} gives {lookup.result}."


# -- other refusals in the session


def _refusal(ended: Ended, checked: Stage | None, finder: Finder) -> Stage | None:
    """Return the stage for a refusal that no list made; None when nothing was refused."""
    last = ended.last
    if 0 < last.code < 400:
        return None
    if checked and checked.opinion is Opinion.REFUSED and last.said.startswith("(message)"):
        return replace(checked, reply=last.text)
    opinion = Opinion.REFUSED if last.code >= 500 or last.code == 0 else Opinion.DEFERRED
    name = {"MAIL": "sender", "RCPT": "recipient", "DATA": "DATA", "(mess": "content"}.get(last.said[:5].strip(), "")
    for pattern, parameter, words in _KNOWN_REFUSALS:
        if re.search(pattern, last.text):
            origin = finder.origin(parameter)
            return Stage(
                name or last.said, opinion, words, last.text, parameter, noun=origin.noun, row=origin.row, log=ended.log
            )
    words = f"Postfix answered {last.said} so and names no restriction."
    return Stage(name or last.said, opinion, words, last.text, log=ended.log)


def _about(trial: Trial, log: Iterable[str]) -> Iterator[str]:
    """Give the lines of cleanup that name the trial's client and envelope."""
    envelope = f"[{trial.client.address}]; from=<{trial.sender}> to=<"
    return (line for line in log if envelope in line)


def _header_check(log: Iterable[str], finder: Finder) -> Stage | None:
    """Return the stage for the rule that decided, else for the first that a line met; None when none did."""
    met = [found for line in log if (found := _CHECKED.search(line))]
    weights = {action: number for number, action in enumerate(_RULED)}
    for found in sorted(met, key=lambda one: weights.get(one["action"], len(weights))):
        rule = finder.rule(found["kind"], found["text"])
        parameter, text, where = rule or ("header_checks", "", Entry())
        opinion = _RULED.get(found["action"], Opinion.PASSED)
        words = f"The {found['kind']} line “{found['text']}” met a rule that says {found['action'].upper()}."
        return Stage(
            "content checks", opinion, words, "", parameter, found["action"].upper(), "", found["text"], text,
            where.line, where.noun, where.row, (found.string,),
        )  # fmt: skip
    return None


# -- after the queue


def _after_the_queue(
    trial: Trial, ended: Ended, seen: Seen, checked: Stage | None, content_filter: str
) -> Iterator[Stage]:
    words = "No header or body rule met the mail."
    yield checked or Stage("content checks", Opinion.PASSED, words, parameter="header_checks")
    if checked and checked.opinion in _ENDS:
        return
    statuses = [found for line in ended.log if (found := _STATUS.search(line))]
    filtered = [one for one in statuses if content_filter and one["id"] == ended.queue_id]
    for one in filtered:
        yield _filter(one)
    if any(one["status"] != "sent" for one in filtered):
        return
    back = _QUEUED.search(filtered[-1]["text"]) if filtered else None
    if back:
        yield Stage("re-injection", Opinion.PASSED, f"The MPA gave the mail back; it is queued as {back[1]}.")
    route = seen.routes.get(trial.recipients[0])
    arrivals = seen.arrived(trial.id)
    delivered = [one for one in statuses if one not in filtered]
    for one in delivered:
        yield _delivery(one, route.transport if route else "", arrivals)
    if not delivered:
        yield Stage("route", Opinion.NOT_REACHED, "The mail was not handed to a next hop.", log=ended.log[-3:])


def _filter(status: re.Match[str]) -> Stage:
    sent = status["status"] == "sent"
    words = f"The MPA at {status['relay']} took the mail." if sent else f"The MPA did not take it: {status['text']}."
    opinion = Opinion.PASSED if sent else _queue_opinion(status["status"])
    return Stage("MPA", opinion, words, status["text"], "content_filter", log=(status.string,))


def _delivery(status: re.Match[str], transport: str, arrivals: tuple[Arrival, ...]) -> Stage:
    via = f" by the transport {transport}" if transport else ""
    if status["status"] != "sent":
        words = f"{status['relay']} did not take the mail for {status['to']}{via}: {status['text']}."
        return Stage("route", _queue_opinion(status["status"]), words, status["text"], log=(status.string,))
    words = f"The mail for {status['to']} went to {status['relay']}{via}{_secured(arrivals)}."
    return Stage("route", Opinion.PASSED, words, status["text"], log=(status.string,))


def _secured(arrivals: tuple[Arrival, ...]) -> str:
    if not arrivals:
        return ""
    one = arrivals[0]
    return f", {f'with {one.tls}' if one.tls else 'without TLS'}" + (f", as user {one.login}" if one.login else "")


def _queue_opinion(status: str) -> Opinion:
    return Opinion.REFUSED if status == "bounced" else Opinion.DEFERRED


def _not_reached(stages: list[Stage]) -> list[Stage]:
    """Add the stages of the usual way that the mail did not come to."""
    ended = next((at for at, one in enumerate(stages) if one.opinion in _ENDS), None)
    if ended is None:
        return stages
    known = {one.name for one in stages}
    usual = ("listener", *_STAGE_OF.values(), "content checks", "MPA", "re-injection", "route")
    at = usual.index(stages[ended].name) if stages[ended].name in usual else len(usual)
    later = (name for name in usual[at + 1 :] if name not in known and name != "end of data")
    return [*stages, *(Stage(name, Opinion.NOT_REACHED, "The mail did not come to this.") for name in later)]

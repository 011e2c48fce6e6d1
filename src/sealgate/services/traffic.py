"""What happened to mail lately, counted from Postfix's log: accepted, delivered, delayed, refused, through the MPA.

Only what Postfix logs in so many words is counted; the lines are those of smtpd(8), smtp(8), lmtp(8) and local(8). The
log is read backwards to a bound, so a busy gateway shows a shorter time: `since` says how far the counts reach.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.services import mail_log, queue
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

LINES = 5000
SLOTS = 24
_STAMP = re.compile(
    r"(?:(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<old>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)) "
)
_RECORD = re.compile(
    r"\S+ (?P<name>[^\s\[\]:]+/(?P<program>[a-z0-9_.-]+))\[\d+\]: (?:(?P<id>[0-9A-Za-z]{5,45}): )?(?P<rest>.*)"
)
"""What follows the time: host, what the daemon calls itself (`syslog_name/smtpd`), queue id."""
_MADE_HERE = re.compile(r"\b(?:notification: |queued as )(?P<id>[0-9A-Za-z]{5,45})\b")
_STATUS = re.compile(r"\bstatus=(sent|deferred|bounced|undeliverable|deliverable)\b")
_FROM_MPA = re.compile(r"\brelay=127\.0\.0\.1\[127\.0\.0\.1\]")


@dataclass(frozen=True, slots=True)
class Slot:
    """One stretch of time and what happened in it, by name (`delivered`, `delayed`, `refused`)."""

    start: dt.datetime
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Totals by name, the same over time, and since when."""

    totals: Counter[str]
    slots: tuple[Slot, ...]
    since: dt.datetime | None
    queued: Counter[str]


def recent(gateway: Gateway, actor: Actor, now: dt.datetime) -> Traffic:
    """Return what the log says about mail, and the queue by its parts."""
    actor.may(Right.OPERATE)
    events = list(events_in(mail_log.lines(gateway, actor, last=LINES), now))
    queued: Counter[str] = Counter(message.queue for message in queue.listing(gateway, actor))
    return counted(events, now, queued)


def counted(events: list[tuple[dt.datetime, str]], now: dt.datetime, queued: Counter[str]) -> Traffic:
    """Return events as totals and over time, the time from the first one on cut into equal parts."""
    totals = Counter(name for _at, name in events)
    if not events:
        return Traffic(totals, (), None, queued)
    since = min(at for at, _name in events)
    width = max((now - since) / SLOTS, dt.timedelta(minutes=1))
    slots = [Slot(since + number * width, Counter()) for number in range(SLOTS)]
    for at, name in events:
        slots[min(SLOTS - 1, max(0, int((at - since) / width)))].counts[name] += 1
    return Traffic(totals, tuple(slots), since, queued)


def events_in(lines: Iterable[str], now: dt.datetime) -> Iterator[tuple[dt.datetime, str]]:
    """Give time and name of what lines of the log tell about mail; lines about other things are passed over.

    A message is accepted once: not again when it is tried again, nor when it comes back from the MPA, nor is a notice
    counted that Postfix made itself.
    """
    known: set[str] = set()
    for line in lines:
        stamp = _STAMP.match(line)
        found = _RECORD.match(line, stamp.end()) if stamp else None
        if stamp is None or found is None:
            continue
        id_, name = found["id"] or "", _name(found["program"], found["name"], found["id"] or "", found["rest"])
        known.update(made["id"] for made in _MADE_HERE.finditer(found["rest"]))
        if "orig_queue_id=" in found["rest"]:
            known.add(id_)
        if name == "accepted":
            if id_ in known:
                continue
            known.add(id_)
        if name:
            yield _time(stamp, now), name


def _name(program: str, name: str, id_: str, rest: str) -> str:
    if program in {"smtpd", "cleanup"}:
        return "refused" if rest.startswith("reject: ") and (id_ or program == "smtpd") else ""
    if program == "qmgr":
        return "accepted" if "nrcpt=" in rest and "(queue active)" in rest else ""
    status = _STATUS.search(rest)
    if program not in {"smtp", "lmtp", "local", "virtual", "pipe", "error", "discard"} or status is None:
        return ""
    if program == "lmtp" and ("mpa" in name.split("/") or _FROM_MPA.search(rest)):
        return {"sent": "through_mpa", "deferred": "delayed"}.get(status[1], "")
    return {"sent": "delivered", "deferred": "delayed", "bounced": "returned"}.get(status[1], "")


def _time(stamp: re.Match[str], now: dt.datetime) -> dt.datetime:
    """Return the time of a line; without a zone it is that of this machine, in which Postfix writes."""
    if stamp["iso"]:
        at = dt.datetime.fromisoformat(stamp["iso"])
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at
    at = dt.datetime.strptime(f"{now.year} {stamp['old']}", "%Y %b %d %H:%M:%S").astimezone()
    return at if at <= now + dt.timedelta(days=1) else at.replace(year=now.year - 1)

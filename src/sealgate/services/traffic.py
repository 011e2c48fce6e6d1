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
    from collections.abc import Iterable

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

LINES = 5000
SLOTS = 24
_STAMP = re.compile(r"(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)|(?P<old>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)")
_SERVICE = re.compile(r" postfix/(?P<service>[a-z0-9/_.:-]+)\[\d+\]: (?P<rest>.*)")
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


def events_in(lines: Iterable[str], now: dt.datetime) -> Iterable[tuple[dt.datetime, str]]:
    """Give time and name of what lines of the log tell about mail; lines about other things are passed over."""
    for line in lines:
        found = _SERVICE.search(line)
        name = _name(found["service"].rpartition("/")[2], found["service"], found["rest"]) if found else ""
        at = _time(line, now) if name else None
        if at is not None:
            yield at, name


def _name(program: str, service: str, rest: str) -> str:
    if program == "smtpd":
        return "refused" if rest.startswith("NOQUEUE: reject") else ""
    if program == "cleanup":
        return "refused" if ": reject: " in rest else ""
    if program == "qmgr":
        return "accepted" if "nrcpt=" in rest and "(queue active)" in rest else ""
    status = _STATUS.search(rest)
    if program not in {"smtp", "lmtp", "local", "virtual", "pipe", "error", "discard"} or status is None:
        return ""
    if program == "lmtp" and ("mpa" in service.split("/") or _FROM_MPA.search(rest)):
        return {"sent": "through_mpa", "deferred": "delayed"}.get(status[1], "")
    return {"sent": "delivered", "deferred": "delayed", "bounced": "returned"}.get(status[1], "")


def _time(line: str, now: dt.datetime) -> dt.datetime | None:
    stamp = _STAMP.match(line)
    if stamp is None:
        return None
    if stamp["iso"]:
        return dt.datetime.fromisoformat(stamp["iso"]).replace(tzinfo=dt.UTC)
    at = dt.datetime.strptime(f"{now.year} {stamp['old']}", "%Y %b %d %H:%M:%S").replace(tzinfo=dt.UTC)
    return at if at <= now + dt.timedelta(days=1) else at.replace(year=now.year - 1)

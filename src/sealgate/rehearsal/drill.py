"""Letting parts fail in a sealed copy: what senders would see, what is queued, and what becomes of it.

`failures` makes a run for each way in which a part can fail; each run sends the same few mails (`mails`): one that
comes in for a domain of ours, and one that a trusted client sends out. `told` reads from what was seen what the sender
was told and how long that took, where the mail was while the part was away, and whether it got through when the part
came back and the queue was flushed. A mail that was accepted and is then neither delivered nor queued nor returned is
lost; that is looked at each time, not believed.

A next hop that is down stays down: its coming back cannot be played. Everything is data here; `node/drilling.py` runs
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgate.link.rehearsals import Drilled, Fault
from sealgate.rehearsal.replay import next_hops
from sealgate.rehearsal.trials import Client, Internet, Manner, Plan, Server, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.sides import Side
    from sealgate.rehearsal.trials import Arrival, Ended, Seen

STRANGER = {4: "203.0.113.25", 6: "2001:db8:7e57::25"}
FOREIGN = "someone@elsewhere.example"
SENDER = "someone@sender.example"
SLOWNESS = 3.0
MOST_TABLES = 6
_REASON = re.compile(r"status=(?P<status>\w+) \((?P<reason>.*)\)$")
_HELO = "client.sender.example"


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail that is sent in each run; `what` names it for people."""

    what: str
    trial: Trial


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which a part fails, and the run that plays it."""

    fault: Fault
    what: str
    plan: Plan


# -- the mails


def mails(side: Side) -> tuple[tuple[Sent, ...], tuple[str, ...]]:
    """Return the mails that are sent, and in words which kinds there are none of."""
    if not side.public:
        return (), ("No mail was sent: nothing listens for SMTP.",)
    listener = next((one for one in side.public if ":" not in one.host), side.public[0])
    version = 6 if ":" in listener.host else 4
    domain = next((row.value.domain for row in side.desired.rows.rows("relay-domain") if row.enabled), "")
    found, missing = [], []
    if domain:
        trial = _trial("drill-in", listener, _client(side, listener, STRANGER[version]), SENDER, f"someone@{domain}")
        found.append(Sent(f"mail from outside for {domain}", trial))
    else:
        missing.append("Mail from outside: there is no relay domain.")
    sender = f"someone@{domain}" if domain else SENDER
    address, who = _trusted(side, version)
    trial = _trial("drill-out", listener, _client(side, listener, address), sender, FOREIGN)
    found.append(Sent(f"mail to the outside from {who}", trial))
    return tuple(found), tuple(missing)


def _client(side: Side, listener: Listener, address: str) -> Client:
    level = side.read.value(listener.service, "smtpd_tls_security_level")
    return Client(address, "", _HELO, tls=level == "encrypt" and not listener.tls_wrapped)


def _trial(name: str, listener: Listener, client: Client, sender: str, recipient: str) -> Trial:
    return Trial(name, listener.host, listener.port, client, sender, (recipient,), Until.MESSAGE)


def _trusted(side: Side, version: int) -> tuple[str, str]:
    """Return an address that may relay, and who that is; a program of this machine if no network is ours."""
    for row in side.desired.rows.rows("network"):
        network = row.value.network
        if row.enabled and not network.negated and network.network.version == version:
            inside = network.network.network_address + (1 if network.network.num_addresses > 2 else 0)
            if not inside.is_loopback:
                return str(inside), str(network)
    return ("127.0.0.1" if version == 4 else "::1"), "this machine itself"


# -- the failures


def failures(side: Side, sent: Iterable[Sent], faults: Iterable[Fault]) -> Iterator[Failure]:
    """Give the runs that play the faults asked for."""
    trials = tuple(one.trial for one in sent)
    plain = Plan(trials, Internet(empty_zones=side.zones, ports=side.ports), repaired=True)
    for fault in dict.fromkeys(faults):
        if fault is Fault.NEXT_HOP:
            yield from _of_next_hop(plain, side)
        elif fault is Fault.DNS:
            dead = replace(plain.internet, dead=True)
            yield Failure(fault, "no name server answers", replace(plain, internet=dead))
        elif fault is Fault.MPA:
            yield Failure(fault, "the MPA is down", replace(plain, mpa=False))
        else:
            for table in tables(side):
                broken = replace(plain, emptied=(table,), repaired=False)
                yield Failure(fault, f"the table {table} is broken", broken)


def _of_next_hop(plain: Plan, side: Side) -> Iterator[Failure]:
    hosts = {host for trial in plain.trials for recipient in trial.recipients for host in next_hops(recipient, side)}
    ways = (
        ("the next hop cannot be reached", Server(Manner.DOWN), False),
        ("the next hop refuses everything for the moment", Server(Manner.DEFER), True),
        ("the next hop refuses everything for good", Server(Manner.REFUSE), False),
        ("the next hop hangs up before it answers to a message", Server(Manner.DROP), True),
        (f"the next hop takes {SLOWNESS:.0f} seconds to greet", Server(Manner.SLOW, slowness=SLOWNESS), False),
    )
    for what, server, repaired in ways:
        internet = replace(plain.internet, servers=dict.fromkeys(sorted(hosts), server))
        yield Failure(Fault.NEXT_HOP, what, replace(plain, internet=internet, repaired=repaired))


def tables(side: Side) -> tuple[str, ...]:
    """Return the indexed tables of the release, by their paths in it, those that decide over all mail first."""
    first = ("relay_domains", "transport")
    found = sorted(str(path.relative_to(side.release)) for path in side.release.glob("map*/*.lmdb"))
    found.sort(key=lambda name: next((at for at, word in enumerate(first) if word in name), len(first)))
    return tuple(found[:MOST_TABLES])


# -- what came of it


def told(failure: Failure, sent: Iterable[Sent], seen: Seen) -> Iterator[Drilled]:
    """Give for each mail what its sender saw, and what became of it."""
    for one in sent:
        ended = seen.ended.get(one.trial.id)
        if ended is None:
            yield Drilled(failure.fault, one.what, "nothing answered", "Nothing is queued.", what=failure.what)
            continue
        words, lost = _afterwards(failure, one, ended, seen)
        log = tuple(line for line in ended.log if "status=" in line or "reject" in line or "warning" in line)[-3:]
        yield Drilled(failure.fault, one.what, _seen(ended), words, lost, log, failure.what)


def _seen(ended: Ended) -> str:
    took = sum(reply.seconds for reply in ended.replies)
    last = ended.last
    text = last.text.rpartition("\n")[2] or "no answer"
    when = "at once" if took < 0.5 else f"after {took:.1f} seconds"
    return f"{text} ({'answer to ' + last.said + ', ' if last.code >= 400 else ''}{when})"


def _afterwards(failure: Failure, one: Sent, ended: Ended, seen: Seen) -> tuple[str, bool]:
    """Return where the mail is, in words, and whether it is lost."""
    if not ended.queue_id:
        keeps = "gets the mail back" if ended.last.code >= 500 else "keeps the mail and tries again"
        return f"Nothing is queued; the sender {keeps}.", False
    arrived = seen.arrived(one.trial.id)
    before, now = seen.failing.get(one.trial.id, ()), seen.queued.get(one.trial.id, ())
    if failure.plan.repaired and before:
        return _repaired(before, now, arrived)
    return (
        _standing(now) or _delivered("It is delivered to", arrived) or ("It was accepted, and is nowhere: lost.", True)
    )


def _standing(now: tuple[str, ...]) -> tuple[str, bool] | None:
    if not now:
        return None
    kept = "is returned to its sender" if _status(now, "bounced") else "is queued and tried again"
    return f"It {kept}: {_reason(now)}.", False


def _delivered(words: str, arrived: tuple[Arrival, ...]) -> tuple[str, bool] | None:
    if not arrived:
        return None
    return f"{words} {arrived[0].server or arrived[0].address} port {arrived[0].port}.", False


def _repaired(before: tuple[str, ...], now: tuple[str, ...], arrived: tuple[Arrival, ...]) -> tuple[str, bool]:
    if _status(before, "bounced"):
        return f"It is returned to its sender: {_reason(before)}.", False
    kept = f"It is queued: {_reason(before)}. When the part came back"
    if now:
        return f"{kept} it was not delivered yet: {_reason(now)}.", False
    return _delivered(f"{kept} and the queue was flushed, it went to", arrived) or (
        f"{kept} it was nowhere: lost.",
        True,
    )


def _status(lines: Iterable[str], status: str) -> bool:
    return any(line.startswith(f"{status}: ") for line in lines)


def _reason(lines: tuple[str, ...]) -> str:
    found = next((met["reason"] for line in lines if (met := _REASON.search(line))), "")
    return found or (lines[0] if lines else "")


def assumed(faults: Iterable[Fault]) -> tuple[str, ...]:
    """Return in words what is otherwise than outside."""
    words = ["Names and next hops are those of the artificial internet; the queue is tried again at once, not later."]
    if Fault.DNS in faults:
        words.append("A name server that is dead costs one second a question here; outside it costs ten or more.")
    return tuple(words)

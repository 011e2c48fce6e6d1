"""Answering "what becomes of this mail?" for what is live or for a candidate: a run sealed off, read stage by stage.

The question is made a trial, the release is run once with smtpd telling what it does, and the answer is read from that
run (`rehearsal/explain.py`). The live Postfix, its queue and its log are not touched.
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.errors import InvalidValue, NodeFailed, NotFound
from sealgate.rehearsal.explain import explain
from sealgate.rehearsal.running import run
from sealgate.rehearsal.sealed import NotSealed
from sealgate.rehearsal.trials import Client, Internet, Plan, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from sealgate.link.conversation import Conversation
    from sealgate.link.rehearsals import Explain, Explained, Mail
    from sealgate.node.sides import Sides
    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.sides import Side

_TRIAL = "explain"


class Explainer:
    """Follows one mail through a release."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each of these verbs."""
        return {"explain": self.explain}

    def explain(self, question: Explain, talk: Conversation) -> Explained:
        """Run the release sealed off and return the way of the mail."""
        started = time.monotonic()
        side = self._sides.of(question.digest)
        trial = trial_of(question.mail, side.listeners)
        plan = plan_of(question.mail, trial, side)
        talk.progress("running the release in a sealed world")
        try:
            seen = run(self._sides.rehearsal(), side.release, plan, Grade.FULL, side.read)
        except NotSealed as failure:
            raise NodeFailed(f"The release cannot be run on this machine: {failure}") from None
        talk.progress("reading what happened")
        answer = explain(trial, seen, self._sides.finder(side), side.read.main.get("content_filter", ""))
        return replace(answer, assumed=assumed(question.mail), seconds=time.monotonic() - started)


def trial_of(mail: Mail, found: tuple[Listener, ...]) -> Trial:
    """Return the trial that a question asks for; InvalidValue names what is wrong with it."""
    mail.check()
    address = ipaddress.ip_address(mail.client)
    listener = _listener(mail.listener, found, address.version)
    client = Client(str(address), mail.name, mail.helo or "client.example.org", mail.tls)
    return Trial(
        _TRIAL, listener.host, listener.port, client, mail.sender, (mail.recipient,),
        Until.MESSAGE, mail.size, mail.message.decode("latin-1"),
    )  # fmt: skip


def plan_of(mail: Mail, trial: Trial, side: Side) -> Plan:
    """Return the plan of the one run: an internet in which block lists list nobody but as the question says."""
    internet = Internet(records=dict(_listings(mail, side.zones)), empty_zones=side.zones, ports=side.ports)
    return Plan((trial,), internet, (mail.recipient,), verbose=True)


def assumed(mail: Mail) -> tuple[str, ...]:
    """Return in words what the sealed world took for granted about this mail."""
    lists = ", ".join(mail.listed)
    return (
        f"The client is listed by {lists} and by no other block list." if lists else "No block list lists the client.",
        f"DNS knows the client as {mail.name}." if mail.name else "DNS has no name for the client.",
        "Every name exists in DNS, and every next hop answers and takes the mail.",
    )


def _listener(wanted: str, found: tuple[Listener, ...], version: int) -> Listener:
    servers = [one for one in found if one.program in {"smtpd", "postscreen"}]
    if wanted:
        chosen = [one for one in servers if wanted in {one.service, str(one.port), str(one)}]
    else:
        chosen = [one for one in servers if one.wildcard or not ipaddress.ip_address(one.host).is_loopback] or servers
    fitting = [one for one in chosen if (":" in one.host) == (version == 6)]
    if fitting:
        return fitting[0]
    known = ", ".join(dict.fromkeys(f"{one.service} ({one})" for one in servers)) or "none"
    what = f"There is no listener {wanted[:60]!r}" if wanted else "There is no listener"
    raise NotFound(f"{what} for a client with an IPv{version} address. Listeners for SMTP: {known}.")


def _listings(mail: Mail, known: tuple[str, ...]) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
    """Give the DNS records that list the client, for each zone named."""
    address = ipaddress.ip_address(mail.client)
    name = address.reverse_pointer.rpartition(".in-addr.arpa")[0] or address.reverse_pointer.rpartition(".ip6.arpa")[0]
    for item in mail.listed:
        zone, _, answer = item.partition("=")
        if zone.lower() not in known:
            raise InvalidValue.of(f"No restriction asks the block list {zone[:100]!r}.", "", "listed")
        yield f"{name}.{zone}", {"A": (answer or "127.0.0.2",), "TXT": ("listed for this explanation",)}

"""Live tests asked over the link: what is asked is checked again, then each server is met by a process of its own.

The processes are unprivileged (`child`), at most `_AT_ONCE` at a time on this node, and killed when their time is over;
what they answer is parsed like anything from outside. A password is opened here, from the row of the candidate that
the bundle brought, so host and password always come from the same row; it goes to the process through a pipe, and
neither the answer nor the log has it.
"""

from __future__ import annotations

import pwd
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sealgate.link.bundle import Header
from sealgate.link.codec import from_json, to_json
from sealgate.link.live_tests import MOST_DOMAINS, LiveReport, Result, Section, Step, worst
from sealgate.log import logger
from sealgate.model.errors import InvalidValue, NotFound, NotPermitted, Refused
from sealgate.model.names import DomainName, MailAddress, NextHop, parse_address, parse_host
from sealgate.node.live_tests.smtp import literal
from sealgate.rehearsal.sealed import NotSealed, libraries, start_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from sealgate.link.conversation import Conversation
    from sealgate.link.live_tests import DnsPicture, ListTest, LoginTest, NextHopTest, Way
    from sealgate.model.sasl import SaslPassword
    from sealgate.model.secrets import Sealed
    from sealgate.node.receiving import Receiver

CHILD = "sealgate.node.live_tests.child"
_NOBODY = "nobody"
_AT_ONCE = 4
_LONGEST = 120.0
"""Seconds after which a process is killed, whatever its server does."""
_HELO = re.compile(r"[A-Za-z0-9._\[\]:-]{1,255}", re.ASCII)
_log = logger("agent")


class LiveTests:
    """Answers the verbs of live tests.

    `alone` holds off whatever throws rows away; `resolvers` are name servers to ask instead of the machine's;
    `limits` are bounds of a conversation by name (`smtp.Limits`), for tests of hostile servers.
    """

    def __init__(
        self,
        receiver: Receiver,
        open_secret: Callable[[Sealed], str],
        alone: Callable[[Conversation], AbstractContextManager[None]],
        *,
        resolvers: tuple[str, ...] = (),
        limits: Mapping[str, float] | None = None,
    ) -> None:
        self._receiver = receiver
        self._open = open_secret
        self._alone = alone
        self._resolvers = resolvers
        self._limits = dict(limits or {})
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each of these verbs."""
        return {
            "test-next-hop": self.next_hop,
            "test-login": self.login,
            "test-list": self.list_,
            "dns-picture": self.picture,
        }

    # -- the verbs

    def next_hop(self, question: NextHopTest, talk: Conversation) -> LiveReport:
        """Connect to every server of a next hop, as far as the bound goes."""
        started = _begun(talk, question.title, "edit")
        way = _checked(question.way)
        recipient = str(MailAddress.parse(question.recipient, "The recipient")) if question.recipient else ""
        found, section = self._servers(way, talk)
        sections = [section] if section else []
        met = self._meet(way, found, talk, {"work": "look", "recipient": recipient})
        report = _report(question.title, [*sections, *met], started, _asked(way, self._resolvers))
        _log.info("live test", by=talk.asker.name, title=question.title, result=report.result.value)
        return report

    def login(self, question: LoginTest, talk: Conversation) -> LiveReport:
        """Log in at the first server of a next hop that can be connected to."""
        started = _begun(talk, question.title, "edit", "secrets")
        row, password = self._row(question, talk)
        way = _checked(question.way)
        if NextHop(parse_host(way.host), way.port, way.mx) != row.next_hop:
            raise Refused("The row is for another next hop than the one to test. Nothing was sent.")
        found, section = self._servers(way, talk)
        sections = [section] if section else []
        work = {"work": "log-in", "user": row.user, "password": password}
        for pair in found:
            met = self._meet(way, [pair], talk, work)
            sections += met
            if len(met[0].steps) > 1:  # it was connected to, as Postfix would go on only to the next that answers
                break
        report = _report(question.title, sections, started, _asked(way, self._resolvers), last=True)
        _log.info("live test", by=talk.asker.name, title=question.title, result=report.result.value)
        return report

    def list_(self, question: ListTest, talk: Conversation) -> LiveReport:
        """Ask a DNS list for its test entries."""
        started = _begun(talk, question.title, "edit")
        DomainName.parse(question.zone, "The list")
        talk.progress(f"asking {question.zone}")
        return self._dns("list", question, question.title, started)

    def picture(self, question: DnsPicture, talk: Conversation) -> LiveReport:
        """Look at what DNS says of the gateway and its domains."""
        started = _begun(talk, f"DNS of {question.hostname}", "view")
        if len(question.domains) > MOST_DOMAINS or len(question.sending) > MOST_DOMAINS:
            raise InvalidValue.of("These are too many names for one look.", f"At most {MOST_DOMAINS} are looked at.")
        for name in (question.hostname, *question.domains):
            DomainName.parse(name)
        for address in question.sending:
            parse_address(address)
        talk.progress("asking the name servers")
        return self._dns("picture", question, f"DNS of {question.hostname}", started)

    # -- pieces

    def _row(self, question: LoginTest, talk: Conversation) -> tuple[SaslPassword, str]:
        """Take the candidate and return its row with the password in clear."""
        with self._alone(talk):
            candidate = self._receiver.receive(from_json(Header, question.header, "header"), talk)
            row = candidate.desired.rows.row("sasl", question.key)
            if row is None:
                raise NotFound(f"There is no login for {question.key[:100]!r}. Nothing was sent.")
            return row.value, self._open(row.value.password)

    def _servers(self, way: Way, talk: Conversation) -> tuple[list[tuple[str, str]], Section | None]:
        """Return the servers of a next hop as pairs of name and address, and how they were found."""
        if literal(way.host):
            return [(way.host, way.host)], None
        talk.progress(f"asking DNS for {way.host}")
        task = {"work": "resolve", "host": way.host, "mx": way.mx, "versions": list(way.versions)}
        answer = self._run(task | {"resolvers": list(self._resolvers)})
        if isinstance(answer, str):
            return [], Section(f"DNS of {way.host}", Result.BAD, answer)
        steps = tuple(from_json(Step, step, "step") for step in answer["steps"])
        found = [(str(name), str(parse_address(address))) for name, address in answer["found"]]
        if not found:
            text = f"DNS knows no server for {way.host}."
            remedy = "Correct the host, or have its records made; Postfix asks DNS and not /etc/hosts."
            return [], Section(f"DNS of {way.host}", Result.BAD, text, remedy, steps)
        more = f" {answer['more']} more were left out." if answer["more"] else ""
        text = f"{len(found)} server{'s' if len(found) > 1 else ''}, in this order.{more}"
        return found, Section(f"DNS of {way.host}", Result.GOOD, text, "", steps)

    def _meet(self, way: Way, found: list[tuple[str, str]], talk: Conversation, work: dict[str, Any]) -> list[Section]:
        """Meet servers, several at once; the sections come in the order of the servers."""

        def one(pair: tuple[str, str]) -> Section:
            name, address = pair
            task = work | {"way": to_json(way), "name": name, "address": address, "limits": self._limits}
            answer = self._run(task)
            if isinstance(answer, str):
                return Section(f"{name} [{address}]:{way.port}", Result.BAD, answer)
            return from_json(Section, answer, "section")

        for name, address in found:
            talk.progress(f"connecting to {name}" + (f" [{address}]" if name != address else ""))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(one, found))

    def _dns(self, work: str, question: ListTest | DnsPicture, title: str, started: float) -> LiveReport:
        answer = self._run({"work": work, "question": to_json(question), "resolvers": list(self._resolvers)})
        if isinstance(answer, str):
            return LiveReport(title, Result.BAD, answer, seconds=time.monotonic() - started)
        sections = [from_json(Section, section, "section") for section in answer["sections"]]
        asked = (f"Name servers: {', '.join(map(str, answer['servers'])) or 'none'}",)
        findings = tuple(answer["findings"])
        report = _report(title, sections, started, asked, last=work == "list")
        if work == "list":
            return report
        count = sum(finding["severity"] != "note" for finding in findings)
        text = f"{count} thing{'s' if count != 1 else ''} to look at." if count else "Nothing is wrong in DNS."
        result = Result.DOUBT if count else Result.GOOD
        return LiveReport(title, result, text, "", report.sections, findings, asked, report.seconds)

    def _run(self, task: dict[str, Any]) -> Any:
        """Run a task in a process of its own; a sentence when it came to nothing."""
        account = pwd.getpwnam(_NOBODY)
        task |= {"account": [account.pw_uid, account.pw_gid]}
        try:
            with self._places, start_apart(CHILD, task, imported_from=libraries()) as running:
                answer = running.answer(_LONGEST)
        except (NotSealed, Refused):  # its words could be those of a stranger, or hold the task
            return f"The test did not end within {_LONGEST:.0f} seconds, or could not be run on this machine."
        if "done" not in answer:
            _log.error("a live test ended by a fault of the program", fault=str(answer.get("fault"))[:100])
            return "The test ended by a fault of the program; the agent's log has its kind."
        return answer["done"]


def _begun(talk: Conversation, title: str, *rights: str) -> float:
    """Refuse who may not; note in the log who asks for what."""
    missing = [right for right in rights if right not in talk.asker.rights]
    if missing:
        raise NotPermitted(f"This test needs the right “{missing[0]}”. Nothing was sent.")
    _log.info("live test begins", by=talk.asker.name, title=title[:200])
    return time.monotonic()


def _checked(way: Way) -> Way:
    """Return a way whose parts are what they should be: nothing in it can be a second SMTP command."""
    NextHop.parse(way.host, way.port, way.mx)
    if not _HELO.fullmatch(way.helo):
        raise InvalidValue.of("The HELO name is none.", "", "helo")
    for source in way.sources:
        parse_address(source, "The address to connect from")
    if not set(way.versions) <= {4, 6} or not way.versions:
        raise InvalidValue.of("There is IPv4 and IPv6 and nothing else.", "", "versions")
    return way


def _asked(way: Way, resolvers: tuple[str, ...]) -> tuple[str, ...]:
    asked = [f"TLS level of this next hop: {way.level}", f"HELO name: {way.helo}"]
    asked += [f"connecting from {', '.join(way.sources)}"] if way.sources else []
    return (*asked, f"name servers: {', '.join(resolvers)}") if resolvers else tuple(asked)


def _report(
    title: str, sections: list[Section], started: float, asked: tuple[str, ...], *, last: bool = False
) -> LiveReport:
    """Sum sections up. Of servers that stand for each other one that works is enough; the others are doubts."""
    servers = [one for one in sections if not one.title.startswith("DNS of ")] or sections
    best = next((one for one in servers if one.result is Result.GOOD), None)
    best = best or next((one for one in servers if one.result is not Result.BAD), servers[0])
    chosen = servers[-1] if last else best
    result = chosen.result
    if not last and result is Result.GOOD:
        others = tuple(one.result for one in servers)
        result = Result.DOUBT if Result.BAD in others or Result.DOUBT in others else worst(others)
    count = len(servers)
    behind = [one for one in servers if one.result is Result.BAD and one is not chosen]
    text = f"{chosen.title}: {chosen.text}" if count > 1 else chosen.text
    text += f" {len(behind)} of {count} servers cannot be used." if behind and not last else ""
    remedy = chosen.remedy or (behind[0].remedy if behind else "")
    return LiveReport(title, result, text, remedy, tuple(sections), (), asked, time.monotonic() - started)

"""A gateway with something on every page, all of it as long, as odd or as hostile as is possible there.

Names as long as DNS has them, names of other scripts, writing from right to left, expressions that fill a line, many
findings, and in every text that people or mail may bring: markup that would run in a page that forgets to escape it.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from tests.support.accounts import person, signed_in
from tests.support.hostile import HOSTILE
from tests.support.judged import DRILLED, REFUSED, REPLAYED
from tests.support.web_site import WHO

from sealgate.link.codec import to_json
from sealgate.link.live_tests import LiveReport, Result, Section, Step
from sealgate.link.messages import Listener
from sealgate.link.upkeep import (
    Count,
    Drift,
    DriftItem,
    DriftKind,
    FileInfo,
    LogLines,
    QueryAnswer,
    QueueMessage,
    QueueRecipient,
    Route,
    VerifyAnswer,
)
from sealgate.model.findings import Place, error, note, warning
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.services import (
    applying,
    imports,
    invitations,
    lookup_tables,
    own_lines,
    people,
    policy_tests,
    rows,
    tokens,
)
from sealgate.services.actor import Actor
from sealgate.services.origins import Origin
from sealgate.services.settings import set_value
from sealgate.services.signing_in import Browser
from sealgate.store import Ended, Fetch
from sealgate.web import sign_in

if TYPE_CHECKING:
    from starlette.requests import Request
    from tests.support.control_half import StandIn

    from sealgate.link.conversation import Conversation
    from sealgate.link.upkeep import LogPart, QueueView
    from sealgate.model.findings import Finding
    from sealgate.services.gateway import Gateway

LISTED = {
    "name": "listed",
    "source": "url",
    "address": f"https://{'l' * 60}.example/{'networks/' * 20}?a=1&b=2",
    "pointer": "/prefixes/*/ipv4Prefix /prefixes/*/ipv6Prefix",
}
LONG = "a-rather-long-label-of-a-name." * 6 + "example"
RIGHT_TO_LEFT = "دومين-العميل.example"
HEBREW = "שלום עולם, זו הערה ארוכה מאוד "
IDN = "müller-und-söhne-größte-straße.example"
PATTERN = "/^Received: from (" + "a|b" * 60 + ")/"
SENTENCE = "Mail for the customers of the second building goes there until the move is over. "
ANN = Actor("local:ann", "web")
LOGIN = "[smtp.example.net]:587"
AGENT = f"Mozilla/5.0 {HOSTILE}"
MANY = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class Furnished:
    """What was made: the text of a session of the owner, and the path of somebody's invitation."""

    session: str
    welcome: str


def furnish(gateway: Gateway, agent: StandIn, *, many: int = 250) -> Furnished:
    """Fill a gateway and give its agent's stand-in answers to match; `many` is the length of the longest list."""
    person(gateway, "olga", "owner")
    owner = signed_in(gateway, "olga", Browser(Origin("web", "192.0.2.10", AGENT)))
    welcome = _people(gateway, owner.actor)
    _applied(gateway, many)
    _draft(gateway)
    _answers(agent)
    return Furnished(owner.session, welcome)


def known_by_session_or_header(gateway: Gateway, request: Request) -> Actor | None:
    """Return who asks: a real session, or the person that a test names."""
    if request.headers.get(WHO) == "ann":
        return ANN
    return sign_in.identify(gateway, request)


def _people(gateway: Gateway, owner: Actor) -> str:
    person(gateway, "x" * 32, "viewer")
    link = people.invite(gateway, owner, "bob", "administrator", title=HOSTILE, areas=["mta", "tls"])
    people.change(gateway, owner, "x" * 32, title=(HEBREW * 4)[:100], extra=["content", "raw"])
    tokens.create(gateway, owner, HOSTILE.replace("/", "")[:60], ["view", "edit", "apply", "audit"], days=30)
    return f"{invitations.PATH}{link.text}"


def _applied(gateway: Gateway, many: int) -> None:
    rows.add(gateway, ANN, "relay-domain", {"domain": LONG}, comment=SENTENCE * 4)
    for name in (IDN, RIGHT_TO_LEFT):
        rows.add(gateway, ANN, "relay-domain", {"domain": name}, comment=HEBREW * 3)
    lines = (f"customer-{number:06}.example smtp:[mx{number % 9}.internal.example]:25" for number in range(many))
    imports.import_rows(gateway, ANN, "transport", lines)
    for number in range(6):
        rows.add(gateway, ANN, "black", {"client": f"192.0.2.{number}", "reason": HOSTILE if number else LONG})
        applying.apply(gateway, ANN, f"{HOSTILE if number == 1 else SENTENCE} {number}")


def _draft(gateway: Gateway) -> None:
    add = rows.add
    add(gateway, ANN, "network", {"network": "2001:db8:1234:5678::/64"}, comment=HOSTILE)
    for noun in ("header-check", "mime-header-check", "nested-header-check", "body-check"):
        add(gateway, ANN, noun, {"pattern": PATTERN, "action": "REJECT", "text": "no " * 30}, comment=HOSTILE)
        add(gateway, ANN, noun, {"pattern": "/^Subject:\\s+<script>alert\\(1\\)/", "action": "WARN", "text": HOSTILE})
        add(gateway, ANN, noun, {"pattern": "/x/", "action": "DISCARD"}, enabled=False)
    add(gateway, ANN, "rbl", {"zone": f"{LONG}=127.0.0.[1..4;6]"}, comment=HOSTILE)
    add(gateway, ANN, "rbl", {"zone": "zen.example.net=127.0.0.2", "reply": HOSTILE.partition("{{")[0]})
    add(gateway, ANN, "black", {"client": "192.168.88", "reason": HOSTILE, "expires": "2030-12-31"}, enabled=False)
    add(gateway, ANN, "white", {"client": "2001:db8::/48", "reason": SENTENCE}, comment=HOSTILE)
    networks = " ".join(f"198.51.{number}.0/24" for number in range(100))
    add(gateway, ANN, "provider", {"name": "cloud", "networks": networks}, comment=HOSTILE)
    add(gateway, ANN, "provider", LISTED, comment=HOSTILE)
    with gateway.writing(ANN) as writer:
        named = (HOSTILE, *networks.split())
        failed = Fetch(Ended.FAILED, HOSTILE, f"url {LISTED['address']}")
        new = Fetch(Ended.NEW, SENTENCE, failed.source, added=named, removed=named, remarks=(HOSTILE,), revision=1)
        writer.keep_fetch("listed", new)
        writer.keep_fetch("listed", failed)
    add(gateway, ANN, "forwarding", {"account": "root", "addresses": f"a@{LONG}, b@{LONG}"}, comment=HOSTILE)
    add(
        gateway,
        ANN,
        "sasl",
        {"host": LONG, "port": 587, "user": f"user-{LONG}"[:200], "password": "x"},
        comment=HOSTILE,
    )
    add(
        gateway,
        ANN,
        "lookup-table",
        {"name": "partners", "type": "hash", "content": f"{LONG} encrypt\n"},
        comment=HOSTILE,
    )
    lookup_tables.edit(gateway, ANN, "partners", f"{LONG} encrypt\n# </textarea>{HOSTILE}\n")
    add(
        gateway,
        ANN,
        "transport",
        {"pattern": f".{LONG}", "special": "error:" + "no such domain " * 10},
        comment=HOSTILE,
    )
    add(gateway, ANN, "tls-policy", {"destination": LONG, "level": "secure", "match": ["nexthop"]}, comment=HOSTILE)
    line = "from 192.0.2.1 mail <> to someone@example.com expect reject"
    policy_tests.add(gateway, ANN, line, name="a-test-" * 8 + "x", comment=HOSTILE)
    own_lines.edit(gateway, ANN, "main-cf", f"# </textarea>{HOSTILE}\nsmtpd_banner = {LONG}\n" + "# a line\n" * 60)
    set_value(gateway, ANN, "external-relay-host", LONG)
    rows.remove(gateway, ANN, "black", ["192.0.2.3"])


def _answers(agent: StandIn) -> None:
    agent.findings = tuple(finding.to_json() for finding in _findings())
    verdicts = _verdicts()
    agent.answers["judge"] = lambda question, talk: dataclasses.replace(
        agent.on_judge(question, talk), verdicts=verdicts
    )
    diff = f"--- main.cf\n+++ main.cf\n@@ -1 +1 @@\n-{LONG}\n+{LONG} {HOSTILE}\n" + " context\n" * 3
    agent.answers["drift"] = Drift(
        "r", 1, (DriftItem("main.cf", DriftKind.CHANGED, "a", "b", diff), DriftItem(HOSTILE, DriftKind.ADDED, "a", ""))
    )
    agent.answers["log-part"] = _log
    agent.answers["queue-list"] = _queue
    agent.answers["queue-act"] = Count(12)
    agent.answers["queue-view"] = _message
    agent.answers["query"] = lambda question, _talk: QueryAnswer(question.table, question.key, HOSTILE, (HOSTILE, LONG))
    agent.answers["resolve"] = lambda question, _talk: Route(question.address, "relay", LONG, question.address, ())
    agent.answers["verify-show"] = lambda question, _talk: VerifyAnswer(
        question.address, found=True, status="250", text=HOSTILE, probed=time.time(), updated=time.time()
    )
    agent.answers |= {"explain": REFUSED, "replay": REPLAYED, "drill": DRILLED}
    agent.answers |= dict.fromkeys(("test-next-hop", "test-login", "test-list", "dns-picture"), _live())
    agent.answers["status"] = lambda _question, _talk: agent.status(
        listeners=(Listener(f"smtp {LONG}", answers=False, detail=HOSTILE), Listener("smtp 0.0.0.0:25", answers=True)),
        drifted=("main.cf",),
        problems=(f"{LONG} {HOSTILE}",),
    )


def _findings() -> list[Finding]:
    places = [
        Place("transport", f".{LONG}"), Place("header-check", "1"), Place("own-lines", "main-cf", "smtpd_banner", 2),
        Place("rbl", f"{LONG}=127.0.0.[1..4;6]"), Place("setting", "external-relay-host"), Place("network"),
        Place(HOSTILE, HOSTILE, HOSTILE),
    ]  # fmt: skip
    made = [make("x", place, LONG, f"Why. {HOSTILE}", SENTENCE) for make in (error, warning, note) for place in places]
    return (made * 2)[:40]


def _verdicts() -> tuple[dict[str, object], ...]:
    made = []
    for number, ruling in enumerate(list(Ruling) * 4):
        came = (f"550 5.7.1 {HOSTILE}", LONG)
        made.append(
            Verdict("policy-tests", f"test {number} {HOSTILE}", ruling, SENTENCE, SENTENCE, " ".join(came), came)
        )
    return tuple(verdict.to_json() for verdict in made)


def _live() -> LiveReport:
    step = Step(
        f"EHLO {HOSTILE}", Result.BAD, SENTENCE, (f"250 {HOSTILE}", LONG), {HOSTILE: LONG, "subject": HOSTILE}, 0.5
    )
    sections = (Section(f"mx {LONG} {HOSTILE}", Result.BAD, HOSTILE, SENTENCE, (step,) * 3),)
    found = tuple(finding.to_json() for finding in _findings()[:3])
    return LiveReport(
        HOSTILE, Result.BAD, f"The server says {HOSTILE}", SENTENCE, sections, found, (HOSTILE, LONG), 1.6
    )


def _log(question: LogPart, _talk: Conversation) -> LogLines:
    begin = "Nov 22 10:00:00 gw postfix/smtp[1]:"
    said = [f"{begin} 4ABCDEF01: to=<a@{LONG}>, relay=none, status=deferred ({HOSTILE})", f"{begin} {LONG * 3}"]
    said += [f"{begin} 4ABCDEF{number:02X}: to=<someone@example.com>, status=sent (250 ok)" for number in range(80)]
    return LogLines(() if question.after else tuple(said), "7:100", more=False)


def _queue(_question: object, talk: Conversation) -> None:
    for number in range(60):
        sender = (HOSTILE, f"{'s' * 60}@{LONG}", f"someone@{IDN}", "")[number % 4]
        reasons = tuple(QueueRecipient(f"{name}@{LONG}", HOSTILE + SENTENCE) for name in "abc"[: number % 3 + 1])
        queue = ("deferred", "active", "hold", "incoming")[number % 4]
        talk.item(
            to_json(
                QueueMessage(f"4ABCDEF{number:02X}", queue, int(time.time()) - 977 * number, 77_777, sender, reasons)
            )
        )


def _message(question: QueueView, talk: Conversation) -> FileInfo:
    talk.content(f"*** ENVELOPE RECORDS ***\nSubject: {HOSTILE}\nX-Long: {LONG * 5}\n\n{HEBREW * 9}\n".encode() * 9)
    return FileInfo(question.id, 1, "")

"""The steps with one mail server: connect, banner, EHLO, STARTTLS and certificate, what it offers, how it takes mail.

Each step is noted with its time and what the server said; the one that fails is noted too, and the section says in
plain words what Postfix would do there. TLS is used as the settings say: not at the level none, and else where it is
offered. No step sends a message. Sources: RFC 5321, RFC 3207, RFC 4954, TLS_README.
"""

from __future__ import annotations

import datetime as dt
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.link.live_tests import Result, Section, Step, Way, worst
from sealgate.node.live_tests import tls
from sealgate.node.live_tests.smtp import Dialogue, Limits, Reply, Trouble, connect

if TYPE_CHECKING:
    from collections.abc import Callable

NEEDS_TLS = frozenset({"encrypt", "verify", "secure", "fingerprint", "dane-only"})
LOOKS_AT_NAMES = frozenset({"verify", "secure"})
_LOOKS = LOOKS_AT_NAMES | {"fingerprint"}
_WAITS = "Mail for it stays in the queue, since the settings want TLS there (level {level})."
_LIMITS = Limits()


@dataclass(slots=True)
class Server:
    """One server in conversation. `name` is its host name, or its address where it has none."""

    way: Way
    name: str
    address: str
    limits: Limits = _LIMITS
    steps: list[Step] = field(default_factory=list)
    keywords: dict[str, str] = field(default_factory=dict)
    encrypted: bool = False
    proven: bool = False
    _doing: str = "Connect"
    _since: float = 0.0
    _dialogue: Dialogue | None = None

    @property
    def title(self) -> str:
        """The server as people write it: name, address, port."""
        place = f"[{self.address}]:{self.way.port}"
        return place if self.name == self.address else f"{self.name} {place}"

    @property
    def dialogue(self) -> Dialogue:
        """The conversation; only after `open`."""
        if self._dialogue is None:
            raise Trouble("There is no connection.")
        return self._dialogue

    def course(self, work: Callable[[Server], tuple[Result, str, str]]) -> Section:
        """Do some work with the server and return what came of it; trouble ends the work and is part of it."""
        try:
            result, text, remedy = work(self)
        except Trouble as trouble:
            result, text, remedy = Result.BAD, str(trouble), trouble.remedy
            if not isinstance(trouble, Refused):
                self.steps.append(Step(self._doing, result, text, seconds=time.monotonic() - self._since))
        finally:
            if self._dialogue is not None:
                self._dialogue.close()
        return Section(self.title, result, text, remedy, tuple(self.steps))

    # -- steps

    def begin(self, name: str) -> None:
        """Say which step is being done."""
        self._doing, self._since = name, time.monotonic()

    def note(self, result: Result, text: str, lines: tuple[str, ...] = (), facts: dict[str, str] | None = None) -> None:
        """Note how the step that is being done came out."""
        self.steps.append(Step(self._doing, result, text, lines, facts or {}, time.monotonic() - self._since))

    def say(self, name: str, command: str) -> Reply:
        """Do a step that is one command."""
        self.begin(name)
        return self.dialogue.command(command)

    def open(self) -> None:
        """Connect, hear the banner, say EHLO."""
        self.begin("Connect")
        self._dialogue = self._connected()
        source = self._source()
        self.note(Result.GOOD, f"Connected to {self.title}{f' from {source}' if source else ''}.")
        self.begin("Banner")
        banner = self.dialogue.reply()
        if banner.code != 220:
            self.note(Result.BAD, "The server turns this gateway away at once.", banner.lines)
            raise Refused(f"The server turns this gateway away: {banner.last}", _turned_away(banner))
        self.note(Result.GOOD, "The server greets.", banner.lines)
        self._ehlo("EHLO")

    def _ehlo(self, step: str) -> None:
        reply = self.say(step, f"EHLO {self.way.helo}")
        if reply.good:
            self.keywords = keywords(reply)
            self.note(Result.GOOD, f"It knows: {', '.join(self.keywords) or 'no extensions'}.", reply.lines)
            return
        old = self.dialogue.command(f"HELO {self.way.helo}")
        if not old.good:
            self.note(Result.BAD, f"It does not accept the name {self.way.helo}.", (*reply.lines, *old.lines))
            raise Refused(f"The server refuses EHLO and HELO: {old.last}", "Correct SMTP HELO name, and its DNS.")
        self.keywords = {}
        self.note(Result.DOUBT, "It knows no EHLO, only HELO: no TLS, no login.", (*reply.lines, *old.lines))

    def encrypt(self) -> None:
        """Begin TLS as the settings say, and look at the certificate; Refused where mail would wait."""
        level = self.way.level
        self.begin("STARTTLS")
        offered = "STARTTLS" in self.keywords
        if level == "none":
            self.note(Result.NOTE, f"{'Offered' if offered else 'Not offered'}; the settings do not use it there.")
            return
        if not offered:
            self._no_tls("The server does not offer STARTTLS.", ())
            return
        reply = self.dialogue.command("STARTTLS")
        if reply.code != 220:
            self._no_tls("The server offers STARTTLS and then refuses it.", reply.lines)
            return
        wrapped, early, _ = self.dialogue.start_tls(tls.trusting_nothing())
        self.encrypted = True
        version, cipher = wrapped.version() or "", (wrapped.cipher() or ("",))[0]
        if early:
            text = "The server sent more in clear text before TLS began; it was thrown away."
            self.note(Result.BAD, text)
            raise Refused(text, "Somebody on the way may be slipping in answers (RFC 3207 §4.2), or it is broken.")
        self.note(Result.GOOD, "TLS is on.", reply.lines, {"version": version, "cipher": cipher})
        self._certificate(wrapped.getpeercert(binary_form=True))
        self._ehlo("EHLO in TLS")

    def leave(self) -> None:
        """Say RSET and QUIT; that a server does not answer to that is no news."""
        self.begin("QUIT")
        try:
            self.dialogue.command("RSET")
            reply = self.dialogue.command("QUIT")
        except Trouble:
            self.note(Result.NOTE, "It closed the connection without a farewell.")
        else:
            self.note(Result.GOOD, "Left without sending a message.", reply.lines)

    # -- pieces

    def _connected(self) -> Dialogue:
        return Dialogue(connect(self.address, self.way.port, self._source(), self.limits), self.limits)

    def _source(self) -> str:
        wanted = ":" in self.address
        return next((one for one in self.way.sources if (":" in one) == wanted), "")

    def _no_tls(self, text: str, lines: tuple[str, ...]) -> None:
        if self.way.level in NEEDS_TLS:
            self.note(Result.BAD, text, lines)
            raise Refused(f"{text} {_WAITS.format(level=self.way.level)}", "Have TLS set up there, or lower the level.")
        self.note(Result.DOUBT, f"{text} Mail goes there in clear text.", lines)

    def _certificate(self, der: bytes | None) -> None:
        self.begin("Certificate")
        found = tls.certificate_of(der)
        if found is None or der is None:
            self._judge_certificate("it cannot be read", {})
            return
        doubts = [words for words in (self._unproven(der, found), found.out_of_date(dt.datetime.now(dt.UTC))) if words]
        self._judge_certificate("; ".join(dict.fromkeys(doubts)), found.facts)

    def _judge_certificate(self, doubt: str, facts: dict[str, str]) -> None:
        level = self.way.level
        if level == "fingerprint" and self.proven:
            doubt = ""
        if not doubt:
            self.note(Result.GOOD, f"It is what {level} asks for." if level in _LOOKS else self._fine(), facts=facts)
            return
        if level in _LOOKS and not self.proven:
            self.note(Result.BAD, f"Not what the settings ask for: {doubt}.", facts=facts)
            raise Refused(
                f"The certificate is not what the settings ask for: {doubt}. {_WAITS.format(level=level)}",
                "Have the certificate corrected, or change the TLS policy of this next hop.",
            )
        self.note(
            Result.NOTE, f"At the level {level} Postfix does not look at it. It would not pass: {doubt}.", facts=facts
        )

    def _fine(self) -> str:
        return f"It verifies and is for {self.name}."

    def _unproven(self, der: bytes, found: tls.Certificate) -> str:
        """Return why the certificate is not proven; sets `proven` by what the settings look at."""
        if self.way.level == "fingerprint":
            self.proven = tls.has_fingerprint(der, self.way.match)
            return "" if self.proven else "it has another fingerprint"
        wanted = names_wanted(self.way, self.name)
        why = self._verification(der)
        if not why and not any(tls.fits(found.names, name) for name in wanted):
            why = f"it is not for {' or '.join(wanted)}"
        self.proven = not why
        return why

    def _verification(self, der: bytes) -> str:
        """Ask OpenSSL in a handshake of its own; the same certificate must be shown there."""
        context, fault = tls.insisting(self.way.ca_file, self.way.ca_path)
        dialogue = None
        try:
            dialogue = self._connected()
            dialogue.reply()
            dialogue.command(f"EHLO {self.way.helo}")
            dialogue.command("STARTTLS")
            wrapped, _, _ = dialogue.start_tls(context)
            same = wrapped.getpeercert(binary_form=True) == der
        except ssl.SSLCertVerificationError as refusal:
            return f"it does not verify ({refusal.verify_message}{f'; {fault}' if fault else ''})"
        except Trouble as trouble:
            return f"whether it verifies could not be found out ({trouble})"
        finally:
            if dialogue is not None:
                dialogue.close()
        return "" if same else "the server shows another certificate at each connection"


class Refused(Trouble):
    """A refusal that its step has noted already."""


def keywords(reply: Reply) -> dict[str, str]:
    """Return the extensions that EHLO names, with their parameters; the old form `AUTH=` is understood."""
    found: dict[str, str] = {}
    for text in reply.texts[1:]:
        word, _, rest = text.replace("AUTH=", "AUTH ", 1).partition(" ")
        if word:
            found[word.upper()] = " ".join(dict.fromkeys(f"{found.get(word.upper(), '')} {rest}".split()))
    return found


def names_wanted(way: Way, server: str) -> tuple[str, ...]:
    """Return the names of which the certificate must have one (smtp_tls_verify_cert_match, smtp_tls_secure_cert_match).

    At levels that look at no name: the server's own, for people to know.
    """
    if way.level not in LOOKS_AT_NAMES:
        return (server,)
    words = way.match or (("hostname",) if way.level == "verify" else ("nexthop", "dot-nexthop"))
    meant = {"hostname": server, "nexthop": way.host, "dot-nexthop": f".{way.host}"}
    return tuple(dict.fromkeys(meant.get(word, word) for word in words))


def _turned_away(banner: Reply) -> str:
    if 400 <= banner.code < 500:
        return "It asks to come again later: wait, and look at its own log if it goes on."
    return "It refuses this gateway's address: have it allowed there, or look whether a block list has it."


def look(server: Server, recipient: str) -> Section:
    """Look at a server and ask it for a recipient, with the null sender; never sends a message."""
    return server.course(lambda one: _looked(one, recipient))


def _looked(server: Server, recipient: str) -> tuple[Result, str, str]:
    server.open()
    server.encrypt()
    offers_login(server)
    result, text, remedy = _envelope(server, recipient)
    server.leave()
    how = "over TLS" if server.encrypted else "in clear text"
    if result is Result.GOOD:
        return worst(tuple(step.result for step in server.steps)), f"{text}, {how}.", remedy
    return worst((result, *(step.result for step in server.steps))), text, remedy


def offers_login(server: Server) -> tuple[str, ...]:
    """Note which ways to log in the server offers."""
    server.begin("AUTH")
    found = tuple(server.keywords.get("AUTH", "").upper().split())
    server.note(Result.NOTE, f"Logins offered: {', '.join(found)}." if found else "No login is offered.")
    return found


def _envelope(server: Server, recipient: str) -> tuple[Result, str, str]:
    reply = server.say("MAIL FROM:<>", "MAIL FROM:<>")
    if not reply.good:
        server.note(Result.BAD if reply.code >= 500 else Result.DOUBT, "The null sender is not taken.", reply.lines)
        return _not_taken(reply, f"The server does not take the null sender, so no bounce could go there: {reply.last}")
    server.note(Result.GOOD, "The null sender (as of bounces) is taken.", reply.lines)
    if not recipient:
        return Result.GOOD, "The server takes mail (no recipient was asked)", ""
    reply = server.say("RCPT TO", f"RCPT TO:<{recipient}>")
    if reply.good:
        server.note(Result.GOOD, f"{recipient} is taken.", reply.lines)
        return Result.GOOD, f"The server takes mail for {recipient}", ""
    server.note(Result.BAD if reply.code >= 500 else Result.DOUBT, f"{recipient} is not taken.", reply.lines)
    return _not_taken(reply, f"The server does not take mail for {recipient}: {reply.last}")


def _not_taken(reply: Reply, text: str) -> tuple[Result, str, str]:
    words = reply.last.lower()
    if reply.code in {530, 538} or "authenticat" in words or "5.7.0" in words:
        remedy = "It wants a login first: enter one under SASL passwords for exactly this next hop, and test that."
        return Result.BAD, text, remedy
    if 400 <= reply.code < 500:
        remedy = "It asks to try again later (greylisting does so to new clients). Try again in some minutes."
        return Result.DOUBT, text, remedy
    remedy = "Have the server take mail for this domain from this gateway's address, or name another recipient."
    return Result.BAD, text, remedy

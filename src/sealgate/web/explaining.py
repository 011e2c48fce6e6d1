"""Explain: what becomes of one mail, asked of the draft or of what is live.

The form is filled from the address, so a question can be linked and sent to somebody; asking it is an act of its own,
since a sealed gateway is started for it. The answer is the page of that job, with the way back to the same question and
the way to keep it as a policy test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.rehearsals import LARGEST_MAIL, Explained, Mail, Opinion
from sealgate.model.errors import InvalidValue
from sealgate.model.names import HostName, parse_address
from sealgate.model.objects import at
from sealgate.model.policy_tests import LARGEST_SIZE, PATH, parse_path
from sealgate.model.text import one_line
from sealgate.model.units import parse_size, show_size
from sealgate.services import explaining
from sealgate.services.actor import Right
from sealgate.web.fields import Field
from sealgate.web.formats import address
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from sealgate.model.errors import Problem
    from sealgate.services.jobs import Job
    from sealgate.web.visit import Visit

STRANGER = "203.0.113.5"
"""An address of nobody (RFC 5737), which stands for any stranger."""
MACHINE = "127.0.0.1"
"""The machine itself, which may always relay: for questions that are about the route only."""
DEFAULTS = {"client": STRANGER, "sender": "someone@example.org", "helo": "client.example.org", "of": "draft"}
STATES = ("draft", "live")
MOST_RECIPIENTS = 5
MOST_LISTS = 20
_CONTROLS = {"of": "choice", "tls": "flag", "message": "long-text"}
_NAMES = ("client", "recipient", "sender", "of", "name", "helo", "tls", "listener", "size", "listed", "message")
FIRST = 4
"""Fields that everybody needs; those behind them are folded."""
_ALSO = frozenset({"name", "helo", "tls", "listener", "size", "listed", "message"})


@dataclass(frozen=True, slots=True)
class Answered:
    """One question and its answer; `mail` is None, and `about` says it in words, where the question is not kept."""

    mail: Mail | None
    live: bool
    answer: Explained
    about: str = ""

    @property
    def question(self) -> str:
        """The address of the form with this question in it; empty where it is not known."""
        mail = self.mail
        if mail is None:
            return ""
        return question(
            client=mail.client, recipient=mail.recipient, sender=mail.sender or "<>", name=mail.name, helo=mail.helo,
            tls="yes" if mail.tls else "", listener=mail.listener, size=_size_text(mail.size),
            listed=", ".join(mail.listed), of="live" if self.live else "draft",
        )  # fmt: skip

    @property
    def as_test(self) -> str:
        """The address of a new policy test that says what came; empty where no test can say it."""
        expected = _expectation(self.answer)
        mail = self.mail
        if mail is None or not expected or mail.message or mail.listed:
            return ""
        port = mail.listener.partition("/")[0].rpartition(":")[2]
        return address(
            "/mta/policy-test/add", client=mail.client, client_name=mail.name,
            helo=mail.helo if mail.name or mail.helo != DEFAULTS["helo"] else "",
            tls="yes" if mail.tls else "", port=port if port.isdigit() else "", sender=mail.sender,
            recipients=mail.recipient, size=mail.size, **expected,
        )  # fmt: skip


def question(**fields: str) -> str:
    """Return the address of the form with these fields filled in."""
    return address("/explain", **fields)


def _expectation(answer: Explained) -> dict[str, str]:
    code = answer.reply[:3]
    if answer.opinion is Opinion.PERMITTED:
        return {"expect": "accept"}
    if answer.opinion is Opinion.REFUSED and code.startswith("5"):
        return {"expect": "reject", "code": code}
    return {"expect": "defer", "code": code} if code.startswith("4") else {}


def show(visit: Visit) -> Response:
    """Show the form, with what the address says filled in."""
    return _page(visit, {name: visit.asked(name, DEFAULTS.get(name, "")) for name in _NAMES})


def ask(visit: Visit) -> Response:
    """Follow the mail of the form, in the background; each recipient is a question of its own."""
    values = {name: visit.given(name) for name in _NAMES}
    try:
        mails = _mails(values)
        for mail in mails:
            explaining.check(visit.actor, mail)
    except InvalidValue as fault:
        return _page(visit, values, fault.problems, 422)
    site, actor, live = visit.site, visit.actor, values["of"] == "live"

    def work(job: Job) -> tuple[Answered, ...]:
        return tuple(
            Answered(mail, live, explaining.explain(site.gateway, actor, mail, live=live, progress=job.progress))
            for mail in mails
        )

    job = site.jobs.start("explain", actor, work, f"{mails[0].client} → {', '.join(m.recipient for m in mails)}")
    return visit.go(f"/jobs/{job.id}")


def _page(visit: Visit, values: Mapping[str, str], problems: tuple[Problem, ...] = (), status: int = 200) -> Response:
    made = [_field(visit, name, values[name], problems) for name in _NAMES]
    more = [one for one in made[FIRST:] if one.problems or (one.value and one.value != DEFAULTS.get(one.name))]
    return visit.page("explain.html", status, fields=made, first=FIRST, opened=bool(more))


def _field(visit: Visit, name: str, value: str, problems: tuple[Problem, ...]) -> Field:
    words = visit.site.texts
    control = _CONTROLS.get(name, "text")
    return Field(
        name,
        words(f"explain.field.{name}"),
        words(f"explain.help.{name}"),
        control,
        bool(value) if control == "flag" else value,
        STATES if control == "choice" else (),
        required=name in {"client", "recipient"},
        problems=tuple(f"{p.what} {p.remedy}".strip() for p in problems if p.field == name),
    )


def _mails(values: Mapping[str, str]) -> list[Mail]:
    """Return the mails that the form asks about; InvalidValue with everything that is wrong with it."""
    problems: list[Problem] = []

    def read(field: str, reader: Callable[[str], Any]) -> Any:
        try:
            with at(field):
                return reader(values[field])
        except InvalidValue as fault:
            problems.extend(fault.problems)
            return None

    about = {
        "client": read("client", lambda text: str(parse_address(text, "The client's address"))),
        "sender": read("sender", lambda text: parse_path(text.strip(), "The sender")),
        "name": read("name", lambda text: str(HostName.parse(text, "The client's name")) if text.strip() else ""),
        "helo": read("helo", lambda text: one_line(text, "The HELO name", 255)),
        "listener": read("listener", lambda text: one_line(text, "The listener", 100)),
        "size": read("size", lambda text: parse_size(text, "The size", 1, LARGEST_SIZE) if text.strip() else None),
        "listed": read("listed", _zones),
        "message": read("message", _message),
        "tls": bool(values["tls"]),
    }
    recipients = read("recipient", _recipients)
    read("of", _state)
    if problems:
        raise InvalidValue(*problems)
    return [Mail(recipient=recipient, **about) for recipient in recipients]


def _recipients(text: str) -> list[str]:
    found = [parse_path(one, "The recipient") for one in PATH.findall(one_line(text, "The recipients", 5000))]
    if not found or not all(found):
        raise InvalidValue.of("The recipient is missing.", "Enter one address at least.")
    if len(found) > MOST_RECIPIENTS:
        raise InvalidValue.of(f"There are {len(found)} recipients.", f"At most {MOST_RECIPIENTS} are asked at once.")
    return found


def _zones(text: str) -> tuple[str, ...]:
    found = tuple(one_line(text, "The block lists", 2000).replace(",", " ").split())
    if len(found) > MOST_LISTS:
        raise InvalidValue.of(f"There are {len(found)} block lists.", f"At most {MOST_LISTS} are possible.")
    return found


def _message(text: str) -> bytes:
    message = text.replace("\n", "\r\n").encode() if text.strip() else b""
    if len(message) > LARGEST_MAIL:
        raise InvalidValue.of(
            f"The message is larger than {show_size(LARGEST_MAIL)}.", "Paste a smaller one, and announce the size."
        )
    return message


def _state(text: str) -> str:
    if text not in STATES:
        raise InvalidValue.of("It was not said whom to ask.", "Choose draft or live.")
    return text


def _size_text(size: int | None) -> str:
    return "" if size is None else show_size(size)


ROUTES = (
    get("/explain", Right.VIEW, show),
    post("/explain", Right.VIEW, ask),
)

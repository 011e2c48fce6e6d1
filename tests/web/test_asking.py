"""Explain and what if, over the pages: forms, jobs, answers, links from one to the other."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.support.hostile import RAW
from tests.support.judged import ACCEPTED, DRILLED, REFUSED, REPLAYED
from tests.web.test_changing import ended
from tests.web.test_judged import words
from tests.web.test_lists import add

from sealgate.link.codec import to_json
from sealgate.link.rehearsals import Drill, Explain, Explained, Fault, Mail, Opinion, Replay, Replayed
from sealgate.link.upkeep import LogLines, QueueMessage, QueueRecipient
from sealgate.model.errors import Refused
from sealgate.services import rows
from sealgate.services.actor import Actor, Right
from sealgate.web.asking import about_line, about_lines, about_row
from sealgate.web.explaining import Answered

if TYPE_CHECKING:
    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")
REJECTED = (
    "Nov 22 10:00:00 gw postfix/smtpd[9]: NOQUEUE: reject: RCPT from mail.bad.example[203.0.113.9]: 554 5.7.1 "
    "<x@y.example>: Relay access denied; from=<a@b.example> to=<x@y.example> proto=ESMTP helo=<mail.bad.example>"
)
MESSAGE = (
    "Nov 22 10:00:00 gw postfix/smtpd[9]: 4XYZ: client=unknown[192.0.2.7]",
    "Nov 22 10:00:00 gw postfix/qmgr[3]: 4XYZ: from=<>, size=389, nrcpt=1 (queue active)",
    "Nov 22 10:00:00 gw postfix/smtp[4]: 4XYZ: to=<bob@example.com>, relay=none, status=deferred (no)",
)


def query_of(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def link(page: str, start: str) -> str:
    """Return the first link of a page that begins so."""
    return html.unescape(re.search(rf'href="({re.escape(start)}[^"]*)"', page)[1])  # type: ignore[index]


def form(**special: str) -> dict[str, str]:
    given = {"client": "203.0.113.5", "recipient": "info@example.com", "sender": "a@b.example", "of": "draft"}
    return given | {"helo": "client.example.org", **special}


def asked(agent: StandIn, verb: str) -> list[Any]:
    return [question for name, question in agent.asked if name == verb]


# -- explain


def test_the_form_of_explain_is_filled_from_the_address(ann: httpx.Client) -> None:
    page = ann.get("/explain", params={"client": "2001:db8::7", "recipient": "x@y.example", "tls": "yes"}).text

    assert re.search(r'name="client"[^>]*value="2001:db8::7"', page)
    assert re.search(r'name="tls"[^>]* checked', page)
    assert "<details open>" in page  # a field that is folded has a value


def test_looking_at_the_form_asks_nothing(ann: httpx.Client, agent: StandIn) -> None:
    ann.get("/explain?client=203.0.113.5&recipient=x@y.example")

    assert asked(agent, "explain") == []


def test_an_explanation_tells_each_stage_and_what_decided(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["explain"] = REFUSED

    page = ended(ann, ann.post("/explain", data=form()))
    told = words(page)

    assert "The mail is refused. Decided at: client." in told
    assert "smtpd_client_restrictions check_client_access" in told
    assert ", line 3" in told
    assert "The mail did not come to: HELO, route." in told
    assert 'href="/mta/black/row?key=203.0.113.0%2F24"' in page
    assert not any(raw in page for raw in RAW)


def test_everything_in_the_form_is_asked(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["explain"] = ACCEPTED
    more = {"name": "mx.b.example", "tls": "yes", "listener": "587", "size": "20 MiB", "message": "Subject: x\n\nHi.\n"}

    ended(ann, ann.post("/explain", data=form(sender="<>", listed="zen.example.net=127.0.0.4", of="live", **more)))

    mail = Mail(
        "203.0.113.5", "", "info@example.com", "mx.b.example", "client.example.org", True, "587", 20 << 20,
        b"Subject: x\r\n\r\nHi.\r\n", ("zen.example.net=127.0.0.4",),
    )  # fmt: skip
    assert asked(agent, "explain") == [Explain(mail, "")]


def test_each_recipient_is_explained_by_itself(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["explain"] = ACCEPTED

    page = ended(ann, ann.post("/explain", data=form(recipient='a@b.example, "x, y"@c.example')))

    assert [question.mail.recipient for question in asked(agent, "explain")] == ["a@b.example", '"x, y"@c.example']
    assert page.count("The mail is accepted and delivered.") == 2


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("client", "nobody", "address"),
        ("recipient", "", "missing"),
        ("recipient", ",".join(f"u{n}@x.example" for n in range(6)), "At most 5"),
        ("sender", "a b", "not one address"),
        ("name", "two words", "blank"),
        ("size", "many", "size"),
        ("of", "yesterday", "draft or live"),
    ],
)
def test_what_is_wrong_with_a_question_is_said_at_its_field(
    ann: httpx.Client, agent: StandIn, field: str, value: str, said: str
) -> None:
    answer = ann.post("/explain", data=form(**{field: value}))

    problem = re.search(rf'(?s)id="f-{field}-problem">([^<]*)<', answer.text)
    assert answer.status_code == 422
    assert problem
    assert said in problem[1]
    assert asked(agent, "explain") == []


def test_an_answer_leads_back_to_its_question(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["explain"] = REFUSED

    page = ended(ann, ann.post("/explain", data=form(sender="<>", size="1024", of="live")))

    query = query_of(link(page, "/explain?client"))
    assert query == form(sender="<>", size="1 KiB", of="live")


def test_an_answer_becomes_a_policy_test(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["explain"] = REFUSED
    page = ended(ann, ann.post("/explain", data=form(listener="25/inet")))
    path = link(page, "/mta/policy-test/add")

    assert re.search(r'name="client"[^>]*value="203.0.113.5"', ann.get(path).text)
    ann.post("/mta/policy-test/add", data=query_of(path) | {"name": "banned", "enabled": "yes"})

    [test] = rows.listing(gateway, ANN, "policy-test").rows
    assert (test.key, test.fields["expect"], test.fields["code"], test.fields["port"]) == (
        "banned",
        "reject",
        "554",
        25,
    )


@pytest.mark.parametrize(
    ("opinion", "reply", "expected"),
    [
        (Opinion.PERMITTED, "250 Ok", "accept"),
        (Opinion.REFUSED, "550 No", "reject"),
        (Opinion.DEFERRED, "451 Later", "defer"),
        (Opinion.REFUSED, "250 Ok", ""),  # accepted, and discarded or returned later: no test says that
        (Opinion.DEFERRED, "250 Ok", ""),
    ],
)
def test_a_policy_test_expects_what_came(opinion: Opinion, reply: str, expected: str) -> None:
    answered = Answered(Mail("192.0.2.1", "", "a@b.example"), live=False, answer=Explained(opinion, reply, ()))

    assert query_of(answered.as_test).get("expect", "") == expected


def test_a_question_that_the_agent_refuses_is_told_in_its_words(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["explain"] = Refused("There is no listener '2525' for a client with an IPv6 address.")

    page = ended(ann, ann.post("/explain", data=form()))

    assert "The mail could not be followed." in page
    assert "There is no listener" in page


# -- links to explain from other pages


def test_a_refusal_in_the_log_is_explained_by_one_click(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["log-part"] = LogLines((REJECTED,), "1:9", more=False)

    page = ann.get("/log").text

    assert query_of(link(page, "/explain?sender")) == {
        "client": "203.0.113.9", "name": "mail.bad.example", "helo": "mail.bad.example", "sender": "a@b.example",
        "recipient": "x@y.example", "of": "live",
    }  # fmt: skip


def test_a_message_of_the_log_is_explained_by_its_lines() -> None:
    assert query_of(about_lines(MESSAGE)) == {
        "client": "192.0.2.7", "sender": "<>", "size": "389", "recipient": "bob@example.com", "of": "live",
    }  # fmt: skip


@pytest.mark.parametrize("line", ["", "connect from unknown[::1]", MESSAGE[0], "reject: x from=<a> to=<>", "\x00" * 9])
def test_other_lines_of_the_log_have_no_link(line: str) -> None:
    assert (about_line(line), about_lines([line])) == ("", "")


def test_a_queued_message_is_explained_by_one_click(ann: httpx.Client, agent: StandIn) -> None:
    message = QueueMessage("4XYZ", "deferred", 0, 1234, "", (QueueRecipient("bob@example.com", ""),))
    agent.answers["queue-list"] = lambda _question, talk: talk.item(to_json(message))

    assert query_of(link(ann.get("/queue").text, "/explain?"))["recipient"] == "bob@example.com"


@pytest.mark.parametrize(
    ("pattern", "recipient"),
    [
        ("example.org", "info@example.org"),
        (".example.org", "info@mail.example.org"),
        ("joe@example.org", "joe@example.org"),
        ("*", ""),
    ],
)
def test_a_transport_is_explained_by_an_address_that_takes_it(gateway: Gateway, pattern: str, recipient: str) -> None:
    rows.add(gateway, ANN, "transport", {"pattern": pattern, "host": "mx.example.org"})
    [row] = rows.listing(gateway, ANN, "transport").rows

    assert query_of(about_row(row)).get("recipient", "") == recipient


# -- what if


def test_a_replay_shows_only_what_would_be_different(ann: httpx.Client, agent: StandIn) -> None:
    add(ann, "black")
    agent.answers["replay"] = REPLAYED

    page = ended(ann, ann.post("/what-if/replay", data={"count": "20", "since": "2d"}))
    told = words(page)

    assert "3 envelopes would be treated differently." in told
    assert "20 different envelopes were tried, which stand for 45 mails." in told
    assert "Now accepted, goes to relay:[198.51.100.25] Then 554 5.7.1" in told
    assert 'href="/mta/black/row?key=203.0.113.0%2F24"' in page
    assert "<script>alert" not in page


def test_who_may_only_look_is_not_offered_a_replay_which_shows_addresses_of_real_mail(site: WebSite) -> None:
    site.people.known["vera"] = Actor("vera", "web", frozenset({Right.VIEW}))
    with site.client("vera") as vera:
        page, act = vera.get("/what-if"), vera.post("/what-if/replay", data={"count": "20"})

    assert ("/what-if/drill" in page.text, "/what-if/replay" in page.text, act.status_code) == (True, False, 403)


def test_a_replay_asks_for_so_many_and_so_old(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["replay"] = REPLAYED

    ended(ann, ann.post("/what-if/replay", data={"count": "20", "since": ""}))

    assert asked(agent, "replay") == [Replay("", 20, 0.0)]


@pytest.mark.parametrize(
    ("replayed", "said"),
    [
        (Replayed(0, 0, 0), "The log has no mail that can be tried."),
        (Replayed(9, 9, 9), "No mail would be treated"),
    ],
)
def test_a_replay_without_a_difference_says_so(
    ann: httpx.Client, agent: StandIn, replayed: Replayed, said: str
) -> None:
    agent.answers["replay"] = replayed

    assert said in ended(ann, ann.post("/what-if/replay", data={"count": "200"}))


@pytest.mark.parametrize(("field", "value"), [("count", "0"), ("count", "9999"), ("count", "x"), ("since", "soon")])
def test_a_replay_of_nonsense_is_refused_at_its_field(ann: httpx.Client, field: str, value: str) -> None:
    answer = ann.post("/what-if/replay", data={"count": "200", "since": ""} | {field: value})

    assert (answer.status_code, bool(re.search(rf'name="{field}"[^>]*aria-invalid', answer.text))) == (422, True)


def test_a_drill_tells_what_senders_see_and_what_is_lost(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["drill"] = DRILLED

    page = ended(ann, ann.post("/what-if/drill", data={"fault": ["next_hop", "mpa"], "of": "live"}))
    told = words(page)

    assert "1 mail would be lost." in told
    assert told.count("The next hop cannot be reached") == 1
    assert told.index("The next hop cannot be reached") < told.index("The MPA is down")
    assert "could not be broken" in told
    assert asked(agent, "drill") == [Drill("", (Fault.NEXT_HOP, Fault.MPA))]


def test_a_drill_of_nothing_in_particular_is_one_of_everything(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["drill"] = DRILLED

    ended(ann, ann.post("/what-if/drill", data={"of": "draft"}))

    assert asked(agent, "drill") == [Drill("", tuple(Fault))]


def test_a_drill_of_an_unknown_part_is_refused(ann: httpx.Client) -> None:
    assert ann.post("/what-if/drill", data={"fault": "moon"}).status_code == 422


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/explain", "The mail could not be followed."),
        ("/mta/policy-test/run", "The tests could not be run."),
        ("/what-if/replay", "No mail could be replayed."),
        ("/what-if/drill", "Nothing could be drilled."),
    ],
)
def test_without_the_agent_each_question_says_that_it_was_not_answered(ann: httpx.Client, path: str, said: str) -> None:
    add(ann, "policy-test")

    page = ended(ann, ann.post(path, data=form()))

    assert said in page
    assert "sealgate up" in page

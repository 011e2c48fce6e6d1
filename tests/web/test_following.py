"""The page of the log goes on: a link without a script, what a script asks for, and who may."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from sealgate.link.upkeep import LogLines, LogPart

if TYPE_CHECKING:
    import httpx
    from tests.support.control_half import StandIn

REJECTED = (
    "Nov 22 10:00:00 gw postfix/smtpd[2]: NOQUEUE: reject: RCPT from mail.bad.example[203.0.113.9]: 554 5.7.1 no; "
    "from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<mail.bad.example>"
)


def grown(question: LogPart, _talk: object) -> LogLines:
    """A log of three lines, of which the last is new."""
    if question.after == "7:20":
        return LogLines((REJECTED,), "7:30", more=False)
    return LogLines(() if question.after else ("one", "two"), question.after or "7:20", more=False)


def newer(page: str) -> str:
    (found,) = re.findall(r'href="([^"]*)" rel="next"', page)
    return unescape(found)


def test_without_a_script_a_link_leads_to_newer_lines(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["log-part"] = grown

    first = ann.get("/log?message=4ABC").text
    second = ann.get(newer(first)).text
    third = ann.get(newer(second)).text

    assert ("one\n" in first, "one\n" in second, REJECTED[:40] in second) == (True, False, True)
    assert ("There are no newer lines yet." in third, newer(second)) == (True, newer(third))
    assert {question.message for verb, question in agent.asked if verb == "log-part"} == {"4ABC"}


def test_lines_that_were_passed_over_are_told(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["log-part"] = lambda _question, _talk: LogLines(("new",), "7:30", more=False, passed_over=True)

    assert "Older lines were passed over." in ann.get("/log?after=7:0").text


def test_a_script_is_given_what_is_newer_and_where_to_go_on(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["log-part"] = grown

    told = ann.get("/log/newer?after=7:20").json()

    assert (told["lines"][0]["text"], told["after"], told["more"]) == (REJECTED, "7:30", False)
    assert told["lines"][0]["explain"].startswith("/explain?")


def test_newer_than_what_must_be_said(ann: httpx.Client) -> None:
    assert ann.get("/log/newer").status_code == 422

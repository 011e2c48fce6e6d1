"""`sealgate try`: what people read of a live test, what programs get, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.control_half import stand_in

from sealgate.link.codec import to_json
from sealgate.link.live_tests import LiveReport, Result, Section, Step
from sealgate.link.messages import Progress
from sealgate.model.findings import Place, warning

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

STEPS = (
    Step("Banner", Result.GOOD, "The server greets.", ("220 mx \x1b[2J",), {}, 0.012),
    Step("Certificate", Result.NOTE, "It is there.", (), {"subject": "CN=mx"}, 1.5),
)
FINDING = warning("hostname-ptr-differs", Place("setting", "my-hostname"), "It has another name.", "", "Have it set.")


def report(result: Result) -> LiveReport:
    section = Section("mx [192.0.2.1]:25", result, "It says so.", "", STEPS)
    asked = ("HELO name: gw.example.com",)
    return LiveReport("t", result, "The server speaks.", "Do this.", (section,), (FINDING.to_json(),), asked, 1.6)


def furnish(run: Run, password: str) -> None:
    run("set", "internal-relay-host", "192.0.2.1")
    run("set", "external-relay-host", "192.0.2.2")
    run("add", "transport", "partner.example", "10.0.0.5")
    run("add", "rbl", "zen.example.net")
    run("add", "sasl", "smtp.example.net", "--user", "alice", "--password-file", password)


VERBS: list[tuple[str, tuple[str, ...]]] = [
    ("test-next-hop", ("relay-host", "internal")),
    ("test-next-hop", ("relay-host", "external")),
    ("test-next-hop", ("transport", "partner.example")),
    ("test-login", ("sasl", "[smtp.example.net]")),
    ("test-list", ("rbl", "zen.example.net")),
    ("dns-picture", ("dns",)),
]


@pytest.mark.parametrize(("verb", "words"), VERBS, ids=[" ".join(words) for _, words in VERBS])
def test_each_word_asks_the_node_for_its_test(
    run: Run, directory: Path, password: str, verb: str, words: tuple[str, ...]
) -> None:
    with stand_in(directory, **{verb.replace("-", "_"): report(Result.GOOD)}) as agent:
        furnish(run, password)
        said = run("try", *words)

    assert said.code == 0
    assert agent.asked[-1][0] == verb


def test_people_read_each_step_with_its_time_and_then_the_sentence(run: Run, directory: Path, password: str) -> None:
    with stand_in(directory, dns_picture=report(Result.DOUBT)):
        said = run("try", "dns")

    assert said.out.splitlines() == [
        "mx [192.0.2.1]:25:",
        "  + Banner: The server greets. (12 ms)",
        "      | 220 mx \\x1b[2J",
        "  · Certificate: It is there. (1,500 ms)",
        "      subject: CN=mx",
        "",
        "doubt: The server speaks.",
        "Do this.",
        "HELO name: gw.example.com",
        "warning: setting my-hostname: It has another name.",
        "    Have it set.",
    ]


@pytest.mark.parametrize(("result", "code"), [(Result.GOOD, 0), (Result.DOUBT, 0), (Result.NOTE, 0), (Result.BAD, 1)])
def test_it_ends_with_one_only_when_it_does_not_work(run: Run, directory: Path, result: Result, code: int) -> None:
    with stand_in(directory, dns_picture=report(result)):
        assert run("try", "dns").code == code


def test_programs_get_the_report_as_it_is(run: Run, directory: Path) -> None:
    def answer(_question: Any, talk: Any) -> LiveReport:
        talk.progress("asking")
        return report(Result.GOOD)

    with stand_in(directory, dns_picture=answer):
        said = run("try", "dns", "--json")

    assert said.json == to_json(report(Result.GOOD))
    assert Progress("asking").text not in said.out


def test_recipient_search_and_state_reach_the_node(run: Run, directory: Path, password: str) -> None:
    good = report(Result.GOOD)
    with stand_in(directory, test_next_hop=good, dns_picture=good) as agent:
        furnish(run, password)
        run("add", "relay-domain", "example.com")
        run("add", "relay-domain", "example.org")
        run("try", "relay-host", "internal", "--to", "bob@example.com")
        hop = agent.asked[-1][1]
        run("try", "dns", "org")
        picture = agent.asked[-1][1]
        live = run("try", "relay-host", "internal", "--live")

    assert (hop.recipient, picture.domains) == ("bob@example.com", ("example.org",))
    assert (live.code, "not set in what is live" in live.err) == (2, True)


def test_a_relay_host_that_there_is_not_is_wrong_usage(run: Run) -> None:
    assert run("try", "relay-host", "middle").code == 2


def test_a_node_that_is_down_is_said(run: Run) -> None:
    said = run("try", "dns")

    assert said.code == 3
    assert "does not answer" in said.err

"""`sealgate drill`: what is asked of the agent, and what people read of its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.control_half import stand_in

from sealgate.link.rehearsals import Drilled, DrillReport, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

QUEUED = Drilled(
    Fault.MPA, "mail from outside", "250 Ok (at once)", "It is queued: refused\x1b[31m.", what="the MPA is down"
)
OUTWARD = replace(QUEUED, mail="mail to the outside", afterwards="It is delivered to mx port 25.")
REPORT = DrillReport((QUEUED, OUTWARD), ("Something: there is none.",), 2.5, ("All names are made up.",))


def test_each_failure_is_a_paragraph_with_a_line_for_each_mail(run: Run, directory: Path) -> None:
    with stand_in(directory, drill=REPORT):
        said = run("drill", "--live")

    assert said.code == 0
    assert said.out.splitlines() == [
        "The MPA is down:",
        "    mail from outside",
        "        the sender sees: 250 Ok (at once)",
        "        It is queued: refused\\x1b[31m.",
        "    mail to the outside",
        "        the sender sees: 250 Ok (at once)",
        "        It is delivered to mx port 25.",
        "",
        "2 mails tried: none would be lost. (2.5 s)",
        "Not drilled: Something: there is none.",
        "Assumed: All names are made up.",
    ]


def test_lost_mail_is_said_loudly_and_ends_with_one(run: Run, directory: Path) -> None:
    lost = replace(QUEUED, afterwards="It was accepted, and is nowhere: lost.", lost=True)
    with stand_in(directory, drill=DrillReport((lost, OUTWARD))):
        said = run("drill", "--live")

    assert said.code == 1
    assert "LOST: It was accepted" in said.out
    assert "1 mail would be lost" in said.out


def test_without_a_fault_every_part_fails(run: Run, directory: Path) -> None:
    with stand_in(directory, drill=REPORT) as agent:
        run("drill", "--live")

    assert agent.asked[-1][1].faults == tuple(Fault)
    assert agent.asked[-1][1].digest == ""


def test_the_faults_asked_for_reach_the_agent(run: Run, directory: Path) -> None:
    with stand_in(directory, drill=REPORT) as agent:
        run("drill", "--live", "--fault", "next-hop", "--fault", "dns")

    assert agent.asked[-1][1].faults == (Fault.NEXT_HOP, Fault.DNS)


def test_the_draft_is_drilled_unless_live_is_asked_for(run: Run, directory: Path) -> None:
    run("add", "relay-domain", "example.com")
    with stand_in(directory, drill=REPORT) as agent:
        run("drill")

    assert agent.asked[-1][1].digest != ""


def test_programs_get_the_answer_as_it_came(run: Run, directory: Path) -> None:
    with stand_in(directory, drill=REPORT):
        answer = run("drill", "--live", "--json").json

    assert [one["fault"] for one in answer["results"]] == ["mpa", "mpa"]
    assert answer["results"][0]["what"] == "the MPA is down"


def test_a_part_that_there_is_none_of_is_wrong_usage(run: Run, directory: Path) -> None:
    with stand_in(directory, drill=REPORT):
        assert run("drill", "--fault", "moon").code == 2

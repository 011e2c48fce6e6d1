"""`sealgate replay`: what is asked of the agent, and what people read of its answer."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.control_half import stand_in

from sealgate.link.rehearsals import Difference, Mail, Replayed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

DIFFERENT = Replayed(
    3,
    7,
    1,
    (
        Difference(
            "Refused by black 192.0.2.0/24 (smtpd_client_restrictions check_client_access)",
            "accepted, goes to relay:mx.example",
            "554 5.7.1 no\x1b[31m",
            2,
            (Mail("192.0.2.1", "", "a@example.com", "mx.example.org"), Mail("192.0.2.2", "b@example.org", "")),
            "black",
            "192.0.2.0/24",
        ),
    ),
    1,
    ("Block lists list nobody.",),
    1.25,
)


def test_a_difference_is_shown_with_before_after_row_and_examples(run: Run, directory: Path) -> None:
    with stand_in(directory, replay=DIFFERENT):
        said = run("replay")

    assert said.code == 1
    assert said.out.splitlines() == [
        "2 envelopes: Refused by black 192.0.2.0/24 (smtpd_client_restrictions check_client_access)",
        "    before: accepted, goes to relay:mx.example",
        "    after:  554 5.7.1 no\\x1b[31m",
        "    to change it: black 192.0.2.0/24",
        "    such as from 192.0.2.1 (mx.example.org): <> -> a@example.com",
        "    such as from 192.0.2.2: b@example.org -> (no recipient)",
        "",
        "3 envelopes of 7 mails were tried: 2 would be treated differently. (1.2 s)",
        "What is live answered 1 envelope otherwise than the log says; they were compared all the same.",
        "Assumed: Block lists list nobody.",
    ]


def test_no_difference_ends_with_nought(run: Run, directory: Path) -> None:
    with stand_in(directory, replay=replace(DIFFERENT, same=3, differences=(), not_as_recorded=0)):
        said = run("replay")

    assert said.code == 0
    assert "3 envelopes of 7 mails were tried: none would be treated differently." in said.out
    assert "otherwise than the log" not in said.out


def test_a_log_without_mail_is_said(run: Run, directory: Path) -> None:
    with stand_in(directory, replay=Replayed(0, 0, 0)):
        said = run("replay")

    assert (said.code, said.out) == (0, "The log has no mail that can be tried.\n")


def test_count_and_age_reach_the_agent(run: Run, directory: Path) -> None:
    with stand_in(directory, replay=Replayed(0, 0, 0)) as agent:
        run("replay", "--count", "7", "--since", "2h")

    question = agent.asked[-1][1]
    assert question.count == 7
    assert 7100 < time.time() - question.since < 7300


def test_without_an_age_the_whole_log_counts(run: Run, directory: Path) -> None:
    with stand_in(directory, replay=Replayed(0, 0, 0)) as agent:
        run("replay")

    assert (agent.asked[-1][1].since, agent.asked[-1][1].count) == (0.0, 200)


def test_the_draft_is_judged_before_it_is_tried(run: Run, directory: Path) -> None:
    run("add", "relay-domain", "example.com")
    with stand_in(directory, replay=Replayed(0, 0, 0)) as agent:
        run("replay")

    verbs = [verb for verb, _ in agent.asked]
    assert verbs[-2:] == ["judge", "replay"]
    assert agent.asked[-1][1].digest != ""


def test_programs_get_the_answer_as_it_came(run: Run, directory: Path) -> None:
    with stand_in(directory, replay=DIFFERENT):
        answer = run("replay", "--json").json

    assert (answer["tried"], answer["mails"], answer["same"]) == (3, 7, 1)
    assert answer["differences"][0]["examples"][0]["client"] == "192.0.2.1"


def test_an_age_that_is_none_is_wrong_usage(run: Run, directory: Path) -> None:
    with stand_in(directory, replay=Replayed(0, 0, 0)):
        assert run("replay", "--since", "yesterday").code == 2

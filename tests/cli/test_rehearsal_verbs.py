"""`rehearse`, `test`, `apply --override`, `show report`, `diff`: what they say and how they end."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from sealgate.link.messages import Grade, Override, Report
from sealgate.model.verdicts import Ruling, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.support.control_half import StandIn

LINE = 'from 203.0.113.5 mail a@b.example to c@d.example expect reject 554 "denied"'
PASSED = Verdict("policy-tests", "inside", Ruling.PASSED, "from x", "accept", "250 Ok")
FAILED = Verdict(
    "policy-tests", "outside", Ruling.FAILED, "from y", "reject 554", "RCPT → 250 Ok", ("postfix/smtpd: a line",)
)
LATER = Verdict("mail-reaches-its-next-hop", "mail to z", Ruling.NOT_JUDGED, "", "", "outside the rehearsal")


def judging(agent: StandIn, *verdicts: Verdict, widened: tuple[str, ...] = ()) -> None:
    """Let the agent's judging come out so; failed tests may be overridden by their names."""

    def answer(question: Any, talk: Any) -> Report:
        made = agent.on_judge(question, talk)
        spared = {one.test for one in question.overrides}
        bad = [one for one in verdicts if one.ruling is Ruling.FAILED and one.test not in spared]
        return dataclasses.replace(
            made,
            passed=not bad,
            findings=tuple(one.as_finding().to_json() for one in bad),
            verdicts=tuple(one.to_json() for one in verdicts),
            overridden=tuple(Override(one.test, one.reason, one.actor) for one in question.overrides),
            widened=widened,
        )

    agent.answers["judge"] = answer


def test_a_test_is_added_as_one_line_and_listed_as_it_was_typed(run: Run) -> None:
    added = run("test", "add", LINE, "--name", "outside", "--comment", "asked for")

    assert (added.code, added.out) == (0, "Policy test outside added. Live after: sealgate apply\n")
    assert run("test", "list").out.splitlines() == ["# asked for", f"outside: {LINE}"]


def test_a_test_may_be_given_in_the_words_of_the_shell(run: Run) -> None:
    words = ["from", "203.0.113.5", "mail", "a@b.example", "to", "c@d.example", "expect", "reject", "554", "go away"]
    run("test", "add", *words)

    assert run("test", "list").out.splitlines() == [
        '1: from 203.0.113.5 mail a@b.example to c@d.example expect reject 554 "go away"'
    ]


def test_a_line_that_is_no_test_ends_with_2_and_the_reason(run: Run) -> None:
    said = run("test", "add", "from 203.0.113.5 mail a@b to c@d")

    assert (said.code, "no 'expect'" in said.err) == (2, True)


def test_tests_are_commented_switched_and_removed_by_name(run: Run) -> None:
    run("test", "add", LINE, "--name", "x")
    run("test", "comment", "x", "why")
    run("test", "disable", "x")
    off = run("test", "list").out
    run("test", "enable", "x")
    run("test", "remove", "x")

    assert off.splitlines() == ["# why", f"x (disabled): {LINE}"]
    assert run("test", "list").out == "There are no policy tests. Add one: sealgate test add TEST\n"


@pytest.mark.parametrize("ending", ["txt", "csv", "yaml"])
def test_tests_go_into_a_file_and_come_back(run: Run, tmp_path: Path, ending: str) -> None:
    file = str(tmp_path / f"tests.{ending}")
    run("test", "add", LINE, "--name", "x", "--comment", "why")
    before = run("test", "list").out
    run("test", "export", file)
    run("test", "remove", "x")

    assert run("test", "import", file).code == 0
    assert run("test", "list").out == before


def test_a_run_shows_each_test_and_ends_with_1_when_one_failed(run: Run, agent: StandIn) -> None:
    run("test", "add", LINE, "--name", "outside")
    judging(agent, PASSED, FAILED, LATER)

    said = run("test", "run")

    assert said.code == 1
    assert said.out.splitlines() == [
        "passed: policy-tests: inside",
        "failed: policy-tests: outside",
        "    Tried: from y",
        "    Expected: reject 554",
        "    Came: RCPT → 250 Ok",
        "    | postfix/smtpd: a line",
        "1 passed, 1 failed",
    ]


def test_a_run_of_one_test_is_about_that_one(run: Run, agent: StandIn) -> None:
    run("test", "add", LINE, "--name", "inside")
    judging(agent, PASSED, FAILED)

    said = run("test", "run", "inside", "--json")

    assert (said.code, [one["test"] for one in said.json["verdicts"]]) == (0, ["inside"])


def test_a_run_of_a_test_that_is_not_there_names_it(run: Run, agent: StandIn) -> None:
    run("test", "add", LINE, "--name", "inside")

    assert "there is no other" in run("test", "run", "other").err


def test_a_run_is_a_full_rehearsal_of_the_draft_or_of_what_is_live(run: Run, agent: StandIn) -> None:
    run("test", "add", LINE, "--name", "inside")
    judging(agent, PASSED)
    run("apply", "-m", "first")
    run("test", "run")
    run("test", "run", "--live")

    asked = [question for verb, question in agent.asked if verb == "judge"]
    assert [(one.grade, one.fresh) for one in asked] == [(Grade.FULL, False), (Grade.FULL, False), (Grade.FULL, True)]


def test_a_rehearsal_says_how_each_promise_came_out_and_tells_the_failures(run: Run, agent: StandIn) -> None:
    judging(agent, PASSED, FAILED, LATER)

    said = run("rehearse")

    lines = said.out.splitlines()
    assert said.code == 1
    assert [line.split() for line in lines[:3]] == [
        ["PROMISE", "PASSED", "FAILED", "NOT", "JUDGED"],
        ["policy-tests", "1", "1"],
        ["mail-reaches-its-next-hop", "1"],
    ]
    assert "failed: policy-tests: outside" in lines
    assert lines[-1].endswith("1 passed, 1 failed, 1 not judged; 1 error.")


def test_every_test_is_told_when_asked(run: Run, agent: StandIn) -> None:
    judging(agent, PASSED, LATER)

    out = run("rehearse", "--verdicts").out

    assert "passed: policy-tests: inside" in out
    assert "not judged: mail-reaches-its-next-hop: mail to z" in out


@pytest.mark.parametrize(("option", "grade"), [("--full", Grade.FULL), ("--probe", Grade.PROBE)])
def test_a_rehearsal_is_of_the_grade_asked_for(run: Run, agent: StandIn, option: str, grade: Grade) -> None:
    assert run("rehearse", option).code == 0
    assert [question.grade for verb, question in agent.asked if verb == "judge"] == [grade]


def test_a_rehearsal_without_the_agent_ends_with_3(run: Run) -> None:
    assert run("rehearse").code == 3


def test_an_override_applies_and_is_shown_with_the_report(run: Run, agent: StandIn) -> None:
    judging(agent, FAILED)

    applied = run("apply", "-m", "first", "--override", "outside", "--reason", "known")

    assert applied.code == 0
    assert "Overridden: outside: known (local:" in run("show", "report", "1").out


def test_overrides_and_reasons_come_in_pairs(run: Run, agent: StandIn) -> None:
    said = run("apply", "-m", "first", "--override", "outside")

    assert (said.code, "1 overrides and 0 reasons" in said.err) == (2, True)


def test_what_is_never_overridden_ends_with_1(run: Run, agent: StandIn) -> None:
    said = run("apply", "-m", "x", "--override", "strangers-cannot-relay", "--reason", "please")

    assert (said.code, "cannot be overridden" in said.err) == (1, True)


def test_the_report_on_the_draft_is_shown_until_the_draft_changes(run: Run, agent: StandIn) -> None:
    judging(agent, PASSED)
    run("rehearse")
    before = run("show", "report")
    run("add", "relay-domain", "example.com")

    assert (before.code, "policy-tests" in before.out) == (0, True)
    assert (run("show", "report").code, "was not rehearsed" in run("show", "report").err) == (2, True)


def test_a_diff_says_who_may_newly_relay_where_a_rehearsal_found_it(run: Run, agent: StandIn) -> None:
    run("add", "network", "10.0.0.0/8")
    judging(agent, PASSED, widened=("10.0.0.0/8 may newly relay to anywhere",))
    before = run("diff", "--json").json["newly_possible"]
    run("rehearse")

    assert before is None
    assert "newly possible: 10.0.0.0/8 may newly relay to anywhere" in run("diff").out


def test_the_status_says_what_the_scheduler_did(run: Run, agent: StandIn, directory: Path) -> None:
    from sealgate.services.gateway import Gateway
    from sealgate.services.scheduling import Scheduler
    from sealgate.settings import Settings

    gateway = Gateway.open(Settings.load(directory))
    Scheduler(gateway, "here").step()
    with gateway.store.writing("system:x") as writer:
        writer.take_job("nightly", "revision 1", "here", 60)
        writer.finish_job("nightly", "here", {"passed": True, "text": "12 passed"})
    gateway.close()

    lines = run("status").out.splitlines()
    assert any(line.startswith("Scheduler: runs (process ") for line in lines)
    assert any(line.startswith("  nightly ") and line.endswith("revision 1: passed: 12 passed") for line in lines)

"""Who may newly do what is shown by check, diff and apply, and is never a reason that they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.control_half import stand_in

from sealgate.link.bundle import Header, Need
from sealgate.link.codec import from_json
from sealgate.link.messages import Report
from sealgate.link.rehearsals import Widened
from sealgate.model.errors import NodeFailed, NodeUnreachable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

SENTENCE = "Clients 10.9.0.0/24 may newly send mail to any domain."


def test_check_shows_it_before_its_summary(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")
    with stand_in(directory, widening=Widened((f"{SENTENCE}\x1b[31m",))):
        said = run("check")

    assert said.out.splitlines()[-2] == f"newly possible: {SENTENCE}\\x1b[31m"


def test_check_gives_it_to_programs(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")
    with stand_in(directory, widening=Widened((SENTENCE,))):
        answer = run("check", "--json").json

    assert answer["newly_possible"] == [SENTENCE]


def test_diff_shows_it_below_the_differences(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")
    with stand_in(directory, widening=Widened((SENTENCE,))):
        said = run("diff")

    assert said.out.splitlines()[-1] == f"newly possible: {SENTENCE}"


def test_a_difference_of_other_states_asks_nobody(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")
    with stand_in(directory) as agent:
        run("diff", "draft", "live")

    assert "widening" not in [verb for verb, _ in agent.asked]


def test_what_cannot_be_found_out_is_not_known(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")
    with stand_in(directory, widening=NodeFailed("no")):
        checked = run("check", "--json")
        differing = run("diff", "--json")

    assert (checked.code, checked.json["newly_possible"]) == (0, None)
    assert (differing.code, differing.json["newly_possible"]) == (0, None)


def test_without_the_agent_the_draft_is_shown_all_the_same(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")

    said = run("diff")

    assert said.code == 0
    assert "newly possible" not in said.out


def test_a_draft_that_the_agent_refuses_is_not_asked_about(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")
    with stand_in(directory, judge=NodeUnreachable("gone"), widening=Widened((SENTENCE,))) as agent:
        answer = run("check", "--json").json

    assert answer["newly_possible"] is None
    assert "widening" not in [verb for verb, _ in agent.asked]


def full(question: Any, talk: Any) -> Report:
    """Judge without a look at the bundle."""
    for _nothing in talk.ask(Need()):
        pass
    header = from_json(Header, question.header)
    return Report(header.digest, header.digest[:16], question.grade, True, (), 0.1, widened=(SENTENCE,))


def test_apply_shows_what_the_full_rehearsal_found(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")
    with stand_in(directory, judge=full):
        said = run("apply", "-m", "more of us")
        kept = run("show", "revision", "1", "--json")

    assert said.out.splitlines()[0] == f"newly possible: {SENTENCE}"
    assert kept.code == 0


def test_check_does_not_ask_again_for_what_the_report_says(run: Run, directory: Path) -> None:
    run("add", "network", "10.9.0.0/24")
    with stand_in(directory, judge=full) as agent:
        answer = run("check", "--json").json

    assert answer["newly_possible"] == [SENTENCE]
    assert "widening" not in [verb for verb, _ in agent.asked]

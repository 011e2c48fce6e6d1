"""From the draft to what is live and back: check, diff, apply, confirm, rollback, history, restore; status, drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.control_half import stand_in

from sealgate.cli.differences import difference_lines
from sealgate.link.messages import Outcome, State
from sealgate.link.upkeep import Drift, DriftItem, DriftKind
from sealgate.model.errors import NodeFailed, Refused
from sealgate.model.findings import Place, error, warning
from sealgate.services.wording import Difference, FieldChange, What

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.support.control_half import StandIn

BAD = error(
    "port-in-use", Place(file="master.cf"), "The port 25 is in use.", "Another program has it.", "Stop that one."
)
DOUBTFUL = warning("only-sends", Place(), "Only sends.")


def test_a_check_without_the_agent_says_not_judged_by_postfix_and_is_no_failure(run: Run) -> None:
    said = run("check")

    assert (said.code, "Not judged by Postfix." in said.out) == (0, True)


def test_errors_end_a_check_with_one_and_are_said_in_full(run: Run, agent: StandIn) -> None:
    agent.findings = (BAD.to_json(),)

    said = run("check")

    assert said.code == 1
    assert said.out.splitlines()[:3] == [
        "error: master.cf: The port 25 is in use.",
        "    Another program has it.",
        "    Stop that one.",
    ]


def test_warnings_alone_end_a_check_with_zero(run: Run, agent: StandIn) -> None:
    agent.findings = (DOUBTFUL.to_json(),)

    assert run("check").code == 0


def test_a_check_as_json_has_findings_and_what_was_judged(run: Run, agent: StandIn) -> None:
    agent.findings = (BAD.to_json(),)

    answer = run("check", "--json").json

    assert (answer["passed"], answer["judged_by_postfix"], answer["grade"]) == (False, True, "probe")
    assert answer["findings"] == [BAD.to_json()]


def test_a_diff_shows_what_an_apply_would_change(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")
    run("add", "network", "10.0.0.0/8")

    assert run("diff").out.splitlines() == [
        "+ network 10.0.0.0/8",
        "    newly: 10.0.0.0/8 may relay to anywhere",
        "+ My hostname: not set (the machine's fully qualified name) -> gw.example.com",
    ]


def test_a_diff_of_nothing_says_so(run: Run) -> None:
    assert run("diff").out == "There is no difference between live and draft.\n"


def test_a_diff_can_show_the_rendered_files(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")

    said = run("diff", "--files")
    assert "+myhostname = gw.example.com" in said.out
    answer = run("diff", "--files", "--json").json
    assert "main.cf" in [item["file"] for item in answer["files"]]


def test_a_diff_of_revisions_is_named_by_their_numbers(run: Run, agent: StandIn) -> None:
    for name in ("one", "two"):
        run("set", "my-hostname", f"{name}.example.com")
        run("apply", "-m", name)

    answer = run("diff", "1", "2", "--json").json

    assert (answer["from"], answer["to"], len(answer["differences"])) == ("1", "2", 1)
    assert agent.asked


def test_a_long_diff_is_cut_and_says_so(run: Run) -> None:
    run("import", "relay-domain", "-", typed="".join(f"d{number}.example\n" for number in range(20)))

    said = run("diff", "--limit", "5")

    assert (said.out.count("relay-domain"), "--limit" in said.err) == (5, True)


def test_a_diff_names_only_the_first_of_a_long_list_and_of_a_changed_one_what_came_and_went() -> None:
    many = [f"n{number}" for number in range(2000)]
    added = Difference("provider", "big", "", What.ADDED, (FieldChange("networks", "Networks", None, many),))
    changed = Difference("provider", "big", "", What.CHANGED, (FieldChange("networks", "Networks", many, many[1:]),))

    (line,) = difference_lines(added, colour=False)
    assert line.startswith("+ provider big (n0, n1, ")
    assert line.endswith(", n49 and 1,950 more)")
    assert list(difference_lines(changed, colour=False)) == [
        "~ provider big",
        "    Networks: 2,000 entries (now gone: n0) -> 1,999 entries",
    ]


def test_an_apply_makes_the_draft_live(run: Run, agent: StandIn) -> None:
    run("set", "my-hostname", "gw.example.com")

    said = run("apply", "-m", "the first")

    assert (said.code, "Revision 1 is live." in said.out, agent.asked[-1][0]) == (0, True, "apply")


def test_an_apply_needs_a_message(run: Run) -> None:
    assert run("apply").code == 2
    assert run("apply", "-m", "  ").code == 2


def test_an_apply_for_minutes_is_on_watch(run: Run, directory: Path) -> None:
    watching = Outcome(State.ON_WATCH, 1, "r", "", watch_until=2e9)
    with stand_in(directory, apply=watching) as agent:
        run("set", "my-hostname", "gw.example.com")
        said = run("apply", "-m", "x", "--for", "5")

    assert (said.code, agent.asked[-1][1].keep_for) == (0, 300)
    assert "sealgate confirm" in said.out


@pytest.mark.parametrize(("options", "seconds"), [((), 600), (("--watch", "2.5"), 150), (("--watch", "0"), 0)])
def test_an_apply_says_how_long_mail_is_watched(
    run: Run, agent: StandIn, options: tuple[str, ...], seconds: int
) -> None:
    run("set", "my-hostname", "gw.example.com")

    said = run("apply", "-m", "x", *options)

    assert (said.code, agent.asked[-1][1].watch_for) == (0, seconds)


def test_an_apply_that_is_watched_says_how_to_follow_it(run: Run, directory: Path) -> None:
    with stand_in(directory, apply=Outcome(State.ON_WATCH, 1, "r", "Watched.")):
        run("set", "my-hostname", "gw.example.com")
        said = run("apply", "-m", "x")

    assert "See how it does: sealgate status. Go back: sealgate rollback" in said.out


def test_status_shows_until_when_and_what_is_watched(run: Run, directory: Path) -> None:
    with stand_in(directory) as agent:
        sentences = ("deliveries: 3 done, 0 failed",)
        agent.answers["status"] = agent.status(state=State.ON_WATCH, watched_until=2e9, watched=sentences)
        said = run("status")

    assert "Watched until 2033-05-18" in said.out
    assert "  deliveries: 3 done, 0 failed" in said.out


def test_a_rollback_of_what_is_on_watch_is_done(run: Run, agent: StandIn) -> None:
    agent.answers["rollback"] = Outcome(State.UNDONE, 1, "r", "Revision 2 was undone. It was asked for.")
    run("set", "my-hostname", "gw.example.com")
    run("apply", "-m", "x")

    said = run("rollback")

    assert (said.code, "Revision 1 is live." in said.out) == (0, True)


def test_an_apply_with_errors_is_refused_with_them_and_ends_with_one(run: Run, agent: StandIn) -> None:
    agent.findings = (BAD.to_json(),)
    run("set", "my-hostname", "gw.example.com")

    said = run("apply", "-m", "x")

    assert (said.code, said.out) == (1, "")
    assert "error: master.cf: The port 25 is in use." in said.err


def test_a_refused_apply_as_json_has_the_findings(run: Run, agent: StandIn) -> None:
    agent.findings = (BAD.to_json(),)

    answer = run("apply", "-m", "x", "--json").json

    assert (answer["error"]["kind"], answer["error"]["findings"]) == ("refused", [BAD.to_json()])


def test_without_the_agent_an_apply_ends_with_three_and_the_draft_is_safe(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")

    said = run("apply", "-m", "x")

    assert (said.code, "draft is safe" in said.err) == (3, True)
    assert len(run("diff", "--json").json["differences"]) == 1


def test_a_revision_that_the_node_undid_ends_with_one_and_the_evidence(run: Run, directory: Path) -> None:
    undone = Outcome(State.UNDONE, None, "", "smtp did not answer, so it was undone.", ("smtp: no greeting in 5 s",))
    with stand_in(directory, apply=undone):
        said = run("apply", "-m", "x")

    assert said.code == 1
    assert said.out.splitlines() == [
        "smtp did not answer, so it was undone.",
        "Revision 1 is not live (undone). No revision is in force.",
        "    smtp: no greeting in 5 s",
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (NodeFailed("The disk is full."), 3),
        (Refused("There is drift. Settle it first."), 1),
        (Outcome(State.FAILED, None, "", "Postfix does not start."), 3),
    ],
    ids=["failed", "refused", "outcome"],
)
def test_what_went_wrong_on_the_node_decides_the_exit_code(run: Run, directory: Path, answer: Any, code: int) -> None:
    with stand_in(directory, apply=answer):
        said = run("apply", "-m", "x")

    assert said.code == code
    assert str(getattr(answer, "text", answer)) in said.out + said.err


def test_confirm_and_rollback_say_what_is_live(run: Run, directory: Path) -> None:
    confirmed = Outcome(State.CONFIRMED, 1, "r", "")
    with stand_in(directory, confirm=confirmed, rollback=confirmed):
        for name in ("one", "two"):
            run("set", "my-hostname", f"{name}.example.com")
            run("apply", "-m", name)
        said = [run("rollback"), run("rollback", "1"), run("confirm")]

    assert [(one.code, "Revision 1 is live." in one.out) for one in said] == [(0, True)] * 3


def test_history_lists_revisions_with_author_and_comment(run: Run, agent: StandIn) -> None:
    for name in ("one", "two"):
        run("set", "my-hostname", f"{name}.example.com")
        run("apply", "-m", f"the {name}")

    found = run("history", "--json").json

    assert [(item["revision"], item["comment"], item["in_force"]) for item in found] == [
        (2, "the two", True),
        (1, "the one", False),
    ]
    assert agent.asked


def test_history_works_without_the_agent(run: Run) -> None:
    said = run("history")

    assert (said.code, "Nothing was applied yet" in said.out) == (0, True)


def test_everything_pending_is_discarded_after_a_yes(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")

    refused = run("discard")
    done = run("discard", "--yes", "--json")

    assert (refused.code, "--yes" in refused.err) == (1, True)
    assert done.json == {"discarded": [{"noun": "setting", "key": "my-hostname"}]}


def test_one_object_is_discarded_by_name(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")
    run("add", "relay-domain", "example.com")

    assert run("discard", "relay-domain", "example.com").code == 0
    assert [item["key"] for item in run("diff", "--json").json["differences"]] == ["my-hostname"]


def test_a_kind_of_row_alone_is_not_discarded(run: Run) -> None:
    assert run("discard", "transport").code == 2


def test_a_revision_is_restored_into_the_draft(run: Run, agent: StandIn) -> None:
    for name in ("one", "two"):
        run("set", "my-hostname", f"{name}.example.com")
        run("apply", "-m", name)

    assert run("restore", "1").code == 0
    assert run("show", "settings", "my-hostname", "--json").json[0]["value"] == "one.example.com"
    assert agent.asked


def test_an_earlier_version_of_one_row_is_seen_and_brought_back(run: Run, agent: StandIn) -> None:
    run("add", "black", "192.0.2.1", "--reason", "first")
    run("apply", "-m", "one")
    run("change", "black", "192.0.2.1", "--reason", "second")
    said, shape = run("history", "black", "192.0.2.1").out, run("history", "black", "192.0.2.1", "--json").json

    done = run("restore", "1", "black", "192.0.2.1")

    assert ("Reason: first -> second" in said, "Revision 1, " in said, done.code) == (True, True, 0)
    assert [(step["revision"], step["what"], step["stands"]) for step in shape] == [
        (None, "changed", True), (1, "added", False),
    ]  # fmt: skip
    assert run("show", "black", "192.0.2.1", "--json").json[0]["fields"]["reason"] == "first"
    assert agent.asked


def test_the_life_of_an_object_needs_its_key(run: Run) -> None:
    assert "Which one?" in run("history", "black").err


def test_a_row_that_never_was_has_no_life(run: Run) -> None:
    said = run("history", "relay-domain", "never.example")

    assert (said.code, said.out) == (2, "")
    assert "There never was such a row: relay-domain never.example." in said.err


def test_a_setting_that_was_never_changed_says_so(run: Run) -> None:
    said = run("history", "setting", "my-hostname")

    assert (said.code, said.out) == (0, "It was never changed.\n")


def test_a_status_without_the_agent_ends_with_three_and_still_says_what_is_pending(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")

    said = run("status")

    assert (said.code, "Draft: 1 change not applied yet" in said.out) == (3, True)


def test_a_status_says_what_runs(run: Run, agent: StandIn) -> None:
    run("apply", "-m", "first")

    said = run("status")

    assert said.out.splitlines()[0].startswith("In force: revision 1 (confirmed): first")
    assert run("status", "--json").json["node"]["revision"] == 1
    assert agent.asked


def test_drift_is_shown_and_ends_with_one_until_it_is_settled(run: Run, directory: Path) -> None:
    item = DriftItem("main.cf", DriftKind.CHANGED, "a", "b", diff="-a\n+b\x1b\n")
    with stand_in(directory, drift=Drift("r", 1, (item,))):
        said = run("drift")

    assert (said.code, "main.cf: changed" in said.out, "\x1b" in said.out) == (1, True, False)
    assert "--adopt" in said.out


def test_no_drift_ends_with_zero(run: Run, directory: Path) -> None:
    with stand_in(directory, drift=Drift("r", 1, ())):
        said = run("drift")

    assert (said.code, said.out) == (0, "No live file was changed by hand.\n")


def test_overwriting_asks_first(run: Run, directory: Path) -> None:
    item = DriftItem("main.cf", DriftKind.CHANGED, "a", "b")
    with stand_in(directory, drift=Drift("r", 1, (item,)), overwrite=Drift("r", 1, ())) as agent:
        refused = run("drift", "--overwrite")
        asked = [verb for verb, _ in agent.asked]
        done = run("drift", "--overwrite", "--yes")

    assert (refused.code, "overwrite" in asked, done.code) == (1, False, 0)


def test_adopting_and_overwriting_at_once_is_wrong_usage(run: Run) -> None:
    assert run("drift", "--adopt", "--overwrite").code == 2


def test_what_cannot_be_adopted_is_said_and_ends_with_one(run: Run, directory: Path) -> None:
    item = DriftItem("maps/mynetworks.cidr", DriftKind.CHANGED, "a", "b")

    def content(_question: Any, talk: Any) -> Any:
        from sealgate.link.upkeep import FileInfo

        talk.content(b"x")
        return FileInfo("x", 1, "")

    with stand_in(directory, drift=Drift("r", 1, (item,)), live_file=content):
        said = run("drift", "--adopt")

    assert (said.code, "cannot be taken into the draft" in said.err) == (1, True)

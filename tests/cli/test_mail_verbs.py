"""Queue, log, verify cache, look-ups: questions to the node, with the stand-in's answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.control_half import stand_in

from sealgate.link.upkeep import (
    Count,
    FileInfo,
    QueryAnswer,
    QueueMessage,
    QueueRecipient,
    QueueVerb,
    Route,
    VerifyAnswer,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

MESSAGE = QueueMessage(
    "4ABC",
    "deferred",
    1_700_000_000,
    1234,
    "",
    (QueueRecipient("a@example.com", "no \x1b[31mroute"), QueueRecipient("b@example.com")),
)


def queue_of(*messages: QueueMessage) -> Any:
    def answer(_question: Any, talk: Any) -> Count:
        for message in messages:
            talk.item(message)
        return Count(len(messages))

    return answer


def acting(count: int) -> Any:
    return lambda question, _talk: Count(count, "" if question.count_only else "Done.")


def test_the_queue_is_listed_with_a_line_for_each_recipient(run: Run, directory: Path) -> None:
    with stand_in(directory, queue_list=queue_of(MESSAGE)):
        said = run("queue", "list")
        answer = run("queue", "list", "--json").json

    assert [line.split()[0] for line in said.out.splitlines()] == ["ID", "4ABC", "b@example.com"]
    assert "<>" in said.out
    assert "\x1b" not in said.out
    assert answer[0]["recipients"][1]["address"] == "b@example.com"


def test_an_empty_queue_says_so(run: Run, directory: Path) -> None:
    with stand_in(directory, queue_list=queue_of()):
        assert run("queue", "list").out == "The queue is empty.\n"


def test_a_filter_reaches_the_node(run: Run, directory: Path) -> None:
    with stand_in(directory, queue_list=queue_of()) as agent:
        run(
            "queue",
            "list",
            "--sender",
            "s",
            "--recipient",
            "r",
            "--reason",
            "why",
            "--older-than",
            "2h",
            "--queue",
            "hold",
        )

    which = agent.asked[-1][1]
    assert (which.sender, which.recipient, which.reason, which.older_than, which.queues) == (
        "s",
        "r",
        "why",
        7200,
        ("hold",),
    )


def test_a_message_is_shown_byte_for_byte_to_a_pipe(run: Run, directory: Path) -> None:
    def content(_question: Any, talk: Any) -> FileInfo:
        talk.content(b"Subject: x\n\nbody\x1b\n")
        return FileInfo("4ABC", 3, "")

    with stand_in(directory, queue_view=content):
        said = run("queue", "view", "4ABC")
        answer = run("queue", "view", "4ABC", "--json").json

    assert said.out == "Subject: x\n\nbody\x1b\n"
    assert answer == {"id": "4ABC", "text": "Subject: x\n\nbody\x1b\n"}


@pytest.mark.parametrize("verb", ["hold", "release", "requeue", "delete"])
def test_what_changes_mail_asks_with_the_count_first(run: Run, directory: Path, verb: str) -> None:
    with stand_in(directory, queue_act=acting(7)) as agent:
        refused = run("queue", verb, "--sender", "spam@")
        untouched = all(question.count_only for name, question in agent.asked if name == "queue-act")
        done = run("queue", verb, "--sender", "spam@", "--yes", "--json")

    assert (refused.code, "7 messages" in refused.err, untouched) == (1, True, True)
    assert done.json == {"verb": verb, "count": 7, "text": "Done."}


def test_nothing_is_asked_where_nothing_is_found(run: Run, directory: Path) -> None:
    with stand_in(directory, queue_act=acting(0)):
        said = run("queue", "delete", "--sender", "nobody")

    assert (said.code, said.out) == (0, "0 messages: delete.\n")


@pytest.mark.parametrize("verb", list(QueueVerb))
def test_all_of_the_queue_must_be_said_on_purpose(run: Run, directory: Path, verb: str) -> None:
    with stand_in(directory, queue_act=acting(7)) as agent:
        said = run("queue", verb, "--yes")
        untouched = agent.asked == []
        done = run("queue", verb, "--all", "--yes")

    assert (said.code, untouched, done.code) == (2, True, 0)


def test_what_was_done_to_mail_is_audited(run: Run, directory: Path) -> None:
    with stand_in(directory, queue_act=acting(7)):
        run("queue", "delete", "4ABC", "--yes")

    entry = run("audit", "--json").json[0]
    assert (entry["verb"], entry["detail"]["count"], entry["detail"]["ids"]) == ("queue-delete", 7, ["4ABC"])


def log_of(*lines: str) -> Any:
    def answer(_question: Any, talk: Any) -> Count:
        talk.item(list(lines))
        return Count(len(lines))

    return answer


def test_the_log_is_shown_with_escapes_made_visible(run: Run, directory: Path) -> None:
    with stand_in(directory, log=log_of("one", "two\x1b[31m")) as agent:
        said = run("log", "--message", "4ABC", "-n", "5")
        answer = run("log", "--json").json

    assert said.out == "one\ntwo\\x1b[31m\n"
    assert answer == {"lines": ["one", "two\x1b[31m"]}
    question = agent.asked[0][1]
    assert (question.message, question.lines, question.follow) == ("4ABC", 5, False)


def test_a_followed_log_as_json_is_one_object_a_line(run: Run, directory: Path) -> None:
    with stand_in(directory, log=log_of("one", "two")):
        said = run("log", "--follow", "--json")

    assert [json.loads(line)["line"] for line in said.out.splitlines()] == ["one", "two"]


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (VerifyAnswer("a@example.com", found=False), 1, "not in the cache"),
        (
            VerifyAnswer("a@example.com", found=True, status="undeliverable", text="no such user", updated=1e9),
            0,
            "undeliverable",
        ),
    ],
    ids=["unknown", "known"],
)
def test_the_verify_cache_answers(run: Run, directory: Path, answer: VerifyAnswer, code: int, words: str) -> None:
    with stand_in(directory, verify_show=answer):
        said = run("verify-cache", "show", "a@example.com")

    assert (said.code, words in said.out) == (code, True)


def test_clearing_the_verify_cache_asks_first(run: Run, directory: Path) -> None:
    with stand_in(directory, verify_clear=Count(3)) as agent:
        refused = run("verify-cache", "clear")
        untouched = agent.asked == []
        done = run("verify-cache", "clear", "--yes")

    assert (refused.code, untouched, done.code, done.out) == (1, True, 0, "3 addresses.\n")


def test_what_is_no_address_is_wrong_usage(run: Run) -> None:
    assert run("verify-cache", "show", "nobody").code == 2


def test_a_query_asks_the_judged_draft(run: Run, directory: Path) -> None:
    with stand_in(directory, query=QueryAnswer("transport", "a.example", "smtp:[mx]")) as agent:
        run("set", "my-hostname", "gw.example.com")
        said = run("query", "transport", "a.example")

    assert (said.code, said.out) == (0, "smtp:[mx]\n")
    assert [verb for verb, _ in agent.asked] == ["judge", "query"]
    assert len(agent.asked[-1][1].digest) == 64


def test_a_query_of_what_is_live_asks_nothing_else(run: Run, directory: Path) -> None:
    with stand_in(directory, query=QueryAnswer("transport", "a.example", None, ("the table is empty",))) as agent:
        said = run("query", "transport", "a.example", "--live")

    assert (said.code, said.out) == (1, "a.example: not found\n    the table is empty\n")
    assert (len(agent.asked), agent.asked[-1][1].digest) == (1, "")


def test_an_address_is_resolved(run: Run, directory: Path) -> None:
    route = Route("a@example.com", "smtp", "[mx.example.net]", "a@example.com", ("relay",))
    with stand_in(directory, resolve=route) as agent:
        said = run("resolve", "a@example.com", "--sender", "b@example.com", "--live")

    assert said.out.splitlines() == [
        "Transport: smtp",
        "Next hop: [mx.example.net]",
        "Recipient: a@example.com",
        "Class: relay",
    ]
    assert agent.asked[-1][1].sender == "b@example.com"


@pytest.mark.parametrize(
    "call",
    [
        ["queue", "list"],
        ["queue", "view", "4ABC"],
        ["queue", "flush", "--all"],
        ["log"],
        ["verify-cache", "show", "a@example.com"],
        ["verify-cache", "clear", "--yes"],
        ["query", "transport", "x"],
        ["resolve", "a@example.com"],
        ["confirm"],
        ["rollback"],
        ["drift"],
        ["drift", "--adopt"],
        ["drift", "--overwrite", "--yes"],
        ["apply", "-m", "x"],
    ],
    ids=" ".join,
)
def test_every_verb_that_needs_the_agent_ends_with_three_and_one_sentence_when_it_is_down(
    run: Run, call: list[str]
) -> None:
    said = run(*call)

    assert (said.code, said.out) == (3, "")
    assert said.err.count("\n") == 1
    assert "sealgate up" in said.err

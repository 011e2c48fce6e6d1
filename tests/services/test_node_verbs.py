"""Queue, log, verify cache and look-ups as services: what reaches the node, what is audited, who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.link.upkeep import (
    Count,
    LogLines,
    LogPart,
    QueryAnswer,
    QueueFilter,
    QueueMessage,
    QueueVerb,
    Route,
    VerifyAnswer,
)
from sealgate.model.errors import InvalidValue, NodeFailed, NodeUnreachable, NotPermitted
from sealgate.services import applying, auditing, lookups, mail_log, queue, settings, verify_cache
from sealgate.services.actor import ALL_RIGHTS, Actor, Right

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

    Answering = Callable[..., AbstractContextManager[StandIn]]


def acting(count: int) -> Any:
    return lambda question, _talk: Count(count, "" if question.count_only else "Done.")


def items(*values: Any) -> Any:
    def answer(_question: Any, talk: Any) -> Count:
        for value in values:
            talk.item(value)
        return Count(len(values))

    return answer


def verbs_audited(gateway: Gateway, actor: Actor) -> list[str]:
    return [entry.verb for entry in auditing.newest(gateway, actor)]


def test_the_queue_comes_message_by_message(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    messages = [QueueMessage(f"4{number}", "deferred", 1, 2, "a@example.com", ()) for number in range(3)]
    with answering(queue_list=items(*messages)):
        assert list(queue.listing(gateway, ann)) == messages


@pytest.mark.parametrize("verb", QueueVerb)
def test_counting_changes_nothing_and_is_not_audited(
    gateway: Gateway, ann: Actor, answering: Answering, verb: QueueVerb
) -> None:
    with answering(queue_act=acting(5)) as agent:
        found = queue.count(gateway, ann, verb, QueueFilter(sender="a@"))

    assert (found.count, agent.asked[0][1].count_only, verbs_audited(gateway, ann)) == (5, True, [])


@pytest.mark.parametrize("verb", QueueVerb)
def test_acting_is_audited_with_filter_and_count(
    gateway: Gateway, ann: Actor, answering: Answering, verb: QueueVerb
) -> None:
    with answering(queue_act=acting(5)):
        queue.act(gateway, ann, verb, QueueFilter(sender="a@", ids=("4A", "4B")))

    (entry,) = auditing.newest(gateway, ann)
    assert (entry.verb, entry.detail["count"], entry.detail["sender"], entry.detail["ids"]) == (
        f"queue-{verb.value}",
        5,
        "a@",
        ["4A", "4B"],
    )


def test_the_log_is_asked_for_from_a_place_on(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    told = LogLines(("one", "two"), "7:20", more=True)
    with answering(log_part=told) as agent:
        found = mail_log.part(gateway, ann, "7:9", last=5, message="4A")

    assert (found, agent.asked) == (told, [("log-part", LogPart("7:9", 5, "4A"))])


def test_an_age_is_read_as_people_write_it() -> None:
    assert (queue.age("4h"), queue.age("1d 12h"), queue.age("")) == (14_400, 129_600, 0)


def test_a_queue_that_postfix_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidValue, match="no queue defered"):
        queue.parts(["hold", "defered"])


def test_an_empty_filter_is_everything_and_must_be_meant(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    with answering(queue_act=acting(5)) as agent:
        with pytest.raises(InvalidValue, match="say that all are meant"):
            queue.act(gateway, ann, QueueVerb.DELETE, QueueFilter())
        untouched = agent.asked == []
        done = queue.act(gateway, ann, QueueVerb.DELETE, QueueFilter(), everything=True)

    assert (untouched, done.count) == (True, 5)


@pytest.mark.parametrize(
    ("which", "everything"),
    [
        (QueueFilter(), True),
        (QueueFilter(limit=5), True),
        (QueueFilter(ids=("4A",)), False),
        (QueueFilter(queues=("hold",)), False),
        (QueueFilter(sender="a"), False),
        (QueueFilter(recipient="a"), False),
        (QueueFilter(reason="a"), False),
        (QueueFilter(older_than=1), False),
    ],
)
def test_a_filter_that_says_nothing_is_everything(which: QueueFilter, *, everything: bool) -> None:
    assert queue.is_everything(which) is everything


def test_reading_a_message_is_audited_with_its_id(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    with answering(queue_view=NodeFailed("x")):
        queue.view(gateway, ann, "4ABC")

    (entry,) = auditing.newest(gateway, ann)
    assert (entry.verb, entry.object) == ("queue-view", "message 4ABC")


def test_an_act_that_failed_is_not_audited_as_done(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    with answering(queue_act=NodeFailed("Postfix does not answer.")), pytest.raises(NodeFailed):
        queue.act(gateway, ann, QueueVerb.HOLD, QueueFilter(sender="a"))

    assert verbs_audited(gateway, ann) == []


def test_the_log_is_given_line_by_line(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    with answering(log=items(["one", "two"], ["three"])) as agent:
        found = list(mail_log.lines(gateway, ann, last=7, message="4A", follow=True))

    question = agent.asked[0][1]
    assert found == ["one", "two", "three"]
    assert (question.lines, question.message, question.follow) == (7, "4A", True)


@pytest.mark.parametrize("last", [-1, mail_log.MOST_LINES + 1])
def test_a_number_of_lines_is_bounded(gateway: Gateway, ann: Actor, last: int) -> None:
    with pytest.raises(InvalidValue):
        mail_log.lines(gateway, ann, last=last)


def test_a_cached_recipient_is_shown(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    answer = VerifyAnswer("a@example.com", found=True, status="deliverable", text="ok", probed=1.0, updated=2.0)
    with answering(verify_show=answer) as agent:
        assert verify_cache.show(gateway, ann, "a@EXAMPLE.com") == answer

    assert agent.asked[0][1].address == "a@example.com"


def test_clearing_the_cache_is_audited(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    with answering(verify_clear=Count(9)):
        verify_cache.clear(gateway, ann)

    (entry,) = auditing.newest(gateway, ann)
    assert (entry.verb, entry.detail) == ("verify-cache-clear", {"count": 9})


def test_a_draft_that_is_live_is_asked_for_as_live(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    with answering(query=QueryAnswer("transport", "a", None)) as agent:
        applying.apply(gateway, ann, "first")
        lookups.query(gateway, ann, "transport", "a")

    assert agent.asked[-1][1].digest == ""


def test_a_draft_that_differs_is_judged_first_and_asked_by_its_digest(
    gateway: Gateway, ann: Actor, answering: Answering
) -> None:
    with answering(resolve=Route("a@example.com", "smtp", "", "a@example.com", ())) as agent:
        settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
        lookups.resolve(gateway, ann, "a@example.com", sender="b@example.com")

    with gateway.store.reading() as reader:
        assert agent.asked[-1][1].digest == reader.draft().digest()
    assert [verb for verb, _ in agent.asked] == ["judge", "resolve"]


@pytest.mark.parametrize("table", ["", "two words", "a\nb"])
def test_a_table_has_one_plain_name(gateway: Gateway, ann: Actor, table: str) -> None:
    with pytest.raises(InvalidValue):
        lookups.query(gateway, ann, table, "key", live=True)


def test_without_the_agent_each_says_how_to_start_it(gateway: Gateway, ann: Actor) -> None:
    for ask in (
        lambda: mail_log.part(gateway, ann),
        lambda: list(queue.listing(gateway, ann)),
        lambda: queue.count(gateway, ann, QueueVerb.HOLD, QueueFilter()),
        lambda: list(mail_log.lines(gateway, ann)),
        lambda: verify_cache.show(gateway, ann, "a@example.com"),
        lambda: verify_cache.clear(gateway, ann),
        lambda: lookups.query(gateway, ann, "transport", "a", live=True),
        lambda: lookups.resolve(gateway, ann, "a@example.com", live=True),
    ):
        with pytest.raises(NodeUnreachable, match="does not answer"):
            ask()


def test_nobody_reads_a_message_without_the_right(gateway: Gateway) -> None:
    operator = Actor("eve", rights=ALL_RIGHTS - {Right.CONTENT})

    with pytest.raises(NotPermitted, match="content"):
        queue.view(gateway, operator, "4A")


def test_nobody_handles_mail_without_the_right(gateway: Gateway) -> None:
    eve = Actor("local:eve", rights=ALL_RIGHTS - {Right.OPERATE})

    for ask in (
        lambda: queue.listing(gateway, eve),
        lambda: queue.count(gateway, eve, QueueVerb.HOLD, QueueFilter()),
        lambda: queue.act(gateway, eve, QueueVerb.HOLD, QueueFilter(sender="a")),
        lambda: mail_log.lines(gateway, eve),
        lambda: verify_cache.show(gateway, eve, "a@example.com"),
        lambda: verify_cache.clear(gateway, eve),
    ):
        with pytest.raises(NotPermitted, match="operate"):
            ask()

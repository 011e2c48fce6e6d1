from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import NodeFailed, NotPermitted
from sealgate.model.findings import Place, error, warning
from sealgate.services import judging, rows, settings
from sealgate.services.actor import Actor

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sealgate.services.gateway import Gateway
    from tests.support.control_half import StandIn


def test_without_the_agent_a_check_says_that_postfix_has_not_judged(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")

    judged = judging.check(gateway, ann)

    assert (judged.report, judged.passed) == (None, False)
    assert "not-judged" in [finding.code for finding in judged.findings]


def test_what_the_agent_finds_is_part_of_the_check(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    found = error("port-in-use", Place(file="master.cf"), "The port 25 is in use.")
    agent.findings = (found.to_json(),)

    judged = judging.check(gateway, ann)

    assert (found in judged.findings, judged.passed) == (True, False)


def test_a_warning_of_the_agent_does_not_stop(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    agent.findings = (warning("slow", Place(), "Slow.").to_json(),)

    assert judging.check(gateway, ann).passed


def test_a_finding_of_both_halves_is_said_once(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    own = judging.check(gateway, ann).findings
    agent.findings = tuple(finding.to_json() for finding in own)

    assert judging.check(gateway, ann).findings == own


def test_the_agent_gets_the_draft_as_it_is(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    rows.add(gateway, ann, "transport", {"pattern": "example.com", "host": "mx.example.net"})
    rows.add(gateway, ann, "lookup-table", {"name": "t", "type": "hash", "content": "a b\n"})
    rows.add(gateway, ann, "sasl", {"host": "smtp.example.net", "user": "u", "password": "pass word"})

    judging.check(gateway, ann)

    assert agent.rows["setting"] == {"my-hostname": {"value": "gw.example.com"}}
    assert list(agent.rows["transport"]) == ["example.com"]
    assert list(agent.chunks.values()) == [b"a b\n"]
    assert b"pass word" not in b"".join(agent.secrets.values())


def test_a_check_changes_nothing(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    with gateway.store.reading() as reader:
        before = (reader.draft().digest(), [entry.number for entry in reader.audit_newest()])

    judging.check(gateway, ann)

    with gateway.store.reading() as reader:
        assert (reader.draft().digest(), [entry.number for entry in reader.audit_newest()]) == before
    assert agent.asked


def test_progress_of_the_agent_is_told(
    gateway: Gateway, ann: Actor, answering: Callable[..., AbstractContextManager[StandIn]]
) -> None:
    told: list[str] = []
    with answering(judge=lambda _q, talk: talk.progress("half way") or NodeFailed("enough")), pytest.raises(NodeFailed):
        judging.check(gateway, ann, lambda step: told.append(step.text))

    assert told == ["half way"]


def test_nobody_checks_without_the_right(gateway: Gateway) -> None:
    with pytest.raises(NotPermitted):
        judging.check(gateway, Actor("local:eve", rights=frozenset()))

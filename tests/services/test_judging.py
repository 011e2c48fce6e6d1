from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import NodeFailed, NotPermitted
from sealgate.model.findings import Place, error, warning
from sealgate.services import judging, own_lines, rows, settings
from sealgate.services.actor import Actor
from sealgate.services.node_facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway


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


def test_without_the_agent_the_models_findings_are_said(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "before-filter-size-limit", "20 MiB")
    settings.set_value(gateway, ann, "after-filter-size-limit", "10 MiB")

    findings = judging.check(gateway, ann).findings

    assert any(finding.place.key == "after-filter-size-limit" for finding in findings)


def test_findings_that_the_agent_left_out_are_counted(
    gateway: Gateway, ann: Actor, answering: Callable[..., AbstractContextManager[StandIn]]
) -> None:
    with answering() as agent:
        agent.answers["judge"] = lambda q, t: dataclasses.replace(agent.on_judge(q, t), omitted_findings=1234)
        findings = judging.check(gateway, ann).findings

    assert [finding.what for finding in findings] == ["1,234 more findings are not shown."]


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


def test_without_the_agent_an_unknown_parameter_is_found_by_what_it_said_of_its_postfix(
    gateway: Gateway, ann: Actor, answering: Callable[..., AbstractContextManager[StandIn]]
) -> None:
    own_lines.edit(gateway, ann, "main-cf", "no_such_parameter = 1\n")
    with answering():
        facts(gateway, ann)

    findings = judging.check(gateway, ann).findings

    assert "own-line-unknown-parameter" in [finding.code for finding in findings]

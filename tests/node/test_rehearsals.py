"""Grades, kept reports and overrides: what a judgement of the agent stands for, and for how long."""

from __future__ import annotations

import json

import pytest
from tests.node.world import basic

from sealgate.link.messages import Apply, Grade, Override
from sealgate.model.errors import InvalidValue, Refused
from sealgate.model.verdicts import Ruling, Verdict


def verdicts(report):
    return [Verdict.from_json(data) for data in report.verdicts]


def failing():
    """Return a bundle whose full rehearsal fails tests that may be overridden: mail is refused at its second hop."""
    made = basic("fails.example.com")
    made.own("main-cf", "hopcount_limit = 1\n")
    return made


def rehearsed(node, overrides=()):
    return node.judge(failing(), Grade.FULL, overrides=overrides)


def wishes(node, reason="known", prefix=""):
    """Return an override for each failed test."""
    failed = [one for one in verdicts(rehearsed(node)) if one.ruling is Ruling.FAILED]
    assert failed
    return tuple(Override(f"{prefix and one.promise + prefix}{one.test}", reason, "local:alice") for one in failed)


def test_a_probe_says_how_every_promise_stands(node):
    report = node.judge(basic("stands.example.com"), Grade.PROBE)
    promises = {one.promise for one in verdicts(report)}

    assert {"starts-and-answers", "strangers-cannot-relay", "size-limits", "parameters-are-known"} <= promises


def test_a_full_rehearsal_judges_more_than_a_probe(node):
    probe = node.judge(basic("more.example.com"), Grade.PROBE)
    full = node.judge(basic("more.example.com"), Grade.FULL)

    assert full.grade is Grade.FULL
    assert not full.cached
    assert {one.promise for one in verdicts(full)} > {one.promise for one in verdicts(probe)}


def test_a_probe_alone_puts_nothing_in_force(node):
    report = node.judge(basic("probed.example.com"), Grade.PROBE)

    assert report.passed
    with pytest.raises(Refused, match="has not passed a full rehearsal"):
        node.apply(Apply(report.digest, 9))


def test_a_full_report_answers_a_probe(node):
    full = node.judge(basic("answers.example.com"), Grade.FULL)
    probe = node.judge(basic("answers.example.com"), Grade.PROBE)

    assert probe.cached
    assert probe.verdicts == full.verdicts


def test_a_full_report_is_kept_too(node):
    node.judge(basic("kept.example.com"), Grade.FULL)

    assert node.judge(basic("kept.example.com"), Grade.FULL).cached


def test_a_failed_test_is_a_finding_too(node):
    report = rehearsed(node)
    found = [one for one in report.findings if one["code"] == "mail-reaches-its-next-hop"]

    assert not report.passed
    assert [one["severity"] for one in found] == ["error"] * len(found)
    assert "did not arrive" in found[0]["what"]


def test_an_override_lets_failed_tests_pass_with_its_reason(node):
    wish = wishes(node, "the old server takes no more")
    report = rehearsed(node, wish)

    assert report.passed
    assert set(report.overridden) == set(wish)


def test_what_is_not_overridden_still_stops(node):
    assert not rehearsed(node, wishes(node)[:1]).passed


def test_an_overridden_report_still_says_what_failed(node):
    report = rehearsed(node, wishes(node))

    assert any(one.ruling is Ruling.FAILED for one in verdicts(report))


def test_an_override_counts_for_one_judging_only(node):
    assert rehearsed(node, wishes(node)).passed
    assert not rehearsed(node).passed


def test_what_was_overridden_may_be_applied(node):
    report = rehearsed(node, wishes(node))
    outcome = node.apply(Apply(report.digest, 2))
    node.rollback(1)

    assert outcome.revision == 2


def test_what_is_not_overridden_any_more_may_not_be_applied(node):
    rehearsed(node, wishes(node))
    report = rehearsed(node)

    with pytest.raises(Refused, match="has not passed"):
        node.apply(Apply(report.digest, 3))


def test_an_override_needs_a_reason(node):
    with pytest.raises(InvalidValue, match="reason"):
        rehearsed(node, wishes(node, "  "))


def test_an_override_names_a_test_that_failed(node):
    with pytest.raises(Refused, match="No failed test"):
        rehearsed(node, (Override("the weather", "it rains"),))


def test_an_override_may_name_the_promise_too(node):
    assert rehearsed(node, wishes(node, prefix=": ")).passed


@pytest.mark.parametrize("promise", ["strangers-cannot-relay", "starts-and-answers"])
def test_what_stops_mail_or_opens_the_relay_is_never_overridden(node, promise):
    with pytest.raises(Refused, match="cannot be overridden"):
        rehearsed(node, (Override(promise, "we like it"),))


@pytest.mark.parametrize("text", ["", "{", json.dumps({"digest": 1})])
def test_a_full_report_that_cannot_be_read_is_made_again(shared, node, text):
    report = node.judge(basic("unreadable.example.com"), Grade.FULL)
    (shared.paths.reports / f"{report.release}.full.json").write_text(text)

    assert not node.judge(basic("unreadable.example.com"), Grade.FULL).cached


def test_an_open_relay_by_own_lines_does_not_pass(node):
    made = basic("open.example.com")
    made.own("main-cf", "mynetworks = 127.0.0.0/8 [::1]/128 128.0.0.0/1\n")

    assert not node.judge(made).passed

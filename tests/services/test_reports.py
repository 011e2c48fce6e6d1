"""Reports are kept bounded and tell every failure; overrides name a test and a reason, for one apply."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from sealgate.link.messages import Grade, Override, Report
from sealgate.model.errors import InvalidValue, NotFound, NotPermitted, Refused
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.services import applying, auditing, judging, reports, rows
from sealgate.services.actor import ALL_RIGHTS, Actor, Right

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway


def verdict(number: int = 0, ruling: Ruling = Ruling.FAILED, promise: str = "size-limits") -> Verdict:
    return Verdict(promise, f"test {number}", ruling, "tried", "expected", "came", ("a log line",))


def report(*verdicts: Verdict, **more: Any) -> Report:
    shapes = tuple(one.to_json() for one in verdicts)
    return Report("d" * 64, "r" * 16, Grade.FULL, True, (), 1.5, verdicts=shapes, **more)


def test_a_kept_report_is_the_same_after_a_trip_through_json() -> None:
    kept = reports.kept(
        report(
            verdict(),
            verdict(1, Ruling.PASSED),
            verdict(2, Ruling.NOT_JUDGED),
            judged=("x",),
            not_judged=("y",),
            widened=("10.0.0.0/8 may newly relay",),
            overridden=(Override("t", "why", "local:ann"),),
        )
    )

    assert reports.from_json(json.loads(json.dumps(reports.to_json(kept)))) == kept


def test_counts_are_over_all_verdicts_of_a_promise() -> None:
    kept = reports.kept(report(verdict(), verdict(1), verdict(2, Ruling.PASSED), verdict(3, promise="starts")))

    assert kept.counts == (reports.Count("size-limits", 1, 2, 0), reports.Count("starts", 0, 1, 0))
    assert (kept.total(Ruling.FAILED), kept.total(Ruling.PASSED)) == (3, 1)


def test_a_report_of_any_size_is_kept_in_a_megabyte_with_its_failures_first() -> None:
    long = dataclasses.replace(verdict(), came="x" * 100_000, log=("y" * 100_000,) * 100)
    many = [verdict(number, Ruling.NOT_JUDGED) for number in range(5000)]
    passed = [verdict(number, Ruling.PASSED) for number in range(50_000)]

    kept = reports.kept(report(*many, *passed, long))

    assert len(json.dumps(reports.to_json(kept))) < 2**20
    assert kept.failed[0].came == "x" * 1000
    assert kept.total(Ruling.NOT_JUDGED) == 5000


def test_what_was_tried_in_a_test_that_passed_is_kept_and_read_back() -> None:
    kept = reports.kept(report(verdict(), verdict(1, Ruling.PASSED), verdict(2, Ruling.PASSED)))

    back = reports.from_json(json.loads(json.dumps(reports.to_json(kept))))

    assert [(one.promise, one.test, one.tried, one.came) for one in back.passing] == [
        ("size-limits", "test 1", "tried", "came"),
        ("size-limits", "test 2", "tried", "came"),
    ]


def test_what_was_tried_is_kept_as_far_as_there_is_room_and_the_names_beyond() -> None:
    long = [
        dataclasses.replace(verdict(number, Ruling.PASSED), tried="t" * 1000, came="c" * 1000) for number in range(1000)
    ]

    kept = reports.kept(report(*long))

    assert (len(kept.passed), len(kept.tries)) == (1000, reports.MOST_TRIED // 600)
    assert [(one.tried, one.came) for one in kept.passing][-1] == ("", "")


def test_a_report_that_has_names_only_is_still_read() -> None:
    kept = reports.from_json({"passed": ["size-limits: test 1"]})

    assert [(one.promise, one.test, one.tried) for one in kept.passing] == [("size-limits", "test 1", "")]


def test_a_report_of_an_older_version_is_read_as_far_as_it_goes() -> None:
    kept = reports.from_json({"findings": [], "grade": "full", "seconds": 1.0, "judged": [], "not_judged": []})

    assert (kept.grade, kept.counts, kept.overridden) == ("full", (), ())


@pytest.fixture
def failing(
    answering: Callable[..., AbstractContextManager[StandIn]],
) -> Callable[..., AbstractContextManager[StandIn]]:
    """A stand-in whose judging fails one test, unless it is overridden."""

    def start(failed: Verdict) -> AbstractContextManager[StandIn]:
        def judge(question: Any, _talk: Any) -> Report:
            spared = tuple(one for one in question.overrides if one.test == failed.test)
            found = () if spared else (failed.as_finding().to_json(),)
            digest = question.header["digest"]
            return Report(
                digest,
                digest[:16],
                question.grade,
                bool(spared),
                found,
                0.1,
                verdicts=(failed.to_json(),),
                overridden=spared,
            )

        return answering(judge=judge)

    return start


def test_a_failed_test_stops_an_apply(gateway: Gateway, ann: Actor, failing: Any) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})
    with failing(verdict()), pytest.raises(Refused) as refused:
        applying.apply(gateway, ann, "first")

    assert [finding.code for finding in refused.value.findings] == ["size-limits"]


def test_a_report_that_stopped_an_apply_is_kept_for_the_draft(gateway: Gateway, ann: Actor, failing: Any) -> None:
    with failing(verdict()), pytest.raises(Refused):
        applying.apply(gateway, ann, "first")

    kept = reports.of_draft(gateway, ann)
    assert kept is not None
    assert [one.test for one in kept.failed] == ["test 0"]


def test_an_override_lets_an_apply_pass_and_is_kept_with_the_revision(
    gateway: Gateway, ann: Actor, failing: Any
) -> None:
    with failing(verdict()):
        number = applying.apply(gateway, ann, "first", overrides=[("test 0", "known, ticket 4711")]).revision

    assert reports.of_revision(gateway, ann, number).overridden == (
        Override("test 0", "known, ticket 4711", "local:ann"),
    )


def test_an_override_is_audited(gateway: Gateway, ann: Actor, failing: Any) -> None:
    with failing(verdict()):
        applying.apply(gateway, ann, "first", overrides=[("test 0", "known")])

    lines = [line for line in auditing.newest(gateway, ann, limit=50) if line.verb == "override"]
    assert [(line.object, line.detail) for line in lines] == [("revision 1", {"test": "test 0", "reason": "known"})]


def test_an_override_ends_with_the_next_revision(gateway: Gateway, ann: Actor, failing: Any) -> None:
    with failing(verdict()):
        applying.apply(gateway, ann, "first", overrides=[("test 0", "known")])
        rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})
        with pytest.raises(Refused):
            applying.apply(gateway, ann, "second")


def test_an_override_needs_its_right(gateway: Gateway) -> None:
    with pytest.raises(NotPermitted, match="override"):
        applying.apply(gateway, Actor("x", rights=ALL_RIGHTS - {Right.OVERRIDE}), "c", overrides=[("t", "r")])


@pytest.mark.parametrize("name", ["strangers-cannot-relay", "starts-and-answers: smtpd"])
def test_what_is_never_overridden_is_refused_before_anything_is_asked(gateway: Gateway, ann: Actor, name: str) -> None:
    with pytest.raises(Refused, match="cannot be overridden"):
        applying.apply(gateway, ann, "c", overrides=[(name, "please")])


@pytest.mark.parametrize(("test", "reason"), [("", "r"), ("t", ""), ("t", " "), ("t", "a\nb"), ("t", "x" * 1001)])
def test_an_override_names_a_test_and_a_reason(gateway: Gateway, ann: Actor, test: str, reason: str) -> None:
    with pytest.raises(InvalidValue):
        applying.apply(gateway, ann, "c", overrides=[(test, reason)])


def test_a_rehearsal_of_the_draft_changes_nothing_but_keeps_its_report(
    gateway: Gateway, ann: Actor, agent: StandIn
) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})

    judged = judging.rehearse(gateway, ann, Grade.PROBE)

    kept = reports.of_draft(gateway, ann)
    assert (judged.passed, kept and kept.grade) == (True, "probe")
    assert [verb for verb, _ in agent.asked] == ["judge"]


def test_what_is_live_is_rehearsed_anew(
    gateway: Gateway, ann: Actor, agent: StandIn, applied: Callable[..., int]
) -> None:
    applied()
    judging.rehearse(gateway, ann, Grade.FULL, live=True)

    ((_, question),) = agent.asked
    assert (question.fresh, question.grade) == (True, Grade.FULL)


def test_nothing_live_is_nothing_to_rehearse(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    with pytest.raises(NotFound, match="No revision is in force"):
        judging.rehearse(gateway, ann, Grade.FULL, live=True)


def test_while_the_agent_is_down_who_may_newly_relay_is_known_from_a_full_report_on_this_very_draft(
    gateway: Gateway, ann: Actor, answering: Callable[..., AbstractContextManager[StandIn]]
) -> None:
    def judge(question: Any, _talk: Any) -> Report:
        digest = question.header["digest"]
        return Report(digest, digest[:16], question.grade, True, (), 0.1, widened=("10.9.9.9 may newly relay",))

    rows.add(gateway, ann, "relay-domain", {"domain": "example.org"})
    with answering(judge=judge):
        judging.rehearse(gateway, ann, Grade.FULL)
    before = reports.widened(gateway, ann)
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})

    assert (before, reports.widened(gateway, ann)) == (("10.9.9.9 may newly relay",), None)

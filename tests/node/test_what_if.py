"""The agent's answers about a candidate: replay of its logs, drills, and who may newly do what."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.node.world import Gateway, applied, basic, judged

from sealgate.link.messages import Grade
from sealgate.link.rehearsals import MOST_ENVELOPES, Drill, Fault, Replay
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.node.replaying import events

NETWORKS = ("10.0.0.0/16", "10.9.0.0/24")
WIDER = "Clients 10.9.0.0/24 may newly send mail to any domain."
REFUSED = (
    "{stamp} gw sealgate/smtpd[7]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <{to}>: Relay access "
    "denied; from=<a@example.org> to=<{to}> proto=ESMTP helo=<client.example.org>\n"
)


def made(*networks, **rows):
    bundle = basic()
    for network in networks:
        bundle.add("network", network)
    for noun, keys in rows.items():
        for key in keys:
            bundle.add(noun.replace("_", "-"), key)
    return bundle


@pytest.fixture(scope="module")
def node(shared):
    with shared.agent() as way:
        applied(way, made(NETWORKS[0], black=["198.51.100.0/24"]), 1)
        yield way


def digest_of(node, bundle):
    judged(node, bundle)
    return bundle.digest


def log_of(shared, *lines):
    """Let lines stand at the end of the log, as if they had come."""
    now = datetime.now(UTC).astimezone()
    with shared.paths.mail_log.open("a") as log:
        for age, to in lines:
            stamp = (now - timedelta(hours=age)).strftime("%b %e %H:%M:%S")
            log.write(REFUSED.format(stamp=stamp, to=to))


# -- who may newly do what


def test_a_network_more_is_said(node):
    assert node.widening(digest_of(node, made(*NETWORKS, black=["198.51.100.0/24"]))).sentences == (WIDER,)


def test_a_row_that_is_gone_from_the_black_list_is_said(node):
    assert node.widening(digest_of(node, made(NETWORKS[0]))).sentences == (
        "Clients 198.51.100.0/24 may newly send mail for our own domains.",
    )


def test_what_was_found_out_is_remembered(node):
    digest = digest_of(node, made(*NETWORKS, black=["198.51.100.0/24"]))
    first = node.widening(digest)

    assert node.widening(digest).sentences == first.sentences
    assert node.widening(digest).seconds < max(first.seconds, 0.1)


def test_another_transport_opens_nothing_and_nothing_is_run(node):
    bundle = made(NETWORKS[0], black=["198.51.100.0/24"])
    bundle.add("transport", {"pattern": "example.com", "host": "192.0.2.26"})

    found = node.widening(digest_of(node, bundle))

    assert found.sentences == ()


def test_what_is_in_force_opens_nothing(node):
    assert node.widening("").sentences == ()


def test_a_full_report_says_it_and_a_probe_does_not(node):
    bundle = made(*NETWORKS, black=["198.51.100.0/24"], relay_domain=["one-more.example"])

    probed, rehearsed = (node.judge(bundle, grade) for grade in (Grade.PROBE, Grade.FULL))

    assert probed.widened == ()
    assert rehearsed.widened == (WIDER, "Mail for one-more.example is newly accepted from everybody.")


def test_a_candidate_that_is_not_here_must_be_checked_first(node):
    for ask in (node.widening, lambda digest: node.replay(Replay(digest)), lambda digest: node.drill(Drill(digest))):
        with pytest.raises(NotFound, match="check it first"):
            ask("0" * 64)


def test_a_first_apply_says_what_will_be_possible():
    with Gateway() as fresh, fresh.agent() as way:
        found = way.widening(digest_of(way, made(NETWORKS[0])))

    assert "Clients 10.0.0.0/16 may send mail to any domain." in found.sentences
    assert "Mail for example.com is accepted from everybody." in found.sentences


# -- replay


def test_envelopes_of_the_log_are_tried_on_both(node, shared):
    log_of(shared, (0, "u@new.example"), (0, "u@new.example"), (0, "u@elsewhere.example"))
    bundle = made(NETWORKS[0], black=["198.51.100.0/24"], relay_domain=["new.example"])

    found = node.replay(Replay(digest_of(node, bundle)))

    ours = [one for one in found.differences if one.examples[0].recipient == "u@new.example"]
    assert [one.count for one in ours] == [1]
    assert ours[0].before.startswith("554 ")
    assert ours[0].after.startswith("accepted, goes to ")


def test_only_what_came_since_is_tried(node, shared):
    log_of(shared, (30, "old@elsewhere.example"), (0, "fresh@elsewhere.example"))
    since = (datetime.now(UTC) - timedelta(hours=2)).timestamp()

    late = node.replay(Replay(digest_of(node, made(*NETWORKS)), since=since))
    every = node.replay(Replay(made(*NETWORKS).digest, since=0.0))

    assert late.tried < every.tried


def test_so_many_are_tried_as_are_asked_for(node, shared):
    log_of(shared, *((0, f"u{number}@elsewhere.example") for number in range(5)))

    assert node.replay(Replay(digest_of(node, made(*NETWORKS)), 3)).tried == 3


@pytest.mark.parametrize("count", [0, MOST_ENVELOPES + 1])
def test_a_count_out_of_bounds_is_refused(node, count):
    with pytest.raises(InvalidValue):
        node.replay(Replay("", count))


def test_a_gateway_with_nothing_in_force_has_nothing_to_compare():
    with Gateway() as fresh, fresh.agent() as way:
        digest = digest_of(way, made())
        with pytest.raises(NotFound, match="No revision is in force"):
            way.replay(Replay(digest))


def test_the_log_itself_is_only_read(node, shared):
    digest = digest_of(node, made(*NETWORKS))
    before = shared.paths.mail_log.read_bytes()

    node.replay(Replay(digest))

    assert shared.paths.mail_log.read_bytes() == before


def test_events_are_read_backwards_over_a_rotation_and_strange_lines_are_passed_over(tmp_path):
    def line(number, day):
        return json.dumps({"time": f"2026-01-0{day}T00:00:00Z", "event": "message", "queue_id_in": str(number)})

    (tmp_path / "events.log.1").write_text(f"{line(1, 1)}\n")
    (tmp_path / "events.log").write_text(f'{line(2, 2)}\nnot json\n{{"event": "events-lost"}}\n{line(3, 3)}\n')
    since = datetime(2026, 1, 2, tzinfo=UTC).timestamp()

    assert [one["queue_id_in"] for one in events(tmp_path / "events.log")] == ["3", "2", "1"]
    assert [one["queue_id_in"] for one in events(tmp_path / "events.log", since)] == ["3", "2"]
    assert list(events(tmp_path / "missing.log")) == []


# -- drills


def test_a_drill_on_what_is_in_force_loses_nothing(node):
    report = node.drill(Drill("", (Fault.MPA,)))

    assert [one.fault for one in report.results] == [Fault.MPA, Fault.MPA]
    assert not any(one.lost for one in report.results)
    assert report.assumed != ()


def test_a_drill_says_what_it_plays_while_it_does(node):
    told = []

    node.drill(Drill("", (Fault.TABLES,)), lambda step: told.append(step.text))

    assert any("relay_domains" in text for text in told)

"""The stage at work in a sealed world: facts, not yet judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.rehearsal.routing import route
from sealgate.rehearsal.sealed import run_sealed

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

    from sealgate.rehearsal.judging import Judge


def staged(judge: Judge, gateway: Gateway) -> dict[str, Any]:
    return run_sealed(judge.world(gateway.conf), "sealgate.rehearsal.stage", judge.task())


def test_a_good_release_starts_and_every_daemon_comes_up(judge: Judge, gateway: Gateway) -> None:
    seen = staged(judge, gateway)

    assert seen["started"]["faults"] == []
    assert seen["started"]["listeners"] == [f"127.0.0.1:{gateway.port}"]
    assert seen["silent"] == []


def test_a_daemon_that_cannot_read_its_parameters_stays_silent_and_the_log_says_why(
    judge: Judge, gateway: Gateway
) -> None:
    gateway.write(smtp_connect_timeout="5x")

    seen = staged(judge, gateway)

    assert {"smtp/unix", "relay/unix"} <= set(seen["silent"])
    assert any("smtp_connect_timeout" in line for line in seen["log"])


def test_a_release_that_does_not_start_is_asked_nothing_more(judge: Judge, gateway: Gateway) -> None:
    gateway.write(myhostname="")

    seen = staged(judge, gateway)

    assert seen["started"]["faults"] == ["Postfix did not start."]
    assert "calls" not in seen


def test_the_last_word_of_every_daemon_is_in_the_log(judge: Judge, gateway: Gateway) -> None:
    """What is said before the mark is in the log when the mark is: the last session's end, at the latest."""
    seen = staged(judge, gateway)

    ends = [line for line in seen["log"] if "disconnect from unknown[203.0.113.77]" in line]
    assert len(ends) == 1
    assert not [line for line in seen["log"] if "sealgate-end-of-stage" in line]


def test_messages_that_were_taken_are_tried_before_it_ends(judge: Judge, gateway: Gateway) -> None:
    seen = staged(judge, gateway)

    taken = [text.split()[-1] for call in seen["calls"] for _, text in call["replies"] if "queued as" in text]
    assert taken
    for name in taken:
        assert any(f"{name}: to=<someone@relay.test>" in line for line in seen["log"])


def test_name_servers_know_no_name(judge: Judge, gateway: Gateway) -> None:
    gateway.write(smtpd_client_restrictions="reject_rbl_client zen.example.net")

    seen = staged(judge, gateway)

    assert not [line for line in seen["log"] if "RBL lookup error" in line]
    assert [call["fault"] for call in seen["calls"]] == ["", ""]


def test_a_recipient_that_would_be_verified_is_not_waited_for(judge: Judge, gateway: Gateway) -> None:
    gateway.write(
        smtpd_recipient_restrictions="reject_unverified_recipient",
        address_verify_map="lmdb:$data_directory/verify",
        address_verify_poll_delay="9s",
    )

    seen = staged(judge, gateway)

    assert [call["fault"] for call in seen["calls"]] == ["", ""]
    assert seen["seconds"]["callers"] < 9


@pytest.mark.parametrize(
    ("address", "transport", "nexthop"),
    [("a@relay.test", "relay", "[internal.test]:2525"), ("a@elsewhere.test", "smtp", "elsewhere.test")],
)
def test_a_candidate_tells_the_route_of_an_address(
    address: str, transport: str, nexthop: str, judge: Judge, gateway: Gateway
) -> None:
    gateway.write(relay_transport="relay:[internal.test]:2525")

    found = route(judge, gateway.conf, address)

    assert (found.transport, found.nexthop) == (transport, nexthop)

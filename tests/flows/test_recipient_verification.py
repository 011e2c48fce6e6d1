"""Reject unverified recipient: what a stranger is told when the next hop knows, does not know, is slow or down."""

from __future__ import annotations

import threading

from tests.support.sink import Rule
from tests.support.story import STRANGER, Story

HOP = "198.51.100.61"
SETTINGS = f"""
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host {HOP}
set reject-unverified-recipient yes
"""


def test_an_unknown_recipient_is_refused_with_450_by_default(story: Story) -> None:
    story.next_hop(HOP, rules=[Rule("RCPT", "550 5.1.1 unknown", match="<nobody@")])
    story.gateway.apply(SETTINGS)

    assert story.rcpt(STRANGER, "nobody@example.com").code == 450
    assert story.rcpt(STRANGER, "somebody@example.com").code == 250


def test_an_unknown_recipient_is_refused_with_the_code_of_the_settings(story: Story) -> None:
    story.next_hop(HOP, rules=[Rule("RCPT", "550 5.1.1 unknown", match="<nobody@")])
    story.gateway.apply(SETTINGS + "set unverified-recipient-reject-code 550")

    assert story.rcpt(STRANGER, "nobody@example.com").code == 550


def test_a_next_hop_that_is_down_makes_strangers_come_back_later(story: Story) -> None:
    story.gateway.apply(SETTINGS + "set unverified-recipient-reject-code 550")

    assert story.rcpt(STRANGER, "somebody@example.com").code == 450


def test_a_next_hop_that_is_slow_makes_strangers_come_back_later(story: Story) -> None:
    answer = threading.Event()
    story.next_hop(HOP, rules=[Rule("RCPT", "250 2.1.5 Ok", hold=answer)])
    story.gateway.apply(SETTINGS + "set unverified-recipient-reject-code 550")

    try:
        assert story.rcpt(STRANGER, "somebody@example.com").code == 450
    finally:
        answer.set()


def test_the_cache_survives_a_restart_and_is_cleared_on_request(story: Story) -> None:
    hop = story.next_hop(HOP)
    story.gateway.apply(SETTINGS)
    asked = lambda: sum("<somebody@example.com>" in line for line in hop.commands)  # noqa: E731

    story.rcpt(STRANGER, "somebody@example.com")
    story.gateway.down()
    story.gateway.up()
    story.rcpt(STRANGER, "somebody@example.com")
    after_restart = asked()
    shown = story.gateway.json("verify-cache", "show", "somebody@example.com")
    story.gateway.run("verify-cache", "clear", "--yes")
    story.rcpt(STRANGER, "somebody@example.com")

    assert after_restart == 1
    assert shown["status"] == "deliverable"
    assert asked() == 2


def test_own_clients_are_not_verified(story: Story) -> None:
    story.next_hop(HOP, rules=[Rule("RCPT", "550 5.1.1 unknown", match="<nobody@")])
    story.gateway.apply(SETTINGS + "add network 10.1.2.0/24")

    assert story.rcpt("10.1.2.3", "nobody@example.com").code == 250


def test_postmaster_is_accepted_even_when_the_next_hop_does_not_know_it(story: Story) -> None:
    story.next_hop(HOP, rules=[Rule("RCPT", "550 5.1.1 unknown", match="<postmaster@")])
    story.gateway.apply(SETTINGS)

    assert story.rcpt(STRANGER, "postmaster@example.com").code == 250

"""Reject unverified recipient: what a stranger is told when the next hop knows, does not know, is slow or down."""

from __future__ import annotations

import threading

from tests.support.sink import Rule
from tests.support.story import STRANGER, Story

HOP, SLOW, DOWN = "198.51.100.61", "198.51.100.62", "198.51.100.63"
OURS = "10.1.2.3"
SETTINGS = f"""
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host {HOP}
set reject-unverified-recipient yes
add network 10.1.2.0/24
"""


def test_an_unknown_recipient_of_strangers_is_refused_with_450_by_default_and_postmaster_is_accepted(
    story: Story,
) -> None:
    unknown = [Rule("RCPT", "550 5.1.1 unknown", match=f"<{name}@") for name in ("nobody", "postmaster")]
    story.next_hop(HOP, rules=unknown)
    story.gateway.begin_with(SETTINGS)

    assert {
        (client, name): story.rcpt(client, f"{name}@example.com").code
        for client in (STRANGER, OURS)
        for name in ("nobody", "somebody", "postmaster")
    } == {
        (STRANGER, "nobody"): 450,
        (STRANGER, "somebody"): 250,
        (STRANGER, "postmaster"): 250,
        (OURS, "nobody"): 250,
        (OURS, "somebody"): 250,
        (OURS, "postmaster"): 250,
    }


def test_only_an_unknown_recipient_is_refused_with_the_code_of_the_settings(story: Story) -> None:
    """A next hop that is down or slow makes strangers come back later."""
    answer = threading.Event()
    story.next_hop(HOP, rules=[Rule("RCPT", "550 5.1.1 unknown", match="<nobody@")])
    story.next_hop(SLOW, rules=[Rule("RCPT", "250 2.1.5 Ok", hold=answer)])
    story.gateway.apply(
        f"""{SETTINGS}
        set unverified-recipient-reject-code 550
        add relay-domain slow.test
        add transport slow.test {SLOW}
        add relay-domain down.test
        add transport down.test {DOWN}
        """
    )

    recipients = ("nobody@example.com", "somebody@example.com", "somebody@slow.test", "somebody@down.test")
    try:
        codes = {recipient: story.rcpt(STRANGER, recipient).code for recipient in recipients}
    finally:
        answer.set()

    assert codes == dict(zip(recipients, (550, 250, 450, 450), strict=True))


def test_the_cache_survives_a_restart_and_is_cleared_on_request(story: Story) -> None:
    hop = story.next_hop(HOP)
    story.gateway.begin_with(SETTINGS)
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

"""Static black and white list, My networks, RBL: each on its own and in their fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.story import Story

SETTINGS = """
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host 198.51.100.25
set external-relay-host 198.51.100.26
add black 203.0.113.10 --reason "by address"
add black 203.0.113.16/28 --reason "by network"
add black 192.168.88 --reason "by prefix"
add black 172.16 --reason "by two octets"
add black 10.66.0.5 --reason "black inside my networks"
add black 203.0.113.80
add white 203.0.113.80
add white 203.0.113.18
add white 203.0.113.90
add black 203.0.113.100
disable black 203.0.113.100
add network !10.66.0.9
add network 10.66.0.0/16
add provider cloud --networks 40.92.0.0/15
add rbl rbl.test
"""


CODES = {
    "203.0.113.10": 554,
    "203.0.113.11": 250,
    "203.0.113.15": 250,
    "203.0.113.16": 554,
    "203.0.113.31": 554,
    "203.0.113.32": 250,
    "192.168.87.255": 250,
    "192.168.88.0": 554,
    "192.168.88.255": 554,
    "192.168.89.0": 250,
    "172.15.255.255": 250,
    "172.16.0.1": 554,
    "172.16.255.254": 554,
    "172.17.0.1": 250,
    "10.66.0.5": 554,
    "10.66.0.7": 250,
    "203.0.113.18": 250,
    "203.0.113.80": 250,
    "203.0.113.90": 250,
    "203.0.113.91": 554,
}
PROVIDER, OWN, OTHER = "40.92.1.1", "info@example.com", "x@other.test"
FOREIGN, QUOTED = "x@foreign.test", '"x@evil.test"@evil.test'
BY_SENDER = {
    (PROVIDER, OWN, FOREIGN): 250,
    (PROVIDER, OTHER, FOREIGN): 554,
    (PROVIDER, "", FOREIGN): 554,
    (PROVIDER, OTHER, OWN): 250,
    ("203.0.113.9", OWN, FOREIGN): 554,
    (PROVIDER, OWN, QUOTED): 250,
}


@pytest.fixture
def lists(story: Story) -> Story:
    """The settings above in force, and a DNS that knows who is on the RBL."""
    for address in ("90.113.0.203", "91.113.0.203", "7.0.66.10"):
        story.dns.add(f"{address}.rbl.test", "A", "127.0.0.2")
    story.gateway.begin_with(SETTINGS)
    return story


def test_white_wins_over_black_over_my_networks_over_rbl(lists: Story) -> None:
    assert {client: lists.rcpt(client, OWN).code for client in CODES} == CODES


def test_a_refused_client_is_told_its_reason(lists: Story) -> None:
    reasons = {"203.0.113.10": "by address", "203.0.113.20": "by network", "192.168.88.4": "by prefix"}
    told = {client: str(lists.rcpt(client, OWN)) for client in reasons}

    assert {client: said for client, said in told.items() if reasons[client] not in said} == {}


def test_a_white_listed_stranger_cannot_relay(lists: Story) -> None:
    white = ("203.0.113.80", "203.0.113.90", "203.0.113.18")

    assert {client: lists.rcpt(client, FOREIGN).code for client in white} == dict.fromkeys(white, 554)


def test_an_rbl_whose_resolver_is_silent_lets_mail_in(lists: Story) -> None:
    lists.dns.fail.add(".rbl.test")

    assert lists.rcpt("203.0.113.99", OWN).code == 250


def test_a_disabled_row_has_no_effect(lists: Story) -> None:
    assert lists.rcpt("203.0.113.100", OWN).code == 250


def test_a_negated_network_is_no_network_of_mine(lists: Story) -> None:
    assert lists.rcpt("10.66.0.9", FOREIGN).code == 554
    assert lists.rcpt("10.66.0.8", FOREIGN).code == 250


def test_a_provider_relays_for_own_senders_only(lists: Story) -> None:
    assert {case: lists.rcpt(case[0], case[2], case[1]).code for case in BY_SENDER} == BY_SENDER

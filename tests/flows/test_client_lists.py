"""Static black and white list, My networks, RBL: each on its own and in their fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.story import Story

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = """
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host 198.51.100.25
add black 203.0.113.10 --reason "by address"
add black 203.0.113.16/28 --reason "by network"
add black 192.168.88 --reason "by prefix"
add black 172.16 --reason "by two octets"
add black 10.66.0.5 --reason "black inside my networks"
add black 203.0.113.80
add white 203.0.113.80
add white 203.0.113.18
add white 203.0.113.90
add network 10.66.0.0/16
add rbl rbl.test
"""


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    directory = tmp_path_factory.mktemp("lists")
    directory.chmod(0o755)
    story = Story(directory)
    try:
        for address in ("90.113.0.203", "91.113.0.203", "7.0.66.10"):
            story.dns.add(f"{address}.rbl.test", "A", "127.0.0.2")
        story.gateway.apply(SETTINGS)
        yield story
    finally:
        story.close()


@pytest.mark.parametrize(
    ("client", "code"),
    [
        ("203.0.113.10", 554),
        ("203.0.113.11", 250),
        ("203.0.113.15", 250),
        ("203.0.113.16", 554),
        ("203.0.113.31", 554),
        ("203.0.113.32", 250),
        ("192.168.87.255", 250),
        ("192.168.88.0", 554),
        ("192.168.88.255", 554),
        ("192.168.89.0", 250),
        ("172.15.255.255", 250),
        ("172.16.0.1", 554),
        ("172.16.255.254", 554),
        ("172.17.0.1", 250),
        ("10.66.0.5", 554),
        ("10.66.0.7", 250),
        ("203.0.113.18", 250),
        ("203.0.113.80", 250),
        ("203.0.113.90", 250),
        ("203.0.113.91", 554),
    ],
    ids=str,
)
def test_white_wins_over_black_over_my_networks_over_rbl(lists: Story, client: str, code: int) -> None:
    assert lists.rcpt(client, "info@example.com").code == code


@pytest.mark.parametrize("reason", ["by address", "by network", "by prefix"])
def test_a_refused_client_is_told_its_reason(lists: Story, reason: str) -> None:
    client = {"by address": "203.0.113.10", "by network": "203.0.113.20", "by prefix": "192.168.88.4"}[reason]

    assert reason in str(lists.rcpt(client, "info@example.com"))


@pytest.mark.parametrize("client", ["203.0.113.80", "203.0.113.90", "203.0.113.18"])
def test_a_white_listed_stranger_cannot_relay(lists: Story, client: str) -> None:
    assert lists.rcpt(client, "x@foreign.test").code == 554


def test_an_rbl_whose_resolver_is_silent_lets_mail_in(story: Story) -> None:
    story.gateway.apply(
        "set my-hostname gw.example.test\nadd relay-domain example.com\n"
        "set internal-relay-host 198.51.100.25\nadd rbl dead.test"
    )
    story.dns.fail.add(".dead.test")

    assert story.rcpt("203.0.113.99", "info@example.com").code == 250


def test_a_disabled_row_has_no_effect(story: Story) -> None:
    story.gateway.apply(
        "set my-hostname gw.example.test\nadd relay-domain example.com\nset internal-relay-host 198.51.100.25\n"
        "add black 203.0.113.10\ndisable black 203.0.113.10"
    )

    assert story.rcpt("203.0.113.10", "info@example.com").code == 250


def test_a_negated_network_is_no_network_of_mine(story: Story) -> None:
    story.gateway.apply(
        "set my-hostname gw.example.test\nadd relay-domain example.com\nset external-relay-host 198.51.100.25\n"
        "add network !10.66.0.9\nadd network 10.66.0.0/16"
    )

    assert story.rcpt("10.66.0.9", "x@foreign.test").code == 554
    assert story.rcpt("10.66.0.8", "x@foreign.test").code == 250


@pytest.mark.parametrize(
    ("client", "sender", "recipient", "code"),
    [
        ("40.92.1.1", "info@example.com", "x@foreign.test", 250),
        ("40.92.1.1", "x@other.test", "x@foreign.test", 554),
        ("40.92.1.1", "", "x@foreign.test", 554),
        ("40.92.1.1", "x@other.test", "info@example.com", 250),
        ("203.0.113.9", "info@example.com", "x@foreign.test", 554),
        ("40.92.1.1", "info@example.com", '"x@evil.test"@evil.test', 250),
    ],
)
def test_a_provider_relays_for_own_senders_only(
    provider: Story, client: str, sender: str, recipient: str, code: int
) -> None:
    assert provider.rcpt(client, recipient, sender).code == code


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    directory = tmp_path_factory.mktemp("provider")
    directory.chmod(0o755)
    story = Story(directory)
    try:
        story.gateway.apply(
            "set my-hostname gw.example.test\nadd relay-domain example.com\nset internal-relay-host 198.51.100.25\n"
            "set external-relay-host 198.51.100.26\nadd provider cloud --networks 40.92.0.0/15"
        )
        yield story
    finally:
        story.close()

"""Who may relay where: the table of verdicts that a gateway of the usual kind must give, with the MPA in the path.

One configuration is made through the terminal and then only asked; each table of cases is compared at once.
"""

from __future__ import annotations

from itertools import product

import pytest
from tests.support.sink import Rule
from tests.support.story import PLAIN, STRANGER, STRANGER_V6, Story, destinations, subject

INTERNAL, EXTERNAL, ARCHIVE, BRANCH = "198.51.100.25", "198.51.100.26", "198.51.100.27", "198.51.100.28"
MINE, MINE_V6 = "10.1.2.3", "2001:db8:77::5"
LISTED, LISTED_WHITE, LISTED_OTHERWISE = "203.0.113.66", "203.0.113.67", "203.0.113.68"
BLACK, BLACK_V6 = "192.168.88.9", "2001:db8:bad::1"

SETTINGS = """
set my-hostname gw.example.test
set smtp-helo-name mail-out.example.test
set internal-relay-host internal.next.test --port 2525
set external-relay-host ext.relay.test --port 2526
set reject-unverified-recipient yes
set unverified-recipient-reject-code 550
set before-filter-size-limit 100000
set after-filter-size-limit 300000
add relay-domain example.com
add relay-domain other.example.com
add network 10.1.2.0/24
add network 2001:db8:77::/48
add black 192.168.88 --reason "no printers please"
add black 2001:db8:bad::/48 --reason "go away"
add white 203.0.113.67
add rbl rbl.test=127.0.0.2
add header-check '/^Subject: make money fast/' REJECT 'spam detected'
add transport branch.test smtp-branch.test --port 2527
add transport archive@example.com archive.test --port 2528
add forwarding root admin@example.com
add forwarding postmaster admin@example.com
"""


class Table:
    """The story of this file with its four next hops."""

    def __init__(self, story: Story) -> None:
        self.story = story
        unknown = Rule("RCPT", "550 5.1.1 no such user", match="<nobody@")
        later = Rule("RCPT", "451 4.2.1 come back", match="<later@")
        self.internal = story.next_hop(INTERNAL, 2525, rules=[unknown, later])
        self.external = story.next_hop(EXTERNAL, 2526)
        self.branch = story.next_hop(BRANCH, 2527)
        self.archive = story.next_hop(ARCHIVE, 2528)
        hosts = {
            "internal.next.test": INTERNAL,
            "ext.relay.test": EXTERNAL,
            "smtp-branch.test": BRANCH,
            "archive.test": ARCHIVE,
        }
        for name, address in hosts.items():
            story.dns.add(name, "A", address)
        story.dns.add("66.113.0.203.rbl.test", "A", "127.0.0.2")
        story.dns.add("67.113.0.203.rbl.test", "A", "127.0.0.2")
        story.dns.add("68.113.0.203.rbl.test", "A", "127.0.0.3")
        story.gateway.begin_with(SETTINGS)


@pytest.fixture
def table(story: Story) -> Table:
    return Table(story)


ANSWERS = {
    (STRANGER, "info@example.com"): "250 ",
    (STRANGER, "x@foreign.test"): "554 5.7.1",
    (STRANGER_V6, "x@foreign.test"): "554 5.7.1",
    (MINE, "x@foreign.test"): "250 ",
    (MINE_V6, "x@foreign.test"): "250 ",
    (STRANGER, "nobody@example.com"): "550 5.1.1",
    (STRANGER, "later@example.com"): "450 4.1.1",
    (STRANGER, "info@sub.example.com"): "554 5.7.1",
    (BLACK, "info@example.com"): "554 5.7.1",
    (BLACK_V6, "info@example.com"): "554 5.7.1",
    (LISTED, "info@example.com"): "554 5.7.1",
    (LISTED_WHITE, "info@example.com"): "250 ",
    (LISTED_OTHERWISE, "info@example.com"): "250 ",
    (LISTED_WHITE, "x@foreign.test"): "554 5.7.1",
    (STRANGER, "postmaster@example.com"): "250 ",
    (STRANGER, "postmaster@other.example.com"): "250 ",
    (STRANGER, "zzz@gw.example.test"): "550 5.1.1",
}


def test_a_recipient_is_answered_by_who_asks(table: Table) -> None:
    """The reason of a black-listed client is told."""
    said = {case: str(table.story.rcpt(*case)) for case in ANSWERS}

    assert {case: reply for case, reply in said.items() if not reply.startswith(ANSWERS[case])} == {}
    assert "no printers please" in said[BLACK, "info@example.com"]


FORMS = [
    "x%foreign.test@example.com",
    "x@foreign.test@example.com",
    '"x@foreign.test"@example.com',
    "@example.com:x@foreign.test",
    "foreign.test!x",
    "x@[198.51.100.99]",
    "x@foreign.test.",
    "x%foreign.test",
    "x@[IPv6:2001:db8::99]",
    '"x%foreign.test"@example.com',
]


def test_a_stranger_cannot_relay_by_any_form_of_address(table: Table) -> None:
    cases = product(FORMS, ("a@example.org", "info@example.com", ""))
    said = {(recipient, sender): table.story.rcpt(STRANGER, recipient, sender) for recipient, sender in cases}

    assert {case: str(reply) for case, reply in said.items() if reply.code not in {501, 550, 553, 554}} == {}


def test_content_is_refused_by_its_subject_and_by_its_size_when_announced_and_when_sent(table: Table) -> None:
    lines = b"x" * 76 + b"\r\n"

    spam = table.story.send(STRANGER, "info@example.com", b"Subject: make money fast\r\n\r\nx\r\n")
    announced = table.story.send(STRANGER, "info@example.com", parameters="SIZE=200000")
    large = table.story.send(STRANGER, "info@example.com", PLAIN + lines * 1900)

    assert str(spam).startswith("550 5.7.1 spam detected")
    assert announced.code == 552
    assert large.code == 552


NEXT_HOPS = {
    (STRANGER, "relayed@example.com"): "internal",
    (MINE, "outside@foreign.test"): "external",
    (MINE, "someone@branch.test"): "branch",
    (STRANGER, "archive@example.com"): "archive",
    (MINE, "root@gw.example.test"): "internal",
    (STRANGER, "postmaster@gw.example.test"): "internal",
}


def test_mail_reaches_the_next_hop_of_the_settings_through_the_mpa(table: Table) -> None:
    hops = {name: getattr(table, name) for name in ("internal", "external", "branch", "archive")}

    said = {case: table.story.send(*case, subject("{1} from {0}".format(*case))) for case in NEXT_HOPS}
    found = destinations(hops, ["{1} from {0}".format(*case) for case in NEXT_HOPS])

    assert {case: str(reply) for case, reply in said.items() if not reply.ok} == {}
    assert found == {"{1} from {0}".format(*case): [hop] for case, hop in NEXT_HOPS.items()}
    messages = [message for hop in hops.values() for message in hop.messages]
    assert {message.helo for message in messages} == {"mail-out.example.test"}
    assert {message.content.count(b"Received: ") for message in messages} == {2}

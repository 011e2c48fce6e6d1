"""Who may connect and who may relay, asked of a real Postfix that runs what was rendered."""

from __future__ import annotations

import pytest
from tests.support.rendered_gateway import STRANGER, rendered_gateway
from tests.support.smtp_client import SmtpClient
from tests.support.states import state

pytestmark = pytest.mark.flow

OWN = "user@relay.example"
FOREIGN = "user@foreign.example"
NO_RELAY = "554 5.7.1 <user@foreign.example>: Relay access denied"


def listed(address: str, zone: str, answer: str = "127.0.0.2") -> dict[tuple[str, str], list[str]]:
    return {(f"{'.'.join(reversed(address.split('.')))}.{zone}", "A"): [answer]}


RECORDS = {
    **listed("198.51.100.1", "rbl.example"),
    **listed("198.51.100.2", "rbl.example", "127.0.0.3"),
    **listed("198.51.100.3", "rbl.example"),
    **listed("198.51.100.4", "rbl.example"),
    **listed("10.1.1.1", "rbl.example"),
    **listed("203.0.113.9", "rbl.example"),
    **listed("198.51.100.5", "rbl.example"),
    **listed("198.51.100.5", "friends.example"),
    **listed("198.51.100.6", "plain.example"),
    ("spam.example.dbl.example", "A"): ["127.0.1.2"],
    ("bad.helo.example.helo.example", "A"): ["127.0.0.4"],
}


@pytest.fixture(scope="module")
def gateway():
    desired = state(
        rows={
            "relay-domain": ["relay.example", "bücher.example"],
            "network": ["!10.9.0.1", "10.0.0.0/8", "!2001:db8:1::/48", "2001:db8::/32", "192.168.88.77"],
            "rbl": [
                {"zone": "friends.example", "kind": "white"},
                {"zone": "rbl.example=127.0.0.2", "reply": "$client_address is in $rbl_domain"},
                {"zone": "dbl.example", "kind": "sender"},
                {"zone": "helo.example=127.0.0.[1..4;6]", "kind": "helo", "reply": "4.7.1 not this HELO"},
                {"zone": "plain.example"},
            ],
            "black": [
                {"client": "192.168.88", "reason": "spam from this office"},
                {"client": "2001:db8:bad::/48"},
                {"client": "203.0.113.77"},
                {"client": "192.0.2.66", "expires": "2026-06-30"},
            ],
            "white": ["198.51.100.3", "192.168.88.5"],
            "provider": [
                {"name": "cloud-1", "networks": ["203.0.113.0/25", "2001:db8:1:c::/64"]},
                {"name": "cloud-2", "networks": ["203.0.113.200"], "senders": "own-and-null"},
                {"name": "fax", "networks": ["203.0.113.201"], "senders": "any"},
            ],
        }
    )
    with rendered_gateway(desired, records=RECORDS, start_mpa=False) as running:
        yield running


ACCEPTED = {
    "a stranger to a relay domain": (STRANGER, OWN),
    "a stranger with IPv6 to a relay domain": ("2001:db9::1", OWN),
    "an own network to anywhere": ("10.1.1.2", FOREIGN),
    "an own IPv6 network to anywhere": ("2001:db8:2::1", FOREIGN),
    "loopback to anywhere": ("127.0.0.1", FOREIGN),
    "IPv6 loopback to anywhere": ("::1", FOREIGN),
    "a client whose RBL answer does not count": ("198.51.100.2", OWN),
    "a white-listed client that an RBL lists": ("198.51.100.3", OWN),
    "an own network that an RBL lists": ("10.1.1.1", FOREIGN),
    "a client of a DNS white list that an RBL lists": ("198.51.100.5", OWN),
    "a white-listed client of a black-listed prefix": ("192.168.88.5", OWN),
    "a black-listed client after the last day": ("192.0.2.66", OWN),
    "postmaster of a relay domain from a client that an RBL lists": ("198.51.100.1", "postmaster@relay.example"),
    "PostMaster in any case": ("198.51.100.1", "PostMaster@relay.example"),
    "an international relay domain as A-labels": (STRANGER, "user@xn--bcher-kva.example"),
    "an international relay domain as typed": (STRANGER, "user@bücher.example"),
    "a provider for an own sender": ("203.0.113.8", FOREIGN, OWN),
    "a provider with IPv6 for an own sender": ("2001:db8:1:c::1", FOREIGN, OWN),
    "a provider that an RBL lists, for an own sender": ("203.0.113.9", FOREIGN, OWN),
    "a provider for an international own sender": ("203.0.113.8", FOREIGN, "a@bücher.example"),
    "a provider to a relay domain for a foreign sender": ("203.0.113.8", OWN, FOREIGN),
    "a provider with the null sender, opted in": ("203.0.113.200", FOREIGN, ""),
    "a provider with any sender, opted in": ("203.0.113.201", FOREIGN, "x@elsewhere.example"),
}


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_is_accepted(gateway, case):
    assert str(gateway.rcpt(*case)) == "250 2.1.5 Ok"


BLACK = "554 5.7.1 <unknown[{}]>: Client host rejected: {}"
REFUSED = {
    "a stranger to a foreign domain": (STRANGER, FOREIGN, NO_RELAY),
    "a stranger with IPv6 to a foreign domain": ("2001:db9::1", FOREIGN, NO_RELAY),
    "an address excluded from an own network": ("10.9.0.1", FOREIGN, NO_RELAY),
    "an IPv6 network excluded from an own one": ("2001:db8:1::5", FOREIGN, NO_RELAY),
    "a subdomain while they do not count": (STRANGER, "user@sub.relay.example", "554 5.7.1 <user@sub.relay.example>: "),
    "a black-listed octet prefix": ("192.168.88.9", OWN, BLACK.format("192.168.88.9", "spam from this office")),
    "a black-listed IPv6 network": ("2001:db8:bad::1", OWN, BLACK.format("2001:db8:bad::1", "Access denied")),
    "a black-listed client of My networks": ("192.168.88.77", FOREIGN, BLACK.format("192.168.88.77", "spam")),
    "a black-listed address of a provider": ("203.0.113.77", FOREIGN, BLACK.format("203.0.113.77", "Access denied")),
    "postmaster from a black-listed client": (
        "192.168.88.9",
        "postmaster@relay.example",
        BLACK.format("192.168.88.9", "spam"),
    ),
    "a client that an RBL lists, with its reply": ("198.51.100.1", OWN, "554 5.7.1 198.51.100.1 is in rbl.example"),
    "a client that an RBL without reply lists": (
        "198.51.100.6",
        OWN,
        "554 5.7.1 Service unavailable; Client host [198.51.100.6] blocked using plain.example",
    ),
    "a white-listed stranger to a foreign domain": ("198.51.100.3", FOREIGN, NO_RELAY),
    "a stranger on a DNS white list to a foreign domain": ("198.51.100.5", FOREIGN, "554 5.7.1 "),
    "postmaster of a foreign domain": (
        STRANGER,
        "postmaster@foreign.example",
        "554 5.7.1 <postmaster@foreign.example>: Relay",
    ),
    "a relay domain as host of a routed address": (STRANGER, "user%foreign.example@relay.example", "554 5.7.1"),
    "an account that is not forwarded": (
        STRANGER,
        "zzz@gw.example.test",
        "550 5.1.1 <zzz@gw.example.test>: Recipient address rejected: mailbox unavailable",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_is_refused(gateway, case):
    address, recipient, reply = case

    assert str(gateway.rcpt(address, recipient)).startswith(reply)


REFUSED_SENDERS = {
    "a provider for a foreign sender": ("203.0.113.8", "x@elsewhere.example", NO_RELAY),
    "a provider for the null sender": ("203.0.113.8", "", NO_RELAY),
    "a stranger with an own sender": (STRANGER, OWN, NO_RELAY),
    "a provider with an own sender in quotes": ("203.0.113.8", '"user@relay.example"@evil.example', NO_RELAY),
    "a provider with an own sender before a percent sign": ("203.0.113.8", "user%relay.example@evil.example", NO_RELAY),
    "a provider with a source route": ("203.0.113.8", "@relay.example:user@evil.example", NO_RELAY),
    "a provider with a bare sender": ("203.0.113.8", "user", NO_RELAY),
    "a provider that an RBL lists, for a foreign sender": ("203.0.113.9", "x@elsewhere.example", "554 5.7.1 "),
    "a sender domain that a list has": (STRANGER, "x@spam.example", "554 5.7.1 "),
}


@pytest.mark.parametrize("case", REFUSED_SENDERS.values(), ids=REFUSED_SENDERS)
def test_is_refused_for_its_sender(gateway, case):
    address, sender, reply = case

    assert str(gateway.rcpt(address, FOREIGN, sender)).startswith(reply)


def test_a_sender_that_a_list_has_is_refused_with_the_name_of_the_list(gateway):
    reply = str(gateway.rcpt(STRANGER, OWN, "x@spam.example"))

    assert reply == "554 5.7.1 Service unavailable; Sender address [x@spam.example] blocked using dbl.example"


def test_a_helo_that_a_list_has_is_refused_with_a_reply_that_begins_like_a_code(gateway):
    reply = str(gateway.rcpt(STRANGER, OWN, helo="bad.helo.example"))

    assert reply == "554 5.7.1 4.7.1 not this HELO"


def test_no_listener_lets_other_clients_say_who_they_are(gateway):
    listener = gateway.release.node.smtp_listeners[0]
    with SmtpClient((listener.host, listener.port)) as client:
        keywords = client.ehlo()

    assert not any(word.startswith(("XCLIENT", "XFORWARD")) for word in keywords)


def test_postfix_has_nothing_to_complain_about(gateway):
    assert gateway.rcpt(STRANGER, OWN).ok

    assert gateway.postfix.problems() == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.1.1.2", 250),
        ("2001:db8:2::1", 250),
        ("203.0.113.8", 250),
        ("10.9.0.1", 450),
        ("2001:db8:1::5", 450),
        (STRANGER, 450),
    ],
)
def test_rate_limits_spare_own_networks_and_providers_but_not_excluded_addresses(address, code):
    rows = {
        "network": ["!10.9.0.1", "10.0.0.0/8", "!2001:db8:1::/48", "2001:db8::/32"],
        "provider": [{"name": "cloud", "networks": ["203.0.113.0/25"]}],
    }
    desired = state(rows=rows, main_cf="smtpd_client_message_rate_limit = 1\n")
    with rendered_gateway(desired, start_mpa=False) as gateway, gateway.client(address) as client:
        client.mail("a@out.example")
        client.command("RSET")

        assert client.mail("a@out.example").code == code

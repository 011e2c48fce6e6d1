"""Where the pages say that mail goes: the order of transports, relay hosts, TLS and logins."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import subject

from sealgate.rehearsal.next_hops import expected, is_relay_domain, login, mailbox, tls_level

HOP = {"host": "mail.example.net", "port": 2525, "mx": False}


def route(recipient, settings=None, rows=None):
    return expected(subject({"my-hostname": "gw.example.com", **(settings or {})}, rows), recipient)


def transport(*patterns):
    return {"transport": [{"pattern": one, "host": f"{number}.example.net"} for number, one in enumerate(patterns)]}


def test_a_relay_domain_takes_the_internal_relay_host() -> None:
    found = route("a@example.com", {"internal-relay-host": HOP}, {"relay-domain": ["example.com"]})

    assert (found.transport, found.nexthop, found.server, found.port) == (
        "relay", "[mail.example.net]:2525", "mail.example.net", 2525,
    )  # fmt: skip


def test_other_mail_takes_the_external_relay_host() -> None:
    found = route("a@elsewhere.example", {"external-relay-host": HOP}, {"relay-domain": ["example.com"]})

    assert (found.transport, found.server, str(found.blame)) == (
        "smtp",
        "mail.example.net",
        "setting external-relay-host",
    )


def test_without_a_relay_host_the_mx_of_the_domain_is_taken() -> None:
    assert route("a@elsewhere.example").server == "mx.elsewhere.example"


def test_a_relay_host_by_mx_leads_to_its_mx() -> None:
    assert route("a@x.example", {"external-relay-host": HOP | {"mx": True}}).server == "mx.mail.example.net"


@pytest.mark.parametrize(
    ("patterns", "number"),
    [
        (("example.org", "a@example.org"), 1),
        (("*", "example.org"), 1),
        ((".org.example", "*"), 1),
        (("*",), 0),
    ],
)
def test_the_most_special_transport_is_taken(patterns, number) -> None:
    assert route("a@example.org", None, transport(*patterns)).server == f"{number}.example.net"


def test_the_nearest_parent_is_taken() -> None:
    assert route("a@x.y.example", None, transport(".example.y", ".y.example", "*")).server == "1.example.net"


def test_a_dot_pattern_is_not_for_the_domain_itself() -> None:
    assert route("a@example.org", None, transport(".example.org")).server == "mx.example.org"


def test_addresses_are_looked_up_in_lower_case() -> None:
    assert route("Boss@Example.org", None, transport("boss@example.org")).server == "0.example.net"


def test_a_transport_that_is_off_is_not_taken() -> None:
    rows = {"transport": [{"pattern": "example.org", "host": "no.example.net", "_enabled": False}]}

    assert route("a@example.org", None, rows).server == "mx.example.org"


@pytest.mark.parametrize(("special", "service"), [("error:no", "error"), ("discard:", "discard"), ("hold", "hold")])
def test_a_special_transport_has_no_next_hop(special: str, service: str) -> None:
    found = route("a@example.org", None, {"transport": [{"pattern": "example.org", "special": special}]})

    assert (found.transport, found.hop) == (service, None)
    assert found.special


@pytest.mark.parametrize(("matched", "ours"), [(True, True), (False, False)])
def test_subdomains_count_when_the_setting_says_so(matched: bool, ours: bool) -> None:
    made = subject({"match-subdomains": matched}, {"relay-domain": ["example.com"]})

    assert is_relay_domain(made, "sub.example.com") is ours
    assert is_relay_domain(made, "example.com")
    assert not is_relay_domain(made, "notexample.com")


def test_the_policy_of_the_next_hop_beats_the_setting() -> None:
    made = subject(
        {"external-relay-host": HOP, "tls-outgoing": "may"},
        {"tls-policy": [{"destination": "[mail.example.net]:2525", "level": "encrypt"}]},
    )
    level, place = tls_level(made, expected(made, "a@x.example"))

    assert (level, str(place)) == ("encrypt", "tls-policy [mail.example.net]:2525")


def test_without_a_policy_the_setting_counts() -> None:
    made = subject({"tls-outgoing": "none"})

    assert tls_level(made, expected(made, "a@x.example"))[0] == "none"


def test_a_login_belongs_to_its_next_hop_alone() -> None:
    made = subject(
        {"external-relay-host": HOP},
        {"relay-domain": ["example.com"], "sasl": [{**HOP, "user": "u", "password": "s1"}]},
    )

    row = login(made, expected(made, "a@x.example"))

    assert row is not None
    assert row.value.user == "u"
    assert login(made, expected(made, "a@example.com")) is None


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("example.org", "someone@example.org"),
        (".example.org", "someone@sub.example.org"),
        ("a@b.example", "a@b.example"),
        ("*", ""),
    ],
)
def test_an_address_is_made_for_each_pattern(pattern: str, address: str) -> None:
    assert mailbox(pattern) == address

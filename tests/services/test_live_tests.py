"""Live tests as services: what the node is asked, by whom, from which state, and that it is audited first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.link.live_tests import LiveReport, Result, Way
from sealgate.model.errors import InvalidValue, NodeUnreachable, NotFound, NotPermitted
from sealgate.model.names import NextHop
from sealgate.services import auditing, live_tests, node_facts, own_lines, rows, settings
from sealgate.services.actor import ALL_AREAS, ALL_RIGHTS, Actor, Area, Right
from sealgate.services.desired import desired_state
from sealgate.services.ways import way_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

    Answering = Callable[..., AbstractContextManager[StandIn]]

REPORT = LiveReport("t", Result.GOOD, "It works.")
PASSWORD = "correct horse"


def answered_login(question: Any, talk: Any) -> LiveReport:
    """Take nothing of the bundle: what is asked is what counts here."""
    assert question.header
    return REPORT


@pytest.fixture
def node(answering: Answering) -> Iterator[StandIn]:
    with answering(test_next_hop=REPORT, test_login=answered_login, test_list=REPORT, dns_picture=REPORT) as running:
        yield running


@pytest.fixture
def furnished(gateway: Gateway, ann: Actor) -> Gateway:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    settings.set_value(gateway, ann, "internal-relay-host", "mail.example.com:2525")
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})
    rows.add(gateway, ann, "transport", {"pattern": "partner.example", "host": "10.0.0.5"})
    rows.add(gateway, ann, "transport", {"pattern": "old.example", "special": "error:gone"})
    rows.add(gateway, ann, "rbl", {"zone": "zen.example.net=127.0.0.[2..11]"})
    rows.add(gateway, ann, "rbl", {"zone": "dbl.example.net", "kind": "sender"})
    login = {"host": "smtp.example.net", "port": 587, "user": "alice", "password": PASSWORD}
    rows.add(gateway, ann, "sasl", login)
    return gateway


LOGIN = "[smtp.example.net]:587"


def asked(node: StandIn, verb: str) -> Any:
    return next(question for name, question in reversed(node.asked) if name == verb)


def audited(gateway: Gateway, actor: Actor) -> list[tuple[str, dict[str, Any]]]:
    return [(e.object, e.detail) for e in auditing.newest(gateway, actor) if e.verb == "live-test"]


def limited(*rights: Right, areas: frozenset[Area] = ALL_AREAS) -> Actor:
    return Actor("carol", "web", frozenset(rights), areas)


def test_a_relay_host_is_tested_as_the_draft_has_it(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    report = live_tests.relay_host(furnished, ann, "internal-relay-host")

    question = asked(node, "test-next-hop")
    assert report == REPORT
    assert (question.way.host, question.way.port, question.way.mx) == ("mail.example.com", 2525, False)
    assert (question.way.helo, question.way.level) == ("gw.example.com", "may")
    assert question.recipient == "postmaster@example.com"


def test_what_is_live_is_tested_when_asked_for(
    furnished: Gateway, ann: Actor, node: StandIn, applied: Callable[..., int]
) -> None:
    applied()
    settings.set_value(furnished, ann, "internal-relay-host", "new.example.com")

    live_tests.relay_host(furnished, ann, "internal-relay-host", live=True)
    live = asked(node, "test-next-hop").way.host
    live_tests.relay_host(furnished, ann, "internal-relay-host")

    assert (live, asked(node, "test-next-hop").way.host) == ("mail.example.com", "new.example.com")


def test_a_relay_host_that_is_not_set_cannot_be_tested(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    with pytest.raises(NotFound, match="External relay host is not set in the draft"):
        live_tests.relay_host(furnished, ann, "external-relay-host")
    with pytest.raises(NotFound, match="There is no relay host"):
        live_tests.relay_host(furnished, ann, "my-hostname")
    assert node.asked == [] or all(verb != "test-next-hop" for verb, _ in node.asked)


def test_the_recipient_that_was_given_is_asked_for(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    live_tests.relay_host(furnished, ann, "internal-relay-host", recipient=" bob@example.com ")

    assert asked(node, "test-next-hop").recipient == "bob@example.com"


@pytest.mark.parametrize("recipient", ["no address", "a@b.example>\r\nDATA", "a b@example.com"])
def test_a_recipient_that_is_no_address_is_refused(
    furnished: Gateway, ann: Actor, node: StandIn, recipient: str
) -> None:
    with pytest.raises(InvalidValue):
        live_tests.relay_host(furnished, ann, "internal-relay-host", recipient=recipient)
    assert all(verb != "test-next-hop" for verb, _ in node.asked)


def test_a_transport_is_tested_with_a_recipient_that_takes_it(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    live_tests.transport(furnished, ann, "partner.example")

    question = asked(node, "test-next-hop")
    assert (question.way.host, question.recipient) == ("10.0.0.5", "postmaster@partner.example")


@pytest.mark.parametrize(
    ("pattern", "recipient"),
    [
        ("bob@partner.example", "bob@partner.example"),
        (".partner.example", "postmaster@example.com"),
        ("*", "postmaster@example.com"),
    ],
)
def test_the_recipient_follows_from_the_pattern(
    furnished: Gateway, ann: Actor, node: StandIn, pattern: str, recipient: str
) -> None:
    rows.add(furnished, ann, "transport", {"pattern": pattern, "host": "10.0.0.6"})

    live_tests.transport(furnished, ann, pattern)

    assert asked(node, "test-next-hop").recipient == recipient


def test_a_transport_without_a_server_cannot_be_tested(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    with pytest.raises(InvalidValue, match="no server to connect to"):
        live_tests.transport(furnished, ann, "old.example")
    with pytest.raises(NotFound):
        live_tests.transport(furnished, ann, "nowhere.example")


def test_a_list_is_asked_for_by_zone_and_filter(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    live_tests.dns_list(furnished, ann, "zen.example.net=127.0.0.[2..11]")
    first = asked(node, "test-list")
    live_tests.dns_list(furnished, ann, "sender:dbl.example.net")
    second = asked(node, "test-list")

    assert (first.zone, first.answers, first.domains) == ("zen.example.net", "127.0.0.[2..11]", False)
    assert (second.zone, second.answers, second.domains) == ("dbl.example.net", "", True)


def test_the_picture_has_the_names_of_the_draft(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    settings.set_value(furnished, ann, "smtp-helo-name", "out.example.com")
    settings.set_value(furnished, ann, "public-addresses", "203.0.113.9")
    for number in range(30):
        rows.add(furnished, ann, "relay-domain", {"domain": f"d{number:02}.example"})

    live_tests.dns_picture(furnished, ann)
    everything = asked(node, "dns-picture")
    live_tests.dns_picture(furnished, ann, "d07")
    one = asked(node, "dns-picture")

    assert (everything.hostname, everything.helo) == ("gw.example.com", "out.example.com")
    assert (everything.sending, len(everything.domains)) == (("203.0.113.9",), 20)
    assert one.domains == ("d07.example",)


# -- logins


def test_a_login_names_its_row_and_sends_no_password(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    live_tests.login(furnished, ann, LOGIN)

    question = asked(node, "test-login")
    assert (question.key, question.way.host, question.way.port) == (LOGIN, "smtp.example.net", 587)
    assert PASSWORD not in repr(node.asked)


def test_a_password_that_is_live_for_another_host_is_not_tried(
    furnished: Gateway, ann: Actor, node: StandIn, applied: Callable[..., int]
) -> None:
    applied()

    with pytest.raises(InvalidValue, match="belongs to its host"):
        rows.change(furnished, ann, "sasl", LOGIN, {"host": "thief.example.org"})
    with pytest.raises(NotFound):
        live_tests.login(furnished, ann, "[thief.example.org]:587")
    assert all(verb != "test-login" for verb, _ in node.asked)


def test_a_password_that_was_entered_anew_for_another_host_is_tried(
    furnished: Gateway, ann: Actor, node: StandIn, applied: Callable[..., int]
) -> None:
    applied()
    rows.change(furnished, ann, "sasl", LOGIN, {"host": "new.example.org", "password": "another one"})

    assert live_tests.login(furnished, ann, "[new.example.org]:587") == REPORT


# -- who may, and what is kept


@pytest.mark.parametrize(
    ("test", "area"),
    [
        (lambda g, a: live_tests.relay_host(g, a, "internal-relay-host"), Area.MTA),
        (lambda g, a: live_tests.transport(g, a, "partner.example"), Area.TRANSPORTS),
        (lambda g, a: live_tests.dns_list(g, a, "sender:dbl.example.net"), Area.RBL),
        (lambda g, a: live_tests.login(g, a, LOGIN), Area.SASL),
    ],
    ids=["relay host", "transport", "list", "login"],
)
def test_who_may_not_edit_that_part_may_not_test_it(
    furnished: Gateway, node: StandIn, test: Callable[[Gateway, Actor], Any], area: Area
) -> None:
    everything = (Right.VIEW, Right.EDIT, Right.SECRETS)
    elsewhere = limited(*everything, areas=ALL_AREAS - {area})

    for actor in (limited(*(ALL_RIGHTS - {Right.EDIT})), elsewhere):
        with pytest.raises(NotPermitted):
            test(furnished, actor)
    assert all(not verb.startswith("test-") for verb, _ in node.asked)
    assert test(furnished, limited(*everything, areas=frozenset({area}))) == REPORT


def test_a_login_needs_the_right_to_store_secrets_too(furnished: Gateway, node: StandIn) -> None:
    with pytest.raises(NotPermitted, match="secrets"):
        live_tests.login(furnished, limited(Right.VIEW, Right.EDIT), LOGIN)


def test_who_may_look_may_look_at_dns(furnished: Gateway, node: StandIn) -> None:
    assert live_tests.dns_picture(furnished, limited(Right.VIEW)) == REPORT


def test_each_test_is_audited_with_what_and_where_to(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    live_tests.relay_host(furnished, ann, "internal-relay-host", recipient="bob@example.com")
    live_tests.login(furnished, ann, LOGIN)
    live_tests.dns_list(furnished, ann, "sender:dbl.example.net")

    to = "[mail.example.com]:2525"
    assert audited(furnished, ann) == [
        ("rbl sender:dbl.example.net", {"state": "draft", "to": "dbl.example.net"}),
        (f"sasl {LOGIN}", {"state": "draft", "to": LOGIN}),
        ("setting internal-relay-host", {"state": "draft", "to": to, "recipient": "bob@example.com"}),
    ]


def test_a_test_is_in_the_audit_even_if_the_node_is_down(furnished: Gateway, ann: Actor) -> None:
    with pytest.raises(NodeUnreachable):
        live_tests.relay_host(furnished, ann, "internal-relay-host")

    assert [what for what, _ in audited(furnished, ann)] == ["setting internal-relay-host"]


def test_a_test_changes_nothing(furnished: Gateway, ann: Actor, node: StandIn) -> None:
    with furnished.store.reading() as reader:
        before = reader.candidate().digest()

    live_tests.relay_host(furnished, ann, "internal-relay-host")

    with furnished.store.reading() as reader:
        assert reader.candidate().digest() == before


# -- how Postfix would go there


def way(gateway: Gateway, actor: Actor, hop: str = "mail.example.com") -> Way:
    known = node_facts.facts(gateway, actor)
    with gateway.store.reading() as reader:
        return way_to(NextHop.from_destination(hop), desired_state(reader.candidate()), known)


@pytest.mark.parametrize(
    ("lines", "sources"),
    [
        ("", ()),
        ("smtp_bind_address = 192.0.2.7\n", ("192.0.2.7",)),
        ("smtp_bind_address = 192.0.2.7\nsmtp_bind_address6 = 2001:db8::7\n", ("192.0.2.7", "2001:db8::7")),
        ("inet_interfaces = 192.0.2.8, 127.0.0.1\n", ()),
        ("inet_interfaces = 192.0.2.8\n", ("192.0.2.8",)),
        ("own = 192.0.2.9\nsmtp_bind_address = $own\n", ("192.0.2.9",)),
    ],
)
def test_mail_leaves_from_the_addresses_of_the_own_lines(
    furnished: Gateway, ann: Actor, lines: str, sources: tuple[str, ...]
) -> None:
    own_lines.edit(furnished, ann, "main-cf", lines)

    assert way(furnished, ann).sources == sources


def test_versions_trust_and_name_are_those_of_main_cf(furnished: Gateway, ann: Actor) -> None:
    own_lines.edit(
        furnished,
        ann,
        "main-cf",
        "inet_protocols = ipv4\nsmtp_tls_CAfile = /etc/ssl/own.pem\nsmtp_helo_name = $myhostname\n",
    )

    found = way(furnished, ann)
    assert (found.versions, found.ca_file, found.helo) == ((4,), "/etc/ssl/own.pem", "gw.example.com")


def test_the_tls_level_is_that_of_the_policy_of_the_next_hop(furnished: Gateway, ann: Actor) -> None:
    policy = {"destination": "mail.example.com", "level": "secure", "match": ["nexthop"]}
    rows.add(furnished, ann, "tls-policy", policy)

    other, found = way(furnished, ann, "[mail.example.com]"), way(furnished, ann)
    assert (found.level, found.match, found.mx) == ("secure", ("nexthop",), True)
    assert (other.level, other.match, other.mx) == ("may", (), False)

"""Where mail goes, through the queue, the MPA and back, to next hops that are really there."""

from __future__ import annotations

import pytest
from tests.support.rendered_gateway import STRANGER, rendered_gateway
from tests.support.sink import Rule, Sink
from tests.support.states import state
from tests.support.waiting import wait_until

pytestmark = pytest.mark.flow

MESSAGE = b"From: someone@out.example\r\nTo: user@relay.example\r\nSubject: hello\r\n\r\nhello\r\n"
RELAY = {"relay-domain": ["relay.example"]}
MINE = "127.0.0.1"


def hop(sink: Sink) -> dict[str, object]:
    """A next hop as the page gives it: an address and a port."""
    return {"host": sink.address[0], "port": sink.port, "mx": False}


def test_mail_for_a_relay_domain_goes_to_the_internal_relay_host_and_other_mail_to_the_external():
    with Sink() as internal, Sink() as external:
        settings = {"internal-relay-host": hop(internal), "external-relay-host": hop(external)}
        with rendered_gateway(state(settings, RELAY)) as gateway:
            assert gateway.send(MESSAGE, "user@relay.example").ok
            assert gateway.send(MESSAGE, "user@foreign.example", address=MINE).ok
            (inside,), (outside,) = internal.wait_for(1), external.wait_for(1)

            assert inside.recipients == ["user@relay.example"]
            assert outside.recipients == ["user@foreign.example"]
            assert inside.body_without_trace == MESSAGE
            assert gateway.postfix.problems() == []


def test_with_an_empty_internal_relay_host_a_relay_domain_goes_to_its_mx_and_not_to_the_external_one(port_25):
    records = {("relay.example", "MX"): ["10 mx.relay.example."], ("mx.relay.example", "A"): [port_25.address[0]]}
    with Sink() as external:
        settings = {"external-relay-host": hop(external)}
        with rendered_gateway(state(settings, RELAY), records=records) as gateway:
            assert gateway.send(MESSAGE, "user@relay.example").ok
            port_25.wait_for(1)

            assert external.messages == []


@pytest.mark.parametrize("name", ["external-relay-host", "internal-relay-host"])
def test_a_relay_host_with_use_mx_takes_its_mx_and_without_it_its_address(name, port_25):
    records = {
        ("relay.test.example", "MX"): ["10 mx.test.example."],
        ("mx.test.example", "A"): [port_25.address[0]],
        ("relay.test.example", "A"): ["127.78.0.1"],
    }
    recipient = "user@relay.example" if name.startswith("internal") else "user@foreign.example"
    settings = {name: {"host": "relay.test.example", "port": 25, "mx": True}}
    with rendered_gateway(state(settings, RELAY), records=records) as gateway:
        assert gateway.send(MESSAGE, recipient, address=MINE).ok
        port_25.wait_for(1)
    settings = {name: {"host": "relay.test.example", "port": 25, "mx": False}}
    with rendered_gateway(state(settings, RELAY), records=records) as gateway:
        assert gateway.send(MESSAGE, recipient, address=MINE).ok

        assert gateway.postfix.wait_for_log(
            r"/(?:smtp|relay)\S*\[\d+\]: .*connect to relay\.test\.example\[127\.78\.0\.1\]:25"
        )


@pytest.mark.parametrize("name", ["external-relay-host", "internal-relay-host"])
def test_a_relay_host_may_be_an_ipv6_address_with_a_port(name):
    recipient = "user@relay.example" if name.startswith("internal") else "user@foreign.example"
    with Sink(("::1", 0)) as sink, rendered_gateway(state({name: hop(sink)}, RELAY)) as gateway:
        assert gateway.send(MESSAGE, recipient, address=MINE).ok

        assert sink.wait_for(1)[0].recipients == [recipient]


@pytest.mark.parametrize(("on", "reply"), [(True, "250 2.1.5 Ok"), (False, "554 5.7.1 <u@sub.relay.example>: Relay")])
def test_subdomains_count_only_when_they_are_asked_for(on, reply):
    with rendered_gateway(state({"match-subdomains": on}, RELAY), start_mpa=False) as gateway:
        assert str(gateway.rcpt(STRANGER, "u@sub.relay.example")).startswith(reply)


def test_a_relay_domain_is_no_suffix_of_other_names():
    with rendered_gateway(state({"match-subdomains": True}, RELAY), start_mpa=False) as gateway:
        assert gateway.rcpt(STRANGER, "u@notrelay.example").code == 554


ROUTES = {
    "an address": "boss@t.example",
    "a domain": "user@t.example",
    "a subdomain": "user@deep.sub.t.example",
    "an international domain as typed": "user@bücher.example",
    "an international domain as A-labels": "user@xn--bcher-kva.example",
    "a relay domain": "user@relay.example",
}


def test_every_transport_takes_its_mail_to_its_own_next_hop():
    with Sink() as address, Sink() as domain, Sink() as below, Sink() as foreign, Sink() as inside, Sink() as rest:
        wanted = dict(zip(ROUTES, [address, domain, below, foreign, foreign, inside], strict=True))
        patterns = {
            "boss@t.example": address,
            "t.example": domain,
            ".t.example": below,
            "bücher.example": foreign,
            "relay.example": inside,
        }
        rows = {**RELAY, "transport": [{"pattern": pattern, **hop(sink)} for pattern, sink in patterns.items()]}
        with rendered_gateway(state({"external-relay-host": hop(rest)}, rows)) as gateway:
            for case, recipient in ROUTES.items():
                mail = "" if recipient.isascii() else "SMTPUTF8"
                assert gateway.send(MESSAGE, recipient, address=MINE, mail=mail).ok, case
            assert gateway.send(MESSAGE, "user@other.example", address=MINE).ok
            wait_until(lambda: not gateway.postfix.messages(), "the queue is empty")
            seen = {recipient for sink in set(wanted.values()) for m in sink.messages for recipient in m.recipients}

            assert rest.wait_for(1)[0].recipients == ["user@other.example"]
            assert seen == set(ROUTES.values())
            for case, sink in wanted.items():
                assert any(ROUTES[case] in m.recipients for m in sink.messages), case


@pytest.mark.parametrize(
    ("special", "log"),
    [
        ("discard:", r"to=<u@t\.example>.*relay=none.*status=sent \(t\.example\)"),
        ("hold", r"to=<u@t\.example>.*status=deferred \(mail for this destination is held back"),
    ],
)
def test_a_special_transport_does_what_it_says(special, log):
    rows = {"transport": [{"pattern": "t.example", "special": special}]}
    with rendered_gateway(state({}, rows)) as gateway:
        assert gateway.send(MESSAGE, "u@t.example", address=MINE, sender="").ok

        assert gateway.postfix.wait_for_log(log)


def test_a_special_transport_may_refuse_at_once():
    rows = {"transport": [{"pattern": "t.example", "special": "error:5.1.2 no such place"}]}
    with rendered_gateway(state({}, rows), start_mpa=False) as gateway:
        reply = gateway.rcpt(MINE, "u@t.example")

        assert str(reply) == "550 5.1.2 <u@t.example>: Recipient address rejected: no such place"


def test_mail_that_is_held_stays_in_the_queue_when_the_queue_is_flushed():
    rows = {"transport": [{"pattern": "t.example", "special": "hold"}]}
    with rendered_gateway(state({}, rows)) as gateway:
        assert gateway.send(MESSAGE, "u@t.example", address=MINE).ok
        first = gateway.postfix.wait_for_log(r"delay=([0-9.]+),.*status=deferred \(mail for this destination is held")
        gateway.postfix.run("postqueue", "-f")
        gateway.postfix.wait_for_log(rf"delay=(?!{first[1]},)[0-9.]+,.*status=deferred")

        assert [message["queue_name"] for message in gateway.postfix.messages()] == ["deferred"]


def test_a_special_transport_may_be_lmtp():
    with Sink() as sink:
        rows = {"transport": [{"pattern": "t.example", "special": f"lmtp:inet:127.0.0.1:{sink.port}"}]}
        with rendered_gateway(state({}, rows)) as gateway:
            assert gateway.send(MESSAGE, "u@t.example", address=MINE).ok
            sink.wait_for(1)

            assert any(line.startswith("LHLO") for line in sink.commands)


def test_the_helo_name_is_given_to_servers_that_the_gateway_connects_to():
    with Sink() as sink:
        settings = {"external-relay-host": hop(sink), "smtp-helo-name": "mail-out.example.net"}
        with rendered_gateway(state(settings)) as gateway:
            assert gateway.send(MESSAGE, "u@t.example", address=MINE).ok

            assert sink.wait_for(1)[0].helo == "mail-out.example.net"


def test_mail_that_would_come_back_to_a_public_address_is_a_loop():
    records = {("loop.example", "MX"): ["10 mx.loop.example."], ("mx.loop.example", "A"): ["203.0.113.1"]}
    settings = {"public-addresses": ["203.0.113.1", "2001:db8::99"]}
    with rendered_gateway(state(settings), records=records) as gateway:
        assert gateway.send(MESSAGE, "u@loop.example", address=MINE, sender="").ok

        assert gateway.postfix.wait_for_log(r"status=bounced \(mail for loop\.example loops back to myself\)")


LOGINS = {
    "an address with a port": lambda port: {"host": "127.0.0.1", "port": port, "mx": False},
    "a name with a port": lambda port: {"host": "smtp.test.example", "port": port, "mx": False},
    "a name with a port and MX": lambda port: {"host": "smtp.test.example", "port": port, "mx": True},
    "an IPv6 address with a port": lambda port: {"host": "::1", "port": port, "mx": False},
}
LOGIN_RECORDS = {
    ("smtp.test.example", "A"): ["127.0.0.1"],
    ("smtp.test.example", "MX"): ["10 smtp.test.example."],
}
PASSWORD = 'p #$ {x} "q" : é'.replace("é", "e")


@pytest.mark.parametrize("spelled", LOGINS.values(), ids=LOGINS)
def test_a_next_hop_gets_its_login_however_it_is_written(spelled):
    six = spelled(1)["host"] == "::1"
    with Sink(("::1" if six else "127.0.0.1", 0), auth=True) as sink:
        where = spelled(sink.port)
        rows = {"sasl": [{**where, "user": "gate way", "password": "sealed-1"}]}
        desired = state({"external-relay-host": where}, rows)
        with rendered_gateway(desired, records=LOGIN_RECORDS, secrets={"sealed-1": PASSWORD}) as gateway:
            assert gateway.send(MESSAGE, "u@t.example", address=MINE).ok

            assert sink.wait_for(1)[0].login == f"gate way:{PASSWORD}"


@pytest.mark.parametrize("mx", [False, True])
def test_a_login_for_port_25_is_found_for_both_spellings_of_the_next_hop(mx, port_25):
    port_25.script.auth = True
    address = port_25.address[0]
    records = {("smtp.test.example", "A"): [address], ("smtp.test.example", "MX"): ["10 smtp.test.example."]}
    where = {"host": "smtp.test.example", "port": 25, "mx": mx}
    written = "smtp.test.example:25" if mx else "[smtp.test.example]:25"
    rows = {
        "sasl": [{**where, "user": "u", "password": "sealed-1"}],
        "transport": [
            {"pattern": "plain.example", **where},
            {"pattern": "typed.example", "special": f"smtp:{written}"},
        ],
    }
    with rendered_gateway(state({}, rows), records=records, secrets={"sealed-1": "secret"}) as gateway:
        assert gateway.send(MESSAGE, "u@plain.example", address=MINE).ok
        assert gateway.send(MESSAGE, "u@typed.example", address=MINE).ok

        assert [message.login for message in port_25.wait_for(2)] == ["u:secret", "u:secret"]


def test_a_login_is_not_given_to_another_port_of_the_same_host():
    with Sink(auth=True) as sink:
        rows = {"sasl": [{"host": "127.0.0.1", "port": 587, "user": "u", "password": "sealed-1"}]}
        with rendered_gateway(state({"external-relay-host": hop(sink)}, rows), secrets={"sealed-1": "x"}) as gateway:
            assert gateway.send(MESSAGE, "u@t.example", address=MINE).ok

            assert sink.wait_for(1)[0].login == ""


def test_the_table_of_logins_is_for_root_only():
    rows = {"sasl": [{"host": "127.0.0.1", "port": 587, "user": "u", "password": "sealed-1"}]}
    with rendered_gateway(state({}, rows), secrets={"sealed-1": "x"}, start_mpa=False) as gateway:
        assert (gateway.release.path / "maps/sasl_passwd.lmdb").stat().st_mode & 0o777 == 0o600


def test_mail_that_the_next_hop_refuses_for_good_is_returned():
    with Sink(rules=[Rule("RCPT", "550 5.1.1 no such user", match="<user@")]) as sink, Sink() as external:
        settings = {"internal-relay-host": hop(sink), "external-relay-host": hop(external)}
        with rendered_gateway(state(settings, RELAY)) as gateway:
            assert gateway.send(MESSAGE, "user@relay.example").ok
            (bounce,) = external.wait_for(1)

            assert bounce.sender == ""
            assert bounce.recipients == ["someone@out.example"]

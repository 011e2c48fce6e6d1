"""DNS lists, routes and the picture of DNS, asked of real name servers; and name servers that do not behave."""

from __future__ import annotations

import socket
import subprocess
import threading

import dns.message
import dns.rcode
import dns.rrset
import pytest
from tests.support.dns_server import DnsServer, bound
from tests.support.waiting import wait_until

from sealgate.link.live_tests import MOST_SERVERS, DnsPicture, Result
from sealgate.node.live_tests import lists, picture
from sealgate.node.live_tests.names import Names, reverse_name
from sealgate.node.live_tests.routes import servers_of

ZONE = "zen.example.net"
GATEWAY = "gw.example.com"


@pytest.fixture(scope="module")
def server():
    with DnsServer() as running:
        yield running


@pytest.fixture
def asking(server):
    """Make names that are asked of a server with these records."""

    def ask(records):
        server.records = {key: list(values) for key, values in records.items()}
        return Names((server.address,), patience=2.0, whole=20.0)

    return ask


def address_list(**more):
    return {
        ("2.0.0.127." + ZONE, "A"): ["127.0.0.2", "127.0.0.4"],
        ("2.0.0.127." + ZONE, "TXT"): ['"listed" " here"'],
        **more,
    }


def looked(names, answers="", *, domains=False):
    return lists.look(names, ZONE, answers, domains=domains)


# -- lists


def test_a_list_that_works_is_good_with_answer_time_to_live_and_reason(asking):
    section = looked(asking(address_list()))

    assert (section.result, section.text) == (Result.GOOD, f"{ZONE} works.")
    assert section.steps[0].facts == {"answer": "127.0.0.2, 127.0.0.4", "time to live": "60 s"}
    assert section.steps[2].text == "The list says: listed here"


def test_a_list_that_lists_everything_is_bad(asking):
    section = looked(asking(address_list() | {("1.0.0.127." + ZONE, "A"): ["127.0.0.2"]}))

    assert (section.result, section.text) == (Result.BAD, f"{ZONE} lists everything: it would refuse all mail.")


def test_a_list_without_the_test_entry_is_bad(asking):
    section = looked(asking({}))

    assert section.result is Result.BAD
    assert "no working list" in section.text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("127.255.255.254", "public or open name server"),
        ("127.255.255.252", "mistyped"),
        ("127.255.255.255", "too often"),
    ],
)
def test_a_list_that_refuses_to_answer_is_noticed_with_the_reason(asking, answer, words):
    section = looked(asking({("2.0.0.127." + ZONE, "A"): [answer]}))

    assert section.result is Result.BAD
    assert words in section.text
    assert "name server" in section.remedy


def test_an_answer_that_is_no_list_s_is_noticed(asking):
    section = looked(
        asking({("2.0.0.127." + ZONE, "A"): ["198.51.100.7"], ("1.0.0.127." + ZONE, "A"): ["198.51.100.7"]})
    )

    assert "198.51.100.7 is no answer of a DNS list" in section.steps[0].text


@pytest.mark.parametrize(
    ("answers", "result"),
    [("127.0.0.2", Result.GOOD), ("127.0.0.[2..11]", Result.GOOD), ("127.0.0.[10;11]", Result.DOUBT)],
)
def test_the_filter_of_the_row_is_held_against_the_answer(asking, answers, result):
    section = looked(asking(address_list()), answers)

    assert section.result is result
    assert (answers in section.text) is (result is Result.DOUBT)


def test_ipv6_addresses_are_asked_for(asking):
    sixth = f"2.0.0.0.0.0.f.7.f.f.f.f.{'0.' * 20}{ZONE}"
    section = looked(asking(address_list() | {(sixth, "A"): ["127.0.0.2"]}))

    assert section.steps[3].text == "The list knows IPv6 addresses."


def test_a_list_of_domains_is_asked_for_its_own_test_names(asking):
    names = asking({("test." + ZONE, "A"): ["127.0.1.2"]})
    section = looked(names, domains=True)

    assert section.result is Result.GOOD
    assert [step.name for step in section.steps] == [
        "the domain test must be listed", "the domain invalid must not be listed", "reason (TXT)",
    ]  # fmt: skip


def test_a_name_server_that_does_not_answer_is_told():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.77.254.254", 0))
        section = looked(Names(("127.77.254.254",), patience=0.5, whole=2.0))

    assert section.result is Result.BAD
    assert f"{ZONE} cannot be asked" in section.text


def test_a_real_list_server_is_understood(tmp_path):
    zone = tmp_path / "zone"
    zone.write_text(":127.0.0.2:Listed: see http://bl.example/$\n127.0.0.2\n203.0.113.0/24\n")
    tmp_path.chmod(0o755)
    free, address = bound()
    free.close()
    program = subprocess.Popen(
        ["rbldnsd", "-n", "-b", f"{address}/53", "-u", "nobody", "-w", str(tmp_path), f"{ZONE}:ip4set:{zone.name}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        names = Names((address,), patience=2.0)
        wait_until(lambda: names.ask(f"2.0.0.127.{ZONE}", "A").values, "the list answers")
        section = looked(names)
    finally:
        program.terminate()
        program.wait(10)

    assert section.result is Result.GOOD
    assert section.steps[2].text == "The list says: Listed: see http://bl.example/127.0.0.2"


# -- routes


def test_a_host_without_mx_is_its_addresses(asking):
    names = asking({("mx.example.com", "A"): ["192.0.2.1"], ("mx.example.com", "AAAA"): ["2001:db8::1"]})

    found = servers_of(names, "mx.example.com", mx=False, versions=(4, 6)).found

    assert found == (("mx.example.com", "192.0.2.1"), ("mx.example.com", "2001:db8::1"))


def test_mx_records_are_followed_in_their_order(asking):
    names = asking(
        {
            ("example.com", "MX"): ["20 b.example.com.", "10 a.example.com."],
            ("a.example.com", "A"): ["192.0.2.1"],
            ("b.example.com", "A"): ["192.0.2.2"],
        }
    )

    found = servers_of(names, "example.com", mx=True, versions=(4, 6)).found

    assert found == (("a.example.com", "192.0.2.1"), ("b.example.com", "192.0.2.2"))


def test_a_name_without_mx_is_its_own_mail_server(asking):
    names = asking({("example.com", "A"): ["192.0.2.7"]})

    assert servers_of(names, "example.com", mx=True, versions=(4,)).found == (("example.com", "192.0.2.7"),)


def test_a_null_mx_has_no_servers_and_says_so(asking):
    found = servers_of(asking({("example.com", "MX"): ["0 ."]}), "example.com", mx=True, versions=(4, 6))

    assert found.found == ()
    assert "takes no mail" in found.steps[-1].text


def test_a_name_that_is_not_there_has_no_servers(asking):
    found = servers_of(asking({}), "nowhere.example", mx=True, versions=(4, 6))

    assert (found.found, found.steps[0].text) == ((), "there is no such name")


def test_only_the_first_servers_are_met(asking):
    names = asking({("mx.example.com", "A"): [f"192.0.2.{number}" for number in range(1, 31)]})

    found = servers_of(names, "mx.example.com", mx=False, versions=(4,))

    assert (len(found.found), found.more) == (MOST_SERVERS, 30 - MOST_SERVERS)


def test_where_only_ipv4_is_used_only_that_is_asked_for(asking, server):
    names = asking({("mx.example.com", "A"): ["192.0.2.1"]})
    before = len(server.asked)

    servers_of(names, "mx.example.com", mx=False, versions=(4,))

    assert {kind for _, kind in server.asked[before:]} == {"A"}


# -- the picture

GOOD = {
    (GATEWAY, "A"): ["192.0.2.25"],
    (reverse_name("192.0.2.25"), "PTR"): [f"{GATEWAY}."],
    ("example.com", "MX"): [f"10 {GATEWAY}."],
    ("example.com", "TXT"): ['"v=spf1 mx -all"', '"something=else"'],
}


def seen(names, domains=("example.com",), helo=GATEWAY, hostname=GATEWAY, **more):
    return picture.look(names, DnsPicture(hostname, helo, domains, **more))


def codes(findings):
    return [finding.code for finding in findings]


def test_where_everything_agrees_nothing_is_found(asking):
    sections, findings = seen(asking(GOOD))

    assert findings == ()
    assert [(section.title, section.result) for section in sections] == [
        (GATEWAY, Result.GOOD), ("example.com", Result.GOOD),
    ]  # fmt: skip
    assert "v=spf1 mx -all" in [step.text for step in sections[1].steps]


def without(*keys, **more):
    return {key: values for key, values in GOOD.items() if key not in keys} | more


PTR = (reverse_name("192.0.2.25"), "PTR")


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (without((GATEWAY, "A")), "hostname-no-address"),
        (GOOD | {PTR: ["host-25.provider.example."]}, "hostname-ptr-differs"),
        (without(PTR), "hostname-ptr-differs"),
        (GOOD | {("example.com", "MX"): ["10 mx.provider.example."]}, "relay-domain-mx-elsewhere"),
        (GOOD | {("example.com", "MX"): ["0 ."]}, "relay-domain-mx-null"),
        (without(("example.com", "MX"), ("example.com", "TXT")), "relay-domain-mx-missing"),
        (GOOD | {("example.com", "TXT"): ['"v=spf1 -all"', '"v=spf1 mx -all"']}, "spf-several-records"),
    ],
)
def test_what_is_wrong_in_dns_is_found(asking, records, code):
    assert code in codes(seen(asking(records))[1])


def test_a_bare_domain_as_host_name_is_found(asking):
    names = asking({("example.com", "A"): ["192.0.2.25"], PTR: ["example.com."]})

    assert "hostname-bare-domain" in codes(seen(names, (), "example.com", "example.com")[1])


def test_a_helo_name_that_is_not_the_sending_address_is_found(asking):
    records = GOOD | {("out.example.com", "A"): ["192.0.2.99"]}

    sections, findings = seen(asking(records), (), "out.example.com", sending=("192.0.2.25",))

    assert codes(findings) == ["helo-address-differs"]
    assert [section.title for section in sections] == [GATEWAY, "out.example.com"]


def test_a_sending_address_whose_name_does_not_lead_back_is_found(asking):
    records = GOOD | {(GATEWAY, "A"): ["192.0.2.25", "192.0.2.26"], PTR: ["gw.example.com."]}

    findings = seen(asking(records), (), sending=("192.0.2.26", "192.0.2.25"))[1]

    assert codes(findings) == ["hostname-ptr-differs"]
    assert "helo-reverse-differs" in codes(seen(asking(records), (), sending=("203.0.113.9",))[1])


def test_a_mail_server_with_an_address_of_this_gateway_is_this_gateway(asking):
    records = GOOD | {("example.com", "MX"): ["10 mail.example.com."], ("mail.example.com", "A"): ["198.51.100.1"]}

    assert codes(seen(asking(records), here=("198.51.100.1",))[1]) == []


def test_that_mail_goes_elsewhere_is_for_information_only(asking):
    findings = seen(asking(GOOD | {("example.com", "MX"): ["10 mx.provider.example."]}))[1]

    assert [(finding.code, finding.severity.value) for finding in findings] == [("relay-domain-mx-elsewhere", "note")]


def test_a_domain_without_mail_servers_is_reached_by_its_address(asking):
    records = {key: v for key, v in GOOD.items() if key != ("example.com", "MX")} | {
        ("example.com", "A"): ["192.0.2.25"]
    }

    assert codes(seen(asking(records))[1]) == []


# -- name servers that do not behave


class Misbehaving:
    """A name server that answers whatever `reply` makes of a question."""

    def __init__(self, reply):
        self.reply = reply
        self.wire, self.address = bound()

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.wire.sendto(b"", (self.address, 53))

    def serve(self):
        with self.wire:
            while True:
                packet, client = self.wire.recvfrom(4096)
                if not packet:
                    return
                self.wire.sendto(self.reply(packet), client)


def servfail(packet):
    reply = dns.message.make_response(dns.message.from_wire(packet))
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply.to_wire()


def hostile_text(packet):
    reply = dns.message.make_response(dns.message.from_wire(packet))
    name = reply.question[0].name
    reply.answer.append(dns.rrset.from_text(name, 1, "IN", "TXT", '"\\027[2Jbad\\010line" "' + "x" * 200 + '"'))
    return reply.to_wire()


def test_a_name_server_that_fails_is_told_by_its_code():
    with Misbehaving(servfail) as server:
        answer = Names((server.address,), patience=1.0).ask("a.example", "A")

    assert answer.fault == "the name server cannot tell (SERVFAIL)"


def test_a_name_server_that_sends_garbage_is_told():
    with Misbehaving(lambda packet: packet[:2] + b"\xff" * 30) as server:
        answer = Names((server.address,), patience=0.5).ask("a.example", "A")

    assert answer.fault


def test_what_a_name_server_says_is_shown_without_control_characters():
    with Misbehaving(hostile_text) as server:
        answer = Names((server.address,), patience=1.0).ask("a.example", "TXT")

    assert answer.values[0].isprintable()


def test_when_the_time_of_a_test_is_over_nothing_more_is_asked():
    answer = Names(("127.77.252.2",), patience=1.0, whole=0.0).ask("a.example", "A")

    assert answer.fault.startswith("not asked any more")

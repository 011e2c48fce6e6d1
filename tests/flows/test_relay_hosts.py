"""Where mail goes next: relay hosts by name, by MX and by address, and what happens when there is none."""

from __future__ import annotations

from tests.support.story import SPELLINGS, STRANGER, Story, arrived, destinations, subject

MINE = "10.1.2.3"
BASE = """
set my-hostname gw.example.test
add relay-domain example.com
add network 10.1.2.0/24
"""
INTERNAL = BASE + "set internal-relay-host 198.51.100.43"


def test_mail_goes_to_the_relay_host_as_it_is_written(story: Story) -> None:
    story.know_the_next_hops()
    hops = {(address, port): story.next_hop(address, port) for address, port in {hop[1:] for hop in SPELLINGS}}
    story.gateway.configure(BASE)
    ways = {"internal-relay-host": (STRANGER, "info@example.com"), "external-relay-host": (MINE, "info@elsewhere.test")}

    found: dict[str, list[tuple[str, int]]] = {}
    for words, *_ in SPELLINGS:
        story.gateway.apply("\n".join(f"set {field} {words}" for field in ways))
        for field, (client, recipient) in ways.items():
            story.send(client, recipient, subject(f"{field} {words}"))
        found |= destinations(hops, [f"{field} {words}" for field in ways])

    assert found == {f"{field} {words}": [(address, port)] for words, address, port in SPELLINGS for field in ways}


def test_an_empty_internal_relay_host_does_not_fall_to_the_external_one(story: Story) -> None:
    story.dns.add("example.com", "MX", "10 mx.example.com")
    story.dns.add("mx.example.com", "A", "198.51.100.40")
    own_mx, external = story.next_hop("198.51.100.40"), story.next_hop("198.51.100.41")
    story.gateway.apply(BASE + "set external-relay-host 198.51.100.41")

    story.send(STRANGER, "info@example.com", subject("inbound"))
    story.send(MINE, "info@elsewhere.test", subject("outbound"))

    arrived(own_mx, b"inbound")
    arrived(external, b"outbound")
    assert not any(b"inbound" in message.content for message in external.messages)


def test_external_mail_without_a_relay_host_goes_to_the_mx_of_the_recipient(story: Story) -> None:
    story.dns.add("elsewhere.test", "MX", "10 mx.elsewhere.test")
    story.dns.add("mx.elsewhere.test", "A", "198.51.100.42")
    hop = story.next_hop("198.51.100.42")
    story.gateway.begin_with(INTERNAL)

    story.send(MINE, "info@elsewhere.test", subject("direct"))

    arrived(hop, b"direct")


def test_subdomains_and_no_other_names_are_relay_domains_only_when_match_subdomains_is_on(story: Story) -> None:
    names = ("example.com", "a.example.com", "b.a.example.com", "notexample.com")
    story.next_hop("198.51.100.43")
    story.gateway.begin_with(INTERNAL)
    before = [story.rcpt(STRANGER, f"info@{name}").code for name in names]

    story.gateway.apply("set match-subdomains yes")
    after = [story.rcpt(STRANGER, f"info@{name}").code for name in names]

    assert before == [250, 554, 554, 554]
    assert after == [250, 250, 250, 554]


def test_transports_win_over_relay_hosts_from_the_most_special_on(story: Story) -> None:
    hops = {
        name: story.next_hop(f"198.51.100.{n}") for n, name in enumerate(("address", "domain", "below", "rest"), 51)
    }
    story.gateway.apply(
        BASE
        + """
        add relay-domain sub.example.com
        set internal-relay-host 198.51.100.54
        add transport boss@example.com 198.51.100.51
        add transport example.com 198.51.100.52
        add transport .example.com 198.51.100.53
        add relay-domain other.test
        """
    )

    for name, recipient in {
        "address": "boss@example.com",
        "domain": "info@example.com",
        "below": "info@sub.example.com",
        "rest": "info@other.test",
    }.items():
        story.send(STRANGER, recipient, subject(f"to {name}"))

    for name, hop in hops.items():
        arrived(hop, f"to {name}".encode())
        assert len(hop.messages) == 1


def test_a_special_transport_and_a_hand_written_line_keep_their_meaning(story: Story, tmp_path) -> None:
    table = tmp_path / "transports"
    table.write_text(
        "first.example.com smtp:[198.51.100.55]\n"
        "refused.example.com error:5.7.1 no mail for this domain\n"
        "odd.example.com retry:4.3.0 later please\n"
        "last.example.com smtp:[198.51.100.55]:2525\n"
    )
    story.gateway.configure(BASE + "\nset match-subdomains yes\nset internal-relay-host 198.51.100.55")
    story.gateway.run("import", "transport", str(table))
    story.gateway.apply()

    assert str(story.rcpt(STRANGER, "a@refused.example.com")).startswith("550 5.7.1")
    exported = tmp_path / "exported"
    story.gateway.run("export", "transport", str(exported))
    assert exported.read_text().splitlines() == table.read_text().splitlines()

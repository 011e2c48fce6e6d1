"""Which addresses an SPF record lets pass, asked of a real name server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rcode
import pytest

from sealgate.providers import Fetched, NotFetched, Source, fetch

if TYPE_CHECKING:
    from tests.support.outside_sources import OutsideSources


def expanded(outside: OutsideSources, *records: str, **others: str) -> Fetched:
    """Fetch the SPF tree of own.example with these TXT records, and those of one.example, two.example, …"""
    outside.dns.texts("own.example", *records)
    for name, text in others.items():
        outside.dns.texts(f"{name}.example", text)
    return fetch(Source("spf", target="own.example"), outside.reach())


def passing(outside: OutsideSources, *records: str, **others: str) -> list[str]:
    return [str(network) for network in expanded(outside, *records, **others).networks]


def refused(outside: OutsideSources, *records: str, **others: str) -> str:
    with pytest.raises(NotFetched) as fault:
        expanded(outside, *records, **others)
    return str(fault.value)


def test_written_networks_pass(outside: OutsideSources) -> None:
    record = "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.7 ip6:2001:db8::/32 -all"

    assert passing(outside, record) == ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32"]


def test_bits_beyond_the_prefix_are_not_looked_at(outside: OutsideSources) -> None:
    assert passing(outside, "v=spf1 ip4:192.0.2.77/24 -all") == ["192.0.2.0/24"]


def test_an_ipv4_address_in_ipv6_form_is_that_ipv4_address(outside: OutsideSources) -> None:
    assert passing(outside, "v=spf1 ip6:::ffff:192.0.2.1 -all") == ["192.0.2.1"]


def test_other_txt_records_are_not_looked_at(outside: OutsideSources) -> None:
    assert passing(outside, "verification=1", "v=spf10 ip4:192.0.2.1", "V=SPF1 ip4:192.0.2.2") == ["192.0.2.2"]


def test_the_strings_of_a_record_are_joined_without_a_blank(outside: OutsideSources) -> None:
    outside.dns.records["own.example", "TXT"] = ['"v=spf1 ip4:192.0." "2.0/24 -all"']

    assert [str(one) for one in fetch(Source("spf", target="OWN.example."), outside.reach()).networks] == [
        "192.0.2.0/24"
    ]


def test_an_international_domain_is_asked_by_its_ascii_name(outside: OutsideSources) -> None:
    outside.dns.texts("xn--bcher-kva.example", "v=spf1 ip4:192.0.2.1 -all")

    assert fetch(Source("spf", target="bücher.example"), outside.reach()).networks


def test_what_is_included_passes(outside: OutsideSources) -> None:
    got = passing(
        outside,
        "v=spf1 include:one.example include:two.example ~all",
        one="v=spf1 ip4:192.0.2.0/25 include:two.example -all",
        two="v=spf1 ip4:192.0.2.128/25 ?all",
    )

    assert got == ["192.0.2.0/25", "192.0.2.128/25"]


def test_a_redirection_is_followed(outside: OutsideSources) -> None:
    assert passing(outside, "v=spf1 redirect=one.example", one="v=spf1 ip4:192.0.2.1 -all") == ["192.0.2.1"]


def test_a_redirection_beside_all_is_not_followed(outside: OutsideSources) -> None:
    record = "v=spf1 redirect=one.example ip4:192.0.2.1 -all"

    assert passing(outside, record, one="v=spf1 ip4:192.0.2.9 -all") == ["192.0.2.1"]


def test_nothing_after_all_counts(outside: OutsideSources) -> None:
    assert passing(outside, "v=spf1 ip4:192.0.2.1 -all ip4:192.0.2.2") == ["192.0.2.1"]


def test_the_end_of_an_included_record_is_not_the_end_of_the_whole(outside: OutsideSources) -> None:
    record = "v=spf1 include:one.example ip4:192.0.2.2 -all"

    assert passing(outside, record, one="v=spf1 ip4:192.0.2.1 -all") == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize("qualifier", ["-", "~", "?"])
def test_a_match_that_is_no_pass_adds_nothing(outside: OutsideSources, qualifier: str) -> None:
    record = f"v=spf1 ip4:192.0.2.1 {qualifier}ip4:198.51.100.0/24 {qualifier}include:one.example -all"

    assert passing(outside, record, one="v=spf1 ip4:203.0.113.0/24 -all") == ["192.0.2.1"]


def test_a_match_that_is_no_pass_is_taken_out_of_what_comes_later(outside: OutsideSources) -> None:
    record = "v=spf1 -ip4:192.0.2.0/26 ?include:one.example ip4:192.0.2.0/24 -all"

    assert passing(outside, record, one="v=spf1 ip4:192.0.2.128/25 -all") == ["192.0.2.64/26"]


def test_a_match_that_is_no_pass_leaves_what_came_earlier(outside: OutsideSources) -> None:
    assert passing(outside, "v=spf1 ip4:192.0.2.0/24 -ip4:192.0.2.0/26 -all") == ["192.0.2.0/24"]


def test_what_was_matched_before_a_redirection_does_not_pass_through_it(outside: OutsideSources) -> None:
    record = "v=spf1 -ip4:192.0.2.0/25 redirect=one.example"

    assert passing(outside, record, one="v=spf1 ip4:192.0.2.0/24 -all") == ["192.0.2.128/25"]


def test_the_domains_own_addresses_pass(outside: OutsideSources) -> None:
    outside.dns.records["own.example", "A"] = ["192.0.2.1"]
    outside.dns.records["own.example", "AAAA"] = ["2001:db8::1"]

    assert passing(outside, "v=spf1 a -all") == ["192.0.2.1", "2001:db8::1"]


def test_addresses_of_a_name_pass_with_their_neighbours(outside: OutsideSources) -> None:
    outside.dns.records["mail.example", "A"] = ["192.0.2.1", "198.51.100.200"]
    outside.dns.records["mail.example", "AAAA"] = ["2001:db8::1"]

    assert passing(outside, "v=spf1 a:mail.example/28//64 -all") == [
        "192.0.2.0/28",
        "198.51.100.192/28",
        "2001:db8::/64",
    ]


def test_mail_exchangers_pass_with_their_neighbours(outside: OutsideSources) -> None:
    outside.dns.records["own.example", "MX"] = ["10 mx1.example.", "20 mx2.example."]
    outside.dns.records["mx1.example", "A"] = ["192.0.2.9"]
    outside.dns.records["mx2.example", "AAAA"] = ["2001:db8:0:1::1"]

    assert passing(outside, "v=spf1 mx/29//63 -all") == ["192.0.2.8/29", "2001:db8::/63"]


def test_a_domain_that_takes_no_mail_has_no_mail_exchangers(outside: OutsideSources) -> None:
    outside.dns.records["one.example", "MX"] = ["0 ."]

    assert passing(outside, "v=spf1 mx:one.example ip4:192.0.2.1 -all") == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("term", "why"),
    [
        ("exists:%{i}.list.example", "is a macro"),
        ("exists:list.example", "depends on the message"),
        ("ptr", "depends on the message"),
        ("ptr:one.example", "depends on the message"),
        ("include:%{d}.one.example", "is a macro"),
        ("a:%{o}.one.example/24", "is a macro"),
        ("mx:%{l1r-}.one.example", "is a macro"),
    ],
)
def test_what_depends_on_the_message_is_a_remark(outside: OutsideSources, term: str, why: str) -> None:
    got = expanded(outside, f"v=spf1 {term} ip4:192.0.2.1 -all")

    assert [str(one) for one in got.networks] == ["192.0.2.1"]
    assert got.remarks == (f"{term} in the record of own.example {why}, so it cannot be expanded and adds nothing.",)


def test_an_exclusion_that_depends_on_the_message_is_a_remark(outside: OutsideSources) -> None:
    got = expanded(outside, "v=spf1 -exists:%{i}.bad.example ip4:192.0.2.1 -all")

    assert "cannot be expanded and takes nothing out" in got.remarks[0]


def test_a_redirection_by_macro_is_a_remark(outside: OutsideSources) -> None:
    got = expanded(outside, "v=spf1 ip4:192.0.2.1 redirect=_spf.%{d}")

    assert "redirect=_spf.%{d} in the record of own.example is a macro" in got.remarks[0]


def test_a_record_of_nothing_but_macros_gives_no_list_and_says_why(outside: OutsideSources) -> None:
    told = refused(outside, "v=spf1 include:%{i}._ip.%{h}._ehlo.%{d}._spf.own.example ~all")

    assert "lets no address pass that can be told beforehand. include:%{i}" in told


def test_more_remarks_than_anybody_reads_are_counted(outside: OutsideSources) -> None:
    terms = " ".join(f"exists:{number}.list.example" for number in range(40))

    assert expanded(outside, f"v=spf1 ip4:192.0.2.1 {terms} -all").remarks[-2:] == (
        "10 more terms cannot be told beforehand.",
        "Receivers stop at 10 look-ups (RFC 7208), and the records need 40.",
    )


def test_a_misspelt_mechanism_that_spf_passes_over_is_a_remark(outside: OutsideSources) -> None:
    got = expanded(outside, "v=spf1 ip4=192.0.2.9 ip4:192.0.2.1 -all")

    assert [str(one) for one in got.networks] == ["192.0.2.1"]
    assert got.remarks == ("ip4=192.0.2.9 in the record of own.example is unknown to SPF and passed over.",)


def test_ten_lookups_are_no_remark(outside: OutsideSources) -> None:
    includes = {f"n{number}": f"v=spf1 ip4:192.0.2.{number} -all" for number in range(10)}
    record = f"v=spf1 {' '.join(f'include:{name}.example' for name in includes)} -all"

    assert expanded(outside, record, **includes).remarks == ()


def test_more_than_ten_lookups_are_a_remark_and_the_list_is_whole(outside: OutsideSources) -> None:
    includes = {f"n{number}": f"v=spf1 ip4:192.0.2.{number} -all" for number in range(11)}
    got = expanded(outside, f"v=spf1 {' '.join(f'include:{name}.example' for name in includes)} -all", **includes)

    assert len(got.networks) == 11
    assert got.remarks == ("Receivers stop at 10 look-ups (RFC 7208), and the records need 11.",)


def test_lookups_have_an_end(outside: OutsideSources) -> None:
    doubling = {f"n{number}": f"v=spf1 {f'include:n{number + 1}.example ' * 2}-all" for number in range(8)}

    told = refused(outside, "v=spf1 include:n0.example -all", **doubling, n8="v=spf1 ip4:192.0.2.1 -all")

    assert "more than 100 look-ups" in told


def test_pieces_that_are_left_of_a_network_are_bounded(outside: OutsideSources) -> None:
    holes = {
        f"n{group}": f"v=spf1 {' '.join(f'ip6:2600:{group}:{hole:x}::1' for hole in range(45))} -all"
        for group in range(9)
    }
    excluded = " ".join(f"-include:{name}.example" for name in holes)

    told = refused(outside, f"v=spf1 {excluded} ip6:2600::/24 -all", **holes)

    assert "own.example gives no list: it comes to more than 20,000 networks" in told


def test_a_network_that_is_named_again_and_again_is_one(outside: OutsideSources) -> None:
    assert passing(outside, f"v=spf1 {'ip4:192.0.2.1 ' * 60}-all") == ["192.0.2.1"]


def test_more_than_two_lookups_without_an_answer_are_a_remark(outside: OutsideSources) -> None:
    got = expanded(outside, "v=spf1 ip4:192.0.2.1 a a:gone.example mx:gone.example -all")

    assert len(got.remarks) == 1
    assert got.remarks[0].startswith(
        "Receivers stop at 2 look-ups without an answer, and there are 3: address of own.ex"
    )


def test_circles_are_refused(outside: OutsideSources) -> None:
    told = refused(outside, "v=spf1 include:one.example -all", one="v=spf1 redirect=own.example")

    assert "lead in a circle (own.example > one.example > own.example)" in told


@pytest.mark.parametrize("term", ["+all", "all", "ip4:0.0.0.0/0", "ip4:0.0.0.0/7", "ip6:::/0", "ip6:2000::/3"])
def test_a_record_that_lets_everybody_pass_is_refused(outside: OutsideSources, term: str) -> None:
    assert "everybody" in refused(outside, f"v=spf1 ip4:192.0.2.1 {term}")


def test_an_address_widened_to_everybody_is_refused(outside: OutsideSources) -> None:
    outside.dns.records["own.example", "A"] = ["192.0.2.1"]

    assert "a/0 lets 0.0.0.0/0 pass, and that is nearly everybody" in refused(outside, "v=spf1 a/0 -all")


def test_an_included_record_that_lets_everybody_pass_is_refused(outside: OutsideSources) -> None:
    told = refused(outside, "v=spf1 include:one.example -all", one="v=spf1 +all")

    assert told.startswith("The SPF record of one.example gives no list: it lets everybody pass (+all).")


def test_taking_everybody_out_is_no_fault(outside: OutsideSources) -> None:
    assert passing(outside, "v=spf1 ip4:192.0.2.1 -ip4:0.0.0.0/0 ip4:192.0.2.2 -all") == ["192.0.2.1"]


def test_two_records_are_refused(outside: OutsideSources) -> None:
    assert "there are 2 of them" in refused(outside, "v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.2 -all")


def test_a_domain_without_record_is_refused(outside: OutsideSources) -> None:
    assert "gives no list: there is none." in refused(outside, "something else")


def test_an_include_of_no_record_is_refused(outside: OutsideSources) -> None:
    told = refused(outside, "v=spf1 ip4:192.0.2.1 include:one.example -all", one="none")

    assert "there is none, and own.example includes it" in told


def test_an_include_of_no_name_is_refused(outside: OutsideSources) -> None:
    told = refused(outside, "v=spf1 ip4:192.0.2.1 include:gone.example -all")

    assert "there is no such name in DNS, and own.example includes it" in told


def test_a_fault_of_syntax_is_refused_with_its_term(outside: OutsideSources) -> None:
    assert "The term 'ip4:192.0.2' holds no network" in refused(outside, "v=spf1 ip4:192.0.2 ip4:192.0.2.1 -all")


def test_what_cannot_be_a_name_is_refused(outside: OutsideSources) -> None:
    told = refused(outside, f"v=spf1 include:{'x' * 64}.example -all")

    assert "is no name in DNS" in told


@pytest.mark.parametrize("target", ["", ".", "a b", "x" * 300, "bad\0.example", "-ß-.example"])
def test_a_target_that_is_no_domain_is_refused(outside: OutsideSources, target: str) -> None:
    with pytest.raises(NotFetched):
        fetch(Source("spf", target=target), outside.reach())


@pytest.mark.parametrize("kind", ["TXT", "A", "MX"])
@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_passing_fault_anywhere_gives_no_list_and_never_a_shorter_one(
    outside: OutsideSources, kind: str, code: dns.rcode.Rcode
) -> None:
    term = {"TXT": "include:one.example", "A": "a:one.example", "MX": "mx:one.example"}[kind]
    outside.dns.failing["one.example"] = code

    told = refused(outside, f"v=spf1 ip4:192.0.2.1 {term} -all")

    assert told.startswith(f"The {kind} records of one.example: the name servers could not tell ({code.name})")


def test_silence_gives_no_list_in_time(outside: OutsideSources) -> None:
    outside.dns.texts("own.example", "v=spf1 ip4:192.0.2.1 include:one.example -all")
    outside.dns.silent.add("one.example")

    with pytest.raises(NotFetched, match=r"TXT records of one\.example: no name server answered in time"):
        fetch(Source("spf", target="own.example"), outside.reach(seconds=0.3))


def test_an_answer_that_was_cut_is_asked_for_again_over_tcp(outside: OutsideSources) -> None:
    outside.dns.cut = True
    networks = [f"10{number}.0.0.0/16" for number in range(3)]

    assert passing(outside, f"v=spf1 {' '.join(f'ip4:{one}' for one in networks)} -all") == networks
    assert outside.dns.over_tcp == 1


def test_addresses_inside_organisations_are_left_out_with_a_remark(outside: OutsideSources) -> None:
    got = expanded(outside, "v=spf1 ip4:192.0.2.1 ip4:10.0.0.0/8 ip4:127.0.0.1 ip6:fe80::/64 -all")

    assert [str(one) for one in got.networks] == ["192.0.2.1"]
    assert got.remarks == (
        "Left out, because no client on the Internet has such addresses: 10.0.0.0/8, 127.0.0.1, fe80::/64.",
    )


def test_the_same_list_has_the_same_version(outside: OutsideSources) -> None:
    first = expanded(outside, "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all")
    second = expanded(outside, "v=spf1 ip4:192.0.2.2 ip4:192.0.2.1 ?all")

    assert first.version == second.version != expanded(outside, "v=spf1 ip4:192.0.2.1 -all").version

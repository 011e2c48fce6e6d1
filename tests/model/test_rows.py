"""Rows of every page: what is taken, in which form it is kept, and what is refused with the field at fault."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

import pytest

from sealgate.model.access import opens_public_relay
from sealgate.model.errors import InvalidValue
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import known_fields, next_number
from sealgate.model.secrets import Sealed, check_password
from sealgate.model.tables import checked_text, table_of
from sealgate.model.transports import HELD, Transport, parse_line

if TYPE_CHECKING:
    from sealgate.model.static_lists import StaticClient
    from sealgate.model.tls import TlsPolicy


def key(noun, **fields):
    return NOUNS[noun].row(fields).key


def kept(noun, **fields):
    return NOUNS[noun].fields(NOUNS[noun].parse(fields))


def refused(noun, **fields):
    with pytest.raises(InvalidValue) as caught:
        NOUNS[noun].parse(fields)
    return [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_describes_itself(noun):
    described = NOUNS[noun]

    assert described.title
    assert described.plural
    assert all(column.title for column in described.columns)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_field_that_is_not_there_is_named_in_the_refusal(noun):
    assert "colour" in refused(noun, colour="red")


@pytest.mark.parametrize("noun", NOUNS)
def test_nothing_at_all_is_refused(noun):
    with pytest.raises(InvalidValue):
        NOUNS[noun].parse({})


def test_every_fault_of_the_fields_is_named():
    with pytest.raises(InvalidValue) as caught:
        known_fields({"colour": 1, "size": 2}, NOUNS["rbl"].columns)

    assert [problem.field for problem in caught.value.problems] == ["colour", "size", "zone"]


def test_the_next_number_follows_the_largest():
    assert next_number(["1", "12", "x", "3"]) == "13"
    assert next_number([]) == "1"


class TestNetworks:
    @pytest.mark.parametrize(
        ("typed", "kept_as"),
        [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("!10.0.0.1", "!10.0.0.1"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("[2001:db8::]/32", "2001:db8::/32"),
            ("[2001:db8::1]", "2001:db8::1"),
        ],
    )
    def test_a_network_has_one_spelling(self, typed, kept_as):
        assert key("network", network=typed) == kept_as

    def test_host_bits_are_an_error_that_offers_the_network(self):
        with pytest.raises(InvalidValue) as caught:
            NOUNS["network"].parse({"network": "192.168.1.1/24"})

        assert "192.168.1.0/24" in str(caught.value)

    @pytest.mark.parametrize(
        "typed",
        [
            "10.0.0.0/33",
            "10.0.0.0/255.0.0.0",
            "10.9",
            "foo",
            "10.0.0.0/8 x",
            "::ffff:10.0.0.0/104",
            "!!10.0.0.1",
            "",
            "/8",
        ],
    )
    def test_what_is_no_network_is_refused(self, typed):
        assert refused("network", network=typed) == ["network"]

    @pytest.mark.parametrize("typed", ["0.0.0.0/0", "::/0", "1.0.0.0/8", "192.0.0.0/15", "2000::/3", "2001::/31"])
    def test_a_network_that_opens_a_public_relay_is_refused_unless_typed_again(self, typed):
        assert refused("network", network=typed) == ["confirm"]
        assert kept("network", network=typed, confirm=typed) == {"network": typed, "confirm": typed}

    @pytest.mark.parametrize(
        "typed", ["10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10", "fd00::/8", "192.0.0.0/16", "2001:db8::/32"]
    )
    def test_private_and_narrow_networks_need_no_confirmation(self, typed):
        assert not opens_public_relay(ipaddress.ip_network(typed))

    @pytest.mark.parametrize("typed", ["yes", "0.0.0.0/1", "1.0.0.0/8", 5])
    def test_a_confirmation_is_the_network_itself(self, typed):
        assert refused("network", network="0.0.0.0/0", confirm=typed) == ["confirm"]


class TestProviders:
    def test_networks_are_sorted_and_each_once(self):
        given = kept("provider", name="Cloud", networks="2001:db8::/48 192.0.2.0/24, 10.0.0.0/8 192.0.2.0/24")

        assert given["networks"] == ["10.0.0.0/8", "192.0.2.0/24", "2001:db8::/48"]
        assert given["name"] == "cloud"

    @pytest.mark.parametrize("network", ["0.0.0.0/0", "1.0.0.0/7", "::/0", "2000::/18", "!10.0.0.1", "x"])
    def test_a_list_that_claims_the_internet_is_not_believed(self, network):
        assert refused("provider", name="cloud", networks=[network]) == ["networks"]

    @pytest.mark.parametrize("name", ["", "a b", "-a", "a_b", "x" * 41, "ü"])
    def test_a_name_is_letters_digits_and_hyphens(self, name):
        assert refused("provider", name=name) == ["name"]


class TestRbl:
    @pytest.mark.parametrize(
        ("zone", "expected"),
        [
            ("zen.example.net", ""),
            ("zen.example.net=127.0.0.2", "127.0.0.2"),
            ("zen.example.net=127.0.0.[1..4;6]", "127.0.0.[1..4;6]"),
            ("zen.example.net=127.0.[0;1].[02..08]", "127.0.[0;1].[2..8]"),
        ],
    )
    def test_answers_may_follow_the_zone(self, zone, expected):
        assert kept("rbl", zone=zone)["answers"] == expected

    @pytest.mark.parametrize(
        "answers",
        ["127.0.0", "127.0.0.300", "127.0.0.", "127.0.0.[4..1]", "127.0.0.[]", "127.0.0.[1;]", "127.0.0.1..4", "x",
         "127.0.0.2.3", "127.0.0.[1..4", "127.0.0.1]", "127.0.0.*", "127.0.0.[1 2]", "127,0,0,2", "127.0.0.2 permit"],
    )  # fmt: skip
    def test_answers_that_postfix_would_die_of_are_refused(self, answers):
        assert refused("rbl", zone="zen.example.net", answers=answers) == ["answers"]

    def test_answers_are_given_once(self):
        assert refused("rbl", zone="zen.example.net=127.0.0.2", answers="127.0.0.3") == ["zone"]

    @pytest.mark.parametrize(
        "zone", ["bad_zone!", "a..b", "rbl", "zen.example.net permit", "zen.example.net,permit", "=127.0.0.2"]
    )
    def test_a_zone_is_a_domain_and_nothing_else(self, zone):
        assert refused("rbl", zone=zone) == ["zone"]

    def test_kinds_have_keys_of_their_own(self):
        assert key("rbl", zone="a.example", kind="sender") == "sender:a.example"

    @pytest.mark.parametrize("reply", ["go $away", "$", "${client}", "für immer", "a\nb"])
    def test_a_reply_is_ascii_with_known_names_only(self, reply):
        assert refused("rbl", zone="a.example", reply=reply) == ["reply"]

    def test_a_reply_may_say_what_was_found(self):
        assert kept("rbl", zone="a.example", reply="$client is listed: $rbl_reason")["reply"]

    def test_a_white_list_has_no_reply(self):
        assert refused("rbl", zone="a.example", kind="white", reply="x") == ["reply"]


class TestStaticLists:
    @pytest.mark.parametrize(
        ("typed", "kept_as"),
        [
            ("192.168.88", "192.168.88.0/24"),
            ("10.", "10.0.0.0/8"),
            ("172.16", "172.16.0.0/16"),
            ("192.0.2.7", "192.0.2.7"),
        ],
    )
    def test_octets_may_be_left_out(self, typed, kept_as):
        assert key("black", client=typed) == kept_as

    @pytest.mark.parametrize("noun", ["black", "white"])
    @pytest.mark.parametrize("typed", ["127.0.0.1", "127", "::1", "0.0.0.0/0", "::/0", "126.0.0.0/7", "::/64"])
    def test_loopback_can_never_be_listed(self, noun, typed):
        assert refused(noun, client=typed) == ["client"]

    @pytest.mark.parametrize("reason", ["4.7.1 later", "5.7.1", "für immer", "a\nb", "x" * 401])
    def test_a_reason_is_one_line_of_ascii_without_a_status_code(self, reason):
        assert refused("black", client="192.0.2.7", reason=reason) == ["reason"]

    @pytest.mark.parametrize(
        "day", ["31.12.2030", "2030-13-01", "2030-1-1", "tomorrow", 20301231, "20301231", "2030-W01-1"]
    )
    def test_a_last_day_is_an_iso_date(self, day):
        assert refused("white", client="192.0.2.7", expires=day) == ["expires"]

    def test_a_row_counts_through_its_last_day(self):
        value: StaticClient = NOUNS["black"].parse({"client": "192.0.2.7", "expires": "2030-06-15"})

        assert value.in_force(dt.date(2030, 6, 15))
        assert not value.in_force(dt.date(2030, 6, 16))


class TestRules:
    def rule(self, noun="header-check", **fields):
        return NOUNS[noun].parse({"name": "1"} | fields)

    def test_a_rule_is_read_from_its_parts_as_the_terminal_gives_them(self):
        rule = self.rule(pattern="/^Subject: make money fast/", action="reject", text="spam detected")

        assert rule.line == "/^Subject: make money fast/ REJECT spam detected"

    def test_a_slash_within_a_pattern_is_escaped(self):
        assert self.rule(pattern=r"/a\/b/", action="DUNNO").pattern == r"a\/b"

    def test_flags_are_those_of_the_language(self):
        assert self.rule(pattern="/a/smE", action="DUNNO").flags == "smE"
        assert refused("header-check", name="1", pattern="/a/E", action="DUNNO", type="regexp") == ["pattern"]

    @pytest.mark.parametrize(
        "pattern",
        [
            "",
            "a",
            "/a",
            "a/",
            "//",
            "/a/b/",
            "/a\\/",
            "/a/e",
            "/a\nb/",
            "/a\0/",
            "/\u202ea/",
            None,
            5,
            "/" + "a" * 4001 + "/",
        ],
    )
    def test_a_pattern_stands_between_two_slashes(self, pattern):
        assert refused("header-check", name="1", pattern=pattern, action="DUNNO") == ["pattern"]

    @pytest.mark.parametrize("action", ["DESTROY", "", "REJECT!", "/bin/sh", None, 5])
    def test_an_action_is_one_of_the_manual(self, action):
        assert refused("header-check", name="1", pattern="/a/", action=action) == ["action"]

    @pytest.mark.parametrize(
        ("action", "text"),
        [
            ("REDIRECT", ""), ("REDIRECT", "joe"), ("REDIRECT", "a@example.com b@example.com"),
            ("BCC", "$1@example.com"),
            ("FILTER", ""), ("FILTER", "smtp"), ("FILTER", "smtp:$1"), ("FILTER", "a b:c"), ("PREPEND", ""),
            ("PREPEND", "no header"), ("REPLACE", "x"), ("DUNNO", "x"), ("IGNORE", "x"), ("REJECT", "für"),
            ("REJECT", "a $x"), ("REJECT", "5 $"), ("WARN", "${1?x}"), ("HOLD", "a\nb"), ("INFO", "x" * 501),
        ],
    )  # fmt: skip
    def test_a_text_is_what_the_action_takes(self, action, text):
        assert refused("header-check", name="1", pattern="/a/", action=action, text=text) == ["text"]

    @pytest.mark.parametrize("text", ["costs $$5", "part $1", "part ${12} and $(3)", "a # b"])
    def test_parts_of_the_match_can_be_filled_in(self, text):
        assert self.rule(pattern="/(a)/", action="WARN", text=text).text == text

    def test_what_does_not_match_has_no_parts(self):
        assert refused("header-check", name="1", pattern="!/(a)/", action="WARN", text="$1") == ["text"]

    def test_a_line_of_the_body_can_be_replaced_by_anything(self):
        assert self.rule("body-check", pattern="/a/", action="REPLACE", text="gone").line == "/a/ REPLACE gone"

    def test_blocks_have_a_pattern_at_their_begin_only(self):
        assert self.rule(pattern="!/^X/", action="if").line == "if !/^X/"
        assert self.rule(action="endif").line == "endif"
        assert refused("header-check", name="1", pattern="/a/", action="ENDIF") == ["pattern"]
        assert refused("header-check", name="1", action="IF") == ["pattern"]


class TestTransports:
    def test_a_relay_host_is_kept_in_parts(self):
        fields = kept("transport", pattern="Example.com", host="smtp.example.com", port="2525", mx="yes")

        assert (fields["pattern"], fields["host"], fields["port"], fields["mx"]) == (
            "example.com", "smtp.example.com", 2525, True,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("line", "tag"),
        [
            ("a.example smtp:[b.example]:26", "[b.example]:26"),
            ("a.example error:no such user", "error:"),
            ("a.example lmtp:[192.0.2.1]:24", "lmtp:[192.0.2.1]:24"),
            ("user@ uucp:x", "raw"),
        ],
    )
    def test_transports_are_found_by_their_next_hop(self, line, tag):
        assert NOUNS["transport"].tag(parse_line(line)) == tag

    @pytest.mark.parametrize("typed", ["hold", "hold:"])
    def test_hold_keeps_mail_in_the_queue(self, typed):
        value: Transport = NOUNS["transport"].parse({"pattern": "a.example", "special": typed})

        assert value.result == HELD

    def test_a_special_that_is_a_plain_next_hop_becomes_one(self):
        assert kept("transport", pattern="a.example", special="smtp:[b.example]")["host"] == "b.example"

    @pytest.mark.parametrize(
        "fields",
        [
            {"pattern": "a.example"},
            {"pattern": "a.example", "host": "b.example", "special": "discard:"},
            {"pattern": "a.example", "host": "b"},
            {"pattern": "a.example", "host": ["b.example"]},
        ],
    )
    def test_a_transport_has_exactly_one_destination(self, fields):
        assert refused("transport", **fields) == ["host"]

    @pytest.mark.parametrize(
        "pattern", ["", "com", ".com", "a b.example", "a@b", "#a.example", "a\nb.example", None, ["x"], "@a.example"]
    )
    def test_what_is_no_pattern_is_refused(self, pattern):
        assert refused("transport", pattern=pattern, host="b.example") == ["pattern"]

    @pytest.mark.parametrize(
        "special", ["discard", "a b:c", "/bin/sh:", "smtp:$x", "smtp:a\nb", "error:für", "hold:x", "slow:{x}"]
    )
    def test_what_is_no_special_transport_is_refused(self, special):
        assert refused("transport", pattern="a.example", special=special) == ["special"]

    @pytest.mark.parametrize("raw", ["", "x", "# a b", '"a b" c', "a b\nc d"])
    def test_a_raw_line_is_one_line_with_key_and_value(self, raw):
        with pytest.raises(InvalidValue):
            NOUNS["transport"].parse({"pattern": "x", "raw": raw})

    def test_the_key_of_a_raw_line_is_its_first_word(self):
        assert key("transport", pattern="user@", raw="User@ uucp:x") == "user@"
        assert refused("transport", pattern="other", raw="user@ uucp:x") == ["pattern"]


class TestLogins:
    def test_a_login_is_known_by_its_next_hop(self):
        assert key("sasl", host="smtp.example.net", port=587, user="u", password="s-1") == "[smtp.example.net]:587"

    @pytest.mark.parametrize("user", ["", "a:b", "ü", "a\nb", None])
    def test_a_user_is_what_postfix_can_tell_from_the_password(self, user):
        assert refused("sasl", host="smtp.example.net", user=user, password="s-1") == ["user"]

    def test_a_clear_password_in_its_place_is_refused_without_being_repeated(self):
        with pytest.raises(InvalidValue) as caught:
            NOUNS["sasl"].parse({"host": "smtp.example.net", "user": "u", "password": "pass word!"})

        assert "pass word!" not in str(caught.value)

    @pytest.mark.parametrize("clear", ["", " x", "x ", "a\nb", "ü", "x" * 1001, None, 5, "a\tb", "a\0b"])
    def test_a_password_that_postfix_would_change_is_refused(self, clear):
        with pytest.raises(InvalidValue):
            check_password(clear)

    def test_a_refused_password_is_not_repeated(self):
        with pytest.raises(InvalidValue) as caught:
            check_password("geheim\n")

        assert "geheim" not in str(caught.value)

    @pytest.mark.parametrize("clear", ["secret", "a b", "a#b$c{d}:e", '"quoted"'])
    def test_a_password_may_have_blanks_and_signs_within(self, clear):
        assert check_password(clear) == clear

    @pytest.mark.parametrize("junk", ["", "a b", "../x", "x" * 101, None, 5, "-x"])
    def test_a_secret_is_named_by_one_plain_word(self, junk):
        with pytest.raises(InvalidValue):
            Sealed.parse(junk)


class TestForwarding:
    def test_an_account_is_folded_and_addresses_come_once(self):
        fields = kept("forwarding", account="Root", addresses="a@example.com, b@example.com a@example.com")

        assert fields == {"account": "root", "addresses": ["a@example.com", "b@example.com"]}

    @pytest.mark.parametrize("account", ["", "root@example.com", "a b", "|sh", "/x", ":include:", "a:", "ü", "a."])
    def test_an_account_is_a_user_name(self, account):
        assert refused("forwarding", account=account, addresses="a@example.com") == ["account"]

    @pytest.mark.parametrize("addresses", ["|/bin/sh", "/tmp/file", ":include:/etc/passwd", "joe", "", [], [5]])
    def test_mail_is_forwarded_to_addresses_only(self, addresses):
        assert refused("forwarding", account="root", addresses=addresses) == ["addresses"]


class TestTlsPolicies:
    @pytest.mark.parametrize(
        ("typed", "kept_as"),
        [
            ("Example.com", "example.com"), (".example.com", ".example.com"), ("[mx.example]:25", "[mx.example]"),
            ("[mx.example]:587", "[mx.example]:587"), ("mx.example:26", "mx.example:26"), ("192.0.2.1", "[192.0.2.1]"),
            ("a_b.example", "a_b.example"),
        ],
    )  # fmt: skip
    def test_a_destination_is_spelled_as_next_hops_are(self, typed, kept_as):
        assert key("tls-policy", destination=typed) == kept_as

    def test_the_result_is_what_postfix_reads(self):
        value: TlsPolicy = NOUNS["tls-policy"].parse(
            {"destination": "example.com", "level": "secure", "match": "nexthop, .Example.com"}
        )

        assert value.result == "secure match=nexthop:.example.com"

    def test_fingerprints_are_kept_in_upper_case(self):
        value = NOUNS["tls-policy"].parse(
            {"destination": "a.example", "level": "fingerprint", "match": [":".join(["3d"] * 32)]}
        )

        assert value.result == f"fingerprint match={':'.join(['3D'] * 32)}"

    @pytest.mark.parametrize(
        ("level", "match"),
        [("encrypt", "a.example"), ("fingerprint", ""), ("fingerprint", "3D:95"), ("secure", "a b!"), ("verify", "x")],
    )
    def test_what_must_match_belongs_to_the_level(self, level, match):
        assert refused("tls-policy", destination="a.example", level=level, match=match) == ["match"]

    def test_a_level_is_one_of_postfix(self):
        assert refused("tls-policy", destination="a.example", level="strong") == ["level"]


class TestLookupTables:
    def test_a_text_is_stored_in_chunks_and_counted(self):
        table, chunks = table_of("t", "hash", "a b\r\nc d")

        assert (table.lines, table.size, table.file_name) == (2, 8, "hash-t.map")
        assert b"".join(chunk for _, chunk in chunks) == b"a b\nc d\n"

    def test_a_small_edit_of_a_large_text_changes_few_chunks(self):
        lines = [f"key{number} value\n" for number in range(20_000)]
        before, _ = table_of("t", "hash", "".join(lines))
        lines[10_000] = "changed value\n"
        after, _ = table_of("t", "hash", "".join(lines))

        assert len(set(before.content) ^ set(after.content)) <= 4

    @pytest.mark.parametrize("text", ["a\0b", "a\rb", "\ud800", None, 5])
    def test_a_text_that_postfix_would_cut_is_refused(self, text):
        with pytest.raises(InvalidValue):
            checked_text(text)

    @pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "-a", "a.map", "x" * 65, "ü"])
    def test_a_name_is_part_of_a_file_name(self, name):
        assert refused("lookup-table", name=name) == ["name"]

    @pytest.mark.parametrize("kind", ["ldap", "proxy", "static", "HASH", 5])
    def test_a_type_is_one_that_is_built_from_text(self, kind):
        assert refused("lookup-table", name="t", type=kind) == ["type"]

    @pytest.mark.parametrize("content", ["x", ["x"], [5], {"a": 1}, ["A" * 64]])
    def test_content_is_a_list_of_digests(self, content):
        assert refused("lookup-table", name="t", content=content) == ["content"]

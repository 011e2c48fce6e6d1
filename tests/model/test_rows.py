"""Rows of every page: what is taken, in which form it is kept, and what is refused with the field at fault."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

import pytest
from tests.model.rows import kept, key, refused

from sealgate.model.access import opens_public_relay
from sealgate.model.errors import InvalidValue
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import known_fields, next_number

if TYPE_CHECKING:
    from sealgate.model.static_lists import StaticClient


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


@pytest.mark.parametrize(
    ("noun", "fields", "named"),
    [
        (
            "provider",
            {"name": "a", "source": "url", "address": "x", "interval": "1s", "most_shrink": 101, "networks": ["y"]},
            ["address", "interval", "most_shrink", "networks"],
        ),
        ("forwarding", {"account": "a@b", "addresses": ["x"]}, ["account", "addresses"]),
        ("transport", {"pattern": "a b", "host": "c d"}, ["host", "pattern"]),
        ("black", {"client": "x", "reason": "ä", "expires": "never"}, ["client", "reason", "expires"]),
        ("policy-test", {"client": "x", "size": "z"}, ["recipients", "expect", "client", "size"]),
        ("tls-policy", {"destination": "a b", "level": "verify", "match": ["c d e"]}, ["destination", "match"]),
        ("tls-policy", {"destination": "a b", "level": "x", "match": ["c d e"]}, ["destination", "level"]),
        ("sasl", {"host": "a b", "user": "c:d", "password": 5}, ["host", "user", "password"]),
        ("network", {"network": "x"}, ["network"]),
    ],
)
def test_each_field_at_fault_is_named_unless_it_depends_on_another(noun, fields, named):
    with pytest.raises(InvalidValue) as caught:
        NOUNS[noun].parse(fields)

    assert [problem.field for problem in caught.value.problems] == named


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
        given = kept("provider", name="Cloud", networks="2001:db8::/48 192.0.2.0/24, 10.0.0.0/9 192.0.2.0/24")

        assert given["networks"] == ["10.0.0.0/9", "192.0.2.0/24", "2001:db8::/48"]
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

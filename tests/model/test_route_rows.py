"""Rows that say where mail goes, with which login and TLS, and look-up tables: what is taken, kept and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.model.rows import kept, key, refused

from sealgate.model.errors import InvalidValue
from sealgate.model.nouns import NOUNS
from sealgate.model.secrets import Sealed, check_password
from sealgate.model.tables import checked_text, table_of
from sealgate.model.transports import HELD, Transport, parse_line

if TYPE_CHECKING:
    from sealgate.model.tls import TlsPolicy


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

"""One line for each kind of row: what is pasted from Postfix is understood, and the rest is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import VALUES

from sealgate.model.errors import InvalidValue
from sealgate.model.forms import parse_text_line, read_text, text_line
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS, WRITERS

LINES = sorted(READERS)


def fields(noun, line):
    return parse_text_line(noun, line)


def parsed(noun, line):
    return NOUNS[noun].parse(({"name": "1"} if NOUNS[noun].numbered else {}) | fields(noun, line))


def refused(noun, line):
    with pytest.raises(InvalidValue) as caught:
        parsed(noun, line)
    return str(caught.value)


def test_every_kind_with_a_reader_has_a_writer():
    assert set(READERS) == set(WRITERS)


def test_only_logins_and_look_up_tables_have_no_line():
    assert set(NOUNS) - set(READERS) == {"sasl", "lookup-table"}


@pytest.mark.parametrize("noun", LINES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_line_has_no_line_end_in_it(noun, data):
    line = text_line(noun, data.draw(VALUES[noun]))

    assert line.splitlines() == [line]


@pytest.mark.parametrize("noun", LINES)
@settings(max_examples=40)
@given(text=st.text(max_size=30))
def test_any_line_is_a_row_or_refused(noun, text):
    try:
        value = parsed(noun, text)
    except InvalidValue:
        return
    assert NOUNS[noun].key(value)


@pytest.mark.parametrize("noun", LINES)
@pytest.mark.parametrize("line", ["", " ", "\u00a0", "\f", "\u3000"])
def test_a_line_of_blanks_is_refused(noun, line):
    assert refused(noun, line)


@pytest.mark.parametrize("noun", LINES)
@pytest.mark.parametrize("line", ["\u00a0\n", "\f\n"])
def test_a_line_of_other_blanks_in_a_file_is_one_problem(noun, line):
    (entry,) = read_text(noun, [line])

    assert entry.row is None
    assert entry.problems


@pytest.mark.parametrize("noun", ["relay-domain", "network", "provider", "forwarding", "rbl", "black", "tls-policy"])
def test_a_nul_never_gets_in(noun):
    line = {
        "relay-domain": "a\0.example",
        "network": "10.0.0.1\0",
        "provider": "cloud own 10.0.0.0/8\0",
        "forwarding": "root: a@b.example\0",
        "rbl": "zen.example.net go\0away",
        "black": "10.0.0.1 go\0away",
        "tls-policy": "example.com secure match=a.example\0",
    }[noun]

    assert "U+0000" in refused(noun, line)


@pytest.mark.parametrize(
    ("noun", "line", "says"),
    [
        ("relay-domain", "a.example b.example", "After the domain stands 'b.example'"),
        ("relay-domain", "a.example REJECT", "After the domain stands 'REJECT'"),
        ("relay-domain", "a.example OKAY", "After the domain stands 'OKAY'"),
        ("relay-domain", "/etc/passwd", "/etc/passwd"),
        ("relay-domain", "$mydestination", "$mydestination"),
        ("network", "10.0.0.1 10.0.0.2 10.0.0.3", "Write one network on a line"),
        ("network", "hash:/etc/postfix/networks", "prefix length"),
        ("network", "$mynetworks", "not an IP address"),
        ("provider", "cloud everybody 10.0.0.0/8", "'everybody' is not possible"),
        ("provider", "cloud own 10.0.0.1/8", "host bits"),
        ("forwarding", "root: |/bin/sh", "|/bin/sh"),
        ("forwarding", "root: :include:/etc/shadow", "/etc/shadow"),
        ("forwarding", "root: /var/mail/root", "/var/mail/root"),
        ("forwarding", "root:", "address"),
        ("forwarding", ": a@b.example", "missing"),
        ("header-check", "Subject: x REJECT", "is no rule"),
        ("header-check", "/x/", "no action after the pattern"),
        ("header-check", "/x REJECT", "is no rule"),
        ("header-check", "/x/ EXPLODE", "EXPLODE"),
        ("body-check", "|x| REJECT", "is no rule"),
        ("rbl", "sender:", "zone: DNS list is missing"),
        ("rbl", "everybody:zen.example.net", "everybody"),
        ("rbl", "reject_rbl_client", "zone"),
        ("black", "10.0.0.1 expires=tomorrow", "tomorrow"),
        ("black", "10.0.0.1 expires=2030-13-01", "2030-13-01"),
        ("white", "mail.example.com OK", "mail.example.com"),
        ("tls-policy", "example.com", "level"),
        ("tls-policy", "example.com encrypt protocols=TLSv1", "The attribute 'protocols' has no field here"),
        ("tls-policy", "example.com often", "often"),
    ],
)
def test_what_a_line_cannot_mean_is_refused_with_the_reason(noun, line, says):
    assert says in refused(noun, line)


@pytest.mark.parametrize("word", ["OK", "ok", "RELAY", "permit", "OK, really", " OK"])
def test_the_right_side_of_an_access_table_is_no_part_of_a_relay_domain(word):
    assert fields("relay-domain", f"example.com {word}") == {"domain": "example.com"}


def test_a_network_twice_is_its_confirmation():
    assert fields("network", "10.0.0.0/8 10.0.0.0/8") == {"network": "10.0.0.0/8", "confirm": "10.0.0.0/8"}


def test_a_network_confirmed_by_another_one_is_refused():
    assert refused("network", "0.0.0.0/0 10.0.0.0/8")


def test_a_provider_without_senders_relays_for_own_ones():
    assert fields("provider", "cloud") == {"name": "cloud", "senders": "own", "networks": []}


@pytest.mark.parametrize(
    "line", ["root:a@b.example,c@d.example", "root :a@b.example c@d.example", "root a@b.example, c@d.example"]
)
def test_a_forwarding_is_read_however_aliases_are_written(line):
    assert text_line("forwarding", parsed("forwarding", line)) == "root: a@b.example, c@d.example"


@pytest.mark.parametrize(
    ("line", "action", "pattern", "language"),
    [
        ("/x/i REJECT no", "REJECT", "/x/i", "pcre"),
        ("!/x/ DUNNO", "DUNNO", "!/x/", "pcre"),
        (r"/a\/b/ WARN", "WARN", r"/a\/b/", "pcre"),
        ("regexp:/x/ WARN", "WARN", "/x/", "regexp"),
        ("if /^X-/", "IF", "/^X-/", "pcre"),
        ("IF !/^X-/", "IF", "!/^X-/", "pcre"),
        ("regexp:if /^X-/", "IF", "/^X-/", "regexp"),
        ("endif", "ENDIF", None, "pcre"),
        ("ENDIF", "ENDIF", None, "pcre"),
        ("regexp:endif", "ENDIF", None, "regexp"),
    ],
)
def test_a_rule_is_read_as_postfix_reads_it(line, action, pattern, language):
    found = fields("header-check", line)

    assert (found["action"], found.get("pattern"), found["type"]) == (action, pattern, language)


def test_tabs_between_the_columns_of_a_pasted_table_are_blanks():
    (entry,) = read_text("header-check", ["/^Subject:\tx/\tREJECT\tno\tway\n"])

    assert entry.row
    assert entry.row.value.action == "REJECT"


@pytest.mark.parametrize(
    ("line", "zone", "kind", "reply"),
    [
        ("zen.example.net,", "zen.example.net", "client", ""),
        ("reject_rbl_client zen.example.net=127.0.0.2,", "zen.example.net=127.0.0.2", "client", ""),
        ("reject_rhsbl_helo  dbl.example.net", "dbl.example.net", "helo", ""),
        ("white:wl.example.net", "wl.example.net", "white", ""),
        ("client:zen.example.net go, away", "zen.example.net", "client", "go, away"),
    ],
)
def test_a_dns_list_is_read_as_in_a_list_of_restrictions(line, zone, kind, reply):
    assert fields("rbl", line) == {"zone": zone, "kind": kind, "reply": reply}


@pytest.mark.parametrize("reason", ["REJECT", "OK then", "expires=soon", "DUNNO what", "PERMIT", "Rejected before"])
def test_a_reason_that_looks_like_an_action_survives(reason):
    value = NOUNS["black"].parse({"client": "10.0.0.1", "reason": reason})

    assert parsed("black", text_line("black", value)) == value


def test_a_reason_may_follow_the_last_day():
    assert fields("black", "10.0.0.1  expires=2030-12-31 REJECT too much") == {
        "client": "10.0.0.1",
        "expires": "2030-12-31",
        "reason": "too much",
    }


@pytest.mark.parametrize(
    "line", ["example.com secure match=a.example:b.example", "example.com secure match=a.example match=b.example"]
)
def test_names_of_a_tls_policy_stand_together_or_apart(line):
    assert fields("tls-policy", line)["match"] == ["a.example", "b.example"]


def test_a_fingerprint_is_not_cut_at_its_colons():
    digests = ["3D:0A", "4E:1B"]

    assert fields("tls-policy", f"example.com fingerprint match={'|'.join(digests)}")["match"] == digests


@pytest.mark.parametrize("noun", ["sasl", "lookup-table", "nonsense"])
def test_a_kind_without_a_line_is_refused_in_words(noun):
    with pytest.raises(InvalidValue, match=r"one by one|never written to a file"):
        parse_text_line(noun, "x")

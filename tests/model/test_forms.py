"""Lists are read from what a postmaster would paste, each problem names its line, and nothing is lost in silence."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest

from sealgate.model.errors import InvalidValue
from sealgate.model.forms import parse_text_line, read_csv, read_text, text_line, write_csv, write_text
from sealgate.model.nouns import NOUNS


def rows(noun: str, text: str, reader=read_text):
    found = list(reader(noun, text.splitlines(keepends=True)))
    assert not [entry.problems for entry in found if entry.problems]
    return [entry.row for entry in found]


def problems(noun: str, text: str, reader=read_text):
    entries = reader(noun, text.splitlines(keepends=True))
    return [(entry.line, str(problem)) for entry in entries for problem in entry.problems]


@pytest.mark.parametrize(
    ("noun", "line", "key", "written"),
    [
        ("relay-domain", "Example.COM", "example.com", "example.com"),
        ("relay-domain", "example.com OK", "example.com", "example.com"),
        ("relay-domain", "example.com,", "example.com", "example.com"),
        ("relay-domain", "bücher.example", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("network", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"),
        ("network", "!10.0.0.1", "!10.0.0.1", "!10.0.0.1"),
        ("network", "[2001:db8::]/32", "2001:db8::/32", "2001:db8::/32"),
        ("network", "0.0.0.0/0 0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0 0.0.0.0/0"),
        ("rbl", "zen.example.net=127.0.0.2", "zen.example.net=127.0.0.2", "zen.example.net=127.0.0.2"),
        ("rbl", "reject_rbl_client zen.example.net", "zen.example.net", "zen.example.net"),
        ("rbl", "sender:dbl.example.net=127.0.1.[2..99]", "sender:dbl.example.net=127.0.1.[2..99]", None),
        ("rbl", "reject_rhsbl_sender dbl.example.net", "sender:dbl.example.net", "sender:dbl.example.net"),
        ("rbl", "permit_dnswl_client wl.example.net", "white:wl.example.net", "white:wl.example.net"),
        ("rbl", "zen.example.net go away", "zen.example.net", "zen.example.net go away"),
        ("black", "192.168.88", "192.168.88.0/24", "192.168.88.0/24"),
        ("black", "192.168.88.9 REJECT too much spam", "192.168.88.9", "192.168.88.9 too much spam"),
        ("black", "2001:db8::/32 expires=2030-12-31 x", "2001:db8::/32", "2001:db8::/32 expires=2030-12-31 x"),
        ("white", "198.51.100.7 OK", "198.51.100.7", "198.51.100.7"),
        ("forwarding", "root: admin@example.com, ops@example.com", "root", "root: admin@example.com, ops@example.com"),
        ("forwarding", "Root admin@example.com", "root", "root: admin@example.com"),
        ("transport", "example.com smtp:[smtp.example.com]:2525", "example.com", None),
        ("transport", "example.com\tsmtp:smtp.example.com", "example.com", "example.com smtp:smtp.example.com"),
        ("transport", ".example.com error:no such domain", ".example.com", ".example.com error:no such domain"),
        ("transport", "Bob@example.com hold", "bob@example.com", "bob@example.com hold:"),
        ("transport", "user@ uucp:x", "user@", "user@ uucp:x"),
        ("tls-policy", "example.com encrypt", "example.com", "example.com encrypt"),
        ("tls-policy", "[mx.example.com]:25 secure match=a.example:.b.example", "[mx.example.com]", None),
        ("provider", "google any 192.0.2.0/24 2001:db8::/48", "google", None),
    ],
)
def test_a_pasted_line_is_understood(noun, line, key, written):
    (row,) = rows(noun, line)

    assert row.key == key
    assert text_line(noun, row.value) == (written or line.replace("]:25 ", "] "))


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("/^Subject: make money fast/     REJECT spam detected", "/^Subject: make money fast/ REJECT spam detected"),
        ("!/^From:/ WARN", "!/^From:/ WARN"),
        ("if /^X-/", "if /^X-/"),
        ("if !/^X-/i", "if !/^X-/i"),
        ("endif", "endif"),
        ("regexp:/^X/ DUNNO", "regexp:/^X/ DUNNO"),
        ("regexp:if /^X/", "regexp:if /^X/"),
        ("regexp:endif", "regexp:endif"),
        (r"/a\/b c/ ignore", r"/a\/b c/ IGNORE"),
    ],
)
def test_a_pasted_rule_is_understood(line, written):
    (row,) = rows("header-check", line)

    assert text_line("header-check", row.value) == written


@pytest.mark.parametrize(
    ("noun", "line"),
    [
        ("relay-domain", "example.com example.net"),
        ("network", "10.0.0.0/8 10.0.0.0/8 x"),
        ("network", "192.168.1.1/24"),
        ("header-check", "/^Subject REJECT"),
        ("header-check", "/^Subject/"),
        ("header-check", "/^Subject/ DESTROY"),
        ("header-check", "hello"),
        ("transport", "example.com"),
        ("tls-policy", "example.com encrypt ciphers=high"),
        ("rbl", "other:zen.example.net"),
        ("forwarding", "root: |/bin/sh"),
        ("forwarding", "root"),
        ("black", "127.0.0.1"),
    ],
)
def test_a_line_that_means_nothing_is_a_problem_of_that_line(noun, line):
    assert [number for number, _ in problems(noun, f"\n{line}\n")] == [2]


def test_comment_lines_before_a_row_become_its_comment():
    (row,) = rows("transport", "# an old remark\n\n# the head office\n# in Rome\nexample.com discard:\n")

    assert row.comment == "the head office in Rome"


def test_a_very_long_comment_is_cut_visibly():
    (row,) = rows("relay-domain", f"# {'x' * 3000}\nexample.com\n")

    assert len(row.comment) == 1000
    assert row.comment.endswith("…")


def test_a_disabled_row_stays_disabled():
    (row,) = rows("relay-domain", "#off# example.com\n")

    assert not row.enabled
    assert list(write_text("relay-domain", [row])) == ["#off# example.com\n"]


def test_a_line_that_begins_with_a_blank_continues_the_one_before():
    first, second = rows("transport", "example.com\n   smtp:[192.0.2.1]\nexample.net discard:\n")

    assert text_line("transport", first.value) == "example.com smtp:[192.0.2.1]"
    assert second.key == "example.net"


def test_an_indented_list_is_a_list():
    assert [row.key for row in rows("network", "10.0.0.0/8,\n  192.0.2.1,\n")] == ["10.0.0.0/8", "192.0.2.1"]


def test_a_key_that_comes_twice_is_a_problem_of_the_later_line():
    assert problems("relay-domain", "example.com\nexample.net\nEXAMPLE.com\n") == [
        (3, "example.com comes twice in this file. Remove one of the two lines.")
    ]


def test_rules_are_numbered_from_the_first_free_number():
    found = list(read_text("header-check", ["/a/ DUNNO\n", "/b/ DUNNO\n"], first_number=7))

    assert [entry.row and entry.row.key for entry in found] == ["7", "8"]


def test_a_bad_line_does_not_stop_the_good_ones():
    entries = list(read_text("relay-domain", ["a.example\n", "b\n", "c.example\n"]))

    assert [(entry.line, entry.row is not None) for entry in entries] == [(1, True), (2, False), (3, True)]


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm():
    assert [row.key for row in rows("relay-domain", "\ufeffa.example\r\nb.example\r\n")] == ["a.example", "b.example"]


def test_csv_takes_titles_any_order_and_semicolons():
    (row,) = rows("transport", "Relay host;Domain or address;comment\nmx.example.net;example.com;für Rom\n", read_csv)

    assert text_line("transport", row.value) == "example.com smtp:[mx.example.net]"
    assert row.comment == "für Rom"


def test_csv_names_the_line_of_a_problem():
    assert problems("relay-domain", "domain\nexample.com\nlocalhost\n", read_csv)[0][0] == 3


@pytest.mark.parametrize("header", ["colour", "domain,domain", ""])
def test_csv_without_a_proper_header_is_refused_once(header):
    assert len(problems("relay-domain", f"{header}\nexample.com\n", read_csv)) == 1


def test_csv_with_an_open_quote_says_from_where_on():
    (problem,) = problems("relay-domain", 'domain\n"example.com\n', read_csv)

    assert "no CSV from here on" in problem[1]


def test_csv_of_logins_has_no_column_for_passwords():
    value = NOUNS["sasl"].row({"host": "smtp.example.net", "user": "u", "password": "secret-1"})

    assert "secret-1" not in "".join(write_csv("sasl", [value]))


@pytest.mark.parametrize("noun", ["sasl", "lookup-table"])
def test_what_has_no_line_says_why(noun):
    with pytest.raises(InvalidValue):
        text_line(noun, None)
    with pytest.raises(InvalidValue):
        parse_text_line(noun, "x")


def test_logins_are_not_read_from_csv():
    assert "never" in problems("sasl", "host,user,password\nsmtp.example.net,u,p\n", read_csv)[0][1]


def test_reading_holds_one_row_at_a_time():
    lines = (f"customer{number}.example.com smtp:[192.0.2.1]\n" for number in range(30_000))
    tracemalloc.start()
    last = next(itertools.islice(read_text("transport", lines), 29_999, None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert last.row is not None
    assert peak < 8_000_000

"""Policy tests: what one line says, what is refused with its place, and what may stand in them on purpose."""

from __future__ import annotations

import time

import pytest

from sealgate.model.errors import InvalidValue
from sealgate.model.forms import parse_text_line, read_csv, read_text, text_line, write_csv
from sealgate.model.nouns import NOUNS
from sealgate.model.policy_lines import read_policy_test, sentence
from sealgate.model.policy_tests import POLICY_TEST, Expectation, Protection

FIELDS = {"name": "x", "client": "203.0.113.5", "recipients": ["c@relay.example"], "expect": "accept"}


def parsed(line):
    return POLICY_TEST.parse({"name": "x"} | read_policy_test(line))


def made(**fields):
    return POLICY_TEST.parse(FIELDS | fields)


def refused(**fields):
    with pytest.raises(InvalidValue) as caught:
        made(**fields)
    return caught.value.problems[0]


def unread(line):
    with pytest.raises(InvalidValue) as caught:
        parsed(line)
    return str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        'from 203.0.113.5 tls mail a@b.example to c@relay.example expect reject 554 "Relay access denied"',
        "from 203.0.113.5 mail <> to c@relay.example expect accept",
        "from 2001:db8::1 name mx.a.example helo [192.0.2.1] mail a@b.example to c@d.example, e@f.example expect defer",
        'from 203.0.113.5 login "two words" port 587 mail a@b.example to c@d.example expect defer 450 "try * later"',
        "from 203.0.113.5 mail a@b.example to c@d.example size 20971520 expect reject 552",
        'from 203.0.113.5 mail a@b.example to c@d.example header "X: a\\n\\tb" header "X-Y: \\"z\\"" expect accept',
        'from 203.0.113.5 mail a@b.example to c@d.example message "Subject: x\\n\\nhello\\n" expect encrypted',
        "from 203.0.113.5 mail a@b.example to c@d.example expect next-hop [mx.example.com]:26 tls verify",
        "from 203.0.113.5 mail a@b.example to c@d.example expect next-hop example.com",
        'from 203.0.113.5 mail a@b.example to "\\"q r\\"@c.example", "@a.test,@b.test:c@d.test" expect signed',
    ],
)
def test_a_line_is_written_as_it_was_read(line):
    assert sentence(parsed(line)) == line


def test_the_parts_before_the_expectation_come_in_any_order():
    line = "tls to c@d.example size 20 MiB mail a@b.example from 203.0.113.5 expect accept"

    assert sentence(parsed(line)) == "from 203.0.113.5 tls mail a@b.example to c@d.example size 20971520 expect accept"


def test_a_name_stands_before_a_line():
    assert read_policy_test("outside: from 192.0.2.1 mail <> to a@b expect accept")["name"] == "outside"


def test_an_ipv6_client_is_no_name():
    assert "name" not in read_policy_test("from 2001:db8::1 mail <> to a@b expect accept")


def test_tests_without_names_in_a_file_are_numbered():
    line = "from 192.0.2.1 mail <> to a@b.example expect accept\n"

    assert [entry.row.key for entry in read_text("policy-test", [line, line], first_number=4) if entry.row] == [
        "4",
        "5",
    ]


def test_a_keyword_in_quotes_is_a_word():
    assert parsed('from 192.0.2.1 login "expect" mail "to" to a@b.example expect accept').login == "expect"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "no 'expect'"),
        ("from 192.0.2.1 mail a@b to c@d", "no 'expect'"),
        ("mail a@b to c@d expect accept", "no 'from'"),
        ("from 192.0.2.1 to c@d expect accept", "no 'mail'"),
        ("from 192.0.2.1 mail a@b expect accept", "no 'to'"),
        ("from 192.0.2.1 mail a@b to c@d expect", "After 'expect' something is missing"),
        ("from 192.0.2.1 mail a@b to c@d, expect accept", "'accept' is no part of a test"),
        ("from 192.0.2.1 mail a@b to , expect accept", "After 'to' something is missing"),
        ("from 192.0.2.1 from 192.0.2.2 mail a@b to c@d expect accept", "'from' comes twice"),
        ("from 192.0.2.1 colour red mail a@b to c@d expect accept", "'colour' is no part of a test"),
        ("from 192.0.2.1 mail a@b to c@d expect accept now", "After the expectation stands 'now'"),
        ("from 192.0.2.1 mail a@b to c@d expect perhaps", "'perhaps' is not possible"),
        ('from 192.0.2.1 mail "a@b to c@d expect accept', "the line cannot be read"),
        (r'from 192.0.2.1 mail "a\qb" to c@d expect accept', "means nothing in quotes"),
        ("from 192.0.2.1 mail a@b to c@d expect reject 450", "Expect defer 450 instead"),
        ("from 192.0.2.1 mail a@b to c@d expect defer 554", "Expect reject 554 instead"),
        ("from 192.0.2.1 mail a@b to c@d expect reject 99", "The reply code '99' is not possible"),
        ("from 192.0.2.1 mail a@b to c@d expect reject 250", "The reply code '250' is not possible"),
        ("from 192.0.2.1 mail a@b to c@d expect next-hop", "After 'next-hop' something is missing"),
        ("from 192.0.2.1 mail a@b to c@d expect next-hop x.example tls perhaps", "'perhaps' is not possible"),
        ("x" * 300_000, "300,000 characters"),
    ],
)
def test_a_line_that_is_no_test_is_refused_with_the_reason(line, says):
    assert says in unread(line)


@pytest.mark.parametrize("path", ["a%b@c.example", "c!a", "$user@example.com", "a@@b", "user@example.com.", '"a b"@x'])
def test_an_address_may_be_wrong_on_purpose(path):
    assert made(recipients=[path]).recipients == (path,)


def test_an_international_domain_is_kept_as_postfix_sees_it():
    assert made(sender="a@bücher.example").sender == "a@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("sender", "a@b\r\nRCPT TO:<c@d>", "a line break at character 4"),
        ("sender", "a@b\0", "the invisible character U+0000"),
        ("sender", "a\u202eb@c", "the invisible character U+202E"),
        ("sender", "a@b> SIZE=1", "angle bracket"),
        ("sender", "a b@c", "is not one address"),
        ("sender", "ä@b.example", "letters outside ASCII before the @"),
        ("sender", "x" * 10_000_000, "10000000 characters"),
        ("recipients", ["a@b", "a@b"], "comes twice"),
        ("recipients", ["a,b@c"], "is not one address"),
        ("recipients", '"a@b', "cannot be read"),
        ("recipients", [f"{number}@b" for number in range(101)], "At most 100"),
        ("client", "0.0.0.0", "Nobody connects from"),
        ("client", "224.0.0.1", "Nobody connects from"),
        ("client", "192.0.2.0/24", "not an IP address"),
        ("client", "::ffff:192.0.2.1", "Enter 192.0.2.1"),
        ("client_name", "mail", "at least two labels"),
        ("helo", "two words", "not one word"),
        ("helo", "a\nb", "line break"),
        ("login", "müller", "outside ASCII"),
        ("login", "a\0b", "U+0000"),
        ("port", 70000, "out of range"),
        ("size", "0", "not possible"),
        ("size", "many", "not a size"),
        ("tls", "maybe", "Enter yes or no"),
        ("name", "a b", "blank"),
        ("name", "../../x", "not possible"),
        ("name", "-x", "not possible"),
        ("headers", "no header", "is no header"),
        ("headers", " Subject: x", "is no header"),
        ("headers", "Subject: x\0", "character 11 of line 1"),
        ("message", "Subject: x\n\n\u202e", "U+202E at character 1 of line 3"),
        ("message", "x" * 10_000_000, "10,000,000 characters"),
        ("message", ["x"], "must be text"),
        ("code", "554", "goes with reject or defer"),
        ("reply", "denied", "goes with reject or defer"),
        ("next_hop", "example.com", "goes with next-hop"),
        ("level", "encrypt", "goes with next-hop"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_wrong(field, value, says):
    problem = refused(**{field: value})

    assert problem.field == field
    assert says in f"{problem.what} {problem.remedy}"


def test_headers_and_a_whole_message_exclude_each_other():
    assert "Put the headers into the message" in refused(headers="X: y", message="Z: y").remedy


def test_a_reply_in_other_letters_is_refused():
    assert "ASCII" in refused(expect="reject", reply="weg!\u00fc").what


def test_a_next_hop_is_kept_with_its_protection():
    value = made(expect="next-hop", next_hop="[mx.example.com]:26", level="encrypt")

    assert (value.next_hop and value.next_hop.port, value.level) == (26, Protection.ENCRYPT)


def test_a_test_of_a_next_hop_needs_one():
    assert refused(expect="next-hop").field == "next_hop"


def test_recipients_are_read_from_text():
    assert made(recipients='a@b.example, "c d"@e.example x').recipients == ("a@b.example", '"c d"@e.example', "x")


def test_the_null_sender_is_kept_empty():
    assert made(sender="<>").sender == ""


def test_line_ends_of_a_message_are_line_feeds():
    assert made(message="Subject: x\r\n\r\nbody").message == "Subject: x\n\nbody"


def test_a_message_of_many_lines_survives_csv():
    row = POLICY_TEST.row(FIELDS | {"message": 'Subject: "x"\n\nbody, more\n'})
    text = "".join(write_csv("policy-test", [row]))

    assert [entry.row for entry in read_csv("policy-test", text.splitlines(keepends=True))] == [row]


def test_a_long_line_is_read_in_no_time_that_grows_with_its_square():
    def seconds(length):
        line = 'from 192.0.2.1 mail a@b to c@d message "' + "\\\\" * length
        begin = time.process_time()
        unread(line)
        return time.process_time() - begin

    assert seconds(100_000) < 100 * max(seconds(10_000), 0.001)


def test_the_tag_is_the_expectation():
    assert POLICY_TEST.tag(made()) == Expectation.ACCEPT


def test_the_list_writes_and_reads_one_line():
    line = "x: from 192.0.2.1 mail <> to a@b.example expect accept"

    assert text_line("policy-test", NOUNS["policy-test"].parse(parse_text_line("policy-test", line))) == line

"""Policy tests on one line: they come back from paper, and no text makes the reader do anything but read or refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import policy_tests

from sealgate.model.errors import InvalidValue
from sealgate.model.forms import read_text
from sealgate.model.policy_lines import LONGEST_LINE, read_policy_test, sentence, write_policy_test
from sealgate.model.policy_tests import POLICY_TEST, policy_test_fields

HEAD = "from 192.0.2.1 mail a@b.example to c@d.example"


def parsed(line):
    return POLICY_TEST.parse({"name": "x"} | read_policy_test(line))


def refusal(read, line):
    with pytest.raises(InvalidValue) as caught:
        read(line)
    return caught.value.problems[0]


@given(policy_tests())
def test_what_is_written_reads_back_as_the_same_test(value):
    assert POLICY_TEST.parse(read_policy_test(write_policy_test(value))) == value


@given(policy_tests())
def test_a_test_is_written_on_one_line(value):
    assert write_policy_test(value).isprintable()


@given(policy_tests())
def test_the_sentence_is_the_line_without_the_name(value):
    assert write_policy_test(value) == f"{value.name}: {sentence(value)}"


@given(policy_tests())
def test_a_sentence_names_no_test(value):
    assert "name" not in read_policy_test(sentence(value))


@given(policy_tests(), st.integers(0, 400), st.sampled_from(['"', "\\", ",", "\n", "\0", " expect ", "\u202e", "$("]))
def test_a_broken_line_is_read_or_refused(value, place, junk):
    line = write_policy_test(value)
    broken = line[:place] + junk + line[place:]
    try:
        found = parsed(broken)
    except InvalidValue as refused:
        assert refused.problems[0].what  # noqa: PT017
    else:
        assert POLICY_TEST.parse(policy_test_fields(found)) == found


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    try:
        fields = read_policy_test(text)
    except InvalidValue:
        return
    assert {"client", "sender", "recipients", "expect"} <= set(fields)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_every_text_can_stand_in_quotes(text):
    safe = text.replace("\\", "\\\\").replace('"', '\\"')

    assert read_policy_test(f'{HEAD} message "{safe}" expect accept')["message"] == text


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("name mx.a.example", "client_name", "mx.a.example"),
        ("helo $myhostname", "helo", "$myhostname"),
        (r'login "a\\b\"c"', "login", r'a\b"c'),
        ("port 587", "port", "587"),
        ("size 20", "size", "20"),
        ("size 20 MiB", "size", "20 MiB"),
        ("size 20MiB tls", "size", "20MiB"),
        ("tls", "tls", True),
        ('message "a\\tb\\nc"', "message", "a\tb\nc"),
        ('header "A: 1" header "B: 2"', "headers", "A: 1\nB: 2"),
        ('header ""', "headers", ""),
    ],
)
def test_a_part_fills_its_field(part, field, value):
    assert read_policy_test(f"{HEAD} {part} expect accept")[field] == value


@pytest.mark.parametrize("line", ["\t{}", "{}  ", "\u00a0{}\n", "{}\r\n"])
def test_blanks_around_a_line_mean_nothing(line):
    whole = f"{HEAD} expect accept"

    assert read_policy_test(line.format(whole)) == read_policy_test(whole)


@pytest.mark.parametrize("commas", ["a@b,c@d", "a@b ,c@d", "a@b, c@d", '"a@b" , "c@d"'])
def test_recipients_stand_between_commas(commas):
    assert read_policy_test(f"from 192.0.2.1 mail <> to {commas} expect accept")["recipients"] == ["a@b", "c@d"]


@pytest.mark.parametrize(
    ("end", "code", "reply"),
    [
        ("reject", None, None),
        ("reject 554", "554", None),
        ('reject "554"', None, "554"),
        ('reject 554 "no, \\"never\\""', "554", 'no, "never"'),
        ("reject 554 denied", "554", "denied"),
        ('defer "4*"', None, "4*"),
    ],
)
def test_a_refusal_has_a_code_a_text_both_or_neither(end, code, reply):
    fields = read_policy_test(f"{HEAD} expect {end}")

    assert (fields.get("code"), fields.get("reply")) == (code, reply)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f'{HEAD} "tls" expect accept', "'tls' is no part of a test"),
        (f'{HEAD} "expect" accept', "'expect' is no part of a test"),
        (f"{HEAD} tls tls expect accept", "'tls' comes twice"),
        (f"{HEAD} to e@f expect accept", "'to' comes twice"),
        (f"{HEAD} size 5 size 6 expect accept", "'size' comes twice"),
        (f"{HEAD} header expect accept", "'accept' is no part of a test"),
        (f"{HEAD} helo", "After 'helo' something is missing"),
        (f"{HEAD} size , expect accept", "After 'size' something is missing"),
        (f"{HEAD}, expect accept", "'accept' is no part of a test"),
        (f"{HEAD},", "After ',' something is missing"),
        (f"{HEAD} , , expect accept", "After ',' something is missing"),
        (f"{HEAD} expect ,", "After 'expect' something is missing"),
        (f"{HEAD} expect reject ,", "After 'expect' something is missing"),
        (f"{HEAD} expect reject 554 ,", "After 'expect' something is missing"),
        (f"{HEAD} expect next-hop x.example tls", "After 'tls' something is missing"),
        (f"{HEAD} expect reject 554 no never", "After the expectation stands 'never'"),
        (f'{HEAD} expect accept "', "At '\"' the line cannot be read"),
        (f'{HEAD} login a"b expect accept', "At 'a\"b expect accept' the line cannot be read"),
        (f'{HEAD} login "a"b expect accept', "the line cannot be read"),
        (f"{HEAD} login a\\b expect accept", "the line cannot be read"),
        (f'{HEAD} login "a\\x" expect accept', "means nothing in quotes"),
        (f'{HEAD} login "a\\\n" expect accept', "means nothing in quotes"),
        (f"{HEAD} ; rm -rf / expect accept", "';' is no part of a test"),
        (f"{HEAD} $tls expect accept", "'$tls' is no part of a test"),
        (f"{HEAD} tls\0 expect accept", "'tls\\\\x00' is no part of a test"),
        (f"{HEAD} \u202etls expect accept", "'\\\\u202etls' is no part of a test"),
        ("x:", "no 'expect'"),
        ("x: \n", "no 'expect'"),
        ("expect accept", "no 'from'"),
        (" " * (LONGEST_LINE + 1), "250,001 characters"),
        ("y" * 10_000_000, "10,000,000 characters"),
    ],
)
def test_a_line_that_cannot_be_read_says_where(line, says):
    assert says in refusal(read_policy_test, line).what


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (HEAD, "expect"),
        ("mail a@b to c@d expect accept", "client"),
        ("from 192.0.2.1 to c@d expect accept", "sender"),
        ("from 192.0.2.1 mail a@b expect accept", "recipients"),
        (f"{HEAD} mail e@f expect accept", "sender"),
        (f"{HEAD} helo a helo b expect accept", "helo"),
    ],
)
def test_what_is_missing_or_twice_is_named_by_its_field(line, field):
    assert refusal(read_policy_test, line).field == field


@pytest.mark.parametrize(
    ("part", "field", "says"),
    [
        ('helo "a\\nRCPT TO:<x@y>"', "helo", "a line break at character 2"),
        ('login "a\\nb"', "login", "a line break"),
        ("helo a\0b", "helo", "U+0000"),
        ("helo \u202eb", "helo", "U+202E"),
        ('header "no header"', "headers", "is no header"),
        ('header "A: 1\\n\\nbody"', "headers", "Line 2 of the headers"),
        ('header "A: 1" message "B: 2"', "message", "headers and a whole message"),
        ('message "A: 1\\n\u2028"', "message", "U+2028 at character 1 of line 2"),
        ("port 0x19", "port", "is not a whole number"),
        ("port \u0662\u0665", "port", "is not a whole number"),
        ("size -1", "size", "-1"),
        ("name $myhostname", "client_name", "$myhostname"),
    ],
)
def test_what_could_be_a_command_of_its_own_is_refused_with_its_field(part, field, says):
    problem = refusal(parsed, f"{HEAD} {part} expect accept")

    assert problem.field == field
    assert says in problem.what


def test_a_reply_of_two_lines_is_refused():
    assert "line break" in refusal(parsed, f'{HEAD} expect reject 554 "a\\nb"').what


def test_a_bad_line_in_a_file_does_not_hide_the_next():
    lines = [f"a: {HEAD} expect perhaps\n", "b: nonsense\n", f"c: {HEAD} expect accept\n"]

    assert [entry.row.key if entry.row else None for entry in read_text("policy-test", lines)] == [None, None, "c"]


def test_a_name_comes_only_once_in_a_file():
    lines = [f"a: {HEAD} expect accept\n", f"a: {HEAD} expect reject\n"]
    _, second = read_text("policy-test", lines)

    assert "comes twice" in str(second.problems[0])


def test_a_line_of_the_longest_length_is_read():
    line = f'{HEAD} message "{{}}" expect accept'
    text = "x" * (LONGEST_LINE - len(line) + 2)

    assert read_policy_test(line.format(text))["message"] == text
